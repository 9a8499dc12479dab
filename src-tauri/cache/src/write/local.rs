//! What exists on this device only: account, read positions, drafts, marks.

use rusqlite::params;
use tidings_model::{SessionId, Timestamp, UserId};

use super::Tx;
use super::untold::TOLD_TO;
use crate::error::{CacheError, Result};
use crate::read::decode;
use crate::read::heads::{CHECKED, ERA};
use crate::types::chat::Notify;
use crate::types::page::MessageKey;
use crate::{Cache, pool::Durability};

/// Whose workspace this is.
pub(crate) const ACCOUNT: &str = "account";
/// From when on messages count as unread, in microseconds.
pub(crate) const UNREAD_SINCE: &str = "unread_since";
/// There while [`UNREAD_SINCE`] is by this computer's clock, which may be wrong.
pub(crate) const UNREAD_GUESSED: &str = "unread_guessed";
/// How often the cache was opened; the high part of every stamp.
pub(crate) const EPOCH: &str = "epoch";
/// Names that [`Cache::set_meta`] leaves alone.
const OWN_NAMES: [&str; 7] = [
    ACCOUNT,
    UNREAD_SINCE,
    UNREAD_GUESSED,
    EPOCH,
    ERA,
    CHECKED,
    TOLD_TO,
];

impl Cache {
    /// Whose workspace this is. The first call ever also sets from when on messages count as
    /// unread: what was written before that is history. `now` is this computer's time, and counts until
    /// [`Self::set_clock`] corrects it.
    pub async fn set_account(&self, user: UserId, now: Timestamp) -> Result<()> {
        if self.account().as_ref() == Some(&user) {
            return Ok(());
        }
        let name = user.clone();
        self.write(Durability::Normal, move |tx| {
            tx.user(&name)?;
            set_meta(tx, ACCOUNT, Some(name.as_str()))?;
            if crate::read::status::meta(tx.conn, UNREAD_SINCE)?.is_none() {
                set_meta(tx, UNREAD_SINCE, Some(&now.as_micros().to_string()))?;
                set_meta(tx, UNREAD_GUESSED, Some(""))?;
            }
            Ok(())
        })
        .await?;
        self.remember_account(user);
        Ok(())
    }

    /// This computer's clock is so many microseconds behind the server's: the first time this corrects
    /// from when on messages count as unread.
    pub async fn set_clock(&self, behind: i64) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            correct_unread_since(tx, behind)
        })
        .await
    }

    /// Sets or clears a fact of the caller's. Names of the cache's own are refused.
    pub async fn set_meta(&self, name: &'static str, value: Option<String>) -> Result<()> {
        if OWN_NAMES.contains(&name) {
            return Err(CacheError::NotFound("setting"));
        }
        self.write(Durability::Normal, move |tx| {
            set_meta(tx, name, value.as_deref())
        })
        .await
    }

    /// Moves the read position forward to `key`; it never moves back.
    pub async fn mark_read(&self, session: SessionId, key: MessageKey) -> Result<()> {
        self.write(Durability::Normal, move |tx| mark_read(tx, &session, key))
            .await
    }

    /// Sets or clears the unfinished text of a session.
    pub async fn set_draft(
        &self,
        session: SessionId,
        text: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            set_draft(tx, &session, text.as_deref(), now)
        })
        .await
    }

    /// Keeps a session on top of the list, or not.
    pub async fn set_pinned(&self, session: SessionId, pinned: bool) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            set_marks(tx, &session, Some(pinned), None)
        })
        .await
    }

    /// Says which messages of a session notify.
    pub async fn set_notify(&self, session: SessionId, notify: Notify) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            set_marks(tx, &session, None, Some(notify))
        })
        .await
    }
}

