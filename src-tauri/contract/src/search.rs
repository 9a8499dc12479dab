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
