//! What the server says.

use std::time::Instant;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{Core, Link};
use crate::change::{Change, ChangeMessage};
use crate::channel::{Phase, PushError, Then};
use crate::classify::{ChannelError, ErrorClass};
use crate::event::Event;
use crate::frame::{self, Frame, Json, Payload, Sender, TextFrame};
use crate::payload::{self, BroadcastMeta, PHOENIX, Reply, event};
use crate::presence::PresenceUpdate;

impl Core {
    /// Reads one text message. One that cannot be read is counted, and otherwise ignored: another
    /// client can cause it.
    pub fn received_text(&mut self, text: &str, now: Instant) {
        if !self.hear(now) {
            return;
        }
        // Most frames of a busy project. Whatever is unusual about one is found below.
        if let Some(frame) = frame::read_change(self.config.vsn, text)
            && let Ok(message) = frame.message.keep(text)
        {
            if let Some(index) = self.route(&frame.topic, frame.join_ref.as_deref()) {
                self.on_change_message(index, message);
            }
            return;
        }
        match frame::read_text(self.config.vsn, text) {
            Ok(frame) if frame.topic == PHOENIX => self.on_phoenix(&frame, now),
            Ok(frame) => self.on_text(&frame, now),
            Err(error) => self.bad(&error),
        }
    }

    /// Reads one binary message. One that cannot be read is counted, as with text.
    pub fn received_binary(&mut self, bytes: &Bytes, now: Instant) {
        if !self.hear(now) {
            return;
        }
        match frame::decode_binary(self.config.vsn, Sender::Server, bytes) {
            Ok(Frame::Message(message)) => {
                let Some(index) = self.route(&message.topic, message.join_ref.as_deref()) else {
                    return;
                };
                let meta = BroadcastMeta::default();
                self.on_broadcast(index, message.event, message.payload, meta);
            }
            Ok(Frame::Reply(reply)) => {
                let result = if reply.status == "ok" {
                    Ok(())
                } else {
                    Err(String::from_utf8_lossy(&reply.data).into_owned())
                };
                let Some(index) = self.route(&reply.topic, reply.join_ref.as_deref()) else {
                    return;
                };
                self.answer(index, reply.reference.as_deref(), result, now);
            }
            Ok(Frame::Broadcast(broadcast)) => {
                let Some(index) = self.route(&broadcast.topic, None) else {
                    return;
                };
                let payload = Payload::Binary(broadcast.data);
                self.on_broadcast(index, broadcast.event, payload, BroadcastMeta::default());
            }
            Ok(Frame::UserBroadcast(broadcast)) => {
                let Some(index) = self.route(&broadcast.topic, None) else {
                    return;
                };
                let meta = match broadcast
                    .metadata
                    .as_ref()
                    .map(Json::parse::<BroadcastMeta>)
                {
                    None => BroadcastMeta::default(),
                    Some(Ok(meta)) => meta,
                    Some(Err(error)) => return self.bad(&error),
                };
                self.on_broadcast(index, broadcast.event, broadcast.payload, meta);
            }
            Ok(Frame::UserBroadcastPush(_)) => self.unknown("a push from the server"),
            Ok(Frame::Unknown { kind, .. }) => self.unknown(&format!("kind {kind}")),
            Err(error) => self.bad(&error),
        }
    }

    /// Something came; false if there is no socket that it can be from.
    fn hear(&mut self, now: Instant) -> bool {
        let Link::Open { heartbeat, .. } = &mut self.link else {
            return false;
        };
        heartbeat.inbound(now);
        self.counters.frames_in += 1;
        true
    }

    /// The live channel that a frame is for. Frames of an earlier incarnation are dropped.
    fn route(&mut self, topic: &str, join_ref: Option<&str>) -> Option<usize> {
        let Some(index) = self.find(topic) else {
            self.counters.unrouted += 1;
            return None;
        };
        let current = self.channels[index].join_ref();
        if current.is_none() {
            self.counters.unrouted += 1;
            return None;
        }
        if join_ref.is_some() && join_ref != current {
            self.counters.stale += 1;
            return None;
        }
        Some(index)
    }

    fn on_phoenix(&mut self, frame: &TextFrame<'_>, now: Instant) {
        if frame.event != event::REPLY {
            return self.unknown(&frame.event);
        }
        let reference = frame.reference.as_deref().unwrap_or_default();
        if let Link::Open { heartbeat, .. } = &mut self.link
            && !heartbeat.answered(now, reference)
        {
            self.counters.late_replies += 1;
        }
    }

    fn on_text(&mut self, frame: &TextFrame<'_>, now: Instant) {
        // Without a join_ref (version 1.0.0), the end of a channel names its join as its ref.
        let ends = matches!(&*frame.event, event::CLOSE | event::ERROR);
        let incarnation = match &frame.join_ref {
            None if ends => frame.reference.as_deref(),
            join_ref => join_ref.as_deref(),
        };
        let Some(index) = self.route(&frame.topic, incarnation) else {
            return;
        };
        let body = frame.payload.get();
        match &*frame.event {
            event::REPLY => match serde_json::from_str::<Reply>(body) {
                Ok(reply) => self.on_reply(index, frame.reference.as_deref(), &reply, now),
                Err(error) => self.bad(&error),
            },
            event::CLOSE => self.on_end(index, "the server closed the channel", now),
            event::ERROR => self.on_end(index, "the channel crashed", now),
            event::SYSTEM => match serde_json::from_str::<payload::System>(body) {
                Ok(system) => self.on_system(index, &system, now),
                Err(error) => self.bad(&error),
            },
            _ if !self.channels[index].is_joined() => self.counters.unrouted += 1,
            event::POSTGRES_CHANGES => match ChangeMessage::read(body) {
                Ok(message) => self.on_change_message(index, message),
                Err(error) => self.unreadable(index, &error),
            },
            // How servers name row changes to a channel that was joined without a configuration.
            "INSERT" | "UPDATE" | "DELETE" => match Change::read(body) {
                Ok(change) => {
                    let bindings = (0..self.channels[index].spec.bindings.len()).collect();
                    self.on_change(index, bindings, change);
                }
                Err(error) => self.unreadable(index, &error),
            },
            event::BROADCAST => self.on_text_broadcast(index, frame.payload),
            event::PRESENCE_STATE => match serde_json::from_str::<payload::PresenceState>(body) {
                Ok(state) => {
                    let update = self.channels[index].presence.state(&state);
                    self.on_presence(index, update);
                }
                Err(error) => self.bad(&error),
            },
            event::PRESENCE_DIFF => self.on_presence_diff(index, body, now),
            other => self.unknown(other),
        }
    }

