//! What a rule needs to fire: whether it is armed, and how far the price has to go.

use tidings_model::{Decimal, Language, Locale, Tick};

use super::{change_percent, english, german};
use crate::evaluate::evaluate;
use crate::history::Window;
use crate::levels::{less, more};
use crate::rule::{Condition, Rule};
use crate::state::{RuleState, Status};

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
pub fn arming(rule: &Rule, latest: &Tick, window: &dyn Window, locale: &Locale) -> Option<Arming> {
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
    let outlook = match &rule.condition {
        Condition::Trailing { .. } | Condition::Step { .. } => {
            let waits = state.waits_for();
            Outlook::AtPrices {
                below: waits.below,
                above: waits.above,
            }
        }
        Condition::Stale { .. } if at_once => Outlook::Listening,
        condition => outlook(condition, at_once, &latest.price),
    };
    let sentence = match locale.language {
        Language::English => english::outlook(&outlook, locale),
        Language::German => german::outlook(&outlook, locale),
    };
    Some(Arming { at_once, sentence })
}

/// What has to happen before a rule fires.
pub(super) enum Outlook<'a> {
    /// The price is on one side of the line and has to reach the other.
    Armed { below: bool },
    /// What the rule is about does not hold, and fires it once it does.
    ArmedByState,
    /// The rule works out the prices that fire it by itself.
    AtPrices {
        below: Option<&'a Decimal>,
        above: Option<&'a Decimal>,
    },
    /// The rule waits for nothing to come.
    Listening,
    /// The price is past the line: it has to come back as far as `back` first.
    Past {
        line: &'a Decimal,
        /// The way that the price has to cross the line, upwards or downwards.
        up: bool,
        /// The price is on the line itself.
        on_line: bool,
        back: Edge,
    },
    /// The price is on a line that counts from either side.
    OnLine {
        line: &'a Decimal,
        down: Edge,
        up: Edge,
    },
    /// What the rule is about holds already.
    HeldByState,
}

/// A price to be reached, or to be passed where there is no re-arm distance.
pub(super) struct Edge {
    pub level: Decimal,
    /// It has to be passed.
    pub pass: bool,
}

fn outlook<'a>(condition: &'a Condition, at_once: bool, now: &Decimal) -> Outlook<'a> {
    let edge = |level, rearm_percent: &Decimal| Edge {
        level,
        pass: rearm_percent.is_zero(),
    };
    match (condition, at_once) {
        (
            Condition::Above { price, .. }
            | Condition::Below { price, .. }
            | Condition::Crosses { price, .. },
            true,
        ) => Outlook::Armed { below: now < price },
        (_, true) => Outlook::ArmedByState,
        (
            Condition::Above {
                price: line,
                rearm_percent,
            },
            false,
        ) => Outlook::Past {
            line,
            up: true,
            on_line: now == line,
            back: edge(less(line, rearm_percent), rearm_percent),
        },
        (
            Condition::Below {
                price: line,
                rearm_percent,
            },
            false,
        ) => Outlook::Past {
            line,
            up: false,
            on_line: now == line,
            back: edge(more(line, rearm_percent), rearm_percent),
        },
        (
            Condition::Crosses {
                price: line,
                rearm_percent,
            },
            false,
        ) => Outlook::OnLine {
            line,
            down: edge(less(line, rearm_percent), rearm_percent),
            up: edge(more(line, rearm_percent), rearm_percent),
        },
        (_, false) => Outlook::HeldByState,
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
