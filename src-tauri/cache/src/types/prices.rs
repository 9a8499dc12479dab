//! Price history as it is kept and read.

use tidings_model::{Decimal, Symbol, Timestamp};

/// One point of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricePoint {
    /// Time of the last price in it.
    pub time: Timestamp,
    /// The last price.
    pub price: Decimal,
    /// The lowest price it stands for.
    pub low: Decimal,
    /// The highest price it stands for.
    pub high: Decimal,
    /// The volume over 24 hours that the source told last.
    pub volume: Option<Decimal>,
}

/// Before when each level of the history is let go: each at least as far back as the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptFrom {
    /// Prices as they came.
    pub raw: Timestamp,
    /// One bar a minute.
    pub minutes: Timestamp,
    /// One bar an hour.
    pub hours: Timestamp,
    /// One bar a day; what is older is not kept at all.
    pub days: Timestamp,
}

/// What the price history takes, level by level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PriceStorage {
    /// Prices as they came.
    pub raw: LevelSize,
    /// One bar a minute.
    pub minutes: LevelSize,
    /// One bar an hour.
    pub hours: LevelSize,
    /// One bar a day.
    pub days: LevelSize,
}

/// What one level of the price history takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LevelSize {
    /// Prices or bars.
    pub rows: u64,
    /// Bytes of the database.
    pub bytes: u64,
}

/// A stretch of time, from `from` to before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceGap {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
}

/// Prices of one symbol that were read from the project's table, for the history alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPrices {
    /// Which symbol.
    pub symbol: Symbol,
    /// Time, price, and the volume told with it.
    pub prices: Vec<(Timestamp, Decimal, Option<Decimal>)>,
    /// The stretch of which these are all that the table has.
    pub whole: Option<PriceGap>,
}
