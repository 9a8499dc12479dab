//! What one's own unconfirmed writes add to the rows that the server has.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use tidings_model::UserId;

use super::{decode, outbox};
use crate::error::Result;
use crate::types::chat::OwnState;
use crate::types::outbox::{Op, OutboxState};

/// Writes that wait on one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Place of the insert in the outbox, which orders unsent messages.
    pub insert: Option<i64>,
    /// New content.
    pub content: Option<String>,
    /// State of the newest write.
    pub state: OwnState,
}

/// Writes that wait in a session, by key of the message.
pub(crate) fn pending(
    conn: &Connection,
    session: i64,
    account: Option<&UserId>,
) -> Result<HashMap<i64, Pending>> {
    let mut statement = conn.prepare_cached(
        "SELECT o.message, o.id, o.payload, o.state, o.error_code, o.error_message, o.held,
             o.created_at
         FROM outbox o JOIN users u ON u.key = o.account
         WHERE o.session = ?1 AND o.message IS NOT NULL AND (?2 IS NULL OR u.id = ?2)
         ORDER BY o.id",
    )?;
    let mut rows = statement.query(params![session, account.map(UserId::as_str)])?;
    let mut found: HashMap<i64, Pending> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (message, id): (i64, i64) = (row.get(0)?, row.get(1)?);
        let op = outbox::payload(row, 2)?.op;
        let state = match outbox::state(row, 3)? {
            OutboxState::Queued => OwnState::Queued,
            OutboxState::Held => OwnState::Held {
                written: decode::time(row, 7)?,
            },
            OutboxState::Sending => OwnState::Sending,
            OutboxState::Failed(reason) => OwnState::Failed(reason),
        };
        let entry = found.entry(message).or_insert_with(|| Pending {
            insert: None,
            content: None,
            state: state.clone(),
        });
        entry.state = state;
        match op {
            Op::InsertMessage(_) => entry.insert = Some(id),
            Op::EditMessage { content, .. } => entry.content = Some(content),
            Op::DeleteMessage { .. }
            | Op::CreateSession(_)
            | Op::UpdateSession { .. }
            | Op::DeleteSession => {}
        }
    }
    Ok(found)
}
