//! The user's own texts of notifications, and what can be filled in there.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What can be filled into a text of a notification: its word stands in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Placeholder {
    /// What is watched.
    Symbol,
    /// The price that fired it.
    Price,
    /// The bound that was reached.
    Threshold,
    /// What the rule waits for, as a sentence.
    Condition,
    /// How far the price moved, where the rule measures that.
    Move,
    /// The feed's change over 24 hours.
    #[serde(rename = "change24h")]
    Change24h,
    /// The feed's volume over 24 hours.
    Volume,
    /// The feed's market cap.
    MarketCap,
    /// When it fired.
    Time,
    /// The rule's tags.
    Tags,
    /// What the notification would say without a text of one's own.
    Details,
}

/// A notification as it would be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NotificationPreview {
    /// First line.
    pub title: String,
    /// The text below it, with everything filled in.
    pub body: String,
    /// What each placeholder would be filled with, in the order in which they are offered.
    pub values: Vec<PlaceholderValue>,
}

/// What a placeholder would be filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlaceholderValue {
    /// Which one.
    pub placeholder: Placeholder,
    /// Its text.
    pub text: String,
}
