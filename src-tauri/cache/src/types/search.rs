//! Search results.

use tidings_model::SessionId;

use super::chat::CachedMessage;

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
