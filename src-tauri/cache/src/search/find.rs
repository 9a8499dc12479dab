//! Runs a search.

use std::cmp::Reverse;
use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, named_params};
use tidings_model::UserId;

use super::query::{Query, Term};
use super::tokens::{folded, stands_alone};
use crate::Cache;
use crate::error::Result;
use crate::read::messages::{COLUMNS, Overlays, TABLES, decode_row};
use crate::types::page::MessageKey;
use crate::types::search::{SearchHit, SearchResults};

/// Messages that the scan for parts of words looks at.
const SCAN: u64 = 20_000;
/// Matches of the index that are looked at before a search gives up on signs such as `++`.
const EXAMINED: u64 = 20_000;
/// Characters of a snippet, and of what stands in it before the first match.
const SNIPPET_CHARS: usize = 200;
const LEAD_CHARS: usize = 40;

impl Cache {
    /// Full-text search over everything cached, newest first. All words have to be there; the
    /// last one may be the beginning of a word; `"…"` is a phrase. Operators: `from:`, `in:`,
    /// `before:`, `after:`, `role:`, `has:link`. When the index has fewer than `limit` matches,
    /// the newest messages are also looked through for parts of words.
    ///
    /// # Errors
    /// [`crate::CacheError::BadQuery`] for an operator that cannot be read.
    pub async fn search(&self, query: String, limit: usize) -> Result<SearchResults> {
        let query = Query::parse(&query)?;
        let account = self.account();
        self.read(move |conn| {
            Search {
                conn,
                query,
                account,
                limit,
            }
            .run()
        })
        .await
    }
}

struct Search<'c> {
    conn: &'c Connection,
    query: Query,
    account: Option<UserId>,
    limit: usize,
}

