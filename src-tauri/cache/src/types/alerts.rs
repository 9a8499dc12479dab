//! Alert rules and firings as the cache keeps them. What a rule means is not its business.

use tidings_model::{Decimal, Json, Quote, RuleId, Symbol, Timestamp};

/// A price alert rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRule {
    /// Its id.
    pub id: RuleId,
    /// What it watches.
    pub symbol: Symbol,
    /// The rule itself.
    pub definition: Json,
    /// What evaluation remembers.
    pub state: Json,
    /// Whether it is judged.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What became of a firing's notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FiringMark {
    /// Shown (or about to be, while pending).
    Notified,
    /// Not shown: the rule's repeat limit.
    Suppressed,
    /// Not shown: alerts were muted, or notifications off.
    Held,
    /// Held back until the end of the quiet hours, and told then; told while not pending.
    Quiet,
    /// The desktop did not take it.
    Unshown,
    /// Crossed while the program was not running; listed, not shown one by one.
    Away,
}

impl FiringMark {
    /// The word kept in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notified => "notified",
            Self::Suppressed => "suppressed",
            Self::Held => "held",
            Self::Quiet => "quiet",
            Self::Unshown => "unshown",
            Self::Away => "away",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "suppressed" => Self::Suppressed,
            "held" => Self::Held,
            "quiet" => Self::Quiet,
            "unshown" => Self::Unshown,
            "away" => Self::Away,
            _ => Self::Notified,
        }
    }
}

/// Identifies a firing; later ones have greater ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiringId(pub(crate) i64);

impl FiringId {
    /// The number, for the contract.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// From a number that [`Self::as_i64`] gave out.
    pub const fn from_i64(id: i64) -> Self {
        Self(id)
    }
}

/// A firing to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFiring {
    /// The rule that fired.
    pub rule: RuleId,
    /// What it watches.
    pub symbol: Symbol,
    /// The sentence shown.
    pub sentence: String,
    /// The price that fired it.
    pub price: Decimal,
    /// When that price held, by its source.
    pub source_time: Timestamp,
    /// When it fired here.
    pub fired_at: Timestamp,
    /// What becomes of its notification.
    pub mark: FiringMark,
    /// A notification has still to be shown.
    pub pending: bool,
}

/// A firing as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Its id.
    pub id: FiringId,
    /// What was recorded; `pending` as it stands now.
    pub firing: NewFiring,
}

/// The outcome of judging ticks, recorded in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// New states of rules.
    pub states: Vec<(RuleId, Json)>,
    /// Up to when each symbol was judged.
    pub evaluated_to: Vec<(Symbol, Timestamp)>,
    /// The quotes judged, to be kept as latest price and history.
    pub quotes: Vec<Quote>,
    /// What fired.
    pub firings: Vec<NewFiring>,
}
