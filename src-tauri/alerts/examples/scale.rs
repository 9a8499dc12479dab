//! Prints what a tick that fires nothing costs with a thousand rules on its symbol and with a
//! hundred thousand, all on lines near the price; and how many ticks a second ten thousand rules
//! of all kinds over a thousand symbols take.

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidings_alerts::{Book, Rule};
use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Ticks of one symbol.
const TICKS: u32 = 20_000;
/// Runs of each number of rules, taken in turn; the middle one counts.
const RUNS: usize = 5;
const SYMBOLS: u32 = 1_000;
const RULES: u32 = 10_000;
/// Ticks of each symbol.
const ROUNDS: u32 = 100;

fn main() -> Result<()> {
    let mut spent = [(1_000, Vec::new()), (100_000, Vec::new())];
    for _ in 0..RUNS {
        for (count, times) in &mut spent {
            times.push(on_one_symbol(*count)?);
        }
    }
    let [few, many] = spent.map(|(count, mut times)| {
        times.sort_unstable();
        let (time, judged) = times[RUNS / 2];
        let each = (time / TICKS).as_nanos();
        println!(
            "{count:>7} rules on lines: {each:>6} ns a tick, {judged} judged in {TICKS} ticks"
        );
        each
    });
    println!("ratio: {}.{:02}", many / few, many % few * 100 / few);
    of_all_kinds()
}

fn at(second: u32) -> Timestamp {
    Timestamp::from_millis(0).plus(Duration::from_secs(second.into()))
}

fn rule(symbol: &Symbol, condition: &Value) -> Result<Rule> {
    let rule = json!({"symbol": symbol, "condition": condition, "repeat": "every"});
    Ok(serde_json::from_value(rule)?)
}

fn on_one_symbol(count: i64) -> Result<(Duration, usize)> {
    let symbol: Symbol = "BTC".parse()?;
    let tick = |second: u32| -> Result<Tick> {
        Ok(Tick {
            change_percentage_24h: Some("1.24".parse()?),
            ..Tick::new(at(second), format!("67893.{:04}", second % 5_000).parse()?)
        })
    };
    let first = tick(0)?;
    let mut book = Book::new();
    for number in 0..count {
        let over = (67_894 + number).to_string();
        let under = (67_892 - number).max(1).to_string();
        let condition = match number % 4 {
            0 => json!({"kind": "above", "price": over}),
            1 => json!({"kind": "below", "price": under}),
            2 => json!({"kind": "crosses", "price": over}),
            _ => json!({"kind": "leaves_range", "low": under, "high": over}),
        };
        book.create(
            RuleId::mint(),
            rule(&symbol, &condition)?,
            at(0),
            Some(&first),
        );
    }
    let ticks = (1..=TICKS).map(tick).collect::<Result<Vec<_>>>()?;
    let start = Instant::now();
    let mut judged = 0;
    for tick in &ticks {
        judged += book.tick(&symbol, tick).judged;
    }
    Ok((start.elapsed(), judged))
}

/// A price that wanders within some percent of 100, another way for each symbol.
fn wandering(symbol: u32, second: u32) -> Decimal {
    let mut random = u64::from(symbol) * 0x9e37_79b9_7f4a_7c15 + 1;
    let mut price = 10_000_i64;
    for _ in 0..second {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        price += i64::from((random % 41) as u32) - 20;
    }
    Decimal::from(price)
}

/// One of each kind in turn.
fn of_kind(number: u32) -> Value {
    let near = (10_000 + number % 400).to_string();
    match number % 14 {
        0 => json!({"kind": "above", "price": near}),
        1 => json!({"kind": "below", "price": near}),
        2 => json!({"kind": "crosses", "price": near}),
        3 => json!({"kind": "moves", "percent": "1", "window_s": 60, "direction": "either"}),
        4 => json!({"kind": "change_24h", "side": "above", "percent": "5"}),
        5 => json!({"kind": "leaves_range", "low": "9900", "high": near}),
        6 => json!({"kind": "enters_range", "low": near, "high": "20000"}),
        7 => json!({"kind": "trailing", "side": "falls", "percent": "2"}),
        8 => json!({"kind": "new_extreme", "extreme": "either", "window_s": 600}),
        9 => json!({"kind": "step", "step": "100"}),
        10 => json!({"kind": "volume", "side": "above", "value": "1000000"}),
        11 => json!({"kind": "market_cap", "side": "below", "value": "5000"}),
        12 => json!({"kind": "stale", "after_s": 30}),
        _ => json!({"kind": "all", "conditions": [
            {"kind": "above", "price": near},
            {"kind": "change_24h", "side": "above", "percent": "1"}]}),
    }
}

fn of_all_kinds() -> Result<()> {
    let symbols = (0..SYMBOLS)
        .map(|number| Ok(format!("S{number}").parse()?))
        .collect::<Result<Vec<Symbol>>>()?;
    let tick = |symbol: u32, second: u32| Tick {
        change_percentage_24h: Some(Decimal::from(i64::from(second % 7))),
        volume_24h: Some(Decimal::from(900_000 + i64::from(second * 1_300))),
        market_cap: Some(Decimal::from(6_000)),
        ..Tick::new(at(second), wandering(symbol, second))
    };
    let mut book = Book::new();
    for number in 0..RULES {
        let of = number % SYMBOLS;
        let symbol = &symbols[of as usize];
        // Each symbol has ten of the kinds, beginning with another one.
        let rule = rule(symbol, &of_kind(number / SYMBOLS + of))?;
        book.create(RuleId::mint(), rule, at(0), Some(&tick(of, 0)));
    }
    let ticks: Vec<(&Symbol, Tick)> = (1..=ROUNDS)
        .flat_map(|second| (0..SYMBOLS).map(move |of| (of, second)))
        .map(|(of, second)| (&symbols[of as usize], tick(of, second)))
        .collect();
    let (mut judged, mut effects) = (0, 0);
    let start = Instant::now();
    for (symbol, tick) in &ticks {
        let outcome = book.tick(symbol, tick);
        judged += outcome.judged;
        effects += outcome.effects.len();
    }
    let spent = start.elapsed();
    let count = ticks.len() as u128;
    println!(
        "{RULES} rules of all kinds over {SYMBOLS} symbols: {} ticks a second, {} ns a tick; \
         {judged} judged and {effects} effects in {count} ticks",
        count * 1_000_000_000 / spent.as_nanos().max(1),
        spent.as_nanos() / count,
    );
    Ok(())
}
