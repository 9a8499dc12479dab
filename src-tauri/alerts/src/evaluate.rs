//! One rule at one tick: the definition that everything else is held against.

use std::time::Duration;

use tidings_model::{Decimal, Tick};

use crate::effect::{Direction, Effect, Firing, Origin};
use crate::history::{Extremes, Window};
use crate::levels::{Levels, Way, hundred};
use crate::rule::{Repeat, Rule, Side};
use crate::state::{After, Ended, Held, Phase, RuleState, Sides};

/// Judges one tick: moves the rule's state on and says what came of it, in order.
///
/// `window` is the history of the rule's symbol and answers for the ticks up to this one;
/// this one need not be in it. The tick has to be of the rule's symbol.
pub fn evaluate(
    rule: &Rule,
    state: &mut RuleState,
    tick: &Tick,
    window: &dyn Window,
) -> Vec<Effect> {
    step(&Levels::of(&rule.condition), rule, state, tick, window)
}

pub(crate) fn step(
    levels: &Levels,
    rule: &Rule,
    state: &mut RuleState,
    tick: &Tick,
    window: &dyn Window,
) -> Vec<Effect> {
    if state.ended.is_some()
        || !RuleState::counts(levels, tick)
        || state.seen.is_some_and(|seen| tick.time <= seen)
    {
        return Vec::new();
    }
    if rule.expires_at.is_some_and(|end| tick.time >= end) {
        state.ended = Some(Ended::Expired(tick.time));
        return vec![Effect::Expired];
    }
    state.seen = Some(tick.time);

    let (extremes, fired) = match levels.window() {
        Some(length) => {
            let extremes = with_tick(window.extremes(tick.time.minus(length), tick.time), tick);
            let fired = turn(levels, &mut state.phase, tick, Some(&extremes));
            (Some(extremes), fired)
        }
        None => (None, turn(levels, &mut state.phase, tick, None)),
    };
    let firing = |direction, delayed_from| Firing {
        direction,
        time: tick.time,
        price: tick.price.clone(),
        change_percentage_24h: tick.change_percentage_24h.clone(),
        measured_from: extremes.as_ref().map(|seen| origin(direction, seen)),
        delayed_from,
    };

    let pause = Duration::from_secs(u64::from(rule.cooldown_s));
    let pausing = state.notified.is_some_and(|at| tick.time < at.plus(pause));
    let told = match fired {
        Some(direction) if pausing && rule.repeat == Repeat::Every => {
            state.held = Some(Held {
                direction,
                time: tick.time,
            });
            return vec![Effect::Suppressed(firing(direction, None))];
        }
        Some(direction) => {
            state.held = None;
            firing(direction, None)
        }
        None if pausing => return Vec::new(),
        None => match state.held.take() {
            Some(held) if still_holds(levels, state.phase, held.direction, tick) => {
                firing(held.direction, Some(held.time))
            }
            _ => return Vec::new(),
        },
    };
    state.notified = Some(tick.time);
    if rule.repeat == Repeat::Once {
        state.ended = Some(Ended::Done(tick.time));
        return vec![Effect::Fired(told), Effect::Done];
    }
    vec![Effect::Fired(told)]
}

/// Moves the phase on and says whether, and which way, the condition came true.
fn turn(
    levels: &Levels,
    phase: &mut Phase,
    tick: &Tick,
    extremes: Option<&Extremes>,
) -> Option<Direction> {
    if let Levels::Line { .. } = levels {
        let (next, fired) = cross(levels, *phase, &tick.price);
        *phase = next;
        return fired;
    }
    let before = match *phase {
        Phase::Level(sides) => Some(sides),
        _ => None,
    };
    let now = level(levels, before.unwrap_or_default(), tick, extremes);
    *phase = Phase::Level(now);
    let before = before?;
    let up = now.up && !before.up;
    let down = now.down && !before.down;
    let single = matches!(levels, Levels::Change { .. } | Levels::Enters { .. });
    match (up, down) {
        (true, _) if single => Some(Direction::True),
        (true, true) => Some(Direction::Both),
        (true, false) => Some(Direction::Up),
        (false, true) => Some(Direction::Down),
        (false, false) => None,
    }
}

