//! Rules, firings and distances in sentences, in the reader's language.

mod arming;
mod english;
mod german;
mod numbers;
mod sample;
#[cfg(test)]
mod tests;
mod told;

use tidings_model::{Decimal, Language, Locale, Timestamp};

use crate::effect::{Direction, Firing, Pause};
use crate::levels::hundred;
use crate::rule::{Condition, Rule};
use numbers::{THIN, signed, unsigned};

pub use arming::{Arming, arming, distance, distance_of};
pub use numbers::{amount, change, percent, price};
pub use sample::sample;
pub use told::Told;

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

/// Why a rule was paused: `Paused after 15 alerts within 3 min`.
pub fn paused(pause: &Pause, locale: &Locale) -> String {
    match locale.language {
        Language::English => english::paused(pause),
        Language::German => german::paused(pause),
    }
}

/// The second line of a notification: `70,012.60, ▲ +4.40 % in 24 hours`; for what is measured
/// from another price also that and its time. A silence has its last price and time instead.
/// `clock` writes a time for the reader's place.
pub fn body(firing: &Firing, clock: &dyn Fn(Timestamp) -> String, locale: &Locale) -> String {
    match locale.language {
        Language::English => english::body(firing, clock, locale),
        Language::German => german::body(firing, clock, locale),
    }
}

/// The change from one price to another in percent; `None` from zero.
fn change_percent(from: &Decimal, to: &Decimal, scale: i64) -> Option<Decimal> {
    (&(to - from) * &hundred()).divide_for_display(from, scale)
}

/// How far a price moved in percent; `None` where it is measured from zero and so has no share.
fn measured(firing: &Firing) -> Option<Decimal> {
    let from = firing.measured_from.as_ref()?;
    change_percent(&from.price, &firing.price, 1)
}

/// How far a price moved, signed; without a share as much as the rule asked for, unsigned.
fn moved(percent: &Decimal, firing: &Firing, locale: &Locale) -> String {
    let share =
        measured(firing).map_or_else(|| amount(percent, locale), |moved| signed(&moved, locale));
    format!("{share}{THIN}%")
}

/// The same without a sign, where words say the way.
fn moved_by(percent: &Decimal, firing: &Firing, locale: &Locale) -> String {
    let share =
        measured(firing).map_or_else(|| amount(percent, locale), |moved| unsigned(&moved, locale));
    format!("{share}{THIN}%")
}

/// Whether the line was crossed downwards.
fn fell(firing: &Firing) -> bool {
    firing.direction == Direction::Down
}

/// The step that was crossed, and how many were at once where it was more than one.
fn steps(firing: &Firing, locale: &Locale) -> (String, Option<String>) {
    let line = firing.line.as_ref().unwrap_or(&firing.price);
    let several = firing.steps.as_ref().filter(|n| **n > Decimal::from(1));
    (
        amount(line, locale),
        several.map(|steps| amount(steps, locale)),
    )
}

fn range(low: &Decimal, high: &Decimal, locale: &Locale) -> String {
    format!("{} – {}", amount(low, locale), amount(high, locale))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
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
