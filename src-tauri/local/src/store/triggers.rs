//! What the triggers of `supabase/migrations` do around a write, before its policies are asked.

use super::error::{PgError, StoreError};
use super::schema::{CHAT_MESSAGES, CHAT_SESSIONS, Table};
use super::sync;
use super::value::Row;
use super::write::WriteTx;
use crate::auth::Claims;

/// Whether a write goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Go,
    /// The row is left out, and that is no error.
    Skip,
}

/// The tables that have triggers.
enum Subject {
    Session,
    Message,
    Other,
}

impl Subject {
    fn of(table: &Table) -> Self {
        match table.name {
            name if name == CHAT_SESSIONS.name => Self::Session,
            name if name == CHAT_MESSAGES.name => Self::Message,
            _ => Self::Other,
        }
    }
}

/// Before `row` is inserted on behalf of `claims`; may change it.
pub(super) fn before_insert(
    tx: &WriteTx<'_>,
    claims: &Claims,
    row: &mut Row,
) -> Result<Verdict, StoreError> {
    if !tx.parts().sync {
        return Ok(Verdict::Go);
    }
    match Subject::of(row.table) {
        Subject::Session => sync::before_session_insert(tx, row),
        Subject::Message => sync::before_message_insert(tx, claims, row),
        Subject::Other => Ok(Verdict::Go),
    }
}

/// Before `old` becomes `new`; may change the latter.
pub(super) fn before_update(
    tx: &WriteTx<'_>,
    old: &Row,
    new: &mut Row,
) -> Result<Verdict, StoreError> {
    if !tx.parts().sync {
        return Ok(Verdict::Go);
    }
    match Subject::of(new.table) {
        Subject::Session if old.key() != new.key() => {
            Err(PgError::new("0A000", "the id of a session cannot be changed".to_owned()).into())
        }
        Subject::Session => sync::before_session_update(tx, new).map(|()| Verdict::Go),
        Subject::Message => sync::before_message_update(tx, old, new),
        Subject::Other => Ok(Verdict::Go),
    }
}

/// After `old` became `new`.
pub(super) fn after_update(tx: &WriteTx<'_>, old: &Row, new: &Row) -> Result<(), StoreError> {
    match Subject::of(new.table) {
        Subject::Message if tx.parts().sync => sync::after_message_update(tx, old, new),
        _ => Ok(()),
    }
}

/// Before `row` is deleted.
pub(super) fn before_delete(tx: &WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    match Subject::of(row.table) {
        Subject::Session if tx.parts().sync => sync::before_session_delete(tx, row),
        _ => Ok(()),
    }
}

/// After `row` was deleted.
pub(super) fn after_delete(tx: &mut WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    if !tx.parts().sync {
        return Ok(());
    }
    match Subject::of(row.table) {
        Subject::Session => sync::after_session_delete(tx, row),
        Subject::Message => sync::after_message_delete(tx, row),
        Subject::Other => Ok(()),
    }
}
