//! The list of sessions.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tidings_model::{Message, Session, SessionId, Timestamp, UserId};

use super::messages::{COLUMNS, TABLES, decode_row, unsent};
use super::{decode, outbox, overlay};
use crate::Cache;
use crate::error::Result;
use crate::types::chat::{SessionSummary, Snippet, UNREAD_CAP};
use crate::types::outbox::{Op, OutboxItem, OutboxState};
use crate::types::page::MessageKey;
use crate::write::local::UNREAD_SINCE;

/// Sessions whose newest messages fill a connection's page cache.
const MANY: usize = 500;
/// Characters of a snippet.
const SNIPPET_CHARS: usize = 200;

impl Cache {
    /// All sessions: pinned first, then by activity, newest first.
    pub async fn sessions(&self) -> Result<Vec<SessionSummary>> {
        let account = self.account();
        self.read(move |conn| {
            let sessions = Lister::new(conn, account)?.all()?;
            if sessions.len() > MANY {
                // Pages from all over the file, which nobody asks for again soon.
                conn.execute_batch("PRAGMA shrink_memory")?;
            }
            Ok(sessions)
        })
        .await
    }

    /// One session.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionSummary>> {
        let account = self.account();
        self.read(move |conn| Lister::new(conn, account)?.one(&id))
            .await
    }

    /// The oldest unread message.
    pub async fn first_unread(&self, session: SessionId) -> Result<Option<MessageKey>> {
        let account = self.account();
        self.read(move |conn| {
            let Some(key) = key(conn, &session)? else {
                return Ok(None);
            };
            Lister::new(conn, account)?.first_unread(key)
        })
        .await
    }

    /// The unfinished text of a session.
    pub async fn draft(&self, session: SessionId) -> Result<Option<String>> {
        self.read(move |conn| draft(conn, &session)).await
    }
}

/// The unfinished text of a session.
pub(crate) fn draft(conn: &Connection, session: &SessionId) -> Result<Option<String>> {
    Ok(conn
        .prepare_cached(
            "SELECT d.text FROM drafts d JOIN sessions s ON s.key = d.session WHERE s.id = ?1",
        )?
        .query_row([session.as_str()], |row| row.get(0))
        .optional()?)
}

/// The key of a session that is known in some way.
pub(crate) fn key(conn: &Connection, id: &SessionId) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT key FROM sessions WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?)
}

/// The sessions that are listed, with the account's key as the first parameter.
const LISTED: &str = "SELECT s.key, s.id, u.id, s.title, s.status, s.last_activity, s.created_at,
        s.updated_at, s.metadata, s.no_access, s.unsent, s.stamp, d.text, coalesce(k.pinned, 0),
        coalesce(k.muted, 0), iif(s.owner = ?1, 'owner', own.role),
        (SELECT count(*) FROM members m WHERE m.session = s.key),
        r.session IS NOT NULL, coalesce(z.messages, 0) = 0, coalesce(k.mentions, 0)
    FROM sessions s
    LEFT JOIN users u ON u.key = s.owner
    LEFT JOIN drafts d ON d.session = s.key
    LEFT JOIN session_marks k ON k.session = s.key
    LEFT JOIN members own ON own.session = s.key AND own.user = ?1
    LEFT JOIN removals r ON r.session = s.key
    LEFT JOIN session_sizes z ON z.session = s.key
    WHERE s.deleted = 0 AND s.hidden = 0";

pub(crate) struct Lister<'c> {
    conn: &'c Connection,
    account: Option<UserId>,
    me: Option<i64>,
    /// Nothing older counts as unread.
    unread_since: i64,
    outbox: HashMap<SessionId, Vec<OutboxItem>>,
}

struct Listed {
    key: i64,
    summary: SessionSummary,
    stub: bool,
}

impl<'c> Lister<'c> {
    pub(crate) fn new(conn: &'c Connection, account: Option<UserId>) -> Result<Self> {
        let mut outbox: HashMap<_, Vec<_>> = HashMap::new();
        let mut me = None;
        if let Some(account) = &account {
            for item in outbox::list(conn, account, None)? {
                outbox.entry(item.session.clone()).or_default().push(item);
            }
            me = conn
                .prepare_cached("SELECT key FROM users WHERE id = ?1")?
                .query_row([account.as_str()], |row| row.get(0))
                .optional()?;
        }
        let unread_since = super::status::meta(conn, UNREAD_SINCE)?
            .and_then(|micros| micros.parse().ok())
            .unwrap_or(i64::MIN);
        Ok(Self {
            conn,
            account,
            me,
            unread_since,
            outbox,
        })
    }

    fn all(&self) -> Result<Vec<SessionSummary>> {
        let mut statement = self.conn.prepare_cached(LISTED)?;
        let rows = statement.query_map([self.me], decode_session)?;
        let mut sessions = Vec::new();
        for row in rows {
            if let Some(summary) = self.complete(row?)? {
                sessions.push(summary);
            }
        }
        sessions.sort_by(|a, b| {
            (b.pinned, b.activity, &a.session.id).cmp(&(a.pinned, a.activity, &b.session.id))
        });
        Ok(sessions)
    }

    pub(crate) fn one(&self, id: &SessionId) -> Result<Option<SessionSummary>> {
        let listed = self
            .conn
            .prepare_cached(&format!("{LISTED} AND s.id = ?2"))?
            .query_row(params![self.me, id.as_str()], decode_session)
            .optional()?;
        listed.map_or(Ok(None), |listed| self.complete(listed))
    }

