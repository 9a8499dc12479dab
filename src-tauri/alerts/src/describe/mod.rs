//! Rules, firings and distances in sentences.

mod numbers;

use tidings_model::{Decimal, Tick, Timestamp};

use crate::effect::{Direction, Firing};
use crate::evaluate::evaluate;
use crate::history::Window;
use crate::levels::{hundred, less, more};
use crate::rule::{Condition, Move, Rule, Side};
use crate::state::{RuleState, Status};
use numbers::{THIN, signed};

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
            let side = match side {
                Side::Above => "above",
                Side::Below => "below",
            };
            format!("24 h change {side} {}{THIN}%", signed(percent))
        }
        Condition::LeavesRange { low, high, .. } => format!("Leaves {}", range(low, high)),
        Condition::EntersRange { low, high, .. } => format!("Enters {}", range(low, high)),
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
            let side = match side {
                Side::Above => "above",
                Side::Below => "below",
            };
            let verb = if late { "is still" } else { "went" };
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
    }
}

/// The second line of a notification: `70,012.60, ▲ +4.40 % in 24 hours`; for a move also the
/// price and time it is measured from. `clock` writes a time for the reader's place.
pub fn body(firing: &Firing, clock: &dyn Fn(Timestamp) -> String) -> String {
    let mut text = price(&firing.price);
    if let Some(from) = &firing.measured_from {
        text.push_str(", from ");
        text.push_str(&price(&from.price));
        text.push_str(" at ");
        text.push_str(&clock(from.time));
    }
    if let Some(percent) = &firing.change_percentage_24h {
        text.push_str(", ");
        text.push_str(&change(percent));
        text.push_str(" in 24 hours");
    }
    text
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
        Status::New | Status::Done(_) | Status::Expired(_) => return None,
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
        (condition, false) => waiting(condition, &latest.price),
        (_, true) => "Not true now: armed at once".to_owned(),
    };
    Some(Arming { at_once, sentence })
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::effect::Origin;
    use crate::history::History;
    use crate::rule::Rule;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn rule(condition: &str) -> Rule {
        let json = format!(r#"{{"symbol":"BTC","condition":{condition}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    fn tick(price: &str, change: Option<&str>) -> Tick {
        Tick {
            time: Timestamp::from_millis(0),
            price: d(price),
            change_percentage_24h: change.map(d),
        }
    }

    fn firing(direction: Direction, price: &str) -> Firing {
        Firing {
            direction,
            time: Timestamp::from_millis(60_000),
            price: d(price),
            change_percentage_24h: Some(d("4.4")),
            measured_from: None,
            delayed_from: None,
        }
    }

    fn clock(time: Timestamp) -> String {
        format!("minute {}", time.as_millis() / 60_000)
    }

    const ABOVE: &str = r#"{"kind":"above","price":"70000","rearm_percent":"0.1"}"#;
    const PEG: &str = r#"{"kind":"leaves_range","low":"0.995","high":"1.0050"}"#;
    const MOVES: &str = r#"{"kind":"moves","percent":"2","window_s":900,"direction":"either"}"#;

    #[test]
    fn each_kind_has_its_sentence() {
        for (condition, expected) in [
            (ABOVE, "Crosses above 70,000"),
            (
                r#"{"kind":"below","price":"66500.50"}"#,
                "Crosses below 66,500.5",
            ),
            (
                r#"{"kind":"crosses","price":"68000"}"#,
                "Crosses 68,000 either way",
            ),
            (MOVES, "Moves 2\u{202f}% within 15 min"),
            (
                r#"{"kind":"moves","percent":"2.5","window_s":90,"direction":"up"}"#,
                "Rises 2.5\u{202f}% within 90 s",
            ),
            (
                r#"{"kind":"moves","percent":"5","window_s":14400,"direction":"down"}"#,
                "Falls 5\u{202f}% within 4 h",
            ),
            (
                r#"{"kind":"change_24h","side":"above","percent":"5"}"#,
                "24 h change above +5\u{202f}%",
            ),
            (
                r#"{"kind":"change_24h","side":"below","percent":"-5"}"#,
                "24 h change below \u{2212}5\u{202f}%",
            ),
            (PEG, "Leaves 0.995 – 1.005"),
            (
                r#"{"kind":"enters_range","low":"0.995","high":"1.005"}"#,
                "Enters 0.995 – 1.005",
            ),
        ] {
            assert_eq!(sentence(&rule(condition).condition), expected);
        }
    }

    #[test]
    fn a_notification_has_the_line_crossed_and_the_price() {
        let fired = firing(Direction::Up, "70012.6");
        assert_eq!(title(&rule(ABOVE), &fired), "BTC crossed above 70,000");
        assert_eq!(
            body(&fired, &clock),
            "70,012.60, ▲ +4.40\u{202f}% in 24 hours"
        );
    }

    #[test]
    fn what_is_told_late_says_still() {
        let late = |direction| Firing {
            delayed_from: Some(Timestamp::from_millis(0)),
            ..firing(direction, "1")
        };
        let below = rule(r#"{"kind":"below","price":"0.99"}"#);
        assert_eq!(
            title(&below, &late(Direction::Down)),
            "BTC still below 0.99"
        );
        assert_eq!(
            title(&rule(PEG), &late(Direction::Up)),
            "BTC still outside 0.995 – 1.005"
        );
    }

    #[test]
    fn a_move_names_what_it_is_measured_from() {
        let fell = Firing {
            measured_from: Some(Origin {
                time: Timestamp::from_millis(0),
                price: d("100"),
            }),
            change_percentage_24h: None,
            ..firing(Direction::Down, "94")
        };
        assert_eq!(title(&rule(MOVES), &fell), "BTC moved \u{2212}6.0\u{202f}%");
        assert_eq!(body(&fell, &clock), "94.00, from 100.00 at minute 0");
    }

    #[test]
    fn a_rule_says_whether_it_is_armed_at_once() {
        let none = History::new();
        let said = |condition: &str, price: &str| {
            let arming = arming(&rule(condition), &tick(price, Some("6")), &none).unwrap();
            (arming.at_once, arming.sentence)
        };
        let yes = |text: &str| (true, text.to_owned());
        let no = |text: &str| (false, text.to_owned());
        assert_eq!(said(ABOVE, "67893"), yes("Below the line: armed at once"));
        assert_eq!(
            said(ABOVE, "71000"),
            no("Already above 70,000. Fires after a fall to 69,930 and a new rise.")
        );
        assert_eq!(
            said(ABOVE, "70000.0"),
            no("Already at 70,000. Fires after a fall to 69,930 and a new rise.")
        );
        let strict = r#"{"kind":"below","price":"100","rearm_percent":"0"}"#;
        assert_eq!(said(strict, "100.01"), yes("Above the line: armed at once"));
        assert_eq!(
            said(strict, "99"),
            no("Already below 100. Fires after a rise above 100 and a new fall.")
        );
        let crosses = r#"{"kind":"crosses","price":"100","rearm_percent":"1"}"#;
        assert_eq!(said(crosses, "101"), yes("Above the line: armed at once"));
        assert_eq!(
            said(crosses, "100"),
            no("At 100. Armed after a fall to 99 or a rise to 101.")
        );
        let change = r#"{"kind":"change_24h","side":"above","percent":"5"}"#;
        assert_eq!(
            said(change, "1"),
            no("True right now. Fires the next time it becomes true.")
        );
        assert_eq!(said(MOVES, "1"), yes("Not true now: armed at once"));
        assert_eq!(arming(&rule(change), &tick("1", None), &none), None);
    }

    #[test]
    fn distance_is_what_the_price_still_has_to_go() {
        let far = |condition: &str, price: &str| {
            distance(&rule(condition).condition, &d(price)).map(|far| percent(&far))
        };
        assert_eq!(far(ABOVE, "67893.4").unwrap(), "+3.1\u{202f}%");
        assert_eq!(far(ABOVE, "71500").unwrap(), "\u{2212}2.1\u{202f}%");
        assert_eq!(far(PEG, "1.004").unwrap(), "+0.1\u{202f}%");
        assert_eq!(far(PEG, "0.99"), None);
        assert_eq!(far(MOVES, "1"), None);
        assert_eq!(far(ABOVE, "0"), None);
    }
}
