//! What becomes of a write: under way, confirmed, refused, tried again, given up.

use std::time::Duration;

use rusqlite::Connection;
use tidings_model::{Timestamp, UserId};

use super::queue::{self, Waiting};
use super::{Tx, ingest, local, outbox, sessions};
use crate::error::{CacheError, Result};
use crate::read::outbox as read;
use crate::types::fact::{Incoming, IngestReport};
use crate::types::outbox::{FailReason, Op, OutboxId, OutboxItem, OutboxState};
use crate::{Cache, pool::Durability};

impl Cache {
    /// The write is being sent, as it is returned: until now it may have been changed in place.
    pub async fn mark_sending(&self, id: OutboxId) -> Result<OutboxItem> {
        self.write(Durability::Full, move |tx| mark_sending(tx, id))
            .await
    }

    /// The server confirmed the write; its answer is taken in in the same transaction.
    pub async fn mark_delivered(
        &self,
        id: OutboxId,
        answer: Vec<Incoming>,
    ) -> Result<IngestReport> {
        self.write(Durability::Full, move |tx| delivered(tx, id, answer))
            .await
    }

    /// The server refused the write for good. It is kept, with the reason.
    pub async fn mark_failed(&self, id: OutboxId, reason: FailReason) -> Result<()> {
        self.write(Durability::Full, move |tx| failed(tx, id, &reason))
            .await
    }

    /// The write could not be sent now and waits again.
    pub async fn requeue(&self, id: OutboxId) -> Result<()> {
        self.write(Durability::Full, move |tx| {
            let Some(row) = find(tx, id)? else {
                return Ok(());
            };
            if row.state == OutboxState::Sending {
                set_state(tx, &row, "queued", None)?;
            }
            Ok(())
        })
        .await
    }

    /// The user wants a write sent that was refused, or that waits for a word because it is old.
    /// From `now` on its age counts anew.
    pub async fn retry(&self, id: OutboxId, now: Timestamp) -> Result<()> {
        self.write(Durability::Full, move |tx| {
            let row = find(tx, id)?.ok_or(CacheError::NotFound("waiting write"))?;
            match row.state {
                OutboxState::Failed(_) | OutboxState::Held => send_again(tx, &row, now),
                OutboxState::Queued | OutboxState::Sending => Ok(()),
            }
        })
        .await
    }

    /// The user's word on all writes of the account that wait for one: they are sent, or dropped.
    /// Returns how many it was.
    pub async fn answer_held(&self, send: bool, now: Timestamp) -> Result<usize> {
        let account = self.account().ok_or(CacheError::NoAccount)?;
        self.write(Durability::Full, move |tx| {
            let items = read::list(tx.conn, &account, None)?;
            let held = items.iter().filter(|item| item.state == OutboxState::Held);
            let mut count = 0;
            for item in held {
                // Dropping the making of a session drops what waits in it.
                let Some(row) = find(tx, item.id)? else {
                    continue;
                };
                if send {
                    send_again(tx, &row, now)?;
                } else {
                    discard(tx, item.id)?;
                }
                count += 1;
            }
            Ok(count)
        })
        .await
    }

    /// Has writes of the account that were written more than `after` ago wait for the user's word
    /// instead of being sent. `now`: by the server's clock. Written more than `after` in the future
    /// a write waits, too: how old it is cannot be told. What the server is known to have is left
    /// alone. Returns how many were held.
    pub async fn hold_old(&self, now: Timestamp, after: Duration) -> Result<usize> {
        let Some(account) = self.account() else {
            return Ok(0);
        };
        // Nearly always there are none, and no write is made.
        let (whose, from) = (account.clone(), now);
        let found = self
            .read(move |conn| old(conn, &whose, from, after))
            .await?;
        if found.is_empty() {
            return Ok(0);
        }
        self.write(Durability::Full, move |tx| {
            let old = old(tx.conn, &account, now, after)?;
            for id in &old {
                let Some(row) = find(tx, *id)? else {
                    continue;
                };
                tx.conn
                    .prepare_cached("UPDATE outbox SET held = 1 WHERE id = ?1")?
                    .execute([id.0])?;
                tell(tx, &row)?;
            }
            Ok(old.len())
        })
        .await
    }

