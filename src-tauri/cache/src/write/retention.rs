//! Messages taken off this computer, in small steps. The server keeps them, and so does what is
//! known of where they were: from then on there is a gap.
//!
//! Never taken are writes that wait in the outbox and what they change, drafts, a session's newest
//! message (the list shows it) and the newest page of pinned sessions; nor does a limit take any of
//! a session that the project no longer shows, or that the last complete list lacked.

use rusqlite::{OptionalExtension as _, params};
use tidings_model::{MessageId, SessionId, Timestamp};

use super::Tx;
use super::ranges::{self, Range, START, Tail};
use crate::error::{CacheError, Result};
use crate::read::{decode, retention as read};
use crate::types::page::MessageKey;
use crate::types::status::Removed;
use crate::{Cache, pool::Durability};

/// Messages of a pinned session that stay.
pub(crate) const PINNED_PAGE: i64 = 60;
/// Pages of the search index that one step of merging writes at most.
const MERGE_PAGES: i64 = 64;

impl Cache {
    /// Takes up to `batch` of the oldest messages of a session off this computer that `limit`
    /// does not keep.
    ///
    /// # Errors
    /// [`CacheError::NotFound`] for a session that is not known.
    pub async fn remove_old(
        &self,
        session: SessionId,
        before: Timestamp,
        batch: usize,
    ) -> Result<Removed> {
        self.write(Durability::Normal, move |tx| {
            let key = existing(tx, &session)?;
            let Some(end) = read::kept_from(tx.conn, key, before)? else {
                return Ok(Removed {
                    messages: 0,
                    bytes: 0,
                    more: false,
                });
            };
            remove_below(tx, key, end, batch)
        })
        .await
    }

    /// Takes up to `batch` of a session's messages off this computer, whichever they are. The
    /// session stays in the list, with its draft, its marks and its read position.
    ///
    /// # Errors
    /// [`CacheError::UnsentWork`], and then nothing was removed, when writes wait in it.
    pub async fn remove_messages(&self, session: SessionId, batch: usize) -> Result<Removed> {
        self.write(Durability::Normal, move |tx| {
            let key = existing(tx, &session)?;
            let count: i64 = tx
                .conn
                .prepare_cached("SELECT count(*) FROM outbox WHERE session = ?1")?
                .query_row([key], |row| row.get(0))?;
            if count > 0 {
                return Err(CacheError::UnsentWork {
                    count: count.unsigned_abs(),
                });
            }
            remove_below(tx, key, END, batch)
        })
        .await
    }

    /// Somebody looks at the session: what was taken off this computer may be fetched as what was
    /// never here.
    pub async fn wanted_again(&self, session: SessionId) -> Result<()> {
        // Nearly always it is no news, and no write is made.
        let known = self.session(session.clone()).await?;
        if known.is_none_or(|row| !row.trimmed) {
            return Ok(());
        }
        self.write(Durability::Normal, move |tx| {
            let Some(key) = tx.find_session(&session)? else {
                return Ok(());
            };
            let forgotten = tx
                .conn
                .prepare_cached("DELETE FROM removals WHERE session = ?1")?
                .execute([key])?;
            if forgotten > 0 {
                tx.changes.sessions.insert(session);
            }
            Ok(())
        })
        .await
    }

    /// Has the search index let go of what was removed, one step. Returns whether there is more.
    pub async fn tidy_index(&self) -> Result<bool> {
        self.write(Durability::Normal, |tx| {
            let before = tx.conn.total_changes();
            tx.conn
                .prepare_cached(
                    "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?1)",
                )?
                .execute([MERGE_PAGES])?;
            // Documented with the command: fewer than two changes mean that nothing was left.
            Ok(tx.conn.total_changes() - before >= 2)
        })
        .await
    }

    /// Gives up to `pages` free pages of the database back to the disk. Returns how many are
    /// still free. The file becomes smaller when the log is folded into it.
    pub async fn shrink(&self, pages: u32) -> Result<u64> {
        self.write(Durability::Normal, move |tx| {
            tx.conn
                .execute_batch(&format!("PRAGMA incremental_vacuum({pages})"))?;
            let free: i64 = tx
                .conn
                .query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
            Ok(free.unsigned_abs())
        })
        .await
    }
}

