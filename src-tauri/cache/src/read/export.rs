//! Everything that is kept of sessions, row by row, as of one moment.

use std::io;

use rusqlite::{Connection, Row, params};
use tidings_model::{Json, SessionId, UserId};

use super::overlay::{self, Pending};
use super::ranges::{self, Coverage};
use super::{decode, outbox};
use crate::Cache;
use crate::error::{CacheError, Result};
use crate::types::chat::OwnState;
use crate::types::export::{
    ExportSink, ExportedMessage, ExportedSession, MessageChange, SessionWrite, UnsentMessageChange,
    UnsentSessionChange,
};
use crate::types::outbox::{Op, OutboxState};

/// The columns of [`decode_message`].
const COLUMNS: &str = "m.key, m.id, u.id, m.content, m.role, m.metadata, m.created_at,
    m.updated_at, m.status, m.kind, m.incomplete, m.unsent, m.hidden";

impl Cache {
    /// Hands everything that is kept of one session, or of all, to a sink: sessions by the time
    /// they were made, their messages oldest first, unsent ones last. All of it is as of one
    /// moment. One message at a time is in memory; until the end one of the few readers is busy.
    ///
    /// # Errors
    /// [`CacheError::NotFound`] for a session that is not here. What the sink refused is the inner
    /// error: it ends the export.
    pub async fn export<S: ExportSink>(
        &self,
        session: Option<SessionId>,
        mut sink: S,
    ) -> Result<io::Result<S>> {
        let account = self.account();
        self.read(move |conn| {
            let export = Export {
                conn,
                account: account.as_ref(),
            };
            let sessions = export.sessions(session.as_ref())?;
            if sessions.is_empty() && session.is_some() {
                return Err(CacheError::NotFound("session"));
            }
            for (key, session) in &sessions {
                if let Err(error) = sink.session(session) {
                    return Ok(Err(error));
                }
                if let Err(error) = export.messages(*key, &mut sink)? {
                    return Ok(Err(error));
                }
            }
            Ok(Ok(sink))
        })
        .await
    }
}

struct Export<'c> {
    conn: &'c Connection,
    account: Option<&'c UserId>,
}

impl Export<'_> {
    fn sessions(&self, only: Option<&SessionId>) -> Result<Vec<(i64, ExportedSession)>> {
        // Of a session that is known only through messages that are gone nothing is kept.
        let mut statement = self.conn.prepare_cached(
            "SELECT s.key, s.id, u.id, s.title, s.status, s.last_activity, s.created_at,
                 s.updated_at, s.metadata, s.no_access, s.unsent
             FROM sessions s LEFT JOIN users u ON u.key = s.owner
             WHERE s.deleted = 0 AND (?1 IS NULL OR s.id = ?1)
               AND (s.stamp > ?2 OR s.unsent = 1 OR EXISTS (
                     SELECT 1 FROM messages m
                     WHERE m.session = s.key AND m.deleted = 0 AND m.unsent = 0
                       AND m.created_at IS NOT NULL))
             ORDER BY s.created_at, s.id",
        )?;
        let only = only.map(SessionId::as_str);
        let mut rows = statement.query(params![only, i64::MIN])?;
        let mut sessions = Vec::new();
        while let Some(row) = rows.next()? {
            let key = row.get(0)?;
            let mut session = decode_session(row)?;
            session.unsent = self.unsent_changes(&session.id)?;
            // What was made here and never sent is whole.
            if !row.get::<_, bool>(10)? {
                session.gaps = Coverage::new(ranges::stored(self.conn, key)?).gaps();
            }
            sessions.push((key, session));
        }
        Ok(sessions)
    }

    fn unsent_changes(&self, session: &SessionId) -> Result<Vec<UnsentSessionChange>> {
        let Some(account) = self.account else {
            return Ok(Vec::new());
        };
        let waiting = outbox::list(self.conn, account, Some(session))?;
        let changes = waiting.into_iter().filter_map(|item| {
            let change = match item.op {
                Op::CreateSession(_) => SessionWrite::New,
                Op::UpdateSession { title, status } => SessionWrite::Edit { title, status },
                Op::DeleteSession => SessionWrite::Delete,
                Op::InsertMessage(_) | Op::EditMessage { .. } | Op::DeleteMessage { .. } => {
                    return None;
                }
            };
            let state = match item.state {
                OutboxState::Held => OwnState::Held {
                    written: item.created_at,
                },
                OutboxState::Queued => OwnState::Queued,
                OutboxState::Sending => OwnState::Sending,
                OutboxState::Failed(reason) => OwnState::Failed(reason),
            };
            Some(UnsentSessionChange { change, state })
        });
        Ok(changes.collect())
    }

    fn messages(&self, session: i64, sink: &mut impl ExportSink) -> Result<io::Result<()>> {
        let pending = overlay::pending(self.conn, session, self.account)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM messages m LEFT JOIN users u ON u.key = m.author
             WHERE m.session = ?1 AND m.deleted = 0 AND m.unsent = 0 AND m.created_at IS NOT NULL
             ORDER BY m.created_at, m.id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query([session])?;
        while let Some(row) = rows.next()? {
            let (key, message) = decode_message(row)?;
            let message = laid_over(message, row, pending.get(&key))?;
            if let Err(error) = sink.message(&message) {
                return Ok(Err(error));
            }
        }
        let mut unsent: Vec<(i64, i64)> = pending
            .iter()
            .filter_map(|(key, own)| own.insert.map(|order| (order, *key)))
            .collect();
        unsent.sort_unstable();
        let sql = format!(
            "SELECT {COLUMNS} FROM messages m LEFT JOIN users u ON u.key = m.author
             WHERE m.key = ?1 AND m.unsent = 1 AND m.deleted = 0 AND m.created_at IS NOT NULL"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        for (_, key) in unsent {
            let mut rows = statement.query([key])?;
            if let Some(row) = rows.next()? {
                let (_, message) = decode_message(row)?;
                let message = laid_over(message, row, pending.get(&key))?;
                if let Err(error) = sink.message(&message) {
                    return Ok(Err(error));
                }
            }
        }
        Ok(Ok(()))
    }
}

