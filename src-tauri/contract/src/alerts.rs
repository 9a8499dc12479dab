//! Alert rules and their firings.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{NotificationPreview, PriceGap};

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
    /// Comes back from the best price since the rule was armed.
    Trailing {
        /// Which way.
        side: TrailSide,
        /// By how much, in percent of the best.
        percent: String,
    },
    /// Makes a new high or low of a time.
    NewExtreme {
        /// Which of them.
        extreme: ExtremeKind,
        /// Of how many seconds.
        window_s: u32,
        /// How far it must come back, in percent; 0.1 when absent.
        rearm_percent: Option<String>,
    },
    /// Crosses one of many lines at equal distances.
    Step {
        /// The distance.
        step: String,
        /// Where one of the lines is; 0 when absent.
        base: Option<String>,
        /// How far behind a line it counts the other way, in percent of the distance; 10 when
        /// absent.
        rearm_percent: Option<String>,
    },
    /// The feed's volume over 24 hours passes a value.
    Volume {
        /// Which side.
        side: Side,
        /// The value, a decimal string.
        value: String,
        /// How far it must come back, in percent; 1 when absent.
        rearm_percent: Option<String>,
    },
    /// The feed's market capitalisation passes a value.
    MarketCap {
        /// Which side.
        side: Side,
        /// The value, a decimal string.
        value: String,
        /// How far it must come back, in percent; 1 when absent.
        rearm_percent: Option<String>,
    },
    /// No price has come for a time.
    Stale {
        /// How many seconds.
        after_s: u32,
    },
    /// Two conditions are true at one tick.
    All {
        /// The two; which kinds can be one of them stands in `docs/alerts.md`.
        conditions: Vec<ConditionForm>,
    },
}

/// Which way a price comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrailSide {
    /// Falls from its high.
    Falls,
    /// Rises from its low.
    Rises,
}

/// Which extremes of a time count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExtremeKind {
    /// Highs.
    High,
    /// Lows.
    Low,
    /// Either.
    Either,
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
    /// The user's own words for it: at most 10, each of 1 to 32 characters.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The user's own text of its notifications (`docs/alerts.md`, "Own words"); none or a blank
    /// one: that of the settings.
    #[serde(default)]
    pub message: Option<String>,
}

/// A rule with its state.
#[allow(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other"
)]
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
    /// Since when it is switched off, in milliseconds; none while it is on, and of one that was
    /// switched off by a version that did not note it.
    pub off_since: Option<i64>,
    /// Fired once and done.
    pub done: bool,
    /// Expired.
    pub expired: bool,
    /// It fired too often and stands still until it is switched on again: why, and since when.
    pub paused: Option<RulePause>,
    /// Until when its firings wait to be told, in milliseconds; none once that is over.
    pub snoozed_until: Option<i64>,
    /// It fires and is noted, and tells nothing.
    pub muted: bool,
    /// Last notified firing, in milliseconds.
    pub last_fired: Option<i64>,
    /// How far the price is from the line, or from the nearer of those that it waits for now, in
    /// percent of the price, signed; none where there is no line.
    pub distance_percent: Option<String>,
    /// The prices that it waits for now, where it works them out itself.
    pub waits_for: WaitsFor,
}

/// Why a rule stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RulePause {
    /// Since when, in milliseconds.
    pub at: i64,
    /// "Paused after 15 alerts within 3 min".
    pub reason: String,
}

/// The prices that fire a rule which follows the price, or counts steps; both none for the others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct WaitsFor {
    /// This price or less.
    pub below: Option<String>,
    /// This price or more.
    pub above: Option<String>,
}

/// What a rule that follows the price waits for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RuleWaits {
    /// Which rule.
    pub id: String,
    /// The prices.
    pub waits_for: WaitsFor,
}

/// Arguments of `snooze_rule`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SnoozeRule {
    /// Which one.
    pub id: String,
    /// For how long.
    pub snooze: Snooze,
}

