//! What a tick may or may not carry beside its price.

use tidings_model::{Decimal, Tick};

/// One of the feed's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// The change over 24 hours.
    Change,
    Volume,
    MarketCap,
}

impl Column {
    pub(crate) const ALL: [Self; 3] = [Self::Change, Self::Volume, Self::MarketCap];

    pub(crate) fn of(self, tick: &Tick) -> Option<&Decimal> {
        match self {
            Self::Change => tick.change_percentage_24h.as_ref(),
            Self::Volume => tick.volume_24h.as_ref(),
            Self::MarketCap => tick.market_cap.as_ref(),
        }
    }
}

/// To whom ticks are ticks: each rule follows one stream, in which a tick that is not later than
/// the last one is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// All ticks.
    Prices,
    /// Those that carry a figure; the others do not exist.
    Figure(Column),
}

impl Stream {
    pub(crate) const ALL: [Self; 4] = [
        Self::Prices,
        Self::Figure(Column::Change),
        Self::Figure(Column::Volume),
        Self::Figure(Column::MarketCap),
    ];

    /// Whether a tick is one of it.
    pub(crate) fn has(self, tick: &Tick) -> bool {
        match self {
            Self::Prices => true,
            Self::Figure(column) => column.of(tick).is_some(),
        }
    }

    /// Its place among all.
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Prices => 0,
            Self::Figure(column) => 1 + column as usize,
        }
    }
}
