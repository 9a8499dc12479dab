//! Frames as the server writes them, once for each serializer.

use axum::extract::ws::Message as WsMessage;
use serde::Serialize;
use tidings_realtime::frame::{
    BinaryBroadcast, Frame, Json, Message, Payload, Sender, UserBroadcast, Vsn, Wire, encode,
};

/// Where a frame belongs: the channel's topic and the join that opened it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address<'a> {
    pub topic: &'a str,
    pub join_ref: Option<&'a str>,
}

/// A reply to the message `reference`.
pub(super) fn reply(
    vsn: Vsn,
    to: Address<'_>,
    reference: Option<&str>,
    status: &str,
    response: &impl Serialize,
) -> Option<WsMessage> {
    #[derive(Serialize)]
    struct Reply<'a, T> {
        status: &'a str,
        response: &'a T,
    }
    text(vsn, to, reference, "phx_reply", &Reply { status, response })
}

/// `system`: what happens to a channel's extension (`postgres_changes` or `system`).
pub(super) fn system(
    vsn: Vsn,
    to: Address<'_>,
    extension: &str,
    status: &str,
    message: &str,
) -> Option<WsMessage> {
    #[derive(Serialize)]
    struct System<'a> {
        message: &'a str,
        status: &'a str,
        extension: &'a str,
        channel: &'a str,
    }
    let channel = to.topic.strip_prefix("realtime:").unwrap_or(to.topic);
    let payload = System {
        message,
        status,
        extension,
        channel,
    };
    text(vsn, to, None, "system", &payload)
}

/// The farewell of a server that is asked to disconnect everybody: it names no channel.
pub(super) fn disconnect_requested(vsn: Vsn, topic: &str) -> Option<WsMessage> {
    #[derive(Serialize)]
    struct System<'a> {
        message: &'a str,
        status: &'a str,
        extension: &'a str,
    }
    let payload = System {
        message: "Server requested disconnect",
        status: "ok",
        extension: "system",
    };
    let to = Address {
        topic,
        join_ref: None,
    };
    text(vsn, to, None, "system", &payload)
}

/// `phx_close` or `phx_error`: the channel opened by `join_ref` has ended.
pub(super) fn ended(vsn: Vsn, to: Address<'_>, event: &str) -> Option<WsMessage> {
    text(vsn, to, to.join_ref, event, &Json::empty_object())
}

/// A text frame. Version 1.0.0 has no `join_ref` in this direction.
pub(super) fn text(
    vsn: Vsn,
    to: Address<'_>,
    reference: Option<&str>,
    event: &str,
    payload: &impl Serialize,
) -> Option<WsMessage> {
    let payload = match Json::new(payload) {
        Ok(payload) => payload,
        Err(error) => {
            tracing::error!(%error, event, "a payload could not be written as JSON");
            return None;
        }
    };
    let frame = Frame::Message(Message {
        join_ref: to
            .join_ref
            .filter(|_| vsn == Vsn::V2)
            .map(ToOwned::to_owned),
        reference: reference.map(ToOwned::to_owned),
        topic: to.topic.to_owned(),
        event: event.to_owned(),
        payload: Payload::Json(payload),
    });
    write(vsn, &frame)
}

fn write(vsn: Vsn, frame: &Frame) -> Option<WsMessage> {
    match encode(vsn, Sender::Server, frame) {
        Ok(Wire::Text(text)) => Some(WsMessage::Text(text.into())),
        Ok(Wire::Binary(bytes)) => Some(WsMessage::Binary(bytes)),
        Err(error) => {
            tracing::debug!(%error, "a frame cannot be written for this serializer");
            None
        }
    }
}

/// One event for every member of a topic; `None` where the serializer cannot carry it.
#[derive(Debug, Clone)]
pub(super) struct Fanout {
    v1: Option<WsMessage>,
    v2: Option<WsMessage>,
}

impl Fanout {
    /// A text event without references.
    pub fn text(topic: &str, event: &str, payload: &impl Serialize) -> Self {
        let to = Address {
            topic,
            join_ref: None,
        };
        Self {
            v1: text(Vsn::V1, to, None, event, payload),
            v2: text(Vsn::V2, to, None, event, payload),
        }
    }

    /// A user broadcast: kind 4 for version 2.0.0; a `broadcast` event for version 1.0.0,
    /// which cannot be told bytes.
    pub fn user_broadcast(topic: &str, event: String, payload: Payload) -> Self {
        let v1 = payload.json().and_then(|json| {
            let to = Address {
                topic,
                join_ref: None,
            };
            let payload = BroadcastPayload {
                event: &event,
                payload: json,
                kind: "broadcast",
            };
            text(Vsn::V1, to, None, "broadcast", &payload)
        });
        let v2 = write(
            Vsn::V2,
            &Frame::UserBroadcast(UserBroadcast {
                topic: topic.to_owned(),
                event,
                metadata: None,
                payload,
            }),
        );
        Self { v1, v2 }
    }

    /// Bytes pushed as `broadcast`: kind 2 for version 2.0.0, nothing for version 1.0.0.
    pub fn binary_broadcast(topic: &str, data: bytes::Bytes) -> Self {
        let frame = Frame::Broadcast(BinaryBroadcast {
            topic: topic.to_owned(),
            event: "broadcast".to_owned(),
            data,
        });
        Self {
            v1: None,
            v2: write(Vsn::V2, &frame),
        }
    }

    /// The frame for one serializer.
    pub fn get(&self, vsn: Vsn) -> Option<&WsMessage> {
        match vsn {
            Vsn::V1 => self.v1.as_ref(),
            Vsn::V2 => self.v2.as_ref(),
        }
    }
}

/// The payload of a `broadcast` event.
#[derive(Serialize)]
pub(super) struct BroadcastPayload<'a> {
    pub event: &'a str,
    pub payload: &'a Json,
    #[serde(rename = "type")]
    pub kind: &'static str,
}
