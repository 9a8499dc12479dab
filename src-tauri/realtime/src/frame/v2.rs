//! Version 2.0.0: `[join_ref, ref, topic, event, payload]`, and binary frames.
//!
//! A binary frame is a kind byte, one length byte for each string, for kinds 3 and 4 an encoding
//! byte, the strings, and the data up to the end.

use std::fmt;
use std::marker::PhantomData;

use bytes::{BufMut, Bytes, BytesMut};
use serde::de::{self, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::v1::Ref;
use super::{
    BinaryBroadcast, BinaryReply, ChangeFrame, DecodeError, EncodeError, Frame, Json,
    MAX_FIELD_BYTES, Message, Payload, Sender, Text, TextFrame, UserBroadcast, UserBroadcastPush,
    Wire,
};
use crate::payload::event;

const PUSH: u8 = 0;
const REPLY: u8 = 1;
const BROADCAST: u8 = 2;
const USER_BROADCAST_PUSH: u8 = 3;
const USER_BROADCAST: u8 = 4;

const OPAQUE: u8 = 0;
const JSON: u8 = 1;

pub(super) fn read(text: &str) -> Result<TextFrame<'_>, DecodeError> {
    let Array(frame) = serde_json::from_str(text)?;
    Ok(frame)
}

/// Five elements; servers and clients ignore what follows them.
struct Array<'a>(TextFrame<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Array<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Array<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of join_ref, ref, topic, event and payload")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(
                self,
                mut array: A,
            ) -> Result<Array<'de>, A::Error> {
                let frame = TextFrame {
                    join_ref: element::<Ref<'_>, A>(&mut array, 0)?.0,
                    reference: element::<Ref<'_>, A>(&mut array, 1)?.0,
                    topic: element::<Text<'_>, A>(&mut array, 2)?.0,
                    event: element::<Text<'_>, A>(&mut array, 3)?.0,
                    payload: element(&mut array, 4)?,
                };
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Array(frame))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

pub(super) fn read_change(text: &str) -> Option<ChangeFrame<'_>> {
    let Change(frame) = serde_json::from_str(text).ok()?;
    Some(frame)
}

/// As [`Array`], of a row change; ends with an error as soon as it is another event.
struct Change<'a>(ChangeFrame<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Change<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<'a>(PhantomData<&'a str>);
        impl<'de: 'a, 'a> de::Visitor<'de> for Visitor<'a> {
            type Value = Change<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row change")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(
                self,
                mut array: A,
            ) -> Result<Change<'a>, A::Error> {
                let join_ref = element::<Ref<'a>, A>(&mut array, 0)?.0;
                element::<Ref<'a>, A>(&mut array, 1)?;
                let topic = element::<Text<'a>, A>(&mut array, 2)?.0;
                if element::<Text<'a>, A>(&mut array, 3)?.0 != event::POSTGRES_CHANGES {
                    return Err(de::Error::custom("another event"));
                }
                let frame = ChangeFrame {
                    join_ref,
                    topic,
                    message: element(&mut array, 4)?,
                };
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Change(frame))
            }
        }
        deserializer.deserialize_seq(Visitor(PhantomData))
    }
}

fn element<'de, T: Deserialize<'de>, A: de::SeqAccess<'de>>(
    array: &mut A,
    index: usize,
) -> Result<T, A::Error> {
    let missing = || de::Error::invalid_length(index, &"five elements");
    array.next_element()?.ok_or_else(missing)
}

