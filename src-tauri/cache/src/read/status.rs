//! Facts about the cache itself.

use rusqlite::{Connection, OptionalExtension as _};

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::types::status::{SessionStorage, StorageStats};

impl Cache {
    /// A fact of the caller's, by name.
    pub async fn get_meta(&self, name: &'static str) -> Result<Option<String>> {
        self.read(move |conn| meta(conn, name)).await
    }

    /// What the cache takes on this device. Reads every message's length: for a settings page.
    pub async fn storage(&self) -> Result<StorageStats> {
        self.read(|conn| {
            let number = |sql: &str| -> Result<u64> {
                Ok(conn
                    .query_row(sql, [], |row| row.get::<_, i64>(0))?
                    .unsigned_abs())
            };
            let mut statement = conn.prepare_cached(
                "SELECT s.id, count(*), sum(coalesce(octet_length(m.content), 0)
                     + coalesce(octet_length(m.metadata), 0)) AS bytes
                 FROM messages m JOIN sessions s ON s.key = m.session
                 WHERE m.deleted = 0 GROUP BY s.key ORDER BY bytes DESC, s.id",
            )?;
            let by_session = statement.query_map([], |row| {
                Ok(SessionStorage {
                    session: decode::session_id(row, 0)?,
                    messages: row.get::<_, i64>(1)?.unsigned_abs(),
                    bytes: row.get::<_, i64>(2)?.unsigned_abs(),
                })
            })?;
            let by_session: Vec<_> = by_session.collect::<rusqlite::Result<_>>()?;
            Ok(StorageStats {
                database_bytes: number(
                    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                )?,
                messages: by_session.iter().map(|session| session.messages).sum(),
                sessions: number("SELECT count(*) FROM sessions WHERE deleted = 0")?,
                oldest: conn.query_row(
                    "SELECT min(created_at) FROM messages WHERE deleted = 0 AND unsent = 0",
                    [],
                    |row| decode::optional_time(row, 0),
                )?,
                unindexed: number("SELECT count(*) FROM messages WHERE indexed = 0")?,
                by_session,
            })
        })
        .await
    }
}

/// A fact by name.
pub(crate) fn meta(conn: &Connection, name: &str) -> Result<Option<String>> {
    Ok(conn
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}
