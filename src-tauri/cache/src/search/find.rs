//! Runs a search: the newest messages are looked through, and for what is older the index is asked.
//!
//! What many messages have is found among the newest before the index, which knows no times, would
//! have listed it all; so the index is asked for what few have. Looking through also finds what is
//! not in the index yet, and parts of words.

use std::cmp::Reverse;
use std::collections::HashSet;

use rusqlite::{CachedStatement, Connection, named_params};
use tidings_model::UserId;

use super::matcher::{Match, Matcher};
use super::query::Query;
use super::snippet::snippet;
use crate::Cache;
use crate::error::Result;
use crate::read::messages::{COLUMNS, Overlays, TABLES, decode_row};
use crate::types::page::MessageKey;
use crate::types::search::{SearchHit, SearchResults};

/// The newest messages, which are looked through.
const SCAN: u64 = 5_000;
/// Matches of the index in which signs such as `++` are looked for.
const EXAMINED: u64 = 20_000;
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
        self.search_within(query, limit, SCAN, EXAMINED).await
    }

    /// The same with other numbers of messages that are looked through, and of matches of the index
    /// in which signs are looked for.
    pub(crate) async fn search_within(
        &self,
        query: String,
        limit: usize,
        scan: u64,
        examined: u64,
    ) -> Result<SearchResults> {
        let query = Query::parse(&query)?;
        let account = self.account();
        self.read(move |conn| {
            Search {
                conn,
                matcher: Matcher::new(&query.terms),
                query,
                account,
                limit,
                scan,
                examined,
            }
            .run()
        })
        .await
    }
}

struct Search<'c> {
    conn: &'c Connection,
    matcher: Matcher,
    query: Query,
    account: Option<UserId>,
    limit: usize,
    scan: u64,
    examined: u64,
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
        if self.query.is_empty() {
            return Ok(results);
        }
        let newest = self.newest()?;
        let mut found = newest.words;
        if let Some(end) = &newest.end
            && found.len() <= self.limit
            && let Some(expression) = self.query.expression()
        {
            let all = self.older(&expression, end, results.total, &mut found)?;
            results.examined = (!all).then_some(self.examined);
        }
        if found.len() < self.limit && !self.query.terms.is_empty() {
            found.extend(newest.parts);
            results.scanned = newest.end.map(|_| self.scan);
        }
        results.hits = self.hits(&found)?;
        results.more = results.hits.len() > self.limit;
        results.hits.truncate(self.limit);
        Ok(results)
    }

    /// Looks through the newest messages until more than enough have the words. Without a word it
    /// is the operators alone that choose, and they choose among all.
    fn newest(&mut self) -> Result<Newest> {
        let most = if self.query.terms.is_empty() {
            u64::MAX
        } else {
            self.scan
        };
        let mut statement = self.conn.prepare_cached(
            "SELECT key, created_at, content FROM messages INDEXED BY messages_by_time
             WHERE created_at IS NOT NULL ORDER BY created_at DESC",
        )?;
        // Few have the words: only these are asked for the rest.
        let mut passes = self.statement(&format!(
            "SELECT 1 FROM {BY_KEY} WHERE m.key = :key AND {FILTER}"
        ))?;
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
        let mut rows = statement.query([])?;
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

    /// Adds what the index knows of older messages, newest first, until it is more than enough. Whether
    /// it got so far.
    fn older(
        &mut self,
        expression: &str,
        end: &End,
        total: u64,
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
            < total.saturating_mul(self.limit as u64);
        if few {
            self.by_key(&matches, end, found)
        } else {
            self.by_time(&matches, end, found)
        }
    }

    /// Looks each of the matches up, and puts them into the order of time.
    fn by_key(&mut self, matches: &[i64], end: &End, found: &mut Vec<i64>) -> Result<bool> {
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
        self.take(placed.into_iter().map(|(_, key)| Ok(key)), found)
    }

    /// Goes on in the order of time, and takes those that are among the matches.
    fn by_time(&mut self, matches: &[i64], end: &End, found: &mut Vec<i64>) -> Result<bool> {
        let mut statement = self.conn.prepare_cached(
            "SELECT key FROM messages INDEXED BY messages_by_time
             WHERE created_at <= ?1 ORDER BY created_at DESC",
        )?;
        let keys = statement.query_map([end.at], |row| row.get::<_, i64>(0))?;
        let among = keys.filter(|key| {
            key.as_ref()
                .map_or(true, |key| matches.binary_search(key).is_ok())
        });
        self.take(among, found)
    }

    /// Takes what passes the operators, newest first, until it is more than enough. Signs are looked
    /// for in so many: false when some are left.
    fn take(
        &mut self,
        keys: impl Iterator<Item = rusqlite::Result<i64>>,
        found: &mut Vec<i64>,
    ) -> Result<bool> {
        let content = if self.matcher.has_signs() {
            "m.content"
        } else {
            "NULL"
        };
        let mut statement = self.statement(&format!(
            "SELECT m.created_at, ({FILTER}), {content} FROM {BY_KEY} WHERE m.key = :key"
        ))?;
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
            if self.matcher.has_signs() && looked_at == self.examined {
                return Ok(false);
            }
            last = message.at;
            if message.passes && message.literally {
                found.push(key);
            }
        }
        Ok(true)
    }

    /// A statement with the operators bound.
    fn statement(&self, sql: &str) -> Result<CachedStatement<'c>> {
        let query = &self.query;
        let from = match query.from.as_deref() {
            Some("me") => self.account.as_ref().map(UserId::as_str).or(Some("me")),
            other => other,
        };
        let title = query.session.as_deref().map(like);
        let mut statement = self.conn.prepare_cached(sql)?;
        let values: &[(&str, &dyn rusqlite::ToSql)] = named_params! {
            ":from": from,
            ":session": query.session,
            ":title": title,
            ":before": query.before.map(tidings_model::Timestamp::as_micros),
            ":after": query.after.map(tidings_model::Timestamp::as_micros),
            ":role": query.role.map(tidings_model::Role::as_str),
            ":link": query.has_link,
        };
        for (name, value) in values {
            if let Some(place) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(place, value)?;
            }
        }
        Ok(statement)
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

/// Messages with what the operators ask for.
const BY_KEY: &str = "messages m
    LEFT JOIN sessions s ON s.key = m.session LEFT JOIN users u ON u.key = m.author";

/// Conditions of the operators, and what no search shows.
const FILTER: &str = "m.deleted = 0 AND m.hidden = 0 AND m.created_at IS NOT NULL
    AND s.key IS NOT NULL AND s.deleted = 0 AND s.hidden = 0
    AND (:from IS NULL OR coalesce(u.id, '') = :from)
    AND (:session IS NULL OR s.id = :session OR coalesce(s.title, '') LIKE :title ESCAPE '\\')
    AND (:before IS NULL OR m.created_at < :before)
    AND (:after IS NULL OR m.created_at >= :after)
    AND (:role IS NULL OR coalesce(m.role, '') = :role)
    AND (:link = 0 OR coalesce(m.content, '') LIKE '%http://%'
        OR coalesce(m.content, '') LIKE '%https://%')";

/// A pattern for any text that contains `part`.
fn like(part: &str) -> String {
    let mut pattern = String::from("%");
    for char in part.chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}
