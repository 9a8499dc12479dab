//! Rows of the outbox, with the rows of messages and sessions that exist only here.

use rusqlite::params;
use rusqlite::types::Value;
use tidings_model::{Message, MessageId, Session, Timestamp};

use super::Tx;
use super::ingest;
use super::rows::{self, MESSAGES, SESSIONS, StoredRow, message, session};
use super::values::blob;
use crate::error::{CacheError, Result};
use crate::read::outbox as read;
use crate::types::fact::IngestReport;
use crate::types::outbox::{Op, OutboxId, OutboxState, Payload};

/// A row of the outbox while it is worked on.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub id: i64,
    pub session: i64,
    pub message: Option<i64>,
    pub payload: Payload,
    pub state: OutboxState,
    pub attempts: i64,
}

impl Waiting {
    /// Whether the server cannot have it: it never left, or it was refused.
    pub(crate) fn never_arrived(&self) -> bool {
        match self.state {
            OutboxState::Queued | OutboxState::Held => self.attempts == 0,
            OutboxState::Failed(_) => true,
            OutboxState::Sending => false,
        }
    }

    /// Whether it is not being sent.
    pub(crate) fn idle(&self) -> bool {
        self.state != OutboxState::Sending
    }
}

/// Adds a row to the outbox.
pub(crate) fn push(
    tx: &mut Tx<'_>,
    session: i64,
    message: Option<i64>,
    payload: &Payload,
    now: Timestamp,
    state: &OutboxState,
) -> Result<OutboxId> {
    let account = tx.user(&payload.account)?;
    let (state, reason) = match state {
        OutboxState::Failed(reason) => ("failed", Some(reason)),
        // How old it is is looked at again before it is sent.
        OutboxState::Queued | OutboxState::Held | OutboxState::Sending => ("queued", None),
    };
    let id = tx
        .conn
        .prepare_cached(
            "INSERT INTO outbox (account, session, message, op, payload, state, error_code,
                 error_message, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .insert(params![
            account,
            session,
            message,
            payload.op.word(),
            encode(payload)?,
            state,
            reason.map(|reason| &reason.code),
            reason.map(|reason| &reason.message),
            now.as_micros(),
        ])?;
    tx.changes.outbox = true;
    tx.session_changed(session)?;
    Ok(OutboxId(id))
}

/// Writes a waiting row's new content; it waits again as if it had never been sent, and as if it
/// had been written `now`.
pub(crate) fn rewrite(tx: &mut Tx<'_>, id: i64, payload: &Payload, now: Timestamp) -> Result<()> {
    tx.conn
        .prepare_cached(
            "UPDATE outbox SET payload = ?2, state = 'queued', attempts = 0, error_code = NULL,
                 error_message = NULL, held = 0, counts_from = ?3
             WHERE id = ?1",
        )?
        .execute(params![id, encode(payload)?, now.as_micros()])?;
    tx.changes.outbox = true;
    Ok(())
}

/// Gives a row that the server refused another content.
pub(crate) fn replace(tx: &mut Tx<'_>, id: i64, payload: &Payload) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE outbox SET payload = ?2, attempts = 0 WHERE id = ?1")?
        .execute(params![id, encode(payload)?])?;
    tx.changes.outbox = true;
    Ok(())
}

pub(crate) fn remove(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.conn
        .prepare_cached("DELETE FROM outbox WHERE id = ?1")?
        .execute([id])?;
    tx.changes.outbox = true;
    Ok(())
}

fn encode(payload: &Payload) -> Result<String> {
    serde_json::to_string(payload)
        .map_err(|error| CacheError::from(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))
}

/// Rows of the outbox that meet a condition on the named column.
pub(crate) fn waiting(tx: &Tx<'_>, column: &'static str, value: i64) -> Result<Vec<Waiting>> {
    let sql = format!(
        "SELECT id, session, message, payload, state, error_code, error_message, held, attempts
         FROM outbox WHERE {column} = ?1 ORDER BY id"
    );
    let mut statement = tx.conn.prepare_cached(&sql)?;
    let rows = statement.query_map([value], |row| {
        Ok(Waiting {
            id: row.get(0)?,
            session: row.get(1)?,
            message: row.get(2)?,
            payload: read::payload(row, 3)?,
            state: read::state(row, 4)?,
            attempts: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes down a message of one's own, with its row in the outbox.
pub(crate) fn add_message(
    tx: &mut Tx<'_>,
    message: &Message,
    now: Timestamp,
    state: &OutboxState,
) -> Result<OutboxId> {
    let account = message.user_id.clone().ok_or(CacheError::NoAccount)?;
    let session = tx
        .find_session(&message.session_id)?
        .ok_or(CacheError::NotFound("session"))?;
    let mut values = vec![Value::Null; message::COUNT];
    values[message::SESSION] = Value::Integer(session);
    values[message::AUTHOR] = Value::Integer(tx.user(&account)?);
    values[message::CONTENT] = Value::Text(message.content.clone());
    values[message::ROLE] = Value::Text(message.role.as_str().to_owned());
    values[message::METADATA] = Value::Text(message.metadata.as_str().to_owned());
    values[message::CREATED_AT] = Value::Integer(message.created_at.as_micros());
    values[message::UPDATED_AT] = Value::Integer(message.updated_at.as_micros());
    values[message::STATUS] = Value::Text(message.status.as_str().to_owned());
    values[message::KIND] = Value::Text(message.kind.as_str().to_owned());
    let key = rows::store(tx, &MESSAGES, &blob(message.id), &StoredRow::local(values))?;
    let payload = Payload {
        session: message.session_id.clone(),
        account,
        op: Op::InsertMessage(message.clone()),
    };
    let id = push(tx, session, Some(key), &payload, now, state)?;
    tx.message_changed(session, message.id)?;
    Ok(id)
}

/// Writes down a session of one's own, with its row in the outbox.
pub(crate) fn add_session(
    tx: &mut Tx<'_>,
    row: &Session,
    now: Timestamp,
    state: &OutboxState,
) -> Result<OutboxId> {
    let account = row.user_id.clone().ok_or(CacheError::NoAccount)?;
    if tx.find_session(&row.id)?.is_some() {
        return Err(CacheError::SessionExists);
    }
    let mut values = vec![Value::Null; session::COUNT];
    values[session::OWNER] = Value::Integer(tx.user(&account)?);
    values[session::TITLE] = row.title.clone().map_or(Value::Null, Value::Text);
    values[session::STATUS] = Value::Text(row.status.as_str().to_owned());
    values[session::LAST_ACTIVITY] = Value::Integer(row.last_activity.as_micros());
    values[session::CREATED_AT] = Value::Integer(row.created_at.as_micros());
    values[session::UPDATED_AT] = Value::Integer(row.updated_at.as_micros());
    values[session::METADATA] = Value::Text(row.metadata.as_str().to_owned());
    let id = Value::Text(row.id.as_str().to_owned());
    let key = rows::store(tx, &SESSIONS, &id, &StoredRow::local(values))?;
    let payload = Payload {
        session: row.id.clone(),
        account,
        op: Op::CreateSession(row.clone()),
    };
    push(tx, key, None, &payload, now, state)
}

/// Gives a message that waits in the outbox another text.
pub(crate) fn set_unsent_content(tx: &Tx<'_>, key: i64, content: &str) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE messages SET content = ?2 WHERE key = ?1 AND unsent = 1")?
        .execute(params![key, content])?;
    Ok(())
}

pub(crate) fn hide_message(tx: &Tx<'_>, key: i64, hidden: bool) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE messages SET hidden = ?2 WHERE key = ?1")?
        .execute(params![key, hidden])?;
    Ok(())
}

pub(crate) fn hide_session(tx: &Tx<'_>, key: i64, hidden: bool) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE sessions SET hidden = ?2 WHERE key = ?1")?
        .execute(params![key, hidden])?;
    Ok(())
}

/// Takes away a message that exists nowhere else.
pub(crate) fn forget_unsent(tx: &Tx<'_>, key: i64) -> Result<()> {
    tx.conn
        .prepare_cached("DELETE FROM messages WHERE key = ?1 AND unsent = 1")?
        .execute([key])?;
    Ok(())
}

/// Puts a write that was saved from a damaged file into the outbox again. What it refers to
/// comes back with it as far as it is needed; the rest comes from the server. How often it was sent
/// stays known: the server may have it.
pub(crate) fn restore(
    tx: &mut Tx<'_>,
    payload: &Payload,
    state: &OutboxState,
    attempts: i64,
    created_at: Timestamp,
) -> Result<()> {
    let id = if let Op::CreateSession(row) = &payload.op {
        add_session(tx, row, created_at, state)?
    } else {
        let session = ingest::session_or_stub(tx, &payload.session, &mut IngestReport::default())?;
        match &payload.op {
            Op::InsertMessage(message) => add_message(tx, message, created_at, state)?,
            op => {
                let message = match op.message() {
                    Some(id) => Some(placeholder(tx, session, id)?),
                    None => None,
                };
                push(tx, session, message, payload, created_at, state)?
            }
        }
    };
    tx.conn
        .prepare_cached("UPDATE outbox SET attempts = ?2 WHERE id = ?1")?
        .execute(params![id.0, attempts])?;
    Ok(())
}

/// The key of a message of which nothing but its place is known, unless more is.
fn placeholder(tx: &Tx<'_>, session: i64, id: MessageId) -> Result<i64> {
    let sql_id = blob(id);
    if let Some(key) = rows::load(tx, &MESSAGES, &sql_id)?.and_then(|row| row.key) {
        return Ok(key);
    }
    let mut row = StoredRow::unknown(&MESSAGES);
    row.values[message::SESSION] = Value::Integer(session);
    rows::store(tx, &MESSAGES, &sql_id, &row)
}
