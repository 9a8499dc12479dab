//! Version 1.0.0: `{"topic", "event", "payload", "ref", "join_ref"}`.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use super::{ChangeFrame, DecodeError, EncodeError, Json, Message, Payload, Text, TextFrame, Wire};
use crate::change::RawMessage;

pub(super) fn read(text: &str) -> Result<TextFrame<'_>, DecodeError> {
    let object: Incoming<'_> = serde_json::from_str(text)?;
    Ok(TextFrame {
        join_ref: object.join_ref.0,
        reference: object.reference.0,
        topic: object.topic.0,
        event: object.event.0,
        payload: object.payload.unwrap_or(RawValue::NULL),
    })
}

/// How servers begin a row change: they sort the names.
const CHANGE: &str = r#"{"event":"postgres_changes","#;

pub(super) fn read_change(text: &str) -> Option<ChangeFrame<'_>> {
    #[derive(Deserialize)]
    struct Frame<'a> {
        #[serde(borrow)]
        topic: Text<'a>,
        #[serde(borrow)]
        payload: RawMessage<'a>,
        #[serde(borrow, default)]
        join_ref: Ref<'a>,
    }
    if !text.starts_with(CHANGE) {
        return None;
    }
    let frame: Frame<'_> = serde_json::from_str(text).ok()?;
    Some(ChangeFrame {
        join_ref: frame.join_ref.0,
        topic: frame.topic.0,
        message: frame.payload,
    })
}

pub(super) fn encode(message: &Message) -> Result<Wire, EncodeError> {
    let Payload::Json(payload) = &message.payload else {
        return Err(EncodeError::NotInV1);
    };
    let object = Outgoing {
        topic: &message.topic,
        event: &message.event,
        payload,
        reference: message.reference.as_deref(),
        join_ref: message.join_ref.as_deref(),
    };
    Ok(Wire::Text(serde_json::to_string(&object)?))
}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(borrow)]
    topic: Text<'a>,
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "ref")]
    reference: Ref<'a>,
    #[serde(borrow, default)]
    join_ref: Ref<'a>,
}

#[derive(Serialize)]
struct Outgoing<'a> {
    topic: &'a str,
    event: &'a str,
    payload: &'a Json,
    #[serde(rename = "ref")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_ref: Option<&'a str>,
}

/// A reference: a string or null; some clients send a number.
#[derive(Default)]
pub(super) struct Ref<'a>(pub Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Ref<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Ref<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reference: a string, a whole number or null")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Ref<'de>, E> {
                Ok(Ref(None))
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Ref<'de>, E> {
                Ok(Ref(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Ref<'de>, E> {
                Ok(Ref(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Ref<'de>, E> {
                Ok(Ref(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Ref<'de>, E> {
                Ok(Ref(Some(Cow::Owned(number.to_string()))))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
