//! The user's own text of a notification, with places in it that are filled in when a rule fires.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// What can be filled in: its name stands in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

impl Placeholder {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 11] = [
        Self::Symbol,
        Self::Price,
        Self::Threshold,
        Self::Condition,
        Self::Move,
        Self::Change24h,
        Self::Volume,
        Self::MarketCap,
        Self::Time,
        Self::Tags,
        Self::Details,
    ];

    /// The name that stands in braces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Price => "price",
            Self::Threshold => "threshold",
            Self::Condition => "condition",
            Self::Move => "move",
            Self::Change24h => "change24h",
            Self::Volume => "volume",
            Self::MarketCap => "market_cap",
            Self::Time => "time",
            Self::Tags => "tags",
            Self::Details => "details",
        }
    }

    fn named(name: &str) -> Result<Self, TemplateError> {
        let known = Self::ALL.into_iter().find(|each| each.name() == name);
        known.ok_or_else(|| TemplateError::Unknown {
            written: in_braces(&shortened(name)),
            known: Self::ALL.map(|each| in_braces(each.name())).join(", "),
        })
    }
}

/// A text with places to fill in, read once. Written out again it is what was read, but for the
/// ends of lines, which are `\n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// A stretch of a template. No text is empty, and none follows another.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A name in braces that is none of those known.
    #[error("{written} in the text stands for nothing. What can be filled in: {known}")]
    Unknown {
        /// As it was written.
        written: String,
        /// All that there are.
        known: String,
    },
    /// A brace that opens, and none that closes it.
    #[error("the brace before “{0}” is not closed. A brace itself is written twice")]
    Unclosed(String),
    /// A brace that closes what was not opened.
    #[error("a brace is closed that was not opened. A brace itself is written twice")]
    Unopened,
    /// Too long to be shown.
    #[error("a text has at most {} characters", Template::LONGEST)]
    TooLong,
    /// What cannot be shown.
    #[error("a text has no control characters but the ends of its lines")]
    Control,
}

impl Template {
    /// How long a text can be, in characters as they are written.
    pub const LONGEST: usize = 500;

    /// Reads a text, without the space around it; a blank one is none.
    ///
    /// # Errors
    /// When it is too long, or says what cannot be filled in.
    pub fn read(text: &str) -> Result<Option<Self>, TemplateError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some)
    }

    /// The text, with each place filled by what `value` says of it.
    pub fn fill(&self, mut value: impl FnMut(Placeholder) -> String) -> String {
        let parts = self.0.iter();
        parts.fold(String::new(), |mut filled, part| {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Value(placeholder) => filled.push_str(&value(*placeholder)),
            }
            filled
        })
    }

    fn push(&mut self, c: char) {
        if let Some(Part::Text(text)) = self.0.last_mut() {
            text.push(c);
        } else {
            self.0.push(Part::Text(c.to_string()));
        }
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let text = text.replace("\r\n", "\n");
        if text.chars().count() > Self::LONGEST {
            return Err(TemplateError::TooLong);
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(TemplateError::Control);
        }
        let mut template = Self(Vec::new());
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.next_if_eq(&c).is_some() => template.push(c),
                '{' => {
                    let mut name = String::new();
                    loop {
                        match rest.next() {
                            Some('}') => break,
                            Some('{') | None => {
                                return Err(TemplateError::Unclosed(shortened(&name)));
                            }
                            Some(c) => name.push(c),
                        }
                    }
                    template.0.push(Part::Value(Placeholder::named(&name)?));
                }
                '}' => return Err(TemplateError::Unopened),
                c => template.push(c),
            }
        }
        Ok(template)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::Value(placeholder) => f.write_str(&in_braces(placeholder.name()))?,
            }
        }
        Ok(())
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn in_braces(name: &str) -> String {
    format!("{{{name}}}")
}

/// Enough of a name to find it by.
fn shortened(name: &str) -> String {
    const MOST: usize = 32;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
