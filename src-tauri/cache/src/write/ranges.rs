//! Which ranges of a session were read whole. What lies between them is a gap.

use std::collections::BTreeMap;

use rusqlite::params;
use tidings_model::{MessageId, SessionId, Timestamp};

use super::Tx;
use crate::Cache;
use crate::error::Result;
use crate::pool::Durability;
use crate::types::page::MessageKey;

/// Ranges that touch and were verified within this time of each other become one.
const JOIN_WITHIN_MICROS: i64 = 10 * 60 * 1_000_000;

/// The smallest key there is: the start of a session.
pub(crate) const START: MessageKey = MessageKey {
    at: Timestamp::MIN,
    id: MessageId::from_uuid(uuid::Uuid::nil()),
};

impl Cache {
    /// Everything of these sessions was read that was written before `to`, so their newest ranges
    /// reach that far even where nothing was written: the next range read begins there, and
    /// leaves no gap. One that was not read to its end stays as it is.
    pub async fn known_up_to(&self, sessions: Vec<SessionId>, to: Timestamp) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            let mut reach = tx.conn.prepare_cached(
                "UPDATE ranges SET newer_at = ?2, newer_id = ?3
                 WHERE session = (SELECT key FROM sessions WHERE id = ?1)
                     AND live <> 0 AND newer_at < ?2
                     AND NOT EXISTS (
                         SELECT 1 FROM ranges later WHERE later.session = ranges.session
                           AND (later.older_at, later.older_id)
                             > (ranges.older_at, ranges.older_id))",
            )?;
            for session in sessions {
                reach.execute(params![
                    session.as_str(),
                    to.as_micros(),
                    uuid::Uuid::nil().as_bytes()
                ])?;
            }
            Ok(())
        })
        .await
    }
}

/// What is known of what comes after a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing: there is a gap.
    Missing,
    /// Everything newer arrives by itself.
    Live,
    /// Everything newer arrived by itself, or was read, until live changes stopped. Where changes
    /// are numbered, those since are asked for by their numbers; elsewhere it is a gap.
    Paused,
}

impl Tail {
    /// The end of what was read to its end, while changes arrived live or did not.
    pub(crate) const fn of_end(live: bool) -> Self {
        if live { Self::Live } else { Self::Paused }
    }

    pub(crate) const fn stored(self) -> i64 {
        match self {
            Self::Missing => 0,
            Self::Live => 1,
            Self::Paused => 2,
        }
    }

    /// Whatever else is stored claims nothing.
    pub(crate) const fn read(stored: i64) -> Self {
        match stored {
            1 => Self::Live,
            2 => Self::Paused,
            _ => Self::Missing,
        }
    }
}

/// A range as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub older: MessageKey,
    pub newer: MessageKey,
    pub verified_at: Timestamp,
    pub tail: Tail,
}

impl Range {
    /// What of it lies at or above a key. Of a range that goes on by itself the end stays.
    pub(crate) fn above(&self, from: MessageKey) -> Option<Self> {
        if self.newer < from {
            return None;
        }
        Some(Self {
            older: self.older.max(from),
            ..*self
        })
    }

    pub(crate) fn is_live(&self) -> bool {
        self.tail == Tail::Live
    }
}

/// The newest rows that live frames inserted, by session.
#[derive(Debug, Default)]
pub(crate) struct LiveRows {
    rows: BTreeMap<i64, MessageKey>,
    begun: Vec<(i64, Timestamp)>,
}

impl LiveRows {
    /// A session began just now: nothing is missing in it.
    pub(crate) fn begin(&mut self, session: i64, commit: Timestamp) {
        self.begun.push((session, commit));
    }

    pub(crate) fn add(&mut self, session: i64, key: MessageKey) {
        let newest = self.rows.entry(session).or_insert(key);
        *newest = (*newest).max(key);
    }

    /// Moves the end of live ranges forward. A session without one gets none: its newest message
    /// need not be the one that was told last, which may have any time.
    pub(crate) fn extend_ranges(self, tx: &mut Tx<'_>) -> Result<()> {
        for (session, verified_at) in self.begun {
            if load(tx, session)?.is_empty() {
                let whole = Range {
                    older: START,
                    newer: START,
                    verified_at,
                    tail: Tail::Live,
                };
                save(tx, session, &[whole])?;
            }
        }
        for (session, newest) in self.rows {
            let at = newest.at.as_micros();
            let id = *newest.id.as_uuid();
            tx.conn
                .prepare_cached(
                    "UPDATE ranges SET newer_at = max(newer_at, ?2),
                         newer_id = CASE WHEN (newer_at, newer_id) < (?2, ?3) THEN ?3 ELSE newer_id END
                     WHERE session = ?1 AND live = 1",
                )?
                .execute(params![session, at, id.as_bytes()])?;
        }
        Ok(())
    }
}

/// Live changes stopped: no range is extended by itself any more.
pub(crate) fn close_all(tx: &mut Tx<'_>) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE ranges SET live = 2 WHERE live = 1")?
        .execute([])?;
    Ok(())
}

