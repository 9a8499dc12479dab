//! JSON with exact numbers: read from the raw text, never through a double.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members in the order written, each value as its raw text.
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// A member's name, borrowed when it holds no escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The text that `jsonb` keeps: members ordered by the length of the name and then by its
/// bytes, the last of two equal names, no insignificant space, numbers as written.
pub fn canonical(raw: &RawValue) -> Result<String, serde_json::Error> {
    let mut out = String::with_capacity(raw.get().len());
    write(raw.get(), &mut out, "", "")?;
    Ok(out)
}

/// The text of a cast from `jsonb`: a space after each comma and colon.
pub fn spaced(text: &str) -> Result<String, serde_json::Error> {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    write(text, &mut out, " ", " ")?;
    Ok(out)
}

fn write(text: &str, out: &mut String, comma: &str, colon: &str) -> Result<(), serde_json::Error> {
    match text.trim_start().as_bytes().first() {
        Some(b'{') => {
            let Members(mut members) = serde_json::from_str(text)?;
            // The sort is stable, so the last of equal names is the last written.
            members.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
            out.push('{');
            let mut first = true;
            for (index, (name, value)) in members.iter().enumerate() {
                if members.get(index + 1).is_some_and(|(next, _)| next == name) {
                    continue;
                }
                if !first {
                    out.push(',');
                    out.push_str(comma);
                }
                first = false;
                push_string(out, name);
                out.push(':');
                out.push_str(colon);
                write(value.get(), out, comma, colon)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                    out.push_str(comma);
                }
                write(item.get(), out, comma, colon)?;
            }
            out.push(']');
        }
        Some(b'"') => {
            let plain: Cow<'_, str> = serde_json::from_str::<Name<'_>>(text)?.0;
            push_string(out, &plain);
        }
        _ => out.push_str(text.trim()),
    }
    Ok(())
}

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    // Most texts hold nothing that must be escaped.
    if !text
        .bytes()
        .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// What is found along `path` (names, or positions in arrays) inside `text`.
pub fn lookup<'a>(text: &'a str, path: &[&str]) -> Option<&'a str> {
    let Some((step, rest)) = path.split_first() else {
        return Some(text);
    };
    let inner: &'a str = match text.trim_start().as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).ok()?;
            members
                .iter()
                .rev()
                .find(|(name, _)| name == step)
                .map(|(_, value)| value.get())?
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let position: i64 = step.parse().ok()?;
            let position = if position < 0 {
                i64::try_from(items.len()).ok()? + position
            } else {
                position
            };
            items
                .get(usize::try_from(position).ok()?)
                .map(|item| item.get())?
        }
        _ => return None,
    };
    lookup(inner, rest)
}

/// The text of a JSON scalar as `->>` gives it: a string without its quotes, NULL for
/// `null`, anything else as `jsonb` writes it.
pub fn as_text(text: &str) -> Option<String> {
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).ok(),
        Some(b'n') => None,
        Some(b'{' | b'[') => spaced(text).ok(),
        _ => Some(text.to_owned()),
    }
}

/// Whether `outer @> inner` holds, as `jsonb` defines it.
pub fn contains(outer: &str, inner: &str) -> bool {
    match (outer.as_bytes().first(), inner.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => {
            let (Ok(Members(outer)), Ok(Members(inner))) = (
                serde_json::from_str(outer),
                serde_json::from_str::<Members<'_>>(inner),
            ) else {
                return false;
            };
            inner.iter().all(|(name, value)| {
                outer
                    .iter()
                    .any(|(other, held)| other == name && contains(held.get(), value.get()))
            })
        }
        (Some(b'['), Some(b'[')) => {
            let (Ok(outer), Ok(inner)) = (
                serde_json::from_str::<Vec<&RawValue>>(outer),
                serde_json::from_str::<Vec<&RawValue>>(inner),
            ) else {
                return false;
            };
            inner
                .iter()
                .all(|value| outer.iter().any(|held| contains(held.get(), value.get())))
        }
        // An array contains a scalar that is one of its items.
        (Some(b'['), Some(first)) if *first != b'{' => {
            serde_json::from_str::<Vec<&RawValue>>(outer)
                .is_ok_and(|items| items.iter().any(|item| item.get() == inner))
        }
        _ => outer == inner,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn canon(text: &str) -> String {
        canonical(serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn members_are_ordered_like_jsonb_and_numbers_stay_exact() {
        assert_eq!(
            canon(
                r#" { "bb": 1, "a" : [ 12345678901234567890.10 , {"z":null} ], "bb": "\u00e9" } "#
            ),
            r#"{"a":[12345678901234567890.10,{"z":null}],"bb":"é"}"#
        );
        assert_eq!(
            spaced(r#"{"a":[1,2],"b":{}}"#).unwrap(),
            r#"{"a": [1, 2], "b": {}}"#
        );
    }

    #[test]
    fn strings_are_written_as_serde_writes_them() {
        for text in [
            "plain é 漢字",
            "quo\"te",
            "back\\slash",
            "line\n\u{1}",
            "\u{7f}",
            "",
        ] {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(out, serde_json::to_string(text).unwrap());
        }
    }

    #[test]
    fn paths_and_containment_follow_jsonb() {
        let text = r#"{"a":{"b":["x","y"]},"n":1.0}"#;
        assert_eq!(lookup(text, &["a", "b", "-1"]), Some(r#""y""#));
        assert_eq!(lookup(text, &["a", "c"]), None);
        assert!(contains(text, r#"{"a":{"b":["y"]}}"#));
        assert!(contains(r#"["x",1]"#, r#""x""#));
        assert!(!contains(text, r#"{"a":{"b":["z"]}}"#));
    }
}
