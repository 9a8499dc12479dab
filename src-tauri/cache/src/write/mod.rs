//! The one door through which the cache changes.

pub(crate) mod alerts;
mod delivery;
pub(crate) mod heads;
pub(crate) mod heard;
pub(crate) mod index;
pub(crate) mod ingest;
mod levels;
pub(crate) mod local;
pub(crate) mod members;
mod merge;
mod outbox;
pub(crate) mod prices;
pub(crate) mod queue;
pub(crate) mod ranges;
pub(crate) mod retention;
mod rows;
pub(crate) mod sessions;
pub(crate) mod untold;
mod values;
mod voice;
mod window;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};
use tidings_model::{MessageId, SessionId, Symbol, UserId};

use self::merge::Revision;
use crate::change::Changes;
use crate::error::Result;
use crate::types::fact::{Incoming, IngestReport, ReadStamp, Source};
use crate::types::page::Window;
use crate::{Cache, pool::Durability};

/// A write transaction: the connection, and what it has changed so far.
pub(crate) struct Tx<'c> {
    pub conn: &'c Connection,
    pub changes: Changes,
    users: HashMap<UserId, i64>,
    sessions: HashMap<SessionId, i64>,
    infos: HashMap<i64, SessionInfo>,
    era: Cell<Option<i64>>,
    /// The greatest id of a message, once it was asked for; empty while there is none.
    greatest: RefCell<Option<Vec<u8>>>,
    /// The session that is being looked at: what is new in it has not to be told.
    pub looked_at: Option<i64>,
    telling: Option<Telling>,
}

/// What says whether a message has to be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    /// What was written up to then is dealt with; nothing is told while it is not known.
    pub told_to: Option<i64>,
    /// The account's key, if it has written anything.
    pub me: Option<i64>,
}

/// What writing messages needs to know of their session.
#[derive(Debug, Clone)]
pub(crate) struct SessionInfo {
    pub id: SessionId,
    /// Stamp of the session's latest deletion.
    pub gone_to: Option<i64>,
    /// Number of its last change, when that is known of a session that is gone.
    pub gone_rev: Option<i64>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Self {
        Self {
            conn,
            changes: Changes::default(),
            users: HashMap::new(),
            sessions: HashMap::new(),
            infos: HashMap::new(),
            era: Cell::new(None),
            greatest: RefCell::new(None),
            looked_at: None,
            telling: None,
        }
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }

    /// The key of a user, made when it is new.
    pub(crate) fn user(&mut self, id: &UserId) -> Result<i64> {
        if let Some(key) = self.users.get(id) {
            return Ok(*key);
        }
        let found = self
            .conn
            .prepare_cached("SELECT key FROM users WHERE id = ?1")?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        let key = match found {
            Some(key) => key,
            None => self
                .conn
                .prepare_cached("INSERT INTO users (id) VALUES (?1)")?
                .insert([id.as_str()])?,
        };
        self.users.insert(id.clone(), key);
        Ok(key)
    }

    /// The key of a session that is known in some way.
    pub(crate) fn find_session(&mut self, id: &SessionId) -> Result<Option<i64>> {
        if let Some(key) = self.sessions.get(id) {
            return Ok(Some(*key));
        }
        let key = self
            .conn
            .prepare_cached("SELECT key FROM sessions WHERE id = ?1")?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        if let Some(key) = key {
            self.sessions.insert(id.clone(), key);
        }
        Ok(key)
    }

    /// What writing messages needs to know of a session.
    pub(crate) fn session_info(&mut self, key: i64) -> Result<SessionInfo> {
        if let Some(info) = self.infos.get(&key) {
            return Ok(info.clone());
        }
        let era = self.era()?;
        let info = self
            .conn
            .prepare_cached("SELECT id, gone_to, gone_rev FROM sessions WHERE key = ?1")?
            .query_row([key], |row| {
                let gone_to: Option<i64> = row.get(1)?;
                let counts = gone_to.is_some_and(|stamp| stamp >= era);
                Ok(SessionInfo {
                    id: crate::read::decode::session_id(row, 0)?,
                    gone_to,
                    gone_rev: row.get::<_, Option<i64>>(2)?.filter(|_| counts),
                })
            })?;
        self.infos.insert(key, info.clone());
        Ok(info)
    }