/// The ranges of a session, oldest first.
pub(crate) fn load(tx: &Tx<'_>, session: i64) -> Result<Vec<Range>> {
    crate::read::ranges::stored(tx.conn, session)
}

/// Replaces the ranges of a session.
pub(crate) fn save(tx: &mut Tx<'_>, session: i64, ranges: &[Range]) -> Result<()> {
    tx.conn
        .prepare_cached("DELETE FROM ranges WHERE session = ?1")?
        .execute([session])?;
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO ranges (session, older_at, older_id, newer_at, newer_id, verified_at, live)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for range in ranges {
        insert.execute(params![
            session,
            range.older.at.as_micros(),
            range.older.id.as_uuid().as_bytes(),
            range.newer.at.as_micros(),
            range.newer.id.as_uuid().as_bytes(),
            range.verified_at.as_micros(),
            range.tail.stored(),
        ])?;
    }
    let session = tx.session_info(session)?.id;
    tx.changes.ranges.insert(session);
    Ok(())
}

/// Lays a newly verified range over the ones known: these keep what is outside of it.
pub(crate) fn overlay(known: &[Range], new: Range) -> Vec<Range> {
    let mut result = Vec::with_capacity(known.len() + 2);
    let mut middle = new;
    for range in known {
        if range.newer < new.older || range.older > new.newer {
            result.push(*range);
            continue;
        }
        if range.older < new.older {
            result.push(Range {
                newer: new.older,
                tail: Tail::Missing,
                ..*range
            });
        }
        if range.newer > new.newer {
            result.push(Range {
                older: new.newer,
                ..*range
            });
        } else if range.tail != Tail::Missing && middle.tail != Tail::Live {
            middle.tail = range.tail;
        }
    }
    result.push(middle);
    result.sort_by_key(|range| (range.older, range.newer));
    result
}

/// Joins ranges that touch and are about equally fresh, so that their number stays small. Those
/// from before `apart_from` and those from since stay apart.
pub(crate) fn joined(ranges: Vec<Range>, apart_from: Timestamp) -> Vec<Range> {
    let mut result: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        if let Some(last) = result.last_mut()
            && last.newer == range.older
            && (last.verified_at < apart_from) == (range.verified_at < apart_from)
            && (last.verified_at.as_micros() - range.verified_at.as_micros()).abs()
                <= JOIN_WITHIN_MICROS
        {
            last.newer = range.newer;
            last.verified_at = last.verified_at.min(range.verified_at);
            last.tail = range.tail;
        } else {
            result.push(range);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn key(at: i64) -> MessageKey {
        MessageKey {
            at: Timestamp::from_micros(at),
            id: MessageId::from_uuid(uuid::Uuid::nil()),
        }
    }

    fn range(older: i64, newer: i64, verified: i64) -> Range {
        Range {
            older: key(older),
            newer: key(newer),
            verified_at: Timestamp::from_micros(verified * 3_600_000_000),
            tail: Tail::Missing,
        }
    }

    #[test]
    fn a_range_inside_another_splits_it() {
        assert_eq!(
            overlay(&[range(0, 100, 1)], range(40, 60, 2)),
            [range(0, 40, 1), range(40, 60, 2), range(60, 100, 1)]
        );
    }

    #[test]
    fn a_range_over_several_takes_their_place() {
        assert_eq!(
            overlay(
                &[range(0, 10, 1), range(20, 30, 1), range(40, 50, 1)],
                range(5, 45, 2)
            ),
            [range(0, 5, 1), range(5, 45, 2), range(45, 50, 1)]
        );
    }

    #[test]
    fn ranges_with_a_gap_stay_apart_and_touching_ones_join() {
        let apart = vec![range(0, 10, 1), range(11, 20, 1)];
        assert_eq!(joined(apart.clone(), Timestamp::MIN), apart);
        assert_eq!(
            joined(vec![range(0, 10, 1), range(10, 20, 1)], Timestamp::MIN),
            [range(0, 20, 1)]
        );
        let long_ago = vec![range(0, 10, 1), range(10, 20, 5)];
        assert_eq!(joined(long_ago.clone(), Timestamp::MIN), long_ago);
        // A minute apart, and something happened in between.
        let mut since = range(10, 20, 1);
        since.verified_at = since.verified_at.plus(std::time::Duration::from_mins(1));
        let both = vec![range(0, 10, 1), since];
        assert_eq!(joined(both.clone(), since.verified_at), both);
        assert_eq!(joined(both, Timestamp::MIN), [range(0, 20, 1)]);
    }

    #[test]
    fn a_live_end_stays_live_under_a_range_that_covers_it() {
        let live = Range {
            tail: Tail::Live,
            ..range(10, 20, 1)
        };
        assert_eq!(
            overlay(&[live], range(0, 30, 2)),
            [Range {
                tail: Tail::Live,
                ..range(0, 30, 2)
            }]
        );
        assert_eq!(
            overlay(&[live], range(0, 15, 2)),
            [
                range(0, 15, 2),
                Range {
                    older: key(15),
                    ..live
                }
            ]
        );
    }
}
