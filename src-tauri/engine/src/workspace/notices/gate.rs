//! Whether alerts and messages are told now.

use tidings_model::Timestamp;

use crate::workspace::Core;

/// What becomes of an alert that fires now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::workspace) enum Gate {
    /// It is told.
    Open,
    /// It is told when the quiet hours, or a pause, end.
    Quiet,
    /// It stands in the history alone: notifications are off, or alerts muted.
    Shut,
}

impl Gate {
    /// As it is now.
    pub fn now(core: &Core) -> Self {
        if !core.settings.borrow().notifications || is_muted(core) {
            Self::Shut
        } else if is_quiet(core) {
            Self::Quiet
        } else {
            Self::Open
        }
    }
}

fn is_muted(core: &Core) -> bool {
    let until = *core.muted.borrow();
    until.is_some_and(|until| core.now() < until)
}

/// Whether these are quiet hours, or notifications are paused.
pub(super) fn is_quiet(core: &Core) -> bool {
    let paused = *core.paused.borrow();
    paused.is_some_and(|until| core.now() < until) || quiet_until(core).is_some()
}

fn quiet_until(core: &Core) -> Option<Timestamp> {
    let settings = core.settings.borrow();
    let hours = settings.quiet.on.then(|| settings.quiet.hours().ok())??;
    hours.end(core.now())
}
