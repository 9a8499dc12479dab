//! Rules that are made up, and that hardly ever fire.

use anyhow::Result;
use serde_json::{Value, json};
use tidings_alerts::Rule;
use tidings_bench::prices::symbol;

/// A rule on a line of the first symbol that its price does not reach.
pub fn on_lines(number: u32) -> Result<Rule> {
    let (over, under) = (200 + number, format!("1.{number:06}"));
    let over = over.to_string();
    let condition = match number % 4 {
        0 => json!({"kind": "above", "price": over}),
        1 => json!({"kind": "below", "price": under}),
        2 => json!({"kind": "crosses", "price": over}),
        _ => json!({"kind": "leaves_range", "low": under, "high": over}),
    };
    let rule = json!({"symbol": symbol(0), "condition": condition, "repeat": "every"});
    Ok(serde_json::from_value(rule)?)
}

/// A rule by its number: each of so many symbols has some of the kinds, beginning with another one.
pub fn of_all_kinds(number: u32, symbols: u32) -> Value {
    let of = number % symbols;
    let (over, under) = (
        (104 + number % 9).to_string(),
        (96 - number % 9).to_string(),
    );
    let condition = match (number / symbols + of) % 14 {
        0 => json!({"kind": "above", "price": over}),
        1 => json!({"kind": "below", "price": under}),
        2 => json!({"kind": "crosses", "price": over}),
        3 => json!({"kind": "moves", "percent": "3", "window_s": 60, "direction": "either"}),
        4 => json!({"kind": "change_24h", "side": "above", "percent": "5"}),
        5 => json!({"kind": "leaves_range", "low": under, "high": over}),
        6 => json!({"kind": "enters_range", "low": over, "high": "200"}),
        7 => json!({"kind": "trailing", "side": "falls", "percent": "4"}),
        8 => json!({"kind": "new_extreme", "extreme": "either", "window_s": 86_400}),
        9 => json!({"kind": "step", "step": "10"}),
        10 => json!({"kind": "volume", "side": "above", "value": "1000000"}),
        11 => json!({"kind": "market_cap", "side": "below", "value": "5000"}),
        12 => json!({"kind": "stale", "after_s": 3_600}),
        _ => json!({"kind": "all", "conditions": [
            {"kind": "above", "price": over},
            {"kind": "change_24h", "side": "above", "percent": "2"}]}),
    };
    json!({"symbol": symbol(of), "condition": condition, "repeat": "every"})
}
