//! How the program's own sentences and numbers are written.

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// A language with the separators of the reader's place: Swiss German groups by `’`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    /// Which words.
    pub language: Language,
    /// Between thousands.
    pub group: char,
    /// Before decimals.
    pub decimal: char,
}

impl Locale {
    /// English, as most places write it.
    pub const ENGLISH: Self = Self {
        language: Language::English,
        group: ',',
        decimal: '.',
    };

    /// German, as Germany writes it.
    pub const GERMAN: Self = Self {
        language: Language::German,
        group: '.',
        decimal: ',',
    };
}

impl Default for Locale {
    fn default() -> Self {
        Self::ENGLISH
    }
}
