//! How far sessions are followed by the numbers of their changes.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};
use tidings_model::{MessageId, SessionId, Timestamp};

use super::local::set_meta;
use super::ranges::{self, Range, START, Tail};
use super::{Tx, ingest};
use crate::error::Result;
use crate::read::heads::{CHECKED, ERA, Era};
use crate::types::fact::{IngestReport, Source};
use crate::types::heads::{Head, NumberedChanges};
use crate::types::page::MessageKey;
use crate::{Cache, pool::Durability};

/// Numbers that may arrive this far ahead of the one that comes next. Beyond, the next catch-up
/// reads them again.
const AHEAD: i64 = 64;

impl Cache {
    /// The project counts anew, or (`None`) does not count any more: no number of before counts.
    /// Rows and ranges stay as they are, and all of these count as compared before it. `since`: now,
    /// by the server's clock.
    pub async fn begin_epoch(&self, epoch: Option<String>, since: Timestamp) -> Result<()> {
        let stamp = self.stamp();
        self.write(Durability::Normal, move |tx| {
            tx.conn.execute("DELETE FROM heads", [])?;
            tx.conn.execute("DELETE FROM seen_revs", [])?;
            set_meta(tx, CHECKED, None)?;
            tx.conn.execute(
                "UPDATE ranges SET verified_at = ?1 - 1 WHERE verified_at >= ?1",
                [since.as_micros()],
            )?;
            // Nothing is asked for by its number any more.
            tx.conn
                .execute("UPDATE ranges SET live = 0 WHERE live = 2", [])?;
            let era = epoch.map(|epoch| Era {
                stamp: stamp.0,
                since,
                epoch,
            });
            tx.era.set(None);
            set_meta(tx, ERA, era.map(|era| era.to_string()).as_deref())
        })
        .await
    }

    /// Takes changes in, together with how far they bring the sessions.
    pub async fn apply_changes(&self, changes: NumberedChanges) -> Result<IngestReport> {
        self.write(Durability::Normal, move |tx| apply(tx, changes))
            .await
    }

    /// Every change is known that the project had at a time of its own clock. While changes
    /// arrive live, so is every later one, and no range of a followed session has an end.
    pub async fn caught_up(&self, checked_at: Timestamp, live: bool) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            set_meta(tx, CHECKED, Some(&checked_at.as_micros().to_string()))?;
            if live { reopen(tx) } else { Ok(()) }
        })
        .await
    }

    /// These sessions are followed no more: when they are seen again, they are read anew.
    pub async fn forget_heads(&self, sessions: Vec<SessionId>) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            sessions.iter().try_for_each(|id| forget(tx, id))
        })
        .await
    }
}

/// A session is followed no more.
pub(crate) fn forget(tx: &Tx<'_>, session: &SessionId) -> Result<()> {
    for sql in [
        "DELETE FROM heads WHERE session_id = ?1",
        "DELETE FROM seen_revs WHERE session_id = ?1",
    ] {
        tx.conn.prepare_cached(sql)?.execute([session.as_str()])?;
    }
    Ok(())
}

fn apply(tx: &mut Tx<'_>, changes: NumberedChanges) -> Result<IngestReport> {
    let report = ingest::ingest(tx, changes.facts)?;
    for head in &changes.heads {
        stands(tx, head)?;
    }
    for session in &changes.unknown {
        if let Some(key) = tx.find_session(session)? {
            ranges::save(tx, key, &[])?;
        }
    }
    for session in &changes.whole {
        if let Some(key) = tx.find_session(session)? {
            let newer = newest(tx, key)?.unwrap_or(START);
            let range = Range {
                older: START,
                newer,
                verified_at: changes.verified_at,
                tail: Tail::of_end(changes.live),
            };
            let known = ranges::load(tx, key)?;
            ranges::save(tx, key, &ranges::overlay(&known, range))?;
        }
    }
    for session in &changes.complete {
        if let Some(key) = tx.find_session(session)? {
            reach_newest(tx, key)?;
        }
    }
    Ok(report)
}

/// Notes where a session stands; never back.
fn stands(tx: &Tx<'_>, head: &Head) -> Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT INTO heads (session_id, last_rev, gone) VALUES (?1, ?2, ?3)
             ON CONFLICT (session_id) DO UPDATE SET
                 last_rev = max(last_rev, excluded.last_rev), gone = max(gone, excluded.gone)",
        )?
        .execute(params![head.session.as_str(), head.last_rev, head.gone])?;
    let reached = stood(tx, head.session.as_str())?.unwrap_or(head.last_rev);
    on(tx, head.session.as_str(), reached)
}

