//! Searches of a fixed file, through the cache and with `LIKE` over the same rows.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tidings_cache::Cache;

use crate::bare;

/// One search a line: its kind, a tab, what is searched for.
const QUERIES: &str = include_str!("queries.tsv");
/// Hits wanted.
const HITS: u32 = 50;
/// Times that each search is made through the cache; once is enough for what takes seconds.
const ROUNDS: usize = 5;
/// Kinds, and the ratio that each aims at.
const KINDS: [(&str, &str); 5] = [
    ("word", "aim >= 50"),
    ("phrase", "aim >= 50"),
    ("chinese", "aim >= 50"),
    ("prefix", "aim >= 10"),
    ("infix", "reported"),
];

/// Prints, by kind, the slowest hundredth of searches against that of `LIKE`.
pub async fn compare(cache: &Cache, path: &Path, hex: &str) -> Result<()> {
    let conn = bare::open(path, hex)?;
    let mut like = conn.prepare(
        "SELECT key FROM messages WHERE deleted = 0 AND hidden = 0 AND content LIKE ?1
         ORDER BY created_at DESC, id DESC LIMIT ?2",
    )?;
    for (kind, aim) in KINDS {
        let (mut ours, mut theirs, mut slowest) = (Vec::new(), Vec::new(), (0.0, ""));
        for line in QUERIES.lines() {
            let (name, query) = line.split_once('\t').context("kind, tab, query")?;
            if name != kind {
                continue;
            }
            for _ in 0..ROUNDS {
                let began = Instant::now();
                let found = cache.search(query.to_owned(), HITS as usize).await?;
                let spent = began.elapsed().as_secs_f64() * 1e3;
                anyhow::ensure!(!found.hits.is_empty(), "nothing found for {query}");
                if spent > slowest.0 {
                    slowest = (spent, query);
                }
                ours.push(spent);
            }
            let pattern = format!("%{}%", query.trim_matches('"'));
            let began = Instant::now();
            let mut rows = like.query(rusqlite::params![pattern, HITS])?;
            while rows.next()?.is_some() {}
            theirs.push(began.elapsed().as_secs_f64() * 1e3);
        }
        let (p99, like_p99) = (p99(&mut ours), p99(&mut theirs));
        println!(
            "search, {kind:<8} p99 {p99:>8.2} ms, LIKE {like_p99:>8.0} ms: {:>7.0}x ({aim}); slowest {:?} {:.1} ms",
            like_p99 / p99,
            slowest.1,
            slowest.0
        );
    }
    Ok(())
}

fn p99(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * 99).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or(f64::NAN)
}
