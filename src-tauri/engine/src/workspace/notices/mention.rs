//! Whether a message names somebody.

/// Whether a text has a name as a word of its own, or `@name`, whatever their case. Of a name of
/// several words the first one counts after an `@`, and so do all of them written together.
pub(super) fn names(text: &str, name: &str) -> bool {
    let text = text.to_lowercase();
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split_whitespace().collect();
    let Some(first) = words.first() else {
        return false;
    };
    let text_words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    has_word(&text_words, &words.join(" "))
        || has_word(&text, &format!("@{first}"))
        || has_word(&text, &format!("@{}", words.concat()))
}

/// Whether `word` stands in a text and no letter or digit goes on before or after it.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, found)| {
        !goes_on(text[..at].chars().next_back())
            && !goes_on(text[at + found.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_word_in_any_case() {
        for text in [
            "alice, are you there?",
            "ask ALICE",
            "@Alice",
            "(Alice)",
            "hand it to @alice.",
            "Alice",
            "for Alice's sake",
            "say\nalice",
        ] {
            assert!(names(text, "Alice"), "{text}");
        }
        for text in [
            "malice",
            "Alicenter",
            "alice_b",
            "@alice2",
            "",
            "al ice",
            "Älice",
        ] {
            assert!(!names(text, "Alice"), "{text}");
        }
    }

    #[test]
    fn of_a_long_name_all_of_it_counts_or_the_first_word_after_an_at() {
        for text in ["noor  haddad", "@noor", "@NoorHaddad!", "Noor Haddad."] {
            assert!(names(text, "Noor Haddad"), "{text}");
        }
        for text in ["noor", "haddad", "@haddad", "noorhaddad"] {
            assert!(!names(text, "Noor Haddad"), "{text}");
        }
    }

    #[test]
    fn names_of_any_script_are_found_and_an_empty_one_never() {
        assert!(names("Спроси Ольгу и Олю", "Олю"));
        assert!(names("STRASSE? @jürgen", "Jürgen"));
        assert!(!names("anything", " "));
        // Parts of what looks like an address of somebody else.
        assert!(!names("bob@aliceworks.example", "Alice"));
    }
}
