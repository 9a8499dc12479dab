//! The list of sessions as a whole, and sessions taken off this computer.

use std::collections::HashSet;

use rusqlite::params;
use tidings_model::SessionId;

use super::{Tx, members};
use crate::error::{CacheError, Result};
use crate::types::fact::ReadStamp;

/// Complete lists that have to lack a session before it counts as out of reach.
pub(super) const LISTS: i64 = 2;

/// Compares the cached sessions with a complete list.
pub(crate) fn listed(
    tx: &mut Tx<'_>,
    ids: &[SessionId],
    read: ReadStamp,
) -> Result<Vec<SessionId>> {
    let ids: HashSet<&SessionId> = ids.iter().collect();
    let cached: Vec<(i64, SessionId, i64, bool, i64)> = tx
        .conn
        .prepare_cached(
            "SELECT key, id, missing_lists, no_access, stamp FROM sessions
             WHERE deleted = 0 AND unsent = 0",
        )?
        .query_map([], |row| {
            let id = crate::read::decode::session_id(row, 1)?;
            Ok((row.get(0)?, id, row.get(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut lost = Vec::new();
    let mut update = tx
        .conn
        .prepare_cached("UPDATE sessions SET missing_lists = ?2, no_access = ?3 WHERE key = ?1")?;
    for (key, id, missing, no_access, stamp) in cached {
        if ids.contains(&id) {
            if missing > 0 || no_access {
                members::let_in_again(tx, key)?;
                update.execute(params![key, 0, false])?;
                tx.changes.sessions.insert(id);
            }
        } else if stamp < read.began.0 && missing < LISTS {
            // One that appeared while the list was read is not missing from it.
            let missing = missing + 1;
            update.execute(params![key, missing, missing >= LISTS])?;
            if missing >= LISTS && !no_access {
                members::shut_out(tx, key)?;
                tx.changes.sessions.insert(id.clone());
                lost.push(id);
            }
        }
    }
    Ok(lost)
}

/// What stood in a session, which finds it by an index.
pub(crate) const REMOVE_MESSAGES: &str = "DELETE FROM messages WHERE session = ?1";
/// The session's row, of which it is checked that no message refers to it.
pub(crate) const REMOVE_ROW: &str = "DELETE FROM sessions WHERE key = ?1";

/// Takes away sessions that the project has deleted, once nothing of them is left.
pub(crate) const FORGET_GONE: &str = "DELETE FROM sessions WHERE deleted = 1
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.session = sessions.key)
    AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.session = sessions.key)";

/// Takes a session and everything of it away.
pub(crate) fn remove(tx: &mut Tx<'_>, id: &SessionId) -> Result<()> {
    let key = tx
        .find_session(id)?
        .ok_or(CacheError::NotFound("session"))?;
    let queued = tx
        .conn
        .prepare_cached("DELETE FROM outbox WHERE session = ?1")?
        .execute([key])?;
    tx.changes.outbox |= queued > 0;
    tx.conn.prepare_cached(REMOVE_MESSAGES)?.execute([key])?;
    // Ranges, the read position, the draft and the marks go with the row.
    tx.conn.prepare_cached(REMOVE_ROW)?.execute([key])?;
    // Shown by the project again, it is read anew.
    super::heads::forget(tx, id)?;
    tx.forget_session(key);
    tx.changes.sessions.insert(id.clone());
    Ok(())
}
