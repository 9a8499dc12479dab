//! Which rules a tick can change: sorted sets of the next level of each.
//!
//! A rule in a given state stays as it is until the price (or a figure, or a window's extreme)
//! gets past one of a few levels, or a time comes. Those are its triggers. A tick then looks only
//! at the near end of each sorted set, however many rules wait further away.
//!
//! Triggers may wake a rule too often, never too seldom: the waking tick is judged by
//! `evaluate` like any other, and a rule that sleeps would have been left unchanged by it.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::time::Duration;

use tidings_model::{Decimal, RuleId, Timestamp};

use crate::columns::Column;
use crate::evaluate::{cooldown, next_moment};
use crate::levels::Levels;
use crate::rule::Rule;
use crate::state::RuleState;

/// What a level is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Price,
    /// One of the feed's figures.
    Figure(Column),
    /// The rise over the lowest price of a window, in percent.
    Rise(Duration),
    /// The fall from the highest price of a window, in percent.
    Fall(Duration),
    /// The price above all others of a window; the level means nothing.
    High(Duration),
    /// The price below all others of a window; the level means nothing.
    Low(Duration),
}

/// How the value has to stand to the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
}

impl When {
    /// Whether a value that compares like this with a level stands to it as asked.
    pub(crate) fn holds(self, value_to_level: Ordering) -> bool {
        match self {
            Self::AtLeast => value_to_level.is_ge(),
            Self::MoreThan => value_to_level.is_gt(),
            Self::AtMost => value_to_level.is_le(),
            Self::LessThan => value_to_level.is_lt(),
        }
    }
}

/// What wakes a rule.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) lane: Lane,
    pub(crate) when: When,
    pub(crate) level: Decimal,
}

impl Trigger {
    pub(crate) fn on(lane: Lane, when: When, level: &Decimal) -> Self {
        Self {
            lane,
            when,
            level: level.clone(),
        }
    }

    pub(crate) fn price(when: When, level: &Decimal) -> Self {
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

/// The time from which any tick can change the rule: its expiry, the end of a cooldown that held
/// something back, the end of a silence.
pub(crate) fn due(levels: &Levels, rule: &Rule, state: &RuleState) -> Option<Timestamp> {
    if state.has_ended() {
        return None;
    }
    let late = state
        .held
        .as_ref()
        .and(state.notified)
        .map(|notified| notified.plus(cooldown(rule)));
    let times = late.into_iter().chain(rule.expires_at);
    times.chain(timer(levels, rule, state)).min()
}

/// The moment at which time alone changes the rule.
pub(crate) fn timer(levels: &Levels, rule: &Rule, state: &RuleState) -> Option<Timestamp> {
    match levels {
        Levels::Silence(after) => next_moment(*after, rule, state),
        _ => None,
    }
}
