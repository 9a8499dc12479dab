//! Everything about a rule that must survive a restart.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_model::{Decimal, Tick, Timestamp};

use crate::effect::{Direction, Origin, Pause};
use crate::evaluate::evaluate;
use crate::history::Window;
use crate::pause;
use crate::rule::{Condition, Repeat, Rule};

/// Where a rule stands. To be kept with the rule and given back unread.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleState {
    /// Ticks up to this time are behind the rule: judged, or from before it was made.
    pub(crate) seen: Option<Timestamp>,
    pub(crate) phase: Phase,
    /// The tick of the last notified firing; a cooldown counts from it.
    pub(crate) notified: Option<Timestamp>,
    /// The last firing that a running cooldown held back.
    pub(crate) held: Option<Held>,
    pub(crate) ended: Option<Ended>,
    /// Firings before this time are not told at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) snoozed: Option<Timestamp>,
    /// The last notified firings, as far as they may pause the rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recent: Vec<Timestamp>,
    /// When the user switched the rule off. Switched on again it is new, and has a new state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) off: Option<Timestamp>,
}

/// What the next tick is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// The next tick is the first.
    #[default]
    New,
    /// A line, seen from below.
    FromBelow,
    /// A line, seen from above.
    FromAbove,
    /// A line that has to be left first.
    Unarmed(After),
    /// A level, by its sides; one with a single side uses `up`.
    Level(Sides),
    /// The best price since the rule was armed, and where it fires.
    Trail { best: Origin, trigger: Decimal },
    /// Between two prices, each of which fires.
    Steps { up: Decimal, down: Decimal },
    /// A silence is counted from `since`.
    Listening {
        since: Timestamp,
        /// The price known when the count began anew, in case the history has none.
        price: Decimal,
    },
    /// The silence was told, or was there from the start; the next tick ends it.
    Silent {
        /// The last price known when it began.
        price: Decimal,
        /// Nothing more is told of it before this time.
        from: Timestamp,
    },
}

/// What unarmed a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum After {
    /// The first tick was at the line, or already past it.
    Start,
    Up,
    Down,
}

/// Which sides of a level are true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Sides {
    pub(crate) up: bool,
    pub(crate) down: bool,
}

/// A firing that was not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) direction: Direction,
    pub(crate) time: Timestamp,
    /// The line it fired at, where the condition does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<Decimal>,
}

/// How a rule ended, and at which tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    Done(Timestamp),
    Expired(Timestamp),
    Paused(Pause),
}

/// A rule's state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No tick seen yet.
    New,
    /// The next tick of the right kind, or the next silence, fires it.
    Armed,
    /// Its condition held last, or the price is at the line: that has to end first.
    Holding,
    /// Told once, at this tick.
    Done(Timestamp),
    /// Over since this tick.
    Expired(Timestamp),
    /// Fired too often.
    Paused(Pause),
}

/// The prices at which a rule fires, as far as its state has worked them out itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitsFor<'a> {
    /// This price or less.
    pub below: Option<&'a Decimal>,
    /// This price or more.
    pub above: Option<&'a Decimal>,
}

impl RuleState {
    /// A new rule whose first tick is the first one it gets, however old: for replays.
    pub fn new() -> Self {
        Self::default()
    }

    /// A rule made (or made new) at `at`: ticks up to then are not its own, and the latest
    /// known one, if any, is its first. `window` is the symbol's history, as far as the
    /// condition looks back.
    pub fn created(rule: &Rule, at: Timestamp, latest: Option<&Tick>, window: &dyn Window) -> Self {
        let mut state = Self::new();
        if let Some(tick) = latest {
            // A first tick never fires; if it expires the rule, the state says so.
            evaluate(rule, &mut state, tick, window);
        }
        if let (Condition::Stale { after_s }, Phase::Listening { since, price }) =
            (&rule.condition, &state.phase)
            && since.plus(Duration::from_secs(u64::from(*after_s))) <= at
        {
            state.phase = Phase::Silent {
                price: price.clone(),
                from: at,
            };
        }
        state.seen = state.seen.max(Some(at));
        state
    }

    /// The state after a change of repeat, cooldown, expiry or tags alone, made at `at`:
    /// everything is kept. A rule that had ended for a reason that no longer holds goes on; the
    /// ticks that it missed meanwhile are not its own.
    #[must_use]
    pub fn kept_for(&self, rule: &Rule, at: Timestamp) -> Self {
        let still_over = match self.ended {
            Some(Ended::Done(_)) => rule.repeat == Repeat::Once,
            Some(Ended::Expired(when)) => rule.expires_at.is_some_and(|end| end <= when),
            Some(Ended::Paused(_)) => pause::is_possible(rule),
            None => true,
        };
        let mut kept = self.clone();
        if !still_over {
            kept.ended = None;
            kept.pass(Some(at));
        }
        if let Phase::Silent { price, from } = &mut kept.phase {
            if still_over {
                *from = at.max(*from);
            } else {
                // Ticks may have come meanwhile.
                kept.phase = Phase::Listening {
                    since: at,
                    price: price.clone(),
                };
            }
        }
        kept
    }

