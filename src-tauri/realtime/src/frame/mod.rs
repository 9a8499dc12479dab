//! Frames of the Realtime socket, for both ends of it.
//!
//! Version 1.0.0 is one JSON object in a text message. Version 2.0.0 is a JSON array in a text
//! message, and five kinds of binary message. Payloads stay raw JSON text, so no number loses a
//! digit on its way. Decoding never panics: whatever cannot be read is a [`DecodeError`], which a
//! peer should count and otherwise ignore, since another client can cause one.

mod json;
mod v1;
mod v2;

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::change::RawMessage;

pub use json::Json;

/// The longest string a binary frame can carry, in UTF-8 bytes: its length is one byte.
pub const MAX_FIELD_BYTES: usize = 255;

/// Version of the serializer, chosen by the `vsn` parameter of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Vsn {
    /// `1.0.0`: JSON objects. What a server assumes when the parameter is absent.
    V1,
    /// `2.0.0`: JSON arrays and binary frames.
    #[default]
    V2,
}

impl Vsn {
    /// The value of the `vsn` parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0.0",
            Self::V2 => "2.0.0",
        }
    }

    /// Reads the `vsn` parameter; `None` for a version that does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "1.0.0" => Some(Self::V1),
            "2.0.0" => Some(Self::V2),
            _ => None,
        }
    }
}

/// Which end wrote a frame. Kind 0 is laid out differently in the two directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The client wrote it.
    Client,
    /// The server wrote it.
    Server,
}

/// The content of one WebSocket data message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wire {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
}

impl Wire {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether it has no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// JSON, kept as the text that was received.
    Json(Json),
    /// Opaque bytes. Only version 2.0.0 can carry them.
    Binary(Bytes),
}

impl Payload {
    /// The JSON text, if it is JSON.
    pub fn json(&self) -> Option<&Json> {
        match self {
            Self::Json(json) => Some(json),
            Self::Binary(_) => None,
        }
    }
}

/// A channel message: a text frame of either version, or binary kind 0.
///
/// Binary kind 0 from a server has no room for a reference; encoding drops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Reference of the join that opened this incarnation of the channel. Servers send none in
    /// version 1.0.0.
    pub join_ref: Option<String>,
    /// Reference of this message, or of the message it answers.
    pub reference: Option<String>,
    /// `realtime:` and the channel's name, or `phoenix`.
    pub topic: String,
    /// Name of the event, such as `phx_join`.
    pub event: String,
    /// What it carries.
    pub payload: Payload,
}

/// A text frame that was read, as a part of its text. The fields are those of [`Message`].
#[derive(Debug)]
pub(crate) struct TextFrame<'a> {
    pub join_ref: Option<Cow<'a, str>>,
    pub reference: Option<Cow<'a, str>>,
    pub topic: Cow<'a, str>,
    pub event: Cow<'a, str>,
    pub payload: &'a RawValue,
}

/// A text frame with a row change, read in one pass.
#[derive(Debug)]
pub(crate) struct ChangeFrame<'a> {
    pub join_ref: Option<Cow<'a, str>>,
    pub topic: Cow<'a, str>,
    pub message: RawMessage<'a>,
}

/// A string, copied only where escapes have to be undone.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// Binary kind 1: a server's reply that carries bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryReply {
    /// Reference of the join that opened this incarnation of the channel.
    pub join_ref: Option<String>,
    /// Reference of the message it answers.
    pub reference: Option<String>,
    /// Topic of the channel.
    pub topic: String,
    /// `ok` or `error`.
    pub status: String,
    /// The reply's bytes.
    pub data: Bytes,
}

/// Binary kind 2: a server's broadcast that carries bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryBroadcast {
    /// Topic of the channel.
    pub topic: String,
    /// Name of the event.
    pub event: String,
    /// The bytes.
    pub data: Bytes,
}

/// Binary kind 3: a broadcast on its way from a client to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserBroadcastPush {
    /// Reference of the join that opened this incarnation of the channel.
    pub join_ref: Option<String>,
    /// Reference of this message.
    pub reference: Option<String>,
    /// Topic of the channel.
    pub topic: String,
    /// Name that the sender gave the event.
    pub event: String,
    /// A JSON object, or nothing.
    pub metadata: Option<Json>,
    /// What it carries.
    pub payload: Payload,
}

/// Binary kind 4: a broadcast on its way from the server to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserBroadcast {
    /// Topic of the channel.
    pub topic: String,
    /// Name that the sender gave the event.
    pub event: String,
    /// A JSON object (`id`, `replayed`), or nothing.
    pub metadata: Option<Json>,
    /// What it carries.
    pub payload: Payload,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A channel message (text, or binary kind 0).
    Message(Message),
    /// Binary kind 1.
    Reply(BinaryReply),
    /// Binary kind 2.
    Broadcast(BinaryBroadcast),
    /// Binary kind 3.
    UserBroadcastPush(UserBroadcastPush),
    /// Binary kind 4.
    UserBroadcast(UserBroadcast),
    /// A kind that this code does not know. To be counted and ignored.
    Unknown {
        /// The first byte.
        kind: u8,
        /// Length of the whole message in bytes.
        bytes: usize,
    },
}

