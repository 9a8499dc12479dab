//! What a tick may or may not carry beside its price, and so to whom it is a tick.

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

/// A set of figures: those that a rule needs, or those that a tick has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Columns(u8);

impl Columns {
    /// How many sets there are.
    pub(crate) const SETS: usize = 1 << Column::ALL.len();

    pub(crate) fn one(column: Column) -> Self {
        Self(1 << column as u8)
    }

    pub(crate) fn of(tick: &Tick) -> Self {
        Column::ALL
            .into_iter()
            .filter(|column| column.of(tick).is_some())
            .fold(Self::default(), |set, column| set.and(Self::one(column)))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of these are among the others.
    pub(crate) fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Every set, in the order of their places.
    pub(crate) fn sets() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).take(Self::SETS).map(Self)
    }

    /// Its place among all sets.
    pub(crate) fn place(self) -> usize {
        usize::from(self.0)
    }
}
