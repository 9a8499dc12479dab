//! Rows of sessions and messages with what orders facts about them.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row, params_from_iter};

use super::Tx;
use super::merge::{Columns, Standing, Verdict};
use crate::error::Result;

/// How a table's rows are read and written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// How many columns come from the server.
    pub columns: usize,
    /// Columns without which a row is incomplete.
    pub required: Columns,
    /// Whether it is the table of messages.
    messages: bool,
    select: &'static str,
    insert: &'static str,
    update: &'static str,
}

/// Columns of [`MESSAGES`], by position.
pub(crate) mod message {
    pub(crate) const SESSION: usize = 0;
    pub(crate) const AUTHOR: usize = 1;
    pub(crate) const CONTENT: usize = 2;
    pub(crate) const ROLE: usize = 3;
    pub(crate) const METADATA: usize = 4;
    pub(crate) const CREATED_AT: usize = 5;
    pub(crate) const UPDATED_AT: usize = 6;
    pub(crate) const STATUS: usize = 7;
    pub(crate) const KIND: usize = 8;
    pub(crate) const COUNT: usize = 9;
}

/// Columns of [`SESSIONS`], by position.
pub(crate) mod session {
    pub(crate) const OWNER: usize = 0;
    pub(crate) const TITLE: usize = 1;
    pub(crate) const STATUS: usize = 2;
    pub(crate) const LAST_ACTIVITY: usize = 3;
    pub(crate) const CREATED_AT: usize = 4;
    pub(crate) const UPDATED_AT: usize = 5;
    pub(crate) const METADATA: usize = 6;
    pub(crate) const COUNT: usize = 7;
}

/// The table `messages`.
pub(crate) const MESSAGES: Layout = Layout {
    columns: message::COUNT,
    required: 1 << message::SESSION | 1 << message::CONTENT | 1 << message::CREATED_AT,
    messages: true,
    select: "SELECT key, live_commit, live_arrived, read_began, read_ended, stamp, behind, deleted, rev,
            departed, unsent, incomplete, session, author, content, role, metadata, created_at,
            updated_at, status, kind
        FROM messages WHERE id = ?1",
    insert: "INSERT INTO messages (live_commit, live_arrived, read_began, read_ended, stamp, behind, deleted, rev,
            departed, unsent, incomplete, session, author, content, role, metadata, created_at,
            updated_at, status, kind, id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
            ?20, ?21)",
    update: "UPDATE messages SET live_commit = ?1, live_arrived = ?2, read_began = ?3, read_ended = ?4, stamp = ?5,
            behind = ?6, deleted = ?7, rev = ?8, departed = ?9, unsent = ?10, incomplete = ?11,
            session = ?12, author = ?13, content = ?14, role = ?15, metadata = ?16,
            created_at = ?17, updated_at = ?18, status = ?19, kind = ?20
        WHERE id = ?21",
};

/// The table `sessions`.
pub(crate) const SESSIONS: Layout = Layout {
    columns: session::COUNT,
    required: 1 << session::STATUS | 1 << session::LAST_ACTIVITY,
    messages: false,
    select: "SELECT key, live_commit, live_arrived, read_began, read_ended, stamp, behind, deleted, rev,
            departed, unsent, incomplete, owner, title, status, last_activity, created_at,
            updated_at, metadata
        FROM sessions WHERE id = ?1",
    insert: "INSERT INTO sessions (live_commit, live_arrived, read_began, read_ended, stamp, behind, deleted, rev,
            departed, unsent, incomplete, owner, title, status, last_activity, created_at,
            updated_at, metadata, id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    update: "UPDATE sessions SET live_commit = ?1, live_arrived = ?2, read_began = ?3, read_ended = ?4, stamp = ?5,
            behind = ?6, deleted = ?7, rev = ?8, departed = ?9, unsent = ?10, incomplete = ?11,
            owner = ?12, title = ?13, status = ?14, last_activity = ?15, created_at = ?16,
            updated_at = ?17, metadata = ?18
        WHERE id = ?19",
};

/// A row as stored, or about to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredRow {
    /// Its key; `None` while it is not stored.
    pub key: Option<i64>,
    pub standing: Standing,
    /// Made here and not confirmed.
    pub unsent: bool,
    pub incomplete: bool,
    /// The server's columns, by position.
    pub values: Vec<Value>,
}

impl StoredRow {
    /// A row of which nothing is known.
    pub(crate) fn unknown(layout: &Layout) -> Self {
        Self {
            key: None,
            standing: Standing::unknown(layout.columns),
            unsent: false,
            incomplete: true,
            values: vec![Value::Null; layout.columns],
        }
    }

    /// A row of one's own.
    pub(crate) const fn local(values: Vec<Value>) -> Self {
        Self {
            key: None,
            standing: Standing::local(),
            unsent: true,
            incomplete: false,
            values,
        }
    }

