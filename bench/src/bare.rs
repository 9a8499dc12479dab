//! Bare SQLite to compare with: the same library, the same encryption, the very tables and indexes
//! of the cache (the search index included), the same rows in the same batches; and no triggers,
//! no queue, no question of what is newer: plain INSERT statements.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::{Connection, params};
use tidings_cache::{Cache, CacheKey, Column, FORM, PartialMessage};
use tidings_model::{Json, Timestamp};

/// Opens an encrypted database as the cache does.
pub fn open(path: &Path, key: &CacheKey) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(&format!(
        "PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{}'\"; {FORM}",
        key.to_hex().as_str()
    ))?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

/// An empty database with the tables and indexes of the cache, and without its triggers.
pub async fn create(path: &Path, key: &CacheKey) -> Result<Connection> {
    let (cache, _) = Cache::open(path, key)?;
    cache.close().await;
    let conn = open(path, key)?;
    let triggers: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for trigger in triggers {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}"))?;
    }
    for person in ["a", "b"] {
        conn.execute("INSERT INTO users (id) VALUES (?1)", [person])?;
    }
    Ok(conn)
}

/// Keys for so many sessions.
pub fn sessions(conn: &Connection, count: u64) -> Result<()> {
    for number in 0..count {
        conn.execute(
            "INSERT INTO sessions (key, id, stamp) VALUES (?1, ?2, 1)",
            params![i64::try_from(number)? + 1, format!("session {number}")],
        )?;
    }
    Ok(())
}

/// Writes rows in one transaction, each into the session of a number.
pub fn insert(conn: &mut Connection, rows: &[(u64, PartialMessage)]) -> Result<()> {
    let tx = conn.transaction()?;
    {
        let mut insert = tx.prepare_cached(
            "INSERT INTO messages (id, session, author, content, role, metadata, created_at,
                 updated_at, status, kind, read_began, read_ended, stamp, rev)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        for (session, row) in rows {
            insert.execute(params![
                row.id.as_uuid().as_bytes(),
                i64::try_from(*session)? + 1,
                i64::try_from(*session % 2)? + 1,
                value(&row.content),
                value(&row.role),
                value(&row.metadata).map(Json::as_str),
                value(&row.created_at).map(|at| Timestamp::as_micros(*at)),
                value(&row.updated_at).map(|at| Timestamp::as_micros(*at)),
                value(&row.status),
                value(&row.kind),
                1_i64 << 41,
                1_i64 << 41,
                1_i64 << 41,
                row.rev,
            ])?;
        }
    }
    tx.commit()?;
    Ok(())
}

/// Brings all messages into the search index, so many in a transaction. Returns how long it took.
pub fn index(conn: &mut Connection, batch: usize) -> Result<Duration> {
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
            let mut rows = select.query(params![after, i64::try_from(batch)?])?;
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                let words = tidings_cache::index_words(row.get_ref(1)?.as_str()?);
                insert.execute(params![last, words])?;
                done += 1;
            }
        }
        tx.commit()?;
        if done == 0 {
            return Ok(began.elapsed());
        }
        after = last;
    }
}

fn value<T>(column: &Column<T>) -> Option<&T> {
    match column {
        Column::Value(value) => Some(value),
        Column::Absent | Column::Null => None,
    }
}
