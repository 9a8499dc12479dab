//! Exported files, taken back in.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Arguments of `import`: a file in pieces, the first one number 0.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Number of this piece; they rise by one. Number 0 begins anew.
    pub piece: u32,
    /// The piece, at most 1 MiB.
    pub text: String,
    /// Nothing follows: the file is checked whole, and then taken in.
    pub last: bool,
}

/// Answer to a piece of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportReply {
    /// What was taken in; none while pieces are missing.
    pub imported: Option<Imported>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Imported {
    /// Sessions that were not here.
    pub sessions: u64,
    /// Messages that were not here.
    pub messages: u64,
    /// Sessions and messages that were here already, and stayed as they are.
    pub known: u64,
    /// Messages of which the file has no text.
    pub left_out: u64,
    /// New messages of the file that had not been sent, for whatever reason. They are taken in as
    /// messages: their text is nowhere else.
    pub unsent: u64,
    /// Changes of messages and sessions, and deletions, that had not been sent. They are not
    /// carried out.
    pub undone: u64,
}
