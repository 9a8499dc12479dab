//! What would be taken off this computer, told without reading the messages themselves.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use tidings_model::{MessageId, SessionId, Timestamp};

use super::decode;
use super::prices::level_size;
use crate::Cache;
use crate::error::Result;
use crate::levels::Level;
use crate::types::page::MessageKey;
use crate::types::status::{Limit, Removal};
use crate::write::retention::PINNED_PAGE;

/// How finely the oldest messages are told apart by their age, in microseconds.
const HOUR: i64 = 3_600_000_000;

impl Cache {
    /// Before when messages are not kept; `None` when nothing has to go.
    pub async fn cutoff(&self, limit: Limit) -> Result<Option<Timestamp>> {
        self.read(move |conn| match limit {
            Limit::Before(at) => Ok(Some(at)),
            Limit::Bytes(most) => cutoff(conn, most),
        })
        .await
    }

    /// What [`Cache::remove_old`] would remove of each session, about: bytes by the average of the
    /// session. Sessions of which nothing would go are left out.
    pub async fn removable(&self, before: Timestamp) -> Result<Vec<(SessionId, Removal)>> {
        self.read(move |conn| removable(conn, before)).await
    }
}

/// The key from which on a session's messages stay, when those before `before` go; `None` when
/// all stay, as they do where they could not be fetched again.
pub(crate) fn kept_from(
    conn: &Connection,
    session: i64,
    before: Timestamp,
) -> Result<Option<MessageKey>> {
    let shown: bool = conn
        .prepare_cached("SELECT no_access = 0 AND missing_lists = 0 FROM sessions WHERE key = ?1")?
        .query_row([session], |row| row.get(0))?;
    if !shown {
        return Ok(None);
    }
    let floor = conn
        .prepare_cached(
            "SELECT created_at, id FROM messages
             WHERE session = ?1 AND deleted = 0 AND unsent = 0
             ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET ?2",
        )?
        .query_row(params![session, kept(conn, session)? - 1], |row| {
            Ok(MessageKey {
                at: decode::time(row, 0)?,
                id: decode::message_id(row, 1)?,
            })
        })
        .optional()?;
    let before = MessageKey {
        at: before,
        id: MessageId::from_uuid(uuid::Uuid::nil()),
    };
    Ok(floor.map(|floor| floor.min(before)))
}

/// How many of a session's newest messages stay in any case.
fn kept(conn: &Connection, session: i64) -> Result<i64> {
    let pinned = conn
        .prepare_cached("SELECT pinned FROM session_marks WHERE session = ?1")?
        .query_row([session], |row| row.get(0))
        .optional()?;
    Ok(if pinned == Some(true) { PINNED_PAGE } else { 1 })
}

fn removable(conn: &Connection, before: Timestamp) -> Result<Vec<(SessionId, Removal)>> {
    let mut sizes = conn.prepare_cached(
        "SELECT s.id, z.session, z.messages, z.bytes FROM session_sizes z
         JOIN sessions s ON s.key = z.session WHERE z.messages > 0",
    )?;
    let mut older = conn.prepare_cached(
        "SELECT count(*) FROM messages
         WHERE session = ?1 AND deleted = 0 AND unsent = 0 AND (created_at, id) < (?2, ?3)",
    )?;
    let mut rows = sizes.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (session, all, bytes): (i64, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let Some(end) = kept_from(conn, session, before)? else {
            continue;
        };
        let messages: i64 = older.query_row(
            params![session, end.at.as_micros(), end.id.as_uuid().as_bytes()],
            |row| row.get(0),
        )?;
        if messages > 0 {
            let removal = Removal {
                messages: messages.unsigned_abs(),
                bytes: share(bytes, messages, all),
                sessions: 1,
            };
            found.push((decode::session_id(row, 0)?, removal));
        }
    }
    Ok(found)
}

/// Before when to remove, so that messages come down to `most` bytes with what they take beside
/// their text. Prices have limits of their own, and what cannot be fetched again stays: neither
/// counts, or it would be made room for again and again until no message is left. Walks the index
/// of the messages' order once, and only when there is too much.
fn cutoff(conn: &Connection, most: u64) -> Result<Option<Timestamp>> {
    let used: i64 = conn.query_row(
        "SELECT (page_count - freelist_count) * page_size
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        [],
        |row| row.get(0),
    )?;
    let (messages, bytes, all): (i64, i64, i64) = conn.query_row(
        "SELECT coalesce(sum(z.messages) FILTER (WHERE s.no_access = 0 AND s.missing_lists = 0), 0),
             coalesce(sum(z.bytes) FILTER (WHERE s.no_access = 0 AND s.missing_lists = 0), 0),
             coalesce(sum(z.bytes), 0)
         FROM session_sizes z JOIN sessions s ON s.key = z.session",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if used.unsigned_abs() <= most || messages <= 0 || bytes <= 0 {
        return Ok(None);
    }
    let mut used = used.unsigned_abs();
    for level in Level::ALL {
        used = used.saturating_sub(level_size(conn, level.sql().table)?.bytes);
    }
    let used = in_proportion(used, bytes, all);
    if used <= most {
        return Ok(None);
    }
    // What a message takes beside its text (indexes, the search index) goes with it.
    let excess = in_proportion(used - most, bytes, i64::try_from(used).unwrap_or(i64::MAX));
    let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
    let mut walk = conn.prepare_cached(
        "SELECT m.created_at / ?1 AS hour, count(*), z.messages, z.bytes
         FROM messages m JOIN session_sizes z ON z.session = m.session
         JOIN sessions s ON s.key = m.session
         WHERE m.deleted = 0 AND m.unsent = 0 AND s.no_access = 0 AND s.missing_lists = 0
         GROUP BY m.session, hour",
    )?;
    let mut rows = walk.query([HOUR])?;
    while let Some(row) = rows.next()? {
        let (hour, count): (i64, i64) = (row.get(0)?, row.get(1)?);
        *hours.entry(hour).or_default() += share(row.get(3)?, count, row.get(2)?);
    }
    let mut gone = 0_u64;
    for (hour, bytes) in hours {
        gone = gone.saturating_add(bytes);
        if gone >= excess {
            return Ok(Some(Timestamp::from_micros(
                (hour + 1).saturating_mul(HOUR),
            )));
        }
    }
    Ok(Some(Timestamp::MAX))
}

/// What `part` of `all` messages takes, by the average.
fn share(bytes: i64, part: i64, all: i64) -> u64 {
    let share = i128::from(bytes) * i128::from(part) / i128::from(all.max(1));
    u64::try_from(share).unwrap_or(0)
}

/// As much of `whole` as `part` is of `all`.
fn in_proportion(whole: u64, part: i64, all: i64) -> u64 {
    share(i64::try_from(whole).unwrap_or(i64::MAX), part, all)
}
