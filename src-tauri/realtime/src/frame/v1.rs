//! Version 1.0.0: `{"topic", "event", "payload", "ref", "join_ref"}`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{DecodeError, EncodeError, Json, Message, Payload, Wire};

pub(super) fn decode(text: &str) -> Result<Message, DecodeError> {
    let object: Incoming = serde_json::from_str(text)?;
    Ok(Message {
        join_ref: object.join_ref.0,
        reference: object.reference.0,
        topic: object.topic,
        event: object.event,
        payload: Payload::Json(object.payload.unwrap_or_else(Json::null)),
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
struct Incoming {
    topic: String,
    event: String,
    #[serde(default)]
    payload: Option<Json>,
    #[serde(default, rename = "ref")]
    reference: Ref,
    #[serde(default)]
    join_ref: Ref,
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
pub(super) struct Ref(pub Option<String>);

impl<'de> Deserialize<'de> for Ref {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Ref;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reference: a string, a whole number or null")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Ref, E> {
                Ok(Ref(None))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Ref, E> {
                Ok(Ref(Some(text.to_owned())))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Ref, E> {
                Ok(Ref(Some(number.to_string())))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Ref, E> {
                Ok(Ref(Some(number.to_string())))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
