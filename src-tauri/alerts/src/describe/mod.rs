//! Rules, firings and distances in sentences.

mod arming;
mod numbers;

use tidings_model::{Decimal, Timestamp};

use crate::effect::{Direction, Firing, Origin, Pause};
use crate::levels::hundred;
use crate::rule::{Condition, Extreme, Move, Rule, Side, Trail};
use numbers::{THIN, signed, unsigned};

pub use arming::{Arming, arming, distance, distance_of};
pub use numbers::{amount, change, percent, price};

/// What a rule waits for: `Crosses above 70,000`.
pub fn sentence(condition: &Condition) -> String {
    match condition {
        Condition::Above { price, .. } => format!("Crosses above {}", amount(price)),
        Condition::Below { price, .. } => format!("Crosses below {}", amount(price)),
        Condition::Crosses { price, .. } => format!("Crosses {} either way", amount(price)),
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
            let share = amount(percent);
            format!("{verb} {share}{THIN}% within {}", length(*window_s))
        }
        Condition::Change24h { side, percent, .. } => {
            format!("24 h change {} {}{THIN}%", beyond(*side), signed(percent))
        }
        Condition::LeavesRange { low, high, .. } => format!("Leaves {}", range(low, high)),
        Condition::EntersRange { low, high, .. } => format!("Enters {}", range(low, high)),
        Condition::Trailing { side, percent } => {
            let share = amount(percent);
            match side {
                Trail::Falls => format!("Falls {share}{THIN}% from its high"),
                Trail::Rises => format!("Rises {share}{THIN}% from its low"),
            }
        }
        Condition::NewExtreme {
            extreme, window_s, ..
        } => format!("Makes a new {} {}", length(*window_s), which(*extreme)),
        Condition::Step { step, base, .. } => {
            let from = if base.is_zero() {
                String::new()
            } else {
                format!(" from {}", amount(base))
            };
            format!("Crosses a step of {}{from}", amount(step))
        }
        Condition::Volume { side, value, .. } => {
            format!("24 h volume {} {}", beyond(*side), amount(value))
        }
        Condition::MarketCap { side, value, .. } => {
            format!("Market cap {} {}", beyond(*side), amount(value))
        }
        Condition::Stale { after_s } => format!("No price for {}", length(*after_s)),
        Condition::All { conditions } => {
            let [one, other] = &**conditions;
            let text = format!("{} and {}", truth(one), truth(other));
            capital(&text)
        }
    }
}

/// A condition as it is true or false at a tick, to stand within a sentence.
fn truth(condition: &Condition) -> String {
    match condition {
        Condition::Above { price, .. } => format!("above {}", amount(price)),
        Condition::Below { price, .. } => format!("below {}", amount(price)),
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
            let share = amount(percent);
            format!("{verb} {share}{THIN}% within {}", length(*window_s))
        }
        Condition::LeavesRange { low, high, .. } => format!("outside {}", range(low, high)),
        Condition::EntersRange { low, high, .. } => format!("within {}", range(low, high)),
        Condition::NewExtreme {
            extreme, window_s, ..
        } => format!("at a new {} {}", length(*window_s), which(*extreme)),
        Condition::MarketCap { side, value, .. } => {
            format!("market cap {} {}", beyond(*side), amount(value))
        }
        other => sentence(other),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

fn beyond(side: Side) -> &'static str {
    match side {
        Side::Above => "above",
        Side::Below => "below",
    }
}

fn which(extreme: Extreme) -> &'static str {
    match extreme {
        Extreme::High => "high",
        Extreme::Low => "low",
        Extreme::Either => "high or low",
    }
}

/// The first line of a notification: `BTC crossed above 70,000`, and what was told late
/// `BTC still above 70,000`.
pub fn title(rule: &Rule, firing: &Firing) -> String {
    format!("{} {}", rule.symbol, happened(rule, firing))
}

