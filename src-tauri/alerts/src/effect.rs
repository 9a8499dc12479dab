//! What a tick did.

use serde::{Deserialize, Serialize};
use tidings_model::{Decimal, Timestamp};

/// One outcome of a tick for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// To be told, and noted in the history.
    Fired(Firing),
    /// Noted in the history only: a cooldown is running.
    Suppressed(Firing),
    /// The rule told once and has ended.
    Done,
    /// The rule's time was over; the tick was not judged.
    Expired,
}

/// That a rule's condition came true, at one tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// Which way.
    pub direction: Direction,
    /// Time of the tick.
    pub time: Timestamp,
    /// Price of the tick.
    pub price: Decimal,
    /// The feed's change over 24 hours at the tick, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_percentage_24h: Option<Decimal>,
    /// For a move: the price it is measured from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_from: Option<Origin>,
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
