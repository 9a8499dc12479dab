//! The sentences in English.

use tidings_model::{Locale, Timestamp};

use super::arming::{Edge, Outlook};
use super::numbers::{THIN, amount, change, price, signed};
use super::{Length, capital, fell, length, moved, moved_by, range, steps};
use crate::effect::{Direction, Firing, Origin, Pause};
use crate::rule::{Condition, Extreme, Move, Rule, Side, Trail};

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
            format!("{verb} {share}{THIN}% within {}", time(*window_s))
        }
        Condition::Change24h { side, percent, .. } => {
            let side = word(*side);
            format!("24 h change {side} {}{THIN}%", signed(percent, locale))
        }
        Condition::LeavesRange { low, high, .. } => format!("Leaves {}", range(low, high, locale)),
        Condition::EntersRange { low, high, .. } => format!("Enters {}", range(low, high, locale)),
        Condition::Trailing { side, percent } => {
            let share = amount(percent, locale);
            match side {
                Trail::Falls => format!("Falls {share}{THIN}% from its high"),
                Trail::Rises => format!("Rises {share}{THIN}% from its low"),
            }
        }
        Condition::NewExtreme {
            extreme, window_s, ..
        } => format!("Makes a new {} {}", time(*window_s), which(*extreme)),
        Condition::Step { step, base, .. } => {
            let step = amount(step, locale);
            if base.is_zero() {
                format!("Crosses a step of {step}")
            } else {
                format!("Crosses a step of {step} from {}", amount(base, locale))
            }
        }
        Condition::Volume { side, value, .. } => {
            format!("24 h volume {} {}", word(*side), amount(value, locale))
        }
        Condition::MarketCap { side, value, .. } => {
            format!("Market cap {} {}", word(*side), amount(value, locale))
        }
        Condition::Stale { after_s } => format!("No price for {}", time(*after_s)),
        Condition::All { conditions } => {
            let [one, other] = &**conditions;
            capital(&both(one, other, locale))
        }
    }
}

fn both(one: &Condition, other: &Condition, locale: &Locale) -> String {
    format!("{} and {}", truth(one, locale), truth(other, locale))
}

/// A condition as it is true or false at a tick, to stand within a sentence.
fn truth(condition: &Condition, locale: &Locale) -> String {
    match condition {
        Condition::Above { price, .. } => format!("above {}", amount(price, locale)),
        Condition::Below { price, .. } => format!("below {}", amount(price, locale)),
        Condition::Moves {
            percent,
            window_s,
            direction,
        } => {
            let verb = match direction {
                Move::Up => "up",
                Move::Down => "down",
                Move::Either => "moved",
            };
            let share = amount(percent, locale);
            format!("{verb} {share}{THIN}% within {}", time(*window_s))
        }
        Condition::LeavesRange { low, high, .. } => {
            format!("outside {}", range(low, high, locale))
        }
        Condition::EntersRange { low, high, .. } => format!("within {}", range(low, high, locale)),
        Condition::NewExtreme {
            extreme, window_s, ..
        } => format!("at a new {} {}", time(*window_s), which(*extreme)),
        Condition::MarketCap { side, value, .. } => {
            format!("market cap {} {}", word(*side), amount(value, locale))
        }
        other => sentence(other, locale),
    }
}

pub(super) fn happened(rule: &Rule, firing: &Firing, locale: &Locale) -> String {
    let late = firing.is_delayed();
    let side = if fell(firing) { "below" } else { "above" };
    match &rule.condition {
        Condition::Above { price, .. }
        | Condition::Below { price, .. }
        | Condition::Crosses { price, .. } => {
            let verb = if late { "still" } else { "crossed" };
            format!("{verb} {side} {}", amount(price, locale))
        }
        Condition::Moves { percent, .. } => format!("moved {}", moved(percent, firing, locale)),
        Condition::Change24h { side, percent, .. } => {
            let (verb, side) = (went(late), word(*side));
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
        Condition::Trailing { side, percent } => {
            let (verb, beyond, from) = match side {
                Trail::Falls => ("fell", "below", "high"),
                Trail::Rises => ("rose", "above", "low"),
            };
            match &firing.line {
                Some(line) if late => format!("still {beyond} {}", price(line, locale)),
                _ => format!(
                    "{verb} {} from its {from}",
                    moved_by(percent, firing, locale)
                ),
            }
        }
        Condition::NewExtreme { window_s, .. } => {
            let verb = if late { "still near" } else { "made" };
            let which = if fell(firing) { "low" } else { "high" };
            format!("{verb} a new {} {which}", time(*window_s))
        }
        Condition::Step { step, .. } => {
            let verb = if late { "still" } else { "crossed" };
            let (line, several) = steps(firing, locale);
            let crossed = format!("{verb} {side} {line}");
            match several {
                Some(n) => format!("{crossed}, {n} steps of {} at once", amount(step, locale)),
                None => crossed,
            }
        }
        Condition::Volume { side, value, .. } => {
            let (verb, side) = (went(late), word(*side));
            format!("24 h volume {verb} {side} {}", amount(value, locale))
        }
        Condition::MarketCap { side, value, .. } => {
            let (verb, side) = (went(late), word(*side));
            format!("market cap {verb} {side} {}", amount(value, locale))
        }
        Condition::Stale { after_s } => {
            let still = if late { "still " } else { "" };
            format!("{still}without a price for {}", time(*after_s))
        }
        Condition::All { conditions } => {
            let [one, other] = &**conditions;
            let verb = if late { "still" } else { "now" };
            format!("{verb} {}", both(one, other, locale))
        }
    }
}

pub(super) fn paused(pause: &Pause) -> String {
    format!(
        "Paused after {} alerts within {}",
        pause.firings,
        time(pause.within_s)
    )
}

pub(super) fn body(
    firing: &Firing,
    clock: &dyn Fn(Timestamp) -> String,
    locale: &Locale,
) -> String {
    let at = |from: &Origin| format!("{} at {}", price(&from.price, locale), clock(from.time));
    // A level with one side is measured from nothing, but for a silence.
    if let (Direction::True, Some(last)) = (firing.direction, &firing.measured_from) {
        return format!("Last {}", at(last));
    }
    let mut text = price(&firing.price, locale);
    if let Some(from) = &firing.measured_from {
        text.push_str(", from ");
        text.push_str(&at(from));
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
        Outlook::AtPrices { below, above } => {
            let prices: Vec<String> = [below, above]
                .into_iter()
                .flatten()
                .map(|price| amount(price, locale))
                .collect();
            if prices.is_empty() {
                "Armed at once".to_owned()
            } else {
                format!("Armed at once: fires at {}", prices.join(" or "))
            }
        }
        Outlook::Listening => "Listening from now on".to_owned(),
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

const fn went(late: bool) -> &'static str {
    if late { "is still" } else { "went" }
}

const fn which(extreme: Extreme) -> &'static str {
    match extreme {
        Extreme::High => "high",
        Extreme::Low => "low",
        Extreme::Either => "high or low",
    }
}

/// `15 min`, `90 s`, `4 h`.
pub(super) fn time(seconds: u32) -> String {
    match length(seconds) {
        Length::Days(n) => format!("{n} d"),
        Length::Hours(n) => format!("{n} h"),
        Length::Minutes(n) => format!("{n} min"),
        Length::Seconds(n) => format!("{n} s"),
    }
}
