//! The language of the program.

use serde::{Deserialize, Serialize};
use tidings_model::{Language, Locale};
use ts_rs::TS;

/// The language that the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LanguageChoice {
    /// As the desktop says; English where the program does not speak its language.
    #[default]
    System,
    /// English.
    En,
    /// German.
    De,
}

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Spoken {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

/// How the window writes: the language in use, and the separators of the place, which only the
/// window can ask the system for. Notifications, the tray and the sentences of alerts follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Wording {
    /// The language.
    pub language: Spoken,
    /// Between thousands, one character.
    pub group: char,
    /// Before decimals, one character.
    pub decimal: char,
}

impl Default for Wording {
    fn default() -> Self {
        Self {
            language: Spoken::En,
            group: ',',
            decimal: '.',
        }
    }
}

impl From<Wording> for Locale {
    fn from(wording: Wording) -> Self {
        Self {
            language: match wording.language {
                Spoken::En => Language::English,
                Spoken::De => Language::German,
            },
            group: wording.group,
            decimal: wording.decimal,
        }
    }
}
