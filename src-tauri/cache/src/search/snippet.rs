//! What is shown of a hit: the part around its first match, with the matches in it.
//!
//! A match stands where the matcher would say that it does: words in a row, whatever is between
//! them; else the characters of the term, wherever they are.

use std::ops::Range;

use super::query::Term;
use super::tokens::{folded, is_accent, placed_words, stands_alone};

/// Characters of a snippet, and of what stands in it before the first match.
const SNIPPET_CHARS: usize = 200;
const LEAD_CHARS: usize = 40;

/// Stands where a text goes on.
const CUT: char = '…';

/// The part of a text around its first match, on one line, with the matches in it, in UTF-16 units.
/// It begins with a whole word where there is one before the match.
pub(crate) fn snippet(content: &str, terms: &[Term]) -> (String, Vec<(u32, u32)>) {
    let text = Text::of(content);
    let mut found: Vec<Range<usize>> = terms.iter().flat_map(|term| text.matches(term)).collect();
    found.sort_unstable_by_key(|place| (place.start, place.end));
    let first = found.first().map_or(0, |place| place.start);
    let start = text.word_from(first.saturating_sub(LEAD_CHARS)..first);
    let end = (start + SNIPPET_CHARS).min(text.chars.len());
    let shown = |char: char| if char.is_whitespace() { ' ' } else { char };
    let before = (start > 0).then_some(CUT);
    let after = (end < text.chars.len()).then_some(CUT);
    let part = text.chars[start..end].iter().copied().map(shown);
    let snippet: String = before.into_iter().chain(part).chain(after).collect();
    let units = |range: Range<usize>| {
        let chars = before.into_iter().chain(text.chars[range].iter().copied());
        let units: usize = chars.map(char::len_utf16).sum();
        u32::try_from(units).unwrap_or(u32::MAX)
    };
    let mut marks: Vec<(u32, u32)> = Vec::new();
    let mut marked_to = start;
    for place in found {
        let (from, to) = (place.start.max(marked_to), place.end.min(end));
        if from < to {
            marks.push((units(start..from), units(start..to)));
            marked_to = to;
        }
    }
    (snippet, marks)
}

/// A text as it is looked through. Places are counted in characters.
struct Text {
    chars: Vec<char>,
    words: Vec<(String, Range<usize>)>,
    /// The characters as they are compared, and where each stands.
    folded: Vec<(char, usize)>,
}

impl Text {
    fn of(content: &str) -> Self {
        let bytes: Vec<usize> = content.char_indices().map(|(byte, _)| byte).collect();
        let place = |byte: usize| bytes.partition_point(|start| *start < byte);
        let mut words = Vec::new();
        placed_words(content, |word, at| {
            words.push((word.to_owned(), place(at.start)..place(at.end)));
        });
        let chars: Vec<char> = content.chars().collect();
        let letters = chars.iter().enumerate();
        let letters = letters.filter(|(_, char)| !is_accent(**char));
        let folded = letters.map(|(at, char)| (folded(*char), at)).collect();
        Self {
            chars,
            words,
            folded,
        }
    }

    /// Where the first word begins in a part of it; where none does, the part itself. A text begins
    /// with a word.
    fn word_from(&self, part: Range<usize>) -> usize {
        if part.start == 0 {
            return 0;
        }
        let chars = self.chars[part.start - 1..part.end].windows(2);
        let begins = |pair: &[char]| pair[0].is_whitespace() && !pair[1].is_whitespace();
        let found = chars.enumerate().find(|(_, pair)| begins(pair));
        found.map_or(part.start, |(at, _)| part.start + at)
    }

    fn matches(&self, term: &Term) -> Vec<Range<usize>> {
        let literally = || self.literally(&term.folded());
        let found = if term.has_signs() {
            literally()
        } else {
            self.in_a_row(term)
        };
        if found.is_empty() {
            return literally();
        }
        found
    }

    /// Where the words of a term follow one another.
    fn in_a_row(&self, term: &Term) -> Vec<Range<usize>> {
        let wanted = term.words();
        let Some((last, before)) = wanted.split_last() else {
            return Vec::new();
        };
        let rows = self.words.windows(wanted.len());
        rows.filter_map(|row| {
            let ((word, place), others) = row.split_last()?;
            let same = others
                .iter()
                .zip(before)
                .all(|((word, _), wanted)| word == wanted);
            let begins = others.first().map_or(place.start, |(_, first)| first.start);
            if !same {
                None
            } else if word == last {
                Some(begins..place.end)
            } else if term.prefix && word.starts_with(last.as_str()) {
                Some(begins..self.behind(place.start, last.chars().count()))
            } else {
                None
            }
        })
        .collect()
    }

