//! What this client says.

use std::time::Instant;

use bytes::Bytes;

use super::{Core, topic_of};
use crate::channel::{Answer, PendingPush, Phase, PushError};
use crate::frame::{self, EncodeError, Frame, Json, Message, Payload, Sender, UserBroadcastPush};
use crate::payload::{Broadcast, Presence, event};
use crate::tracker::Call;

/// A bigger frame makes the server drop the socket.
const MAX_FRAME: usize = 5_000_000;

impl Core {
    /// Broadcasts on a joined channel. `answer` hears what became of it if the channel was opened
    /// with acknowledgements, and otherwise at once.
    pub fn broadcast(
        &mut self,
        name: &str,
        event: &str,
        payload: Payload,
        answer: Option<Answer>,
        now: Instant,
    ) -> Result<(), PushError> {
        let index = self.find(&topic_of(name)).ok_or(PushError::NotJoined)?;
        let Phase::Joined { join_ref, .. } = &self.channels[index].phase else {
            return Err(PushError::NotJoined);
        };
        if self.sends + self.backlog >= self.config.send_capacity {
            return Err(PushError::Busy);
        }
        let join_ref = Some(join_ref.clone());
        let topic = self.channels[index].topic.clone();
        let reference = self.reference();
        let frame = broadcast_frame(join_ref, reference.clone(), topic, event, payload)?;
        let wire = frame::encode(self.config.vsn, Sender::Client, &frame).map_err(not_encodable)?;
        let bytes = wire.len();
        if bytes > MAX_FRAME {
            return Err(PushError::TooBig(bytes));
        }
        self.send_wire(wire);
        if self.channels[index].spec.broadcast.ack {
            let deadline = now + self.config.push_timeout;
            self.channels[index]
                .pushes
                .insert(reference, PendingPush { deadline, answer });
        } else if let Some(answer) = answer {
            let _ = answer.send(Ok(()));
        }
        Ok(())
    }

    /// What this client is tracked as in a channel from now on, over every rejoin; `None`: not
    /// at all. It is sent when the channel is joined and the server's limit allows.
    pub fn track(
        &mut self,
        name: &str,
        payload: Option<Json>,
        now: Instant,
    ) -> Result<(), PushError> {
        if payload.as_ref().is_some_and(|payload| !payload.is_object()) {
            return Err(PushError::NotAnObject);
        }
        let index = self.find(&topic_of(name)).ok_or(PushError::NotJoined)?;
        self.channels[index].tracker.wish(payload);
        self.make_presence_call(index, now);
        Ok(())
    }

    pub(super) fn make_presence_call(&mut self, index: usize, now: Instant) {
        let channel = &mut self.channels[index];
        let Phase::Joined { join_ref, .. } = &channel.phase else {
            return;
        };
        let Some(call) = channel.tracker.take(now) else {
            return;
        };
        let join_ref = Some(join_ref.clone());
        let topic = channel.topic.clone();
        let (name, payload) = match call {
            Call::Track(payload) => ("track", Some(payload)),
            Call::Untrack => ("untrack", None),
        };
        let body = Presence {
            kind: event::PRESENCE.to_owned(),
            event: name.to_owned(),
            payload,
        };
        let reference = self.send_json(join_ref, &topic, event::PRESENCE, &body);
        let deadline = now + self.config.push_timeout;
        self.channels[index].pushes.insert(
            reference,
            PendingPush {
                deadline,
                answer: None,
            },
        );
    }

    pub(super) fn expire_pushes(&mut self, index: usize, now: Instant) {
        let pushes = &mut self.channels[index].pushes;
        let late: Vec<String> = pushes
            .iter()
            .filter(|(_, push)| push.deadline <= now)
            .map(|(reference, _)| reference.clone())
            .collect();
        for reference in late {
            if let Some(answer) = pushes.remove(&reference).and_then(|push| push.answer) {
                let _ = answer.send(Err(PushError::Timeout));
            }
        }
    }
}

fn broadcast_frame(
    join_ref: Option<String>,
    reference: String,
    topic: String,
    event: &str,
    payload: Payload,
) -> Result<Frame, PushError> {
    let reference = Some(reference);
    match payload {
        Payload::Json(payload) if !payload.is_object() => Err(PushError::NotAnObject),
        Payload::Json(payload) => {
            let body = Broadcast {
                kind: event::BROADCAST.to_owned(),
                event: event.to_owned(),
                payload,
                meta: None,
            };
            let payload = Json::new(&body).map_err(|error| not_encodable(error.into()))?;
            Ok(Frame::Message(Message {
                join_ref,
                reference,
                topic,
                event: event::BROADCAST.to_owned(),
                payload: Payload::Json(payload),
            }))
        }
        Payload::Binary(data) => Ok(bytes_frame(join_ref, reference, topic, event, data)),
    }
}

fn bytes_frame(
    join_ref: Option<String>,
    reference: Option<String>,
    topic: String,
    event: &str,
    data: Bytes,
) -> Frame {
    Frame::UserBroadcastPush(UserBroadcastPush {
        join_ref,
        reference,
        topic,
        event: event.to_owned(),
        metadata: None,
        payload: Payload::Binary(data),
    })
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "used as a function in map_err"
)]
fn not_encodable(error: EncodeError) -> PushError {
    PushError::NotEncodable(error.to_string())
}
