//! Price history as it is read.

use tidings_model::{Decimal, Timestamp};

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
}
