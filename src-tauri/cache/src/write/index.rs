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

pub(crate) fn index_some(tx: &mut Tx<'_>, batch: usize) -> Result<u64> {
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    let mut select = tx.conn.prepare_cached(
        "SELECT q.key, m.content FROM to_index q
         LEFT JOIN messages m ON m.key = q.key AND m.deleted = 0
         ORDER BY q.key DESC LIMIT ?1",
    )?;
    let rows = select.query_map([limit], |row| {
        let content = row.get_ref(1)?.as_str_or_null()?;
        Ok((row.get(0)?, content.map(tokens::indexed)))
    })?;
    let mut messages: Vec<(i64, Option<String>)> = rows.collect::<rusqlite::Result<_>>()?;
    // FTS5 gathers what comes in the order of its keys; what does not, it writes one by one.
    messages.reverse();
    let mut insert = tx
        .conn
        .prepare_cached("INSERT INTO search_index (rowid, content) VALUES (?1, ?2)")?;
    let mut done = tx
        .conn
        .prepare_cached("DELETE FROM to_index WHERE key = ?1")?;
    for (key, words) in &messages {
        tx.unindex(*key)?;
        if let Some(words) = words {
            insert.execute(params![key, words])?;
        }
        done.execute([key])?;
    }
    Ok(messages.len() as u64)
}
