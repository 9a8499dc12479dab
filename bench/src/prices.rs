//! Prices that are made up, the same in every run but for their times.

use serde_json::{Value, json};
use tidings_model::{Clock as _, Decimal, Symbol, SystemClock, Tick, Timestamp};

use crate::text::Numbers;

/// One row of `crypto_prices` as it was told.
pub struct Row {
    /// Number of its symbol.
    pub of: u32,
    /// The price, in hundredths.
    pub cents: u64,
    /// When it held.
    pub at: Timestamp,
}

/// Rows of so many symbols by turns, so many each. Each price wanders about 100, a few hundredths
/// at a time; a round takes a second, and the last one is now. The very last row is the only one of
/// its symbol.
pub fn rows(symbols: u32, rounds: u32) -> impl Iterator<Item = Row> {
    let now = SystemClock.now().as_millis();
    let mut numbers = Numbers(11);
    let mut cents = vec![10_000_u64; symbols as usize];
    let end = Row {
        of: symbols,
        cents: 10_000,
        at: Timestamp::from_millis(now),
    };
    let all = (1..=rounds).flat_map(move |round| {
        let at = Timestamp::from_millis(now - i64::from(rounds - round) * 1_000);
        let mut rows = Vec::with_capacity(symbols as usize);
        for of in 0..symbols {
            let price = &mut cents[of as usize];
            *price = *price + numbers.below(11) - 5;
            let cents = *price;
            rows.push(Row { of, cents, at });
        }
        rows
    });
    all.chain([end])
}

/// A symbol by its number.
///
/// # Panics
/// Never: all of them are symbols.
pub fn symbol(of: u32) -> Symbol {
    Symbol::new(format!("S{of}")).expect("a symbol")
}

impl Row {
    /// The price as it is written.
    pub fn price(&self) -> String {
        format!("{}.{:02}", self.cents / 100, self.cents % 100)
    }

    /// What the rules are judged by.
    pub fn tick(&self) -> Tick {
        Tick {
            change_percentage_24h: Some(Decimal::from(1)),
            volume_24h: Some(Decimal::from(900_000)),
            market_cap: Some(Decimal::from(6_000_000)),
            ..Tick::new(self.at, self.price().parse().expect("a price"))
        }
    }

    /// What the server tells of the change.
    pub fn change(&self) -> Value {
        let kinds = [
            ("id", "uuid"),
            ("symbol", "text"),
            ("price", "numeric"),
            ("change_24h", "numeric"),
            ("change_percentage_24h", "numeric"),
            ("market_cap", "int8"),
            ("volume_24h", "int8"),
            ("last_updated", "timestamptz"),
        ];
        let columns: Vec<Value> = kinds
            .iter()
            .map(|(name, kind)| json!({"name": name, "type": kind}))
            .collect();
        // Two decimals of a price near 100 are the same in binary and back.
        let price = self.cents as f64 / 100.0;
        let at = self.at.to_string();
        let id = format!("00000000-0000-4000-9000-{:012x}", self.of);
        json!({
            "schema": "public", "table": "crypto_prices", "type": "UPDATE",
            "commit_timestamp": at, "errors": null, "columns": columns,
            "record": {
                "id": id, "symbol": symbol(self.of).to_string(), "price": price,
                "change_24h": 0, "change_percentage_24h": 1, "market_cap": 6_000_000,
                "volume_24h": 900_000, "last_updated": at,
            },
            "old_record": {"id": id},
        })
    }
}
