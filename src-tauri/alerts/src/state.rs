//! Everything about a rule that must survive a restart.

use serde::{Deserialize, Serialize};
use tidings_model::{Tick, Timestamp};

use crate::effect::Direction;
use crate::evaluate::evaluate;
use crate::history::Window;
use crate::levels::Levels;
use crate::rule::{Repeat, Rule};

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
}

/// What the next tick is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) direction: Direction,
    pub(crate) time: Timestamp,
}

/// How a rule ended, and at which tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    Done(Timestamp),
    Expired(Timestamp),
}

/// A rule's state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No tick seen yet.
    New,
    /// The next tick of the right kind fires it.
    Armed,
    /// Its condition held last, or the price is at the line: that has to end first.
    Holding,
    /// Told once, at this tick.
    Done(Timestamp),
    /// Over since this tick.
    Expired(Timestamp),
}

impl RuleState {
    /// A new rule whose first tick is the first one it gets, however old: for replays.
    pub fn new() -> Self {
        Self::default()
    }

    /// A rule made (or made new) at `at`: ticks up to then are not its own, and the latest
    /// known one, if any, is its first. `window` is the symbol's history, for moves.
    pub fn created(rule: &Rule, at: Timestamp, latest: Option<&Tick>, window: &dyn Window) -> Self {
        let mut state = Self::new();
        if let Some(tick) = latest {
            // A first tick never fires; if it expires the rule, the state says so.
            evaluate(rule, &mut state, tick, window);
        }
        state.seen = state.seen.max(Some(at));
        state
    }

    /// The state after a change of repeat, cooldown or expiry alone, made at `at`: everything
    /// is kept. A rule that had ended for a reason that no longer holds goes on; the ticks
    /// that it missed meanwhile are not its own.
    #[must_use]
    pub fn kept_for(&self, rule: &Rule, at: Timestamp) -> Self {
        let still_over = match self.ended {
            Some(Ended::Done(_)) => rule.repeat == Repeat::Once,
            Some(Ended::Expired(when)) => rule.expires_at.is_some_and(|end| end <= when),
            None => true,
        };
        let mut kept = self.clone();
        if !still_over {
            kept.ended = None;
            kept.pass(Some(at));
        }
        kept
    }

    /// In one word.
    pub fn status(&self) -> Status {
        match (self.ended, self.phase) {
            (Some(Ended::Done(at)), _) => Status::Done(at),
            (Some(Ended::Expired(at)), _) => Status::Expired(at),
            (None, Phase::New) => Status::New,
            (None, Phase::FromBelow | Phase::FromAbove) => Status::Armed,
            (None, Phase::Level(sides)) if sides == Sides::default() => Status::Armed,
            (None, Phase::Unarmed(_) | Phase::Level(_)) => Status::Holding,
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

    /// The same but for the time of the last tick, which every tick moves.
    pub(crate) fn same_but_seen(&self, other: &Self) -> bool {
        self.phase == other.phase
            && self.notified == other.notified
            && self.held == other.held
            && self.ended == other.ended
    }

    /// Takes ticks up to `mark` as judged without effect.
    pub(crate) fn pass(&mut self, mark: Option<Timestamp>) {
        if self.ended.is_none() {
            self.seen = self.seen.max(mark);
        }
    }

    /// Whether a tick's own figures decide that it is one for this rule.
    pub(crate) fn counts(levels: &Levels, tick: &Tick) -> bool {
        !levels.judges_change() || tick.change_percentage_24h.is_some()
    }
}
