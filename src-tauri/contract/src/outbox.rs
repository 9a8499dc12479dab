//! What waits to be sent.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::SendState;

/// Arguments of `outbox`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListOutbox {}

/// What waits to be sent, in short.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxSummary {
    /// Changes that wait.
    pub queued: u32,
    /// Changes that wait for the user's word, because they were written more than two days ago.
    pub held: u32,
    /// Changes that failed.
    pub failed: u32,
}

/// One change that waits to be sent, or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxRow {
    /// Number of the change, in the order made.
    pub seq: u64,
    /// Its session.
    pub session: String,
    /// Title of the session.
    pub session_title: Option<String>,
    /// The message it concerns, if one.
    pub message: Option<String>,
    /// What it does.
    pub change: OutboxChange,
    /// The text it carries.
    pub text: String,
    /// How far it has come.
    pub state: SendState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was made, in milliseconds.
    pub created_at: i64,
}

/// What a change in the outbox does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutboxChange {
    /// Sends a message.
    Send,
    /// Changes a message.
    Edit,
    /// Deletes a message.
    Delete,
    /// Makes a session.
    CreateSession,
    /// Changes a session.
    UpdateSession,
    /// Deletes a session.
    DeleteSession,
}

/// Arguments of `retry_change`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RetryChange {
    /// Number of the change.
    pub change: u64,
}

/// Arguments of `discard_change`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DiscardChange {
    /// Number of the change.
    pub change: u64,
}

/// Arguments of `answer_held`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AnswerHeld {
    /// Whether they are sent; otherwise they are given up.
    pub send: bool,
}
