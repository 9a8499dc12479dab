//! What is left to be read in the background: gaps, and ranges that may be out of date.

use std::collections::HashSet;

use rusqlite::{Connection, params};
use tidings_model::{MessageId, SessionId, Timestamp};

use super::decode;
use super::ranges::{Coverage, stored};
use crate::Cache;
use crate::error::Result;
use crate::types::heads::Stretch;
use crate::types::page::MessageKey;
use crate::write::ranges::START;

/// Sessions in which something is missing while changes arrive live: a range that does not touch
/// the one below it, no range at all, or none that the newest messages arrive in. First `?2`, then
/// by activity. Sessions of which messages were taken off this computer wait for somebody who looks.
pub(crate) const WITH_GAPS: &str = "SELECT s.id, s.key FROM sessions s
     WHERE s.deleted = 0 AND s.unsent = 0 AND s.no_access = 0 AND s.stamp > -9223372036854775808
       AND NOT EXISTS (SELECT 1 FROM removals x WHERE x.session = s.key)
       AND (NOT EXISTS (SELECT 1 FROM ranges r WHERE r.session = s.key AND r.live = 1)
         OR EXISTS (
             SELECT 1 FROM ranges r WHERE r.session = s.key AND r.older_at > ?1
               AND NOT EXISTS (
                   SELECT 1 FROM ranges l WHERE l.session = r.session
                     AND (l.older_at, l.older_id) < (r.older_at, r.older_id)
                     AND (l.newer_at, l.newer_id) >= (r.older_at, r.older_id))))
     ORDER BY s.id = ?2 DESC, s.last_activity DESC, s.key LIMIT ?3";

/// Sessions with ranges that were compared with the project before `?1`. First `?2`, then by
/// activity.
pub(crate) const WITH_OLD_RANGES: &str = "SELECT s.id, s.key FROM sessions s
     WHERE s.deleted = 0 AND s.unsent = 0 AND s.no_access = 0
       AND EXISTS (SELECT 1 FROM ranges r WHERE r.session = s.key AND r.verified_at < ?1)
     ORDER BY s.id = ?2 DESC, s.last_activity DESC, s.key LIMIT ?3";

impl Cache {
    /// The newest gap of each of some sessions: of `first`, then of those that were used last.
    /// Those in `skip` are left out, and of all what is older than `kept_from`: fetched, it would
    /// be removed again.
    pub async fn next_gaps(
        &self,
        first: Option<SessionId>,
        skip: HashSet<SessionId>,
        limit: usize,
        kept_from: Option<Timestamp>,
    ) -> Result<Vec<(SessionId, Stretch)>> {
        // Nothing sorts before the smallest id of a time.
        let floor = kept_from.map(|at| MessageKey {
            at,
            id: MessageId::from_uuid(uuid::Uuid::nil()),
        });
        self.read(move |conn| {
            let bound = floor.map_or(START.at, |floor| floor.at).as_micros();
            let sessions = listed(conn, WITH_GAPS, bound, first.as_ref(), &skip, limit)?;
            let mut gaps = Vec::new();
            for (id, key) in sessions {
                let newest = Coverage::new(stored(conn, key)?).gaps().pop();
                gaps.extend(newest.map(|gap| {
                    let stretch = Stretch {
                        older: gap.after.max(floor),
                        newer: gap.before,
                    };
                    (id, stretch)
                }));
            }
            Ok(gaps)
        })
        .await
    }

    /// The newest range of each of some sessions that was compared with the project before
    /// `time`, in the order of [`Cache::next_gaps`].
    pub async fn next_unverified(
        &self,
        time: Timestamp,
        first: Option<SessionId>,
        skip: HashSet<SessionId>,
        limit: usize,
    ) -> Result<Vec<(SessionId, Stretch)>> {
        self.read(move |conn| {
            let micros = time.as_micros();
            let sessions = listed(conn, WITH_OLD_RANGES, micros, first.as_ref(), &skip, limit)?;
            let mut ranges = Vec::new();
            for (id, key) in sessions {
                let old = stored(conn, key)?.into_iter().rev();
                let newest = old.into_iter().find(|range| range.verified_at < time);
                ranges.extend(newest.map(|range| {
                    let stretch = Stretch {
                        older: (range.older != START).then_some(range.older),
                        newer: (!range.is_live()).then_some(range.newer),
                    };
                    (id, stretch)
                }));
            }
            Ok(ranges)
        })
        .await
    }

    /// Messages of the project that are cached, of those written at `from` or later.
    pub async fn message_count(&self, from: Timestamp) -> Result<u64> {
        self.read(move |conn| {
            let count: i64 = conn
                .prepare_cached(
                    "SELECT count(*) FROM messages
                     WHERE deleted = 0 AND unsent = 0 AND created_at >= ?1",
                )?
                .query_row([from.as_micros()], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }
}

fn listed(
    conn: &Connection,
    sql: &str,
    bound: i64,
    first: Option<&SessionId>,
    skip: &HashSet<SessionId>,
    limit: usize,
) -> Result<Vec<(SessionId, i64)>> {
    let most = i64::try_from(limit + skip.len()).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![bound, first.map(SessionId::as_str), most], |row| {
        Ok((decode::session_id(row, 0)?, row.get(1)?))
    })?;
    let mut listed = Vec::new();
    for row in rows {
        let (id, key) = row?;
        if !skip.contains(&id) && listed.len() < limit {
            listed.push((id, key));
        }
    }
    Ok(listed)
}
