//! Looks for a query's terms in a text as the index would, and inside of words.

use super::query::Term;
use super::tokens::{fold_into, words};

/// How a text matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// All terms stand there as words: what the index finds.
    Words,
    /// They stand there, some of them inside of words.
    Parts,
    /// Not at all.
    No,
}

/// Terms to look for in many texts.
#[derive(Debug)]
pub(crate) struct Matcher {
    terms: Vec<Sought>,
    folded: String,
    joined: String,
    ends: Vec<usize>,
}

#[derive(Debug)]
struct Sought {
    whole: String,
    words: Vec<String>,
    prefix: bool,
    literal: bool,
}

impl Matcher {
    pub(crate) fn new(terms: &[Term]) -> Self {
        let any_words = terms.iter().any(|term| !term.words().is_empty());
        let sought = terms.iter().map(|term| Sought {
            whole: term.folded(),
            words: term.words(),
            prefix: term.prefix,
            literal: term.has_signs() || !any_words,
        });
        Self {
            terms: sought.collect(),
            folded: String::new(),
            joined: String::new(),
            ends: Vec::new(),
        }
    }

    /// How a text matches.
    pub(crate) fn look(&mut self, text: &str) -> Match {
        self.folded.clear();
        fold_into(text, &mut self.folded);
        let here = |part: &str| self.folded.contains(part);
        let parts = self.terms.iter().all(|term| here(&term.whole));
        // Cutting the text into words takes longer than this.
        let likely = self.terms.iter().all(|term| {
            (!term.literal || here(&term.whole)) && term.words.iter().all(|word| here(word))
        });
        if likely && self.as_words(text) {
            Match::Words
        } else if parts {
            Match::Parts
        } else {
            Match::No
        }
    }

    /// Whether the signs that the index does not know stand there too.
    pub(crate) fn literally(&mut self, text: &str) -> bool {
        self.folded.clear();
        fold_into(text, &mut self.folded);
        let mut signs = self.terms.iter().filter(|term| term.literal);
        signs.all(|term| self.folded.contains(&term.whole))
    }

    /// Whether [`Matcher::literally`] asks for anything.
    pub(crate) fn has_signs(&self) -> bool {
        self.terms.iter().any(|term| term.literal)
    }

    fn as_words(&mut self, text: &str) -> bool {
        let Self {
            terms,
            joined,
            ends,
            ..
        } = self;
        joined.clear();
        ends.clear();
        words(text, |word| {
            joined.push_str(word);
            ends.push(joined.len());
        });
        let word = |at: usize| {
            let from = if at == 0 { 0 } else { ends[at - 1] };
            &joined[from..ends[at]]
        };
        terms.iter().all(|term| {
            let Some((last, before)) = term.words.split_last() else {
                return true;
            };
            (before.len()..ends.len()).any(|end| {
                let ends_so = if term.prefix {
                    word(end).starts_with(last.as_str())
                } else {
                    word(end) == last
                };
                let first = end - before.len();
                ends_so
                    && (first..end)
                        .zip(before)
                        .all(|(at, wanted)| word(at) == wanted)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::Query;
    use super::*;

    fn look(query: &str, text: &str) -> Match {
        let query = Query::parse(query).unwrap_or_default();
        Matcher::new(&query.terms).look(text)
    }

    #[test]
    fn words_phrases_beginnings_parts_and_signs_are_told_apart() {
        for (query, text, how) in [
            ("bit", "a bitcoin", Match::Words),
            ("bit ", "a bitcoin", Match::Parts),
            ("coin", "a Bitcoin", Match::Parts),
            ("\"to me\"", "come to, me", Match::Words),
            ("\"to me\"", "to say me", Match::No),
            ("\"to me\"", "into mere", Match::Parts),
            ("c++", "I write C++", Match::Words),
            ("c++", "c plus", Match::No),
            ("特币", "比特币", Match::Words),
            ("币特", "比特币", Match::No),
            ("cafe", "the Café", Match::Words),
            ("😀", "well 😀", Match::Words),
            ("a -", "a b", Match::Words),
            ("a b", "b and a", Match::Words),
            ("a b", "a", Match::No),
        ] {
            assert_eq!(look(query, text), how, "{query} in {text}");
        }
    }
}
