//! What prices and alerts cost.
//!
//! `cargo run --release --manifest-path bench/Cargo.toml --bin alerts [-- --json FILE]`. A tick that
//! fires nothing, with a hundred thousand rules on its symbol and with a thousand; and the whole
//! engine with ten thousand rules of all kinds over a thousand symbols: from the socket through
//! decoding, the rules and the history in the encrypted cache to the event.

mod rules;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::json;
use tidings_alerts::Book;
use tidings_bench::device::{Client, Device};
use tidings_bench::figures::{Figures, json_file, median};
use tidings_bench::flood::{self, Told};
use tidings_bench::prices::{self, Row, symbol};
use tidings_contract::{self as api, Event};
use tidings_model::{RuleId, Symbol};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// Turns of each; the middle one counts.
const TURNS: usize = 5;
/// Ticks of the one symbol.
const TICKS: u32 = 20_000;
/// Symbols, rules over all of them, and ticks of each.
const SYMBOLS: u32 = 1_000;
const RULES: u32 = 10_000;
const ROUNDS: u32 = 60;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow!("another provider of cryptography is set"))?;
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = json_file(&mut arguments)?;
    let mut figures = Figures::default();
    match arguments.as_slice() {
        [] => {
            on_one_symbol(&mut figures)?;
            through_the_engine(&mut figures).await?;
        }
        [one] if one == "server" => return flood::serve().await,
        _ => bail!("usage: alerts [--json FILE]"),
    }
    figures.write(json.as_deref())
}

/// A tick that fires nothing, by the number of rules on its symbol.
fn on_one_symbol(figures: &mut Figures) -> Result<()> {
    let mut each = [(1_000, Vec::new()), (100_000, Vec::new())];
    for _ in 0..TURNS {
        for (count, times) in &mut each {
            times.push(ticks_of_one(*count)?.as_secs_f64() * 1e9 / f64::from(TICKS));
        }
    }
    let [few, many] = each.map(|(count, times)| {
        let each = median(times);
        println!("  {count:>7} rules on lines of one symbol: {each:.0} ns a tick");
        each
    });
    figures.at_most(
        "a tick with 100,000 rules on its symbol to one with 1,000",
        many / few,
        2.0,
    );
    Ok(())
}

fn ticks_of_one(count: u32) -> Result<Duration> {
    let rows: Vec<Row> = prices::rows(1, TICKS + 1).collect();
    let mut ticks = rows.iter().filter(|row| row.of == 0).map(Row::tick);
    let first = ticks.next().context("no tick")?;
    let ticks: Vec<_> = ticks.collect();
    let mut book = Book::new();
    for number in 0..count {
        let rule = rules::on_lines(number)?;
        book.create(RuleId::mint(), rule, first.time, Some(&first));
    }
    let of = symbol(0);
    let start = Instant::now();
    for tick in &ticks {
        let effects = book.tick(&of, tick).effects;
        ensure!(effects.is_empty(), "a line was reached");
    }
    Ok(start.elapsed())
}

/// The whole way, and the share of the rules in it.
async fn through_the_engine(figures: &mut Figures) -> Result<()> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg("server")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = server.stdout.take().context("the server has no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    let told = Told::read(&line.context("the server ended")?)?;
    let count = f64::from(SYMBOLS * ROUNDS);
    let (mut with, mut without, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 1..=TURNS {
        let folder = tempfile::tempdir()?;
        let (ruled, firings) = engine(&told, folder.path(), true).await?;
        let folder = tempfile::tempdir()?;
        let (bare, _) = engine(&told, folder.path(), false).await?;
        let book = by_the_book()?;
        println!(
            "  turn {turn} of {TURNS}: {:.0} ticks a second with {RULES} rules ({firings} firings), {:.0} \
             without, {:.0} in the rules alone",
            count / ruled.as_secs_f64(),
            count / bare.as_secs_f64(),
            count / book.as_secs_f64(),
        );
        with.push(ruled.as_secs_f64());
        without.push(bare.as_secs_f64());
        alone.push(book.as_secs_f64());
    }
    let (with, without, alone) = (median(with), median(without), median(alone));
    figures.tell(
        "ticks through decoding, history, 10,000 rules and event",
        count / with,
        "/s",
    );
    figures.tell("the same without rules", count / without, "/s");
    figures.note(
        "the share of the rules in that time",
        alone / with * 100.0,
        "%",
        Some(10.0),
        None,
    );
    Ok(())
}

/// The time of the flood in an engine, and how often its rules fired.
async fn engine(told: &Told, folder: &Path, ruled: bool) -> Result<(Duration, usize)> {
    let device = Device::in_folder(folder)?;
    let mut client = device.start().await?;
    let http = reqwest::Client::new();
    let name = format!("turn-{}", uuid::Uuid::new_v4());
    let url = format!("http://127.0.0.1:{}", told.port);
    client.join(&url, &told.key, &name).await?;
    if ruled {
        take_in_rules(&client).await?;
    }
    flood::go(&http, &told.port, &format!("prices/{SYMBOLS}/{ROUNDS}")).await?;
    let last = prices::rows(SYMBOLS, ROUNDS).last().context("no row")?;
    let last = symbol(last.of).to_string();
    let began = Instant::now();
    flood::go(&http, &told.port, "flood").await?;
    client
        .event(|event| match event {
            Event::Prices { quotes } => quotes
                .iter()
                .any(|quote| quote.symbol == last)
                .then_some(()),
            _ => None,
        })
        .await?;
    let spent = began.elapsed();
    let firings = client
        .call(api::ListFirings {
            limit: 500,
            symbol: None,
            before: None,
        })
        .await?
        .len();
    client.stop().await;
    Ok((spent, firings))
}

async fn take_in_rules(client: &Client) -> Result<()> {
    /// Rules in a piece of the file.
    const PIECE: usize = 1_000_000;
    let rules: Vec<_> = (0..RULES)
        .map(|number| json!({"rule": rules::of_all_kinds(number, SYMBOLS)}))
        .collect();
    let file = json!({"format": "tidings-alerts", "version": 1, "rules": rules}).to_string();
    let pieces: Vec<&[u8]> = file.as_bytes().chunks(PIECE).collect();
    for (piece, text) in (0_u32..).zip(&pieces) {
        let last = piece as usize + 1 == pieces.len();
        let text = std::str::from_utf8(text)?.to_owned();
        let reply = client.call(api::ImportRules { piece, text, last }).await?;
        if let Some(imported) = reply.imported {
            ensure!(imported.rules == u64::from(RULES), "{imported:?}");
        }
    }
    Ok(())
}

/// The same ticks and rules without anything around them.
fn by_the_book() -> Result<Duration> {
    let ticks: Vec<(Symbol, _)> = prices::rows(SYMBOLS, ROUNDS)
        .map(|row| (symbol(row.of), row.tick()))
        .collect();
    let mut book = Book::new();
    for number in 0..RULES {
        let rule = serde_json::from_value(rules::of_all_kinds(number, SYMBOLS))?;
        book.create(RuleId::mint(), rule, ticks[0].1.time, None);
    }
    let start = Instant::now();
    for (of, tick) in &ticks {
        let _ = book.tick(of, tick);
    }
    Ok(start.elapsed())
}
