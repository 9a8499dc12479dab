//! What may have been meant by a search that found nothing: the same search with words of the index
//! that are spelled alike.
//!
//! A word with one mistake is found wherever the mistake is, by asking for every word that is one
//! away. One with two is looked for among the words that begin alike, which are read one after the
//! other. What is told was searched for, and finds something.

use rusqlite::{Connection, OptionalExtension as _};
use tidings_model::UserId;

use super::find::Search;
use super::query::{Query, Term};
use super::tokens::fold_into;
use crate::Cache;
use crate::error::Result;
use crate::types::search::{SearchFilter, SearchHit};

/// Letters of a word that something can be meant by.
const LETTERS: std::ops::RangeInclusive<usize> = 3..=24;
/// Letters from which on a word may have two mistakes.
const TWICE: usize = 6;
/// Words that are read at most.
const READ: u32 = 20_000;
/// Searches that are tried at most.
const TRIES: usize = 8;

/// Lets a connection read the words of the index, one by one.
pub(crate) const VOCABULARY: &str =
    "CREATE VIRTUAL TABLE temp.search_words USING fts5vocab(main, search_index, row)";

impl Cache {
    /// What may have been meant by a query that finds nothing: a query that finds something.
    ///
    /// # Errors
    /// [`crate::CacheError::BadQuery`] for an operator that cannot be read.
    pub async fn suggest(&self, text: String, filter: SearchFilter) -> Result<Option<String>> {
        let query = Query::parse(&text)?;
        let account = self.account();
        self.read(move |conn| suggest(conn, &text, &query, &filter, account.as_ref()))
            .await
    }
}

/// With more words than these a query was not typed wrongly but pasted: each unknown one has to be
/// compared with thousands of others.
const WORDS: usize = 8;

/// A word of the query that the index does not have, and what is like it, the likeliest first.
struct Unknown<'q> {
    term: &'q Term,
    alike: Vec<String>,
}

fn suggest(
    conn: &Connection,
    text: &str,
    query: &Query,
    filter: &SearchFilter,
    account: Option<&UserId>,
) -> Result<Option<String>> {
    if query.terms.len() > WORDS {
        return Ok(None);
    }
    let mut unknown = Vec::new();
    for term in query.terms.iter().filter(|term| !term.quoted) {
        let [word] = &term.words()[..] else { continue };
        if is_known(conn, word, term.prefix)? {
            continue;
        }
        let alike = alike(conn, word)?;
        if !alike.is_empty() {
            unknown.push(Unknown { term, alike });
        }
    }
    let most = unknown.iter().map(|each| each.alike.len()).max();
    for turn in 0..most.unwrap_or(0).min(TRIES) {
        let words: Vec<&str> = unknown
            .iter()
            .map(|each| each.alike[turn.min(each.alike.len() - 1)].as_str())
            .collect();
        let meant = written(text, &unknown, &words);
        let search = Query::parse(&meant)?;
        if let Some(hit) = Search::first(conn, search, filter, account.cloned())? {
            let spelled: Vec<String> = words.iter().map(|word| spelled(word, &hit)).collect();
            let spelled: Vec<&str> = spelled.iter().map(String::as_str).collect();
            return Ok(Some(written(text, &unknown, &spelled)));
        }
    }
    Ok(None)
}