/// How long the firings of a rule wait to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "for", rename_all = "snake_case", deny_unknown_fields)]
pub enum Snooze {
    /// So many minutes from now: 1 to 525,600.
    Minutes {
        /// How many.
        minutes: u32,
    },
    /// Until a time.
    Until {
        /// In milliseconds; not in the past.
        at: i64,
    },
    /// No longer: what waited is told now.
    Wake,
}

/// Arguments of `mute_rule`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MuteRule {
    /// Which one.
    pub id: String,
    /// Muted or not.
    pub muted: bool,
}

/// Arguments of `export_rules`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportRules {}

/// A file with rules in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportedRules {
    /// Where it is.
    pub path: String,
    /// Rules in it.
    pub rules: u64,
}

/// Arguments of `import_rules`: a file in pieces, as for `import`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ImportRules {
    /// Number of this piece; they rise by one. Number 0 begins anew.
    pub piece: u32,
    /// The piece, at most 1 MiB.
    pub text: String,
    /// Nothing follows: the file is checked whole, and then taken in.
    pub last: bool,
}

/// Answer to a piece of a file with rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportRulesReply {
    /// What was taken in; none while pieces are missing.
    pub imported: Option<ImportedRules>,
}

/// What an import of rules did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportedRules {
    /// Rules that were not here.
    pub rules: u64,
    /// Rules that were here already, and stayed as they are.
    pub known: u64,
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
    /// What is wrong with its text, in one sentence; the rest is told without it.
    pub message_problem: Option<String>,
    /// "Crosses above 70,000".
    pub sentence: Option<String>,
    /// "Below the line: armed at once", or what has to happen first.
    pub arming: Option<String>,
    /// Whether it is armed at once.
    pub armed_at_once: bool,
    /// How far the price is from the line, in percent of the price, signed.
    pub distance_percent: Option<String>,
    /// What it would have done over the last seven days, where the prices kept here say it.
    pub past: Option<RulePast>,
    /// Why they do not say it, in one sentence; none where they do, and of a rule that is wrong.
    pub past_unknown: Option<String>,
    /// What would be told if it came true next; none while no price is known that it could be at.
    pub notification: Option<NotificationPreview>,
}

/// What a rule would have done over the prices that are kept here, firing every time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RulePast {
    /// How often it would have told.
    pub fired: u32,
    /// When it last would have, in milliseconds.
    pub last: Option<i64>,
    /// From when prices are kept here, in milliseconds: seven days ago, or later.
    pub since: i64,
    /// They do not reach back seven days.
    pub short: bool,
}

/// Arguments of `firings`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListFirings {
    /// How many at most, 1 to 500.
    pub limit: u32,
    /// Those of this symbol alone.
    #[serde(default)]
    pub symbol: Option<String>,
    /// Those before the one with this id alone.
    #[serde(default)]
    pub before: Option<String>,
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
    /// What the rule asked for then, as a sentence; none of a firing that an older version recorded.
    pub condition: Option<String>,
    /// The stretch that ended with this price, of which no prices are known.
    pub unknown: Option<PriceGap>,
    /// The user's own text below it, as it was told; none where nobody wrote one.
    pub message: Option<String>,
    /// The price at the tick, a decimal string.
    pub price: String,
    /// Time of the tick, in milliseconds.
    pub time: i64,
    /// When it was judged here, in milliseconds: later than the tick where nobody listened then.
    pub fired_at: i64,
    /// It happened while the program was away, whatever became of it.
    pub away: bool,
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
    /// The rule was snoozed: told when that ended, or to be told then.
    Snoozed,
    /// The rule is muted, alerts were, or notifications are switched off.
    Muted,
    /// Within the quiet hours; told at their end.
    Quiet,
    /// The desktop did not show it.
    Unshown,
    /// Told, and the rule paused with it: it fired too often.
    Paused,
    /// Happened while the program was away; told on return.
    Away,
}