fn happened(rule: &Rule, firing: &Firing) -> String {
    let late = firing.is_delayed();
    match (&rule.condition, firing.direction) {
        (
            Condition::Above { price, .. }
            | Condition::Below { price, .. }
            | Condition::Crosses { price, .. },
            direction,
        ) => {
            let verb = if late { "still" } else { "crossed" };
            let side = if direction == Direction::Down {
                "below"
            } else {
                "above"
            };
            format!("{verb} {side} {}", amount(price))
        }
        (Condition::Moves { percent, .. }, _) => {
            let measured = firing
                .measured_from
                .as_ref()
                .and_then(|from| change_percent(&from.price, &firing.price, 1));
            match measured {
                Some(moved) => format!("moved {}{THIN}%", signed(&moved)),
                // Measured from a price of zero there is no share.
                None => format!("moved {}{THIN}%", amount(percent)),
            }
        }
        (Condition::Change24h { side, percent, .. }, _) => {
            let verb = if late { "is still" } else { "went" };
            let side = beyond(*side);
            format!("24 h change {verb} {side} {}{THIN}%", signed(percent))
        }
        (Condition::LeavesRange { low, high, .. }, _) => {
            let verb = if late { "still outside" } else { "left" };
            format!("{verb} {}", range(low, high))
        }
        (Condition::EntersRange { low, high, .. }, _) => {
            let verb = if late { "still within" } else { "entered" };
            format!("{verb} {}", range(low, high))
        }
        (Condition::Trailing { side, percent }, _) => trailed(*side, percent, firing),
        (Condition::NewExtreme { window_s, .. }, direction) => {
            let verb = if late { "still near" } else { "made" };
            let which = if direction == Direction::Down {
                "low"
            } else {
                "high"
            };
            format!("{verb} a new {} {which}", length(*window_s))
        }
        (Condition::Step { step, .. }, direction) => stepped(step, direction, firing),
        (Condition::Volume { side, value, .. }, _) => {
            let verb = if late { "is still" } else { "went" };
            format!("24 h volume {verb} {} {}", beyond(*side), amount(value))
        }
        (Condition::MarketCap { side, value, .. }, _) => {
            let verb = if late { "is still" } else { "went" };
            format!("market cap {verb} {} {}", beyond(*side), amount(value))
        }
        (Condition::Stale { after_s }, _) => {
            let still = if late { "still " } else { "" };
            format!("{still}without a price for {}", length(*after_s))
        }
        (Condition::All { conditions }, _) => {
            let [one, other] = &**conditions;
            let verb = if late { "still" } else { "now" };
            format!("{verb} {} and {}", truth(one), truth(other))
        }
    }
}

fn trailed(side: Trail, percent: &Decimal, firing: &Firing) -> String {
    let (verb, beyond, from) = match side {
        Trail::Falls => ("fell", "below", "high"),
        Trail::Rises => ("rose", "above", "low"),
    };
    if let (true, Some(line)) = (firing.is_delayed(), &firing.line) {
        return format!("still {beyond} {}", price(line));
    }
    let moved = firing
        .measured_from
        .as_ref()
        .and_then(|best| change_percent(&best.price, &firing.price, 1));
    match moved {
        Some(moved) => format!("{verb} {}{THIN}% from its {from}", unsigned(&moved)),
        // From a low of zero there is no share.
        None => format!("{verb} {}{THIN}% from its {from}", amount(percent)),
    }
}

fn stepped(step: &Decimal, direction: Direction, firing: &Firing) -> String {
    let side = if direction == Direction::Down {
        "below"
    } else {
        "above"
    };
    let verb = if firing.is_delayed() {
        "still"
    } else {
        "crossed"
    };
    let line = amount(firing.line.as_ref().unwrap_or(&firing.price));
    match &firing.steps {
        Some(steps) if *steps > Decimal::from(1) => {
            let (steps, step) = (amount(steps), amount(step));
            format!("{verb} {side} {line}, {steps} steps of {step} at once")
        }
        _ => format!("{verb} {side} {line}"),
    }
}

/// Why a rule was paused: `Paused after 15 alerts within 3 min`.
pub fn paused(pause: &Pause) -> String {
    format!(
        "Paused after {} alerts within {}",
        pause.firings,
        length(pause.within_s)
    )
}

/// The second line of a notification: `70,012.60, ▲ +4.40 % in 24 hours`; for what is measured
/// from another price also that and its time. A silence has its last price and time instead.
/// `clock` writes a time for the reader's place.
pub fn body(firing: &Firing, clock: &dyn Fn(Timestamp) -> String) -> String {
    let at = |from: &Origin| format!("{} at {}", price(&from.price), clock(from.time));
    // A level with one side is measured from nothing, but for a silence.
    if let (Direction::True, Some(last)) = (firing.direction, &firing.measured_from) {
        return format!("Last {}", at(last));
    }
    let mut text = price(&firing.price);
    if let Some(from) = &firing.measured_from {
        text.push_str(", from ");
        text.push_str(&at(from));
    }
    if let Some(percent) = &firing.change_percentage_24h {
        text.push_str(", ");
        text.push_str(&change(percent));
        text.push_str(" in 24 hours");
    }
    text
}

/// The change from one price to another in percent; `None` from zero.
fn change_percent(from: &Decimal, to: &Decimal, scale: i64) -> Option<Decimal> {
    (&(to - from) * &hundred()).divide_for_display(from, scale)
}

fn range(low: &Decimal, high: &Decimal) -> String {
    format!("{} – {}", amount(low), amount(high))
}

/// A length of time in its largest whole unit: `15 min`, `90 s`, `4 h`.
fn length(seconds: u32) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

#[cfg(test)]
mod tests;
