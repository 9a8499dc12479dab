//! Prices. Amounts are decimal strings and stay exact up to the screen.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_model::Timestamp;
use ts_rs::TS;

use crate::Connection;

/// After this long without a tick a price counts as stale.
const STALE_AFTER: Duration = Duration::from_mins(1);

/// The latest quote of a symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuoteRow {
    /// The symbol.
    pub symbol: String,
    /// What the symbol stands for, if known ("Bitcoin").
    pub name: Option<String>,
    /// The price, a decimal string; none for a watched symbol without one.
    pub price: Option<String>,
    /// Change over 24 hours, a decimal string in the same currency.
    pub change_24h: Option<String>,
    /// Change over 24 hours in percent, a decimal string.
    pub change_percentage_24h: Option<String>,
    /// Market capitalisation, a decimal string.
    pub market_cap: Option<String>,
    /// Volume over 24 hours, a decimal string.
    pub volume_24h: Option<String>,
    /// When the price held, in milliseconds.
    pub time: Option<i64>,
    /// Whether nothing has been heard for 60 s, or the program is offline.
    pub stale: bool,
    /// Whether it is on the watch-list.
    pub watched: bool,
    /// Points of the last 24 hours for a small chart, oldest first; at most 48.
    pub spark: Vec<PricePoint>,
}

impl QuoteRow {
    /// Whether a price that held at `told` is stale `now`.
    pub fn is_stale(connection: &Connection, told: Timestamp, now: Timestamp) -> bool {
        let heard = matches!(connection, Connection::Live | Connection::CatchingUp { .. });
        !heard || now.since(told) > STALE_AFTER
    }
}

/// A price at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PricePoint {
    /// When, in milliseconds.
    pub time: i64,
    /// The price, a decimal string.
    pub price: String,
    /// The volume over 24 hours that the source told with it, a decimal string. The small charts
    /// of the watch-list have none.
    pub volume: Option<String>,
}

/// Arguments of `watch_list`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetWatchList {}

/// Arguments of `set_watch_list`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetWatchList {
    /// The symbols, in order.
    pub symbols: Vec<String>,
}

/// Arguments of `symbols`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListSymbols {}

/// Arguments of `price_history`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetPriceHistory {
    /// Which symbol.
    pub symbol: String,
    /// How far back.
    pub range: PriceRange,
}

/// How far back a chart goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum PriceRange {
    /// One hour.
    #[serde(rename = "1h")]
    Hour,
    /// One day.
    #[serde(rename = "1d")]
    Day,
    /// One week.
    #[serde(rename = "1w")]
    Week,
    /// Thirty days.
    #[serde(rename = "1m")]
    Month,
    /// 365 days.
    #[serde(rename = "1y")]
    Year,
}

/// Prices of one symbol over a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceHistory {
    /// The symbol.
    pub symbol: String,
    /// Oldest first, at most 400.
    pub points: Vec<PricePoint>,
    /// Lowest price in the range, over all ticks.
    pub low: Option<String>,
    /// Highest price in the range, over all ticks.
    pub high: Option<String>,
    /// Stretches in which nobody listened, and which were not filled since: oldest first, cut to
    /// the range, none touching another; at most 400.
    pub gaps: Vec<PriceGap>,
    /// Where the range begins, in milliseconds.
    pub from: i64,
    /// Where the range ends, in milliseconds.
    pub to: i64,
    /// The time of the oldest price of the symbol that is kept here, in milliseconds; it may lie
    /// before the range.
    pub kept_from: Option<i64>,
}

/// A stretch of time whose prices are not known: the program was closed, asleep or offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceGap {
    /// Where it begins, in milliseconds.
    pub from: i64,
    /// Where it ends, in milliseconds.
    pub to: i64,
}
