//! How a tick moves each kind of condition on, and when that is a firing.

use tidings_model::{Decimal, Tick};

use crate::effect::{Direction, Origin};
use crate::history::{Extremes, Window};
use crate::levels::{Levels, Way, hundred};
use crate::rule::Side;
use crate::state::{After, Phase, Sides};
use crate::{steps, trail};

/// That a condition came true, before anything is decided about telling it.
pub(crate) struct Turned {
    pub(crate) direction: Direction,
    /// What it is measured from, where the phase has it and no window.
    pub(crate) from: Option<Origin>,
    /// The line that it came to, where the condition does not say it.
    pub(crate) line: Option<Decimal>,
    pub(crate) steps: Option<Decimal>,
}

impl Turned {
    pub(crate) fn of(direction: Direction) -> Self {
        Self {
            direction,
            from: None,
            line: None,
            steps: None,
        }
    }
}

/// Moves the phase on and says whether, and which way, the condition came true.
pub(crate) fn turn(
    levels: &Levels,
    phase: &mut Phase,
    tick: &Tick,
    window: &dyn Window,
) -> Option<Turned> {
    match levels {
        Levels::Line { .. } => {
            let (next, fired) = cross(levels, phase, &tick.price);
            *phase = next;
            fired.map(Turned::of)
        }
        Levels::Trail { side, percent } => trail::follow(*side, percent, phase, tick),
        Levels::Steps(steps) => steps::walk(steps, phase, &tick.price),
        Levels::Silence(_) => {
            match phase {
                Phase::Listening { since, .. } => *since = tick.time.max(*since),
                _ => {
                    *phase = Phase::Listening {
                        since: tick.time,
                        price: tick.price.clone(),
                    };
                }
            }
            None
        }
        Levels::Moves { .. }
        | Levels::Figure { .. }
        | Levels::Leaves { .. }
        | Levels::Enters { .. }
        | Levels::Extremes { .. }
        | Levels::All(_) => {
            let before = match phase {
                Phase::Level(sides) => Some(*sides),
                _ => None,
            };
            let now = level(levels, before.unwrap_or_default(), tick, window);
            *phase = Phase::Level(now);
            came_true(levels, before?, now).map(Turned::of)
        }
    }
}

fn came_true(levels: &Levels, before: Sides, now: Sides) -> Option<Direction> {
    let single = matches!(
        levels,
        Levels::Figure { .. } | Levels::Enters { .. } | Levels::All(_)
    );
    match (now.up && !before.up, now.down && !before.down) {
        (true, _) if single => Some(Direction::True),
        (true, true) => Some(Direction::Both),
        (true, false) => Some(Direction::Up),
        (false, true) => Some(Direction::Down),
        (false, false) => None,
    }
}

fn cross(levels: &Levels, phase: &Phase, price: &Decimal) -> (Phase, Option<Direction>) {
    let Levels::Line {
        way,
        line,
        under,
        over,
        edge_counts,
    } = levels
    else {
        return (phase.clone(), None);
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
        Phase::FromBelow if price >= line => (settle(After::Up), Some(Direction::Up)),
        Phase::FromAbove if price <= line => (settle(After::Down), Some(Direction::Down)),
        Phase::FromBelow | Phase::FromAbove => (phase.clone(), None),
        Phase::Unarmed(After::Up) if *way == Way::Either && past_under => {
            (Phase::FromBelow, Some(Direction::Down))
        }
        Phase::Unarmed(After::Down) if *way == Way::Either && past_over => {
            (Phase::FromAbove, Some(Direction::Up))
        }
        Phase::Unarmed(after) => (settle(*after), None),
        _ => {
            let first = if from_below && price < line {
                Phase::FromBelow
            } else if from_above && price > line {
                Phase::FromAbove
            } else {
                Phase::Unarmed(After::Start)
            };
            (first, None)
        }
    }
}

/// Which sides are true after this tick.
fn level(levels: &Levels, was: Sides, tick: &Tick, window: &dyn Window) -> Sides {
    let price = &tick.price;
    let single = |up| Sides { up, down: false };
    match levels {
        Levels::Figure {
            column,
            side,
            on,
            off,
        } => {
            let Some(figure) = column.of(tick) else {
                return was;
            };
            single(match (side, was.up) {
                (Side::Above, false) => figure >= on,
                (Side::Above, true) => figure >= off,
                (Side::Below, false) => figure <= on,
                (Side::Below, true) => figure <= off,
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
            low_out, high_out, ..
        } if was.up => single(price >= low_out && price <= high_out),
        Levels::Extremes {
            window: length,
            high,
            low,
            risen,
            fallen,
            edge_counts,
            ..
        } => {
            let new = bare(levels, tick, window);
            let seen = around(window, *length, tick);
            let back = |margin, bare| if *edge_counts { margin } else { bare };
            let (lowest, highest) = (&seen.lowest.price, &seen.highest.price);
            let fell = back(has_fallen(price, highest, fallen), price < highest);
            let rose = back(has_risen(price, lowest, risen), price > lowest);
            Sides {
                up: *high && (new.up || (was.up && !fell)),
                down: *low && (new.down || (was.down && !rose)),
            }
        }
        Levels::All(parts) => single(truths(parts, tick, window) == [true, true]),
        _ => bare(levels, tick, window),
    }
}

/// Which of two conditions at once are true at this tick.
pub(crate) fn truths(parts: &[Levels; 2], tick: &Tick, window: &dyn Window) -> [bool; 2] {
    let one = |part: &Levels| {
        let sides = bare(part, tick, window);
        sides.up || sides.down
    };
    [one(&parts[0]), one(&parts[1])]
}

/// Which sides are true at this tick by the bare bounds. A kind that is not true or false at a
/// tick is false.
fn bare(levels: &Levels, tick: &Tick, window: &dyn Window) -> Sides {
    let price = &tick.price;
    match levels {
        Levels::Line { way, line, .. } => Sides {
            up: *way == Way::Up && price >= line,
            down: *way == Way::Down && price <= line,
        },
        Levels::Moves {
            window: length,
            up,
            down,
            risen,
            fallen,
            ..
        } => {
            let seen = around(window, *length, tick);
            Sides {
                up: *up && has_risen(price, &seen.lowest.price, risen),
                down: *down && has_fallen(price, &seen.highest.price, fallen),
            }
        }
        Levels::Figure {
            column, side, on, ..
        } => Sides {
            up: column.of(tick).is_some_and(|figure| match side {
                Side::Above => figure >= on,
                Side::Below => figure <= on,
            }),
            down: false,
        },
        Levels::Leaves { low, high, .. } => Sides {
            up: price > high,
            down: price < low,
        },
        Levels::Enters { low, high, .. } => Sides {
            up: price >= low && price <= high,
            down: false,
        },
        Levels::Extremes {
            window: length,
            high,
            low,
            ..
        } => window
            .before(tick.time.minus(*length), tick.time)
            .map_or_else(Sides::default, |seen| Sides {
                up: *high && *price > seen.highest.price,
                down: *low && *price < seen.lowest.price,
            }),
        Levels::Trail { .. } | Levels::Steps(_) | Levels::Silence(_) | Levels::All(_) => {
            Sides::default()
        }
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

/// The window's extremes with the tick itself, which belongs to its own window.
pub(crate) fn around(window: &dyn Window, length: std::time::Duration, tick: &Tick) -> Extremes {
    let own = Origin {
        time: tick.time,
        price: tick.price.clone(),
    };
    match window.extremes(tick.time.minus(length), tick.time) {
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
