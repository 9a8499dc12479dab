//! A firing as it might be, to show what would be told of it.

use std::time::Duration;

use tidings_model::{Decimal, Quote, Timestamp};

use crate::effect::{Direction, Firing, Origin};
use crate::levels::{less, more};
use crate::rule::{Condition, Extreme, Move, Rule, Trail};

/// The firing of a rule that comes true next, as far as that can be said: at its line where it has
/// one, else at the latest price. `None` while neither is known.
pub fn sample(rule: &Rule, latest: Option<&Quote>, now: Timestamp) -> Option<Firing> {
    let at = |price: &Decimal, time| Origin {
        time,
        price: price.clone(),
    };
    let last = latest.map(|quote| &quote.price);
    let firing = Firing {
        direction: Direction::Up,
        time: now,
        price: line(&rule.condition, last).or(last)?.clone(),
        change_percentage_24h: latest.and_then(|quote| quote.change_percentage_24h.clone()),
        measured_from: None,
        line: None,
        steps: None,
        delayed_from: None,
    };
    let price = firing.price.clone();
    Some(match &rule.condition {
        Condition::Below { .. } => down(firing),
        Condition::Crosses { price, .. } if last.is_some_and(|last| last > price) => down(firing),
        Condition::LeavesRange { low, .. } if last.is_some_and(|last| last < low) => Firing {
            price: low.clone(),
            ..down(firing)
        },
        Condition::Above { .. } | Condition::Crosses { .. } | Condition::LeavesRange { .. } => {
            firing
        }
        Condition::Moves {
            percent,
            window_s,
            direction,
        } => {
            let window = Duration::from_secs((*window_s).into());
            let moved = Firing {
                measured_from: Some(at(&price, now.minus(window))),
                price: more(&price, percent),
                ..firing
            };
            match direction {
                Move::Up | Move::Either => moved,
                Move::Down => Firing {
                    price: less(&price, percent),
                    ..down(moved)
                },
            }
        }
        Condition::Trailing { side, percent } => {
            let trigger = match side {
                Trail::Falls => less(&price, percent),
                Trail::Rises => more(&price, percent),
            };
            let came_back = Firing {
                measured_from: Some(at(&price, now)),
                line: Some(trigger.clone()),
                price: trigger,
                ..firing
            };
            match side {
                Trail::Falls => down(came_back),
                Trail::Rises => came_back,
            }
        }
        Condition::NewExtreme { extreme, .. } => {
            let passed = Firing {
                measured_from: Some(at(&price, now)),
                ..firing
            };
            match extreme {
                Extreme::Low => down(passed),
                Extreme::High | Extreme::Either => passed,
            }
        }
        Condition::Step { step, base, .. } => {
            let whole = (&price - base).divide_floor(step);
            let below = whole.unwrap_or_else(Decimal::zero);
            let next = (base + &(&(&below + &Decimal::from(1)) * step)).normalized();
            Firing {
                line: Some(next.clone()),
                price: next,
                ..firing
            }
        }
        Condition::Change24h { percent, .. } => Firing {
            direction: Direction::True,
            change_percentage_24h: Some(percent.clone()),
            ..firing
        },
        Condition::Stale { .. } => Firing {
            direction: Direction::True,
            measured_from: Some(at(&price, latest.map_or(now, |quote| quote.time))),
            ..firing
        },
        Condition::EntersRange { .. }
        | Condition::Volume { .. }
        | Condition::MarketCap { .. }
        | Condition::All { .. } => Firing {
            direction: Direction::True,
            ..firing
        },
    })
}

/// The price at which a condition comes true next after `last`, where it says one.
fn line<'a>(condition: &'a Condition, last: Option<&Decimal>) -> Option<&'a Decimal> {
    match condition {
        Condition::Above { price, .. }
        | Condition::Below { price, .. }
        | Condition::Crosses { price, .. } => Some(price),
        Condition::LeavesRange { high, .. } => Some(high),
        Condition::EntersRange { high, .. } if last.is_some_and(|last| last > high) => Some(high),
        Condition::EntersRange { low, .. } => Some(low),
        _ => None,
    }
}

fn down(firing: Firing) -> Firing {
    Firing {
        direction: Direction::Down,
        ..firing
    }
}
