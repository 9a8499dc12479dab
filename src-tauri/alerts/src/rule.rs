//! What the user wrote: rules, their JSON form and their limits.

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;
use tidings_model::{Decimal, Symbol, Timestamp};

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// A threshold at or below zero is never reached.
    #[error("the price has to be more than 0")]
    PriceNotPositive,
    /// The band around a line or a bound.
    #[error("the re-arm percentage has to be at least 0 and less than 100")]
    RearmPercent,
    /// The margin of a change over 24 hours.
    #[error("the re-arm points have to be at least 0")]
    RearmPoints,
    /// A move of nothing is always true.
    #[error("the percentage has to be more than 0")]
    PercentNotPositive,
    /// A price cannot fall by all of itself.
    #[error("a fall has to be less than 100 percent")]
    FallOfEverything,
    /// A window without length.
    #[error("the window has to be at least 1 second")]
    EmptyWindow,
    /// A range below zero.
    #[error("the lower bound has to be at least 0")]
    LowNegative,
    /// A range without inside.
    #[error("the lower bound has to be less than the upper bound")]
    EmptyRange,
}

/// A price alert. Times are UTC; prices are in the feed's currency.
///
/// Read from JSON it is checked: unknown fields and values outside the limits are refused.
/// A rule put together in code is checked with [`Rule::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Rule {
    /// What is watched.
    pub symbol: Symbol,
    /// What is waited for.
    pub condition: Condition,
    /// How often to tell.
    pub repeat: Repeat,
    /// Seconds after a notified firing in which others are only noted.
    pub cooldown_s: u32,
    /// The first tick at or after this time ends the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// How often a rule tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Done after the first notified firing.
    #[default]
    Once,
    /// Every time.
    Every,
}

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
}

impl Rule {
    /// Seconds of pause when nothing else is said.
    pub const DEFAULT_COOLDOWN_S: u32 = 300;

    /// A rule that tells once, pauses five minutes and never expires.
    pub fn new(symbol: Symbol, condition: Condition) -> Result<Self, RuleError> {
        condition.check()?;
        Ok(Self {
            symbol,
            condition,
            repeat: Repeat::default(),
            cooldown_s: Self::DEFAULT_COOLDOWN_S,
            expires_at: None,
        })
    }

    /// Whether every value is within its limits.
    pub fn check(&self) -> Result<(), RuleError> {
        self.condition.check()
    }

    /// Whether `self` watches the same thing as `other`: what may differ is only repeat,
    /// cooldown and expiry, which leave a rule's state as it is.
    pub fn watches_as(&self, other: &Self) -> bool {
        self.symbol == other.symbol && self.condition == other.condition
    }
}

impl Condition {
    /// Whether every value is within its limits.
    pub fn check(&self) -> Result<(), RuleError> {
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
                if !price.is_positive() {
                    return Err(RuleError::PriceNotPositive);
                }
                check_rearm(rearm_percent)
            }
            Self::Moves {
                percent,
                window_s,
                direction,
            } => {
                if !percent.is_positive() {
                    return Err(RuleError::PercentNotPositive);
                }
                if *direction != Move::Up && *percent >= Decimal::from(100) {
                    return Err(RuleError::FallOfEverything);
                }
                if *window_s == 0 {
                    return Err(RuleError::EmptyWindow);
                }
                Ok(())
            }
            Self::Change24h { rearm_points, .. } => {
                if rearm_points.is_negative() {
                    return Err(RuleError::RearmPoints);
                }
                Ok(())
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
                if low.is_negative() {
                    return Err(RuleError::LowNegative);
                }
                if low >= high {
                    return Err(RuleError::EmptyRange);
                }
                check_rearm(rearm_percent)
            }
        }
    }
}

fn check_rearm(percent: &Decimal) -> Result<(), RuleError> {
    if percent.is_negative() || *percent >= Decimal::from(100) {
        return Err(RuleError::RearmPercent);
    }
    Ok(())
}

/// The JSON form before its values are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    symbol: Symbol,
    condition: Condition,
    repeat: Option<Repeat>,
    cooldown_s: Option<u32>,
    expires_at: Option<Timestamp>,
}

impl TryFrom<Unchecked> for Rule {
    type Error = RuleError;

    fn try_from(form: Unchecked) -> Result<Self, RuleError> {
        form.condition.check()?;
        Ok(Self {
            symbol: form.symbol,
            condition: form.condition,
            repeat: form.repeat.unwrap_or_default(),
            cooldown_s: form.cooldown_s.unwrap_or(Self::DEFAULT_COOLDOWN_S),
            expires_at: form.expires_at,
        })
    }
}

/// A tenth of a percent.
fn rearm_percent() -> Decimal {
    &Decimal::from(1) * &tenth()
}