    /// The message of an edit was deleted meanwhile: the deletion is taken in, and the edit's text
    /// is kept in the session's draft, after what stands there. Returns the text, if there was a
    /// session to keep it in; otherwise the edit stays in the outbox with `reason`.
    pub async fn edit_found_deleted(
        &self,
        id: OutboxId,
        deletion: Incoming,
        reason: FailReason,
        now: Timestamp,
    ) -> Result<Option<String>> {
        self.write(Durability::Full, move |tx| {
            let Some(row) = find(tx, id)? else {
                return Ok(None);
            };
            ingest::ingest(tx, vec![deletion])?;
            let Op::EditMessage { content, .. } = &row.payload.op else {
                failed(tx, id, &reason)?;
                return Ok(None);
            };
            if outbox::writable(tx, &row.payload.session).is_err() {
                failed(tx, id, &reason)?;
                return Ok(None);
            }
            let session = &row.payload.session;
            let text = match local::draft(tx, session)? {
                Some(before) => format!("{before}\n\n{content}"),
                None => content.clone(),
            };
            local::set_draft(tx, session, Some(&text), now)?;
            queue::remove(tx, row.id)?;
            tell(tx, &row)?;
            Ok(Some(content.clone()))
        })
        .await
    }

    /// Drops a write and shows what the server has; an unsent message or session is gone.
    pub async fn discard(&self, id: OutboxId) -> Result<()> {
        self.write(Durability::Full, move |tx| discard(tx, id))
            .await
    }

    /// At start: what was under way when the program ended waits again. Returns how many.
    pub async fn reset_sending(&self) -> Result<usize> {
        self.write(Durability::Full, |tx| {
            let count = tx
                .conn
                .prepare_cached("UPDATE outbox SET state = 'queued' WHERE state = 'sending'")?
                .execute([])?;
            tx.changes.outbox |= count > 0;
            Ok(count)
        })
        .await
    }
}

