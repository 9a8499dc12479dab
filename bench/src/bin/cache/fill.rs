//! Fills a cache through its own door.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tidings_cache::{Cache, CacheKey, Column, Incoming, PartialMessage, ReadStamp, Source};

use crate::text::message;

/// Rows in one transaction, as the engine takes them in.
pub const BATCH: u64 = 512;
/// Messages that are indexed at once, as the engine does it.
pub const INDEXED: usize = 200;

/// What filling a cache measured.
pub struct Filled {
    /// Messages a second into the cache, the index left for later.
    pub kept: f64,
    /// The same with the index.
    pub sustained: f64,
    /// Bytes of the messages' own text.
    pub bytes: u64,
}

/// Writes messages by their numbers, then their index, and closes the file.
pub async fn fill(
    path: &Path,
    key: &CacheKey,
    numbers: Range<u64>,
    a_session: u64,
    bytes: usize,
) -> Result<Filled> {
    let (cache, _) = Cache::open(path, key)?;
    let count = numbers.end - numbers.start;
    let sessions = (count / a_session).max(1);
    let (mut kept, mut text) = (Duration::ZERO, 0);
    let mut at = numbers.start;
    while at < numbers.end {
        let end = (at + BATCH).min(numbers.end);
        let rows: Vec<PartialMessage> = (at..end)
            .map(|number| message(number, sessions, bytes))
            .collect();
        text += rows.iter().map(length).sum::<u64>();
        let source = Source::Rest(ReadStamp {
            began: cache.stamp(),
            ended: cache.stamp(),
        });
        let facts = rows
            .into_iter()
            .map(|row| Incoming::Message { row, source })
            .collect();
        let began = Instant::now();
        cache.ingest(facts).await?;
        kept += began.elapsed();
        at = end;
    }
    let began = Instant::now();
    while cache.index_some(INDEXED).await? > 0 {}
    let indexed = began.elapsed();
    cache.close().await;
    let rate = |spent: Duration| count as f64 / spent.as_secs_f64().max(1e-9);
    Ok(Filled {
        kept: rate(kept),
        sustained: rate(kept + indexed),
        bytes: text,
    })
}

fn length(row: &PartialMessage) -> u64 {
    match &row.content {
        Column::Value(content) => content.len() as u64,
        Column::Absent | Column::Null => 0,
    }
}
