//! What a rule needs to fire: whether it is armed, and how far the price has to go.

use tidings_model::{Decimal, Tick};

use super::change_percent;
use super::numbers::amount;
use crate::evaluate::evaluate;
use crate::history::Window;
use crate::levels::{less, more};
use crate::rule::{Condition, Rule};
use crate::state::{RuleState, Status, WaitsFor};

/// Whether a rule made now would be armed, and what has to happen if not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arming {
    /// Whether the next crossing or turn fires it.
    pub at_once: bool,
    /// In a sentence.
    pub sentence: String,
}

/// Says whether a rule made now, with `latest` as its first tick, would be armed at once.
/// Judged by the evaluator itself. `None` while nothing that it judges is known.
pub fn arming(rule: &Rule, latest: &Tick, window: &dyn Window) -> Option<Arming> {
    let mut state = RuleState::new();
    let unending = Rule {
        expires_at: None,
        ..rule.clone()
    };
    evaluate(&unending, &mut state, latest, window);
    let at_once = match state.status() {
        Status::Armed => true,
        Status::Holding => false,
        Status::New | Status::Done(_) | Status::Expired(_) | Status::Paused(_) => return None,
    };
    let sentence = match (&rule.condition, at_once) {
        (
            Condition::Above { price, .. }
            | Condition::Below { price, .. }
            | Condition::Crosses { price, .. },
            true,
        ) => {
            let side = if latest.price < *price {
                "Below"
            } else {
                "Above"
            };
            format!("{side} the line: armed at once")
        }
        (Condition::Trailing { .. } | Condition::Step { .. }, _) => at_prices(state.waits_for()),
        (Condition::Stale { .. }, true) => "Listening from now on".to_owned(),
        (condition, false) => waiting(condition, &latest.price),
        (_, true) => "Not true now: armed at once".to_owned(),
    };
    Some(Arming { at_once, sentence })
}

/// The prices that fire a rule which works them out itself.
fn at_prices(waits: WaitsFor<'_>) -> String {
    match (waits.below, waits.above) {
        (Some(below), Some(above)) => format!(
            "Armed at once: fires at {} or {}",
            amount(below),
            amount(above)
        ),
        (Some(one), None) | (None, Some(one)) => {
            format!("Armed at once: fires at {}", amount(one))
        }
        (None, None) => "Armed at once".to_owned(),
    }
}

/// What has to happen before a rule that is not armed can fire.
fn waiting(condition: &Condition, now: &Decimal) -> String {
    match condition {
        Condition::Above {
            price: line,
            rearm_percent,
        } => {
            let back = edge(&less(line, rearm_percent), rearm_percent, "below");
            let already = already(now, line, "above");
            format!("{already}. Fires after a fall {back} and a new rise.")
        }
        Condition::Below {
            price: line,
            rearm_percent,
        } => {
            let back = edge(&more(line, rearm_percent), rearm_percent, "above");
            let already = already(now, line, "below");
            format!("{already}. Fires after a rise {back} and a new fall.")
        }
        Condition::Crosses {
            price: line,
            rearm_percent,
        } => {
            let down = edge(&less(line, rearm_percent), rearm_percent, "below");
            let up = edge(&more(line, rearm_percent), rearm_percent, "above");
            let line = amount(line);
            format!("At {line}. Armed after a fall {down} or a rise {up}.")
        }
        _ => "True right now. Fires the next time it becomes true.".to_owned(),
    }
}

fn already(now: &Decimal, line: &Decimal, side: &str) -> String {
    let side = if now == line { "at" } else { side };
    format!("Already {side} {}", amount(line))
}

fn edge(level: &Decimal, rearm_percent: &Decimal, side: &str) -> String {
    if rearm_percent.is_zero() {
        format!("{side} {}", amount(level))
    } else {
        format!("to {}", amount(level))
    }
}

/// How far the price is from the line or the nearer bound, in percent of the price, signed
/// by the way it would have to go, to one decimal. `None` for kinds without a price to reach,
/// inside a range that is to be entered, and at a price of zero.
pub fn distance(condition: &Condition, now: &Decimal) -> Option<Decimal> {
    let target = match condition {
        Condition::Above { price, .. }
        | Condition::Below { price, .. }
        | Condition::Crosses { price, .. } => price,
        Condition::Moves { .. }
        | Condition::Change24h { .. }
        | Condition::Trailing { .. }
        | Condition::NewExtreme { .. }
        | Condition::Step { .. }
        | Condition::Volume { .. }
        | Condition::MarketCap { .. }
        | Condition::Stale { .. }
        | Condition::All { .. } => return None,
        Condition::LeavesRange { low, high, .. } => {
            if now < low || now > high {
                return None;
            }
            if now - low <= high - now { low } else { high }
        }
        Condition::EntersRange { low, high, .. } => {
            if now < low {
                low
            } else if now > high {
                high
            } else {
                return None;
            }
        }
    };
    change_percent(now, target, 1)
}

/// The same for a rule that works out the prices it waits for itself: how far the nearer is.
pub fn distance_of(state: &RuleState, now: &Decimal) -> Option<Decimal> {
    let waits = state.waits_for();
    let target = match (waits.below, waits.above) {
        (Some(below), Some(above)) if now - below <= above - now => below,
        (below, above) => above.or(below)?,
    };
    change_percent(now, target, 1)
}
