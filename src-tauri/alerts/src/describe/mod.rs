//! Rules, firings and distances in sentences, in the reader's language.

mod english;
mod german;
mod numbers;
#[cfg(test)]
mod tests;

use tidings_model::{Decimal, Language, Locale, Tick, Timestamp};

use crate::effect::{Direction, Firing};
use crate::evaluate::evaluate;
use crate::history::Window;
use crate::levels::{hundred, less, more};
use crate::rule::{Condition, Rule};
use crate::state::{RuleState, Status};
use numbers::{THIN, signed};

pub use numbers::{amount, change, percent, price};

/// What a rule waits for: `Crosses above 70,000`.
pub fn sentence(condition: &Condition, locale: &Locale) -> String {
    match locale.language {
        Language::English => english::sentence(condition, locale),
        Language::German => german::sentence(condition, locale),
    }
}

/// The first line of a notification: `BTC crossed above 70,000`, and what was told late
/// `BTC still above 70,000`.
pub fn title(rule: &Rule, firing: &Firing, locale: &Locale) -> String {
    let happened = match locale.language {
        Language::English => english::happened(rule, firing, locale),
        Language::German => german::happened(rule, firing, locale),
    };
    format!("{} {happened}", rule.symbol)
}

/// The second line of a notification: `70,012.60, ▲ +4.40 % in 24 hours`; for a move also the
/// price and time it is measured from. `clock` writes a time for the reader's place.
pub fn body(firing: &Firing, clock: &dyn Fn(Timestamp) -> String, locale: &Locale) -> String {
    match locale.language {
        Language::English => english::body(firing, clock, locale),
        Language::German => german::body(firing, clock, locale),
    }
}

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
        Status::New | Status::Done(_) | Status::Expired(_) => return None,
    };
    let outlook = outlook(&rule.condition, at_once, &latest.price);
    let sentence = match locale.language {
        Language::English => english::outlook(&outlook, locale),
        Language::German => german::outlook(&outlook, locale),
    };
    Some(Arming { at_once, sentence })
}

/// What has to happen before a rule fires.
enum Outlook<'a> {
    /// The price is on one side of the line and has to reach the other.
    Armed { below: bool },
    /// What the rule is about does not hold, and fires it once it does.
    ArmedByState,
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
struct Edge {
    level: Decimal,
    pass: bool,
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
        Condition::Moves { .. } | Condition::Change24h { .. } => return None,
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

/// The change from one price to another in percent; `None` from zero.
fn change_percent(from: &Decimal, to: &Decimal, scale: i64) -> Option<Decimal> {
    (&(to - from) * &hundred()).divide_for_display(from, scale)
}

/// How far a price moved, signed; as much as the rule asked for, unsigned, where it is measured
/// from zero and so has no share.
fn moved(percent: &Decimal, firing: &Firing, locale: &Locale) -> String {
    let measured = firing
        .measured_from
        .as_ref()
        .and_then(|from| change_percent(&from.price, &firing.price, 1));
    let share = measured.map_or_else(|| amount(percent, locale), |moved| signed(&moved, locale));
    format!("{share}{THIN}%")
}

/// Whether the line was crossed downwards.
fn fell(firing: &Firing) -> bool {
    firing.direction == Direction::Down
}

fn range(low: &Decimal, high: &Decimal, locale: &Locale) -> String {
    format!("{} – {}", amount(low, locale), amount(high, locale))
}

/// A length of time in its largest whole unit.
enum Length {
    Days(u32),
    Hours(u32),
    Minutes(u32),
    Seconds(u32),
}

fn length(seconds: u32) -> Length {
    match seconds {
        s if s % 86_400 == 0 => Length::Days(s / 86_400),
        s if s % 3_600 == 0 => Length::Hours(s / 3_600),
        s if s % 60 == 0 => Length::Minutes(s / 60),
        s => Length::Seconds(s),
    }
}