impl From<Message> for Frame {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

/// Why received bytes are no frame.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The text, or the part of a binary frame that says it is JSON, is not JSON of that form.
    #[error("not a frame: {0}")]
    Json(#[from] serde_json::Error),
    /// A binary message without a byte.
    #[error("empty binary frame")]
    Empty,
    /// A binary frame that ends before the lengths it states.
    #[error("binary frame of kind {kind} ends early: {needed} bytes needed, {got} there")]
    Truncated {
        /// The first byte.
        kind: u8,
        /// Bytes that the stated lengths need.
        needed: usize,
        /// Bytes that are there.
        got: usize,
    },
    /// A string of a binary frame is not UTF-8.
    #[error("{field} of a binary frame is not UTF-8")]
    NotUtf8 {
        /// Which one.
        field: &'static str,
    },
    /// The encoding byte of a user broadcast is neither 0 nor 1.
    #[error("unknown payload encoding {0}")]
    UnknownEncoding(u8),
    /// A binary message on a socket that speaks version 1.0.0.
    #[error("binary frame on a 1.0.0 socket")]
    BinaryInV1,
}

/// Why a frame cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A string is too long for the one byte that states its length.
    #[error("{field} is {bytes} bytes long; a binary frame holds {MAX_FIELD_BYTES}")]
    TooLong {
        /// Which one.
        field: &'static str,
        /// Its length in UTF-8 bytes.
        bytes: usize,
    },
    /// Version 1.0.0 has no binary frames.
    #[error("version 1.0.0 cannot carry this frame")]
    NotInV1,
    /// A frame of unknown kind cannot be written.
    #[error("a frame of unknown kind {0} cannot be written")]
    Unknown(u8),
    /// JSON could not be written.
    #[error("the frame cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Reads one data message written by `from`.
pub fn decode(vsn: Vsn, from: Sender, wire: &Wire) -> Result<Frame, DecodeError> {
    match wire {
        Wire::Text(text) => decode_text(vsn, text),
        Wire::Binary(bytes) => decode_binary(vsn, from, bytes),
    }
}

/// Reads one text message.
pub fn decode_text(vsn: Vsn, text: &str) -> Result<Frame, DecodeError> {
    let frame = read_text(vsn, text)?;
    Ok(Frame::Message(Message {
        join_ref: frame.join_ref.map(Cow::into_owned),
        reference: frame.reference.map(Cow::into_owned),
        topic: frame.topic.into_owned(),
        event: frame.event.into_owned(),
        payload: Payload::Json(frame.payload.to_owned().into()),
    }))
}

/// As [`decode_text`], and copies nothing.
pub(crate) fn read_text(vsn: Vsn, text: &str) -> Result<TextFrame<'_>, DecodeError> {
    match vsn {
        Vsn::V1 => v1::read(text),
        Vsn::V2 => v2::read(text),
    }
}

/// Reads a text message that is a row change as servers write them, in one pass instead of two.
/// `None` says nothing about another one.
pub(crate) fn read_change(vsn: Vsn, text: &str) -> Option<ChangeFrame<'_>> {
    match vsn {
        Vsn::V1 => v1::read_change(text),
        Vsn::V2 => v2::read_change(text),
    }
}

/// Reads one binary message written by `from`. Payloads share `bytes`; nothing large is copied.
pub fn decode_binary(vsn: Vsn, from: Sender, bytes: &Bytes) -> Result<Frame, DecodeError> {
    match vsn {
        Vsn::V1 => Err(DecodeError::BinaryInV1),
        Vsn::V2 => v2::decode_binary(from, bytes),
    }
}

/// Writes one frame as `from` sends it.
pub fn encode(vsn: Vsn, from: Sender, frame: &Frame) -> Result<Wire, EncodeError> {
    match (vsn, frame) {
        (Vsn::V1, Frame::Message(message)) => v1::encode(message),
        (Vsn::V1, _) => Err(EncodeError::NotInV1),
        (Vsn::V2, frame) => v2::encode(from, frame),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::change::ChangeMessage;

    #[test]
    fn a_change_read_in_one_pass_is_the_one_read_in_two() {
        let body = r#"{"ids":[1,2],"data":{"schema":"public","table":"t\u00e9","type":"UPDATE",
            "record":{"id":"x","n":12.50},"old_record":{"id":"x"},"errors":["Error 413"],
            "columns":[{"name":"id","type":"text"}],"commit_timestamp":"2026-11-22T11:53:55Z"}}"#;
        let v1 = |event: &str| {
            let rest = format!(r#""payload":{body},"ref":null,"topic":"realtime:x"}}"#);
            format!(r#"{{"event":"{event}",{rest}"#)
        };
        let v2 = |event: &str| format!(r#"["3",null,"realtime:x","{event}",{body},"more"]"#);
        for (vsn, text, join_ref) in [
            (Vsn::V1, v1("postgres_changes"), None),
            (Vsn::V2, v2("postgres_changes"), Some("3")),
        ] {
            let one = read_change(vsn, &text).unwrap();
            let two = read_text(vsn, &text).unwrap();
            assert_eq!(one.join_ref.as_deref(), join_ref);
            assert_eq!((&one.join_ref, &one.topic), (&two.join_ref, &two.topic));
            let one = one.message.keep(&text).unwrap();
            let two = ChangeMessage::read(two.payload.get()).unwrap();
            assert_eq!(one.ids, two.ids);
            assert_eq!(format!("{:?}", one.change), format!("{:?}", two.change));
            assert_eq!(one.change.columns().unwrap(), two.change.columns().unwrap());
        }
        for (vsn, text) in [(Vsn::V1, v1("broadcast")), (Vsn::V2, v2("broadcast"))] {
            assert!(read_change(vsn, &text).is_none());
            assert!(read_text(vsn, &text).is_ok());
        }
    }
}
