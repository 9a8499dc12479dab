//! The sentences in English.

use tidings_model::{Locale, Timestamp};

use super::numbers::{THIN, amount, change, price, signed};
use super::{Edge, Length, Outlook, fell, length, moved, range};
use crate::effect::Firing;
use crate::rule::{Condition, Move, Rule, Side};

pub(super) fn sentence(condition: &Condition, locale: &Locale) -> String {
    match condition {
        Condition::Above { price, .. } => format!("Crosses above {}", amount(price, locale)),
        Condition::Below { price, .. } => format!("Crosses below {}", amount(price, locale)),
        Condition::Crosses { price, .. } => {
            format!("Crosses {} either way", amount(price, locale))
        }
        Condition::Moves {
            percent,
            window_s,
            direction,
        } => {
            let verb = match direction {
                Move::Up => "Rises",
                Move::Down => "Falls",
                Move::Either => "Moves",
            };
            let share = amount(percent, locale);
            let within = match length(*window_s) {
                Length::Days(n) => format!("{n} d"),
                Length::Hours(n) => format!("{n} h"),
                Length::Minutes(n) => format!("{n} min"),
                Length::Seconds(n) => format!("{n} s"),
            };
            format!("{verb} {share}{THIN}% within {within}")
        }
        Condition::Change24h { side, percent, .. } => {
            format!(
                "24 h change {} {}{THIN}%",
                word(*side),
                signed(percent, locale)
            )
        }
        Condition::LeavesRange { low, high, .. } => format!("Leaves {}", range(low, high, locale)),
        Condition::EntersRange { low, high, .. } => format!("Enters {}", range(low, high, locale)),
    }
}

pub(super) fn happened(rule: &Rule, firing: &Firing, locale: &Locale) -> String {
    let late = firing.is_delayed();
    match &rule.condition {
        Condition::Above { price, .. }
        | Condition::Below { price, .. }
        | Condition::Crosses { price, .. } => {
            let verb = if late { "still" } else { "crossed" };
            let side = if fell(firing) { "below" } else { "above" };
            format!("{verb} {side} {}", amount(price, locale))
        }
        Condition::Moves { percent, .. } => format!("moved {}", moved(percent, firing, locale)),
        Condition::Change24h { side, percent, .. } => {
            let verb = if late { "is still" } else { "went" };
            let side = word(*side);
            format!(
                "24 h change {verb} {side} {}{THIN}%",
                signed(percent, locale)
            )
        }
        Condition::LeavesRange { low, high, .. } => {
            let verb = if late { "still outside" } else { "left" };
            format!("{verb} {}", range(low, high, locale))
        }
        Condition::EntersRange { low, high, .. } => {
            let verb = if late { "still within" } else { "entered" };
            format!("{verb} {}", range(low, high, locale))
        }
    }
}

pub(super) fn body(
    firing: &Firing,
    clock: &dyn Fn(Timestamp) -> String,
    locale: &Locale,
) -> String {
    let mut text = price(&firing.price, locale);
    if let Some(from) = &firing.measured_from {
        text.push_str(", from ");
        text.push_str(&price(&from.price, locale));
        text.push_str(" at ");
        text.push_str(&clock(from.time));
    }
    if let Some(percent) = &firing.change_percentage_24h {
        text.push_str(", ");
        text.push_str(&change(percent, locale));
        text.push_str(" in 24 hours");
    }
    text
}

pub(super) fn outlook(outlook: &Outlook<'_>, locale: &Locale) -> String {
    match outlook {
        Outlook::Armed { below: true } => "Below the line: armed at once".to_owned(),
        Outlook::Armed { below: false } => "Above the line: armed at once".to_owned(),
        Outlook::ArmedByState => "Not true now: armed at once".to_owned(),
        Outlook::Past {
            line,
            up,
            on_line,
            back,
        } => {
            let side = match (on_line, up) {
                (true, _) => "at",
                (false, true) => "above",
                (false, false) => "below",
            };
            let line = amount(line, locale);
            if *up {
                let back = edge(back, "below", locale);
                format!("Already {side} {line}. Fires after a fall {back} and a new rise.")
            } else {
                let back = edge(back, "above", locale);
                format!("Already {side} {line}. Fires after a rise {back} and a new fall.")
            }
        }
        Outlook::OnLine { line, down, up } => {
            let line = amount(line, locale);
            let down = edge(down, "below", locale);
            let up = edge(up, "above", locale);
            format!("At {line}. Armed after a fall {down} or a rise {up}.")
        }
        Outlook::HeldByState => "True right now. Fires the next time it becomes true.".to_owned(),
    }
}

fn edge(edge: &Edge, side: &str, locale: &Locale) -> String {
    let word = if edge.pass { side } else { "to" };
    format!("{word} {}", amount(&edge.level, locale))
}

const fn word(side: Side) -> &'static str {
    match side {
        Side::Above => "above",
        Side::Below => "below",
    }
}
