//! What this client says.

use std::time::Instant;

use bytes::Bytes;

use super::{Core, topic_of};
use crate::channel::{Answer, Channel, PendingPush, Phase, PushError};
use crate::frame::{self, EncodeError, Frame, Json, Message, Payload, Sender, UserBroadcastPush};
use crate::pace::{Keep, Waiting};
use crate::payload::{Broadcast, Presence, event};
use crate::tracker::Call;

/// A bigger frame makes the server drop the socket.
const MAX_FRAME: usize = 5_000_000;

impl Core {
    /// Broadcasts on a joined channel, at once or when its turn comes. `answer` hears what became
    /// of it if the channel was opened with acknowledgements, and otherwise once it is sent.
    pub fn broadcast(
        &mut self,
        name: &str,
        event: &str,
        payload: Payload,
        keep: Keep,
        answer: Option<Answer>,
        now: Instant,
    ) -> Result<(), PushError> {
        let index = self.find(&topic_of(name)).ok_or(PushError::NotJoined)?;
        let Phase::Joined { join_ref, .. } = &self.channels[index].phase else {
            return Err(PushError::NotJoined);
        };
        let join_ref = Some(join_ref.clone());
        let topic = self.channels[index].topic.clone();
        let waiting = self.sends + self.backlog + self.pace.len();
        if waiting >= self.config.send_capacity && !self.pace.replaces(&topic, event, keep) {
            return Err(PushError::Busy);
        }
        let reference = self.reference();
        let frame = broadcast_frame(join_ref, reference.clone(), topic.clone(), event, payload)?;
        let wire = frame::encode(self.config.vsn, Sender::Client, &frame).map_err(not_encodable)?;
        let bytes = wire.len();
        if bytes > MAX_FRAME {
            return Err(PushError::TooBig(bytes));
        }
        let replaced = self.pace.put(Waiting {
            topic,
            event: event.to_owned(),
            keep,
            reference,
            wire,
            answer,
        });
        if replaced {
            self.counters.replaced += 1;
        } else if self.pace.bucket.ready(now) > now {
            self.counters.delayed += 1;
        }
        self.send_paced(now);
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
        let channel = &mut self.channels[index];
        let replaced = channel.tracker.wish(payload);
        if channel.is_joined() {
            let due = channel.tracker.due(now);
            let waits = due.is_some_and(|at| at.max(self.pace.bucket.ready(now)) > now);
            self.counters.replaced += u64::from(replaced);
            self.counters.delayed += u64::from(waits && !replaced);
        }
        self.send_paced(now);
        Ok(())
    }

    /// Sends what its turn has come for: presence first, of which the server allows little.
    pub(super) fn send_paced(&mut self, now: Instant) {
        let due = |channel: &Channel| {
            channel.is_joined() && channel.tracker.due(now).is_some_and(|at| at <= now)
        };
        while let Some(index) = self.channels.iter().position(due) {
            if !self.pace.bucket.take(now) {
                return;
            }
            self.make_presence_call(index, now);
        }
        while let Some(waiting) = self.pace.take(now) {
            self.send_wire(waiting.wire);
            let Some(index) = self.find(&waiting.topic) else {
                continue;
            };
            let channel = &mut self.channels[index];
            if channel.spec.broadcast.ack {
                let deadline = now + self.config.push_timeout;
                let answer = waiting.answer;
                channel
                    .pushes
                    .insert(waiting.reference, PendingPush { deadline, answer });
            } else if let Some(answer) = waiting.answer {
                let _ = answer.send(Ok(()));
            }
        }
    }

    /// A channel ends: whoever waits for an answer hears so, and what was not sent is counted.
    pub(super) fn end_pushes(&mut self, index: usize) {
        let channel = &mut self.channels[index];
        channel.fail_pushes();
        for waiting in self.pace.abandon(&channel.topic) {
            self.counters.unsent += 1;
            if let Some(answer) = waiting.answer {
                let _ = answer.send(Err(PushError::Disconnected));
            }
        }
    }

    fn make_presence_call(&mut self, index: usize, now: Instant) {
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
