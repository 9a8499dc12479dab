//! Facts about the cache itself.

use rusqlite::{Connection, OptionalExtension as _};

use tidings_model::SessionId;

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::search::size;
use crate::types::status::{SessionStorage, StorageStats};

impl Cache {
    /// A fact of the caller's, by name.
    pub async fn get_meta(&self, name: &'static str) -> Result<Option<String>> {
        self.read(move |conn| meta(conn, name)).await
    }

    /// What the cache takes on this device. Reads one row a session, and no message.
    pub async fn storage(&self) -> Result<StorageStats> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT s.id, s.title, z.messages, z.bytes FROM session_sizes z
                 JOIN sessions s ON s.key = z.session
                 WHERE z.messages > 0 ORDER BY z.bytes DESC, s.id",
            )?;
            let by_session = statement.query_map([], |row| {
                Ok(SessionStorage {
                    session: decode::session_id(row, 0)?,
                    title: row.get(1)?,
                    messages: row.get::<_, i64>(2)?.unsigned_abs(),
                    bytes: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            })?;
            let by_session: Vec<_> = by_session.collect::<rusqlite::Result<_>>()?;
            Ok(StorageStats {
                database_bytes: number(
                    conn,
                    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                )?,
                free_bytes: number(
                    conn,
                    "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
                )?,
                index_bytes: size::index_bytes(conn)?,
                content_bytes: by_session.iter().map(|session| session.bytes).sum(),
                messages: by_session.iter().map(|session| session.messages).sum(),
                sessions: number(conn, "SELECT count(*) FROM sessions WHERE deleted = 0")?,
                oldest: conn.query_row(
                    "SELECT min((SELECT created_at FROM messages
                         WHERE session = z.session AND deleted = 0 AND unsent = 0
                         ORDER BY created_at LIMIT 1))
                     FROM session_sizes z",
                    [],
                    |row| decode::optional_time(row, 0),
                )?,
                unindexed: number(conn, "SELECT count(*) FROM to_index")?,
                by_session,
            })
        })
        .await
    }

    /// How many messages of a session are on this device.
    pub async fn messages_here(&self, session: SessionId) -> Result<u64> {
        self.read(move |conn| {
            let found: Option<i64> = conn
                .prepare_cached(
                    "SELECT z.messages FROM session_sizes z JOIN sessions s ON s.key = z.session
                     WHERE s.id = ?1",
                )?
                .query_row([session.as_str()], |row| row.get(0))
                .optional()?;
            Ok(found.unwrap_or(0).unsigned_abs())
        })
        .await
    }
}

fn number(conn: &Connection, sql: &str) -> Result<u64> {
    Ok(conn
        .query_row(sql, [], |row| row.get::<_, i64>(0))?
        .unsigned_abs())
}

/// A fact by name.
pub(crate) fn meta(conn: &Connection, name: &str) -> Result<Option<String>> {
    Ok(conn
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}
