//! Searches of a fixed file, through the cache and with `LIKE` over the same rows.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tidings_bench::bare;
use tidings_bench::figures::{Figures, percentile};
use tidings_cache::{Cache, CacheKey};

/// One search a line: its kind, a tab, what is searched for.
const QUERIES: &str = include_str!("queries.tsv");
/// Hits wanted.
const HITS: u32 = 50;
/// Times that each search is made through the cache; once is enough for what takes seconds.
const ROUNDS: usize = 5;
/// Kinds, and how many times faster each should be.
const KINDS: [(&str, Option<f64>); 5] = [
    ("word", Some(50.0)),
    ("phrase", Some(50.0)),
    ("chinese", Some(50.0)),
    ("prefix", Some(10.0)),
    ("infix", None),
];

/// By kind, the slowest hundredth of searches against that of `LIKE`.
pub async fn compare(
    cache: &Cache,
    path: &Path,
    key: &CacheKey,
    figures: &mut Figures,
) -> Result<()> {
    let conn = bare::open(path, key)?;
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
            let pattern = format!("%{}%", query.trim_matches('"').trim_end());
            let began = Instant::now();
            let mut rows = like.query(rusqlite::params![pattern, HITS])?;
            while rows.next()?.is_some() {}
            theirs.push(began.elapsed().as_secs_f64() * 1e3);
        }
        let (p99, like_p99) = (percentile(&mut ours, 99), percentile(&mut theirs, 99));
        println!(
            "  {kind}: p50 {:.1} ms, p99 {p99:.1} ms (slowest {:?} {:.1} ms); LIKE p50 {:.0}, p99 {like_p99:.0} ms",
            percentile(&mut ours, 50),
            slowest.1,
            slowest.0,
            percentile(&mut theirs, 50),
        );
        let name = format!("search, {kind}, p99: times faster than LIKE");
        figures.note(&name, like_p99 / p99, "x", None, aim);
    }
    Ok(())
}
