//! Writes the search index in the background, behind the messages.

use rusqlite::params;

use super::Tx;
use crate::error::Result;
use crate::search::tokens;
use crate::{Cache, pool::Durability};

impl Cache {
    /// Brings up to `batch` messages into the search index, those that came last first.
    /// Returns how many it handled: 0 means that the index has caught up.
    pub async fn index_some(&self, batch: usize) -> Result<u64> {
        self.write(Durability::Normal, move |tx| index_some(tx, batch))
            .await
    }
}

fn index_some(tx: &mut Tx<'_>, batch: usize) -> Result<u64> {
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    let mut select = tx.conn.prepare_cached(
        "SELECT key, CASE WHEN deleted = 0 THEN content END FROM messages
         WHERE indexed = 0 ORDER BY key DESC LIMIT ?1",
    )?;
    let messages: Vec<(i64, Option<String>)> = select
        .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut insert = tx
        .conn
        .prepare_cached("INSERT INTO search_index (rowid, content) VALUES (?1, ?2)")?;
    let mut done = tx
        .conn
        .prepare_cached("UPDATE messages SET indexed = 1 WHERE key = ?1")?;
    let mut count = 0;
    for (key, content) in messages {
        tx.unindex(key)?;
        if let Some(content) = content {
            insert.execute(params![key, tokens::spaced(&content)])?;
        }
        done.execute([key])?;
        count += 1;
    }
    Ok(count)
}
