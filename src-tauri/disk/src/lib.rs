//! A disk that fails on request, for tests.
//!
//! Every file that SQLite opens below a mounted folder ([`Disk::mount`]) goes through a layer
//! between SQLite and the system's files (a VFS). Files live where they would live without it, so
//! that the code under test needs no option and no hook. The layer knows of each file what is
//! surely on the disk, since the last sync, and what was written after it. When the power fails
//! ([`Disk::cut`]) everything that is open is dead, and [`Disk::restore`] puts what a disk may be
//! left with in place: what was synced, and of the rest what the caller chooses, also half a
//! write. Names are treated alike: a file that was made or deleted is surely so only once its
//! folder was synced, which SQLite does with the first sync of a new log.
//!
//! A disk may also be full ([`Disk::set_capacity`]) or read-only ([`Disk::set_read_only`]).
//! What the code under test does with files beside SQLite passes by the layer and counts as synced.
//!
//! For systems that name files by bytes (Unix); elsewhere this crate is empty.
#![cfg(unix)]

mod fate;
mod model;
mod vfs;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fate::Fate;
use model::Model;

/// What went through a disk so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Writes of bytes, and changes of a file's length.
    pub writes: u64,
    /// Syncs of a file.
    pub syncs: u64,
}

/// The disk below one folder. Dropped, the folder is an ordinary one again.
#[derive(Debug)]
pub struct Disk(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    model: Mutex<Model>,
}

impl Shared {
    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    /// Puts a folder, which exists, on a disk of its own. Files that are open stay outside.
    pub fn mount(folder: &Path) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            model: Mutex::new(Model::new(folder.canonicalize()?)),
        });
        vfs::mount(&shared)?;
        Ok(Self(shared))
    }

    /// Takes the power away now. What is open answers with errors from here on.
    pub fn cut(&self) {
        self.0.model().dead = true;
    }

    /// Takes the power away at the write, sync or deletion after so many more: 0 is the next one,
    /// which does not happen any more.
    pub fn cut_after(&self, steps: u64) {
        self.0.model().fuse = Some(steps);
    }

    /// Whether the power is away.
    pub fn is_cut(&self) -> bool {
        self.0.model().dead
    }

    /// Gives the power back. `fate` is asked for everything that was written and not synced, in
    /// the order written, file by file, then for each name that was made or deleted.
    ///
    /// # Errors
    /// A file is still open, or the folder cannot be written.
    pub fn restore(&self, fate: impl FnMut() -> Fate) -> io::Result<()> {
        self.0.model().restore(fate)
    }

    /// How many bytes the files may have together; none for no limit. Files that have more keep it.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.0.model().capacity = bytes;
    }

    /// Bytes that the files have together.
    pub fn used(&self) -> u64 {
        self.0.model().used()
    }

    /// Whether nothing can be written, as on a disk that the system remounted after an error.
    pub fn set_read_only(&self, read_only: bool) {
        self.0.model().read_only = read_only;
    }

    /// What went through so far.
    pub fn counts(&self) -> Counts {
        self.0.model().counts
    }
}
