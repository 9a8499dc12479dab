//! What SQLite lacks and the filters need: exact decimals, PostgreSQL's LIKE and regular
//! expressions, and paths into `jsonb`.

use std::cmp::Ordering;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use tidings_model::Decimal;

use super::json;

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

/// Adds the collation `exact` and the functions `pg_like(text, pattern, fold)`,
/// `pg_match(text, pattern, fold)`, `json_contains(outer, inner)` and
/// `json_at(json, as_text, step, …)`.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation("exact", compare_decimals)?;
    connection.create_scalar_function("pg_like", 3, FLAGS, |context| {
        matches(context, like_to_regex)
    })?;
    connection.create_scalar_function("pg_match", 3, FLAGS, |context| matches(context, build))?;
    connection.create_scalar_function("json_contains", 2, FLAGS, |context| {
        let outer: Option<String> = context.get(0)?;
        let inner: Option<String> = context.get(1)?;
        Ok(outer
            .zip(inner)
            .map(|(outer, inner)| json::contains(&outer, &inner)))
    })?;
    connection.create_scalar_function("json_at", -1, FLAGS, |context| {
        let Some(text) = context.get::<Option<String>>(0)? else {
            return Ok(None);
        };
        let as_text: bool = context.get(1)?;
        let steps: Vec<String> = (2..context.len())
            .map(|index| context.get(index))
            .collect::<rusqlite::Result<_>>()?;
        let path: Vec<&str> = steps.iter().map(String::as_str).collect();
        let found = json::lookup(&text, &path);
        Ok(if as_text {
            found.and_then(json::as_text)
        } else {
            found.map(str::to_owned)
        })
    })
}

fn compare_decimals(a: &str, b: &str) -> Ordering {
    match (a.parse::<Decimal>(), b.parse::<Decimal>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        // Only decimals are stored; anything else needs some total order.
        (a, b) => b.is_ok().cmp(&a.is_ok()),
    }
}

/// Whether a whole text matches a LIKE pattern (`%`, `_`, backslash escapes).
pub fn like(text: &str, pattern: &str, fold: bool) -> bool {
    like_to_regex(pattern, fold).is_ok_and(|regex| regex.is_match(text))
}

/// Compiles a regular expression with the bounds that hostile patterns need.
pub fn build(pattern: &str, fold: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(fold)
        .size_limit(1 << 20)
        .build()
}

fn like_to_regex(pattern: &str, fold: bool) -> Result<Regex, regex::Error> {
    let mut source = String::with_capacity(pattern.len() + 8);
    source.push_str(r"(?s)\A");
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => source.push_str(".*"),
            '_' => source.push('.'),
            other => {
                let literal = if other == '\\' {
                    characters.next().unwrap_or('\\')
                } else {
                    other
                };
                source.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
            }
        }
    }
    source.push_str(r"\z");
    build(&source, fold)
}

fn matches(
    context: &Context<'_>,
    compile: impl Fn(&str, bool) -> Result<Regex, regex::Error>,
) -> rusqlite::Result<Option<bool>> {
    let Some(text) = context.get::<Option<String>>(0)? else {
        return Ok(None);
    };
    let regex: Arc<Regex> = context.get_or_create_aux(1, |held| {
        let pattern = held.as_str().map_err(|error| error.to_string())?;
        let fold: bool = context.get(2).map_err(|error| error.to_string())?;
        compile(pattern, fold).map_err(|error| error.to_string())
    })?;
    Ok(Some(regex.is_match(&text)))
}