/// The query with other words in the place of the unknown ones.
fn written(text: &str, unknown: &[Unknown<'_>], words: &[&str]) -> String {
    let mut whole = String::with_capacity(text.len() + 8);
    let mut from = 0;
    for (Unknown { term, .. }, word) in unknown.iter().zip(words) {
        whole.push_str(&text[from..term.at]);
        whole.push_str(word);
        from = term.at + term.text.len();
    }
    whole.push_str(&text[from..]);
    whole
}

/// A word of the index as the hit writes it, with its capitals and accents.
fn spelled(word: &str, hit: &SearchHit) -> String {
    let units: Vec<u16> = hit.snippet.encode_utf16().collect();
    hit.marks
        .iter()
        .filter_map(|(from, to)| {
            let units = units.get(*from as usize..*to as usize)?;
            String::from_utf16(units).ok()
        })
        .find(|marked| {
            let mut folded = String::new();
            fold_into(marked, &mut folded);
            folded == word
        })
        .unwrap_or_else(|| word.to_owned())
}

/// Whether the index has a word, or one that begins with it.
fn is_known(conn: &Connection, word: &str, prefix: bool) -> Result<bool> {
    let end = if prefix { after(word) } else { word.to_owned() };
    let mut statement =
        conn.prepare_cached("SELECT 1 FROM search_words WHERE term >= ?1 AND term <= ?2 LIMIT 1")?;
    Ok(statement.exists([word, &end])?)
}

/// Words of the index that are like this one: those with fewer mistakes first, then those that
/// more messages have.
fn alike(conn: &Connection, word: &str) -> Result<Vec<String>> {
    let letters: Vec<char> = word.chars().collect();
    if !LETTERS.contains(&letters.len()) || letters.iter().any(|char| char.is_numeric()) {
        return Ok(Vec::new());
    }
    let mut found: Vec<(usize, i64, String)> = Vec::new();
    let mut one = conn.prepare_cached("SELECT doc FROM search_words WHERE term = ?1")?;
    for near in one_away(&letters) {
        let messages: Option<i64> = one.query_row([&near], |row| row.get(0)).optional()?;
        if let Some(messages) = messages {
            found.push((1, -messages, near));
        }
    }
    if found.is_empty() && letters.len() >= TWICE {
        let beginning: String = letters[..2].iter().collect();
        let mut words = conn.prepare_cached(
            "SELECT term, doc FROM search_words WHERE term >= ?1 AND term <= ?2 LIMIT ?3",
        )?;
        let mut rows = words.query((&beginning, after(&beginning), READ))?;
        while let Some(row) = rows.next()? {
            let near: String = row.get(0)?;
            let other: Vec<char> = near.chars().collect();
            if mistakes(&letters, &other) == 2 {
                found.push((2, -row.get::<_, i64>(1)?, near));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found.into_iter().map(|(_, _, word)| word).collect())
}

/// The last of all words that begin so.
fn after(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

/// All words with one letter more, less, another, or two that changed places.
fn one_away(word: &[char]) -> Vec<String> {
    let alphabet: Vec<char> = ['a'..='z', 'α'..='ω', 'а'..='я']
        .into_iter()
        .filter(|letters| word.iter().any(|char| letters.contains(char)))
        .flatten()
        .collect();
    let mut near = Vec::with_capacity(word.len() * (2 * alphabet.len() + 2) + alphabet.len());
    let mut add = |parts: &[&[char]]| near.push(parts.concat().into_iter().collect());
    for at in 0..=word.len() {
        let (before, rest) = word.split_at(at);
        for letter in &alphabet {
            add(&[before, &[*letter], rest]);
        }
        if let [_, behind @ ..] = rest {
            add(&[before, behind]);
            for letter in &alphabet {
                add(&[before, &[*letter], behind]);
            }
        }
        if let [first, second, behind @ ..] = rest {
            add(&[before, &[*second, *first], behind]);
        }
    }
    near
}

/// How many letters are too many, missing, wrong, or in the place of their neighbour (the optimal
/// string alignment distance). Past 2 it is only said that it is more.
fn mistakes(a: &[char], b: &[char]) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return 3;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.iter().enumerate() {
        let mut row = vec![at + 1];
        for (to, other) in b.iter().enumerate() {
            let wrong = last[to] + usize::from(letter != other);
            let mut fewest = wrong.min(last[to + 1] + 1).min(row[to] + 1);
            if at > 0 && to > 0 && a[at - 1] == *other && *letter == b[to - 1] {
                fewest = fewest.min(before[to - 1] + 1);
            }
            row.push(fewest);
        }
        if row.iter().all(|each| *each > 2) {
            return 3;
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_counted_and_one_of_each_kind_is_one() {
        let count = |a: &str, b: &str| {
            let letters = |word: &str| word.chars().collect::<Vec<_>>();
            mistakes(&letters(a), &letters(b))
        };
        for (wrong, right, many) in [
            ("retnetion", "retention", 1),
            ("retenton", "retention", 1),
            ("rettention", "retention", 1),
            ("retension", "retention", 1),
            ("retnetin", "retention", 2),
            ("policy", "policy", 0),
            ("policy", "retention", 3),
            ("abc", "cab", 2),
        ] {
            assert_eq!(count(wrong, right), many, "{wrong} for {right}");
            let letters: Vec<char> = wrong.chars().collect();
            let near = one_away(&letters).iter().any(|near| near == right);
            assert_eq!(near && wrong != right, many == 1, "{wrong} for {right}");
        }
    }
}
