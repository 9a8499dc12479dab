//! Prices as the feed tells them.

use serde::{Deserialize, Serialize};

use crate::{Decimal, Symbol, Timestamp};

/// A row of `crypto_prices`: the latest word on one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What is priced.
    pub symbol: Symbol,
    /// Price of one unit, in the feed's currency (US dollars for the feeds we know).
    pub price: Decimal,
    /// Change over 24 hours, in the same currency.
    pub change_24h: Option<Decimal>,
    /// Change over 24 hours, in percent.
    pub change_percentage_24h: Option<Decimal>,
    /// Market capitalisation, in the same currency.
    pub market_cap: Option<Decimal>,
    /// Volume over 24 hours, in the same currency.
    pub volume_24h: Option<Decimal>,
    /// When the price held, by the source's own clock (see `docs/alerts.md`, "From rows to ticks").
    pub time: Timestamp,
}

impl Quote {
    /// The part of the quote that rules judge.
    pub fn tick(&self) -> Tick {
        Tick {
            time: self.time,
            price: self.price.clone(),
            change_percentage_24h: self.change_percentage_24h.clone(),
            volume_24h: self.volume_24h.clone(),
            market_cap: self.market_cap.clone(),
        }
    }
}

/// One price of one symbol at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// When the price held.
    pub time: Timestamp,
    /// The price.
    pub price: Decimal,
    /// The feed's own figure for the change over 24 hours, in percent.
    pub change_percentage_24h: Option<Decimal>,
    /// The feed's figure for the volume over 24 hours, in its currency.
    pub volume_24h: Option<Decimal>,
    /// The feed's figure for the market capitalisation, in its currency.
    pub market_cap: Option<Decimal>,
}

impl Tick {
    /// A price without any of the feed's figures.
    pub fn new(time: Timestamp, price: Decimal) -> Self {
        Self {
            time,
            price,
            change_percentage_24h: None,
            volume_24h: None,
            market_cap: None,
        }
    }
}
