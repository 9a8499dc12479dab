//! What counts as a word.
//!
//! A word is a row of letters and digits. Scripts that are written without spaces have no words in
//! that sense, so each of their characters is one, and a query for several of them asks for these
//! characters in a row. The index is given words, and a text that is looked through is cut by the
//! same rule, so that both find the same.

use std::ops::Range;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Feeds the words of a text to `take`, as they are compared, in their order.
pub(crate) fn words(text: &str, mut take: impl FnMut(&str)) {
    placed_words(text, |word, _| take(word));
}

/// The same, with the bytes where each stands.
pub(crate) fn placed_words(text: &str, mut take: impl FnMut(&str, Range<usize>)) {
    let mut word = String::new();
    let mut place = 0..0;
    let mut end = |word: &mut String, place: &Range<usize>| {
        if !word.is_empty() {
            take(word, place.clone());
            word.clear();
        }
    };
    for (at, char) in text.char_indices() {
        let alone = stands_alone(char);
        if is_accent(char) {
            // It belongs to the letter before it.
            if place.end == at {
                place.end += char.len_utf8();
            }
            continue;
        }
        if alone || !in_word(char) {
            end(&mut word, &place);
        }
        if !alone && !in_word(char) {
            continue;
        }
        if word.is_empty() {
            place.start = at;
        }
        place.end = at + char.len_utf8();
        if alone {
            word.push(char);
            end(&mut word, &place);
        } else {
            word.push(folded(char));
        }
    }
    end(&mut word, &place);
}

/// The words of a text, with spaces between them, as the search index takes them.
pub fn indexed(text: &str) -> String {
    let mut indexed = String::with_capacity(text.len() + 16);
    words(text, |word| {
        if !indexed.is_empty() {
            indexed.push(' ');
        }
        indexed.push_str(word);
    });
    indexed
}

/// Adds a text to `to`, each character as it is compared.
pub(crate) fn fold_into(text: &str, to: &mut String) {
    if text.is_ascii() {
        let from = to.len();
        to.push_str(text);
        to[from..].make_ascii_lowercase();
    } else {
        to.extend(text.chars().filter(|char| !is_accent(*char)).map(folded));
    }
}

/// Whether a character belongs to a word of several.
fn in_word(char: char) -> bool {
    char.is_alphanumeric() || (!char.is_ascii() && is_combining_mark(char))
}

/// An accent that stands behind its letter: it does not count.
pub(crate) const fn is_accent(char: char) -> bool {
    matches!(char, '\u{0300}'..='\u{036f}')
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

/// A character as it is compared: case and the accents of Latin and Greek letters do not matter,
/// and all apostrophes are one.
pub(crate) fn folded(char: char) -> char {
    match char {
        _ if char.is_ascii() => char.to_ascii_lowercase(),
        '\u{2019}' | '\u{2018}' | '\u{02bc}' => '\'',
        'ς' => 'σ',
        _ if stands_alone(char) => char,
        _ => {
            let mut parts = None;
            decompose_canonical(char, |part| {
                parts.get_or_insert(part);
            });
            let base = parts
                .filter(|base| {
                    base.is_ascii_alphabetic() || matches!(base, '\u{0370}'..='\u{03ff}')
                })
                .unwrap_or(char);
            base.to_lowercase().next().unwrap_or(base)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_without_spaces_between_words_stand_alone() {
        assert_eq!(indexed("abc"), "abc");
        assert_eq!(indexed("a中文b"), "a 中 文 b");
        assert_eq!(indexed("ไทย").split_whitespace().count(), 3);
        assert_eq!(indexed("한글かな").split_whitespace().count(), 4);
    }

    #[test]
    fn words_stand_where_they_were_written() {
        let text = "Noe\u{308}l,  a\u{4e2d}b cafe\u{301}!";
        let mut found = Vec::new();
        placed_words(text, |word, place| {
            found.push((word.to_owned(), &text[place]));
        });
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(word, at)| (word.as_str(), *at))
            .collect();
        let expected = [
            ("noel", "Noe\u{308}l"),
            ("a", "a"),
            ("\u{4e2d}", "\u{4e2d}"),
            ("b", "b"),
            ("cafe", "cafe\u{301}"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn case_accents_and_signs_do_not_matter() {
        assert_eq!(indexed("It's  ÇA, Fällt; «ΆΛΦΑς»"), "it s ca fallt αλφασ");
        assert_eq!(indexed("cafe\u{301} Noe\u{308}l"), "cafe noel");
        // A letter with a mark is another letter here, and marks of other scripts are parts of
        // words.
        assert_eq!(indexed("Йод हिन्दी"), "йод हिन्दी");
        let mut folded = String::new();
        fold_into("Don\u{2019}t ÉCOUTE", &mut folded);
        assert_eq!(folded, "don't ecoute");
    }
}
