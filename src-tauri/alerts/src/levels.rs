//! A condition with its edges worked out, so that no tick computes them again.

use std::time::Duration;

use tidings_model::{Decimal, Tick};

use crate::columns::{Column, Stream};
use crate::rule::{Condition, Extreme, Move, Side, Trail};

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
    Figure {
        column: Column,
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
    Extremes {
        window: Duration,
        high: bool,
        low: bool,
        /// The margin in percent, and 100 + and − the margin.
        rearm: Decimal,
        risen: Decimal,
        fallen: Decimal,
        /// Whether coming back by just the margin is enough; with none it has to be more.
        edge_counts: bool,
    },
    Trail {
        side: Trail,
        percent: Decimal,
    },
    Steps(Steps),
    Silence(Duration),
    All(Box<[Levels; 2]>),
}

/// Lines at equal distances.
#[derive(Debug, Clone)]
pub(crate) struct Steps {
    pub(crate) step: Decimal,
    pub(crate) base: Decimal,
    /// How far behind a line it is crossed the other way; less than a step.
    pub(crate) margin: Decimal,
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
            } => Self::Figure {
                column: Column::Change,
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
            Condition::Trailing { side, percent } => Self::Trail {
                side: *side,
                percent: percent.clone(),
            },
            Condition::NewExtreme {
                extreme,
                window_s,
                rearm_percent,
            } => Self::Extremes {
                window: Duration::from_secs(u64::from(*window_s)),
                high: *extreme != Extreme::Low,
                low: *extreme != Extreme::High,
                risen: &hundred() + rearm_percent,
                fallen: &hundred() - rearm_percent,
                edge_counts: !rearm_percent.is_zero(),
                rearm: rearm_percent.normalized(),
            },
            Condition::Step {
                step,
                base,
                rearm_percent,
            } => Self::Steps(Steps {
                step: step.normalized(),
                base: base.normalized(),
                margin: (&(step * rearm_percent) * &parts_of(100)).normalized(),
            }),
            Condition::Volume {
                side,
                value,
                rearm_percent,
            } => Self::figure(Column::Volume, *side, value, rearm_percent),
            Condition::MarketCap {
                side,
                value,
                rearm_percent,
            } => Self::figure(Column::MarketCap, *side, value, rearm_percent),
            Condition::Stale { after_s } => Self::Silence(Duration::from_secs(u64::from(*after_s))),
            Condition::All { conditions } => {
                let [one, other] = &**conditions;
                Self::All(Box::new([Self::of(one), Self::of(other)]))
            }
        }
    }

    fn figure(column: Column, side: Side, value: &Decimal, rearm_percent: &Decimal) -> Self {
        Self::Figure {
            column,
            side,
            on: value.normalized(),
            off: match side {
                Side::Above => less(value, rearm_percent),
                Side::Below => more(value, rearm_percent),
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

    /// The windows whose extremes a tick's judgement asks for.
    pub(crate) fn windows(&self) -> impl Iterator<Item = Duration> {
        let one = |levels: &Self| match levels {
            Self::Moves { window, .. } | Self::Extremes { window, .. } => Some(*window),
            _ => None,
        };
        let pair = match self {
            Self::All(parts) => [one(&parts[0]), one(&parts[1])],
            single => [one(single), None],
        };
        pair.into_iter().flatten()
    }

    /// The ticks that are ticks to a rule on it.
    pub(crate) fn stream(&self) -> Stream {
        match self {
            Self::Figure { column, .. } => Stream::Figure(*column),
            _ => Stream::Prices,
        }
    }

    /// Whether a tick carries what is judged.
    pub(crate) fn can_judge(&self, tick: &Tick) -> bool {
        match self {
            Self::Figure { column, .. } => column.of(tick).is_some(),
            Self::All(parts) => parts.iter().all(|part| part.can_judge(tick)),
            _ => true,
        }
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
