//! Runs a search: the index tells its newest matches, what it does not have yet is looked through.
//!
//! The newest messages are looked through for parts of words, where whole ones are not enough; and
//! first for a word that is still being typed: many messages have its beginning, and the index would
//! put together all words that begin so.

use std::cmp::Reverse;
use std::collections::HashSet;

use rusqlite::Connection;
use tidings_model::UserId;

use super::filter::{BY_KEY, Chosen, FILTER, unindexed_sql};
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
    /// Matches of one stretch of the index beyond which it is tried to pass the messages of the stretch
    /// in the order of time until there is enough, instead of asking for the time of each match.
    pub placed: usize,
}

const REACH: Reach = Reach {
    scan: 5_000,
    examined: 20_000,
    placed: 64,
};

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
        self.read(move |conn| Search::new(conn, query, &filter, account, limit, reach)?.run())
            .await
    }
}

/// One search.
pub(super) struct Search<'c> {
    pub(super) conn: &'c Connection,
    pub(super) matcher: Matcher,
    query: Query,
    /// What may be found; `None` when nothing may.
    chosen: Option<Chosen>,
    account: Option<UserId>,
    pub(super) limit: usize,
    pub(super) reach: Reach,
}

/// A message that was found: its time, its key.
pub(super) type Found = (i64, i64);

/// What looking through the newest messages found.
#[derive(Debug, Default)]
struct Newest {
    words: Vec<Found>,
    parts: Vec<Found>,
    /// Where it ended, unless there was nothing older.
    end: Option<End>,
}

/// A time down to which all messages were seen, and of those of the very time itself these.
#[derive(Debug)]
pub(super) struct End {
    pub(super) at: i64,
    seen: HashSet<i64>,
}

impl End {
    /// Before anything was seen.
    fn nothing() -> Self {
        Self {
            at: i64::MAX,
            seen: HashSet::new(),
        }
    }

    /// Whether a message was not seen yet.
    pub(super) fn is_before(&self, (at, key): Found) -> bool {
        at < self.at || (at == self.at && !self.seen.contains(&key))
    }
}

impl<'c> Search<'c> {
    fn new(
        conn: &'c Connection,
        query: Query,
        filter: &SearchFilter,
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
        filter: &SearchFilter,
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
        let has_words = !self.query.terms.is_empty();
        let expression = self.query.expression(&chosen.facets());
        let typing = self.query.terms.iter().any(|term| term.prefix);
        // Without a word, everything can be walked: slower, and complete.
        let walked = !has_words && results.unindexed > self.reach.scan;
        let mut found = Vec::new();
        let mut end = Some(End::nothing());
        let mut newest = None;
        if expression.is_none() || typing || walked {
            let mut looked = self.newest(&chosen)?;
            found.append(&mut looked.words);
            end = looked.end.take();
            results.scanned = (has_words && end.is_some()).then_some(self.reach.scan);
            newest = Some(looked);
        }
        if let Some(end) = &end
            && found.len() <= self.limit
            && let Some(expression) = expression
        {
            self.unindexed(&chosen, end, &mut found)?;
            let all = self.indexed(&chosen, &expression, end, &mut found)?;
            results.examined = (!all).then_some(self.reach.examined);
        }
        if found.len() < self.limit && has_words {
            let looked = if let Some(looked) = newest {
                looked
            } else {
                let looked = self.newest(&chosen)?;
                results.scanned = looked.end.is_some().then_some(self.reach.scan);
                looked
            };
            let known: HashSet<i64> = found.iter().map(|(_, key)| *key).collect();
            let more = looked.words.into_iter().chain(looked.parts);
            found.extend(more.filter(|(_, key)| !known.contains(key)));
        } else {
            results.scanned = None;
        }
        results.hits = self.hits(found)?;
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
        let mut end = End::nothing();
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
                kind.push((at, key));
            }
        }
        Ok(newest)
    }

    /// Looks through the newest of what the index does not have as it is.
    fn unindexed(&mut self, chosen: &Chosen, end: &End, found: &mut Vec<Found>) -> Result<()> {
        let most = i64::try_from(self.reach.scan).unwrap_or(i64::MAX);
        let mut statement = chosen.statement(self.conn, &unindexed_sql())?;
        if let Some(place) = statement.parameter_index(":most")? {
            statement.raw_bind_parameter(place, most)?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let (key, passes): (i64, bool) = (row.get(0)?, row.get(1)?);
            let Some(at) = row.get::<_, Option<i64>>(2)? else {
                continue;
            };
            let content = row.get_ref(3)?.as_str_or_null();
            let content = content.map_err(rusqlite::Error::from)?.unwrap_or_default();
            let words = passes && end.is_before((at, key));
            if words && matches!(self.matcher.look(content), Match::Words) {
                found.push((at, key));
            }
        }
        Ok(())
    }

    /// The newest of the messages that were found, in order: more than enough, if there are.
    fn hits(&self, mut found: Vec<Found>) -> Result<Vec<SearchHit>> {
        found.sort_unstable_by_key(|place| Reverse(*place));
        if let Some((last, _)) = found.get(self.limit).copied() {
            // Those of one time stay together: which of them is newer, their ids decide.
            let end = found.partition_point(|(at, _)| *at >= last);
            found.truncate(end);
        }
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE m.key = ?1");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut overlays = Overlays::new(self.conn, self.account.as_ref());
        let mut hits = Vec::with_capacity(found.len());
        for (_, key) in found {
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
