//! An exported file, read: checked whole before any of it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use tidings_local::ArchiveRow;
use tidings_model::{MessageId, SessionId, Timestamp, UserId};

use crate::error::{EngineError, Result};

/// What the first member of such a file says.
const FORMAT: &str = "tidings-export";
/// The newest version that is known here.
const VERSION: u64 = 1;

const SESSION_COLUMNS: [&str; 7] = [
    "id",
    "title",
    "status",
    "last_activity",
    "created_at",
    "updated_at",
    "metadata",
];
const MESSAGE_COLUMNS: [&str; 8] = [
    "id",
    "content",
    "role",
    "metadata",
    "created_at",
    "updated_at",
    "status",
    "message_type",
];

/// A checked file.
pub(super) struct Document {
    text: String,
    parts: Vec<Part>,
    sessions: Vec<SessionId>,
    people: People,
    pub told: Told,
}

/// What of a file is not as it was, to be told.
#[derive(Default)]
pub(super) struct Told {
    /// Messages of which the file has no text.
    pub left_out: u64,
    /// New messages that had not been sent.
    pub unsent: u64,
    /// Edits and deletions that had not been sent.
    pub undone: u64,
}

/// Where a row stands in the text.
#[derive(Clone)]
struct Part {
    /// Number of the session that it is or belongs to.
    session: usize,
    message: bool,
    at: Range<usize>,
}

/// Whose messages become whose.
struct People {
    /// The account that exported.
    exporter: Option<String>,
    /// The account that imports.
    me: Option<UserId>,
}

