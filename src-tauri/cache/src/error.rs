//! Everything that can go wrong in the cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};
use thiserror::Error;
use tidings_model::MAX_CONTENT_CHARS;

/// Why the cache could not do what was asked. Each says what happened, what is safe and what to do.
#[derive(Debug, Clone, Error)]
pub enum CacheError {
    /// The disk, or the memory given to SQLite, is full.
    #[error(
        "No space left on this disk. What was kept before is safe and can be read; this was not kept. Free some space, then try again."
    )]
    DiskFull,
    /// The directory or file cannot be written.
    #[error(
        "The cache cannot be written: {0}. What was cached before is safe; check the permissions of its directory."
    )]
    ReadOnly(String),
    /// The disk failed to read or to write.
    #[error(
        "The disk that holds the cache does not work as it should: {0}. What was kept before was not touched by this step; make sure that the disk is there and healthy."
    )]
    Disk(String),
    /// Another program has the cache open.
    #[error("Another program is using the cache. Nothing was changed; end it and try again.")]
    InUse,
    /// The cache has a schema this version does not know.
    #[error(
        "This cache was written by a newer Tidings (schema {found}, this version knows {known}). It was not touched; update Tidings to open it."
    )]
    NewerSchema {
        /// Schema of the file.
        found: u32,
        /// Newest schema this version knows.
        known: u32,
    },
    /// The key does not open the cache.
    #[error(
        "The key does not open this cache. It was not touched; unlock the keyring that holds its key, or remove the workspace from this computer to start afresh."
    )]
    WrongKey,
    /// The text is no key.
    #[error("That is no cache key: 64 hexadecimal digits are expected.")]
    BadKey,
    /// The file is damaged.
    #[error(
        "The cache is damaged ({0}). Messages on the server are safe; restart Tidings: it sets the file aside, keeps unsent messages where they are readable and fetches the rest again."
    )]
    Damaged(String),
    /// The schema could not be brought up to date.
    #[error(
        "The cache could not be brought up to date (step {step}: {reason}). It is as it was before, with everything unsent in it; go on with the version of Tidings that you had.{}", copy_at(backup.as_deref())
    )]
    Migration {
        /// The step that failed.
        step: u32,
        /// Why.
        reason: String,
        /// Where a copy is, if there was something to copy.
        backup: Option<PathBuf>,
    },
    /// The text of a message is empty.
    #[error("The message is empty. Nothing was queued.")]
    EmptyMessage,
    /// The text of a message is too long.
    #[error(
        "The message has {chars} characters, more than the {MAX_CONTENT_CHARS} allowed. Nothing was queued; shorten it or send it in parts."
    )]
    MessageTooLong {
        /// Characters it has.
        chars: usize,
    },
    /// The named thing is not in the cache.
    #[error("There is no such {0} on this computer. Nothing was changed.")]
    NotFound(&'static str),
    /// The session is read-only.
    #[error("This session can no longer be written to. Nothing was queued.")]
    ReadOnlySession,
    /// The account may read the session alone.
    #[error("You may read this session, but not write in it. Nothing was queued.")]
    ReaderOnly,
    /// The session is somebody else's.
    #[error("Only the owner of this session may do that. Nothing was changed.")]
    OwnerOnly,
    /// The key of a session to make is taken.
    #[error("A session with this id exists already. Nothing was changed.")]
    SessionExists,
    /// A session holds writes that exist only here.
    #[error(
        "{count} changes in this session have not been sent. Nothing was removed; send or discard them first."
    )]
    UnsentWork {
        /// How many.
        count: u64,
    },
    /// The write is being sent.
    #[error("This is being sent right now. Nothing was changed; try again when it has ended.")]
    UnderWay,
    /// No account was set.
    #[error("Nobody is signed in, so nothing can be queued.")]
    NoAccount,
    /// A search that cannot be read.
    #[error("The search cannot be read: {0}.")]
    BadQuery(String),
    /// The cache was closed, or its writer ended.
    #[error("The cache is closed. What was committed is safe; restart Tidings.")]
    Closed,
    /// Files around the database could not be handled.
    #[error("The cache's files cannot be reached: {0}.")]
    Io(Arc<std::io::Error>),
    /// SQLite refused something else.
    #[error("The cache failed: {0}. Nothing was changed by this step.")]
    Sqlite(Arc<rusqlite::Error>),
}

/// What came of something asked of the cache.
pub type Result<T, E = CacheError> = std::result::Result<T, E>;

impl CacheError {
    /// Whether the disk is the reason, and another one, or this one later, would do.
    pub const fn is_of_the_disk(&self) -> bool {
        matches!(
            self,
            Self::DiskFull | Self::ReadOnly(_) | Self::Disk(_) | Self::Io(_)
        )
    }
}

fn copy_at(backup: Option<&Path>) -> String {
    backup.map_or_else(String::new, |path| {
        format!(" A copy is at {}.", path.display())
    })
}

impl From<rusqlite::Error> for CacheError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite's word for a log's index that finds no room.
        if error.sqlite_error().map(|error| error.extended_code) == Some(ffi::SQLITE_IOERR_SHMSIZE)
        {
            return Self::DiskFull;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error.to_string()),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(error.to_string())
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Sqlite(Arc::new(error)),
        }
    }
}

impl From<std::io::Error> for CacheError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull => Self::DiskFull,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                Self::ReadOnly(error.to_string())
            }
            _ => Self::Io(Arc::new(error)),
        }
    }
}