pub(super) fn decode_binary(from: Sender, bytes: &Bytes) -> Result<Frame, DecodeError> {
    let kind = *bytes.first().ok_or(DecodeError::Empty)?;
    Ok(match (kind, from) {
        (PUSH, Sender::Client) => {
            let (fields, data) = Fields::read(kind, bytes, 4, false)?;
            Frame::Message(Message {
                join_ref: fields.reference(0, "join_ref")?,
                reference: fields.reference(1, "ref")?,
                topic: fields.text(2, "topic")?,
                event: fields.text(3, "event")?,
                payload: Payload::Binary(data),
            })
        }
        (PUSH, Sender::Server) => {
            let (fields, data) = Fields::read(kind, bytes, 3, false)?;
            Frame::Message(Message {
                join_ref: fields.reference(0, "join_ref")?,
                reference: None,
                topic: fields.text(1, "topic")?,
                event: fields.text(2, "event")?,
                payload: Payload::Binary(data),
            })
        }
        (REPLY, _) => {
            let (fields, data) = Fields::read(kind, bytes, 4, false)?;
            Frame::Reply(BinaryReply {
                join_ref: fields.reference(0, "join_ref")?,
                reference: fields.reference(1, "ref")?,
                topic: fields.text(2, "topic")?,
                status: fields.text(3, "status")?,
                data,
            })
        }
        (BROADCAST, _) => {
            let (fields, data) = Fields::read(kind, bytes, 2, false)?;
            Frame::Broadcast(BinaryBroadcast {
                topic: fields.text(0, "topic")?,
                event: fields.text(1, "event")?,
                data,
            })
        }
        (USER_BROADCAST_PUSH, _) => {
            let (fields, data) = Fields::read(kind, bytes, 5, true)?;
            Frame::UserBroadcastPush(UserBroadcastPush {
                join_ref: fields.reference(0, "join_ref")?,
                reference: fields.reference(1, "ref")?,
                topic: fields.text(2, "topic")?,
                event: fields.text(3, "event")?,
                metadata: fields.metadata(4)?,
                payload: fields.payload(data)?,
            })
        }
        (USER_BROADCAST, _) => {
            let (fields, data) = Fields::read(kind, bytes, 3, true)?;
            Frame::UserBroadcast(UserBroadcast {
                topic: fields.text(0, "topic")?,
                event: fields.text(1, "event")?,
                metadata: fields.metadata(2)?,
                payload: fields.payload(data)?,
            })
        }
        (kind, _) => Frame::Unknown {
            kind,
            bytes: bytes.len(),
        },
    })
}

pub(super) fn encode(from: Sender, frame: &Frame) -> Result<Wire, EncodeError> {
    let bytes = match frame {
        Frame::Message(message) => match &message.payload {
            Payload::Json(payload) => return encode_text(message, payload),
            Payload::Binary(data) => {
                let join_ref = ("join_ref", message.join_ref.as_deref().unwrap_or_default());
                let reference = ("ref", message.reference.as_deref().unwrap_or_default());
                let topic = ("topic", message.topic.as_str());
                let event = ("event", message.event.as_str());
                match from {
                    Sender::Client => {
                        write(PUSH, &[join_ref, reference, topic, event], None, data)?
                    }
                    Sender::Server => write(PUSH, &[join_ref, topic, event], None, data)?,
                }
            }
        },
        Frame::Reply(reply) => {
            let fields = [
                ("join_ref", reply.join_ref.as_deref().unwrap_or_default()),
                ("ref", reply.reference.as_deref().unwrap_or_default()),
                ("topic", reply.topic.as_str()),
                ("status", reply.status.as_str()),
            ];
            write(REPLY, &fields, None, &reply.data)?
        }
        Frame::Broadcast(broadcast) => {
            let fields = [
                ("topic", broadcast.topic.as_str()),
                ("event", broadcast.event.as_str()),
            ];
            write(BROADCAST, &fields, None, &broadcast.data)?
        }
        Frame::UserBroadcastPush(push) => {
            let fields = [
                ("join_ref", push.join_ref.as_deref().unwrap_or_default()),
                ("ref", push.reference.as_deref().unwrap_or_default()),
                ("topic", push.topic.as_str()),
                ("event", push.event.as_str()),
                ("metadata", push.metadata.as_ref().map_or("", Json::as_str)),
            ];
            let (encoding, data) = payload_bytes(&push.payload);
            write(USER_BROADCAST_PUSH, &fields, Some(encoding), data)?
        }
        Frame::UserBroadcast(broadcast) => {
            let fields = [
                ("topic", broadcast.topic.as_str()),
                ("event", broadcast.event.as_str()),
                (
                    "metadata",
                    broadcast.metadata.as_ref().map_or("", Json::as_str),
                ),
            ];
            let (encoding, data) = payload_bytes(&broadcast.payload);
            write(USER_BROADCAST, &fields, Some(encoding), data)?
        }
        Frame::Unknown { kind, .. } => return Err(EncodeError::Unknown(*kind)),
    };
    Ok(Wire::Binary(bytes))
}