/// Writes that wait, and that `after` has passed for; or that it cannot be told of.
fn old(
    conn: &Connection,
    account: &UserId,
    now: Timestamp,
    after: Duration,
) -> Result<Vec<OutboxId>> {
    let mut statement = conn.prepare_cached(
        "SELECT o.id FROM outbox o JOIN users u ON u.key = o.account
         JOIN sessions s ON s.key = o.session LEFT JOIN messages m ON m.key = o.message
         WHERE u.id = ?1 AND o.state = 'queued' AND o.held = 0
             AND coalesce(o.counts_from, o.created_at) NOT BETWEEN ?2 AND ?3
             -- Of what is known to have arrived only the outbox does not know it yet.
             AND (o.op <> 'insert' OR m.unsent = 1) AND (o.op <> 'create_session' OR s.unsent = 1)
         ORDER BY o.id",
    )?;
    let (from, to) = (now.minus(after), now.plus(after));
    let ids = statement.query_map(
        rusqlite::params![account.as_str(), from.as_micros(), to.as_micros()],
        |row| Ok(OutboxId(row.get(0)?)),
    )?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

fn send_again(tx: &mut Tx<'_>, row: &Waiting, now: Timestamp) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE outbox SET held = 0, counts_from = ?2 WHERE id = ?1")?
        .execute(rusqlite::params![row.id, now.as_micros()])?;
    set_state(tx, row, "queued", None)?;
    set_hidden(tx, row, true)
}

fn find(tx: &Tx<'_>, id: OutboxId) -> Result<Option<Waiting>> {
    Ok(queue::waiting(tx, "id", id.0)?.pop())
}

fn mark_sending(tx: &mut Tx<'_>, id: OutboxId) -> Result<OutboxItem> {
    let row = find(tx, id)?.ok_or(CacheError::NotFound("waiting write"))?;
    if row.state != OutboxState::Queued {
        return Err(CacheError::UnderWay);
    }
    tx.conn
        .prepare_cached(
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?1",
        )?
        .execute([id.0])?;
    tell(tx, &row)?;
    read::by_id(tx.conn, id)?.ok_or(CacheError::NotFound("waiting write"))
}

fn delivered(tx: &mut Tx<'_>, id: OutboxId, answer: Vec<Incoming>) -> Result<IngestReport> {
    let row = find(tx, id)?;
    if let Some(row) = &row {
        queue::remove(tx, row.id)?;
    }
    let report = ingest::ingest(tx, answer)?;
    if let Some(row) = &row {
        set_hidden(tx, row, false)?;
        match (&row.payload.op, row.message) {
            (Op::InsertMessage(_), Some(message)) => {
                // An answer without the row: what was sent is what the server has.
                tx.conn
                    .prepare_cached("UPDATE messages SET unsent = 0 WHERE key = ?1 AND unsent = 1")?
                    .execute([message])?;
            }
            (Op::CreateSession(_), _) => {
                tx.conn
                    .prepare_cached("UPDATE sessions SET unsent = 0 WHERE key = ?1 AND unsent = 1")?
                    .execute([row.session])?;
            }
            _ => {}
        }
        tell(tx, row)?;
    }
    Ok(report)
}

fn failed(tx: &mut Tx<'_>, id: OutboxId, reason: &FailReason) -> Result<()> {
    let Some(mut row) = find(tx, id)? else {
        return Ok(());
    };
    if let (Op::InsertMessage(message), Some(key)) = (&mut row.payload.op, row.message) {
        // What followed the message has nothing to follow: edits become part of it, and a
        // deletion is done.
        for later in queue::waiting(tx, "message", key)? {
            match later.payload.op {
                Op::EditMessage { content, .. } => {
                    queue::set_unsent_content(tx, key, &content)?;
                    message.content = content;
                    queue::remove(tx, later.id)?;
                }
                Op::DeleteMessage { .. } => return take_back(tx, &row),
                _ => {}
            }
        }
        queue::replace(tx, row.id, &row.payload)?;
    }
    set_state(tx, &row, "failed", Some(reason))?;
    set_hidden(tx, &row, false)
}

/// Removes a message that was not delivered, with all that waits on it.
fn take_back(tx: &mut Tx<'_>, row: &Waiting) -> Result<()> {
    tell(tx, row)?;
    let Some(message) = row.message else {
        return queue::remove(tx, row.id);
    };
    for own in queue::waiting(tx, "message", message)? {
        queue::remove(tx, own.id)?;
    }
    queue::forget_unsent(tx, message)
}

fn discard(tx: &mut Tx<'_>, id: OutboxId) -> Result<()> {
    let row = find(tx, id)?.ok_or(CacheError::NotFound("waiting write"))?;
    if row.state == OutboxState::Sending {
        return Err(CacheError::UnderWay);
    }
    match row.payload.op {
        Op::InsertMessage(_) if is_unsent(tx, &row)? => take_back(tx, &row),
        Op::CreateSession(_) if is_unsent_session(tx, row.session)? => {
            sessions::remove(tx, &row.payload.session)
        }
        _ => {
            queue::remove(tx, row.id)?;
            set_hidden(tx, &row, false)?;
            tell(tx, &row)
        }
    }
}

fn is_unsent(tx: &Tx<'_>, row: &Waiting) -> Result<bool> {
    Ok(tx
        .conn
        .prepare_cached("SELECT count(*) FROM messages WHERE key = ?1 AND unsent = 1")?
        .query_row([row.message], |found| found.get(0))?)
}

fn is_unsent_session(tx: &Tx<'_>, session: i64) -> Result<bool> {
    Ok(tx
        .conn
        .prepare_cached("SELECT unsent FROM sessions WHERE key = ?1")?
        .query_row([session], |found| found.get(0))?)
}

fn set_state(
    tx: &mut Tx<'_>,
    row: &Waiting,
    state: &'static str,
    reason: Option<&FailReason>,
) -> Result<()> {
    tx.conn
        .prepare_cached(
            "UPDATE outbox SET state = ?2, error_code = ?3, error_message = ?4 WHERE id = ?1",
        )?
        .execute(rusqlite::params![
            row.id,
            state,
            reason.map(|reason| &reason.code),
            reason.map(|reason| &reason.message),
        ])?;
    tell(tx, row)
}

/// A deletion hides what it deletes until it is refused or given up.
fn set_hidden(tx: &mut Tx<'_>, row: &Waiting, hidden: bool) -> Result<()> {
    match (&row.payload.op, row.message) {
        (Op::DeleteMessage { .. }, Some(message)) => queue::hide_message(tx, message, hidden),
        (Op::DeleteSession, _) => queue::hide_session(tx, row.session, hidden),
        _ => Ok(()),
    }
}

/// Notes what a change of the write changes on screen.
fn tell(tx: &mut Tx<'_>, row: &Waiting) -> Result<()> {
    tx.changes.outbox = true;
    tx.session_changed(row.session)?;
    if let Some(message) = row.payload.op.message() {
        tx.message_changed(row.session, message)?;
    }
    Ok(())
}