    /// Since which stamp numbers of changes count; beyond all stamps while none does.
    pub(crate) fn era(&self) -> Result<i64> {
        if let Some(era) = self.era.get() {
            return Ok(era);
        }
        let era = crate::read::heads::era(self.conn)?.map_or(i64::MAX, |era| era.stamp);
        self.era.set(Some(era));
        Ok(era)
    }

    /// Whether a message is new here for sure. Ids grow with time, so one that has just been
    /// written is above all others, and need not be looked for.
    pub(crate) fn is_above_all(&self, id: MessageId) -> Result<bool> {
        let mut greatest = self.greatest.borrow_mut();
        let known = match &mut *greatest {
            Some(known) => known,
            unknown => {
                let found: Option<Vec<u8>> = self
                    .conn
                    .prepare_cached("SELECT max(id) FROM messages")?
                    .query_row([], |row| row.get(0))?;
                unknown.insert(found.unwrap_or_default())
            }
        };
        Ok(known.as_slice() < id.as_uuid().as_bytes().as_slice())
    }

    /// A message with this id is stored now.
    pub(crate) fn note_stored(&self, id: &[u8]) {
        if let Some(known) = &mut *self.greatest.borrow_mut()
            && known.as_slice() < id
        {
            id.clone_into(known);
        }
    }

    /// What says whether a message has to be told.
    pub(crate) fn telling(&mut self) -> Result<Telling> {
        let meta = |name| crate::read::status::meta(self.conn, name);
        let mut telling = match self.telling {
            Some(telling) if telling.me.is_some() => return Ok(telling),
            // A fact of the same transaction may have made the account known.
            Some(telling) => telling,
            None => Telling {
                told_to: meta(untold::TOLD_TO)?.and_then(|at| at.parse().ok()),
                me: None,
            },
        };
        if let Some(account) = meta(local::ACCOUNT)? {
            telling.me = self
                .conn
                .prepare_cached("SELECT key FROM users WHERE id = ?1")?
                .query_row([account], |row| row.get(0))
                .optional()?;
        }
        Ok(*self.telling.insert(telling))
    }

    /// The number of a change, if it counts.
    pub(crate) fn revision(
        &self,
        source: Source,
        place: Option<i64>,
        rev: Option<i64>,
    ) -> Result<Option<Revision>> {
        let Some((place, rev)) = place.zip(rev) else {
            return Ok(None);
        };
        let counts = merge::stamp(source) >= self.era()?;
        Ok(counts.then_some(Revision { place, rev }))
    }

    /// The session's row changed in a way that the memory here must not outlive.
    pub(crate) fn forget_session(&mut self, key: i64) {
        self.infos.remove(&key);
        self.sessions.retain(|_, known| *known != key);
    }

    /// The key of a symbol, made when it is new.
    pub(crate) fn symbol(&self, symbol: &Symbol) -> Result<i64> {
        let found = self
            .conn
            .prepare_cached("SELECT key FROM symbols WHERE name = ?1")?
            .query_row([symbol.as_str()], |row| row.get(0))
            .optional()?;
        match found {
            Some(key) => Ok(key),
            None => Ok(self
                .conn
                .prepare_cached("INSERT INTO symbols (name) VALUES (?1)")?
                .insert([symbol.as_str()])?),
        }
    }

    /// Notes that a message changed, and its session's place in the list with it.
    pub(crate) fn message_changed(&mut self, session: i64, id: MessageId) -> Result<()> {
        let session = self.session_info(session)?.id;
        self.changes.message(&session, id);
        self.changes.sessions.insert(session);
        Ok(())
    }

