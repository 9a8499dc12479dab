//! What the triggers of `supabase/migrations` do around a write, before its policies are asked.

use super::error::{PgError, StoreError};
use super::schema::TableId;
use super::value::Row;
use super::write::WriteTx;
use super::{members, sync};
use crate::auth::{Claims, Role};

/// Whether a write goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Go,
    /// The row is left out, and that is no error.
    Skip,
}

/// Before `row` is inserted on behalf of `claims`; may change it.
pub(super) fn before_insert(
    tx: &WriteTx<'_>,
    claims: &Claims,
    row: &mut Row,
) -> Result<Verdict, StoreError> {
    match row.table.id {
        TableId::Sessions if tx.parts().sync => sync::before_session_insert(tx, row),
        TableId::Messages if tx.parts().sync => sync::before_message_insert(tx, claims, row),
        _ => Ok(Verdict::Go),
    }
}

/// After `row` was inserted.
pub(super) fn after_insert(tx: &mut WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    match row.table.id {
        TableId::Sessions if tx.parts().members => members::follow_owner(tx, row),
        TableId::Members => members::count_revision(tx, row),
        _ => Ok(()),
    }
}

/// Before `old` becomes `new` on behalf of `claims`; may change the latter.
pub(super) fn before_update(
    tx: &WriteTx<'_>,
    claims: &Claims,
    old: &Row,
    new: &mut Row,
) -> Result<Verdict, StoreError> {
    let table = new.table.id;
    if tx.parts().members && matches!(table, TableId::Sessions | TableId::Messages) {
        members::freeze(claims, old, new)?;
    }
    if !tx.parts().sync {
        return Ok(Verdict::Go);
    }
    match table {
        TableId::Sessions if old.key() != new.key() => {
            let message = "the id of a session cannot be changed";
            Err(PgError::new("0A000", message.to_owned()).into())
        }
        TableId::Sessions => sync::before_session_update(tx, new).map(|()| Verdict::Go),
        TableId::Messages => sync::before_message_update(tx, old, new),
        _ => Ok(Verdict::Go),
    }
}

/// After `old` became `new`.
pub(super) fn after_update(tx: &mut WriteTx<'_>, old: &Row, new: &Row) -> Result<(), StoreError> {
    match new.table.id {
        TableId::Sessions if tx.parts().members && old.get("user_id") != new.get("user_id") => {
            members::follow_owner(tx, new)
        }
        TableId::Messages if tx.parts().sync => sync::after_message_update(tx, old, new),
        TableId::Members => members::count_revision(tx, new),
        _ => Ok(()),
    }
}

/// Before `row` is deleted.
pub(super) fn before_delete(tx: &WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    match row.table.id {
        TableId::Sessions if tx.parts().sync => sync::before_session_delete(tx, row),
        _ => Ok(()),
    }
}

/// After `row` was deleted.
pub(super) fn after_delete(tx: &mut WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    let parts = tx.parts();
    match row.table.id {
        TableId::Sessions => {
            if parts.members {
                members::follow_deletion(tx, row)?;
            }
            if parts.sync {
                sync::after_session_delete(tx, row)?;
            }
            Ok(())
        }
        TableId::Messages if parts.sync => sync::after_message_delete(tx, row),
        TableId::Members => members::count_revision(tx, row),
        _ => Ok(()),
    }
}

/// Constraints beyond those of single columns and the primary key, of a row about to be stored
/// in the place of `old`, or as a new one.
pub(super) fn check(
    tx: &WriteTx<'_>,
    claims: &Claims,
    old: Option<&Row>,
    new: &Row,
) -> Result<(), StoreError> {
    match new.table.id {
        TableId::Members | TableId::Invites => members::check(tx, new),
        TableId::Sessions if tx.parts().members && claims.role == Role::ServiceRole => {
            members::check_key(tx, old, new)
        }
        _ => Ok(()),
    }
}