    /// Snoozes the rule: firings before `until` are not told at once. `None` ends a snooze.
    pub fn snooze(&mut self, until: Option<Timestamp>) {
        self.snoozed = until;
    }

    /// Notes that the rule is switched off. No tick reaches it from then on.
    pub fn switch_off(&mut self, at: Timestamp) {
        self.off = Some(at);
    }

    /// When the rule was switched off; none of one that is on, or that was switched off before
    /// this was noted.
    pub fn off_since(&self) -> Option<Timestamp> {
        self.off
    }

    /// Until when the rule is snoozed, or was.
    pub fn snoozed_until(&self) -> Option<Timestamp> {
        self.snoozed
    }

    /// Prices before `until` are not known: a silence is counted from there at the earliest.
    /// To be saved if it says that something changed.
    pub fn gap(&mut self, until: Timestamp) -> bool {
        match &mut self.phase {
            Phase::Listening { since, .. } if *since < until && self.ended.is_none() => {
                *since = until;
                true
            }
            _ => false,
        }
    }

    /// In one word.
    pub fn status(&self) -> Status {
        if let Some(ended) = self.ended {
            return match ended {
                Ended::Done(at) => Status::Done(at),
                Ended::Expired(at) => Status::Expired(at),
                Ended::Paused(pause) => Status::Paused(pause),
            };
        }
        match &self.phase {
            Phase::New => Status::New,
            Phase::Level(sides) if *sides == Sides::default() => Status::Armed,
            Phase::FromBelow
            | Phase::FromAbove
            | Phase::Trail { .. }
            | Phase::Steps { .. }
            | Phase::Listening { .. } => Status::Armed,
            Phase::Unarmed(_) | Phase::Level(_) | Phase::Silent { .. } => Status::Holding,
        }
    }

    /// The prices that the rule waits for now: a trailing rule's trigger, the next steps. Other
    /// kinds have them in their condition.
    pub fn waits_for(&self) -> WaitsFor<'_> {
        if self.ended.is_some() {
            return WaitsFor::default();
        }
        match &self.phase {
            Phase::Trail { best, trigger } if *trigger > best.price => WaitsFor {
                above: Some(trigger),
                below: None,
            },
            Phase::Trail { best, trigger } if *trigger < best.price => WaitsFor {
                above: None,
                below: Some(trigger),
            },
            Phase::Steps { up, down } => WaitsFor {
                above: Some(up),
                below: Some(down),
            },
            _ => WaitsFor::default(),
        }
    }

    /// Whether the rule told once and is done.
    pub fn is_done(&self) -> bool {
        matches!(self.ended, Some(Ended::Done(_)))
    }

    /// Whether the rule's time is over.
    pub fn is_expired(&self) -> bool {
        matches!(self.ended, Some(Ended::Expired(_)))
    }

    /// Why the rule was paused, if it was.
    pub fn pause(&self) -> Option<Pause> {
        match self.ended {
            Some(Ended::Paused(pause)) => Some(pause),
            _ => None,
        }
    }

    /// Whether no tick can change it any more.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether it has had its first tick.
    pub fn has_started(&self) -> bool {
        self.phase != Phase::New
    }

    /// Tick of the last notified firing.
    pub fn last_notified(&self) -> Option<Timestamp> {
        self.notified
    }

    /// Ticks up to this time are behind the rule.
    pub fn seen_until(&self) -> Option<Timestamp> {
        self.seen
    }

    /// Whether it differs by the best price of a trailing rule alone.
    pub(crate) fn only_followed(&self, before: &Self) -> bool {
        matches!(
            (&self.phase, &before.phase),
            (Phase::Trail { .. }, Phase::Trail { .. })
        ) && self.same_but_phase(before)
    }

    /// The same but for the time of the last tick, which every tick moves.
    pub(crate) fn same_but_seen(&self, other: &Self) -> bool {
        let same_phase = match (&self.phase, &other.phase) {
            (Phase::Listening { price: one, .. }, Phase::Listening { price: two, .. }) => {
                one == two
            }
            (one, two) => one == two,
        };
        same_phase && self.same_but_phase(other)
    }

    fn same_but_phase(&self, other: &Self) -> bool {
        self.notified == other.notified
            && self.held == other.held
            && self.ended == other.ended
            && self.snoozed == other.snoozed
            && self.recent == other.recent
    }

    /// Takes ticks up to `mark` as judged without effect.
    pub(crate) fn pass(&mut self, mark: Option<Timestamp>) {
        let Some(mark) = mark else { return };
        if self.ended.is_some() || self.seen.is_some_and(|seen| seen >= mark) {
            return;
        }
        self.seen = Some(mark);
        if let Phase::Listening { since, .. } = &mut self.phase {
            *since = mark.max(*since);
        }
    }
}
