//! Prints what a tick that fires nothing costs with a thousand rules and with a hundred
//! thousand, half of them on lines near the price.

use std::error::Error;
use std::time::{Duration, Instant};

use tidings_alerts::{Book, Condition, Repeat, Rule};
use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

const TICKS: u32 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    for count in [1_000, 100_000] {
        let (spent, judged) = run(count)?;
        println!(
            "{count:>7} rules: {:>6} ns a tick, {judged} rules judged in {TICKS} ticks",
            (spent / TICKS).as_nanos()
        );
    }
    Ok(())
}

fn run(count: i64) -> Result<(Duration, usize), Box<dyn Error>> {
    let symbol: Symbol = "BTC".parse()?;
    let at = |second: u32| Timestamp::from_millis(0).plus(Duration::from_secs(second.into()));
    let tick = |second: u32| -> Result<Tick, Box<dyn Error>> {
        Ok(Tick {
            time: at(second),
            price: format!("67893.{:04}", second % 5_000).parse()?,
            change_percentage_24h: Some("1.24".parse()?),
        })
    };
    let first = tick(0)?;
    let mut book = Book::new();
    for number in 0..count {
        let price = Decimal::from(67_894 + number);
        let under = Decimal::from((67_892 - number).max(1));
        let rearm_percent: Decimal = "0.1".parse()?;
        let condition = match number % 4 {
            0 => Condition::Above {
                price,
                rearm_percent,
            },
            1 => Condition::Below {
                price: under,
                rearm_percent,
            },
            2 => Condition::Crosses {
                price,
                rearm_percent,
            },
            _ => Condition::LeavesRange {
                low: under,
                high: price,
                rearm_percent,
            },
        };
        let mut rule = Rule::new(symbol.clone(), condition)?;
        rule.repeat = Repeat::Every;
        book.create(RuleId::mint(), rule, at(0), Some(&first));
    }
    let ticks = (1..=TICKS).map(tick).collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let mut judged = 0;
    for tick in &ticks {
        judged += book.tick(&symbol, tick).judged;
    }
    Ok((start.elapsed(), judged))
}
