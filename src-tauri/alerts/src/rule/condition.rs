//! What rules wait for.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use tidings_model::Decimal;

use super::error::RuleError;

/// Which moves count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Rises from the lowest price of the window.
    Up,
    /// Falls from the highest price of the window.
    Down,
    /// Both, each on its own.
    Either,
}

/// Which side of a level counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// At or above.
    Above,
    /// At or below.
    Below,
}

/// Which way a trailing rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trail {
    /// Falls from the highest price since it was armed.
    Falls,
    /// Rises from the lowest.
    Rises,
}

/// Which extremes of a window count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extreme {
    /// A price higher than all of the window.
    High,
    /// A price lower than all of the window.
    Low,
    /// Both, each on its own.
    Either,
}

/// What a rule waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// The price comes up to a line from below.
    Above {
        /// The line; more than 0.
        price: Decimal,
        /// How far it has to leave before it counts again, in percent; 0 to below 100.
        #[serde(default = "rearm_percent", deserialize_with = "percent_or_default")]
        rearm_percent: Decimal,
    },
    /// The price comes down to a line from above.
    Below {
        /// The line; more than 0.
        price: Decimal,
        /// How far it has to leave before it counts again, in percent; 0 to below 100.
        #[serde(default = "rearm_percent", deserialize_with = "percent_or_default")]
        rearm_percent: Decimal,
    },
    /// The price comes to a line from either side.
    Crosses {
        /// The line; more than 0.
        price: Decimal,
        /// Half the band in which it may waver unnoticed, in percent; 0 to below 100.
        #[serde(default = "rearm_percent", deserialize_with = "percent_or_default")]
        rearm_percent: Decimal,
    },
    /// The price has moved by a share within a time.
    Moves {
        /// By how much, in percent; more than 0, below 100 where falls count.
        percent: Decimal,
        /// Within how many seconds; at least 1.
        window_s: u32,
        /// Which moves count.
        direction: Move,
    },
    /// The feed's own change over 24 hours is past a level.
    #[serde(rename = "change_24h")]
    Change24h {
        /// Which side of the level counts.
        side: Side,
        /// The level, in percent; may be negative.
        percent: Decimal,
        /// How far it has to come back before it counts again, in percentage points; at least 0.
        #[serde(default = "rearm_points", deserialize_with = "points_or_default")]
        rearm_points: Decimal,
    },
    /// The price is outside a range. The bounds are inside.
    LeavesRange {
        /// Lower bound; at least 0.
        low: Decimal,
        /// Upper bound; more than the lower.
        high: Decimal,
        /// How far inside it has to come before it counts again, in percent of the bound.
        #[serde(default = "rearm_percent", deserialize_with = "percent_or_default")]
        rearm_percent: Decimal,
    },
    /// The price is inside a range. The bounds are inside.
    EntersRange {
        /// Lower bound; at least 0.
        low: Decimal,
        /// Upper bound; more than the lower.
        high: Decimal,
        /// How far outside it has to go before it counts again, in percent of the bound.
        #[serde(default = "rearm_percent", deserialize_with = "percent_or_default")]
        rearm_percent: Decimal,
    },
    /// The price has come back by a share from the best since the rule was armed.
    Trailing {
        /// Which way.
        side: Trail,
        /// By how much, in percent of the best; more than 0, below 100 for falls.
        percent: Decimal,
    },
    /// The price is the highest or the lowest of a time.
    NewExtreme {
        /// Which of them counts.
        extreme: Extreme,
        /// Of how many seconds; at least 1.
        window_s: u32,
        /// How far it has to come back before it counts again, in percent; 0 to below 100.
        #[serde(default = "rearm_percent", deserialize_with = "percent_or_default")]
        rearm_percent: Decimal,
    },
    /// The price crosses one of many lines at equal distances.
    Step {
        /// The distance; more than 0.
        step: Decimal,
        /// Where one of the lines is.
        #[serde(default = "Decimal::zero", deserialize_with = "zero_or_given")]
        base: Decimal,
        /// How far behind a line it is crossed the other way, in percent of the distance;
        /// more than 0, below 100.
        #[serde(default = "step_rearm", deserialize_with = "step_rearm_or_default")]
        rearm_percent: Decimal,
    },
    /// The feed's volume over 24 hours is past a value.
    Volume {
        /// Which side of the value counts.
        side: Side,
        /// The value, in the feed's currency; more than 0.
        value: Decimal,
        /// How far it has to come back before it counts again, in percent; 0 to below 100.
        #[serde(default = "figure_rearm", deserialize_with = "figure_rearm_or_default")]
        rearm_percent: Decimal,
    },
    /// The feed's market capitalisation is past a value.
    MarketCap {
        /// Which side of the value counts.
        side: Side,
        /// The value, in the feed's currency; more than 0.
        value: Decimal,
        /// How far it has to come back before it counts again, in percent; 0 to below 100.
        #[serde(default = "figure_rearm", deserialize_with = "figure_rearm_or_default")]
        rearm_percent: Decimal,
    },
    /// No price has come for a time.
    Stale {
        /// How many seconds; at least 1.
        after_s: u32,
    },
    /// Two conditions are true at one tick.
    All {
        /// The two.
        #[serde(deserialize_with = "two")]
        conditions: Box<[Condition; 2]>,
    },
}

