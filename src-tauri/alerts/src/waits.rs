//! What each kind of rule waits for in each of its states.

use std::time::Duration;

use tidings_model::Decimal;

use crate::index::{Lane, Trigger, When};
use crate::levels::{Levels, Way};
use crate::rule::{Side, Trail};
use crate::state::{Phase, RuleState, Sides};

/// What can change a rule.
#[derive(Debug)]
pub(crate) enum Waits {
    /// No tick, or only one from a certain time on.
    Nothing,
    /// Any tick.
    AnyTick,
    /// One of these.
    For(Vec<Trigger>),
}

/// What is known beside a rule's state. It decides how often a rule is woken in vain, never
/// whether it is woken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hint<'a> {
    /// The price that the rule stands at.
    pub(crate) price: Option<&'a Decimal>,
    /// Of two conditions at once, one that is false.
    pub(crate) open: usize,
}

/// What a rule waits for.
pub(crate) fn waits(levels: &Levels, state: &RuleState, hint: Hint<'_>) -> Waits {
    if state.has_ended() {
        return Waits::Nothing;
    }
    match (levels, &state.phase) {
        (Levels::Line { .. }, phase) => line(levels, phase),
        (Levels::Trail { side, .. }, Phase::Trail { best, trigger }) => {
            let (better, back) = match side {
                Trail::Falls => (When::MoreThan, When::AtMost),
                Trail::Rises => (When::LessThan, When::AtLeast),
            };
            Waits::For(vec![
                Trigger::price(better, &best.price),
                Trigger::price(back, trigger),
            ])
        }
        (Levels::Steps(_), Phase::Steps { up, down }) => Waits::For(vec![
            Trigger::price(When::AtLeast, up),
            Trigger::price(When::AtMost, down),
        ]),
        (Levels::Silence(_), Phase::Listening { .. }) => Waits::Nothing,
        (Levels::All(parts), Phase::Level(sides)) if sides.up => {
            let [one, other] = &**parts;
            match (
                becomes_false(one, hint.price),
                becomes_false(other, hint.price),
            ) {
                (Some(mut triggers), Some(others)) => {
                    triggers.extend(others);
                    Waits::For(triggers)
                }
                _ => Waits::AnyTick,
            }
        }
        // Both have to be true, so either of them will do to wait for.
        (Levels::All(parts), Phase::Level(_)) => {
            Waits::For(becomes_true(&parts[hint.open.min(1)], hint.price))
        }
        (_, Phase::Level(sides)) => level(levels, *sides, hint.price),
        _ => Waits::AnyTick,
    }
}

fn line(levels: &Levels, phase: &Phase) -> Waits {
    let Levels::Line {
        way,
        line,
        under,
        over,
        edge_counts,
    } = levels
    else {
        return Waits::AnyTick;
    };
    let edge = match (phase, edge_counts) {
        (Phase::FromBelow, _) => return Waits::For(vec![Trigger::price(When::AtLeast, line)]),
        (Phase::FromAbove, _) => return Waits::For(vec![Trigger::price(When::AtMost, line)]),
        (Phase::Unarmed(_), true) => (When::AtMost, When::AtLeast),
        (Phase::Unarmed(_), false) => (When::LessThan, When::MoreThan),
        _ => return Waits::AnyTick,
    };
    let mut edges = Vec::with_capacity(2);
    if *way != Way::Down {
        edges.push(Trigger::price(edge.0, under));
    }
    if *way != Way::Up {
        edges.push(Trigger::price(edge.1, over));
    }
    Waits::For(edges)
}