    /// An integer column, such as the key of another row.
    pub(crate) fn integer(&self, column: usize) -> Option<i64> {
        match self.values.get(column) {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    /// Whether the fact's columns say something else than the row does.
    pub(crate) fn differs(&self, fact: &[Option<Value>]) -> bool {
        self.standing.deleted
            || self
                .values
                .iter()
                .zip(fact)
                .any(|(value, fact)| fact.as_ref().is_some_and(|fact| fact != value))
    }

    /// Does what the verdict says.
    pub(crate) fn apply(&mut self, verdict: Verdict, fact: &mut [Option<Value>]) {
        for (column, value) in self.values.iter_mut().enumerate() {
            if verdict.clear & 1 << column != 0 {
                *value = Value::Null;
            }
            if verdict.set & 1 << column != 0
                && let Some(new) = fact.get_mut(column).and_then(Option::take)
            {
                *value = new;
            }
        }
    }
}

/// Reads a row by the value of its id column.
pub(crate) fn load(tx: &Tx<'_>, layout: &Layout, id: &Value) -> Result<Option<StoredRow>> {
    let mut row = tx
        .conn
        .prepare_cached(layout.select)?
        .query_row([id], |row| decode(row, layout))
        .optional()?;
    if let Some(row) = &mut row {
        row.standing.forget_revisions(tx.era()?);
    }
    Ok(row)
}

/// Writes a row; returns its key.
pub(crate) fn store(tx: &Tx<'_>, layout: &Layout, id: &Value, row: &StoredRow) -> Result<i64> {
    let standing = &row.standing;
    let head = [
        optional(standing.live.map(|(commit, _)| commit)),
        optional(standing.live.map(|(_, arrived)| arrived)),
        optional(standing.read.map(|(began, _)| began)),
        optional(standing.read.map(|(_, ended)| ended)),
        Value::Integer(standing.stamp),
        list(&standing.behind),
        Value::Integer(standing.deleted.into()),
        optional(standing.rev),
        list(&standing.departed),
        Value::Integer(row.unsent.into()),
        Value::Integer(row.incomplete.into()),
    ];
    let values = params_from_iter(head.iter().chain(&row.values).chain([id]));
    if let Some(key) = row.key {
        tx.conn.prepare_cached(layout.update)?.execute(values)?;
        Ok(key)
    } else {
        let key = tx.conn.prepare_cached(layout.insert)?.insert(values)?;
        if layout.messages {
            inserted(tx, key, id, row)?;
        }
        Ok(key)
    }
}

/// Counts a message that is new, and has it wait for the index. What becomes of it later triggers
/// see to; an insertion with triggers costs twice as much.
fn inserted(tx: &Tx<'_>, key: i64, id: &Value, row: &StoredRow) -> Result<()> {
    if let Value::Blob(id) = id {
        tx.note_stored(id);
    }
    if row.standing.deleted {
        return Ok(());
    }
    if row.values[message::CREATED_AT] != Value::Null {
        tx.conn
            .prepare_cached("INSERT INTO to_index (key) VALUES (?1) ON CONFLICT DO NOTHING")?
            .execute([key])?;
    }
    if let Some(session) = row.integer(message::SESSION) {
        let bytes = [message::CONTENT, message::METADATA].map(|column| length(&row.values[column]));
        tx.conn
            .prepare_cached(
                "INSERT INTO session_sizes (session, messages, bytes) VALUES (?1, 1, ?2)
                 ON CONFLICT (session) DO UPDATE
                 SET messages = messages + 1, bytes = bytes + excluded.bytes",
            )?
            .execute([session, bytes.iter().sum()])?;
    }
    Ok(())
}

/// Bytes of a text, as SQLite's `octet_length` counts them.
fn length(value: &Value) -> i64 {
    match value {
        Value::Text(text) => i64::try_from(text.len()).unwrap_or(i64::MAX),
        _ => 0,
    }
}

fn decode(row: &Row<'_>, layout: &Layout) -> rusqlite::Result<StoredRow> {
    let behind = match row.get_ref(6)?.as_str_or_null()? {
        // What this crate wrote it can read; a row that says otherwise is read again.
        Some(text) => {
            serde_json::from_str(text).unwrap_or_else(|_| Standing::unknown(layout.columns).behind)
        }
        None => Vec::new(),
    };
    // One that cannot be read holds nothing back: the next catch-up says what was deleted.
    let departed = match row.get_ref(9)?.as_str_or_null()? {
        Some(text) => serde_json::from_str(text).unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(StoredRow {
        key: Some(row.get(0)?),
        standing: Standing {
            live: row.get::<_, Option<i64>>(1)?.zip(row.get(2)?),
            read: row.get::<_, Option<i64>>(3)?.zip(row.get(4)?),
            stamp: row.get(5)?,
            deleted: row.get(7)?,
            rev: row.get(8)?,
            departed,
            behind,
        },
        unsent: row.get(10)?,
        incomplete: row.get(11)?,
        values: (0..layout.columns)
            .map(|column| row.get(12 + column))
            .collect::<rusqlite::Result<_>>()?,
    })
}

/// A list as JSON; nothing for an empty one.
fn list<T: serde::Serialize>(items: &[T]) -> Value {
    if items.is_empty() {
        return Value::Null;
    }
    // Integers and flags always have a JSON form.
    serde_json::to_string(items).map_or(Value::Null, Value::Text)
}

fn optional(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Integer)
}
