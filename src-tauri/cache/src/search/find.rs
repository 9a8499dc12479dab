//! Runs a search: the newest messages are looked through, and for what is older the index is asked.
//!
//! What many messages have is found among the newest before the index, which knows no times, would
//! have listed it all; so the index is asked for what few have. Looking through also finds what is
//! not in the index yet, and parts of words.

use std::cmp::Reverse;
use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _};
use tidings_model::UserId;

use super::filter::{BY_KEY, Chosen, FILTER};
use super::matcher::{Match, Matcher};
use super::query::Query;
use super::snippet::snippet;
use crate::Cache;
use crate::error::Result;
use crate::read::messages::{COLUMNS, Overlays, TABLES, decode_row};
use crate::types::page::MessageKey;
use crate::types::search::{SearchFilter, SearchHit, SearchResults};

/// How far a search goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// The newest messages, which are looked through.
    pub scan: u64,
    /// Matches of the index that are looked at before a search gives up on signs such as `++`.
    pub examined: u64,
}

const REACH: Reach = Reach {
    scan: 5_000,
    examined: 20_000,
};
/// Messages that are passed in the order of time while one is looked up by its key.
const PASSED: u64 = 40;

impl Cache {
    /// Full-text search over everything cached, newest first. All words have to be there; the
    /// last one may be the beginning of a word; `"…"` is a phrase. Operators: `from:`, `in:`,
    /// `before:`, `after:`, `role:`, `has:link`. When fewer than `limit` messages have the words,
    /// the newest messages count also where they have them inside of others.
    ///
    /// # Errors
    /// [`crate::CacheError::BadQuery`] for an operator that cannot be read.
    pub async fn search(&self, query: String, limit: usize) -> Result<SearchResults> {
        self.search_within(query, SearchFilter::default(), limit)
            .await
    }

    /// The same among what a filter lets through. Without a word it is all of that.
    ///
    /// # Errors
    /// [`crate::CacheError::BadQuery`] for an operator that cannot be read.
    pub async fn search_within(
        &self,
        query: String,
        filter: SearchFilter,
        limit: usize,
    ) -> Result<SearchResults> {
        self.search_beyond(query, filter, limit, REACH).await
    }

    /// The same with another reach.
    pub(crate) async fn search_beyond(
        &self,
        query: String,
        filter: SearchFilter,
        limit: usize,
        reach: Reach,
    ) -> Result<SearchResults> {
        let query = Query::parse(&query)?;
        let account = self.account();
        self.read(move |conn| Search::new(conn, query, filter, account, limit, reach)?.run())
            .await
    }
}

/// One search.
pub(super) struct Search<'c> {
    conn: &'c Connection,
    matcher: Matcher,
    query: Query,
    /// What may be found; `None` when nothing may.
    chosen: Option<Chosen>,
    account: Option<UserId>,
    limit: usize,
    reach: Reach,
}

/// What looking through the newest messages found.
#[derive(Debug, Default)]
struct Newest {
    words: Vec<i64>,
    parts: Vec<i64>,
    /// Where it ended, unless there was nothing older.
    end: Option<End>,
}

/// A time down to which all messages were seen, and of those of the very time itself these.
#[derive(Debug)]
struct End {
    at: i64,
    seen: HashSet<i64>,
}

/// A message whose key is known.
struct Found {
    at: i64,
    passes: bool,
    literally: bool,
}

impl<'c> Search<'c> {
    fn new(
        conn: &'c Connection,
        query: Query,
        filter: SearchFilter,
        account: Option<UserId>,
        limit: usize,
        reach: Reach,
    ) -> Result<Self> {
        Ok(Self {
            conn,
            matcher: Matcher::new(&query.terms),
            chosen: Chosen::of(conn, &query, filter, account.as_ref())?,
            query,
            account,
            limit,
            reach,
        })
    }

    /// A search for the first hit alone.
    pub(super) fn first(
        conn: &'c Connection,
        query: Query,
        filter: SearchFilter,
        account: Option<UserId>,
    ) -> Result<Option<SearchHit>> {
        let search = Self::new(conn, query, filter, account, 1, REACH)?;
        Ok(search.run()?.hits.into_iter().next())
    }

