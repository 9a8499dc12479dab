//! Runs alert rules over recorded prices and prints when each would have fired.
//!
//! `replay PRICES.csv RULES.json`: the rules as they are written in the file, each with the
//! times at which it `fired` and was `suppressed`, as JSON on standard output. The prices are
//! columns `last_updated`, `symbol`, `price` and, where there are some, `change_percentage_24h`,
//! `volume_24h` and `market_cap`, in the order they came. No rule is paused for firing too often.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::{env, fs, io};

use serde::{Deserialize, Serialize};
use serde_json::ser::{PrettyFormatter, Serializer};
use tidings_alerts::{Book, Effect, Rule, RuleState};
use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

/// A rule as the file has it: fields that are left out stay left out.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    symbol: String,
    condition: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooldown_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// The parameters of every kind, in the order in which files write them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extreme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rearm_percent: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rearm_points: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<Vec<Condition>>,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    row: Row,
    fired: Vec<Timestamp>,
    suppressed: Vec<Timestamp>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [prices, rules] = arguments.as_slice() else {
        return Err("usage: replay PRICES.csv RULES.json".into());
    };
    let rows: Vec<Row> = serde_json::from_str(&fs::read_to_string(rules)?)?;
    let mut book = Book::for_replay();
    let mut places = HashMap::new();
    let mut answers = Vec::with_capacity(rows.len());
    for row in rows {
        let id = RuleId::mint();
        let rule = rule_of(&row).map_err(|error| format!("{}: {error}", row.id))?;
        places.insert(id, answers.len());
        book.insert(id, rule, RuleState::new());
        answers.push(Answer {
            row,
            fired: Vec::new(),
            suppressed: Vec::new(),
        });
    }
    for (number, line) in ticks(&fs::read_to_string(prices)?)?.enumerate() {
        let (symbol, tick) = line.map_err(|error| format!("row {}: {error}", number + 2))?;
        for (id, effect) in book.tick(&symbol, &tick).effects {
            let answer = &mut answers[places[&id]];
            match effect {
                Effect::Fired(firing) => answer.fired.push(firing.time),
                Effect::Suppressed(firing) => answer.suppressed.push(firing.time),
                // Nothing is snoozed or paused here.
                Effect::Snoozed(_) | Effect::Done | Effect::Expired | Effect::Paused(_) => {}
            }
        }
    }
    let mut output = io::stdout().lock();
    let format = PrettyFormatter::with_indent(b" ");
    answers.serialize(&mut Serializer::with_formatter(&mut output, format))?;
    writeln!(output)?;
    Ok(())
}

/// The row without its name, read by the crate's own rules.
fn rule_of(row: &Row) -> Result<Rule, serde_json::Error> {
    let mut json = serde_json::to_value(row)?;
    if let Some(fields) = json.as_object_mut() {
        fields.remove("id");
    }
    serde_json::from_value(json)
}

type Line = Result<(Symbol, Tick), Box<dyn Error>>;

fn ticks(text: &str) -> Result<impl Iterator<Item = Line>, Box<dyn Error>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let find = |name: &str| head.iter().position(|column| *column == name);
    let needed = |name: &str| find(name).ok_or_else(|| format!("no column {name}"));
    let [time, symbol, price] = [needed("last_updated")?, needed("symbol")?, needed("price")?];
    let figures = ["change_percentage_24h", "volume_24h", "market_cap"].map(find);
    Ok(lines.map(move |line| {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |column: usize| cells.get(column).copied().unwrap_or_default();
        let figure = |column: Option<usize>| {
            let cell = column.map(cell).filter(|cell| !cell.is_empty());
            cell.map(str::parse::<Decimal>).transpose()
        };
        let tick = Tick {
            change_percentage_24h: figure(figures[0])?,
            volume_24h: figure(figures[1])?,
            market_cap: figure(figures[2])?,
            ..Tick::new(cell(time).parse()?, cell(price).parse()?)
        };
        Ok((cell(symbol).parse()?, tick))
    }))
}
