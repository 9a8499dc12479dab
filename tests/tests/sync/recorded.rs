//! A day of recorded prices, through the feed into ticker and alerts.
//!
//! The data is not part of this repository: `TIDINGS_MARKET_DIR`, or `../shared/market` beside
//! the checkout. Without it the test says that it is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidings_alerts::{Book, Effect, Rule, RuleState};
use tidings_contract::{self as api, FiringMark};
use tidings_local::Options;
use tidings_model::{RuleId, Symbol, Tick, Timestamp};

use tidings_tests::project::Project;

use crate::kit::{Client, Device};

/// The day on which USDC lost its peg.
const DAY: &str = "2023-03-11";
/// It is played a year later: the service's key is younger than the prices.
const PLAYED: &str = "2024-03-11";
/// Rows that the feed writes in one transaction.
const BATCH: usize = 300;

fn market() -> Option<PathBuf> {
    let dir = std::env::var_os("TIDINGS_MARKET_DIR")
        .map_or_else(|| "../../shared/market".into(), PathBuf::from);
    if dir.join("rules.json").is_file() {
        return Some(dir);
    }
    println!(
        "SKIPPED: recorded prices: no rules.json in {}",
        dir.display()
    );
    None
}

/// The day's rows as the feed writes them.
fn rows(dir: &Path) -> Vec<Value> {
    let text = fs::read_to_string(dir.join("prices-2023-03-01_11.csv")).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells = head.iter().zip(line.split(','));
        let fields = cells.map(|(name, cell)| ((*name).to_owned(), json!(cell)));
        Value::Object(fields.collect())
    };
    lines
        .filter(|line| line.starts_with(DAY))
        .map(|line| row(&line.replacen(DAY, PLAYED, 1)))
        .collect()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap()
}

fn last(rows: &[Value]) -> &str {
    text(&rows[rows.len() - 1], "price")
}

/// Times at which each rule fires and is suppressed, by its place in the list.
type Times = BTreeMap<usize, (Vec<i64>, Vec<i64>)>;

/// What the rules do with these rows by themselves; `alerts` holds them against times that were
/// worked out independently.
fn by_themselves(rules: &[Value], rows: &[Value]) -> Times {
    let mut book = Book::new();
    let mut places = BTreeMap::new();
    for (place, rule) in rules.iter().enumerate() {
        let mut rule = rule.clone();
        rule.as_object_mut().unwrap().remove("id");
        let rule: Rule = serde_json::from_value(rule).unwrap();
        let id = RuleId::mint();
        places.insert(id, place);
        book.insert(id, rule, RuleState::new());
    }
    let mut times = Times::new();
    for row in rows {
        let symbol: Symbol = text(row, "symbol").parse().unwrap();
        let time = text(row, "last_updated").parse().unwrap();
        let tick = Tick {
            change_percentage_24h: Some(text(row, "change_percentage_24h").parse().unwrap()),
            ..Tick::new(time, text(row, "price").parse().unwrap())
        };
        for (id, effect) in book.tick(&symbol, &tick).effects {
            let of = times.entry(places[&id]).or_default();
            match effect {
                Effect::Fired(firing) => of.0.push(firing.time.as_millis()),
                Effect::Suppressed(firing) => of.1.push(firing.time.as_millis()),
                Effect::Done | Effect::Expired => {}
                other => panic!("{other:?}"),
            }
        }
    }
    times.retain(|_, (fired, suppressed)| !(fired.is_empty() && suppressed.is_empty()));
    times
}

async fn save(app: &Client, rule: &Value) -> String {
    let expires = rule["expires_at"].as_str();
    let expires = expires.map(|at| at.parse::<Timestamp>().unwrap().as_millis());
    let form = json!({
        "symbol": rule["symbol"], "condition": rule["condition"], "repeat": rule["repeat"],
        "cooldown_s": rule["cooldown_s"], "expires_at": expires,
    });
    let form = serde_json::from_value(form).unwrap();
    app.ok(api::SaveRule { id: None, form }).await.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_recorded_prices_fires_each_rule_at_its_times() {
    let Some(dir) = market() else { return };
    let rows = rows(&dir);
    let rules = fs::read_to_string(dir.join("rules.json")).unwrap();
    let rules: Vec<Value> = serde_json::from_str(&rules.replace(DAY, PLAYED)).unwrap();
    let expected = by_themselves(&rules, &rows);
    assert!(expected.len() > 5, "a day on which something happens");

    // It is that day, for the project and for the computer.
    let device = Device::new();
    device
        .clock
        .set(format!("{PLAYED}T00:00:00Z").parse().unwrap());
    let project = Project::start_with(Options {
        clock: device.clock.clone(),
        ..Options::default()
    })
    .await;
    let service = project.service();
    let first = rows
        .iter()
        .position(|row| text(row, "last_updated") != text(&rows[0], "last_updated"))
        .unwrap();
    let feed = |rows: &[Value]| service.insert("crypto_prices", Value::Array(rows.to_vec()));
    feed(&rows[..first]).await.unwrap();
    let app = device.start().await;
    app.join(&project).await;
    app.until("the first prices", api::GetWatchList {}, |quotes| {
        quotes.iter().filter(|quote| quote.price.is_some()).count() == first
    })
    .await;
    let symbols: BTreeSet<&str> = rows.iter().map(|row| text(row, "symbol")).collect();
    let symbols = symbols.into_iter().map(str::to_owned).collect();
    app.ok(api::SetWatchList { symbols }).await;
    let mut ids = Vec::new();
    for rule in &rules {
        ids.push(save(&app, rule).await);
    }

    for batch in rows[first..].chunks(BATCH) {
        feed(batch).await.unwrap();
        let (symbol, price) = (text(&batch[batch.len() - 1], "symbol"), last(batch));
        app.until("the ticker", api::GetWatchList {}, |quotes| {
            let mut of_symbol = quotes.iter().filter(|quote| quote.symbol == symbol);
            of_symbol.any(|quote| quote.price.as_deref() == Some(price))
        })
        .await;
    }
    let firings = api::ListFirings {
        limit: 500,
        symbol: None,
        before: None,
    };
    let firings = app
        .until("every notification", firings, |firings| {
            firings.iter().all(|row| row.mark != FiringMark::Pending)
        })
        .await;
    let mut found = Times::new();
    for row in firings.iter().rev() {
        let place = ids.iter().position(|id| *id == row.rule).unwrap();
        let of = found.entry(place).or_default();
        match row.mark {
            FiringMark::Notified => of.0.push(row.time),
            FiringMark::Suppressed => of.1.push(row.time),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(found, expected);
    let told: usize = expected.values().map(|(fired, _)| fired.len()).sum();
    assert_eq!(device.desk.shown().len(), told);
}
