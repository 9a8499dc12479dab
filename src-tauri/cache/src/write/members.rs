//! Takes in who takes part in sessions, and what people are called.
//!
//! A stay (one row) ends once and for all: somebody who comes again gets a row with another key.
//! So an ended one can be told from one that an older answer still lists. Rows of owners are not
//! kept: whose a session is stands in its own row, which changes with them.

use std::collections::{BTreeSet, HashSet};

use rusqlite::{OptionalExtension as _, params};
use tidings_model::{MemberId, MemberRole, SessionId, UserId};

use super::Tx;
use super::ingest::session_or_stub;
use crate::error::Result;
use crate::read::decode;
use crate::types::fact::{IngestReport, ReadStamp, Source};
use crate::types::members::MemberRow;
use crate::{Cache, pool::Durability};

impl Cache {
    /// The list of those who take part was read: all pages, for the right account, without the
    /// owners' rows. `of`: of these sessions; `None`: of all. Who is cached and not listed takes
    /// part no more. A session in which the list does not name the account is left as it was,
    /// unless it is the account's own: who does not take part is shown nobody.
    pub async fn members_listed(
        &self,
        of: Option<Vec<SessionId>>,
        rows: Vec<MemberRow>,
        read: ReadStamp,
    ) -> Result<IngestReport> {
        self.write(Durability::Normal, move |tx| {
            listed(tx, of.as_deref(), &rows, read)
        })
        .await
    }

    /// The project does not show this session to the account any more. It is kept, to be read.
    /// Returns whether it was shown until now.
    pub async fn access_lost(&self, session: SessionId) -> Result<bool> {
        self.write(Durability::Normal, move |tx| {
            let Some(key) = tx.find_session(&session)? else {
                return Ok(false);
            };
            let shut = tx
                .conn
                .prepare_cached(
                    "UPDATE sessions SET no_access = 1, missing_lists = ?2
                     WHERE key = ?1 AND no_access = 0 AND deleted = 0 AND unsent = 0",
                )?
                .execute(params![key, super::sessions::LISTS])?;
            if shut > 0 {
                shut_out(tx, key)?;
                tx.changes.sessions.insert(session);
            }
            Ok(shut > 0)
        })
        .await
    }

    /// The project has no members part (any more): what was known of it is forgotten.
    pub async fn forget_members(&self) -> Result<()> {
        self.write(Durability::Normal, |tx| {
            let touched: Vec<SessionId> = tx
                .conn
                .prepare_cached(
                    "SELECT DISTINCT s.id FROM members m JOIN sessions s ON s.key = m.session",
                )?
                .query_map([], |row| decode::session_id(row, 0))?
                .collect::<rusqlite::Result<_>>()?;
            tx.changes.sessions.extend(touched);
            tx.conn.execute("DELETE FROM members", [])?;
            tx.changes.names |= tx.conn.execute("DELETE FROM profiles", [])? > 0;
            Ok(())
        })
        .await
    }

    /// What people are called was read. `complete`: everything that the account is shown, so that
    /// those whom it meets and whose names are not among it have none any more.
    pub async fn profiles_listed(
        &self,
        names: Vec<(UserId, String)>,
        complete: bool,
    ) -> Result<()> {
        self.write(Durability::Normal, move |tx| named(tx, &names, complete))
            .await
    }
}

/// At the start of a run nothing is under way.
pub(super) fn begin(tx: &Tx<'_>) -> Result<()> {
    tx.conn.execute("DELETE FROM members_gone", [])?;
    Ok(())
}

/// The session is shown no more: nothing of it arrives by itself.
pub(super) fn shut_out(tx: &Tx<'_>, session: i64) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE ranges SET live = 0 WHERE session = ?1 AND live <> 0")?
        .execute([session])?;
    Ok(())
}

/// The session is shown (again). What happened meanwhile is not known: everything is read anew as
/// it is looked at. Returns whether it was out of reach.
pub(super) fn let_in_again(tx: &mut Tx<'_>, session: i64) -> Result<bool> {
    let shut = tx
        .conn
        .prepare_cached("SELECT 1 FROM sessions WHERE key = ?1 AND no_access = 1")?
        .exists([session])?;
    if !shut {
        return Ok(false);
    }
    let forgotten = tx
        .conn
        .prepare_cached("DELETE FROM ranges WHERE session = ?1")?
        .execute([session])?;
    if forgotten > 0 {
        let id = tx.session_info(session)?.id;
        tx.changes.ranges.insert(id);
    }
    Ok(true)
}

/// A member as stored.
struct Stored {
    session: i64,
    user: i64,
    role: String,
    arrived: Option<i64>,
    read_ended: Option<i64>,
}