pub(crate) fn set_meta(tx: &Tx<'_>, name: &str, value: Option<&str>) -> Result<()> {
    if let Some(value) = value {
        tx.conn
            .prepare_cached(
                "INSERT INTO meta (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )?
            .execute([name, value])?;
    } else {
        tx.conn
            .prepare_cached("DELETE FROM meta WHERE name = ?1")?
            .execute([name])?;
    }
    Ok(())
}

/// Writes what is there already.
pub(crate) fn touch(tx: &Tx<'_>) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE meta SET value = value WHERE name = ?1")?
        .execute([EPOCH])?;
    Ok(())
}

/// Corrects from when on messages count as unread, if that is by a clock that is so many
/// microseconds behind the server's.
fn correct_unread_since(tx: &mut Tx<'_>, behind: i64) -> Result<()> {
    let meta = |name| crate::read::status::meta(tx.conn, name);
    if meta(UNREAD_GUESSED)?.is_none() {
        return Ok(());
    }
    let guess = meta(UNREAD_SINCE)?.and_then(|micros| micros.parse::<i64>().ok());
    let since = guess.map(|guess| guess.saturating_add(behind).to_string());
    set_meta(tx, UNREAD_SINCE, since.as_deref())?;
    set_meta(tx, UNREAD_GUESSED, None)?;
    if behind == 0 {
        return Ok(());
    }
    let mut statement = tx.conn.prepare_cached("SELECT id FROM sessions")?;
    let ids = statement.query_map([], |row| decode::session_id(row, 0))?;
    let ids = ids.collect::<rusqlite::Result<Vec<_>>>()?;
    tx.changes.read_positions.extend(ids);
    Ok(())
}

pub(crate) fn mark_read(tx: &mut Tx<'_>, session: &SessionId, key: MessageKey) -> Result<()> {
    let session = existing(tx, session)?;
    let moved = tx
        .conn
        .prepare_cached(
            "INSERT INTO read_positions (session, at, id) VALUES (?1, ?2, ?3)
             ON CONFLICT (session) DO UPDATE SET at = excluded.at, id = excluded.id
             WHERE (excluded.at, excluded.id) > (read_positions.at, read_positions.id)",
        )?
        .execute(params![
            session,
            key.at.as_micros(),
            key.id.as_uuid().as_bytes()
        ])?;
    if moved > 0 {
        let id = tx.session_info(session)?.id;
        tx.changes.read_positions.insert(id);
    }
    Ok(())
}

/// The unfinished text of a session.
pub(crate) fn draft(tx: &Tx<'_>, session: &SessionId) -> Result<Option<String>> {
    crate::read::sessions::draft(tx.conn, session)
}

pub(crate) fn set_draft(
    tx: &mut Tx<'_>,
    session: &SessionId,
    text: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let key = existing(tx, session)?;
    let changed = if let Some(text) = text.filter(|text| !text.is_empty()) {
        tx.conn
            .prepare_cached(
                "INSERT INTO drafts (session, text, updated_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (session) DO UPDATE SET text = excluded.text,
                     updated_at = excluded.updated_at
                 WHERE drafts.text <> excluded.text",
            )?
            .execute(params![key, text, now.as_micros()])?
    } else {
        tx.conn
            .prepare_cached("DELETE FROM drafts WHERE session = ?1")?
            .execute([key])?
    };
    if changed > 0 {
        tx.changes.drafts.insert(session.clone());
    }
    Ok(())
}

pub(crate) fn set_marks(
    tx: &mut Tx<'_>,
    session: &SessionId,
    pinned: Option<bool>,
    notify: Option<Notify>,
) -> Result<()> {
    let key = existing(tx, session)?;
    let muted = notify.map(|notify| notify == Notify::Muted);
    let mentions = notify.map(|notify| notify == Notify::Mentions);
    tx.conn
        .prepare_cached(
            "INSERT INTO session_marks (session, pinned, muted, mentions)
             VALUES (?1, coalesce(?2, 0), coalesce(?3, 0), coalesce(?4, 0))
             ON CONFLICT (session) DO UPDATE SET pinned = coalesce(?2, pinned),
                 muted = coalesce(?3, muted), mentions = coalesce(?4, mentions)",
        )?
        .execute(params![key, pinned, muted, mentions])?;
    tx.changes.sessions.insert(session.clone());
    Ok(())
}

fn existing(tx: &mut Tx<'_>, session: &SessionId) -> Result<i64> {
    tx.find_session(session)?
        .ok_or(CacheError::NotFound("session"))
}