/// The message with the mark of what waits on it.
fn laid_over(
    mut message: ExportedMessage,
    row: &Row<'_>,
    pending: Option<&Pending>,
) -> rusqlite::Result<ExportedMessage> {
    let (unsent, hidden): (bool, bool) = (row.get(11)?, row.get(12)?);
    let Some(pending) = pending else {
        return Ok(message);
    };
    let change = match (&pending.content, pending.insert) {
        _ if unsent => Some(MessageChange::New),
        _ if hidden => Some(MessageChange::Delete),
        (Some(content), _) => Some(MessageChange::Edit(content.clone())),
        (None, None) => Some(MessageChange::Delete),
        // An insert that the server has told of is done, whatever its answer said.
        (None, Some(_)) => None,
    };
    message.unsent = change.map(|change| UnsentMessageChange {
        change,
        state: pending.state.clone(),
    });
    Ok(message)
}

fn decode_session(row: &Row<'_>) -> rusqlite::Result<ExportedSession> {
    Ok(ExportedSession {
        id: decode::session_id(row, 1)?,
        user_id: decode::optional_user_id(row, 2)?,
        title: row.get(3)?,
        status: row.get(4)?,
        last_activity: decode::optional_time(row, 5)?,
        created_at: decode::optional_time(row, 6)?,
        updated_at: decode::optional_time(row, 7)?,
        metadata: optional_json(row, 8)?,
        no_access: row.get(9)?,
        gaps: Vec::new(),
        unsent: Vec::new(),
    })
}

fn decode_message(row: &Row<'_>) -> rusqlite::Result<(i64, ExportedMessage)> {
    let message = ExportedMessage {
        id: decode::message_id(row, 1)?,
        user_id: decode::optional_user_id(row, 2)?,
        content: row.get(3)?,
        role: row.get(4)?,
        metadata: optional_json(row, 5)?,
        created_at: decode::time(row, 6)?,
        updated_at: decode::optional_time(row, 7)?,
        status: row.get(8)?,
        kind: row.get(9)?,
        incomplete: row.get(10)?,
        unsent: None,
    };
    Ok((row.get(0)?, message))
}

fn optional_json(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Json>> {
    Ok(row
        .get::<_, Option<String>>(column)?
        .and_then(|text| Json::new(text).ok()))
}
