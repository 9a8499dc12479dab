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