    /// Adds what is derived. A session known only through messages that are gone is not listed.
    fn complete(&self, listed: Listed) -> Result<Option<SessionSummary>> {
        let Listed {
            key,
            mut summary,
            stub,
        } = listed;
        let waiting = self.outbox.get(&summary.session.id);
        let waiting = waiting.map_or(&[][..], Vec::as_slice);
        for item in waiting {
            match item.state {
                OutboxState::Failed(_) => summary.failed += 1,
                OutboxState::Held => summary.held += 1,
                OutboxState::Queued | OutboxState::Sending => summary.queued += 1,
            }
            if let Op::UpdateSession { title, status } = &item.op {
                if let Some(title) = title {
                    summary.session.title.clone_from(title);
                }
                if let Some(status) = status {
                    summary.session.status = *status;
                }
            }
        }
        let last = self.last_message(key, !waiting.is_empty())?;
        if stub && last.is_none() {
            return Ok(None);
        }
        if let Some(last) = last {
            summary.activity = summary.activity.max(last.created_at);
            if stub {
                summary.session.last_activity = last.created_at;
                summary.session.created_at = last.created_at;
                summary.session.updated_at = last.created_at;
            }
            summary.last_message = Some(Snippet {
                text: snippet(&last.content),
                author: last.user_id,
                metadata: last.metadata,
                role: last.role,
                kind: last.kind,
                created_at: last.created_at,
            });
        }
        summary.unread = self.unread(key)?;
        Ok(Some(summary))
    }

    fn last_message(&self, session: i64, waiting: bool) -> Result<Option<Message>> {
        let pending = if waiting {
            overlay::pending(self.conn, session, self.account.as_ref())?
        } else {
            HashMap::new()
        };
        if let Some(own) = unsent(self.conn, session, &pending)?.pop() {
            return Ok(Some(own.message));
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES}
             WHERE m.session = ?1 AND m.deleted = 0 AND m.unsent = 0 AND m.hidden = 0
               AND m.created_at IS NOT NULL
             ORDER BY m.created_at DESC, m.id DESC LIMIT 1"
        );
        let last = self
            .conn
            .prepare_cached(&sql)?
            .query_row([session], decode_row)
            .optional()?;
        Ok(last.map(|raw| {
            let own = pending.get(&raw.key);
            raw.overlaid(own).message
        }))
    }

    /// Up to where a session is read.
    fn position(&self, session: i64) -> Result<(i64, [u8; 16])> {
        let floor = (self.unread_since, [u8::MAX; 16]);
        let read = self
            .conn
            .prepare_cached("SELECT at, id FROM read_positions WHERE session = ?1")?
            .query_row([session], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(read.map_or(floor, |read: (i64, [u8; 16])| read.max(floor)))
    }

    fn unread(&self, session: i64) -> Result<u32> {
        let (at, id) = self.position(session)?;
        Ok(self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM (
                     SELECT 1 FROM messages
                     WHERE session = ?1 AND deleted = 0 AND unsent = 0 AND hidden = 0
                       AND (created_at, id) > (?2, ?3)
                       AND (author IS NOT ?4 OR role IS NOT 'user')
                     LIMIT ?5)",
            )?
            .query_row(params![session, at, id, self.me, UNREAD_CAP], |row| {
                row.get(0)
            })?)
    }

    fn first_unread(&self, session: i64) -> Result<Option<MessageKey>> {
        let (at, id) = self.position(session)?;
        Ok(self
            .conn
            .prepare_cached(
                "SELECT created_at, id FROM messages
                 WHERE session = ?1 AND deleted = 0 AND unsent = 0 AND hidden = 0
                   AND (created_at, id) > (?2, ?3)
                   AND (author IS NOT ?4 OR role IS NOT 'user')
                 ORDER BY created_at, id LIMIT 1",
            )?
            .query_row(params![session, at, id, self.me], |row| {
                Ok(MessageKey {
                    at: decode::time(row, 0)?,
                    id: decode::message_id(row, 1)?,
                })
            })
            .optional()?)
    }
}

fn decode_session(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let created = decode::optional_time(row, 6)?;
    let last_activity = decode::optional_time(row, 5)?
        .or(created)
        .unwrap_or(Timestamp::from_micros(0));
    let created_at = created.unwrap_or(last_activity);
    let unsent: bool = row.get(10)?;
    Ok(Listed {
        key: row.get(0)?,
        stub: row.get::<_, i64>(11)? == i64::MIN && !unsent,
        summary: SessionSummary {
            session: Session {
                id: decode::session_id(row, 1)?,
                user_id: decode::optional_user_id(row, 2)?,
                title: row.get(3)?,
                status: decode::session_status(row, 4)?,
                last_activity,
                created_at,
                updated_at: decode::optional_time(row, 7)?.unwrap_or(created_at),
                metadata: decode::json(row, 8)?,
            },
            activity: last_activity,
            unread: 0,
            last_message: None,
            queued: 0,
            held: 0,
            failed: 0,
            draft: row.get(12)?,
            pinned: row.get(13)?,
            notify: decode::notify(row, 14, 19)?,
            no_access: row.get(9)?,
            unsent,
            role: decode::member_role(row, 15)?,
            members: row.get(16)?,
            trimmed: row.get(17)?,
            bare: row.get(18)?,
        },
    })
}

/// The beginning of a text, on one line.
fn snippet(content: &str) -> String {
    let mut text = String::new();
    // More than enough words for a snippet; a message may have 20,000 characters.
    for word in content.split_whitespace().take(SNIPPET_CHARS) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend(word.chars().take(SNIPPET_CHARS));
        if text.len() >= 4 * SNIPPET_CHARS {
            break;
        }
    }
    if let Some((end, _)) = text.char_indices().nth(SNIPPET_CHARS) {
        text.truncate(end);
    }
    text
}
