//! Texts as they are written.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Template, TemplateError> {
    text.parse()
}

/// Each place filled with its own name, in brackets.
fn filled(text: &str) -> String {
    let template = read(text).unwrap();
    template.fill(|placeholder| format!("[{}]", placeholder.name()))
}

#[test]
fn names_in_braces_are_filled_in_and_braces_written_twice_are_braces() {
    for (text, expected) in [
        ("Sell half at {price}.", "Sell half at [price]."),
        ("{symbol}{price}", "[symbol][price]"),
        ("{{price}}", "{price}"),
        ("{{{price}}}", "{[price]}"),
        ("a {{ b }} c", "a { b } c"),
        ("}}{{", "}{"),
        ("first\r\nsecond", "first\nsecond"),
        ("Größe {move} 🚀", "Größe [move] 🚀"),
    ] {
        assert_eq!(filled(text), expected, "{text}");
    }
}

#[test]
fn every_name_can_be_filled_in() {
    for placeholder in Placeholder::ALL {
        let name = placeholder.name();
        assert_eq!(filled(&in_braces(name)), format!("[{name}]"));
    }
}

#[test]
fn what_is_wrong_is_named_with_what_there_is() {
    let said = |text: &str| read(text).unwrap_err().to_string();
    let known = "{symbol}, {price}, {threshold}, {condition}, {move}, {change24h}, {volume}, \
                 {market_cap}, {time}, {tags}, {details}";
    assert_eq!(
        said("at {prize}"),
        format!("{{prize}} in the text stands for nothing. What can be filled in: {known}")
    );
    // Names are as they stand there: no blanks, no capitals, and not none.
    for text in ["{ price }", "{Price}", "{}", "{price:2}", "{ticker}"] {
        assert!(said(text).starts_with(text), "{}", said(text));
    }
    let long = format!("{{{}}}", "x".repeat(300));
    assert!(said(&long).starts_with(&format!("{{{} …}} in", "x".repeat(32))));
    assert_eq!(
        said("from {price to {time}"),
        "the brace before “price to ” is not closed. A brace itself is written twice"
    );
    assert!(matches!(read("{"), Err(TemplateError::Unclosed(_))));
    assert!(matches!(read("{{{"), Err(TemplateError::Unclosed(_))));
    assert!(matches!(read("}"), Err(TemplateError::Unopened)));
    assert!(matches!(read("{price}}"), Err(TemplateError::Unopened)));
    assert!(matches!(read("a\0b"), Err(TemplateError::Control)));
    assert!(matches!(read("a\rb"), Err(TemplateError::Control)));
}

#[test]
fn a_text_has_its_length_and_a_blank_one_is_none() {
    let longest = "é".repeat(Template::LONGEST);
    assert_eq!(filled(&longest), longest);
    let longer = format!("{longest}!");
    assert_eq!(read(&longer), Err(TemplateError::TooLong));
    for blank in ["", "  ", "\n\t\r\n"] {
        assert_eq!(Template::read(blank), Ok(None));
    }
    assert_eq!(Template::read("\n {price} \t"), Template::read("{price}"));
}

/// Texts that are likely to say something, among others.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("\n".to_owned()),
        proptest::sample::select(&Placeholder::ALL[..]).prop_map(|each| in_braces(each.name())),
        "[a-z0-9_ ]{0,6}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_whatever_panics_and_what_is_read_is_written_out_as_it_was(text in texts()) {
        if let Ok(template) = read(&text) {
            let written = template.to_string();
            prop_assert_eq!(&written, &text.replace("\r\n", "\n"));
            prop_assert_eq!(read(&written), Ok(template));
        }
    }

    #[test]
    fn any_text_can_be_said_by_writing_its_braces_twice(text in "[^\\p{C}]{0,200}") {
        let written = text.replace('{', "{{").replace('}', "}}");
        prop_assume!(written.chars().count() <= Template::LONGEST);
        let template = read(&written).unwrap();
        prop_assert_eq!(template.fill(|_| unreachable!()), text);
    }

    #[test]
    fn what_is_filled_in_is_not_read_again(value in any::<String>()) {
        let template = read("<{price}>").unwrap();
        prop_assert_eq!(template.fill(|_| value.clone()), format!("<{value}>"));
    }
}
