//! The unsent writes of a damaged cache.
//!
//! What waits in the outbox stands there in full. A message or a session that the server has not
//! confirmed stands a second time, among the messages and sessions, so that one unreadable page
//! does not take it away.

use std::collections::{BTreeMap, HashSet};

use rusqlite::Row;
use tidings_model::{Message, Session, Timestamp};

use super::{Damaged, text};
use crate::error::Result;
use crate::read::{decode, outbox};
use crate::types::outbox::{Op, OutboxState, Payload};

/// How many rows of the outbox are found unreadable one by one before the search is given up:
/// more than stand on a few pages.
const MOST_UNREADABLE: usize = 1_000;

/// A write that waited.
pub(super) struct Unsent {
    pub payload: Payload,
    pub state: OutboxState,
    pub created_at: Timestamp,
    pub attempts: i64,
}

/// What can be read, in the order written, and whether it is surely all.
pub(super) fn read(old: &mut Damaged<'_>) -> (Vec<Unsent>, bool) {
    let (found, whole) = outbox(old);
    let mut rows: Vec<Unsent> = found.into_values().collect();
    if !whole {
        let mut second = elsewhere(old);
        let known: HashSet<String> = rows.iter().map(|row| made(&row.payload.op)).collect();
        second.retain(|row| !known.contains(&made(&row.payload.op)));
        // A session is made before anything is written in it; what waits in the outbox comes
        // after what it may refer to.
        second.append(&mut rows);
        rows = second;
    }
    (rows, whole)
}

/// What a write makes, in a word; writes that make nothing have none of their own.
fn made(op: &Op) -> String {
    match op {
        Op::InsertMessage(message) => message.id.to_string(),
        Op::CreateSession(session) => session.id.to_string(),
        _ => String::new(),
    }
}

/// The rows of the outbox by their ids. A page that cannot be read hides only its own rows: the
/// table is followed from both ends, and what lies between is looked for row by row.
fn outbox(old: &mut Damaged<'_>) -> (BTreeMap<i64, Unsent>, bool) {
    let mut found = BTreeMap::new();
    let Err(forward) = follow(old, "ORDER BY id", &mut found) else {
        return (found, true);
    };
    tracing::error!(error = %forward, "a part of the damaged outbox could not be read");
    let below = found.keys().next_back().copied().unwrap_or(0);
    if let Err(backward) = follow(old, "ORDER BY id DESC", &mut found) {
        tracing::error!(error = %backward, "nor could another part");
    }
    let above = found.range(below + 1..).next().map(|(id, _)| *id);
    let newest = old.ask(|old| {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'";
        Ok(old.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    let end = above.or(newest.ok().map(|id| id + 1)).unwrap_or(below + 1);
    let mut unreadable = 0;
    for id in below + 1..end {
        if follow(old, &format!("WHERE id = {id}"), &mut found).is_err() {
            unreadable += 1;
        }
        if unreadable == MOST_UNREADABLE {
            break;
        }
    }
    (found, false)
}

/// Reads rows of the outbox until one cannot be read.
fn follow(old: &mut Damaged<'_>, which: &str, found: &mut BTreeMap<i64, Unsent>) -> Result<()> {
    old.ask(|old| {
        let mut statement = old.prepare(&format!(
            "SELECT id, payload, state, error_code, error_message, 0, created_at, attempts
             FROM outbox {which}"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let unsent = Unsent {
                payload: outbox::payload(row, 1)?,
                state: outbox::state(row, 2)?,
                created_at: decode::time(row, 6)?,
                attempts: row.get(7)?,
            };
            found.insert(row.get(0)?, unsent);
        }
        Ok(())
    })
}

/// Sessions and messages that only this device has, from their own tables.
fn elsewhere(old: &mut Damaged<'_>) -> Vec<Unsent> {
    let mut found = Vec::new();
    collect(
        old,
        "SELECT s.id, u.id, s.title, s.status, s.last_activity, s.created_at, s.updated_at,
             s.metadata
         FROM sessions s JOIN users u ON u.key = s.owner WHERE s.unsent = 1 ORDER BY s.key",
        session,
        &mut found,
    );
    // The partial index may be what cannot be read, or the rest of the table.
    for way in ["INDEXED BY messages_unsent", "NOT INDEXED"] {
        let before = found.len();
        let whole = collect(
            old,
            &format!(
                "SELECT m.id, s.id, u.id, m.content, m.role, m.metadata, m.created_at,
                     m.updated_at, m.status, m.kind
                 FROM messages m {way} JOIN sessions s ON s.key = m.session
                 JOIN users u ON u.key = m.author WHERE m.unsent = 1"
            ),
            message,
            &mut found,
        );
        // Their keys, times and ids say in which order they were written.
        found[before..].sort_by_key(|unsent| unsent.created_at);
        if whole {
            break;
        }
    }
    let mut seen = HashSet::new();
    found.retain(|unsent| seen.insert(made(&unsent.payload.op)));
    found
}

fn collect(
    old: &mut Damaged<'_>,
    sql: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<Payload>,
    found: &mut Vec<Unsent>,
) -> bool {
    let mut whole = true;
    let result = old.ask(|old| {
        let mut statement = old.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let payload = match read(row) {
                Ok(payload) => payload,
                Err(error) => {
                    tracing::error!(%error, "what is not confirmed can be read in part only");
                    whole = false;
                    continue;
                }
            };
            let created_at = match &payload.op {
                Op::InsertMessage(message) => message.created_at,
                Op::CreateSession(session) => session.created_at,
                _ => continue,
            };
            found.push(Unsent {
                payload,
                state: OutboxState::Queued,
                created_at,
                // It may have been sent; the server knows by its id.
                attempts: 1,
            });
        }
        Ok(())
    });
    if let Err(error) = &result {
        tracing::error!(%error, "nor could a part of what is not confirmed");
    }
    whole && result.is_ok()
}

fn session(row: &Row<'_>) -> rusqlite::Result<Payload> {
    let id = decode::session_id(row, 0)?;
    let account = decode::user_id(row, 1)?;
    let session = Session {
        id: id.clone(),
        user_id: Some(account.clone()),
        title: text(row, 2)?,
        status: decode::session_status(row, 3)?,
        last_activity: decode::time(row, 4)?,
        created_at: decode::time(row, 5)?,
        updated_at: decode::time(row, 6)?,
        metadata: decode::json(row, 7)?,
    };
    Ok(Payload {
        session: id,
        account,
        op: Op::CreateSession(session),
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<Payload> {
    let session = decode::session_id(row, 1)?;
    let account = decode::user_id(row, 2)?;
    let message = Message {
        id: decode::message_id(row, 0)?,
        session_id: session.clone(),
        user_id: Some(account.clone()),
        content: text(row, 3)?.unwrap_or_default(),
        role: decode::role(row, 4)?,
        metadata: decode::json(row, 5)?,
        created_at: decode::time(row, 6)?,
        updated_at: decode::time(row, 7)?,
        status: decode::message_status(row, 8)?,
        kind: decode::message_kind(row, 9)?,
    };
    Ok(Payload {
        session,
        account,
        op: Op::InsertMessage(message),
    })
}