    fn run(mut self) -> Result<SearchResults> {
        let count = |sql| -> Result<u64> {
            let count: i64 = self
                .conn
                .prepare_cached(sql)?
                .query_row([], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        };
        let mut results = SearchResults {
            hits: Vec::new(),
            more: false,
            unindexed: count("SELECT count(*) FROM to_index")?,
            total: count("SELECT coalesce(sum(messages), 0) FROM session_sizes")?,
            scanned: None,
            examined: None,
        };
        let Some(chosen) = self.chosen.take() else {
            return Ok(results);
        };
        let newest = self.newest(&chosen)?;
        let mut found = newest.words;
        if let Some(end) = &newest.end
            && found.len() <= self.limit
            && let Some(expression) = self.query.expression()
        {
            let among = match chosen.session {
                Some(session) => self.size_of(session)?,
                None => results.total,
            };
            let all = self.older(&chosen, &expression, end, among, &mut found)?;
            results.examined = (!all).then_some(self.reach.examined);
        }
        if found.len() < self.limit && !self.query.terms.is_empty() {
            found.extend(newest.parts);
            results.scanned = newest.end.map(|_| self.reach.scan);
        }
        results.hits = self.hits(&found)?;
        results.more = results.hits.len() > self.limit;
        results.hits.truncate(self.limit);
        Ok(results)
    }

    /// Looks through the newest messages until more than enough have the words. Without a word it
    /// is the operators alone that choose, and they choose among all.
    fn newest(&mut self, chosen: &Chosen) -> Result<Newest> {
        let most = if self.query.terms.is_empty() {
            u64::MAX
        } else {
            self.reach.scan
        };
        let mut statement = chosen.newest_first(self.conn, i64::MAX)?;
        // Few have the words: only these are asked for the rest.
        let mut passes = chosen.statement(
            self.conn,
            &format!("SELECT 1 FROM {BY_KEY} WHERE m.key = :key AND {FILTER}"),
        )?;
        let place = passes.parameter_index(":key")?.unwrap_or_default();
        let mut passes = |key: i64| -> Result<bool> {
            passes.raw_bind_parameter(place, key)?;
            Ok(passes.raw_query().next()?.is_some())
        };
        let mut newest = Newest::default();
        let mut end = End {
            at: i64::MAX,
            seen: HashSet::new(),
        };
        let mut rows = statement.raw_query();
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            let (key, at): (i64, i64) = (row.get(0)?, row.get(1)?);
            let enough = newest.words.len() > self.limit && at < end.at;
            if enough || looked_at == most {
                newest.end = Some(end);
                break;
            }
            looked_at += 1;
            if at != end.at {
                end.seen.clear();
            }
            end.at = at;
            end.seen.insert(key);
            let content = row.get_ref(2)?.as_str_or_null();
            let content = content.map_err(rusqlite::Error::from)?.unwrap_or_default();
            let (kind, most) = match self.matcher.look(content) {
                Match::Words => (&mut newest.words, usize::MAX),
                Match::Parts => (&mut newest.parts, self.limit),
                Match::No => continue,
            };
            if kind.len() <= most && passes(key)? {
                kind.push(key);
            }
        }
        Ok(newest)
    }

