//! Fills a cache through its own door, and a bare database beside it.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tidings_bench::bare;
use tidings_bench::text::{message, session_of};
use tidings_cache::{Cache, CacheKey, Column, Incoming, PartialMessage, ReadStamp, Source};

/// Rows in one transaction, as the engine takes them in.
const BATCH: u64 = 512;
/// Messages that are indexed at once, as the engine does it.
const INDEXED: usize = 200;

/// What filling measured.
pub struct Filled {
    /// Messages a second, the search index left for later.
    pub kept: f64,
    /// The same with the index.
    pub sustained: f64,
    /// Bytes of the messages' own text.
    pub bytes: u64,
}

impl Filled {
    fn new(count: u64, kept: Duration, indexed: Duration, bytes: u64) -> Self {
        let rate = |spent: Duration| count as f64 / spent.as_secs_f64().max(1e-9);
        Self {
            kept: rate(kept),
            sustained: rate(kept + indexed),
            bytes,
        }
    }
}

/// Messages by their numbers, in batches, each with the number of its session.
fn batches(
    numbers: Range<u64>,
    sessions: u64,
    bytes: usize,
) -> impl Iterator<Item = Vec<(u64, PartialMessage)>> {
    let end = numbers.end;
    numbers
        .step_by(usize::try_from(BATCH).unwrap_or(usize::MAX))
        .map(move |at| {
            (at..(at + BATCH).min(end))
                .map(|number| {
                    (
                        session_of(number, sessions),
                        message(number, sessions, bytes),
                    )
                })
                .collect()
        })
}

/// Writes messages, then their index, and closes the file.
pub async fn fill(
    path: &Path,
    key: &CacheKey,
    numbers: Range<u64>,
    a_session: u64,
    bytes: usize,
) -> Result<Filled> {
    let (cache, _) = Cache::open(path, key)?;
    let count = numbers.end - numbers.start;
    let (mut kept, mut text) = (Duration::ZERO, 0);
    for rows in batches(numbers, (count / a_session).max(1), bytes) {
        text += rows.iter().map(|(_, row)| length(row)).sum::<u64>();
        let source = Source::Rest(ReadStamp {
            began: cache.stamp(),
            ended: cache.stamp(),
        });
        let facts = rows
            .into_iter()
            .map(|(_, row)| Incoming::Message { row, source })
            .collect();
        let began = Instant::now();
        cache.ingest(facts).await?;
        kept += began.elapsed();
    }
    let began = Instant::now();
    while cache.index_some(INDEXED).await? > 0 {}
    let indexed = began.elapsed();
    cache.close().await;
    Ok(Filled::new(count, kept, indexed, text))
}

/// The same by bare statements.
pub async fn fill_bare(
    path: &Path,
    key: &CacheKey,
    count: u64,
    a_session: u64,
    bytes: usize,
) -> Result<Filled> {
    let mut conn = bare::create(path, key).await?;
    let sessions = (count / a_session).max(1);
    bare::sessions(&conn, sessions)?;
    let mut kept = Duration::ZERO;
    for rows in batches(0..count, sessions, bytes) {
        let began = Instant::now();
        bare::insert(&mut conn, &rows)?;
        kept += began.elapsed();
    }
    let indexed = bare::index(&mut conn, INDEXED)?;
    Ok(Filled::new(count, kept, indexed, 0))
}

fn length(row: &PartialMessage) -> u64 {
    match &row.content {
        Column::Value(content) => content.len() as u64,
        Column::Absent | Column::Null => 0,
    }
}