impl Condition {
    /// Whether every value is within its limits.
    pub fn check(&self) -> Result<(), RuleError> {
        use RuleError as E;
        match self {
            Self::Above {
                price,
                rearm_percent,
            }
            | Self::Below {
                price,
                rearm_percent,
            }
            | Self::Crosses {
                price,
                rearm_percent,
            } => {
                require(price.is_positive(), E::PriceNotPositive)?;
                require(is_margin(rearm_percent), E::RearmPercent)
            }
            Self::Moves {
                percent,
                window_s,
                direction,
            } => {
                check_share(percent, *direction != Move::Up)?;
                require(*window_s > 0, E::EmptyWindow)
            }
            Self::Change24h { rearm_points, .. } => {
                require(!rearm_points.is_negative(), E::RearmPoints)
            }
            Self::LeavesRange {
                low,
                high,
                rearm_percent,
            }
            | Self::EntersRange {
                low,
                high,
                rearm_percent,
            } => {
                require(!low.is_negative(), E::LowNegative)?;
                require(low < high, E::EmptyRange)?;
                require(is_margin(rearm_percent), E::RearmPercent)
            }
            Self::Trailing { side, percent } => check_share(percent, *side == Trail::Falls),
            Self::NewExtreme {
                window_s,
                rearm_percent,
                ..
            } => {
                require(*window_s > 0, E::EmptyWindow)?;
                require(is_margin(rearm_percent), E::RearmPercent)
            }
            Self::Step {
                step,
                rearm_percent,
                ..
            } => {
                require(step.is_positive(), E::StepNotPositive)?;
                let some = !rearm_percent.is_zero() && is_margin(rearm_percent);
                require(some, E::StepRearm)
            }
            Self::Volume {
                value,
                rearm_percent,
                ..
            }
            | Self::MarketCap {
                value,
                rearm_percent,
                ..
            } => {
                require(value.is_positive(), E::ValueNotPositive)?;
                require(is_margin(rearm_percent), E::RearmPercent)
            }
            Self::Stale { after_s } => require(*after_s > 0, E::EmptySilence),
            Self::All { conditions } => conditions.iter().try_for_each(|part| {
                part.without_truth()
                    .map_or_else(|| part.check(), |kind| Err(E::NoTruth(kind)))
            }),
        }
    }

    /// How far back from a tick its judgement looks: the prices of that time, and the one that
    /// held when it began, have to be in the book before the rule is. `None`: not at all.
    pub fn looks_back(&self) -> Option<Duration> {
        match self {
            Self::Moves { window_s, .. } | Self::NewExtreme { window_s, .. } => {
                Some(Duration::from_secs(u64::from(*window_s)))
            }
            // The last price known, which it names.
            Self::Stale { .. } => Some(Duration::ZERO),
            Self::All { conditions } => {
                let [one, other] = &**conditions;
                one.looks_back().max(other.looks_back())
            }
            Self::Above { .. }
            | Self::Below { .. }
            | Self::Crosses { .. }
            | Self::Change24h { .. }
            | Self::LeavesRange { .. }
            | Self::EntersRange { .. }
            | Self::Trailing { .. }
            | Self::Step { .. }
            | Self::Volume { .. }
            | Self::MarketCap { .. } => None,
        }
    }

    /// The two of `all`; of any other it is the only one.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All { conditions } => conditions.as_slice(),
            one => std::slice::from_ref(one),
        }
    }

    /// The name of a kind that is not true or false at a tick.
    fn without_truth(&self) -> Option<&'static str> {
        match self {
            Self::Crosses { .. } => Some("crosses"),
            Self::Trailing { .. } => Some("trailing"),
            Self::Step { .. } => Some("step"),
            Self::Stale { .. } => Some("stale"),
            Self::All { .. } => Some("all"),
            _ => None,
        }
    }
}

fn require(holds: bool, otherwise: RuleError) -> Result<(), RuleError> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn check_share(percent: &Decimal, falls: bool) -> Result<(), RuleError> {
    require(percent.is_positive(), RuleError::PercentNotPositive)?;
    let possible = !falls || *percent < Decimal::from(100);
    require(possible, RuleError::FallOfEverything)
}

fn is_margin(percent: &Decimal) -> bool {
    !percent.is_negative() && *percent < Decimal::from(100)
}

/// A tenth of a percent.
fn rearm_percent() -> Decimal {
    &Decimal::from(1) * &tenth()
}

/// A quarter of a percentage point.
fn rearm_points() -> Decimal {
    &Decimal::from(25) * &(&tenth() * &tenth())
}

/// A tenth of the step.
fn step_rearm() -> Decimal {
    Decimal::from(10)
}

/// One percent.
fn figure_rearm() -> Decimal {
    Decimal::from(1)
}

fn tenth() -> Decimal {
    crate::levels::parts_of(10)
}

fn percent_or_default<'de, D: Deserializer<'de>>(reader: D) -> Result<Decimal, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_else(rearm_percent))
}

fn points_or_default<'de, D: Deserializer<'de>>(reader: D) -> Result<Decimal, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_else(rearm_points))
}

fn zero_or_given<'de, D: Deserializer<'de>>(reader: D) -> Result<Decimal, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_else(Decimal::zero))
}

fn step_rearm_or_default<'de, D: Deserializer<'de>>(reader: D) -> Result<Decimal, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_else(step_rearm))
}

fn figure_rearm_or_default<'de, D: Deserializer<'de>>(reader: D) -> Result<Decimal, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_else(figure_rearm))
}

fn two<'de, D: Deserializer<'de>>(reader: D) -> Result<Box<[Condition; 2]>, D::Error> {
    let parts = Vec::deserialize(reader)?;
    let pair = <[Condition; 2]>::try_from(parts);
    pair.map(Box::new)
        .map_err(|_| serde::de::Error::custom(RuleError::NotTwo))
}