/// Rows to store, and what to read again then.
#[derive(Default)]
pub(super) struct Batch {
    pub rows: Vec<ArchiveRow>,
    pub sessions: BTreeSet<SessionId>,
    pub messages: BTreeSet<MessageId>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    format: Option<&'a RawValue>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct File<'a> {
    about: About,
    #[serde(borrow)]
    sessions: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct About {
    account: Option<String>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    session: &'a RawValue,
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Waiting<T> {
    unsent: T,
}

#[derive(Deserialize)]
struct Unsent {
    change: String,
}

impl Document {
    /// Checks a file from its first character to its last.
    pub(super) fn check(text: String, me: Option<UserId>, now: Timestamp) -> Result<Self> {
        check_head(&text)?;
        let file: File<'_> = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        let place = |raw: &RawValue| {
            let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
            start..start + raw.get().len()
        };
        let (mut parts, mut sessions) = (Vec::new(), Vec::new());
        for entry in &file.sessions {
            let at = place(entry.session);
            let id = columns(entry.session.get()).and_then(|row| id(&row));
            let id = id.and_then(|id| SessionId::new(id).map_err(|error| error.to_string()));
            sessions.push(id.map_err(|problem| refused(&text, at.start, &problem))?);
            let session = sessions.len() - 1;
            parts.push(Part {
                session,
                message: false,
                at,
            });
            parts.extend(entry.messages.iter().map(|raw| Part {
                session,
                message: true,
                at: place(raw),
            }));
        }
        let people = People {
            exporter: file.about.account,
            me,
        };
        let mut document = Self {
            text,
            parts: Vec::new(),
            sessions,
            people,
            told: Told::default(),
        };
        for part in parts {
            if document.row(&part, now)?.is_some() {
                document
                    .told
                    .waited(&document.text[part.at.clone()], part.message);
                document.parts.push(part);
            } else {
                document.told.left_out += 1;
            }
        }
        Ok(document)
    }

    /// Up to `count` rows from number `from` on; none at the end.
    pub(super) fn batch(&self, from: usize, count: usize, now: Timestamp) -> Result<Batch> {
        let mut batch = Batch::default();
        for part in self.parts.iter().skip(from).take(count) {
            let Some((row, message)) = self.row(part, now)? else {
                continue;
            };
            batch.rows.push(row);
            match message {
                Some(id) => batch.messages.insert(id),
                None => batch.sessions.insert(self.sessions[part.session].clone()),
            };
        }
        Ok(batch)
    }

    /// The row, with its id if it is a message; none for a message without text.
    fn row(&self, part: &Part, now: Timestamp) -> Result<Option<(ArchiveRow, Option<MessageId>)>> {
        let raw = &self.text[part.at.clone()];
        let read = if part.message {
            self.message(raw, &self.sessions[part.session], now)
        } else {
            session(raw, now).map(|row| Some((row, None)))
        };
        read.map_err(|problem| refused(&self.text, part.at.start, &problem))
    }

    fn message(
        &self,
        raw: &str,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<Option<(ArchiveRow, Option<MessageId>)>, String> {
        let row = columns(raw)?;
        if row
            .get("content")
            .is_none_or(|content| content.get() == "null")
        {
            return Ok(None);
        }
        if row
            .get("created_at")
            .is_none_or(|time| time.get() == "null")
        {
            return Err("the message has no created_at".to_owned());
        }
        let id: MessageId = id(&row)?.parse().map_err(said)?;
        let session = to_raw_value(session).map_err(|error| error.to_string())?;
        let author = row.get("user_id").map(|raw| self.people.author(raw));
        let author = author.transpose()?;
        let mut given = picked(&row, &MESSAGE_COLUMNS);
        given.push(("session_id", &session));
        if let Some(author) = &author {
            given.push(("user_id", author));
        }
        let row = ArchiveRow::message(&given, now).map_err(|error| error.to_string())?;
        Ok(Some((row, Some(id))))
    }
}

impl Told {
    /// Counts what waited on a row when the file was written.
    fn waited(&mut self, row: &str, message: bool) {
        // A message has one such change, a session a list of them.
        let of_message =
            |row| serde_json::from_str(row).map(|row: Waiting<Unsent>| vec![row.unsent]);
        let of_session =
            |row| serde_json::from_str(row).map(|row: Waiting<Vec<Unsent>>| row.unsent);
        let found = if message {
            of_message(row)
        } else {
            of_session(row)
        };
        for unsent in found.unwrap_or_default() {
            match unsent.change.as_str() {
                "new" if message => self.unsent += 1,
                // A session is there with its row.
                "new" => {}
                _ => self.undone += 1,
            }
        }
    }
}

impl People {
    /// What the exporting account wrote stays one's own; everybody else stays who they are.
    fn author(&self, raw: &RawValue) -> Result<Box<RawValue>, String> {
        let id: Option<String> =
            serde_json::from_str(raw.get()).map_err(|_| "its user_id is no text".to_owned())?;
        let own = id.is_some() && id == self.exporter;
        match &self.me {
            Some(me) if own => to_raw_value(me),
            _ => to_raw_value(&id),
        }
        .map_err(|error| error.to_string())
    }
}

fn session(raw: &str, now: Timestamp) -> Result<ArchiveRow, String> {
    let row = columns(raw)?;
    ArchiveRow::session(&picked(&row, &SESSION_COLUMNS), now).map_err(|error| error.to_string())
}

fn columns(raw: &str) -> Result<BTreeMap<String, &RawValue>, String> {
    serde_json::from_str(raw).map_err(|_| "a row is no object".to_owned())
}

fn picked<'r>(
    row: &BTreeMap<String, &'r RawValue>,
    names: &[&'static str],
) -> Vec<(&'static str, &'r RawValue)> {
    let found = names
        .iter()
        .filter_map(|name| Some((*name, *row.get(*name)?)));
    found.collect()
}

fn id(row: &BTreeMap<String, &RawValue>) -> Result<String, String> {
    let raw = row.get("id").ok_or("a row has no id")?;
    serde_json::from_str(raw.get()).map_err(|_| "an id is no text".to_owned())
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn said(error: tidings_model::IdError) -> String {
    error.to_string()
}

fn check_head(text: &str) -> Result<()> {
    let head: Head<'_> = serde_json::from_str(text).map_err(|error| damaged(&error))?;
    let ours = head
        .format
        .and_then(|raw| serde_json::from_str::<String>(raw.get()).ok())
        .is_some_and(|format| format == FORMAT);
    let version = head
        .version
        .and_then(|raw| serde_json::from_str::<u64>(raw.get()).ok());
    match version.filter(|_| ours) {
        Some(1..=VERSION) => Ok(()),
        Some(version) if version > VERSION => Err(EngineError::Invalid(format!(
            "This file was exported by a newer Tidings (version {version} of the format, this \
             one knows {VERSION}). Nothing was imported; update Tidings to import it."
        ))),
        _ => Err(EngineError::Invalid(
            "This is no file that Tidings exported as JSON. Nothing was imported.".to_owned(),
        )),
    }
}

fn damaged(error: &serde_json::Error) -> EngineError {
    EngineError::Invalid(format!(
        "The file is damaged, or not JSON: {error}. Nothing was imported; export it once more, or \
         choose another file."
    ))
}

fn refused(text: &str, start: usize, problem: &str) -> EngineError {
    let line = text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
    EngineError::Invalid(format!(
        "The file cannot be imported: {problem} (line {line}). Nothing was imported."
    ))
}