    /// Adds what the index knows of older messages, newest first, until it is more than enough.
    /// Whether it got so far.
    fn older(
        &mut self,
        chosen: &Chosen,
        expression: &str,
        end: &End,
        among: u64,
        found: &mut Vec<i64>,
    ) -> Result<bool> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT rowid FROM search_index WHERE search_index MATCH ?1")?;
        let matches = statement.query_map([expression], |row| row.get(0))?;
        // The index tells them in the order of their keys.
        let mut matches: Vec<i64> = matches.collect::<rusqlite::Result<_>>()?;
        matches.retain(|key| !end.seen.contains(key));
        let count = matches.len() as u64;
        let few = count.saturating_mul(count).saturating_mul(PASSED)
            < among.saturating_mul(self.limit as u64);
        if few {
            self.by_key(chosen, &matches, end, found)
        } else {
            self.by_time(chosen, &matches, end, found)
        }
    }

    /// Looks each of the matches up, and puts them into the order of time.
    fn by_key(
        &mut self,
        chosen: &Chosen,
        matches: &[i64],
        end: &End,
        found: &mut Vec<i64>,
    ) -> Result<bool> {
        let mut times = self
            .conn
            .prepare_cached("SELECT created_at FROM messages WHERE key = ?1")?;
        let mut placed: Vec<(i64, i64)> = Vec::new();
        for key in matches {
            let mut rows = times.query([key])?;
            if let Some(row) = rows.next()?
                && let Some(at) = row.get::<_, Option<i64>>(0)?
                && at <= end.at
            {
                placed.push((at, *key));
            }
        }
        placed.sort_unstable_by_key(|place| Reverse(*place));
        self.take(chosen, placed.into_iter().map(|(_, key)| Ok(key)), found)
    }

    /// Goes on in the order of time, and takes those that are among the matches.
    fn by_time(
        &mut self,
        chosen: &Chosen,
        matches: &[i64],
        end: &End,
        found: &mut Vec<i64>,
    ) -> Result<bool> {
        let mut statement = chosen.keys_newest_first(self.conn, end.at)?;
        let keys = statement.raw_query().mapped(|row| row.get::<_, i64>(0));
        let among = keys.filter(|key| {
            key.as_ref()
                .map_or(true, |key| matches.binary_search(key).is_ok())
        });
        self.take(chosen, among, found)
    }

    /// How many messages a session has here.
    fn size_of(&self, session: i64) -> Result<u64> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT messages FROM session_sizes WHERE session = ?1")?;
        let size: Option<i64> = statement
            .query_row([session], |row| row.get(0))
            .optional()?;
        Ok(size.unwrap_or(0).unsigned_abs())
    }

    /// Takes what passes the operators, newest first, until it is more than enough. Signs are looked
    /// for in so many: false when some are left.
    fn take(
        &mut self,
        chosen: &Chosen,
        keys: impl Iterator<Item = rusqlite::Result<i64>>,
        found: &mut Vec<i64>,
    ) -> Result<bool> {
        let content = if self.matcher.has_signs() {
            "m.content"
        } else {
            "NULL"
        };
        let mut statement = chosen.statement(
            self.conn,
            &format!("SELECT m.created_at, ({FILTER}), {content} FROM {BY_KEY} WHERE m.key = :key"),
        )?;
        let place = statement.parameter_index(":key")?.unwrap_or_default();
        let mut last = i64::MAX;
        for (looked_at, key) in (0..).zip(keys) {
            let key = key?;
            statement.raw_bind_parameter(place, key)?;
            let mut rows = statement.raw_query();
            let Some(row) = rows.next()? else {
                continue;
            };
            let literally = !self.matcher.has_signs() || {
                let content = row.get_ref(2)?.as_str_or_null();
                let content = content.map_err(rusqlite::Error::from)?.unwrap_or_default();
                self.matcher.literally(content)
            };
            let message = Found {
                at: row.get::<_, Option<i64>>(0)?.unwrap_or(i64::MIN),
                passes: row.get(1)?,
                literally,
            };
            // Those of one time stay together: which of them is newer, their ids decide.
            let enough = found.len() > self.limit && message.at < last;
            if enough {
                break;
            }
            if self.matcher.has_signs() && looked_at == self.reach.examined {
                return Ok(false);
            }
            last = message.at;
            if message.passes && message.literally {
                found.push(key);
            }
        }
        Ok(true)
    }

    /// The messages with these keys, newest first.
    fn hits(&self, found: &[i64]) -> Result<Vec<SearchHit>> {
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE m.key = ?1");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut overlays = Overlays::new(self.conn, self.account.as_ref());
        let mut hits = Vec::with_capacity(found.len());
        for key in found {
            let message = overlays.lay(statement.query_row([key], decode_row)?)?;
            let (snippet, marks) = snippet(&message.message.content, &self.query.terms);
            hits.push(SearchHit {
                session: message.message.session_id.clone(),
                message,
                snippet,
                marks,
            });
        }
        hits.sort_by_key(|hit| Reverse(MessageKey::from(&hit.message.message)));
        Ok(hits)
    }
}
