//! Search over the messages of this device.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::RoleName;

/// Arguments of `search`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words, phrases in quotes, and `from:`, `in:`, `before:`, `after:`, `role:`, `has:link`.
    pub query: String,
    /// How many hits at most, 1 to 200.
    pub limit: u32,
    /// What it is narrowed to, beside the words. Without a word it is all of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub filter: Option<SearchFilter>,
}

/// What a search is narrowed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SearchFilter {
    /// Who wrote it.
    pub from: Option<SearchFrom>,
    /// This session alone.
    pub session: Option<String>,
    /// What it carries.
    pub kind: Option<SearchKind>,
    /// Then or later, in milliseconds.
    pub after: Option<i64>,
    /// Before then, in milliseconds.
    pub before: Option<i64>,
}

/// Who wrote what is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum SearchFrom {
    /// Oneself.
    Me,
    /// An assistant.
    Assistant,
    /// Somebody.
    User {
        /// Their id.
        user_id: String,
    },
}

/// What a message that is looked for carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
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

/// Arguments of `suggest`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Suggest {
    /// A query that found nothing.
    pub query: String,
    /// What it was narrowed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub filter: Option<SearchFilter>,
}

/// What may have been meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Suggestion {
    /// A query with words that are spelled alike; it finds something.
    pub query: Option<String>,
}

/// What a search found, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SearchReply {
    /// The hits.
    pub hits: Vec<SearchHit>,
    /// Whether there are more.
    pub more: bool,
    /// Messages searched.
    pub searched: u64,
    /// Messages on this device; more than `searched` while the index is being built.
    pub total: u64,
    /// Parts of words were looked for in so many of the newest messages; none when that is all of
    /// them, or when there was no need to.
    pub scanned: Option<u64>,
    /// Signs such as `++` were looked for in so many of the newest messages with the words, and not in
    /// those that are left; absent when it was all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub examined: Option<u64>,
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SearchHit {
    /// The message.
    pub message: String,
    /// Its session.
    pub session: String,
    /// Title of the session.
    pub session_title: Option<String>,
    /// Its author's id, if it has one.
    pub user_id: Option<String>,
    /// Its author's name, if known.
    pub author: Option<String>,
    /// Whether it is one's own.
    pub own: bool,
    /// Who speaks.
    pub role: RoleName,
    /// When, in milliseconds.
    pub created_at: i64,
    /// The text around the first match, in parts.
    pub parts: Vec<SnippetPart>,
}

/// A piece of a hit's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SnippetPart {
    /// The text.
    pub text: String,
    /// Whether it matched.
    pub hit: bool,
}
