//! The lock before the window: the parts that know no workspace.
//!
//! `App` decides when it closes and opens (`app/lock.rs`). While it is closed, commands are answered
//! `locked` (`app/dispatch.rs`), windows are told nothing of what it guards ([`crate::bus`]), and the
//! desktop is told no more than that there is something ([`Guarded`], and the words of notices).

mod attempts;
mod desktop;
mod passphrase;
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use attempts::{Attempts, AttemptsConfig};
pub(crate) use desktop::Guarded;
pub(crate) use passphrase::{Checked, Passphrase};
pub(crate) use stage::{Happened, Stage};

/// Whether the lock is closed, for all that must know it. Clones share it; one place sets it.
#[derive(Debug, Clone, Default)]
pub struct Locked(Arc<AtomicBool>);

impl Locked {
    /// Whether it is closed now.
    pub fn now(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, closed: bool) {
        self.0.store(closed, Ordering::SeqCst);
    }
}
