//! What was fetched of a session, and the gaps between.

use rusqlite::Connection;
use tidings_model::SessionId;

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::types::page::{Gap, MessageKey, VerifiedRange};
use crate::write::ranges::{Range, START, Tail};

impl Cache {
    /// What was not fetched of a session, oldest first.
    pub async fn gaps(&self, session: SessionId) -> Result<Vec<Gap>> {
        self.read(move |conn| {
            let Some(key) = super::sessions::key(conn, &session)? else {
                return Ok(Vec::new());
            };
            Ok(Coverage::new(stored(conn, key)?).gaps())
        })
        .await
    }

    /// What was fetched of a session, and when, oldest first.
    pub async fn verified_ranges(&self, session: SessionId) -> Result<Vec<VerifiedRange>> {
        self.read(move |conn| {
            let Some(key) = super::sessions::key(conn, &session)? else {
                return Ok(Vec::new());
            };
            let ranges = stored(conn, key)?;
            Ok(ranges
                .into_iter()
                .map(|range| VerifiedRange {
                    older: (range.older != START).then_some(range.older),
                    newer: (!range.is_live()).then_some(range.newer),
                    verified_at: range.verified_at,
                })
                .collect())
        })
        .await
    }
}

/// The ranges of a session, oldest first.
pub(crate) fn stored(conn: &Connection, session: i64) -> Result<Vec<Range>> {
    let mut statement = conn.prepare_cached(
        "SELECT older_at, older_id, newer_at, newer_id, verified_at, live FROM ranges
         WHERE session = ?1 ORDER BY older_at, older_id, newer_at, newer_id",
    )?;
    let ranges = statement.query_map([session], |row| {
        Ok(Range {
            older: MessageKey {
                at: decode::time(row, 0)?,
                id: decode::message_id(row, 1)?,
            },
            newer: MessageKey {
                at: decode::time(row, 2)?,
                id: decode::message_id(row, 3)?,
            },
            verified_at: decode::time(row, 4)?,
            tail: Tail::read(row.get(5)?),
        })
    })?;
    Ok(ranges.collect::<rusqlite::Result<_>>()?)
}

/// The stretches of a session in which nothing is missing: ranges that touch, put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Coverage(Vec<Range>);

impl Coverage {
    pub(crate) fn new(ranges: Vec<Range>) -> Self {
        let mut stretches: Vec<Range> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match stretches.last_mut() {
                Some(last) if range.older <= last.newer => {
                    if range.newer >= last.newer {
                        last.newer = range.newer;
                    }
                    if range.tail == Tail::Live {
                        last.tail = Tail::Live;
                    }
                }
                _ => stretches.push(range),
            }
        }
        Self(stretches)
    }

    fn around(&self, key: MessageKey) -> Option<&Range> {
        self.0
            .iter()
            .find(|range| range.older <= key && (key <= range.newer || range.is_live()))
    }

    /// Whether nothing can be missing between two keys.
    pub(crate) fn covers(&self, older: MessageKey, newer: MessageKey) -> bool {
        self.around(older)
            .is_some_and(|range| newer <= range.newer || range.is_live())
    }

    /// The gap just before `newer`, if there is one after `older` (`None`: the start).
    pub(crate) fn gap_before(&self, older: Option<MessageKey>, newer: MessageKey) -> Option<Gap> {
        if self.covers(older.unwrap_or(START), newer) {
            return None;
        }
        let before = self.around(newer).map_or(newer, |range| range.older);
        let below = self
            .0
            .iter()
            .rev()
            .map(|range| range.newer)
            .find(|key| *key < before);
        Some(Gap {
            after: below.max(older).filter(|key| *key != START),
            before: Some(before),
        })
    }

    /// The gap before the newest stretch, when that does not begin with the session; all of the
    /// session when nothing of it was read.
    pub(crate) fn gap_at_start(&self) -> Option<Gap> {
        match self.0.last() {
            Some(newest) => self.gap_before(None, newest.older),
            None => Some(Gap {
                after: None,
                before: None,
            }),
        }
    }

    /// All gaps, oldest first.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut after = None;
        for range in &self.0 {
            if range.older != START {
                gaps.push(Gap {
                    after,
                    before: Some(range.older),
                });
            }
            after = Some(range.newer).filter(|key| *key != START);
        }
        if !self.0.last().is_some_and(Range::is_live) {
            gaps.push(Gap {
                after,
                before: None,
            });
        }
        gaps
    }
}