fn cross(levels: &Levels, phase: Phase, price: &Decimal) -> (Phase, Option<Direction>) {
    let Levels::Line {
        way,
        line,
        under,
        over,
        edge_counts,
    } = levels
    else {
        return (phase, None);
    };
    let from_below = *way != Way::Down;
    let from_above = *way != Way::Up;
    let past_under = price < under || (*edge_counts && price == under);
    let past_over = price > over || (*edge_counts && price == over);
    // Where an unarmed line stands after this price.
    let settle = |after| {
        if from_below && past_under {
            Phase::FromBelow
        } else if from_above && past_over {
            Phase::FromAbove
        } else {
            Phase::Unarmed(after)
        }
    };
    match phase {
        Phase::New | Phase::Level(_) => {
            let first = if from_below && price < line {
                Phase::FromBelow
            } else if from_above && price > line {
                Phase::FromAbove
            } else {
                Phase::Unarmed(After::Start)
            };
            (first, None)
        }
        Phase::FromBelow if price >= line => (settle(After::Up), Some(Direction::Up)),
        Phase::FromAbove if price <= line => (settle(After::Down), Some(Direction::Down)),
        Phase::FromBelow | Phase::FromAbove => (phase, None),
        Phase::Unarmed(After::Up) if *way == Way::Either && past_under => {
            (Phase::FromBelow, Some(Direction::Down))
        }
        Phase::Unarmed(After::Down) if *way == Way::Either && past_over => {
            (Phase::FromAbove, Some(Direction::Up))
        }
        Phase::Unarmed(after) => (settle(after), None),
    }
}

/// Which sides are true after this tick.
fn level(levels: &Levels, was: Sides, tick: &Tick, extremes: Option<&Extremes>) -> Sides {
    let price = &tick.price;
    let single = |up| Sides { up, down: false };
    match levels {
        Levels::Line { .. } => was,
        Levels::Moves {
            up,
            down,
            risen,
            fallen,
            ..
        } => extremes.map_or_else(Sides::default, |seen| Sides {
            up: *up && has_risen(price, &seen.lowest.price, risen),
            down: *down && has_fallen(price, &seen.highest.price, fallen),
        }),
        Levels::Change { side, on, off } => {
            let Some(change) = &tick.change_percentage_24h else {
                return was;
            };
            single(match (side, was.up) {
                (Side::Above, false) => change >= on,
                (Side::Above, true) => change >= off,
                (Side::Below, false) => change <= on,
                (Side::Below, true) => change <= off,
            })
        }
        Levels::Leaves {
            low,
            high,
            low_back,
            high_back,
        } => Sides {
            up: if was.up {
                price > high_back
            } else {
                price > high
            },
            down: if was.down {
                price < low_back
            } else {
                price < low
            },
        },
        Levels::Enters {
            low,
            high,
            low_out,
            high_out,
        } => single(if was.up {
            price >= low_out && price <= high_out
        } else {
            price >= low && price <= high
        }),
    }
}

/// Whether the price is the share above the lowest: `risen` is 100 + percent.
pub(crate) fn has_risen(price: &Decimal, lowest: &Decimal, risen: &Decimal) -> bool {
    price * &hundred() >= lowest * risen
}

/// Whether the price is the share below the highest: `fallen` is 100 − percent.
pub(crate) fn has_fallen(price: &Decimal, highest: &Decimal, fallen: &Decimal) -> bool {
    price * &hundred() <= highest * fallen
}

fn still_holds(levels: &Levels, phase: Phase, direction: Direction, tick: &Tick) -> bool {
    match (levels, phase) {
        (Levels::Line { line, .. }, _) => match direction {
            Direction::Up => tick.price >= *line,
            Direction::Down => tick.price <= *line,
            Direction::Both | Direction::True => false,
        },
        (_, Phase::Level(sides)) => match direction {
            Direction::Up | Direction::True => sides.up,
            Direction::Down => sides.down,
            Direction::Both => sides.up || sides.down,
        },
        _ => false,
    }
}

/// The window's extremes with the tick itself, which belongs to its own window.
fn with_tick(seen: Option<Extremes>, tick: &Tick) -> Extremes {
    let own = Origin {
        time: tick.time,
        price: tick.price.clone(),
    };
    match seen {
        None => Extremes {
            lowest: own.clone(),
            highest: own,
        },
        Some(seen) => Extremes {
            lowest: if own.price <= seen.lowest.price {
                own.clone()
            } else {
                seen.lowest
            },
            highest: if own.price >= seen.highest.price {
                own
            } else {
                seen.highest
            },
        },
    }
}

fn origin(direction: Direction, seen: &Extremes) -> Origin {
    match direction {
        Direction::Up | Direction::True => seen.lowest.clone(),
        // Of two moves at once, the one that took less time.
        Direction::Both if seen.lowest.time >= seen.highest.time => seen.lowest.clone(),
        Direction::Down | Direction::Both => seen.highest.clone(),
    }
}
