//! Reads what the user typed: words, phrases in quotes, operators.

use tidings_model::{Role, Timestamp};

use super::facets::Facet;
use super::tokens::{fold_into, stands_alone, words};
use crate::error::{CacheError, Result};

/// A word or phrase to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// As typed, without quotes.
    pub text: String,
    /// The word is still being typed: longer words count as well.
    pub prefix: bool,
    /// It was in quotes: nothing but itself counts.
    pub quoted: bool,
    /// The byte of the query where `text` begins.
    pub at: usize,
}

impl Term {
    /// As it is compared, character by character.
    pub(crate) fn folded(&self) -> String {
        let mut text = String::new();
        fold_into(&self.text, &mut text);
        text
    }

    /// What the index knows of it: words in a row.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut found = Vec::new();
        words(&self.text, |word| found.push(word.to_owned()));
        found
    }

    /// Whether it has signs that the index ignores but the user means: `c++`, `#1`.
    pub(crate) fn has_signs(&self) -> bool {
        self.text
            .chars()
            .any(|char| !char.is_alphanumeric() && "+#*@$%&=<>/\\^~|€£".contains(char))
    }
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Query {
    /// All of them have to be there.
    pub terms: Vec<Term>,
    /// `from:` a user's id, or `me`.
    pub from: Option<String>,
    /// `in:` a session's id, or a part of its title.
    pub session: Option<String>,
    /// `before:` this instant.
    pub before: Option<Timestamp>,
    /// `after:` this instant, itself included.
    pub after: Option<Timestamp>,
    /// `role:`.
    pub role: Option<Role>,
    /// `has:link`.
    pub has_link: bool,
}

impl Query {
    /// Reads a query. Operators stand in front of a value without a space: `in:"My trip"`;
    /// dates are written `2026-11-22` and are days in UTC.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let from = text.len() - rest.len();
            let piece = Piece::take(&mut rest);
            match piece.operator {
                Some(operator) => query.operator(operator, piece.value)?,
                None if piece.value.is_empty() => {}
                None => query.terms.push(Term {
                    text: piece.value.to_owned(),
                    prefix: false,
                    quoted: piece.quoted,
                    at: text[from..].find(piece.value).map_or(from, |at| from + at),
                }),
            }
        }
        let typing = !text.ends_with(char::is_whitespace);
        if let Some(last) = query.terms.last_mut()
            && typing
            && !last.quoted
            && text.ends_with(last.text.as_str())
            && last
                .text
                .ends_with(|char: char| char.is_alphanumeric() && !stands_alone(char))
        {
            last.prefix = true;
        }
        Ok(query)
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The query in FTS5's language, each term quoted, with facets that have to be there as well;
    /// `None` when there is neither a word nor a facet.
    pub(super) fn expression(&self, facets: &[Facet]) -> Option<String> {
        let words = self.terms.iter().map(|term| (term.words(), term.prefix));
        let words = words.filter(|(words, _)| !words.is_empty());
        let words = words.map(|(words, prefix)| {
            let star = if prefix { " *" } else { "" };
            format!("\"{}\"{star}", words.join(" "))
        });
        // Signs alone are no words, and not all of what has the facets is looked through for them.
        let only_signs = !self.terms.is_empty() && words.clone().next().is_none();
        let facets = facets.iter().map(|facet| format!("\"{}\"", facet.term()));
        let parts: Vec<String> = words.chain(facets).collect();
        (!only_signs && !parts.is_empty()).then(|| parts.join(" AND "))
    }

    fn operator(&mut self, operator: &str, value: &str) -> Result<()> {
        match operator {
            "from" => self.from = Some(value.to_owned()),
            "in" => self.session = Some(value.to_owned()),
            "before" => self.before = Some(day(operator, value)?),
            "after" => self.after = Some(day(operator, value)?),
            "role" => {
                let role = value.to_lowercase().parse().map_err(|_| {
                    CacheError::BadQuery("role: is user, assistant or system".to_owned())
                })?;
                self.role = Some(role);
            }
            "has" if value.eq_ignore_ascii_case("link") => self.has_link = true,
            _ => return Err(CacheError::BadQuery("has: knows link".to_owned())),
        }
        Ok(())
    }
}

/// One word, phrase, or operator with its value.
struct Piece<'a> {
    operator: Option<&'a str>,
    value: &'a str,
    quoted: bool,
}

impl<'a> Piece<'a> {
    /// Takes the next piece off the front.
    fn take(rest: &mut &'a str) -> Self {
        let operator = ["from", "in", "before", "after", "role", "has"]
            .into_iter()
            .find_map(|name| {
                let found = rest.get(..name.len())?;
                let value = rest.get(name.len()..)?.strip_prefix(':')?;
                // A colon with nothing behind it is no operator, but a word still being typed.
                let usable = found.eq_ignore_ascii_case(name)
                    && value.chars().next().is_some_and(|c| !c.is_whitespace());
                usable.then_some((name, value))
            });
        if let Some((_, value)) = operator {
            *rest = value;
        }
        let operator = operator.map(|(name, _)| name);
        let (value, quoted, after) = match rest.strip_prefix('"') {
            Some(inside) => match inside.split_once('"') {
                Some((value, after)) => (value, true, after),
                None => (inside, false, ""),
            },
            None => match rest.split_once(char::is_whitespace) {
                Some((value, after)) => (value, false, after),
                None => (*rest, false, ""),
            },
        };
        *rest = after.trim_start();
        Self {
            operator,
            value: value.trim(),
            quoted,
        }
    }
}

fn day(operator: &str, value: &str) -> Result<Timestamp> {
    let text = if value.len() == "2026-11-22".len() {
        format!("{value}T00:00:00Z")
    } else {
        value.to_owned()
    };
    text.parse()
        .map_err(|_| CacheError::BadQuery(format!("{operator}: wants a date such as 2026-11-22")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_token_is_quoted_and_the_last_word_is_a_prefix() {
        let query = Query::parse(r#"it's AND c++ "two words" typ"#).unwrap();
        assert_eq!(
            query.expression(&[]).unwrap(),
            r#""it s" AND "and" AND "c" AND "two words" AND "typ" *"#
        );
        let of = |query, facets: &[Facet]| Query::parse(query).unwrap().expression(facets);
        let facet = "\"\u{e000}s7\"".to_owned();
        assert_eq!(of("", &[Facet::Session(7)]), Some(facet));
        assert_eq!(of("++ ", &[Facet::Session(7)]), None);
        assert_eq!(of("", &[]), None);
        assert!(!Query::parse("done ").unwrap().terms[0].prefix);
    }

    #[test]
    fn operators_are_read_and_wrong_ones_refused() {
        let query =
            Query::parse(r#"from:alice in:"My trip" after:2026-01-02 has:link ROLE:user x"#)
                .unwrap();
        assert_eq!(query.from.as_deref(), Some("alice"));
        assert_eq!(query.session.as_deref(), Some("My trip"));
        assert_eq!(query.role, Some(Role::User));
        assert!(query.has_link);
        assert_eq!(query.after, Some("2026-01-02T00:00:00Z".parse().unwrap()));
        assert_eq!(query.terms.len(), 1);
        for wrong in ["before:soon", "role:king", "has:fun"] {
            assert!(matches!(Query::parse(wrong), Err(CacheError::BadQuery(_))));
        }
        assert_eq!(Query::parse("from: x").unwrap().terms[0].text, "from:");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            let _ = Query::parse(&text);
        }
    }
}
