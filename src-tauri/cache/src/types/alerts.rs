//! Alert rules and firings as the cache keeps them. What a rule means is not its business.

use std::sync::Arc;

use tidings_model::{Decimal, Json, Quote, RuleId, Symbol, Timestamp};

use super::prices::PriceGap;

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
    /// It fires and is noted, and tells nothing.
    pub muted: bool,
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
    /// Held back until the end of the quiet hours, and told then; told while not pending.
    Quiet,
    /// The desktop did not take it.
    Unshown,
    /// Crossed while the program was not running; listed, not shown one by one.
    Away,
    /// The rule was snoozed: shown when that ends, and pending until then.
    Snoozed,
    /// Not shown: the rule is muted, alerts were, or notifications are switched off.
    Muted,
    /// Shown, and the last: the rule fired too often and was paused.
    Paused,
}

impl FiringMark {
    /// The word kept in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notified => "notified",
            Self::Suppressed => "suppressed",
            Self::Quiet => "quiet",
            Self::Unshown => "unshown",
            Self::Away => "away",
            Self::Snoozed => "snoozed",
            Self::Muted => "muted",
            Self::Paused => "paused",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "suppressed" => Self::Suppressed,
            "quiet" => Self::Quiet,
            "unshown" => Self::Unshown,
            "away" => Self::Away,
            "snoozed" => Self::Snoozed,
            // The first versions had another word.
            "held" | "muted" => Self::Muted,
            "paused" => Self::Paused,
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
    /// The rule's condition as it was; `None` of a firing that an older version recorded.
    pub condition: Option<Json>,
    /// The stretch that ended with this price, of which no prices are known: somewhere in it the
    /// condition may have come true before.
    pub unknown: Option<PriceGap>,
    /// The user's own text below it, filled in; `None` where nobody wrote one.
    pub message: Option<String>,
    /// The price that fired it.
    pub price: Decimal,
    /// When that price held, by its source.
    pub source_time: Timestamp,
    /// When it fired here.
    pub fired_at: Timestamp,
    /// Nobody listened when that price held: it was found later.
    pub away: bool,
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

/// Up to when the ticks of a symbol were judged: of all, and of those that carry a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JudgedTo {
    /// The last tick.
    pub price: Option<Timestamp>,
    /// The last one with a change over 24 hours.
    pub change: Option<Timestamp>,
    /// The last one with a volume.
    pub volume: Option<Timestamp>,
    /// The last one with a market cap.
    pub market_cap: Option<Timestamp>,
}

/// The outcome of judging ticks, recorded in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// New states of rules.
    pub states: Vec<(RuleId, Json)>,
    /// New states of rules that did no more than follow the price: kept, and not told as a change
    /// of rules.
    pub followed: Vec<(RuleId, Json)>,
    /// Up to when each symbol was judged.
    pub judged_to: Vec<(Symbol, JudgedTo)>,
    /// The quotes judged, to be kept as latest price and history.
    pub quotes: Vec<Arc<Quote>>,
    /// What fired.
    pub firings: Vec<NewFiring>,
}
