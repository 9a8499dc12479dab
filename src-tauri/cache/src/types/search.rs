//! Search results.

use tidings_model::{SessionId, Timestamp, UserId};

use super::chat::CachedMessage;

/// What a search is narrowed to, beside the words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchFilter {
    /// Who wrote it.
    pub from: Option<SearchFrom>,
    /// This session alone.
    pub session: Option<SessionId>,
    /// What it carries.
    pub kind: Option<SearchKind>,
    /// At this instant or later.
    pub after: Option<Timestamp>,
    /// Before this instant.
    pub before: Option<Timestamp>,
}

/// Who wrote what is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchFrom {
    /// Oneself.
    Me,
    /// An assistant.
    Assistant,
    /// Somebody.
    User(UserId),
}

/// What a message that is looked for carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchKind {
    /// A web address.
    Link,
    /// A block of code.
    Code,
    /// A voice message.
    Voice,
    /// An action of an adapter.
    Action,
}

/// A message that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// Where.
    pub session: SessionId,
    /// The message.
    pub message: CachedMessage,
    /// A part of its content around the first match.
    pub snippet: String,
    /// Matches in `snippet`, as ranges of UTF-16 code units (what the UI counts in).
    pub marks: Vec<(u32, u32)>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResults {
    /// Newest first.
    pub hits: Vec<SearchHit>,
    /// There are more.
    pub more: bool,
    /// Messages that are not in the index yet; they are found once it has caught up.
    pub unindexed: u64,
    /// Messages on this computer, in the index or not.
    pub total: u64,
    /// Parts of words were looked for in so many of the newest messages; `None` when that is all of
    /// them, or when there was no need to.
    pub scanned: Option<u64>,
    /// Signs such as `++` were looked for in so many of the newest messages with the words, and not in
    /// those that are left; `None` when it was all of them.
    pub examined: Option<u64>,
}