    /// The place behind so many characters as they are compared, from a place on.
    fn behind(&self, from: usize, count: usize) -> usize {
        let first = self.folded.partition_point(|(_, at)| *at < from);
        let next = self.folded.get(first + count);
        next.map_or(self.chars.len(), |(_, at)| *at)
    }

    /// Where the characters of a term stand: at the beginning of words if they do anywhere, else
    /// inside them.
    fn literally(&self, term: &str) -> Vec<Range<usize>> {
        let term: Vec<char> = term.chars().collect();
        if term.is_empty() {
            return Vec::new();
        }
        let mut all = Vec::new();
        let mut from = 0;
        while let Some(rest) = self.folded.get(from..) {
            let mut windows = rest.windows(term.len());
            let here = windows.position(|window| window.iter().map(|(char, _)| char).eq(&term));
            let Some(at) = here.map(|at| at + from) else {
                break;
            };
            all.push(at);
            from = at + term.len();
        }
        let at_word = |at: &usize| {
            let before = at.checked_sub(1).map(|before| self.folded[before].0);
            stands_alone(self.folded[*at].0)
                || before.is_none_or(|char| !char.is_alphanumeric() || stands_alone(char))
        };
        if all.iter().any(at_word) {
            all.retain(at_word);
        }
        let place = |at: usize| {
            let start = self.folded[at].1;
            start..self.behind(start, term.len())
        };
        all.into_iter().map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::query::Query;
    use super::*;

    /// A text with its matches in brackets.
    fn marked(query: &str, text: &str) -> String {
        let (snippet, marks) = snippet(text, &Query::parse(query).unwrap().terms);
        let units: Vec<u16> = snippet.encode_utf16().collect();
        let part =
            |from: u32, to: u32| String::from_utf16(&units[from as usize..to as usize]).unwrap();
        let (mut shown, mut at) = (String::new(), 0);
        for (from, to) in marks {
            shown.extend([&part(at, from), "[", &part(from, to), "]"]);
            at = to;
        }
        shown + &part(at, u32::try_from(units.len()).unwrap())
    }

    #[test]
    fn matches_are_marked_where_they_were_found() {
        for (query, text, shown) in [
            ("\"to me\"", "come to, me", "come [to, me]"),
            ("foo-bar ", "a foo bar, foobar", "a [foo bar], foobar"),
            ("\"to me\"", "to\n me", "[to  me]"),
            ("cafe ", "a cafe\u{301}!", "a [cafe\u{301}]!"),
            ("cafe\u{301} ", "the Caf\u{e9}", "the [Caf\u{e9}]"),
            ("ca", "cafe\u{301}", "[ca]fe\u{301}"),
            ("cafe", "cafe\u{301}s", "[cafe\u{301}]s"),
            ("bit ", "a bitcoin, a bit", "a bitcoin, a [bit]"),
            ("coin", "a Bitcoin", "a Bit[coin]"),
            ("c++ ", "c, C++", "c, [C++]"),
            (
                "\u{7279}\u{5e01}",
                "\u{6bd4}\u{7279}\u{5e01}",
                "\u{6bd4}[\u{7279}\u{5e01}]",
            ),
            ("a -", "b - a", "b [-] [a]"),
            ("\u{1f600}", "well \u{1f600}", "well [\u{1f600}]"),
        ] {
            assert_eq!(marked(query, text), shown, "{query} in {text}");
        }
    }

    #[test]
    fn a_snippet_shows_the_match_of_a_long_text() {
        let text = format!("{}to, me {}", "word ".repeat(500), "more ".repeat(500));
        let shown = marked("\"to me\"", &text);
        assert!(shown.contains("[to, me]"), "{shown}");
        // Two brackets, and two signs that it goes on.
        assert_eq!(shown.chars().count(), SNIPPET_CHARS + 4);
    }

    #[test]
    fn a_snippet_begins_with_a_whole_word_and_says_where_it_was_cut() {
        let text = "Message 10: the quay wall between pier 10 and the crane needs it";
        let shown = "…the quay wall between pier 10 and the [crane] needs it";
        assert_eq!(marked("crane", text), shown);
        let short = "The quay wall between piers and the crane";
        assert_eq!(
            marked("crane", short),
            "The quay wall between piers and the [crane]"
        );
        // The end of a word right before the match is no beginning of one.
        let long = format!("so {} b", "a".repeat(60));
        assert_eq!(marked("b", &long), format!("…{} [b]", "a".repeat(39)));
        let close = format!("{}b", "\u{6bd4}".repeat(60));
        assert_eq!(
            marked("b", &close),
            format!("…{}[b]", "\u{6bd4}".repeat(40))
        );
    }
}