impl Search<'_> {
    fn run(&self) -> Result<SearchResults> {
        let unindexed: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM messages WHERE indexed = 0")?
            .query_row([], |row| row.get(0))?;
        let mut results = SearchResults {
            hits: Vec::new(),
            more: false,
            unindexed: unindexed.unsigned_abs(),
            total: self.total()?,
            scanned: None,
        };
        if self.query.is_empty() {
            return Ok(results);
        }
        let mut found = Vec::new();
        if let Some(expression) = self.query.expression() {
            results.more = self.indexed(&expression, &mut found)?;
        }
        if !results.more && found.len() < self.limit {
            // Without a word it is the operators alone that choose, and they choose among all.
            let floor = if self.query.terms.is_empty() {
                None
            } else {
                self.scan_floor()?
            };
            results.more = self.scan(floor, &mut found)?;
            results.scanned = floor.map(|_| SCAN);
        }
        results.hits = self.hits(&found)?;
        if results.hits.len() > self.limit {
            results.hits.truncate(self.limit);
            results.more = true;
        }
        Ok(results)
    }

    /// Adds what the index knows, newest first. Returns whether there is more.
    fn indexed(&self, expression: &str, found: &mut Vec<i64>) -> Result<bool> {
        let signs: Vec<Vec<char>> = self
            .query
            .terms
            .iter()
            .filter(|term| term.has_signs())
            .map(Term::folded)
            .collect();
        let content = if signs.is_empty() {
            "NULL"
        } else {
            "m.content"
        };
        let sql = format!(
            "SELECT m.key, {content} FROM search_index f JOIN messages m ON m.key = f.rowid
             JOIN sessions s ON s.key = m.session LEFT JOIN users u ON u.key = m.author
             WHERE search_index MATCH :match AND {FILTER}
             ORDER BY m.created_at DESC, m.id DESC"
        );
        self.rows(
            &sql,
            Some(expression),
            None,
            Some(EXAMINED),
            |key, content| {
                if signs.iter().all(|term| contains(content, term)) {
                    found.push(key);
                }
                found.len() <= self.limit
            },
        )
    }

    /// Messages on this computer.
    fn total(&self) -> Result<u64> {
        let total: i64 = self
            .conn
            .prepare_cached("SELECT coalesce(sum(messages), 0) FROM session_sizes")?
            .query_row([], |row| row.get(0))?;
        Ok(total.unsigned_abs())
    }

    /// The key at and below which the scan does not look; `None` when it looks at everything.
    fn scan_floor(&self) -> Result<Option<i64>> {
        Ok(self
            .conn
            .prepare_cached("SELECT key FROM messages ORDER BY key DESC LIMIT 1 OFFSET ?1")?
            .query_row([i64::try_from(SCAN).unwrap_or(i64::MAX)], |row| row.get(0))
            .optional()?)
    }

    /// Adds what the newest messages contain anywhere, in the index or not, above the key `floor`.
    /// Returns whether there is more.
    fn scan(&self, floor: Option<i64>, found: &mut Vec<i64>) -> Result<bool> {
        let known: HashSet<i64> = found.iter().copied().collect();
        let terms: Vec<Vec<char>> = self.query.terms.iter().map(Term::folded).collect();
        let sql = format!(
            "SELECT m.key, m.content FROM {TABLES}
             WHERE :match IS NULL AND {FILTER} ORDER BY m.key DESC"
        );
        self.rows(&sql, None, floor, None, |key, content| {
            if !known.contains(&key) && terms.iter().all(|term| contains(content, term)) {
                found.push(key);
            }
            found.len() <= self.limit
        })
    }

    /// Feeds keys above `floor` and contents to `take` until it has enough, or `most` were looked
    /// at. Returns whether there are more.
    fn rows(
        &self,
        sql: &str,
        expression: Option<&str>,
        floor: Option<i64>,
        most: Option<u64>,
        mut take: impl FnMut(i64, &str) -> bool,
    ) -> Result<bool> {
        let query = &self.query;
        let from = match query.from.as_deref() {
            Some("me") => self.account.as_ref().map(UserId::as_str).or(Some("me")),
            other => other,
        };
        let title = query.session.as_deref().map(like);
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(named_params! {
            ":match": expression,
            ":from": from,
            ":session": query.session,
            ":title": title,
            ":before": query.before.map(tidings_model::Timestamp::as_micros),
            ":after": query.after.map(tidings_model::Timestamp::as_micros),
            ":role": query.role.map(tidings_model::Role::as_str),
            ":link": query.has_link,
            ":floor": floor.unwrap_or(i64::MIN),
        })?;
        let mut looked_at = 0_u64;
        while let Some(row) = rows.next()? {
            if most == Some(looked_at) {
                return Ok(true);
            }
            looked_at += 1;
            let content = row.get_ref(1)?.as_str_or_null();
            let content = content.map_err(rusqlite::Error::from)?.unwrap_or_default();
            if !take(row.get(0)?, content) {
                return Ok(true);
            }
        }
        Ok(false)
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

/// Conditions of the operators, and what no search shows.
const FILTER: &str =
    "m.key > :floor AND m.deleted = 0 AND m.hidden = 0 AND m.created_at IS NOT NULL
    AND s.deleted = 0 AND s.hidden = 0
    AND (:from IS NULL OR u.id = :from)
    AND (:session IS NULL OR s.id = :session OR s.title LIKE :title ESCAPE '\\')
    AND (:before IS NULL OR m.created_at < :before)
    AND (:after IS NULL OR m.created_at >= :after)
    AND (:role IS NULL OR m.role = :role)
    AND (:link = 0 OR m.content LIKE '%http://%' OR m.content LIKE '%https://%')";

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

/// Whether `term` stands anywhere in `text`.
fn contains(text: &str, term: &[char]) -> bool {
    let Some(first) = term.first() else {
        return false;
    };
    text.char_indices().any(|(at, char)| {
        folded(char) == *first && {
            let mut rest = text[at..].chars().map(folded);
            term.iter().all(|wanted| rest.next() == Some(*wanted))
        }
    })
}

/// Where `term` next stands in `text`, at or after `from`.
fn position(text: &[char], term: &[char], from: usize) -> Option<usize> {
    if term.is_empty() {
        return None;
    }
    text.get(from..)?
        .windows(term.len())
        .position(|window| window == term)
        .map(|at| at + from)
}

/// The part of a text around its first match, on one line, with the matches in it.
fn snippet(content: &str, terms: &[Term]) -> (String, Vec<(u32, u32)>) {
    let chars: Vec<char> = content
        .chars()
        .map(|char| if char.is_whitespace() { ' ' } else { char })
        .collect();
    let text: Vec<char> = chars.iter().copied().map(folded).collect();
    let mut found: Vec<(usize, usize)> = terms
        .iter()
        .map(Term::folded)
        .flat_map(|term| matches(&text, &term))
        .collect();
    found.sort_unstable();
    let first = found.first().map_or(0, |(start, _)| *start);
    let start = first.saturating_sub(LEAD_CHARS);
    let end = (start + SNIPPET_CHARS).min(chars.len());
    let snippet: String = chars[start..end].iter().collect();
    let units = |range: &[char]| {
        let units: usize = range.iter().map(|char| char.len_utf16()).sum();
        u32::try_from(units).unwrap_or(u32::MAX)
    };
    let mut marks: Vec<(u32, u32)> = Vec::new();
    let mut marked_to = start;
    for (from, to) in found {
        let (from, to) = (from.max(marked_to), to.min(end));
        if from < to {
            marks.push((units(&chars[start..from]), units(&chars[start..to])));
            marked_to = to;
        }
    }
    (snippet, marks)
}

/// Where a term stands: at the beginning of words if it does anywhere, else inside them.
fn matches(text: &[char], term: &[char]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(at) = position(text, term, from) {
        all.push((at, at + term.len()));
        from = at + term.len();
    }
    let at_word = |start: usize| {
        stands_alone(text[start])
            || start == 0
            || !text[start - 1].is_alphanumeric()
            || stands_alone(text[start - 1])
    };
    if all.iter().any(|(start, _)| at_word(*start)) {
        all.retain(|(start, _)| at_word(*start));
    }
    all
}
