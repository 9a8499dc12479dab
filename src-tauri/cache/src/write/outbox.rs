//! Writes of one's own, written down before anything is sent.
//!
//! What never left this device is changed in place: an edit of a waiting message changes the
//! message, its deletion takes it back. Once a write was sent, even without an answer, the
//! server may have it, and what follows goes as a write of its own.

use rusqlite::{OptionalExtension as _, params};
use tidings_model::{
    MAX_CONTENT_CHARS, MemberRole, Message, MessageId, MessageStatus, Role, Session, SessionId,
    SessionStatus, Timestamp, UserId,
};

use super::queue::{self, Waiting};
use super::{Tx, sessions};
use crate::error::{CacheError, Result};
use crate::read::members;
use crate::types::chat::{CachedMessage, OwnState};
use crate::types::outbox::{
    Enqueued, NewSession, Op, OutboxId, OutboxState, Payload, SessionChange,
};
use crate::types::page::NewMessage;
use crate::{Cache, pool::Durability};

impl Cache {
    /// Writes a message down for sending, durably, before anything is sent. Refuses an empty
    /// text, and one over [`MAX_CONTENT_CHARS`].
    pub async fn enqueue_message(
        &self,
        message: NewMessage,
        now: Timestamp,
    ) -> Result<CachedMessage> {
        check_content(&message.content)?;
        let message = Message {
            id: MessageId::mint(),
            session_id: message.session,
            user_id: Some(message.user_id),
            content: message.content,
            role: Role::User,
            metadata: message.metadata,
            created_at: now,
            updated_at: now,
            status: MessageStatus::Delivered,
            kind: message.kind,
        };
        self.write(Durability::Full, move |tx| {
            writable(tx, &message.session_id)?;
            queue::add_message(tx, &message, now, &OutboxState::Queued)?;
            Ok(CachedMessage {
                message,
                state: Some(OwnState::Queued),
                incomplete: false,
                edited_locally: false,
            })
        })
        .await
    }

    /// Changes a message's text, or the text of one that still waits.
    pub async fn enqueue_edit(
        &self,
        message: MessageId,
        content: String,
        now: Timestamp,
    ) -> Result<Enqueued> {
        check_content(&content)?;
        let account = self.account().ok_or(CacheError::NoAccount)?;
        self.write(Durability::Full, move |tx| {
            edit(tx, &account, message, content, now)
        })
        .await
    }

    /// Deletes a message, or takes back one that still waits.
    pub async fn enqueue_delete(&self, message: MessageId, now: Timestamp) -> Result<Enqueued> {
        let account = self.account().ok_or(CacheError::NoAccount)?;
        self.write(Durability::Full, move |tx| {
            delete(tx, &account, message, now)
        })
        .await
    }

    /// Makes a session.
    pub async fn enqueue_session_create(
        &self,
        session: NewSession,
        now: Timestamp,
    ) -> Result<OutboxId> {
        let session = Session {
            id: session.id,
            user_id: Some(session.user_id),
            title: session.title,
            status: SessionStatus::Active,
            last_activity: now,
            created_at: now,
            updated_at: now,
            metadata: session.metadata,
        };
        self.write(Durability::Full, move |tx| {
            queue::add_session(tx, &session, now, &OutboxState::Queued)
        })
        .await
    }

