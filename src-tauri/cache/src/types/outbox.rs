//! Writes of one's own that wait for the server.

use serde::{Deserialize, Deserializer, Serialize};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "present"
        )]
        title: Option<Option<String>>,
        /// New status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<SessionStatus>,
    },
    /// Delete the session.
    DeleteSession,
}

impl Op {
    /// The word kept in the database.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::InsertMessage(_) => "insert",
            Self::EditMessage { .. } => "edit",
            Self::DeleteMessage { .. } => "delete",
            Self::CreateSession(_) => "create_session",
            Self::UpdateSession { .. } => "update_session",
            Self::DeleteSession => "delete_session",
        }
    }

    /// The message it concerns.
    pub const fn message(&self) -> Option<MessageId> {
        match self {
            Self::InsertMessage(message) => Some(message.id),
            Self::EditMessage { id, .. } | Self::DeleteMessage { id } => Some(*id),
            Self::CreateSession(_) | Self::UpdateSession { .. } | Self::DeleteSession => None,
        }
    }
}

/// A field that is there, even as null, is `Some`.
#[allow(
    clippy::option_option,
    reason = "left alone, taken away and set are three things"
)]
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// What a row of the outbox says in full: enough to save it from a damaged file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub session: SessionId,
    pub account: UserId,
    pub op: Op,
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
    /// Written so long ago that it waits for the user's word, and what follows it in its session
    /// with it.
    Held,
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
    /// From when its age counts: the last time that the user said to send it, or when it was written.
    pub counts_from: Timestamp,
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
