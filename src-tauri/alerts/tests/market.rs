//! The rules held against recorded prices, and against small cases for each edge.
//!
//! The data is not part of this repository: `TIDINGS_MARKET_DIR`, or `../shared/market` beside
//! the checkout. Without it these tests say that they are skipped; `edges.rs` needs no data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tidings_alerts::{Book, Effect, Rule, RuleState, replay};
use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

/// The data's directory, or `None` after saying why there is none.
fn market() -> Option<PathBuf> {
    let dir = std::env::var_os("TIDINGS_MARKET_DIR")
        .map_or_else(|| "../../../shared/market".into(), PathBuf::from);
    if dir.join("vectors.json").is_file() {
        return Some(dir);
    }
    println!("SKIPPED: market data: no vectors.json in {}", dir.display());
    None
}

/// A rule's JSON with the fields that are not the rule's own taken off.
fn rule_of(mut json: Value, symbol: Option<&str>) -> Rule {
    let fields = json.as_object_mut().unwrap();
    for other in ["id", "fired", "suppressed"] {
        fields.remove(other);
    }
    if let Some(symbol) = symbol {
        fields.insert("symbol".to_owned(), symbol.into());
    }
    serde_json::from_value(json).unwrap()
}

#[derive(Deserialize)]
struct Case {
    name: String,
    rule: Value,
    ticks: Vec<Vec<Value>>,
    fired: Vec<i64>,
    suppressed: Vec<i64>,
}

#[test]
fn every_vector_fires_when_it_says() {
    let Some(dir) = market() else { return };
    let text = fs::read_to_string(dir.join("vectors.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(!cases.is_empty());
    let start: Timestamp = "2023-11-14T22:13:20Z".parse().unwrap();
    let at = |seconds: i64| start.plus(Duration::from_secs(seconds.unsigned_abs()));
    for case in cases {
        let rule = rule_of(case.rule, Some("TEST"));
        let decimal = |value: &Value| value.as_str().unwrap().parse::<Decimal>().unwrap();
        let ticks: Vec<Tick> = case
            .ticks
            .iter()
            .map(|row| Tick {
                change_percentage_24h: row.get(2).map(decimal),
                ..Tick::new(at(row[0].as_i64().unwrap()), decimal(&row[1]))
            })
            .collect();
        let expected = (
            case.fired.into_iter().map(at).collect::<Vec<_>>(),
            case.suppressed.into_iter().map(at).collect::<Vec<_>>(),
        );
        let alone = replay(&rule, &ticks);
        let times = |firings: &[tidings_alerts::Firing]| {
            firings.iter().map(|firing| firing.time).collect::<Vec<_>>()
        };
        let found = (times(&alone.fired), times(&alone.suppressed));
        assert_eq!(found, expected, "alone: {}", case.name);

        let mut book = Book::for_replay();
        let id = RuleId::mint();
        book.insert(id, rule.clone(), RuleState::new());
        let mut found = (Vec::new(), Vec::new());
        for tick in &ticks {
            for (_, effect) in book.tick(&rule.symbol, tick).effects {
                match effect {
                    Effect::Fired(firing) => found.0.push(firing.time),
                    Effect::Suppressed(firing) => found.1.push(firing.time),
                    Effect::Done | Effect::Expired => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(found, expected, "in the book: {}", case.name);
    }
}

#[derive(Deserialize)]
struct Expected {
    id: String,
    fired: Vec<Timestamp>,
    suppressed: Vec<Timestamp>,
}

#[test]
fn eleven_days_of_prices_fire_each_rule_at_its_times() {
    let Some(dir) = market() else { return };
    let text = fs::read_to_string(dir.join("expected-alerts.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!rows.is_empty());
    let mut book = Book::for_replay();
    let mut expected = HashMap::new();
    for row in rows {
        let id = RuleId::mint();
        expected.insert(id, serde_json::from_value::<Expected>(row.clone()).unwrap());
        book.insert(id, rule_of(row, None), RuleState::new());
    }
    let mut fired: BTreeMap<RuleId, Vec<Timestamp>> = BTreeMap::new();
    let mut suppressed: BTreeMap<RuleId, Vec<Timestamp>> = BTreeMap::new();
    for (symbol, tick) in prices(&dir) {
        for (id, effect) in book.tick(&symbol, &tick).effects {
            match effect {
                Effect::Fired(firing) => fired.entry(id).or_default().push(firing.time),
                Effect::Suppressed(firing) => suppressed.entry(id).or_default().push(firing.time),
                Effect::Done | Effect::Expired => {}
                other => panic!("{other:?}"),
            }
        }
    }
    for (id, expected) in expected {
        let took = |all: &mut BTreeMap<RuleId, Vec<Timestamp>>| all.remove(&id).unwrap_or_default();
        assert_eq!(took(&mut fired), expected.fired, "{}", expected.id);
        assert_eq!(
            took(&mut suppressed),
            expected.suppressed,
            "{}",
            expected.id
        );
    }
}

fn prices(dir: &Path) -> Vec<(Symbol, Tick)> {
    let text = fs::read_to_string(dir.join("prices-2023-03-01_11.csv")).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name| head.iter().position(|column| *column == name).unwrap();
    let [time, symbol, price, change] =
        ["last_updated", "symbol", "price", "change_percentage_24h"].map(column);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let tick = Tick {
                change_percentage_24h: Some(cells[change])
                    .filter(|cell| !cell.is_empty())
                    .map(|cell| cell.parse().unwrap()),
                ..Tick::new(cells[time].parse().unwrap(), cells[price].parse().unwrap())
            };
            (cells[symbol].parse().unwrap(), tick)
        })
        .collect()
}
