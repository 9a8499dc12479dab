//! What a tick did.

use serde::{Deserialize, Serialize};
use tidings_model::{Decimal, Timestamp};

/// One outcome of a tick for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// To be told, and noted in the history.
    Fired(Firing),
    /// To be noted now and told when the rule's snooze ends. A firing in every other respect.
    Snoozed(Firing),
    /// Noted in the history only: a cooldown is running.
    Suppressed(Firing),
    /// The rule told once and has ended.
    Done,
    /// The rule's time was over; the tick was not judged.
    Expired,
    /// The rule fired too often and has ended until it is switched on again.
    Paused(Pause),
}

/// Why and when a rule was paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The time of the last firing.
    pub at: Timestamp,
    /// So many firings,
    pub firings: u32,
    /// in less than so many seconds.
    pub within_s: u32,
}

/// That a rule's condition came true, at one tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// Which way.
    pub direction: Direction,
    /// Time of the tick, or the moment at which a silence was long enough.
    pub time: Timestamp,
    /// Price of the tick; of a silence, the last one known.
    pub price: Decimal,
    /// The feed's change over 24 hours at the tick, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_percentage_24h: Option<Decimal>,
    /// The price it is measured from: the far end of a move, the extreme that a new one takes the
    /// place of, the best price of a trailing rule, the last price before a silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_from: Option<Origin>,
    /// The line that the rule had worked out itself: the last step crossed, the trigger of a
    /// trailing rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Decimal>,
    /// How many steps were crossed at once: a whole number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Decimal>,
    /// Set when this tells late what a cooldown held back: when that happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delayed_from: Option<Timestamp>,
}

impl Firing {
    /// Whether this tells late what a cooldown held back ("still below 0.99").
    pub fn is_delayed(&self) -> bool {
        self.delayed_from.is_some()
    }
}

/// Which way a rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up to a line, up by a share, or out over the upper bound.
    Up,
    /// Down to a line, down by a share, or out under the lower bound.
    Down,
    /// A move up and a move down at once.
    Both,
    /// A level with only one side came true.
    True,
}

/// A price that a move is measured from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// When it held.
    pub time: Timestamp,
    /// The price.
    pub price: Decimal,
}
