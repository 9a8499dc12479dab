//! What is kept, handed out as it is kept.

use std::io;

use tidings_model::{Json, MessageId, SessionId, SessionStatus, Timestamp, UserId};

use super::chat::OwnState;
use super::page::Gap;

/// Takes what [`crate::Cache::export`] hands out: a session, then its messages, then the next
/// session. An error ends the export.
pub trait ExportSink: Send + 'static {
    /// A session begins.
    fn session(&mut self, session: &ExportedSession) -> io::Result<()>;
    /// A message of the session that began last.
    fn message(&mut self, message: &ExportedMessage) -> io::Result<()>;
}

/// A session as kept. Words and times are the server's; `None` where it said none, or where it is
/// not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedSession {
    /// Primary key.
    pub id: SessionId,
    /// Its owner.
    pub user_id: Option<UserId>,
    /// Title that the server has.
    pub title: Option<String>,
    /// Status as the server writes it, known to this version or not.
    pub status: Option<String>,
    /// When something last happened in it, as the project says.
    pub last_activity: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When its row was last changed.
    pub updated_at: Option<Timestamp>,
    /// Free data, as written.
    pub metadata: Option<Json>,
    /// The server no longer shows it to this account.
    pub no_access: bool,
    /// What was not fetched of it, oldest first.
    pub gaps: Vec<Gap>,
    /// Changes of the session itself that the server has not confirmed, in the order made.
    pub unsent: Vec<UnsentSessionChange>,
}

/// A message as kept, without what of one's own waits on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedMessage {
    /// Primary key.
    pub id: MessageId,
    /// Its author.
    pub user_id: Option<UserId>,
    /// The text.
    pub content: Option<String>,
    /// Role as the server writes it, known to this version or not.
    pub role: Option<String>,
    /// Free data, as written.
    pub metadata: Option<Json>,
    /// When the server stored it; when it was written, for one that was not sent.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Status as the server writes it.
    pub status: Option<String>,
    /// Type as the server writes it.
    pub kind: Option<String>,
    /// Parts are missing until it is read again.
    pub incomplete: bool,
    /// The write of one's own that waits on it.
    pub unsent: Option<UnsentMessageChange>,
}

/// A write of one's own on a message that the server has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentMessageChange {
    /// What it does.
    pub change: MessageChange,
    /// Where it stands.
    pub state: OwnState,
}

/// What an unconfirmed write does to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageChange {
    /// The message itself is new.
    New,
    /// Sets this text.
    Edit(String),
    /// Deletes it.
    Delete,
}

/// A change of a session that the server has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentSessionChange {
    /// What it does.
    pub change: SessionWrite,
    /// Where it stands.
    pub state: OwnState,
}

/// What an unconfirmed write does to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionWrite {
    /// The session itself is new.
    New,
    /// Sets what is there.
    Edit {
        /// New title; `Some(None)` takes it away.
        title: Option<Option<String>>,
        /// New status.
        status: Option<SessionStatus>,
    },
    /// Deletes it.
    Delete,
}
