//! A range that was read whole: its rows, and what is no longer among them.

use std::collections::HashSet;

use rusqlite::params;
use tidings_model::{MessageId, Timestamp};

use super::ranges::{self, Range, START, Tail};
use super::{Tx, ingest, retention};
use crate::error::{CacheError, Result};
use crate::types::fact::{Column, Incoming, IngestReport, Source};
use crate::types::page::{MessageKey, Window};

/// Takes a window in.
pub(crate) fn apply(tx: &mut Tx<'_>, mut window: Window) -> Result<IngestReport> {
    let floor = match tx.find_session(&window.session)? {
        Some(session) => retention::removed_to(tx, session)?,
        None => None,
    };
    if let Some(floor) = floor {
        leave_out(tx, &mut window, floor)?;
    }
    let source = Source::Rest(window.read);
    let answered: HashSet<MessageId> = window.rows.iter().map(|row| row.id).collect();
    let newest = window
        .rows
        .iter()
        .filter_map(|row| match row.created_at {
            Column::Value(at) => Some(MessageKey { at, id: row.id }),
            Column::Absent | Column::Null => None,
        })
        .max();
    let rows = window
        .rows
        .into_iter()
        .map(|row| Incoming::Message { row, source })
        .collect();
    let mut report = ingest::ingest(tx, rows)?;
    if !window.authenticated {
        return Ok(report);
    }
    let session = tx
        .find_session(&window.session)?
        .ok_or(CacheError::NotFound("session"))?;

    let missing = missing(tx, session, window.older, window.newer, &answered)?;
    let gone = missing
        .into_iter()
        .map(|id| Incoming::MessageDeleted { id, source })
        .collect();
    let removed = ingest::ingest(tx, gone)?;
    report.changed += removed.changed;
    report.reread.messages.extend(removed.reread.messages);

    let known = ranges::load(tx, session)?;
    // A range that begins with a key says that its row is known, which the last one taken off is not.
    let lowest = floor.map_or(START, MessageKey::next);
    let older = window.older.unwrap_or(START).max(lowest);
    if window.newer.is_some_and(|newer| newer < older) {
        return Ok(report);
    }
    let newer = window.newer.unwrap_or_else(|| {
        let end = known.last().map_or(older, |range| range.newer);
        end.max(newest.unwrap_or(older)).max(older)
    });
    let range = Range {
        older,
        newer,
        verified_at: window.verified_at,
        tail: match window.newer {
            None => Tail::of_end(window.live),
            Some(_) => Tail::Missing,
        },
    };
    let ranges = ranges::joined(ranges::overlay(&known, range), window.apart_from);
    if ranges != known {
        ranges::save(tx, session, &ranges)?;
    }
    Ok(report)
}

/// Leaves out what was taken off this computer on purpose, unless it is here again.
fn leave_out(tx: &Tx<'_>, window: &mut Window, floor: MessageKey) -> Result<()> {
    let mut here = tx
        .conn
        .prepare_cached("SELECT count(*) FROM messages WHERE id = ?1")?;
    let mut kept = Vec::with_capacity(window.rows.len());
    for row in std::mem::take(&mut window.rows) {
        let old =
            matches!(row.created_at, Column::Value(at) if MessageKey { at, id: row.id } <= floor);
        if !old || here.query_row([row.id.as_uuid().as_bytes()], |found| found.get(0))? {
            kept.push(row);
        }
    }
    window.rows = kept;
    Ok(())
}

/// Messages cached in the range that the answer did not have. Those that arrived after the
/// read began stay by the order of facts.
fn missing(
    tx: &Tx<'_>,
    session: i64,
    older: Option<MessageKey>,
    newer: Option<MessageKey>,
    answered: &HashSet<MessageId>,
) -> Result<Vec<MessageId>> {
    let older = older.unwrap_or(START);
    let newer = newer.unwrap_or(MessageKey {
        at: Timestamp::MAX,
        id: MessageId::from_uuid(uuid::Uuid::max()),
    });
    let mut statement = tx.conn.prepare_cached(
        "SELECT id FROM messages
         WHERE session = ?1 AND deleted = 0 AND unsent = 0
           AND (created_at, id) >= (?2, ?3) AND (created_at, id) <= (?4, ?5)",
    )?;
    let ids = statement.query_map(
        params![
            session,
            older.at.as_micros(),
            older.id.as_uuid().as_bytes(),
            newer.at.as_micros(),
            newer.id.as_uuid().as_bytes(),
        ],
        |row| crate::read::decode::message_id(row, 0),
    )?;
    let mut missing = Vec::new();
    for id in ids {
        let id = id?;
        if !answered.contains(&id) {
            missing.push(id);
        }
    }
    Ok(missing)
}
