//! A rule that follows the price at a distance.

use tidings_model::{Decimal, Tick};

use crate::effect::{Direction, Origin};
use crate::levels::{less, more};
use crate::rule::Trail;
use crate::state::Phase;
use crate::turn::Turned;

/// Moves a trailing rule on.
pub(crate) fn follow(
    side: Trail,
    percent: &Decimal,
    phase: &mut Phase,
    tick: &Tick,
) -> Option<Turned> {
    let price = &tick.price;
    let armed_here = || Phase::Trail {
        best: Origin {
            time: tick.time,
            price: price.clone(),
        },
        trigger: match side {
            Trail::Falls => less(price, percent),
            Trail::Rises => more(price, percent),
        },
    };
    let Phase::Trail { best, trigger } = phase else {
        *phase = armed_here();
        return None;
    };
    let (better, back, direction) = match side {
        Trail::Falls => (
            *price > best.price,
            *price < best.price && price <= trigger,
            Direction::Down,
        ),
        Trail::Rises => (
            *price < best.price,
            *price > best.price && price >= trigger,
            Direction::Up,
        ),
    };
    if !better && !back {
        return None;
    }
    let turned = back.then(|| Turned {
        from: Some(best.clone()),
        line: Some(trigger.clone()),
        ..Turned::of(direction)
    });
    *phase = armed_here();
    turned
}
