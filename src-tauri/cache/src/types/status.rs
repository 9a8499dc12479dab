//! Facts about the cache itself.

use std::path::PathBuf;

use tidings_model::{SessionId, Timestamp};

/// What opening the cache did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenReport {
    /// There was no cache; this one is new.
    pub created: bool,
    /// The schema version it had, if it was brought up to date.
    pub migrated_from: Option<u32>,
    /// A damaged file was put here; messages have to be fetched again.
    pub set_aside: Option<PathBuf>,
    /// Unsent writes that were saved from the damaged file.
    pub salvaged: usize,
    /// Unsent writes may have been lost with the damaged file.
    pub salvage_incomplete: bool,
}

/// What one session takes on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStorage {
    /// Which.
    pub session: SessionId,
    /// Its title, as the server has it.
    pub title: Option<String>,
    /// Messages cached.
    pub messages: u64,
    /// Bytes of their content and metadata.
    pub bytes: u64,
}

/// What the cache takes on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageStats {
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// Bytes of it that hold nothing.
    pub free_bytes: u64,
    /// Bytes of it that the search index takes.
    pub index_bytes: u64,
    /// Bytes of contents and metadata.
    pub content_bytes: u64,
    /// Messages cached.
    pub messages: u64,
    /// Sessions cached.
    pub sessions: u64,
    /// Oldest message cached.
    pub oldest: Option<Timestamp>,
    /// Messages that are not in the search index yet.
    pub unindexed: u64,
    /// By session, largest first.
    pub by_session: Vec<SessionStorage>,
}

/// What is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Messages written before this.
    Before(Timestamp),
    /// The oldest messages, as far as messages and what is kept for them take more bytes than this.
    /// Sessions that the project no longer shows do not count: they are kept in any case.
    Bytes(u64),
}

/// What was, or would be, taken off this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// Messages.
    pub messages: u64,
    /// Bytes of their content and metadata; about, before it is done.
    pub bytes: u64,
    /// Sessions that they are of.
    pub sessions: u64,
}

impl Removal {
    /// Adds another one, of other sessions.
    pub const fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.sessions += other.sessions;
    }
}

/// One step of taking messages off this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Messages removed.
    pub messages: u64,
    /// Bytes of their content and metadata.
    pub bytes: u64,
    /// More of the session is to be removed.
    pub more: bool,
}
