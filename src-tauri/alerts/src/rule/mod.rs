//! What the user wrote: rules, their JSON form and their limits.

mod condition;
mod error;

use serde::{Deserialize, Serialize};
use tidings_model::{Symbol, Timestamp};

pub use condition::{Condition, Extreme, Move, Side, Trail};
pub use error::RuleError;

use crate::template::Template;

/// A price alert. Times are UTC; prices are in the feed's currency.
///
/// Read from JSON it is checked: unknown fields and values outside the limits are refused.
/// A rule put together in code is checked with [`Rule::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Rule {
    /// What is watched.
    pub symbol: Symbol,
    /// What is waited for.
    pub condition: Condition,
    /// How often to tell.
    pub repeat: Repeat,
    /// Seconds after a notified firing in which others are only noted.
    pub cooldown_s: u32,
    /// The first tick at or after this time ends the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The user's own words for it. They mean nothing to the evaluation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The user's own text of its notifications. It means nothing to the evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Template>,
}

/// How often a rule tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Done after the first notified firing.
    #[default]
    Once,
    /// Every time.
    Every,
}

impl Rule {
    /// Seconds of pause when nothing else is said.
    pub const DEFAULT_COOLDOWN_S: u32 = 300;
    /// How many tags a rule can have.
    pub const MOST_TAGS: usize = 10;
    /// How long a tag can be, in characters.
    pub const LONGEST_TAG: usize = 32;

    /// A rule that tells once, pauses five minutes and never expires.
    pub fn new(symbol: Symbol, condition: Condition) -> Result<Self, RuleError> {
        condition.check()?;
        Ok(Self {
            symbol,
            condition,
            repeat: Repeat::default(),
            cooldown_s: Self::DEFAULT_COOLDOWN_S,
            expires_at: None,
            tags: Vec::new(),
            message: None,
        })
    }

    /// Whether every value is within its limits.
    pub fn check(&self) -> Result<(), RuleError> {
        check_tags(&self.tags)?;
        self.condition.check()
    }

    /// Whether `self` watches the same thing as `other`: what may differ is only repeat,
    /// cooldown, expiry, tags and text, which leave a rule's state as it is.
    pub fn watches_as(&self, other: &Self) -> bool {
        self.symbol == other.symbol && self.condition == other.condition
    }
}

/// The JSON form before its values are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    symbol: Symbol,
    condition: Condition,
    repeat: Option<Repeat>,
    cooldown_s: Option<u32>,
    expires_at: Option<Timestamp>,
    tags: Option<Vec<String>>,
    message: Option<String>,
}

impl TryFrom<Unchecked> for Rule {
    type Error = RuleError;

    fn try_from(form: Unchecked) -> Result<Self, RuleError> {
        let rule = Self {
            symbol: form.symbol,
            condition: form.condition,
            repeat: form.repeat.unwrap_or_default(),
            cooldown_s: form.cooldown_s.unwrap_or(Self::DEFAULT_COOLDOWN_S),
            expires_at: form.expires_at,
            tags: form.tags.unwrap_or_default(),
            message: Template::read(form.message.as_deref().unwrap_or_default())?,
        };
        rule.check()?;
        Ok(rule)
    }
}

fn check_tags(tags: &[String]) -> Result<(), RuleError> {
    if tags.len() > Rule::MOST_TAGS {
        return Err(RuleError::TooManyTags);
    }
    for (place, tag) in tags.iter().enumerate() {
        let bare = tag.trim() == tag && !tag.chars().any(char::is_control);
        if !bare || tag.is_empty() || tag.chars().count() > Rule::LONGEST_TAG {
            return Err(RuleError::Tag);
        }
        if tags[..place].contains(tag) {
            return Err(RuleError::TagTwice(tag.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
