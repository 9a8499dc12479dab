//! Which rules a tick can change: sorted sets of the next level of each.
//!
//! A rule in a given state stays as it is until the price (or the change, or the move) gets
//! past one of at most two levels, or a time comes. Those are its triggers. A tick then looks
//! only at the near end of each sorted set, however many rules wait further away.
//!
//! Triggers may wake a rule too often, never too seldom: the waking tick is judged by
//! `evaluate` like any other, and a rule that sleeps would have been left unchanged by it.

use std::collections::BTreeSet;
use std::time::Duration;

use tidings_model::{Decimal, RuleId, Timestamp};

use crate::levels::{Levels, Way};
use crate::rule::{Rule, Side};
use crate::state::{Phase, RuleState, Sides};

/// What a level is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Price,
    /// The feed's change over 24 hours.
    Change,
    /// The rise over the lowest price of a window, in percent.
    Rise(Duration),
    /// The fall from the highest price of a window, in percent.
    Fall(Duration),
}

/// How the value has to stand to the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
}

/// What wakes a rule.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) lane: Lane,
    pub(crate) when: When,
    pub(crate) level: Decimal,
}

impl Trigger {
    fn on(lane: Lane, when: When, level: &Decimal) -> Self {
        Self {
            lane,
            when,
            level: level.clone(),
        }
    }

    fn price(when: When, level: &Decimal) -> Self {
        Self::on(Lane::Price, when, level)
    }
}

/// The levels that rules wait for on one lane.
#[derive(Debug, Default)]
pub(crate) struct Levelled {
    at_least: BTreeSet<(Decimal, RuleId)>,
    more_than: BTreeSet<(Decimal, RuleId)>,
    at_most: BTreeSet<(Decimal, RuleId)>,
    less_than: BTreeSet<(Decimal, RuleId)>,
}

impl Levelled {
    pub(crate) fn add(&mut self, when: When, level: Decimal, id: RuleId) {
        self.set(when).insert((level, id));
    }

    pub(crate) fn remove(&mut self, when: When, level: &Decimal, id: RuleId) {
        self.set(when).remove(&(level.clone(), id));
    }

    /// Collects the rules whose level is met. `meets` tells whether the value stands to a
    /// level as asked, and is monotone in the level.
    pub(crate) fn wake(&self, woken: &mut Vec<RuleId>, meets: impl Fn(When, &Decimal) -> bool) {
        for (when, set) in [
            (When::AtLeast, &self.at_least),
            (When::MoreThan, &self.more_than),
        ] {
            let met = set.iter().take_while(|(level, _)| meets(when, level));
            woken.extend(met.map(|(_, id)| *id));
        }
        for (when, set) in [
            (When::AtMost, &self.at_most),
            (When::LessThan, &self.less_than),
        ] {
            let met = set.iter().rev().take_while(|(level, _)| meets(when, level));
            woken.extend(met.map(|(_, id)| *id));
        }
    }

    fn set(&mut self, when: When) -> &mut BTreeSet<(Decimal, RuleId)> {
        match when {
            When::AtLeast => &mut self.at_least,
            When::MoreThan => &mut self.more_than,
            When::AtMost => &mut self.at_most,
            When::LessThan => &mut self.less_than,
        }
    }
}

/// How `value` stands to `level`, for lanes whose value is a number at hand.
pub(crate) fn meets(value: &Decimal, when: When, level: &Decimal) -> bool {
    match when {
        When::AtLeast => value >= level,
        When::MoreThan => value > level,
        When::AtMost => value <= level,
        When::LessThan => value < level,
    }
}

/// The levels that can change a rule, given the price it stands at. None means: any tick can.
pub(crate) fn triggers(
    levels: &Levels,
    state: &RuleState,
    price: Option<&Decimal>,
) -> Vec<Trigger> {
    if state.has_ended() {
        return Vec::new();
    }
    match (levels, state.phase) {
        (
            Levels::Line {
                way,
                line,
                under,
                over,
                edge_counts,
            },
            phase,
        ) => {
            let edge = match (phase, edge_counts) {
                (Phase::FromBelow, _) => return vec![Trigger::price(When::AtLeast, line)],
                (Phase::FromAbove, _) => return vec![Trigger::price(When::AtMost, line)],
                (Phase::Unarmed(_), true) => (When::AtMost, When::AtLeast),
                (Phase::Unarmed(_), false) => (When::LessThan, When::MoreThan),
                (Phase::New | Phase::Level(_), _) => return Vec::new(),
            };
            let mut edges = Vec::with_capacity(2);
            if *way != Way::Down {
                edges.push(Trigger::price(edge.0, under));
            }
            if *way != Way::Up {
                edges.push(Trigger::price(edge.1, over));
            }
            edges
        }
        (_, Phase::Level(sides)) => level_triggers(levels, sides, price),
        (_, Phase::New | Phase::FromBelow | Phase::FromAbove | Phase::Unarmed(_)) => Vec::new(),
    }
}

fn level_triggers(levels: &Levels, sides: Sides, price: Option<&Decimal>) -> Vec<Trigger> {
    match levels {
        Levels::Line { .. } => Vec::new(),
        Levels::Moves {
            window,
            up,
            down,
            percent,
            ..
        } => {
            let until = |is: bool| if is { When::LessThan } else { When::AtLeast };
            let mut both = Vec::with_capacity(2);
            if *up {
                both.push(Trigger::on(Lane::Rise(*window), until(sides.up), percent));
            }
            if *down {
                both.push(Trigger::on(Lane::Fall(*window), until(sides.down), percent));
            }
            both
        }
        Levels::Change { side, on, off } => {
            let (when, level) = match (side, sides.up) {
                (Side::Above, false) => (When::AtLeast, on),
                (Side::Above, true) => (When::LessThan, off),
                (Side::Below, false) => (When::AtMost, on),
                (Side::Below, true) => (When::MoreThan, off),
            };
            vec![Trigger::on(Lane::Change, when, level)]
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
        // From outside only the nearer bound matters; unknown counts as below.
        Levels::Enters { low, high, .. } => vec![match price {
            Some(price) if price > high => Trigger::price(When::AtMost, high),
            _ => Trigger::price(When::AtLeast, low),
        }],
    }
}

/// The time from which any tick can change the rule: its expiry, or the end of a cooldown
/// that held something back.
pub(crate) fn due(rule: &Rule, state: &RuleState) -> Option<Timestamp> {
    if state.has_ended() {
        return None;
    }
    let pause = Duration::from_secs(u64::from(rule.cooldown_s));
    let late = state
        .held
        .and(state.notified)
        .map(|notified| notified.plus(pause));
    match (late, rule.expires_at) {
        (Some(late), Some(end)) => Some(late.min(end)),
        (late, end) => late.or(end),
    }
}