    /// Notes that a session changed.
    pub(crate) fn session_changed(&mut self, session: i64) -> Result<()> {
        let session = self.session_info(session)?.id;
        self.changes.sessions.insert(session);
        Ok(())
    }
}

/// The number of the run that begins, and the account.
pub(crate) fn beginning(conn: &Connection) -> Result<(i64, Option<UserId>)> {
    let meta = |name| crate::read::status::meta(conn, name);
    let epoch = meta(local::EPOCH)?
        .and_then(|epoch| epoch.parse::<i64>().ok())
        .unwrap_or(0)
        + 1;
    let account = meta(local::ACCOUNT)?.and_then(|account| UserId::new(account).ok());
    Ok((epoch, account))
}

/// At the start of a run: counts it, and forgets what only an earlier one needed.
pub(crate) fn begin(tx: &mut Tx<'_>) -> Result<()> {
    let (epoch, _) = beginning(tx.conn)?;
    local::set_meta(tx, local::EPOCH, Some(&epoch.to_string()))?;
    // What was under way when the program ended waits again.
    tx.conn.execute(
        "UPDATE outbox SET state = 'queued' WHERE state = 'sending'",
        [],
    )?;
    // Nothing arrives live yet.
    ranges::close_all(tx)?;
    members::begin(tx)?;
    // Tombstones and places left order facts that are under way together; those of an earlier run
    // have arrived.
    tx.conn.execute(
        "UPDATE messages SET departed = NULL WHERE departed IS NOT NULL",
        [],
    )?;
    tx.conn.execute(
        "DELETE FROM messages WHERE deleted = 1
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.message = messages.key)",
        [],
    )?;
    tx.conn.execute(sessions::FORGET_GONE, [])?;
    Ok(())
}

impl Cache {
    /// Takes facts in, in one transaction. The one way in for rows and deletions.
    pub async fn ingest(&self, facts: Vec<Incoming>) -> Result<IngestReport> {
        self.ingest_looking_at(facts, None).await
    }

    /// Takes facts in while a session is being looked at: what is new in it is never among
    /// [`Self::untold_messages`].
    pub async fn ingest_looking_at(
        &self,
        facts: Vec<Incoming>,
        session: Option<SessionId>,
    ) -> Result<IngestReport> {
        if facts.is_empty() {
            return Ok(IngestReport::default());
        }
        self.write(Durability::Normal, move |tx| {
            if let Some(session) = session {
                tx.looked_at = tx.find_session(&session)?;
            }
            ingest::ingest(tx, facts)
        })
        .await
    }

    /// Takes in a range that was read whole: its rows, and (for the right account) that what
    /// is cached in it and not in the answer was deleted. Nothing outside of it is touched.
    pub async fn apply_window(&self, window: Window) -> Result<IngestReport> {
        self.write(Durability::Normal, move |tx| window::apply(tx, window))
            .await
    }

    /// Live changes stopped arriving: from here on something may be missed after every range.
    pub async fn live_stopped(&self) -> Result<()> {
        self.write(Durability::Normal, ranges::close_all).await
    }

    /// The whole list of sessions was read (all pages, for the right account). A session
    /// missing from two such lists in a row becomes `no_access`; nothing is deleted.
    /// Returns the sessions that became so.
    pub async fn sessions_listed(
        &self,
        ids: Vec<SessionId>,
        read: ReadStamp,
    ) -> Result<Vec<SessionId>> {
        self.write(Durability::Normal, move |tx| {
            sessions::listed(tx, &ids, read)
        })
        .await
    }

    /// Takes a session and everything of it off this computer, unsent writes included;
    /// the server is not asked.
    pub async fn remove_session(&self, session: SessionId) -> Result<()> {
        self.write(Durability::Normal, move |tx| sessions::remove(tx, &session))
            .await
    }
}
