//! The same rows and the same index, written by bare statements: what SQLite itself takes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::{Connection, params};
use tidings_cache::{Column, PartialMessage};

use crate::fill::{BATCH, INDEXED};
use crate::text::message;

/// Messages a second.
pub struct Bare {
    /// Rows with their ordering index.
    pub kept: f64,
    /// The same and the search index.
    pub sustained: f64,
}

/// Opens an encrypted database as the cache does.
pub fn open(path: &Path, hex: &str) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(&format!(
        "PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{hex}'\";"
    ))?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(conn)
}

/// Writes messages, then their index, in the batches of the cache.
pub fn write(path: &Path, hex: &str, count: u64, a_session: u64, bytes: usize) -> Result<Bare> {
    let mut conn = open(path, hex)?;
    conn.execute_batch(
        "CREATE TABLE messages (
             key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, session INTEGER, author INTEGER,
             content TEXT, role TEXT, metadata TEXT, created_at INTEGER, updated_at INTEGER,
             status TEXT, kind TEXT
         ) STRICT;
         CREATE INDEX messages_in_order ON messages (session, created_at, id);
         CREATE VIRTUAL TABLE search_index USING fts5 (
             content, content = '', contentless_delete = 1,
             tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
         );",
    )?;
    let sessions = (count / a_session).max(1);
    let mut kept = Duration::ZERO;
    let mut at = 0;
    while at < count {
        let end = (at + BATCH).min(count);
        let rows: Vec<PartialMessage> = (at..end)
            .map(|number| message(number, sessions, bytes))
            .collect();
        let began = Instant::now();
        let tx = conn.transaction()?;
        {
            let mut insert = tx.prepare_cached(
                "INSERT INTO messages VALUES (NULL, ?1, ?2, ?3, ?4, 'user', '{}', ?5, ?5,
                     'delivered', 'text')",
            )?;
            for (number, row) in (at..end).zip(&rows) {
                let (Column::Value(content), Column::Value(created)) =
                    (&row.content, &row.created_at)
                else {
                    continue;
                };
                insert.execute(params![
                    row.id.as_uuid().as_bytes(),
                    i64::try_from(number % sessions)?,
                    i64::try_from(number % 2)?,
                    content,
                    created.as_micros()
                ])?;
            }
        }
        tx.commit()?;
        kept += began.elapsed();
        at = end;
    }
    let began = Instant::now();
    let mut after = 0;
    loop {
        let tx = conn.transaction()?;
        let (mut last, mut done) = (after, 0);
        {
            let mut select = tx.prepare_cached(
                "SELECT key, content FROM messages WHERE key > ?1 ORDER BY key LIMIT ?2",
            )?;
            let mut insert =
                tx.prepare_cached("INSERT INTO search_index (rowid, content) VALUES (?1, ?2)")?;
            let mut rows = select.query(params![after, i64::try_from(INDEXED)?])?;
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                insert.execute(params![last, row.get::<_, String>(1)?])?;
                done += 1;
            }
        }
        tx.commit()?;
        if done == 0 {
            break;
        }
        after = last;
    }
    let rate = |spent: Duration| count as f64 / spent.as_secs_f64();
    Ok(Bare {
        kept: rate(kept),
        sustained: rate(kept + began.elapsed()),
    })
}
