//! A rule on lines at equal distances.

use tidings_model::Decimal;

use crate::effect::Direction;
use crate::levels::Steps;
use crate::state::Phase;
use crate::turn::Turned;

/// Moves a rule on steps on.
pub(crate) fn walk(steps: &Steps, phase: &mut Phase, price: &Decimal) -> Option<Turned> {
    let Phase::Steps { up, down } = phase else {
        let below = steps.at_or_below(price);
        let above = steps.at_or_above(price);
        let on_a_line = below == above;
        let step = &Decimal::from(1);
        *phase = Phase::Steps {
            up: steps.line(&if on_a_line { &above + step } else { above }),
            down: steps.line(&if on_a_line { &below - step } else { below }),
        };
        return None;
    };
    let one = &Decimal::from(1);
    // A price that is waited for is a line, or less than a step behind the one it stands for.
    let (direction, last, crossed) = if *price >= *up {
        let last = steps.at_or_below(price);
        let first = steps.at_or_below(up);
        (Direction::Up, last.clone(), &(&last - &first) + one)
    } else if *price <= *down {
        let last = steps.at_or_above(price);
        let first = steps.at_or_above(down);
        (Direction::Down, last.clone(), &(&first - &last) + one)
    } else {
        return None;
    };
    let line = steps.line(&last);
    *phase = match direction {
        Direction::Up => Phase::Steps {
            up: steps.line(&(&last + one)),
            down: (&line - &steps.margin).normalized(),
        },
        _ => Phase::Steps {
            up: (&line + &steps.margin).normalized(),
            down: steps.line(&(&last - one)),
        },
    };
    Some(Turned {
        line: Some(line),
        steps: Some(crossed.normalized()),
        ..Turned::of(direction)
    })
}

impl Steps {
    /// The number of the last line at or below a price.
    fn at_or_below(&self, price: &Decimal) -> Decimal {
        // A step is more than nothing, or the rule is refused.
        (price - &self.base)
            .divide_floor(&self.step)
            .unwrap_or_else(Decimal::zero)
    }

    /// The number of the first line at or above a price.
    fn at_or_above(&self, price: &Decimal) -> Decimal {
        let below = (&self.base - price)
            .divide_floor(&self.step)
            .unwrap_or_else(Decimal::zero);
        &Decimal::zero() - &below
    }

    fn line(&self, number: &Decimal) -> Decimal {
        (&self.base + &(number * &self.step)).normalized()
    }
}
