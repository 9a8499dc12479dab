//! The outbox as it is read.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tidings_model::{SessionId, UserId};

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::types::outbox::{FailReason, Op, OutboxId, OutboxItem, OutboxState, Payload};

const COLUMNS: &str =
    "o.id, o.payload, o.state, o.error_code, o.error_message, o.held, o.attempts, o.created_at,
    coalesce(o.counts_from, o.created_at)";

impl Cache {
    /// Everything of the account that waits, in the order written.
    pub async fn outbox_list(&self) -> Result<Vec<OutboxItem>> {
        let Some(account) = self.account() else {
            return Ok(Vec::new());
        };
        self.read(move |conn| list(conn, &account, None)).await
    }

    /// One row of the outbox.
    pub async fn outbox_item(&self, id: OutboxId) -> Result<Option<OutboxItem>> {
        self.read(move |conn| by_id(conn, id)).await
    }

    /// What a session's sender does next; `None` while something of it is under way or waits for
    /// the user's word, and while the session itself could not be made.
    pub async fn next_for(&self, session: SessionId) -> Result<Option<OutboxItem>> {
        let Some(account) = self.account() else {
            return Ok(None);
        };
        self.read(move |conn| Ok(next(list(conn, &account, Some(&session))?)))
            .await
    }

    /// Sessions for which [`Self::next_for`] has something.
    pub async fn sessions_with_work(&self) -> Result<Vec<SessionId>> {
        let mut sessions: Vec<(SessionId, Vec<OutboxItem>)> = Vec::new();
        for item in self.outbox_list().await? {
            match sessions.iter_mut().find(|(id, _)| *id == item.session) {
                Some((_, items)) => items.push(item),
                None => sessions.push((item.session.clone(), vec![item])),
            }
        }
        Ok(sessions
            .into_iter()
            .filter_map(|(session, items)| next(items).map(|_| session))
            .collect())
    }
}

/// The first write that may go.
fn next(items: Vec<OutboxItem>) -> Option<OutboxItem> {
    for item in items {
        match (&item.state, &item.op) {
            (OutboxState::Sending | OutboxState::Held, _)
            | (OutboxState::Failed(_), Op::CreateSession(_)) => return None,
            (OutboxState::Failed(_), _) => {}
            (OutboxState::Queued, _) => return Some(item),
        }
    }
    None
}

pub(crate) fn by_id(conn: &Connection, id: OutboxId) -> Result<Option<OutboxItem>> {
    let sql = format!("SELECT {COLUMNS} FROM outbox o WHERE o.id = ?1");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id.0], item)
        .optional()?)
}

/// The account's writes, in order.
pub(crate) fn list(
    conn: &Connection,
    account: &UserId,
    session: Option<&SessionId>,
) -> Result<Vec<OutboxItem>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox o
         JOIN users u ON u.key = o.account JOIN sessions s ON s.key = o.session
         WHERE u.id = ?1 AND (?2 IS NULL OR s.id = ?2) ORDER BY o.id"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let session = session.map(SessionId::as_str);
    let items = statement.query_map(params![account.as_str(), session], item)?;
    Ok(items.collect::<rusqlite::Result<_>>()?)
}

fn item(row: &Row<'_>) -> rusqlite::Result<OutboxItem> {
    let payload = payload(row, 1)?;
    Ok(OutboxItem {
        id: OutboxId(row.get(0)?),
        session: payload.session,
        account: payload.account,
        op: payload.op,
        state: state(row, 2)?,
        attempts: row.get(6)?,
        created_at: decode::time(row, 7)?,
        counts_from: decode::time(row, 8)?,
    })
}

/// What a write says in full.
pub(crate) fn payload(row: &Row<'_>, column: usize) -> rusqlite::Result<Payload> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| decode::refused(column, error))
}

/// The state, in four columns from `column` on.
pub(crate) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<OutboxState> {
    Ok(match row.get_ref(column)?.as_str()? {
        "sending" => OutboxState::Sending,
        "failed" => OutboxState::Failed(FailReason {
            code: row
                .get::<_, Option<String>>(column + 1)?
                .unwrap_or_default(),
            message: row
                .get::<_, Option<String>>(column + 2)?
                .unwrap_or_default(),
        }),
        _ if row.get(column + 3)? => OutboxState::Held,
        _ => OutboxState::Queued,
    })
}
