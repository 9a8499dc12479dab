//! One socket's channels: what its client says, and what it is answered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as WsMessage};
use serde::Serialize;
use tidings_realtime::frame::{Frame, Json, Message, Vsn};
use tokio::time::Instant;

use super::behaviour::Access;
use super::binding::Request;
use super::hub::{ChannelId, Control, Hub, PeerId, TopicKey};
use super::outbox::Outbox;
use super::rate::Window;
use super::token;
use super::wire::{self, Address};
use crate::auth::Claims;
use crate::state::AppState;

/// How long a client may take to answer a close frame.
const CLOSING: Duration = Duration::from_secs(2);

/// A connected socket. Dropping it leaves everything that it had joined.
pub(super) struct Session {
    pub(super) state: AppState,
    pub(super) hub: Arc<Hub>,
    pub(super) peer: PeerId,
    pub(super) vsn: Vsn,
    /// What the handshake showed: a key of the server, or a user's token.
    pub(super) key: String,
    pub(super) channels: HashMap<String, Channel>,
    outbox: Outbox,
    last_heard: Instant,
    closing: Option<Instant>,
}

/// A joined channel, as its socket knows it.
pub(super) struct Channel {
    pub id: ChannelId,
    pub key: TopicKey,
    pub join_ref: Option<String>,
    pub token: Option<String>,
    /// When the token ends: on the runtime's clock, and in seconds since 1970.
    pub expires: Option<(Instant, i64)>,
    pub access: Access,
    pub ack: bool,
    pub presence_key: String,
    pub presence_calls: Window,
    pub requests: Vec<Request>,
    /// When row changes start to flow, unless they do.
    pub subscribe_at: Option<Instant>,
}

impl Channel {
    pub fn address(&self) -> Address<'_> {
        Address {
            topic: &self.key.topic,
            join_ref: self.join_ref.as_deref(),
        }
    }
}

impl Session {
    pub fn new(state: AppState, peer: PeerId, vsn: Vsn, key: String, outbox: Outbox) -> Self {
        Self {
            hub: Arc::clone(state.realtime()),
            state,
            peer,
            vsn,
            key,
            channels: HashMap::new(),
            outbox,
            last_heard: Instant::now(),
            closing: None,
        }
    }

    /// Any frame from the client, a ping too, shows that it is there.
    pub fn heard(&mut self) {
        self.last_heard = Instant::now();
    }

    /// When [`Session::tick`] has something to do.
    pub fn deadline(&self) -> Instant {
        let idle = self.last_heard + self.hub.behaviour.idle_timeout;
        self.channels
            .values()
            .flat_map(|it| [it.subscribe_at, it.expires.map(|(at, _)| at)])
            .chain([self.closing])
            .flatten()
            .fold(idle, Instant::min)
    }

    /// Does what is due. False when the connection is over.
    pub fn tick(&mut self) -> bool {
        let now = Instant::now();
        if self.closing.is_some_and(|at| at <= now) {
            return false;
        }
        for topic in self.topics() {
            self.subscribe_if_due(&topic, now);
        }
        self.expire();
        if self.last_heard + self.hub.behaviour.idle_timeout <= now {
            self.close(1000);
        }
        true
    }

    /// Ends the channels whose tokens have ended: by the runtime's clock, or by the server's,
    /// which may have been set.
    fn expire(&mut self) {
        let now = Instant::now();
        let seconds = self.state.clock().now().as_micros().div_euclid(1_000_000);
        let expired: Vec<(String, i64)> = self
            .channels
            .iter()
            .filter_map(|(topic, channel)| {
                let (at, exp) = channel.expires?;
                (at <= now || exp <= seconds).then(|| (topic.clone(), seconds - exp))
            })
            .collect();
        for (topic, since) in expired {
            self.end(&topic, &token::expired(since.max(0)));
        }
    }

    /// Says goodbye, and waits a little for the client to do the same.
    pub fn close(&mut self, code: u16) {
        if self.closing.is_none() {
            let frame = CloseFrame {
                code,
                reason: "".into(),
            };
            self.outbox.push(WsMessage::Close(Some(frame)));
            self.closing = Some(Instant::now() + CLOSING);
            // Nothing else may keep the timer busy meanwhile.
            self.channels.clear();
            self.hub.disconnect(self.peer);
            self.last_heard = Instant::now();
        }
    }

    /// Does what others ask of this socket.
    pub fn control(&mut self, control: Control) {
        match control {
            Control::EndChannel(id, message) => {
                let topic = self.channels.values().find(|it| it.id == id);
                if let Some(topic) = topic.map(|it| it.key.topic.clone()) {
                    self.end(&topic, &message);
                }
            }
            Control::EndChannels(message) => {
                for topic in self.topics() {
                    self.end(&topic, &message);
                }
            }
            Control::CrashChannels => {
                for topic in self.topics() {
                    self.crash(&topic);
                }
            }
            Control::Close(code) => self.close(code),
            Control::Disconnect => {
                for topic in self.topics() {
                    self.push(wire::disconnect_requested(self.vsn, &topic));
                }
                self.close(1012);
            }
        }
    }

