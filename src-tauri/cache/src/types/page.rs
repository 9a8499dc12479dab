//! Ranges of a conversation: what was fetched, what is missing, which part is wanted.

use tidings_model::{Message, MessageId, SessionId, Timestamp, UserId};

use super::chat::CachedMessage;
use super::fact::{PartialMessage, ReadStamp};

/// The place of a message in its session, in the order the server gives: time, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// `created_at`.
    pub at: Timestamp,
    /// `id`.
    pub id: MessageId,
}

impl MessageKey {
    /// The smallest key above this one.
    pub(crate) fn next(self) -> Self {
        match self.id.as_uuid().as_u128().checked_add(1) {
            Some(id) => Self {
                at: self.at,
                id: MessageId::from_uuid(uuid::Uuid::from_u128(id)),
            },
            None => Self {
                at: Timestamp::from_micros(self.at.as_micros().saturating_add(1)),
                id: MessageId::from_uuid(uuid::Uuid::nil()),
            },
        }
    }
}

impl From<&Message> for MessageKey {
    fn from(message: &Message) -> Self {
        Self {
            at: message.created_at,
            id: message.id,
        }
    }
}

/// A range of one session that was read whole over REST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Which session.
    pub session: SessionId,
    /// Key of the oldest row the answer covers; `None` when it reaches the session's start.
    pub older: Option<MessageKey>,
    /// Key of the newest row the answer covers; `None` when it reaches the newest message.
    pub newer: Option<MessageKey>,
    /// The rows of the answer.
    pub rows: Vec<PartialMessage>,
    /// When it was read, on this device's scale.
    pub read: ReadStamp,
    /// When it was read, by the server's clock if known; shown in Details.
    pub verified_at: Timestamp,
    /// Live changes have been arriving since before it was read: a range that reaches the
    /// newest message stays open at that end.
    pub live: bool,
    /// Ranges that were compared before this stay apart from those compared since, so that what
    /// is left to compare is known.
    pub apart_from: Timestamp,
    /// The answer came for the right account (subject verified, no page capped). Otherwise
    /// its rows are taken in, but nothing is concluded from what is missing.
    pub authenticated: bool,
}

/// A stretch that was not fetched yet: something may be between its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Newest key known on the older side; `None`: the gap reaches to the session's start.
    pub after: Option<MessageKey>,
    /// Oldest key known on the newer side; `None`: the gap reaches to the newest message.
    pub before: Option<MessageKey>,
}

/// A range that was read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedRange {
    /// Oldest key; `None` for the session's start.
    pub older: Option<MessageKey>,
    /// Newest key covered; `None` while everything newer arrives live.
    pub newer: Option<MessageKey>,
    /// When the server said so.
    pub verified_at: Timestamp,
}

/// Which part of a session is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The newest messages, own unsent ones included.
    Latest,
    /// Messages older than the key.
    Before(MessageKey),
    /// Messages newer than the key.
    After(MessageKey),
    /// Messages on both sides of the key, which itself need not exist.
    Around(MessageKey),
}

/// A part of a session to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Which part.
    pub anchor: Anchor,
    /// At most so many messages; own unsent ones come on top.
    pub limit: usize,
}

/// A part of a session. Where two messages may have something between them, it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    /// Oldest first; own unsent messages last, in the order written.
    pub rows: Vec<CachedMessage>,
    /// What was not fetched yet, oldest first.
    pub gaps: Vec<PlacedGap>,
    /// Nothing is cached before the first row.
    pub at_start: bool,
    /// Nothing is cached after the last delivered row. What may be missing after that is no gap
    /// of the page: it is missing wherever changes do not arrive.
    pub at_end: bool,
}

impl MessagePage {
    /// The newest gap that belongs to the page, if what is missing there would stand in it: one
    /// before its first row counts only where the page has room for more and nothing older is
    /// cached.
    pub fn missing_within(&self, limit: usize) -> Option<Gap> {
        let room = self.at_start && self.rows.len() < limit;
        let mut newest_first = self.gaps.iter().rev();
        newest_first
            .find(|placed| placed.before_row > 0 || room)
            .map(|placed| placed.gap)
    }
}

/// A gap in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedGap {
    /// Index of the row that the gap lies before. As many as there are rows: it lies between the
    /// last one and the key that the page was asked for.
    pub before_row: usize,
    /// Its ends.
    pub gap: Gap,
}

/// A user's own message to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Where to.
    pub session: SessionId,
    /// The account that writes.
    pub user_id: UserId,
    /// The text.
    pub content: String,
    /// What it carries.
    pub kind: tidings_model::MessageKind,
    /// Free data.
    pub metadata: tidings_model::Json,
}
