//! JSON kept as the text it arrived in, so that no number in it loses a digit.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

/// Why a text is no JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a JSON object: {0}")]
pub struct JsonError(pub String);

/// A JSON object as text; `metadata` columns are of this type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// The object without members.
    pub fn empty() -> Self {
        Self("{}".to_owned())
    }

    /// Checks that the text is one JSON object and takes it over.
    pub fn new(text: impl Into<String>) -> Result<Self, JsonError> {
        let text = text.into();
        if !text.trim_start().starts_with('{') {
            return Err(JsonError("it does not begin with a brace".to_owned()));
        }
        serde_json::from_str::<&RawValue>(&text).map_err(|error| JsonError(error.to_string()))?;
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the object as `T`; `None` when it does not fit.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_str(&self.0).ok()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::new(raw.get()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keeps_numbers_as_written() {
        let text = r#"{"big":12345678901234567890123,"f":0.1000}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in ["", "[]", "1", "{", "{} {}", "null"] {
            assert!(Json::new(text).is_err(), "{text:?}");
        }
    }
}
