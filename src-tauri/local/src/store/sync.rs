//! The sync part: what `supabase/migrations/…_sync.sql` does with triggers and a view.
//!
//! There is one writer, so a head needs no lock here: whatever a transaction writes is committed
//! before the next one begins.

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::schema::CHAT_SYNC_HEADS;
use super::triggers::Verdict;
use super::value::{Row, Value};
use super::write::WriteTx;
use super::{parts, policy, read};
use crate::auth::Claims;

/// The version that `chat_sync_digest` tells.
const VERSION: i64 = 1;

/// The id of a session that is gone does not come back. A row that is there already takes no
/// revision: the insert is about to be refused, ignored, or made an update.
pub(super) fn before_session_insert(
    tx: &WriteTx<'_>,
    row: &mut Row,
) -> Result<Verdict, StoreError> {
    let key = row.key().clone();
    let Some(id) = key.as_str() else {
        return Ok(Verdict::Go);
    };
    if head_is_gone(tx.connection(), id)? {
        return Ok(Verdict::Skip);
    }
    if tx.find(row.table, &key)?.is_none() {
        let rev = next_rev(tx.connection(), id)?;
        row.set("rev", Value::Int(rev));
    }
    Ok(Verdict::Go)
}

pub(super) fn before_session_update(tx: &WriteTx<'_>, new: &mut Row) -> Result<(), StoreError> {
    let key = new.key().clone();
    if let Some(id) = key.as_str() {
        let rev = next_rev(tx.connection(), id)?;
        new.set("rev", Value::Int(rev));
    }
    new.set("updated_at", Value::Time(tx.now()));
    Ok(())
}

/// Remembers who could read the session.
pub(super) fn before_session_delete(tx: &WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO sync_gone (user_id, session_id) \
             SELECT user_id, id FROM chat_sessions WHERE id = ?1 AND user_id IS NOT NULL \
             UNION SELECT user_id, session_id FROM chat_session_members WHERE session_id = ?1 \
             ON CONFLICT DO NOTHING",
        )?
        .execute([row.key()])?;
    Ok(())
}

/// Takes the session's messages along.
pub(super) fn after_session_delete(tx: &mut WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    let Some(id) = row.key().as_str() else {
        return Ok(());
    };
    next_rev(tx.connection(), id)?;
    tx.connection()
        .prepare_cached("UPDATE chat_sync_heads SET gone = 1 WHERE session_id = ?1")?
        .execute([id])?;
    let messages = read::rows(
        tx.connection(),
        tx.parts().messages(),
        "WHERE session_id = ?1 ORDER BY rowid",
        [id],
    )?;
    for message in messages {
        tx.delete(message)?;
    }
    tx.connection()
        .prepare_cached("DELETE FROM chat_tombstones WHERE session_id = ?1")?
        .execute([id])?;
    Ok(())
}

/// An insert into a session that is gone is left out, and so is one of a message that was
/// deleted there, as far as its writer may know of the deletion.
pub(super) fn before_message_insert(
    tx: &WriteTx<'_>,
    claims: &Claims,
    row: &mut Row,
) -> Result<Verdict, StoreError> {
    let Some(session) = row.get("session_id").as_str().map(str::to_owned) else {
        return Ok(Verdict::Go);
    };
    let connection = tx.connection();
    if head_is_gone(connection, &session)? {
        return Ok(Verdict::Skip);
    }
    let buried = connection
        .prepare_cached("SELECT 1 FROM chat_tombstones WHERE session_id = ?1 AND id = ?2")?
        .exists(params![session, row.key()])?;
    if buried && policy::sees_session(connection, claims, &session)? {
        return Ok(Verdict::Skip);
    }
    if tx.find(row.table, row.key())?.is_none() {
        let rev = next_rev(connection, &session)?;
        row.set("rev", Value::Int(rev));
    }
    Ok(Verdict::Go)
}

