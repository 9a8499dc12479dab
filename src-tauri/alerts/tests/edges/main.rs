//! Each edge of the meaning in `docs/alerts.md`, by hand.
#![allow(clippy::unwrap_used)]

mod cooldown;
mod levels;
mod life;
mod lines;
mod stored;

use std::time::Duration;

use serde_json::{Value, json};
use tidings_alerts::{
    Book, Direction, Effect, Firing, History, Marks, Rule, RuleState, Status, evaluate, replay,
};
use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(0).plus(Duration::from_secs(seconds))
}

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn tick(seconds: u64, price: &str) -> Tick {
    Tick::new(at(seconds), d(price))
}

fn changed(seconds: u64, change: &str) -> Tick {
    Tick {
        change_percentage_24h: Some(d(change)),
        ..tick(seconds, "1")
    }
}

/// A rule that tells every time, with a cooldown.
fn every(condition: &Value, cooldown_s: u32) -> Rule {
    serde_json::from_value(json!({
        "symbol": "BTC", "condition": condition, "repeat": "every", "cooldown_s": cooldown_s,
    }))
    .unwrap()
}

fn above(price: &str, rearm: &str) -> Value {
    json!({"kind": "above", "price": price, "rearm_percent": rearm})
}

fn below(price: &str, rearm: &str) -> Value {
    json!({"kind": "below", "price": price, "rearm_percent": rearm})
}

fn crosses(price: &str, rearm: &str) -> Value {
    json!({"kind": "crosses", "price": price, "rearm_percent": rearm})
}

fn moves(percent: &str, window_s: u32, direction: &str) -> Value {
    json!({"kind": "moves", "percent": percent, "window_s": window_s, "direction": direction})
}

/// Seconds at which a rule without cooldown fires over prices one second apart.
fn fires(condition: &Value, prices: &[&str]) -> Vec<usize> {
    let rows: Vec<(u64, &str)> = (0..).zip(prices.iter().copied()).collect();
    told(&every(condition, 0), &rows).0
}

/// Seconds at which a rule fires, and those at which it is suppressed.
fn told(rule: &Rule, rows: &[(u64, &str)]) -> (Vec<usize>, Vec<usize>) {
    let ticks: Vec<Tick> = rows
        .iter()
        .map(|(time, price)| tick(*time, price))
        .collect();
    let seconds = |firings: Vec<Firing>| {
        firings
            .iter()
            .map(|firing| usize::try_from(firing.time.as_millis() / 1000).unwrap())
            .collect()
    };
    let all = replay(rule, &ticks);
    (seconds(all.fired), seconds(all.suppressed))
}
