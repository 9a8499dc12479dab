//! What the offline cache costs when it is large.
//!
//! `cargo run --release --manifest-path bench/Cargo.toml --bin cache [-- MESSAGES] [--json FILE]`:
//! fills caches with messages that are made up (a million unless told otherwise), and prints ratios
//! taken in this one run: writing and indexing against bare SQLite, opening and paging against a
//! small cache, searches against `LIKE`, and sizes against the messages' own bytes.

mod fill;
mod search;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tidings_bench::bare;
use tidings_bench::figures::{Figures, json_file, median};
use tidings_bench::text::session_id;
use tidings_cache::{Anchor, Cache, CacheKey, Page};

/// Messages in the large cache, and in how many sessions.
const MESSAGES: u64 = 1_000_000;
const A_SESSION: u64 = 200;
/// Messages in the small one.
const SMALL: u64 = 1_000;
/// Messages written to compare with bare SQLite, and how often.
const WRITTEN: u64 = 50_000;
const TURNS: usize = 3;
/// Messages for the size at 1 KB.
const SIZED: u64 = 100_000;
/// Pages read, and messages in one.
const PAGES: usize = 20;
const PAGE: usize = 60;
/// Sessions opened, and how often all of them.
const OPENED: u64 = 50;
const ROUNDS: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = json_file(&mut arguments)?;
    let mut figures = Figures::default();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (written, messages) = match arguments.as_slice() {
        [] => (true, Some(MESSAGES)),
        ["writing"] => (true, None),
        ["large", messages] => (false, Some(messages.parse().context("a number")?)),
        [messages] => (true, Some(messages.parse().context("a number")?)),
        _ => bail!("usage: cache [MESSAGES | writing | large MESSAGES] [--json FILE]"),
    };
    let folder = tempfile::tempdir()?;
    let key = CacheKey::generate();
    if written {
        writing(folder.path(), &key, &mut figures).await?;
    }
    if let Some(messages) = messages {
        large(folder.path(), &key, messages, &mut figures).await?;
    }
    figures.write(json.as_deref())
}

/// Sizes, paging and searches.
async fn large(folder: &Path, key: &CacheKey, messages: u64, figures: &mut Figures) -> Result<()> {
    let path = folder.join("kilobyte.db");
    let sized = fill::fill(&path, key, 0..SIZED.min(messages), A_SESSION, 1_024).await?;
    size("1 KB", &path, key, sized.bytes, 2.5, figures)?;
    std::fs::remove_file(&path)?;

    let small = folder.join("small.db");
    fill::fill(&small, key, 0..SMALL, A_SESSION, 300).await?;
    let large = folder.join("large.db");
    let filled = fill::fill(&large, key, 0..messages, A_SESSION, 300).await?;
    println!(
        "  {messages} messages of 300 bytes in {} sessions: {:.0} a second, {:.0} with the index",
        messages / A_SESSION,
        filled.kept,
        filled.sustained
    );
    size("300 B", &large, key, filled.bytes, 3.0, figures)?;

    let (opened_small, _) = Cache::open(&small, key)?;
    let (opened_large, _) = Cache::open(&large, key)?;
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        few.push(open_and_page(&opened_small, SMALL / A_SESSION).await?);
        many.push(open_and_page(&opened_large, messages / A_SESSION).await?);
    }
    let first = many[0] / few[0];
    let (few, many) = (median(few), median(many));
    println!("  a page: {many:.0} µs, with {SMALL} messages cached {few:.0} µs");
    let name = format!("open a session and page through it, {messages} cached to {SMALL}");
    figures.at_most(&name, many / few, 1.3);
    figures.tell("the same when nothing of it was read before", first, "x");
    let began = Instant::now();
    let listed = opened_large.sessions().await?.len();
    let spent = began.elapsed().as_secs_f64() * 1e3;
    figures.tell(&format!("list {listed} sessions"), spent, "ms");
    search::compare(&opened_large, &large, key, figures).await?;
    opened_small.close().await;
    opened_large.close().await;
    Ok(())
}

/// Messages of 1 KB into the cache, and by bare statements, by turns.
async fn writing(folder: &Path, key: &CacheKey, figures: &mut Figures) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let path = folder.join(format!("written-{turn}.db"));
        ours.push(fill::fill(&path, key, 0..WRITTEN, A_SESSION, 1_024).await?);
        std::fs::remove_file(&path)?;
        let path = folder.join(format!("bare-{turn}.db"));
        theirs.push(fill::fill_bare(&path, key, WRITTEN, A_SESSION, 1_024).await?);
        std::fs::remove_file(&path)?;
        println!(
            "  turn {}: {:.0} a second, {:.0} with the index; bare {:.0} and {:.0}",
            turn + 1,
            ours[turn].kept,
            ours[turn].sustained,
            theirs[turn].kept,
            theirs[turn].sustained
        );
    }
    let of = |all: &[fill::Filled], pick: fn(&fill::Filled) -> f64| median(all.iter().map(pick));
    let kept = of(&ours, |one| one.kept) / of(&theirs, |one| one.kept);
    let sustained = of(&ours, |one| one.sustained) / of(&theirs, |one| one.sustained);
    figures.tell("writing without the index to bare SQLite, 1 KB", kept, "x");
    figures.at_least(
        "sustained with the index to bare SQLite, 1 KB",
        sustained,
        0.8,
    );
    Ok(())
}

/// Microseconds to open a session at its newest page and read it to its start, for a page.
async fn open_and_page(cache: &Cache, sessions: u64) -> Result<f64> {
    let mut spent = Duration::ZERO;
    let mut pages: u32 = 0;
    for number in 0..OPENED {
        let session = session_id(number * 97 % sessions);
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

/// The file against the text in it, and which tables take the room.
fn size(
    name: &str,
    path: &Path,
    key: &CacheKey,
    bytes: u64,
    aim: f64,
    figures: &mut Figures,
) -> Result<()> {
    let conn = bare::open(path, key)?;
    let mut tables = conn.prepare(
        "SELECT name, sum(pgsize) AS size FROM dbstat WHERE aggregate = 1
         GROUP BY name ORDER BY size DESC LIMIT 8",
    )?;
    let mut rows = tables.query([])?;
    while let Some(row) = rows.next()? {
        let (table, size): (String, i64) = (row.get(0)?, row.get(1)?);
        println!(
            "  {table:<28} {:.2} of the text",
            size as f64 / bytes as f64
        );
    }
    let file = std::fs::metadata(path)?.len();
    let ratio = file as f64 / bytes as f64;
    figures.at_most(
        &format!("cache size to the messages' bytes, {name}"),
        ratio,
        aim,
    );
    Ok(())
}
