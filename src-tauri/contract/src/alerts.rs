//! Alert rules and their firings.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a rule watches for. The exact meaning stands in `docs/alerts.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ConditionForm {
    /// Rises to a price.
    Above {
        /// The price, a decimal string.
        price: String,
        /// How far it must leave before it is armed again, in percent; 0.1 when absent.
        rearm_percent: Option<String>,
    },
    /// Falls to a price.
    Below {
        /// The price, a decimal string.
        price: String,
        /// How far it must leave before it is armed again, in percent; 0.1 when absent.
        rearm_percent: Option<String>,
    },
    /// Crosses a price either way.
    Crosses {
        /// The price, a decimal string.
        price: String,
        /// How far it must leave before it is armed again, in percent; 0.1 when absent.
        rearm_percent: Option<String>,
    },
    /// Moves by a percentage within a time.
    Moves {
        /// Percent.
        percent: String,
        /// Length of the window, in seconds.
        window_s: u32,
        /// Which way.
        direction: MoveDirection,
    },
    /// The feed's change over 24 hours passes a figure.
    #[serde(rename = "change_24h")]
    Change24h {
        /// Which side.
        side: Side,
        /// Percent.
        percent: String,
        /// How far it must leave before it is armed again, in points; 0.25 when absent.
        rearm_points: Option<String>,
    },
    /// Leaves a range.
    LeavesRange {
        /// Lower edge.
        low: String,
        /// Upper edge.
        high: String,
        /// How far it must return, in percent; 0.1 when absent.
        rearm_percent: Option<String>,
    },
    /// Enters a range.
    EntersRange {
        /// Lower edge.
        low: String,
        /// Upper edge.
        high: String,
        /// How far it must leave, in percent; 0.1 when absent.
        rearm_percent: Option<String>,
    },
}

/// Which way a move goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MoveDirection {
    /// Rises.
    Up,
    /// Falls.
    Down,
    /// Either.
    Either,
}

/// Which side of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// At or above it.
    Above,
    /// At or below it.
    Below,
}

/// How often a rule tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RepeatForm {
    /// Done after its first notified firing.
    Once,
    /// Every time.
    Every,
}

/// A rule as the user makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RuleForm {
    /// Which symbol.
    pub symbol: String,
    /// What to watch for.
    pub condition: ConditionForm,
    /// How often to tell.
    pub repeat: RepeatForm,
    /// Pause after a notified firing, in seconds; 300 when absent.
    pub cooldown_s: Option<u32>,
    /// End of the rule, in milliseconds.
    pub expires_at: Option<i64>,
}

/// A rule with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RuleRow {
    /// Its id.
    pub id: String,
    /// As the user made it.
    pub form: RuleForm,
    /// "Crosses above 70,000".
    pub sentence: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Fired once and done.
    pub done: bool,
    /// Expired.
    pub expired: bool,
    /// Last notified firing, in milliseconds.
    pub last_fired: Option<i64>,
    /// How far the price is from the line, in percent of the price, signed; none where there is no line.
    pub distance_percent: Option<String>,
}

/// Arguments of `rules`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListRules {}

/// Arguments of `save_rule`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SaveRule {
    /// The rule to change; none makes a new one.
    pub id: Option<String>,
    /// As it shall be.
    pub form: RuleForm,
}

/// Arguments of `delete_rule`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeleteRule {
    /// Which one.
    pub id: String,
}

/// Arguments of `enable_rule`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EnableRule {
    /// Which one.
    pub id: String,
    /// On or off.
    pub enabled: bool,
}

/// Arguments of `preview_rule`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PreviewRule {
    /// As it would be.
    pub form: RuleForm,
}

/// What a rule would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RulePreview {
    /// Whether the rule can be saved.
    pub valid: bool,
    /// What is wrong with it, in one sentence.
    pub problem: Option<String>,
    /// "Crosses above 70,000".
    pub sentence: Option<String>,
    /// "Below the line: armed at once", or what has to happen first.
    pub arming: Option<String>,
    /// Whether it is armed at once.
    pub armed_at_once: bool,
    /// How far the price is from the line, in percent of the price, signed.
    pub distance_percent: Option<String>,
}

/// Arguments of `firings`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListFirings {
    /// How many at most, 1 to 500.
    pub limit: u32,
}

/// One firing in the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FiringRow {
    /// Its id.
    pub id: String,
    /// Its rule; the rule may have been deleted since.
    pub rule: String,
    /// The symbol.
    pub symbol: String,
    /// "BTC crossed above 70,000".
    pub title: String,
    /// The price at the tick, a decimal string.
    pub price: String,
    /// Time of the tick, in milliseconds.
    pub time: i64,
    /// What became of it.
    pub mark: FiringMark,
}

/// What became of a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FiringMark {
    /// Told at once.
    Notified,
    /// Committed, and about to be told.
    Pending,
    /// Within the pause of an earlier one.
    Suppressed,
    /// Notifications were switched off, or alerts muted.
    Muted,
    /// Within the quiet hours; told at their end.
    Quiet,
    /// The desktop did not show it.
    Unshown,
    /// Happened while the program was away; told on return.
    Away,
}
