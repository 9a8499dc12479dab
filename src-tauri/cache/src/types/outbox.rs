//! Writes of one's own that wait for the server.

use tidings_model::{
    Json, Message, MessageId, Session, SessionId, SessionStatus, Timestamp, UserId,
};

/// Identifies a row of the outbox; later rows have greater ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxId(pub(crate) i64);

impl OutboxId {
    /// The number, for logs and the contract.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// From a number that [`Self::as_i64`] gave out.
    pub const fn from_i64(id: i64) -> Self {
        Self(id)
    }
}

/// What to do on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Insert this message (ignoring a duplicate of its id) and read it back.
    InsertMessage(Message),
    /// Set a message's content.
    EditMessage {
        /// Which.
        id: MessageId,
        /// The new text.
        content: String,
    },
    /// Delete a message.
    DeleteMessage {
        /// Which.
        id: MessageId,
    },
    /// Insert this session.
    CreateSession(Session),
    /// Change a session; `None` leaves a column alone.
    UpdateSession {
        /// New title; `Some(None)` takes it away.
        title: Option<Option<String>>,
        /// New status.
        status: Option<SessionStatus>,
    },
    /// Delete the session.
    DeleteSession,
}

/// Why a write was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailReason {
    /// The server's code, or one of ours.
    pub code: String,
    /// A sentence for the user.
    pub message: String,
}

/// Where a write stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxState {
    /// Waits.
    Queued,
    /// Under way.
    Sending,
    /// Refused for good.
    Failed(FailReason),
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its id; orders the writes of a session.
    pub id: OutboxId,
    /// The session it concerns.
    pub session: SessionId,
    /// The account it belongs to.
    pub account: UserId,
    /// What to do.
    pub op: Op,
    /// Where it stands.
    pub state: OutboxState,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Timestamp,
}

/// A change of a session to queue; `None` leaves a column alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionChange {
    /// New title; `Some(None)` takes it away.
    pub title: Option<Option<String>>,
    /// New status.
    pub status: Option<SessionStatus>,
}

/// A session to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its key; the caller mints it.
    pub id: SessionId,
    /// The account that makes it.
    pub user_id: UserId,
    /// Its title.
    pub title: Option<String>,
    /// Free data.
    pub metadata: Json,
}

/// What happened to a write that was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// A row of its own waits in the outbox.
    Queued(OutboxId),
    /// It changed a write that was waiting.
    Folded(OutboxId),
    /// It undid a write that had never left this device: nothing is left to send.
    Undone,
}
