//! The sentences in German.

use tidings_model::{Locale, Timestamp};

use super::numbers::{THIN, amount, change, price, signed};
use super::{Edge, Length, Outlook, fell, length, moved, range};
use crate::effect::Firing;
use crate::rule::{Condition, Move, Rule, Side};

pub(super) fn sentence(condition: &Condition, locale: &Locale) -> String {
    match condition {
        Condition::Above { price, .. } => format!("Steigt über {}", amount(price, locale)),
        Condition::Below { price, .. } => format!("Fällt unter {}", amount(price, locale)),
        Condition::Crosses { price, .. } => {
            format!("Kreuzt {} in beide Richtungen", amount(price, locale))
        }
        Condition::Moves {
            percent,
            window_s,
            direction,
        } => {
            let verb = match direction {
                Move::Up => "Steigt",
                Move::Down => "Fällt",
                Move::Either => "Bewegt sich",
            };
            let share = amount(percent, locale);
            let within = match length(*window_s) {
                Length::Days(1) => "1 Tag".to_owned(),
                Length::Days(n) => format!("{n} Tagen"),
                Length::Hours(n) => format!("{n} Std."),
                Length::Minutes(n) => format!("{n} Min."),
                Length::Seconds(n) => format!("{n} Sek."),
            };
            format!("{verb} um {share}{THIN}% in {within}")
        }
        Condition::Change24h { side, percent, .. } => {
            let side = word(*side);
            format!("24-h-Änderung {side} {}{THIN}%", signed(percent, locale))
        }
        Condition::LeavesRange { low, high, .. } => {
            format!("Verlässt {}", range(low, high, locale))
        }
        Condition::EntersRange { low, high, .. } => {
            format!("Erreicht {}", range(low, high, locale))
        }
    }
}

pub(super) fn happened(rule: &Rule, firing: &Firing, locale: &Locale) -> String {
    let late = firing.is_delayed();
    match &rule.condition {
        Condition::Above { price, .. }
        | Condition::Below { price, .. }
        | Condition::Crosses { price, .. } => {
            let line = amount(price, locale);
            match (late, fell(firing)) {
                (true, true) => format!("weiter unter {line}"),
                (true, false) => format!("weiter über {line}"),
                (false, true) => format!("unter {line} gefallen"),
                (false, false) => format!("über {line} gestiegen"),
            }
        }
        Condition::Moves { percent, .. } => {
            format!("um {} bewegt", moved(percent, firing, locale))
        }
        Condition::Change24h { side, percent, .. } => {
            let now = if late { "weiter" } else { "jetzt" };
            let side = word(*side);
            format!(
                "24-h-Änderung {now} {side} {}{THIN}%",
                signed(percent, locale)
            )
        }
        Condition::LeavesRange { low, high, .. } => {
            let range = range(low, high, locale);
            if late {
                format!("weiter außerhalb von {range}")
            } else {
                format!("hat {range} verlassen")
            }
        }
        Condition::EntersRange { low, high, .. } => {
            let range = range(low, high, locale);
            if late {
                format!("weiter innerhalb von {range}")
            } else {
                format!("hat {range} erreicht")
            }
        }
    }
}

/// The parts stand apart by a point in the middle: commas are in the numbers.
pub(super) fn body(
    firing: &Firing,
    clock: &dyn Fn(Timestamp) -> String,
    locale: &Locale,
) -> String {
    let mut text = price(&firing.price, locale);
    if let Some(from) = &firing.measured_from {
        text.push_str(" · von ");
        text.push_str(&price(&from.price, locale));
        text.push_str(" um ");
        text.push_str(&clock(from.time));
    }
    if let Some(percent) = &firing.change_percentage_24h {
        text.push_str(" · ");
        text.push_str(&change(percent, locale));
        text.push_str(" in 24 Stunden");
    }
    text
}

pub(super) fn outlook(outlook: &Outlook<'_>, locale: &Locale) -> String {
    match outlook {
        Outlook::Armed { below: true } => "Unter der Linie: sofort scharf".to_owned(),
        Outlook::Armed { below: false } => "Über der Linie: sofort scharf".to_owned(),
        Outlook::ArmedByState => "Trifft gerade nicht zu: sofort scharf".to_owned(),
        Outlook::Past {
            line,
            up,
            on_line,
            back,
        } => {
            let side = match (on_line, up) {
                (true, _) => "bei",
                (false, true) => "über",
                (false, false) => "unter",
            };
            let line = amount(line, locale);
            if *up {
                let back = edge(back, "unter", locale);
                format!("Schon {side} {line}. Löst nach Rückgang {back} und neuem Anstieg aus.")
            } else {
                let back = edge(back, "über", locale);
                format!("Schon {side} {line}. Löst nach Anstieg {back} und neuem Rückgang aus.")
            }
        }
        Outlook::OnLine { line, down, up } => {
            let line = amount(line, locale);
            let down = edge(down, "unter", locale);
            let up = edge(up, "über", locale);
            format!("Bei {line}. Scharf nach Rückgang {down} oder Anstieg {up}.")
        }
        Outlook::HeldByState => {
            "Trifft gerade zu. Löst aus, sobald es von Neuem zutrifft.".to_owned()
        }
    }
}

fn edge(edge: &Edge, side: &str, locale: &Locale) -> String {
    let word = if edge.pass { side } else { "auf" };
    format!("{word} {}", amount(&edge.level, locale))
}

const fn word(side: Side) -> &'static str {
    match side {
        Side::Above => "über",
        Side::Below => "unter",
    }
}
