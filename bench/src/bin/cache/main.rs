//! What the offline cache costs when it is large.
//!
//! `cargo run --release --manifest-path bench/Cargo.toml --bin cache [-- MESSAGES]`: fills
//! caches with messages that are made up (a million unless told otherwise), and prints ratios
//! taken in this one run: writing and indexing against bare SQLite, opening and paging against a
//! small cache, searches against `LIKE`, sizes against the messages' own bytes, and memory
//! against an empty cache.

mod bare;
mod fill;
mod search;
mod text;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use tidings_cache::{Anchor, Cache, CacheKey, Page};

use crate::text::session;

/// Messages in the large cache, and in how many sessions.
const MESSAGES: u64 = 1_000_000;
const A_SESSION: u64 = 200;
/// Messages in the small one.
const SMALL: u64 = 1_000;
/// Messages written to compare with bare SQLite, and for the sizes at 1 KB.
const WRITTEN: u64 = 100_000;
/// Pages read, and messages in one.
const PAGES: usize = 20;
const PAGE: usize = 60;
/// Sessions opened.
const OPENED: u64 = 50;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => compare(MESSAGES).await,
        ["memory", path, key] => memory(Path::new(path), key).await,
        [messages] => compare(messages.parse().context("a number of messages")?).await,
        _ => bail!("usage: cache [MESSAGES]"),
    }
}

async fn compare(messages: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let key = CacheKey::generate();
    let hex = key.to_hex();

    println!("writing, {WRITTEN} messages of 1 KB:");
    let path = folder.path().join("written.db");
    let written = fill::fill(&path, &key, 0..WRITTEN, A_SESSION, 1_024).await?;
    let bare = bare::write(
        &folder.path().join("bare.db"),
        &hex,
        WRITTEN,
        A_SESSION,
        1_024,
    )?;
    println!(
        "  without the index {:>8.0} a second; bare SQLite {:>8.0}: {:.2}x",
        written.kept,
        bare.kept,
        written.kept / bare.kept
    );
    println!(
        "  with the index    {:>8.0} a second; bare SQLite {:>8.0}: {:.2}x (aim >= 0.8)",
        written.sustained,
        bare.sustained,
        written.sustained / bare.sustained
    );
    size("1 KB", &path, written.bytes, 2.5)?;

    let small = folder.path().join("small.db");
    fill::fill(&small, &key, 0..SMALL, A_SESSION, 300).await?;
    let large = folder.path().join("large.db");
    let filled = fill::fill(&large, &key, 0..messages, A_SESSION, 300).await?;
    println!(
        "{messages} messages of 300 bytes in {} sessions: {:.0} a second, {:.0} with the index",
        messages / A_SESSION,
        filled.kept,
        filled.sustained
    );
    size("300 B", &large, filled.bytes, 3.0)?;

    let (opened_small, _) = Cache::open(&small, &key)?;
    let (opened_large, _) = Cache::open(&large, &key)?;
    let few = open_and_page(&opened_small, SMALL / A_SESSION).await?;
    let many = open_and_page(&opened_large, messages / A_SESSION).await?;
    println!(
        "open a session and page through it: {many:.0} µs, with {SMALL} messages {few:.0} µs: {:.2}x (aim <= 1.3)",
        many / few
    );
    let began = Instant::now();
    let listed = opened_large.sessions().await?.len();
    println!(
        "list {listed} sessions: {:.0} ms",
        began.elapsed().as_secs_f64() * 1e3
    );
    search::compare(&opened_large, &large, &hex).await?;
    opened_small.close().await;
    opened_large.close().await;

    let empty = folder.path().join("empty.db");
    fill::fill(&empty, &key, 0..0, A_SESSION, 300).await?;
    let (empty, full) = (measured(&empty, &hex)?, measured(&large, &hex)?);
    println!(
        "memory of the cache alone: {:.1} MiB, empty {:.1} MiB: {:.2}x",
        full,
        empty,
        full / empty
    );
    Ok(())
}

/// Microseconds to open a session at its newest page and read it to its start, on average.
async fn open_and_page(cache: &Cache, sessions: u64) -> Result<f64> {
    let mut spent = std::time::Duration::ZERO;
    let mut pages: u32 = 0;
    for number in 0..OPENED {
        let session = session(number * 97 % sessions, sessions);
        let began = Instant::now();
        let mut anchor = Anchor::Latest;
        for _ in 0..PAGES {
            let page = cache
                .messages(
                    session.clone(),
                    Page {
                        anchor,
                        limit: PAGE,
                    },
                )
                .await?;
            pages += 1;
            let Some(first) = page.rows.first() else {
                break;
            };
            if page.at_start {
                break;
            }
            anchor = Anchor::Before((&first.message).into());
        }
        spent += began.elapsed();
    }
    Ok(spent.as_secs_f64() * 1e6 / f64::from(pages))
}

fn size(name: &str, path: &Path, bytes: u64, aim: f64) -> Result<()> {
    let file = std::fs::metadata(path)?.len();
    println!(
        "size at {name}: {:.0} MB for {:.0} MB of text: {:.2}x (aim <= {aim})",
        file as f64 / 1e6,
        bytes as f64 / 1e6,
        file as f64 / bytes as f64
    );
    Ok(())
}

/// MiB that a process of its own takes with a cache open and used.
fn measured(path: &Path, hex: &str) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?)
        .arg("memory")
        .arg(path)
        .arg(hex)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().with_context(|| format!("{text:?}"))
}

async fn memory(path: &Path, hex: &str) -> Result<()> {
    let (cache, _) = Cache::open(path, &CacheKey::from_hex(hex)?)?;
    let sessions = cache.sessions().await?;
    if let Some(first) = sessions.first() {
        let newest = Page {
            anchor: Anchor::Latest,
            limit: PAGE,
        };
        cache.messages(first.session.id.clone(), newest).await?;
    }
    drop(sessions);
    let status = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let kib = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("Pss:")?
                .trim()
                .strip_suffix(" kB")?
                .parse::<f64>()
                .ok()
        })
        .context("no Pss")?;
    println!("{}", kib / 1024.0);
    Ok(())
}
