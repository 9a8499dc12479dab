//! How far sessions are followed by the numbers of their changes, where the project gives them.

use tidings_model::{SessionId, Timestamp};

use super::fact::Incoming;
use super::page::MessageKey;

/// What is remembered of the project's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Within which the numbers count; another one voids them all.
    pub epoch: String,
    /// When this device first met the epoch, by the server's clock: what was compared with the
    /// project before may have changed unseen.
    pub since: Timestamp,
    /// When every change up to then was known last, by the server's clock.
    pub checked_at: Option<Timestamp>,
    /// Sessions followed, those included that are gone.
    pub heads: u64,
    /// SHA-256 over them, as the project computes it over its own.
    pub hash: String,
}

/// How far one session is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which session.
    pub session: SessionId,
    /// Every change up to this number is in the cache, as far as the cache reaches.
    pub last_rev: i64,
    /// The session was deleted.
    pub gone: bool,
}

/// Rows with how far they bring the cache: taken in together, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberedChanges {
    /// The rows.
    pub facts: Vec<Incoming>,
    /// Where sessions stand with them. A number that was read before the rows were.
    pub heads: Vec<Head>,
    /// Sessions of which no range counts as read any more.
    pub unknown: Vec<SessionId>,
    /// Sessions of which every change is known with this: their newest range reaches to their
    /// newest message.
    pub complete: Vec<SessionId>,
    /// Sessions of which every message is known with this.
    pub whole: Vec<SessionId>,
    /// When the rows were read, by the server's clock.
    pub verified_at: Timestamp,
    /// Whether changes arrive live.
    pub live: bool,
}

/// A stretch of a session to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Oldest key; `None` for the session's start.
    pub older: Option<MessageKey>,
    /// Newest key; `None` for the newest message.
    pub newer: Option<MessageKey>,
}