pub(super) fn before_message_update(
    tx: &WriteTx<'_>,
    old: &Row,
    new: &mut Row,
) -> Result<Verdict, StoreError> {
    let Some(session) = new.get("session_id").as_str().map(str::to_owned) else {
        return Ok(Verdict::Go);
    };
    if old.get("session_id") != new.get("session_id") && head_is_gone(tx.connection(), &session)? {
        return Ok(Verdict::Skip);
    }
    let rev = next_rev(tx.connection(), &session)?;
    new.set("rev", Value::Int(rev));
    new.set("updated_at", Value::Time(tx.now()));
    Ok(Verdict::Go)
}

/// A change of the session is a deletion in the one and an insert in the other.
pub(super) fn after_message_update(
    tx: &WriteTx<'_>,
    old: &Row,
    new: &Row,
) -> Result<(), StoreError> {
    let moved = old.get("session_id") != new.get("session_id") || old.key() != new.key();
    if !moved {
        return Ok(());
    }
    tx.connection()
        .prepare_cached("DELETE FROM chat_tombstones WHERE session_id = ?1 AND id = ?2")?
        .execute(params![new.get("session_id"), new.key()])?;
    bury(tx, old)
}

pub(super) fn after_message_delete(tx: &WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    bury(tx, row)
}

/// Leaves a tombstone for a message, unless its session is gone.
fn bury(tx: &WriteTx<'_>, message: &Row) -> Result<(), StoreError> {
    let Some(session) = message.get("session_id").as_str() else {
        return Ok(());
    };
    if head_is_gone(tx.connection(), session)? {
        return Ok(());
    }
    let rev = next_rev(tx.connection(), session)?;
    tx.connection()
        .prepare_cached(
            "INSERT INTO chat_tombstones (session_id, id, rev, deleted_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (session_id, id) \
             DO UPDATE SET rev = excluded.rev, deleted_at = excluded.deleted_at",
        )?
        .execute(params![session, message.key(), rev, Value::Time(tx.now())])?;
    Ok(())
}

fn head_is_gone(connection: &Connection, session: &str) -> rusqlite::Result<bool> {
    let gone: Option<bool> = connection
        .prepare_cached("SELECT gone FROM chat_sync_heads WHERE session_id = ?1")?
        .query_row([session], |row| row.get(0))
        .optional()?;
    Ok(gone.unwrap_or_default())
}

/// The next revision of a session, whose head is made when it is missing.
pub(super) fn next_rev(connection: &Connection, session: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO chat_sync_heads (session_id, last_rev, gone) VALUES (?1, 1, 0) \
             ON CONFLICT (session_id) DO UPDATE SET last_rev = last_rev + 1 RETURNING last_rev",
        )?
        .query_row([session], |row| row.get(0))
}

/// The one row of `chat_sync_digest` as `claims` see it: its values in the order of the columns.
pub(crate) fn digest(connection: &Connection, claims: &Claims) -> rusqlite::Result<[Value; 4]> {
    let visible = policy::select(claims, &CHAT_SYNC_HEADS);
    let rest = format!("WHERE {} ORDER BY session_id", visible.sql);
    let heads = read::rows(
        connection,
        &CHAT_SYNC_HEADS,
        &rest,
        params_from_iter(&visible.parameters),
    )?;
    let mut hash = Sha256::new();
    for head in &heads {
        let (Some(id), Value::Int(rev), Value::Bool(gone)) =
            (head.key().as_str(), head.get("last_rev"), head.get("gone"))
        else {
            continue;
        };
        let gone = if *gone { 't' } else { 'f' };
        hash.update(format!("{}:{id}:{rev}:{gone}", id.len()));
    }
    let epoch = parts::epoch(connection)?
        .and_then(|text| text.parse().ok())
        .map_or(Value::Null, Value::Uuid);
    Ok([
        Value::Int(VERSION),
        epoch,
        Value::Int(i64::try_from(heads.len()).unwrap_or(i64::MAX)),
        Value::Text(data_encoding::HEXLOWER.encode(&hash.finalize())),
    ])
}