fn encode_text(message: &Message, payload: &Json) -> Result<Wire, EncodeError> {
    let array = (
        message.join_ref.as_deref(),
        message.reference.as_deref(),
        &message.topic,
        &message.event,
        payload,
    );
    Ok(Wire::Text(serde_json::to_string(&array)?))
}

fn payload_bytes(payload: &Payload) -> (u8, &[u8]) {
    match payload {
        Payload::Json(json) => (JSON, json.as_str().as_bytes()),
        Payload::Binary(bytes) => (OPAQUE, bytes),
    }
}

fn write(
    kind: u8,
    fields: &[(&'static str, &str)],
    encoding: Option<u8>,
    data: &[u8],
) -> Result<Bytes, EncodeError> {
    let strings: usize = fields.iter().map(|(_, text)| text.len()).sum();
    let mut out = BytesMut::with_capacity(2 + fields.len() + strings + data.len());
    out.put_u8(kind);
    for &(field, text) in fields {
        let length = u8::try_from(text.len()).map_err(|_| {
            debug_assert!(text.len() > MAX_FIELD_BYTES);
            EncodeError::TooLong {
                field,
                bytes: text.len(),
            }
        })?;
        out.put_u8(length);
    }
    out.extend(encoding);
    for (_, text) in fields {
        out.put_slice(text.as_bytes());
    }
    out.put_slice(data);
    Ok(out.freeze())
}

/// The strings of a binary frame; each shares the frame's bytes.
struct Fields {
    strings: [Bytes; 5],
    encoding: u8,
}

impl Fields {
    /// Reads `count` (at most five) strings, and returns the data after them.
    fn read(
        kind: u8,
        bytes: &Bytes,
        count: usize,
        with_encoding: bool,
    ) -> Result<(Self, Bytes), DecodeError> {
        let got = bytes.len();
        let head = 1 + count + usize::from(with_encoding);
        if got < head {
            return Err(DecodeError::Truncated {
                kind,
                needed: head,
                got,
            });
        }
        let lengths = &bytes[1..=count];
        let needed = head + lengths.iter().copied().map(usize::from).sum::<usize>();
        if got < needed {
            return Err(DecodeError::Truncated { kind, needed, got });
        }
        let encoding = if with_encoding {
            bytes[count + 1]
        } else {
            OPAQUE
        };
        let mut strings: [Bytes; 5] = Default::default();
        let mut at = head;
        for (string, length) in strings.iter_mut().zip(lengths) {
            let end = at + usize::from(*length);
            *string = bytes.slice(at..end);
            at = end;
        }
        Ok((Self { strings, encoding }, bytes.slice(at..)))
    }

    fn text(&self, index: usize, field: &'static str) -> Result<String, DecodeError> {
        std::str::from_utf8(&self.strings[index])
            .map(str::to_owned)
            .map_err(|_| DecodeError::NotUtf8 { field })
    }

    fn reference(&self, index: usize, field: &'static str) -> Result<Option<String>, DecodeError> {
        self.text(index, field)
            .map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    fn metadata(&self, index: usize) -> Result<Option<Json>, DecodeError> {
        let bytes = &self.strings[index];
        if bytes.is_empty() {
            return Ok(None);
        }
        Ok(Some(Json::from_bytes(bytes)?))
    }

    fn payload(&self, data: Bytes) -> Result<Payload, DecodeError> {
        match self.encoding {
            OPAQUE => Ok(Payload::Binary(data)),
            JSON => Ok(Payload::Json(Json::from_bytes(&data)?)),
            other => Err(DecodeError::UnknownEncoding(other)),
        }
    }
}
