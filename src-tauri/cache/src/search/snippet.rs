//! What is shown of a hit.

use super::query::Term;
use super::tokens::{folded, stands_alone};

/// Characters of a snippet, and of what stands in it before the first match.
const SNIPPET_CHARS: usize = 200;
const LEAD_CHARS: usize = 40;

/// Where `term` next stands in `text`, at or after `from`.
fn position(text: &[char], term: &[char], from: usize) -> Option<usize> {
    if term.is_empty() {
        return None;
    }
    text.get(from..)?
        .windows(term.len())
        .position(|window| window == term)
        .map(|at| at + from)
}

/// The part of a text around its first match, on one line, with the matches in it.
pub(crate) fn snippet(content: &str, terms: &[Term]) -> (String, Vec<(u32, u32)>) {
    let chars: Vec<char> = content
        .chars()
        .map(|char| if char.is_whitespace() { ' ' } else { char })
        .collect();
    let text: Vec<char> = chars.iter().copied().map(folded).collect();
    let mut found: Vec<(usize, usize)> = terms
        .iter()
        .map(Term::folded)
        .flat_map(|term| matches(&text, &term))
        .collect();
    found.sort_unstable();
    let first = found.first().map_or(0, |(start, _)| *start);
    let start = first.saturating_sub(LEAD_CHARS);
    let end = (start + SNIPPET_CHARS).min(chars.len());
    let snippet: String = chars[start..end].iter().collect();
    let units = |range: &[char]| {
        let units: usize = range.iter().map(|char| char.len_utf16()).sum();
        u32::try_from(units).unwrap_or(u32::MAX)
    };
    let mut marks: Vec<(u32, u32)> = Vec::new();
    let mut marked_to = start;
    for (from, to) in found {
        let (from, to) = (from.max(marked_to), to.min(end));
        if from < to {
            marks.push((units(&chars[start..from]), units(&chars[start..to])));
            marked_to = to;
        }
    }
    (snippet, marks)
}

/// Where a term stands: at the beginning of words if it does anywhere, else inside them.
fn matches(text: &[char], term: &[char]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(at) = position(text, term, from) {
        all.push((at, at + term.len()));
        from = at + term.len();
    }
    let at_word = |start: usize| {
        stands_alone(text[start])
            || start == 0
            || !text[start - 1].is_alphanumeric()
            || stands_alone(text[start - 1])
    };
    if all.iter().any(|(start, _)| at_word(*start)) {
        all.retain(|(start, _)| at_word(*start));
    }
    all
}