fn stood(tx: &Tx<'_>, session: &str) -> Result<Option<i64>> {
    Ok(tx
        .conn
        .prepare_cached("SELECT last_rev FROM heads WHERE session_id = ?1")?
        .query_row([session], |row| row.get(0))
        .optional()?)
}

/// Goes on over the numbers that arrived ahead.
fn on(tx: &Tx<'_>, session: &str, reached: i64) -> Result<()> {
    let ahead: Vec<i64> = tx
        .conn
        .prepare_cached("SELECT rev FROM seen_revs WHERE session_id = ?1 ORDER BY rev")?
        .query_map([session], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if ahead.is_empty() {
        return Ok(());
    }
    let mut last = reached;
    for rev in ahead {
        if rev == last + 1 {
            last = rev;
        }
    }
    if last > reached {
        tx.conn
            .prepare_cached("UPDATE heads SET last_rev = ?2 WHERE session_id = ?1")?
            .execute(params![session, last])?;
    }
    tx.conn
        .prepare_cached("DELETE FROM seen_revs WHERE session_id = ?1 AND rev <= ?2")?
        .execute(params![session, last])?;
    Ok(())
}

/// The numbers of changes that arrived by themselves, or answered writes of one's own.
#[derive(Debug, Default)]
pub(crate) struct SeenRevs(BTreeMap<i64, Vec<i64>>);

impl SeenRevs {
    /// A change of a session is in the cache as a whole.
    pub(crate) fn add(&mut self, source: Source, session: i64, rev: i64) {
        if matches!(source, Source::Live { .. } | Source::OwnWrite(_)) {
            self.0.entry(session).or_default().push(rev);
        }
    }

    /// Sessions whose next change was among them stand further now.
    pub(crate) fn advance(self, tx: &mut Tx<'_>) -> Result<()> {
        for (session, mut revs) in self.0 {
            let id = tx.session_info(session)?.id;
            let before = stood(tx, id.as_str())?;
            let mut last = before.unwrap_or(0);
            revs.sort_unstable();
            for rev in revs {
                if rev == last + 1 {
                    last = rev;
                } else if rev > last && rev - last <= AHEAD {
                    tx.conn
                        .prepare_cached(
                            "INSERT INTO seen_revs (session_id, rev) VALUES (?1, ?2)
                             ON CONFLICT DO NOTHING",
                        )?
                        .execute(params![id.as_str(), rev])?;
                }
            }
            if last > before.unwrap_or(0) {
                let head = Head {
                    session: id,
                    last_rev: last,
                    gone: false,
                };
                stands(tx, &head)?;
            }
        }
        Ok(())
    }
}

/// The newest range of every followed session whose end was known has no end any more.
fn reopen(tx: &mut Tx<'_>) -> Result<()> {
    let reopened: Vec<i64> = tx
        .conn
        .prepare_cached(
            "UPDATE ranges SET live = 1
             WHERE live = 2
               AND session IN (SELECT s.key FROM heads h JOIN sessions s ON s.id = h.session_id)
               AND NOT EXISTS (
                   SELECT 1 FROM ranges later WHERE later.session = ranges.session
                     AND (later.older_at, later.older_id) > (ranges.older_at, ranges.older_id))
             RETURNING session",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for session in reopened {
        let id = tx.session_info(session)?.id;
        tx.changes.ranges.insert(id);
    }
    Ok(())
}

/// Every change is known: the newest range reaches to the newest message.
fn reach_newest(tx: &mut Tx<'_>, session: i64) -> Result<()> {
    let Some(newest) = newest(tx, session)? else {
        return Ok(());
    };
    let moved = tx
        .conn
        .prepare_cached(
            "UPDATE ranges SET newer_at = ?2, newer_id = ?3
             WHERE session = ?1 AND (newer_at, newer_id) < (?2, ?3)
               AND (older_at, older_id) IN (
                   SELECT older_at, older_id FROM ranges WHERE session = ?1
                   ORDER BY older_at DESC, older_id DESC LIMIT 1)",
        )?
        .execute(params![
            session,
            newest.at.as_micros(),
            newest.id.as_uuid().as_bytes()
        ])?;
    if moved > 0 {
        let id = tx.session_info(session)?.id;
        tx.changes.ranges.insert(id);
    }
    Ok(())
}

fn newest(tx: &Tx<'_>, session: i64) -> Result<Option<MessageKey>> {
    let found = tx
        .conn
        .prepare_cached(
            "SELECT created_at, id FROM messages
             WHERE session = ?1 AND deleted = 0 AND unsent = 0 AND created_at IS NOT NULL
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )?
        .query_row([session], |row| {
            let at = crate::read::decode::time(row, 0)?;
            let id: MessageId = crate::read::decode::message_id(row, 1)?;
            Ok(MessageKey { at, id })
        })
        .optional()?;
    Ok(found)
}
