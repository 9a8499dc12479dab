//! What the live connection is doing, for people who search for a fault.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Connection;

/// Arguments of `diagnostics`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetDiagnostics {}

/// What the connection is doing.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Diagnostics {
    /// The connection.
    pub connection: Connection,
    /// Round trip of the last heartbeat, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Channels by name.
    pub channels: Vec<ChannelState>,
    /// The last error, in words.
    pub last_error: Option<String>,
    /// Counters by name.
    pub counters: Vec<Counter>,
    /// Server time minus local time, in milliseconds.
    pub clock_skew_ms: Option<i64>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelState {
    /// Name without the `realtime:` prefix.
    pub name: String,
    /// How far it is.
    pub status: ChannelStatus,
    /// Why it is not live, in words, where there was an error.
    pub reason: Option<String>,
    /// When it is tried again after an error, in milliseconds; none: not by itself.
    pub retry_at: Option<i64>,
    /// The row changes that it asks for.
    pub bindings: Vec<BindingState>,
}

/// How far a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChannelStatus {
    /// On its way.
    Joining,
    /// Joined; row changes do not flow yet, where it asks for them.
    Joined,
    /// Joined, and row changes flow.
    Subscribed,
    /// Not live because of an error.
    Errored,
    /// Left.
    Closed,
}

/// Row changes that a channel asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BindingState {
    /// The schema.
    pub schema: String,
    /// The table; empty: every table of the schema.
    pub table: String,
    /// `*`, `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
    /// `column=op.value`, where only some rows are asked for.
    pub filter: Option<String>,
}

/// A named count since the start of the program.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Counter {
    /// What is counted.
    pub name: String,
    /// How many.
    pub value: u64,
}

/// Arguments of `frame_log`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetFrameLog {
    /// Frames with a higher number only.
    pub after: Option<u64>,
}

/// The last frames of the connection, while the log is switched on.
///
/// Frames are redacted before they are kept. What stays: names (of channels, events, schemas,
/// tables and columns), references, switches, counts, sizes, times of commits, and the server's
/// words as far as the program knows them. What does not: tokens, keys, values of filters, what
/// broadcasts and presence carry, who is present, and every value of a row.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct FrameLog {
    /// Whether it is switched on.
    pub on: bool,
    /// Oldest first.
    pub frames: Vec<FrameRow>,
    /// Frames that had to make room for newer ones.
    pub forgotten: u64,
}

/// One frame, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FrameRow {
    /// Its number; they rise by one.
    pub number: u64,
    /// When, in milliseconds.
    pub time: i64,
    /// Which way it went.
    pub direction: FrameDirection,
    /// Its topic; empty where it has none.
    pub topic: String,
    /// Its event; empty where it has none.
    pub event: String,
    /// Length of the whole frame in bytes.
    pub bytes: u64,
    /// JSON in which values are described: `"[12 characters]"`.
    pub payload: String,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FrameDirection {
    /// From the server.
    In,
    /// To the server.
    Out,
}

/// Arguments of `save_frame_log`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SaveFrameLog {}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedFile {
    /// Where it is.
    pub path: String,
}