fn level(levels: &Levels, sides: Sides, price: Option<&Decimal>) -> Waits {
    Waits::For(match levels {
        Levels::Moves {
            window,
            up,
            down,
            percent,
            ..
        } => {
            let until = |is: bool| if is { When::LessThan } else { When::AtLeast };
            let up = up.then(|| Trigger::on(Lane::Rise(*window), until(sides.up), percent));
            let down = down.then(|| Trigger::on(Lane::Fall(*window), until(sides.down), percent));
            up.into_iter().chain(down).collect()
        }
        Levels::Figure {
            column,
            side,
            on,
            off,
        } => {
            let (when, level) = match (side, sides.up) {
                (Side::Above, false) => (When::AtLeast, on),
                (Side::Above, true) => (When::LessThan, off),
                (Side::Below, false) => (When::AtMost, on),
                (Side::Below, true) => (When::MoreThan, off),
            };
            vec![Trigger::on(Lane::Figure(*column), when, level)]
        }
        Levels::Leaves {
            low,
            high,
            low_back,
            high_back,
        } => vec![
            if sides.up {
                Trigger::price(When::AtMost, high_back)
            } else {
                Trigger::price(When::MoreThan, high)
            },
            if sides.down {
                Trigger::price(When::AtLeast, low_back)
            } else {
                Trigger::price(When::LessThan, low)
            },
        ],
        Levels::Enters {
            low_out, high_out, ..
        } if sides.up => vec![
            Trigger::price(When::LessThan, low_out),
            Trigger::price(When::MoreThan, high_out),
        ],
        Levels::Extremes {
            window,
            high,
            low,
            rearm,
            edge_counts,
            ..
        } => {
            let back = if *edge_counts {
                When::AtLeast
            } else {
                When::MoreThan
            };
            let wait = |is: bool, new: fn(Duration) -> Lane, away: fn(Duration) -> Lane| {
                if is {
                    Trigger::on(away(*window), back, rearm)
                } else {
                    Trigger::on(new(*window), When::MoreThan, &Decimal::zero())
                }
            };
            let high = high.then(|| wait(sides.up, Lane::High, Lane::Fall));
            let low = low.then(|| wait(sides.down, Lane::Low, Lane::Rise));
            high.into_iter().chain(low).collect()
        }
        _ => becomes_true(levels, price),
    })
}

/// What a condition that is false at a tick by its bare bounds needs to be true at one.
fn becomes_true(levels: &Levels, price: Option<&Decimal>) -> Vec<Trigger> {
    match levels {
        Levels::Line { way, line, .. } => match way {
            Way::Up => vec![Trigger::price(When::AtLeast, line)],
            Way::Down => vec![Trigger::price(When::AtMost, line)],
            Way::Either => Vec::new(),
        },
        Levels::Figure {
            column, side, on, ..
        } => {
            let when = match side {
                Side::Above => When::AtLeast,
                Side::Below => When::AtMost,
            };
            vec![Trigger::on(Lane::Figure(*column), when, on)]
        }
        Levels::Leaves { low, high, .. } => vec![
            Trigger::price(When::MoreThan, high),
            Trigger::price(When::LessThan, low),
        ],
        // From outside only the nearer bound matters; unknown counts as below.
        Levels::Enters { low, high, .. } => vec![match price {
            Some(price) if price > high => Trigger::price(When::AtMost, high),
            _ => Trigger::price(When::AtLeast, low),
        }],
        Levels::Moves {
            window,
            up,
            down,
            percent,
            ..
        } => {
            let up = up.then(|| Trigger::on(Lane::Rise(*window), When::AtLeast, percent));
            let down = down.then(|| Trigger::on(Lane::Fall(*window), When::AtLeast, percent));
            up.into_iter().chain(down).collect()
        }
        Levels::Extremes {
            window, high, low, ..
        } => {
            let none = Decimal::zero();
            let high = high.then(|| Trigger::on(Lane::High(*window), When::MoreThan, &none));
            let low = low.then(|| Trigger::on(Lane::Low(*window), When::MoreThan, &none));
            high.into_iter().chain(low).collect()
        }
        Levels::Trail { .. } | Levels::Steps(_) | Levels::Silence(_) | Levels::All(_) => Vec::new(),
    }
}

/// What a condition that is true at a tick by its bare bounds needs to be false at one. `None`:
/// any tick will do.
fn becomes_false(levels: &Levels, price: Option<&Decimal>) -> Option<Vec<Trigger>> {
    Some(match levels {
        Levels::Line { way, line, .. } => match way {
            Way::Up => vec![Trigger::price(When::LessThan, line)],
            Way::Down => vec![Trigger::price(When::MoreThan, line)],
            Way::Either => return None,
        },
        Levels::Figure {
            column, side, on, ..
        } => {
            let when = match side {
                Side::Above => When::LessThan,
                Side::Below => When::MoreThan,
            };
            vec![Trigger::on(Lane::Figure(*column), when, on)]
        }
        // Inside, a price is at or above the lower bound and at or below the upper one.
        Levels::Leaves { low, high, .. } => vec![match price {
            Some(price) if price > high => Trigger::price(When::AtMost, high),
            _ => Trigger::price(When::AtLeast, low),
        }],
        Levels::Enters { low, high, .. } => vec![
            Trigger::price(When::LessThan, low),
            Trigger::price(When::MoreThan, high),
        ],
        Levels::Moves {
            window,
            up,
            down,
            percent,
            ..
        } if up != down => {
            let lane = if *up { Lane::Rise } else { Lane::Fall };
            vec![Trigger::on(lane(*window), When::LessThan, percent)]
        }
        _ => return None,
    })
}
