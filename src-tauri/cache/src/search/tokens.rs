//! What counts as a word.
//!
//! The index splits text at everything that is no letter or digit. Scripts that are written
//! without spaces have no words for it, so each of their characters stands alone in the index,
//! and a query for several of them asks for these characters in a row.

/// The text as it goes into the index, or into a quoted query.
pub(crate) fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if stands_alone(char) {
            spaced.push(' ');
            spaced.push(char);
            spaced.push(' ');
        } else {
            spaced.push(char);
        }
    }
    spaced
}

/// Whether a character is a word of its own: Han, Kana, Hangul, Thai.
pub(crate) const fn stands_alone(char: char) -> bool {
    matches!(char,
        // Han: radicals, marks and numerals, ideographs, compatibility forms, later planes.
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3038}'..='\u{303b}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
        // Kana, with phonetic extensions and half-width forms.
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{1aff0}'..='\u{1b16f}'
        // Hangul letters and syllables.
        | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        // Thai.
        | '\u{0e00}'..='\u{0e7f}')
}

/// A character as it is compared: case does not matter, and all apostrophes are one.
pub(crate) fn folded(char: char) -> char {
    match char {
        _ if char.is_ascii() => char.to_ascii_lowercase(),
        '\u{2019}' | '\u{2018}' | '\u{02bc}' => '\'',
        _ => char.to_lowercase().next().unwrap_or(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_without_spaces_between_words_stand_alone() {
        assert_eq!(spaced("abc"), "abc");
        assert_eq!(spaced("a中文b"), "a 中  文 b");
        assert_eq!(spaced("ไทย").split_whitespace().count(), 3);
        assert_eq!(spaced("한글かな").split_whitespace().count(), 4);
    }
}
