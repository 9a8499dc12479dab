//! Writes the search index in the background, behind the messages.

use rusqlite::{Row, params};

use super::Tx;
use crate::error::Result;
use crate::search::facets::{self, Facet};
use crate::search::{place, tokens};
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
        "SELECT q.key, m.created_at, m.deleted, m.content, m.session, m.author, m.role, m.kind
         FROM to_index q LEFT JOIN messages m ON m.key = q.key
         ORDER BY q.key DESC LIMIT ?1",
    )?;
    let rows = select.query_map([limit], |row| Ok((row.get(0)?, Indexed::read(row)?)))?;
    let rows: Vec<(i64, Option<Indexed>)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut done = tx
        .conn
        .prepare_cached("DELETE FROM to_index WHERE key = ?1")?;
    for (key, _) in &rows {
        done.execute([key])?;
    }
    let count = rows.len() as u64;
    let mut messages: Vec<Indexed> = rows
        .into_iter()
        .filter_map(|(_, message)| message)
        .collect();
    // FTS5 gathers what comes in the order of its rowids; what does not, it writes one by one.
    messages.sort_unstable_by_key(|message| message.place);
    let mut remove = tx
        .conn
        .prepare_cached("DELETE FROM search_index WHERE rowid = ?1")?;
    let mut insert = tx
        .conn
        .prepare_cached("INSERT INTO search_index (rowid, content) VALUES (?1, ?2)")?;
    for Indexed { place, words } in &messages {
        remove.execute([place])?;
        if let Some(words) = words {
            insert.execute(params![place, words])?;
        }
    }
    Ok(count)
}

/// A message in the search index.
struct Indexed {
    place: i64,
    /// Its words and facets; none when it has to go.
    words: Option<String>,
}

impl Indexed {
    /// `None` for one that has no place in the index, or is gone.
    fn read(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let Some(at) = row.get::<_, Option<i64>>(1)? else {
            return Ok(None);
        };
        let Some(place) = place::place(row.get(0)?, at) else {
            return Ok(None);
        };
        let words = if row.get(2)? {
            None
        } else {
            let content = row.get_ref(3)?.as_str_or_null()?.unwrap_or_default();
            let mut words = tokens::indexed(content);
            facets::append(Self::facets(row)?, &mut words);
            facets::append(facets::carried(content), &mut words);
            Some(words)
        };
        Ok(Some(Self { place, words }))
    }

    fn facets(row: &Row<'_>) -> rusqlite::Result<impl Iterator<Item = Facet>> {
        let session = row.get::<_, Option<i64>>(4)?.map(Facet::Session);
        let author = row.get::<_, Option<i64>>(5)?.map(Facet::Author);
        let role = row.get_ref(6)?.as_str_or_null()?;
        let role = role.and_then(|role| role.parse().ok()).map(Facet::Role);
        let kind = row.get_ref(7)?.as_str_or_null()?;
        let kind = kind.and_then(|kind| kind.parse().ok()).map(Facet::Kind);
        Ok([session, author, role, kind].into_iter().flatten())
    }
}
