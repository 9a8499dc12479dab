//! What is kept on this computer, as files for the user.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Arguments of `export`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Which session; none: every one that is kept here.
    pub session: Option<String>,
    /// What the file is for.
    pub format: ExportFormat,
}

/// Form of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// For programs: everything, by `docs/export.md`.
    Json,
    /// For people: titles, days, authors, times and texts.
    Markdown,
}

/// A file with sessions in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportedFile {
    /// Where it is.
    pub path: String,
    /// Sessions in it.
    pub sessions: u64,
    /// Of them, those of which not everything is kept here: the file says which.
    pub incomplete: u64,
    /// Messages in it.
    pub messages: u64,
    /// Of them, those that were not sent.
    pub unsent: u64,
}
