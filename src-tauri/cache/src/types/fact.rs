//! Facts from the server: rows as far as they are known, with where and when they were learned.

use std::collections::BTreeSet;

use tidings_model::{Json, MemberId, Message, MessageId, Session, SessionId, Timestamp, UserId};

use super::members::MemberRow;

/// One column of a row as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Column<T> {
    /// Not in the frame (unchanged TOAST value, over 1 MB, no grant): what is cached stays.
    #[default]
    Absent,
    /// SQL NULL.
    Null,
    /// A value.
    Value(T),
}

impl<T> Column<T> {
    /// Whether the column was in the frame.
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T> From<Option<T>> for Column<T> {
    /// A column that was there: `None` is SQL NULL.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<T> From<T> for Column<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// A row of `chat_messages` as far as it arrived.
///
/// Words (role, status, type) are text: one this version does not know is kept as it is
/// and mapped when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialMessage {
    /// Primary key; always present.
    pub id: MessageId,
    /// `session_id`.
    pub session_id: Column<SessionId>,
    /// `user_id`.
    pub user_id: Column<UserId>,
    /// `content`.
    pub content: Column<String>,
    /// `role`, as the server writes it.
    pub role: Column<String>,
    /// `metadata`.
    pub metadata: Column<Json>,
    /// `created_at`.
    pub created_at: Column<Timestamp>,
    /// `updated_at`.
    pub updated_at: Column<Timestamp>,
    /// `status`, as the server writes it.
    pub status: Column<String>,
    /// `message_type`, as the server writes it.
    pub kind: Column<String>,
    /// `rev`, on projects with the sync part: of two states of a row in one session the higher
    /// one is the newer.
    pub rev: Option<i64>,
    /// The server left values out because the row is too big (over 1 MB): what is absent
    /// may have changed, so the row is shown as incomplete until it is read again.
    pub truncated: bool,
}

impl PartialMessage {
    /// A row of which nothing but the key is known.
    pub const fn new(id: MessageId) -> Self {
        Self {
            id,
            session_id: Column::Absent,
            user_id: Column::Absent,
            content: Column::Absent,
            role: Column::Absent,
            metadata: Column::Absent,
            created_at: Column::Absent,
            updated_at: Column::Absent,
            status: Column::Absent,
            kind: Column::Absent,
            rev: None,
            truncated: false,
        }
    }
}

impl From<Message> for PartialMessage {
    fn from(row: Message) -> Self {
        Self {
            id: row.id,
            session_id: row.session_id.into(),
            user_id: row.user_id.into(),
            content: row.content.into(),
            role: row.role.as_str().to_owned().into(),
            metadata: row.metadata.into(),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            status: row.status.as_str().to_owned().into(),
            kind: row.kind.as_str().to_owned().into(),
            rev: None,
            truncated: false,
        }
    }
}

/// A row of `chat_sessions` as far as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialSession {
    /// Primary key; always present.
    pub id: SessionId,
    /// `user_id`.
    pub user_id: Column<UserId>,
    /// `title`.
    pub title: Column<String>,
    /// `status`, as the server writes it.
    pub status: Column<String>,
    /// `last_activity`.
    pub last_activity: Column<Timestamp>,
    /// `created_at`.
    pub created_at: Column<Timestamp>,
    /// `updated_at`.
    pub updated_at: Column<Timestamp>,
    /// `metadata`.
    pub metadata: Column<Json>,
    /// As in [`PartialMessage::rev`].
    pub rev: Option<i64>,
    /// As in [`PartialMessage::truncated`].
    pub truncated: bool,
}

impl PartialSession {
    /// A row of which nothing but the key is known.
    pub const fn new(id: SessionId) -> Self {
        Self {
            id,
            user_id: Column::Absent,
            title: Column::Absent,
            status: Column::Absent,
            last_activity: Column::Absent,
            created_at: Column::Absent,
            updated_at: Column::Absent,
            metadata: Column::Absent,
            rev: None,
            truncated: false,
        }
    }
}

impl From<Session> for PartialSession {
    fn from(row: Session) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id.into(),
            title: row.title.into(),
            status: row.status.as_str().to_owned().into(),
            last_activity: row.last_activity.into(),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            metadata: row.metadata.into(),
            rev: None,
            truncated: false,
        }
    }
}

/// A number that orders what happened on this device, across restarts (see [`crate::Cache::stamp`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub(crate) i64);

/// When a request to the server was under way, in [`Stamp`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadStamp {
    /// Taken before the request was sent.
    pub began: Stamp,
    /// Taken when the answer was there.
    pub ended: Stamp,
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A frame of Realtime.
    Live {
        /// The transaction's `commit_timestamp`; orders live frames among themselves.
        commit: Timestamp,
        /// Taken when the frame arrived (not when it is applied: frames may be held).
        arrived: Stamp,
        /// The frame is an INSERT: from this row on the session is known without a gap.
        inserted: bool,
    },
    /// A row, or its absence, read over REST.
    Rest(ReadStamp),
    /// The server's answer to a write of our own.
    OwnWrite(ReadStamp),
}

/// One fact to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A message exists and looks like this.
    Message {
        /// The row.
        row: PartialMessage,
        /// Where it comes from.
        source: Source,
    },
    /// A session exists and looks like this.
    Session {
        /// The row.
        row: PartialSession,
        /// Where it comes from.
        source: Source,
    },
    /// A message is gone (a DELETE frame, or a read by key or of a range that did not find it).
    MessageDeleted {
        /// Its key.
        id: MessageId,
        /// Where it comes from.
        source: Source,
    },
    /// A message is not in a session any more: it was deleted, or moved to another one.
    MessageLeft {
        /// Its key.
        id: MessageId,
        /// The session.
        session: SessionId,
        /// Number of that change in the session.
        rev: i64,
        /// Where it comes from.
        source: Source,
    },
    /// A session is gone; its messages go with it.
    SessionDeleted {
        /// Its key.
        id: SessionId,
        /// Number of its last change, where changes are numbered.
        rev: Option<i64>,
        /// Where it comes from.
        source: Source,
    },
    /// Somebody takes part in a session, as this.
    Member {
        /// The row.
        row: MemberRow,
        /// Where it comes from.
        source: Source,
    },
    /// Somebody takes part no more. The stay does not come back: another one has another key.
    MemberGone {
        /// Its key.
        id: MemberId,
        /// Where it comes from.
        source: Source,
    },
}

/// Rows that have to be read again by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reread {
    /// Messages.
    pub messages: BTreeSet<MessageId>,
    /// Sessions, those included that are known only through a message.
    pub sessions: BTreeSet<SessionId>,
    /// Sessions of which the list of those who take part has to be read.
    pub members: BTreeSet<SessionId>,
}

impl Reread {
    /// Whether nothing has to be read.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.sessions.is_empty() && self.members.is_empty()
    }
}

/// What taking facts in did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngestReport {
    /// Rows that changed what is cached.
    pub changed: usize,
    /// Messages that were not known before.
    pub new_messages: Vec<MessageId>,
    /// Rows to read again by key: incomplete, or a live frame and a read overlapped.
    pub reread: Reread,
    /// Sessions that the account takes part in and did not before, as far as it was known, or
    /// that are within its reach again: their newest messages have to be read.
    pub joined: Vec<SessionId>,
}
