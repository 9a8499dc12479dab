//! Asks the index, which tells its matches from the latest stretch of time to the first.

use rusqlite::CachedStatement;

use super::filter::{BY_KEY, Chosen, FILTER};
use super::find::{End, Found, Search};
use super::place;
use crate::error::Result;

/// Rowids of the index, the latest first.
pub(crate) const MATCHES: &str = "SELECT rowid FROM search_index
    WHERE search_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC";

/// Messages that are passed in the order of time for each match that one hopes for, before it is
/// cheaper to ask for the time of each match.
const PASSED: usize = 40;

/// What became of the matches of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Enough of them, or all.
    Yes,
    /// None: they are too few among too many.
    No,
    /// Some; no more signs are looked for.
    GaveUp,
}

/// What is asked about each match.
struct Asked<'c> {
    statement: CachedStatement<'c>,
    key: usize,
    /// How many were asked about.
    examined: u64,
}

impl<'c> Search<'c> {
    /// Adds what the index has of messages before an end, newest first, until it is more than enough.
    /// Signs are looked for in so many: false when some are left.
    pub(super) fn indexed(
        &mut self,
        chosen: &Chosen,
        expression: &str,
        end: &End,
        found: &mut Vec<Found>,
    ) -> Result<bool> {
        let (from, to) = chosen.times(end.at);
        let places = place::places(from, to);
        let mut statement = self.conn.prepare_cached(MATCHES)?;
        let mut matches = statement.query((expression, places.start(), places.end()))?;
        let mut asked = self.asked(chosen)?;
        let mut stretch: Option<i64> = None;
        let mut keys: Vec<i64> = Vec::new();
        loop {
            let next = match matches.next()? {
                Some(row) => Some(row.get::<_, i64>(0)?),
                None => None,
            };
            if let Some(done) = stretch
                && next.map(place::stretch_at) != stretch
            {
                let times = place::times_of(done);
                let (from, to) = (*times.start(), to.min(*times.end()));
                keys.reverse();
                let taken = if keys.len() > self.reach.placed {
                    self.in_order(chosen, &mut asked, &keys, (from, to), end, found)?
                } else {
                    Taken::No
                };
                let taken = match taken {
                    Taken::No => self.take(&mut asked, &keys, end, found)?,
                    taken => taken,
                };
                if taken == Taken::GaveUp {
                    return Ok(false);
                }
                if self.is_enough(found, from) {
                    return Ok(true);
                }
                keys.clear();
            }
            let Some(place) = next else { return Ok(true) };
            stretch = Some(place::stretch_at(place));
            keys.push(place::key_at(place));
        }
    }

    /// Whether more than enough is as new as a time.
    fn is_enough(&self, found: &[Found], at: i64) -> bool {
        found.len() > self.limit && found.iter().filter(|found| found.0 >= at).count() > self.limit
    }

    fn asked(&self, chosen: &Chosen) -> Result<Asked<'c>> {
        let content = if self.matcher.has_signs() {
            "m.content"
        } else {
            "NULL"
        };
        // What is to be indexed anew stands in the index as it was.
        let sql = format!(
            "SELECT m.created_at, ({FILTER}) AND NOT EXISTS (SELECT 1 FROM to_index t WHERE t.key = m.key),
                 {content}
             FROM {BY_KEY} WHERE m.key = :key"
        );
        let statement = chosen.statement(self.conn, &sql)?;
        Ok(Asked {
            key: statement.parameter_index(":key")?.unwrap_or_default(),
            statement,
            examined: 0,
        })
    }

    /// Takes what passes of these, all of one stretch, the last that came first.
    fn take(
        &mut self,
        asked: &mut Asked<'_>,
        keys: &[i64],
        end: &End,
        found: &mut Vec<Found>,
    ) -> Result<Taken> {
        for key in keys.iter().rev() {
            if !self.take_one(asked, *key, end, found)? {
                return Ok(Taken::GaveUp);
            }
        }
        Ok(Taken::Yes)
    }

    /// The same by passing the messages of the stretch in the order of time, from the newest on, until
    /// enough is found.
    fn in_order(
        &mut self,
        chosen: &Chosen,
        asked: &mut Asked<'_>,
        keys: &[i64],
        (from, to): (i64, i64),
        end: &End,
        found: &mut Vec<Found>,
    ) -> Result<Taken> {
        let (before, examined) = (found.len(), asked.examined);
        let mut statement = chosen.keys_newest_first(self.conn, to)?;
        let mut rows = statement.raw_query();
        let (mut last, mut counted, mut left) = (i64::MAX, before, keys.len());
        for passed in 0.. {
            let Some(row) = rows.next()? else { break };
            let (key, at): (i64, i64) = (row.get(0)?, row.get(1)?);
            if at < from || left == 0 {
                break;
            }
            // Those of one time stay together.
            if at < last && found.len() > counted {
                counted = found.len();
                if self.is_enough(found, last) {
                    break;
                }
            }
            last = at;
            if passed == keys.len() * PASSED {
                found.truncate(before);
                asked.examined = examined;
                return Ok(Taken::No);
            }
            if keys.binary_search(&key).is_ok() {
                left -= 1;
                if !self.take_one(asked, key, end, found)? {
                    return Ok(Taken::GaveUp);
                }
            }
        }
        Ok(Taken::Yes)
    }

    /// Takes one if it passes; false when no more signs are looked for.
    fn take_one(
        &mut self,
        asked: &mut Asked<'_>,
        key: i64,
        end: &End,
        found: &mut Vec<Found>,
    ) -> Result<bool> {
        asked.statement.raw_bind_parameter(asked.key, key)?;
        let mut rows = asked.statement.raw_query();
        let Some(row) = rows.next()? else {
            return Ok(true);
        };
        let Some(at) = row.get::<_, Option<i64>>(0)? else {
            return Ok(true);
        };
        if !end.is_before((at, key)) {
            return Ok(true);
        }
        if self.matcher.has_signs() {
            if asked.examined == self.reach.examined {
                return Ok(false);
            }
            asked.examined += 1;
            let content = row.get_ref(2)?.as_str_or_null();
            let content = content.map_err(rusqlite::Error::from)?.unwrap_or_default();
            if !self.matcher.literally(content) {
                return Ok(true);
            }
        }
        if row.get(1)? {
            found.push((at, key));
        }
        Ok(true)
    }
}