    fn on_reply(&mut self, index: usize, reference: Option<&str>, reply: &Reply, now: Instant) {
        match &self.channels[index].phase {
            Phase::Joining { join_ref, .. } if reference == Some(join_ref) => {
                let join_ref = join_ref.clone();
                self.joined(index, join_ref, reply, now);
            }
            Phase::Leaving { leave_ref, .. } if reference == Some(leave_ref) => {
                self.left(index, now);
            }
            _ => {
                let result = if reply.is_ok() {
                    Ok(())
                } else {
                    Err(reply.reason())
                };
                self.answer(index, reference, result, now);
            }
        }
    }

    fn answer(
        &mut self,
        index: usize,
        reference: Option<&str>,
        result: Result<(), String>,
        now: Instant,
    ) {
        let push = reference.and_then(|own| self.channels[index].pushes.remove(own));
        let Some(push) = push else {
            self.counters.late_replies += 1;
            return;
        };
        let lost = matches!(&result, Err(reason) if reason == "unmatched topic");
        if let Err(reason) = &result {
            self.note(format!("{}: {reason}", self.channels[index].topic));
        }
        if let Some(answer) = push.answer {
            let _ = answer.send(result.map_err(PushError::Refused));
        }
        if lost && self.channels[index].is_joined() {
            self.fail_with(index, "the server does not know the channel any more", now);
        }
    }

    /// The server ended the channel. What it said before explains it.
    fn on_end(&mut self, index: usize, otherwise: &str, now: Instant) {
        if matches!(self.channels[index].phase, Phase::Leaving { .. }) {
            return self.left(index, now);
        }
        match self.channels[index].fault.take() {
            Some(fault) => self.fail(index, fault, now),
            None => self.fail_with(index, otherwise, now),
        }
    }

    fn on_change_message(&mut self, index: usize, message: ChangeMessage) {
        if self.channels[index].is_joined() {
            let bindings = self.channels[index].matching(&message.ids);
            self.on_change(index, bindings, message.change);
        } else {
            self.counters.unrouted += 1;
        }
    }

    fn on_change(&mut self, index: usize, bindings: Vec<usize>, change: Change) {
        if bindings.is_empty() {
            self.counters.unmatched_changes += 1;
            return;
        }
        let topic = self.channels[index].spec.name.clone();
        self.event(Event::Change {
            topic,
            bindings,
            change: Box::new(change),
        });
    }

    fn on_text_broadcast(&mut self, index: usize, body: &RawValue) {
        // A sender may leave out the usual envelope: then the whole body is the payload.
        let (event, payload, meta) = match serde_json::from_str::<payload::Broadcast>(body.get()) {
            Ok(broadcast) => (
                broadcast.event,
                broadcast.payload,
                broadcast.meta.unwrap_or_default(),
            ),
            Err(_) => (
                String::new(),
                body.to_owned().into(),
                BroadcastMeta::default(),
            ),
        };
        self.on_broadcast(index, event, Payload::Json(payload), meta);
    }

    fn on_broadcast(&mut self, index: usize, event: String, payload: Payload, meta: BroadcastMeta) {
        if !self.channels[index].is_joined() {
            self.counters.unrouted += 1;
            return;
        }
        let channel = &mut self.channels[index];
        if channel.spec.broadcast.replay.is_some() && !channel.stored.is_new(&meta) {
            return;
        }
        let topic = channel.spec.name.clone();
        self.event(Event::Broadcast {
            topic,
            event,
            payload,
            meta,
        });
    }

    fn on_presence_diff(&mut self, index: usize, body: &str, now: Instant) {
        let diff = match serde_json::from_str::<payload::PresenceDiff>(body) {
            Ok(diff) => diff,
            Err(error) => return self.bad(&error),
        };
        // Without presence there is no state that a diff could change.
        if !self.channels[index].spec.presence.enabled {
            return;
        }
        if let Ok(update) = self.channels[index].presence.diff(diff) {
            return self.on_presence(index, update);
        }
        let error = ChannelError::own(ErrorClass::Retry, "the presence state never came");
        self.leave(index, Then::Fail(error), now);
    }

    fn on_presence(&mut self, index: usize, update: Option<PresenceUpdate>) {
        if let Some(update) = update {
            let topic = self.channels[index].spec.name.clone();
            self.event(Event::Presence { topic, update });
        }
    }

    fn unreadable(&mut self, index: usize, error: &dyn std::fmt::Display) {
        self.bad(error);
        let topic = self.channels[index].spec.name.clone();
        self.event(Event::Unreadable {
            topic,
            reason: error.to_string(),
        });
    }

    fn bad(&mut self, error: &dyn std::fmt::Display) {
        self.counters.bad += 1;
        self.note(format!("bad frame: {error}"));
    }

    fn unknown(&mut self, what: &str) {
        self.counters.unknown += 1;
        tracing::debug!(what, "unknown frame");
    }
}