fn load(tx: &Tx<'_>, id: MemberId) -> Result<Option<Stored>> {
    Ok(tx
        .conn
        .prepare_cached(
            "SELECT session, user, role, arrived, read_ended FROM members WHERE id = ?1",
        )?
        .query_row([blob(id)], |row| {
            Ok(Stored {
                session: row.get(0)?,
                user: row.get(1)?,
                role: row.get(2)?,
                arrived: row.get(3)?,
                read_ended: row.get(4)?,
            })
        })
        .optional()?)
}

/// Takes one member in.
pub(super) fn take(
    tx: &mut Tx<'_>,
    row: &MemberRow,
    source: Source,
    report: &mut IngestReport,
) -> Result<()> {
    let ended = tx
        .conn
        .prepare_cached("SELECT 1 FROM members_gone WHERE id = ?1")?
        .exists([blob(row.id)])?;
    let known = load(tx, row.id)?;
    if row.role == MemberRole::Owner {
        // A member whom the session was given to: its own row says so.
        if let Some(known) = known {
            remove(tx, row.id, known.session)?;
            report.reread.sessions.insert(row.session.clone());
        }
        return Ok(());
    }
    if ended {
        return Ok(());
    }
    let differs = known
        .as_ref()
        .is_none_or(|known| known.role != row.role.as_str());
    let (mut arrived, mut read_ended) = known
        .as_ref()
        .map_or((None, None), |known| (known.arrived, known.read_ended));
    let overlaps = match source {
        Source::Live { arrived: now, .. } => {
            arrived = Some(now.0);
            read_ended.is_some_and(|ended| ended >= now.0)
        }
        Source::Rest(read) | Source::OwnWrite(read) => {
            let later = arrived.is_some_and(|arrived| arrived >= read.began.0);
            read_ended = read_ended.max(Some(read.ended.0));
            later
        }
    };
    if overlaps {
        // Nothing orders the two: the list is read once more.
        if differs {
            report.reread.members.insert(row.session.clone());
        }
        return Ok(());
    }
    let session = session_or_stub(tx, &row.session, report)?;
    let user = tx.user(&row.user)?;
    // Of one who came again, the stay before.
    tx.conn
        .prepare_cached("DELETE FROM members WHERE session = ?1 AND user = ?2 AND id <> ?3")?
        .execute(params![session, user, blob(row.id)])?;
    tx.conn
        .prepare_cached(
            "INSERT INTO members (id, session, user, role, joined_at, arrived, read_ended)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at,
                 arrived = excluded.arrived, read_ended = excluded.read_ended",
        )?
        .execute(params![
            blob(row.id),
            session,
            user,
            row.role.as_str(),
            row.joined_at.map(tidings_model::Timestamp::as_micros),
            arrived,
            read_ended,
        ])?;
    if known.is_none() && is_account(tx, user)? {
        report.joined.push(row.session.clone());
    }
    if differs {
        report.changed += 1;
        tx.session_changed(session)?;
    }
    Ok(())
}

/// Takes the end of a stay in. Of one's own, whether the session is still shown has to be asked.
pub(super) fn take_gone(
    tx: &mut Tx<'_>,
    id: MemberId,
    source: Source,
    report: &mut IngestReport,
) -> Result<()> {
    if matches!(source, Source::Live { .. }) {
        tx.conn
            .prepare_cached("INSERT INTO members_gone (id) VALUES (?1) ON CONFLICT DO NOTHING")?
            .execute([blob(id)])?;
    }
    let Some(known) = load(tx, id)? else {
        return Ok(());
    };
    remove(tx, id, known.session)?;
    report.changed += 1;
    if is_account(tx, known.user)? {
        let session = tx.session_info(known.session)?.id;
        report.reread.members.insert(session);
    }
    Ok(())
}

fn remove(tx: &mut Tx<'_>, id: MemberId, session: i64) -> Result<()> {
    tx.conn
        .prepare_cached("DELETE FROM members WHERE id = ?1")?
        .execute([blob(id)])?;
    tx.session_changed(session)
}

fn is_account(tx: &Tx<'_>, user: i64) -> Result<bool> {
    Ok(tx
        .conn
        .prepare_cached(
            "SELECT 1 FROM users JOIN meta ON meta.name = ?2 AND meta.value = users.id
             WHERE users.key = ?1",
        )?
        .exists(params![user, super::local::ACCOUNT])?)
}

