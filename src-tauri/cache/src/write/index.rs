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
    let mut insert = tx
        .conn
        .prepare_cached("INSERT INTO search_index (rowid, content) VALUES (?1, ?2)")?;
    let mut keys = Vec::with_capacity(batch);
    let mut rows = select.query([limit])?;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        tx.unindex(key)?;
        if let Some(content) = row
            .get_ref(1)?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)?
        {
            insert.execute(params![key, tokens::indexed(content)])?;
        }
        keys.push(key);
    }
    drop(rows);
    let mut done = tx
        .conn
        .prepare_cached("DELETE FROM to_index WHERE key = ?1")?;
    for key in &keys {
        done.execute([key])?;
    }
    Ok(keys.len() as u64)
}
