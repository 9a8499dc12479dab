//! The sentences in German.

use tidings_model::{Locale, Timestamp};

use super::arming::{Edge, Outlook};
use super::numbers::{THIN, amount, change, price, signed};
use super::{Length, capital, fell, length, moved, moved_by, range, steps};
use crate::effect::{Direction, Firing, Origin, Pause};
use crate::rule::{Condition, Extreme, Move, Rule, Side, Trail};

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
            format!("{verb} um {share}{THIN}% in {}", time(*window_s))
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
        Condition::Trailing { side, percent } => {
            let share = amount(percent, locale);
            match side {
                Trail::Falls => format!("Fällt um {share}{THIN}% vom Hoch"),
                Trail::Rises => format!("Steigt um {share}{THIN}% vom Tief"),
            }
        }
        Condition::NewExtreme {
            extreme, window_s, ..
        } => format!(
            "Erreicht ein neues {} ({})",
            which(*extreme),
            time(*window_s)
        ),
        Condition::Step { step, base, .. } => {
            let step = amount(step, locale);
            if base.is_zero() {
                format!("Kreuzt eine Stufe von {step}")
            } else {
                format!("Kreuzt eine Stufe von {step} ab {}", amount(base, locale))
            }
        }
        Condition::Volume { side, value, .. } => {
            format!("24-h-Volumen {} {}", word(*side), amount(value, locale))
        }
        Condition::MarketCap { side, value, .. } => {
            let side = word(*side);
            format!("Marktkapitalisierung {side} {}", amount(value, locale))
        }
        Condition::Stale { after_s } => format!("Kein Preis seit {}", time(*after_s)),
        Condition::All { conditions } => {
            let [one, other] = &**conditions;
            capital(&both(one, other, locale))
        }
    }
}

fn both(one: &Condition, other: &Condition, locale: &Locale) -> String {
    format!("{} und {}", truth(one, locale), truth(other, locale))
}

/// A condition as it is true or false at a tick, to stand within a sentence.
fn truth(condition: &Condition, locale: &Locale) -> String {
    match condition {
        Condition::Above { price, .. } => format!("über {}", amount(price, locale)),
        Condition::Below { price, .. } => format!("unter {}", amount(price, locale)),
        Condition::Moves {
            percent,
            window_s,
            direction,
        } => {
            let verb = match direction {
                Move::Up => "gestiegen",
                Move::Down => "gefallen",
                Move::Either => "bewegt",
            };
            let share = amount(percent, locale);
            format!("in {} um {share}{THIN}% {verb}", time(*window_s))
        }
        Condition::LeavesRange { low, high, .. } => {
            format!("außerhalb von {}", range(low, high, locale))
        }
        Condition::EntersRange { low, high, .. } => {
            format!("innerhalb von {}", range(low, high, locale))
        }
        Condition::NewExtreme {
            extreme, window_s, ..
        } => format!("auf neuem {} ({})", which(*extreme), time(*window_s)),
        other => sentence(other, locale),
    }
}

pub(super) fn happened(rule: &Rule, firing: &Firing, locale: &Locale) -> String {
    let late = firing.is_delayed();
    let now = if late { "weiter" } else { "jetzt" };
    match &rule.condition {
        Condition::Above { price, .. }
        | Condition::Below { price, .. }
        | Condition::Crosses { price, .. } => crossed(&amount(price, locale), firing),
        Condition::Moves { percent, .. } => {
            format!("um {} bewegt", moved(percent, firing, locale))
        }
        Condition::Change24h { side, percent, .. } => {
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
        Condition::Trailing { side, percent } => {
            let (verb, beyond, from) = match side {
                Trail::Falls => ("gefallen", "unter", "Hoch"),
                Trail::Rises => ("gestiegen", "über", "Tief"),
            };
            match &firing.line {
                Some(line) if late => format!("weiter {beyond} {}", price(line, locale)),
                _ => {
                    let share = moved_by(percent, firing, locale);
                    format!("um {share} vom {from} {verb}")
                }
            }
        }
        Condition::NewExtreme { window_s, .. } => {
            let which = if fell(firing) { "Tief" } else { "Hoch" };
            let time = time(*window_s);
            if late {
                format!("weiter nahe dem neuen {which} ({time})")
            } else {
                format!("hat ein neues {which} erreicht ({time})")
            }
        }
        Condition::Step { step, .. } => {
            let (line, several) = steps(firing, locale);
            let crossed = crossed(&line, firing);
            match several {
                Some(n) => format!(
                    "{crossed}, {n} Stufen zu {} auf einmal",
                    amount(step, locale)
                ),
                None => crossed,
            }
        }
        Condition::Volume { side, value, .. } => {
            format!(
                "24-h-Volumen {now} {} {}",
                word(*side),
                amount(value, locale)
            )
        }
        Condition::MarketCap { side, value, .. } => {
            let side = word(*side);
            format!(
                "Marktkapitalisierung {now} {side} {}",
                amount(value, locale)
            )
        }
        Condition::Stale { after_s } => {
            let still = if late { "weiter " } else { "" };
            format!("{still}seit {} ohne Preis", time(*after_s))
        }
        Condition::All { conditions } => {
            let [one, other] = &**conditions;
            format!("{now} {}", both(one, other, locale))
        }
    }
}

fn crossed(line: &str, firing: &Firing) -> String {
    match (firing.is_delayed(), fell(firing)) {
        (true, true) => format!("weiter unter {line}"),
        (true, false) => format!("weiter über {line}"),
        (false, true) => format!("unter {line} gefallen"),
        (false, false) => format!("über {line} gestiegen"),
    }
}

pub(super) fn paused(pause: &Pause) -> String {
    format!(
        "Angehalten nach {} Alarmen in {}",
        pause.firings,
        time(pause.within_s)
    )
}

/// The parts stand apart by a point in the middle: commas are in the numbers.
pub(super) fn body(
    firing: &Firing,
    clock: &dyn Fn(Timestamp) -> String,
    locale: &Locale,
) -> String {
    let at = |from: &Origin| format!("{} um {}", price(&from.price, locale), clock(from.time));
    // A level with one side is measured from nothing, but for a silence.
    if let (Direction::True, Some(last)) = (firing.direction, &firing.measured_from) {
        return format!("Zuletzt {}", at(last));
    }
    let mut text = price(&firing.price, locale);
    if let Some(from) = &firing.measured_from {
        text.push_str(" · von ");
        text.push_str(&at(from));
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
        Outlook::AtPrices { below, above } => {
            let prices: Vec<String> = [below, above]
                .into_iter()
                .flatten()
                .map(|price| amount(price, locale))
                .collect();
            if prices.is_empty() {
                "Sofort scharf".to_owned()
            } else {
                format!("Sofort scharf: löst bei {} aus", prices.join(" oder "))
            }
        }
        Outlook::Listening => "Ab jetzt im Blick".to_owned(),
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

const fn which(extreme: Extreme) -> &'static str {
    match extreme {
        Extreme::High => "Hoch",
        Extreme::Low => "Tief",
        Extreme::Either => "Hoch oder Tief",
    }
}

/// `15 Min.`, `2 Tagen`: it stands after „in“ and „seit“.
pub(super) fn time(seconds: u32) -> String {
    match length(seconds) {
        Length::Days(1) => "1 Tag".to_owned(),
        Length::Days(n) => format!("{n} Tagen"),
        Length::Hours(n) => format!("{n} Std."),
        Length::Minutes(n) => format!("{n} Min."),
        Length::Seconds(n) => format!("{n} Sek."),
    }
}