    /// Takes one frame of the client.
    pub async fn frame(&mut self, frame: Frame) {
        if self.closing.is_some() {
            return;
        }
        self.expire();
        match frame {
            Frame::Message(message) => self.message(message).await,
            Frame::UserBroadcastPush(push) => self.user_broadcast(push),
            other => tracing::debug!(?other, "a frame that clients do not send"),
        }
    }

    async fn message(&mut self, message: Message) {
        match message.event.as_str() {
            "heartbeat" if message.topic == "phoenix" => {
                if !self.hub.faults.muted() {
                    self.reply(&message, "ok", &Json::empty_object());
                }
            }
            "phx_join" => self.join(message).await,
            "phx_leave" => self.leave(&message),
            _ => match self.channels.get(&message.topic) {
                None => self.unmatched(message.reference.as_deref(), &message.topic),
                // Meant for an incarnation of the channel that is gone.
                Some(channel)
                    if message.join_ref.is_some() && message.join_ref != channel.join_ref => {}
                Some(_) => match message.event.as_str() {
                    "broadcast" => self.broadcast(&message),
                    "presence" => self.presence(&message),
                    "access_token" => self.access_token(&message).await,
                    _ => {}
                },
            },
        }
    }

    fn leave(&mut self, message: &Message) {
        match self.channels.get(&message.topic) {
            None => self.reply(message, "ok", &Json::empty_object()),
            // The client raced an eviction: it has been told.
            Some(channel) if channel.join_ref != message.join_ref => {}
            Some(_) => {
                if let Some(channel) = self.remove(&message.topic) {
                    self.reply(message, "ok", &Json::empty_object());
                    self.push(wire::ended(self.vsn, channel.address(), "phx_close"));
                }
            }
        }
    }

    /// Starts the row changes of a channel when their time has come.
    pub(super) fn subscribe_if_due(&mut self, topic: &str, now: Instant) {
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        if channel.subscribe_at.is_none_or(|at| at > now) {
            return;
        }
        channel.subscribe_at = None;
        let extended = self.hub.behaviour.extended_filters;
        let time = self.state.clock().now();
        let parts = self.state.store().parts();
        let bound: Result<Vec<_>, _> = channel
            .requests
            .iter()
            .map(|request| match request.table() {
                Some(table) if self.hub.faults.lacks(&table) => Err(request.unknown_table()),
                _ => request.bind(parts, extended, time),
            })
            .collect();
        match bound {
            Ok(bindings) => self.hub.activate(channel.id, bindings),
            // One bad binding disables all of them, for good.
            Err(sentence) => {
                let to = channel.address();
                let frame = wire::system(self.vsn, to, "postgres_changes", "error", &sentence);
                self.push(frame);
            }
        }
    }

    /// Ends a channel as the server does: a `system` error, then `phx_close`.
    pub(super) fn end(&mut self, topic: &str, message: &str) {
        if let Some(channel) = self.remove(topic) {
            let to = channel.address();
            self.push(wire::system(self.vsn, to, "system", "error", message));
            self.push(wire::ended(self.vsn, to, "phx_close"));
        }
    }

    pub(super) fn crash(&mut self, topic: &str) {
        if let Some(channel) = self.remove(topic) {
            self.push(wire::ended(self.vsn, channel.address(), "phx_error"));
        }
    }

    fn remove(&mut self, topic: &str) -> Option<Channel> {
        let channel = self.channels.remove(topic)?;
        self.hub.leave(channel.id);
        Some(channel)
    }

    fn topics(&self) -> Vec<String> {
        self.channels.keys().cloned().collect()
    }

    pub(super) fn reply(&self, to: &Message, status: &str, response: &impl Serialize) {
        let address = Address {
            topic: &to.topic,
            join_ref: to.join_ref.as_deref(),
        };
        let reference = to.reference.as_deref();
        self.push(wire::reply(self.vsn, address, reference, status, response));
    }

    pub(super) fn unmatched(&self, reference: Option<&str>, topic: &str) {
        let to = Address {
            topic,
            join_ref: None,
        };
        let reason = BTreeMap::from([("reason", "unmatched topic")]);
        self.push(wire::reply(self.vsn, to, reference, "error", &reason));
    }

    pub(super) fn push(&self, frame: Option<WsMessage>) {
        if let Some(frame) = frame {
            self.outbox.push(frame);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.hub.disconnect(self.peer);
    }
}

/// The channel's name: its topic without `realtime:`.
pub(super) fn channel_name(topic: &str) -> &str {
    topic.strip_prefix("realtime:").unwrap_or(topic)
}

/// The sentence for a private channel that may not be read.
pub(super) fn no_permission(name: &str) -> String {
    format!("You do not have permissions to read from this Channel topic: {name}")
}

/// When a token with these claims ends.
pub(super) fn expiry(state: &AppState, claims: &Claims) -> Option<(Instant, i64)> {
    let exp = claims.exp?;
    let left = exp
        .saturating_mul(1_000_000)
        .saturating_sub(state.clock().now().as_micros());
    let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
    // A key that lasts for decades is beyond the runtime's timers.
    Instant::now().checked_add(left).map(|at| (at, exp))
}