fn listed(
    tx: &mut Tx<'_>,
    of: Option<&[SessionId]>,
    rows: &[MemberRow],
    read: ReadStamp,
) -> Result<IngestReport> {
    let mut report = IngestReport::default();
    let account = crate::read::status::meta(tx.conn, super::local::ACCOUNT)?;
    let own: HashSet<&SessionId> = rows
        .iter()
        .filter(|row| Some(row.user.as_str()) == account.as_deref())
        .map(|row| &row.session)
        .collect();
    let there: HashSet<MemberId> = rows.iter().map(|row| row.id).collect();
    let of: Option<BTreeSet<&SessionId>> = of.map(|of| of.iter().collect());
    // Where the account came to be a member while the list was read.
    let mut here = HashSet::new();
    for cached in cached(tx)? {
        let meant = of.as_ref().is_none_or(|of| of.contains(&cached.session));
        let newer = cached
            .arrived
            .is_some_and(|arrived| arrived >= read.began.0)
            || cached.read_ended.is_some_and(|ended| ended >= read.began.0);
        if newer && cached.own {
            here.insert(cached.session.clone());
        }
        if !meant || newer || there.contains(&cached.id) {
            continue;
        }
        if cached.owned || own.contains(&cached.session) {
            remove(tx, cached.id, cached.key)?;
            report.changed += 1;
        }
    }
    if of.is_none() {
        missing(tx, |session| {
            own.contains(session) || here.contains(session)
        })?;
    }
    for row in rows {
        take(tx, row, Source::Rest(read), &mut report)?;
    }
    Ok(report)
}

/// A cached member with what decides whether a list without it ends its stay.
struct Cached {
    id: MemberId,
    key: i64,
    session: SessionId,
    /// The session is the account's.
    owned: bool,
    /// It is the account.
    own: bool,
    arrived: Option<i64>,
    read_ended: Option<i64>,
}

fn cached(tx: &Tx<'_>) -> Result<Vec<Cached>> {
    Ok(tx
        .conn
        .prepare_cached(
            "SELECT m.id, s.key, s.id, s.owner IS me.key, m.user IS me.key, m.arrived, m.read_ended
             FROM members m JOIN sessions s ON s.key = m.session
             LEFT JOIN users me ON me.id = (SELECT value FROM meta WHERE name = ?1)",
        )?
        .query_map([super::local::ACCOUNT], |row| {
            Ok(Cached {
                id: MemberId::from_uuid(uuid::Uuid::from_bytes(row.get(0)?)),
                key: row.get(1)?,
                session: decode::session_id(row, 2)?,
                owned: row.get(3)?,
                own: row.get(4)?,
                arrived: row.get(5)?,
                read_ended: row.get(6)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// Two complete lists lack these: that of the sessions, and that of the members the account's own
/// row. They are shown no more. What is the account's own has no such row.
fn missing(tx: &mut Tx<'_>, is_member: impl Fn(&SessionId) -> bool) -> Result<()> {
    let doubtful: Vec<(i64, SessionId)> = tx
        .conn
        .prepare_cached(
            "SELECT key, id FROM sessions
             WHERE missing_lists > 0 AND no_access = 0 AND deleted = 0 AND unsent = 0
                 AND owner <> (SELECT key FROM users WHERE id =
                     (SELECT value FROM meta WHERE name = ?1))",
        )?
        .query_map([super::local::ACCOUNT], |row| {
            Ok((row.get(0)?, decode::session_id(row, 1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (key, id) in doubtful {
        if is_member(&id) {
            continue;
        }
        tx.conn
            .prepare_cached("UPDATE sessions SET no_access = 1, missing_lists = ?2 WHERE key = ?1")?
            .execute(params![key, super::sessions::LISTS])?;
        shut_out(tx, key)?;
        tx.session_changed(key)?;
    }
    Ok(())
}

fn named(tx: &mut Tx<'_>, names: &[(UserId, String)], complete: bool) -> Result<()> {
    let mut changed = 0;
    let mut listed = HashSet::new();
    for (user, name) in names {
        let key = tx.user(user)?;
        listed.insert(key);
        changed += tx
            .conn
            .prepare_cached(
                "INSERT INTO profiles (user, name) VALUES (?1, ?2)
                 ON CONFLICT (user) DO UPDATE SET name = excluded.name
                 WHERE profiles.name <> excluded.name",
            )?
            .execute(params![key, name])?;
    }
    if complete {
        // Who is met nowhere any more keeps the name last known: it stands above messages.
        let met: Vec<i64> = tx
            .conn
            .prepare_cached(
                "SELECT user FROM profiles WHERE user IN (
                     SELECT m.user FROM members m JOIN sessions s ON s.key = m.session
                         WHERE s.no_access = 0
                     UNION SELECT owner FROM sessions WHERE no_access = 0 AND deleted = 0)",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut forget = tx
            .conn
            .prepare_cached("DELETE FROM profiles WHERE user = ?1")?;
        for user in met.iter().filter(|user| !listed.contains(user)) {
            changed += forget.execute([user])?;
        }
    }
    tx.changes.names |= changed > 0;
    Ok(())
}

fn blob(id: MemberId) -> [u8; 16] {
    *id.as_uuid().as_bytes()
}
