//! Up to when the ticks of a symbol were judged.

use serde::{Deserialize, Serialize};
use tidings_model::Timestamp;

use crate::columns::{Column, Stream};

/// Up to when the ticks of a symbol were judged: of all, and of those with each of the feed's
/// figures, which alone are ticks to rules on that figure.
///
/// To be saved in the transaction of each tick and given back to [`crate::Book::resume`]: a
/// rule's own state says when it last changed, this says when it was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// The last tick.
    pub price: Option<Timestamp>,
    /// The last tick with a 24 hour change.
    pub change: Option<Timestamp>,
    /// The last tick with a volume.
    pub volume: Option<Timestamp>,
    /// The last tick with a market capitalisation.
    pub market_cap: Option<Timestamp>,
}

impl Marks {
    /// The same for all: when only the time of the last tick was saved.
    pub fn all(at: Timestamp) -> Self {
        Self {
            price: Some(at),
            change: Some(at),
            volume: Some(at),
            market_cap: Some(at),
        }
    }

    pub(crate) fn of(&self, stream: Stream) -> Option<Timestamp> {
        match stream {
            Stream::Prices => self.price,
            Stream::Figure(Column::Change) => self.change,
            Stream::Figure(Column::Volume) => self.volume,
            Stream::Figure(Column::MarketCap) => self.market_cap,
        }
    }
}
