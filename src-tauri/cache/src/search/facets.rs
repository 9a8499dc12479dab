//! What the search index knows of a message beside its words, so that a filter that few messages
//! pass does not walk all of them: its session, its author, what it carries.
//!
//! Each is a term of the index that begins with a character for private use, which no text has as a
//! part of a word ([`super::tokens`]).

use std::fmt::Write as _;

use tidings_model::{MessageKind, Role};

/// In front of a facet.
const MARK: char = '\u{e000}';

/// One of the things that are known of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Facet {
    /// It is in the session with this key.
    Session(i64),
    /// The user with this key wrote it.
    Author(i64),
    /// It has this role. That of a user has no term: most messages do.
    Role(Role),
    /// It is of this kind. Text has no term.
    Kind(MessageKind),
    /// There is a web address in it.
    Link,
    /// There may be a block of code in it.
    Code,
}

impl Facet {
    /// Whether the index has a term for it.
    pub(super) fn is_indexed(self) -> bool {
        !matches!(self, Self::Role(Role::User) | Self::Kind(MessageKind::Text))
    }

    /// Its term.
    pub(super) fn term(self) -> String {
        let mut term = String::new();
        self.write(&mut term);
        term
    }

    fn write(self, to: &mut String) {
        to.push(MARK);
        // Writing into a String succeeds.
        let _ = match self {
            Self::Session(key) => write!(to, "s{key}"),
            Self::Author(key) => write!(to, "u{key}"),
            Self::Role(role) => write!(to, "r{}", role.as_str()),
            Self::Kind(kind) => write!(to, "k{}", kind.as_str()),
            Self::Link => write!(to, "l"),
            Self::Code => write!(to, "c"),
        };
    }
}

/// Adds the terms of a message's facets to its words.
pub(crate) fn append(facets: impl IntoIterator<Item = Facet>, words: &mut String) {
    for facet in facets.into_iter().filter(|facet| facet.is_indexed()) {
        if !words.is_empty() {
            words.push(' ');
        }
        facet.write(words);
    }
}

/// What a text carries: no less than the conditions of [`super::filter`] ask for.
pub(crate) fn carried(content: &str) -> impl Iterator<Item = Facet> {
    let link = content.match_indices("://").any(|(at, _)| {
        let before = &content.as_bytes()[..at];
        let ends = |scheme: &[u8]| {
            let from = before.len().checked_sub(scheme.len());
            from.is_some_and(|from| before[from..].eq_ignore_ascii_case(scheme))
        };
        ends(b"http") || ends(b"https")
    });
    let code = content.contains("```");
    let link = link.then_some(Facet::Link);
    link.into_iter().chain(code.then_some(Facet::Code))
}

#[cfg(test)]
mod tests {
    use super::super::tokens::indexed;
    use super::*;

    #[test]
    fn what_a_text_carries_is_seen() {
        let carried = |text| carried(text).collect::<Vec<_>>();
        for (text, expected) in [
            (
                "see HTTPS://a.example and ```",
                &[Facet::Link, Facet::Code][..],
            ),
            ("xhttp://a", &[Facet::Link]),
            ("ftp://a, ://, http:/ and ``", &[]),
            ("é://", &[]),
            ("", &[]),
        ] {
            assert_eq!(carried(text), expected, "{text}");
        }
    }

    #[test]
    fn no_text_has_a_facet_among_its_words() {
        for facet in [
            Facet::Session(7),
            Facet::Author(1),
            Facet::Role(Role::System),
            Facet::Kind(MessageKind::Voice),
            Facet::Link,
            Facet::Code,
        ] {
            let term = facet.term();
            assert!(term.starts_with(MARK));
            assert!(!indexed(&format!("a {term} b")).contains(&term));
        }
    }
}