/// Above every key there is.
const END: MessageKey = MessageKey {
    at: Timestamp::MAX,
    id: MessageId::from_uuid(uuid::Uuid::max()),
};

fn existing(tx: &mut Tx<'_>, session: &SessionId) -> Result<i64> {
    tx.find_session(session)?
        .ok_or(CacheError::NotFound("session"))
}

/// Removes the oldest messages below `end`, and what says that nothing is missing there.
fn remove_below(tx: &mut Tx<'_>, session: i64, end: MessageKey, batch: usize) -> Result<Removed> {
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    let mut select = tx.conn.prepare_cached(
        "SELECT m.key, m.created_at, m.id,
             coalesce(octet_length(m.content), 0) + coalesce(octet_length(m.metadata), 0)
             + coalesce((SELECT octet_length(v.content) FROM voice_files v WHERE v.message = m.key), 0)
         FROM messages m
         WHERE m.session = ?1 AND m.deleted = 0 AND m.unsent = 0
             AND (m.created_at, m.id) < (?2, ?3)
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.message = m.key)
         ORDER BY m.created_at, m.id LIMIT ?4",
    )?;
    let rows = select.query_map(
        params![
            session,
            end.at.as_micros(),
            end.id.as_uuid().as_bytes(),
            limit
        ],
        |row| {
            let key = MessageKey {
                at: decode::time(row, 1)?,
                id: decode::message_id(row, 2)?,
            };
            Ok((row.get::<_, i64>(0)?, key, row.get::<_, i64>(3)?))
        },
    )?;
    let rows: Vec<(i64, MessageKey, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut delete = tx
        .conn
        .prepare_cached("DELETE FROM messages WHERE key = ?1")?;
    let mut bytes = 0;
    for (key, _, size) in &rows {
        delete.execute([key])?;
        bytes += size.unsigned_abs();
    }
    let more = rows.len() >= batch;
    // A range that begins with a key says that its row is known: the last one removed is read again
    // with what was before it.
    let from = match rows.last() {
        Some((_, last, _)) if more => *last,
        _ => end,
    };
    trim(tx, session, from, rows.last().map(|(_, key, _)| *key))?;
    if let Some((_, last, _)) = rows.last() {
        tx.conn
            .prepare_cached(
                "INSERT INTO removals (session, at, id) VALUES (?1, ?2, ?3)
                 ON CONFLICT (session) DO UPDATE SET at = excluded.at, id = excluded.id
                 WHERE (excluded.at, excluded.id) > (removals.at, removals.id)",
            )?
            .execute(params![
                session,
                last.at.as_micros(),
                last.id.as_uuid().as_bytes()
            ])?;
        tx.session_changed(session)?;
    }
    Ok(Removed {
        messages: rows.len() as u64,
        bytes,
        more,
    })
}

/// The newest message that was taken off this computer on purpose, while nobody has looked since.
pub(crate) fn removed_to(tx: &Tx<'_>, session: i64) -> Result<Option<MessageKey>> {
    Ok(tx
        .conn
        .prepare_cached("SELECT at, id FROM removals WHERE session = ?1")?
        .query_row([session], |row| {
            Ok(MessageKey {
                at: decode::time(row, 0)?,
                id: decode::message_id(row, 1)?,
            })
        })
        .optional()?)
}

/// Nothing below `from` counts as read any more. That nothing is missing after the newest message
/// goes on being known: `removed` is the newest one that was removed now.
fn trim(
    tx: &mut Tx<'_>,
    session: i64,
    from: MessageKey,
    removed: Option<MessageKey>,
) -> Result<()> {
    let known = ranges::load(tx, session)?;
    let mut trimmed: Vec<Range> = known.iter().filter_map(|range| range.above(from)).collect();
    if trimmed.is_empty()
        && let Some(newest) = known.last().filter(|range| range.tail != Tail::Missing)
    {
        let end = newest.newer.max(removed.unwrap_or(START)).next();
        trimmed.push(Range {
            older: end,
            newer: end,
            ..*newest
        });
    }
    if trimmed != known {
        ranges::save(tx, session, &trimmed)?;
    }
    Ok(())
}