    /// Changes a session's title or status.
    pub async fn enqueue_session_update(
        &self,
        session: SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> Result<Enqueued> {
        let account = self.account().ok_or(CacheError::NoAccount)?;
        self.write(Durability::Full, move |tx| {
            update_session(tx, &account, &session, change, now)
        })
        .await
    }

    /// Deletes a session, and drops what waits in it.
    pub async fn enqueue_session_delete(
        &self,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Enqueued> {
        let account = self.account().ok_or(CacheError::NoAccount)?;
        self.write(Durability::Full, move |tx| {
            delete_session(tx, &account, &session, now)
        })
        .await
    }
}

fn check_content(content: &str) -> Result<()> {
    if content.trim().is_empty() {
        return Err(CacheError::EmptyMessage);
    }
    // A text of few bytes cannot have too many characters.
    if content.len() > MAX_CONTENT_CHARS {
        let chars = content.chars().count();
        if chars > MAX_CONTENT_CHARS {
            return Err(CacheError::MessageTooLong { chars });
        }
    }
    Ok(())
}

/// The key of a session that can be written to.
pub(crate) fn writable(tx: &mut Tx<'_>, id: &SessionId) -> Result<i64> {
    let key = unlocked(tx, id)?;
    if members::own_role(tx.conn, key)? == Some(MemberRole::Reader) {
        return Err(CacheError::ReaderOnly);
    }
    Ok(key)
}

/// The key of a session whose row can be changed.
fn owned(tx: &mut Tx<'_>, id: &SessionId) -> Result<i64> {
    let key = unlocked(tx, id)?;
    if members::own_role(tx.conn, key)?.is_some_and(|role| role != MemberRole::Owner) {
        return Err(CacheError::OwnerOnly);
    }
    Ok(key)
}

/// The key of a session that the project shows.
fn unlocked(tx: &mut Tx<'_>, id: &SessionId) -> Result<i64> {
    let key = tx
        .find_session(id)?
        .ok_or(CacheError::NotFound("session"))?;
    let (gone, no_access): (bool, bool) = tx
        .conn
        .prepare_cached("SELECT deleted OR hidden, no_access FROM sessions WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if gone {
        return Err(CacheError::NotFound("session"));
    }
    if no_access {
        return Err(CacheError::ReadOnlySession);
    }
    Ok(key)
}

/// Where a message is, if it can be changed: its key and its session's.
fn target(tx: &mut Tx<'_>, id: MessageId) -> Result<(i64, i64)> {
    let (key, session): (i64, i64) = tx
        .conn
        .prepare_cached(
            "SELECT key, session FROM messages
             WHERE id = ?1 AND deleted = 0 AND session IS NOT NULL",
        )?
        .query_row([id.as_uuid().as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?
        .ok_or(CacheError::NotFound("message"))?;
    let session_id = tx.session_info(session)?.id;
    writable(tx, &session_id)?;
    Ok((key, session))
}

fn edit(
    tx: &mut Tx<'_>,
    account: &UserId,
    id: MessageId,
    content: String,
    now: Timestamp,
) -> Result<Enqueued> {
    let (key, session) = target(tx, id)?;
    let before = queue::waiting(tx, "message", key)?;
    let going = |row: &Waiting| {
        matches!(row.payload.op, Op::DeleteMessage { .. })
            && !matches!(row.state, OutboxState::Failed(_))
    };
    if before.iter().any(going) {
        return Err(CacheError::NotFound("message"));
    }
    for mut row in before {
        let (never_arrived, idle) = (row.never_arrived(), row.idle());
        match &mut row.payload.op {
            Op::InsertMessage(message) if never_arrived => {
                message.content.clone_from(&content);
                queue::set_unsent_content(tx, key, &content)?;
            }
            Op::EditMessage { content: old, .. } if idle => old.clone_from(&content),
            _ => continue,
        }
        queue::rewrite(tx, row.id, &row.payload, now)?;
        tx.message_changed(session, id)?;
        return Ok(Enqueued::Folded(OutboxId(row.id)));
    }
    let payload = Payload {
        session: tx.session_info(session)?.id,
        account: account.clone(),
        op: Op::EditMessage { id, content },
    };
    let queued = queue::push(tx, session, Some(key), &payload, now, &OutboxState::Queued)?;
    tx.message_changed(session, id)?;
    Ok(Enqueued::Queued(queued))
}

fn delete(tx: &mut Tx<'_>, account: &UserId, id: MessageId, now: Timestamp) -> Result<Enqueued> {
    let (key, session) = target(tx, id)?;
    let before = queue::waiting(tx, "message", key)?;
    tx.message_changed(session, id)?;
    let never_sent = before
        .iter()
        .any(|row| matches!(row.payload.op, Op::InsertMessage(_)) && row.never_arrived());
    if never_sent {
        for row in &before {
            queue::remove(tx, row.id)?;
        }
        queue::forget_unsent(tx, key)?;
        return Ok(Enqueued::Undone);
    }
    let mut folded = None;
    for row in &before {
        match row.payload.op {
            Op::EditMessage { .. } if row.idle() => queue::remove(tx, row.id)?,
            Op::DeleteMessage { .. } => {
                if row.idle() {
                    queue::rewrite(tx, row.id, &row.payload, now)?;
                }
                folded = Some(OutboxId(row.id));
            }
            _ => {}
        }
    }
    queue::hide_message(tx, key, true)?;
    if let Some(id) = folded {
        return Ok(Enqueued::Folded(id));
    }
    let payload = Payload {
        session: tx.session_info(session)?.id,
        account: account.clone(),
        op: Op::DeleteMessage { id },
    };
    let queued = queue::push(tx, session, Some(key), &payload, now, &OutboxState::Queued)?;
    Ok(Enqueued::Queued(queued))
}

fn update_session(
    tx: &mut Tx<'_>,
    account: &UserId,
    id: &SessionId,
    change: SessionChange,
    now: Timestamp,
) -> Result<Enqueued> {
    let key = owned(tx, id)?;
    for mut row in queue::waiting(tx, "session", key)? {
        let never_arrived = row.never_arrived();
        let idle = row.idle();
        match &mut row.payload.op {
            Op::CreateSession(session) if never_arrived => {
                if let Some(title) = change.title {
                    session.title = title;
                }
                if let Some(status) = change.status {
                    session.status = status;
                }
                tx.conn
                    .prepare_cached("UPDATE sessions SET title = ?2, status = ?3 WHERE key = ?1")?
                    .execute(params![key, session.title, session.status.as_str()])?;
            }
            Op::UpdateSession { title, status } if idle => {
                if change.title.is_some() {
                    *title = change.title;
                }
                *status = change.status.or(*status);
            }
            _ => continue,
        }
        queue::rewrite(tx, row.id, &row.payload, now)?;
        tx.session_changed(key)?;
        return Ok(Enqueued::Folded(OutboxId(row.id)));
    }
    let payload = Payload {
        session: id.clone(),
        account: account.clone(),
        op: Op::UpdateSession {
            title: change.title,
            status: change.status,
        },
    };
    queue::push(tx, key, None, &payload, now, &OutboxState::Queued).map(Enqueued::Queued)
}

fn delete_session(
    tx: &mut Tx<'_>,
    account: &UserId,
    id: &SessionId,
    now: Timestamp,
) -> Result<Enqueued> {
    let key = owned(tx, id)?;
    let before = queue::waiting(tx, "session", key)?;
    let never_made = before
        .iter()
        .any(|row| matches!(row.payload.op, Op::CreateSession(_)) && row.never_arrived());
    if never_made {
        sessions::remove(tx, id)?;
        return Ok(Enqueued::Undone);
    }
    for row in before.iter().filter(|row| row.idle()) {
        match (&row.payload.op, row.message) {
            // A session whose making may have arrived is made first, then deleted.
            (Op::CreateSession(_), _) => {}
            (Op::InsertMessage(_), Some(message)) => {
                for own in queue::waiting(tx, "message", message)? {
                    queue::remove(tx, own.id)?;
                }
                queue::forget_unsent(tx, message)?;
            }
            _ => queue::remove(tx, row.id)?,
        }
    }
    queue::hide_session(tx, key, true)?;
    let payload = Payload {
        session: id.clone(),
        account: account.clone(),
        op: Op::DeleteSession,
    };
    queue::push(tx, key, None, &payload, now, &OutboxState::Queued).map(Enqueued::Queued)
}
