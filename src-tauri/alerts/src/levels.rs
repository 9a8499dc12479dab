//! A condition with its edges worked out, so that no tick computes them again.

use std::time::Duration;

use tidings_model::Decimal;

use crate::rule::{Condition, Move, Side};

/// The prices and figures at which a rule's state changes.
#[derive(Debug, Clone)]
pub(crate) enum Levels {
    Line {
        way: Way,
        line: Decimal,
        /// Line less the band, and line plus the band.
        under: Decimal,
        over: Decimal,
        /// Whether reaching an edge is enough; with no band it has to be passed.
        edge_counts: bool,
    },
    Moves {
        window: Duration,
        up: bool,
        down: bool,
        percent: Decimal,
        /// 100 + percent, and 100 − percent.
        risen: Decimal,
        fallen: Decimal,
    },
    Change {
        side: Side,
        on: Decimal,
        off: Decimal,
    },
    Leaves {
        low: Decimal,
        high: Decimal,
        /// Where either side is over again.
        low_back: Decimal,
        high_back: Decimal,
    },
    Enters {
        low: Decimal,
        high: Decimal,
        /// Where it is outside again.
        low_out: Decimal,
        high_out: Decimal,
    },
}

/// From which sides a line is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
    Either,
}

impl Levels {
    pub(crate) fn of(condition: &Condition) -> Self {
        match condition {
            Condition::Above {
                price,
                rearm_percent,
            } => Self::line(Way::Up, price, rearm_percent),
            Condition::Below {
                price,
                rearm_percent,
            } => Self::line(Way::Down, price, rearm_percent),
            Condition::Crosses {
                price,
                rearm_percent,
            } => Self::line(Way::Either, price, rearm_percent),
            Condition::Moves {
                percent,
                window_s,
                direction,
            } => Self::Moves {
                window: Duration::from_secs(u64::from(*window_s)),
                up: *direction != Move::Down,
                down: *direction != Move::Up,
                risen: &hundred() + percent,
                fallen: &hundred() - percent,
                percent: percent.normalized(),
            },
            Condition::Change24h {
                side,
                percent,
                rearm_points,
            } => Self::Change {
                side: *side,
                on: percent.normalized(),
                off: match side {
                    Side::Above => (percent - rearm_points).normalized(),
                    Side::Below => (percent + rearm_points).normalized(),
                },
            },
            Condition::LeavesRange {
                low,
                high,
                rearm_percent,
            } => Self::Leaves {
                low: low.normalized(),
                high: high.normalized(),
                low_back: more(low, rearm_percent),
                high_back: less(high, rearm_percent),
            },
            Condition::EntersRange {
                low,
                high,
                rearm_percent,
            } => Self::Enters {
                low: low.normalized(),
                high: high.normalized(),
                low_out: less(low, rearm_percent),
                high_out: more(high, rearm_percent),
            },
        }
    }

    fn line(way: Way, price: &Decimal, rearm_percent: &Decimal) -> Self {
        Self::Line {
            way,
            line: price.normalized(),
            under: less(price, rearm_percent),
            over: more(price, rearm_percent),
            edge_counts: !rearm_percent.is_zero(),
        }
    }

    /// How far back a tick's judgement looks.
    pub(crate) fn window(&self) -> Option<Duration> {
        match self {
            Self::Moves { window, .. } => Some(*window),
            _ => None,
        }
    }

    /// Whether ticks without the feed's 24 hour change are no ticks.
    pub(crate) fn judges_change(&self) -> bool {
        matches!(self, Self::Change { .. })
    }
}

/// `value` less `percent` of it, exactly.
pub(crate) fn less(value: &Decimal, percent: &Decimal) -> Decimal {
    (&(value * &(&hundred() - percent)) * &parts_of(100)).normalized()
}

/// `value` and `percent` of it more, exactly.
pub(crate) fn more(value: &Decimal, percent: &Decimal) -> Decimal {
    (&(value * &(&hundred() + percent)) * &parts_of(100)).normalized()
}

pub(crate) fn hundred() -> Decimal {
    Decimal::from(100)
}

/// One part of a power of ten, exactly.
#[allow(clippy::expect_used)] // A power of ten is not zero, and its quotient ends.
pub(crate) fn parts_of(power_of_ten: i64) -> Decimal {
    let digits = i64::from(power_of_ten.ilog10());
    Decimal::from(1)
        .divide_for_display(&Decimal::from(power_of_ten), digits)
        .expect("a power of ten is not zero")
}