/// A quarter of a percentage point.
fn rearm_points() -> Decimal {
    &Decimal::from(25) * &(&tenth() * &tenth())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(json: &str) -> Result<Rule, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    fn with(condition: &str) -> Result<Rule, String> {
        read(&format!(r#"{{"symbol":"BTC","condition":{condition}}}"#))
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let rule = with(r#"{"kind":"above","price":"70000"}"#).unwrap();
        assert_eq!(rule.repeat, Repeat::Once);
        assert_eq!(rule.cooldown_s, 300);
        assert_eq!(rule.expires_at, None);
        let Condition::Above { rearm_percent, .. } = rule.condition else {
            panic!("another kind");
        };
        assert_eq!(rearm_percent.to_string(), "0.1");
        let rule = with(r#"{"kind":"change_24h","side":"above","percent":"5"}"#).unwrap();
        let Condition::Change24h { rearm_points, .. } = rule.condition else {
            panic!("another kind");
        };
        assert_eq!(rearm_points.to_string(), "0.25");
    }

    #[test]
    fn null_is_the_same_as_left_out() {
        let rule = read(
            r#"{"symbol":"BTC","condition":{"kind":"below","price":"1","rearm_percent":null},
                "repeat":null,"cooldown_s":null,"expires_at":null}"#,
        )
        .unwrap();
        assert_eq!(rule, with(r#"{"kind":"below","price":"1"}"#).unwrap());
    }

    #[test]
    fn every_kind_reads_what_it_writes() {
        for condition in [
            r#"{"kind":"above","price":"70000.10","rearm_percent":"0.1"}"#,
            r#"{"kind":"below","price":"0.99","rearm_percent":"0"}"#,
            r#"{"kind":"crosses","price":"68000","rearm_percent":"1"}"#,
            r#"{"kind":"moves","percent":"2","window_s":900,"direction":"either"}"#,
            r#"{"kind":"change_24h","side":"below","percent":"-8","rearm_points":"0.25"}"#,
            r#"{"kind":"leaves_range","low":"0.995","high":"1.005","rearm_percent":"0.1"}"#,
            r#"{"kind":"enters_range","low":"0.995","high":"1.005","rearm_percent":"0.1"}"#,
        ] {
            let rule = with(condition).unwrap();
            assert_eq!(serde_json::to_string(&rule.condition).unwrap(), condition);
            let text = serde_json::to_string(&rule).unwrap();
            assert_eq!(read(&text).unwrap(), rule);
        }
    }

    #[test]
    fn unknown_fields_kinds_and_numbers_in_place_of_strings_are_refused_with_the_reason() {
        for (condition, said) in [
            (r#"{"kind":"above","price":"1","prise":"2"}"#, "prise"),
            (r#"{"kind":"above"}"#, "missing field `price`"),
            (r#"{"kind":"sideways","price":"1"}"#, "sideways"),
            (r#"{"kind":"above","price":1.5}"#, "expected a string"),
            (r#"{"kind":"above","price":"1,5"}"#, "not a decimal number"),
            (
                r#"{"kind":"moves","percent":"1","window_s":-5,"direction":"up"}"#,
                "-5",
            ),
        ] {
            let error = with(condition).unwrap_err();
            assert!(error.contains(said), "{error} does not say {said:?}");
        }
        let error = read(r#"{"symbol":"BTC","condition":{"kind":"above","price":"1"},"note":""}"#);
        assert!(error.unwrap_err().contains("note"));
    }

    #[test]
    fn values_outside_their_limits_are_refused() {
        use RuleError as E;
        for (condition, expected) in [
            (r#"{"kind":"above","price":"0"}"#, E::PriceNotPositive),
            (r#"{"kind":"below","price":"-1"}"#, E::PriceNotPositive),
            (
                r#"{"kind":"crosses","price":"1","rearm_percent":"100"}"#,
                E::RearmPercent,
            ),
            (
                r#"{"kind":"above","price":"1","rearm_percent":"-0.1"}"#,
                E::RearmPercent,
            ),
            (
                r#"{"kind":"moves","percent":"0","window_s":60,"direction":"up"}"#,
                E::PercentNotPositive,
            ),
            (
                r#"{"kind":"moves","percent":"100","window_s":60,"direction":"down"}"#,
                E::FallOfEverything,
            ),
            (
                r#"{"kind":"moves","percent":"100","window_s":60,"direction":"either"}"#,
                E::FallOfEverything,
            ),
            (
                r#"{"kind":"moves","percent":"1","window_s":0,"direction":"up"}"#,
                E::EmptyWindow,
            ),
            (
                r#"{"kind":"change_24h","side":"above","percent":"5","rearm_points":"-1"}"#,
                E::RearmPoints,
            ),
            (
                r#"{"kind":"leaves_range","low":"2","high":"2"}"#,
                E::EmptyRange,
            ),
            (
                r#"{"kind":"enters_range","low":"-1","high":"2"}"#,
                E::LowNegative,
            ),
        ] {
            let error = with(condition).unwrap_err();
            assert!(
                error.contains(&expected.to_string()),
                "{condition}: {error}"
            );
        }
        let doubled = r#"{"kind":"moves","percent":"100","window_s":60,"direction":"up"}"#;
        assert!(with(doubled).is_ok());
    }
}
