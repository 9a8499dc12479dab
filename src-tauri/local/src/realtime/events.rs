//! What a client does on a joined channel: broadcasts, presence calls, new tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidings_realtime::frame::{Json, Message, Payload, UserBroadcastPush};
use tokio::time::Instant;

use super::access;
use super::behaviour::Access;
use super::presence::Fields;
use super::session::{Session, channel_name, expiry, no_permission};
use super::token::{self, Refusal};
use super::wire::{self, Fanout};

impl Session {
    pub(super) fn broadcast(&mut self, message: &Message) {
        let event = match &message.payload {
            Payload::Json(json) if !json.is_object() => return self.crash(&message.topic),
            Payload::Json(json) => Fanout::text(&message.topic, "broadcast", json),
            Payload::Binary(data) => Fanout::binary_broadcast(&message.topic, data.clone()),
        };
        let bytes = payload_bytes(&message.payload);
        self.fan_out(&message.topic, message.reference.as_deref(), bytes, &event);
    }

    pub(super) fn user_broadcast(&mut self, push: UserBroadcastPush) {
        let Some(channel) = self.channels.get(&push.topic) else {
            return self.unmatched(push.reference.as_deref(), &push.topic);
        };
        if push.join_ref.is_some() && push.join_ref != channel.join_ref {
            return;
        }
        let metadata: BTreeMap<String, Json> = push
            .metadata
            .as_ref()
            .and_then(|it| it.parse().ok())
            .unwrap_or_default();
        if metadata.contains_key("persist") {
            // There is no history here; to take the message would be to promise one.
            if channel.ack {
                let reason = BTreeMap::from([("error", "persist is not available here")]);
                let frame = wire::reply(
                    self.vsn,
                    channel.address(),
                    push.reference.as_deref(),
                    "error",
                    &reason,
                );
                self.push(frame);
            }
            return;
        }
        let bytes = payload_bytes(&push.payload);
        let event = Fanout::user_broadcast(&push.topic, push.event, push.payload);
        self.fan_out(&push.topic, push.reference.as_deref(), bytes, &event);
    }

    fn fan_out(&self, topic: &str, reference: Option<&str>, bytes: usize, event: &Fanout) {
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        let answer = |status: &str, response: &Json| {
            if channel.ack {
                let to = channel.address();
                self.push(wire::reply(self.vsn, to, reference, status, response));
            }
        };
        if bytes > self.hub.behaviour.max_payload_bytes {
            if let Ok(reason) = Json::new("payload_size_exceeded") {
                answer("error", &reason);
            }
            return;
        }
        if channel.key.private && !channel.access.write {
            // The real server stays silent, whether an answer was asked for or not.
            return;
        }
        self.hub.broadcast(&channel.key, Some(channel.id), event);
        answer("ok", &Json::empty_object());
    }

    pub(super) fn presence(&mut self, message: &Message) {
        let limit = self.hub.behaviour.presence_calls;
        let Some(channel) = self.channels.get_mut(&message.topic) else {
            return;
        };
        if !channel.presence_calls.allow(limit) {
            return self.end(&message.topic, "Client presence rate limit exceeded");
        }
        if !self.hub.allow_presence() {
            return self.end(&message.topic, "Too many presence messages per second");
        }
        if payload_bytes(&message.payload) > self.hub.behaviour.max_payload_bytes {
            return self.end(&message.topic, "Track message size exceeded");
        }
        let (id, key) = (channel.id, channel.presence_key.clone());
        let refused = channel.key.private && !channel.access.present;
        let body: BTreeMap<String, Json> = message
            .payload
            .json()
            .and_then(|json| json.parse().ok())
            .unwrap_or_default();
        let call = body.get("event").and_then(|it| it.parse::<String>().ok());
        match call.as_deref().unwrap_or("track").to_lowercase().as_str() {
            _ if refused => self.reply(message, "error", &Json::empty_object()),
            "track" => {
                let fields = body
                    .get("payload")
                    .map_or(Ok(Fields::new()), Json::parse::<Fields>);
                if let Ok(fields) = fields {
                    self.reply(message, "ok", &Json::empty_object());
                    self.hub.track(id, &key, fields);
                } else {
                    let reason =
                        BTreeMap::from([("reason", "Presence track payload must be a map")]);
                    self.reply(message, "error", &reason);
                }
            }
            "untrack" => {
                self.hub.untrack(id);
                self.reply(message, "ok", &Json::empty_object());
            }
            _ => self.reply(message, "error", &Json::empty_object()),
        }
    }

    /// There is never a reply: a token that is accepted makes the changes subscribe again,
    /// one that is refused ends the channel.
    pub(super) async fn access_token(&mut self, message: &Message) {
        let body: BTreeMap<String, Json> = message
            .payload
            .json()
            .and_then(|json| json.parse().ok())
            .unwrap_or_default();
        let token = body
            .get("access_token")
            .and_then(|it| it.parse::<String>().ok());
        let Some(token) = token.filter(|it| !token::is_opaque_key(it)) else {
            return;
        };
        let Some(channel) = self.channels.get(&message.topic) else {
            return;
        };
        if channel.token.as_deref() == Some(token.as_str()) {
            return;
        }
        let private = channel.key.private;
        let claims = match self.state.verify(&token) {
            Ok(claims) => claims,
            Err(error) => {
                let refusal = Refusal::from(error);
                return self.end(&message.topic, &refusal.message());
            }
        };
        let name = channel_name(&message.topic);
        let access = if private {
            access::private(&self.state, &claims, name).await
        } else {
            Access::FULL
        };
        if !access.read {
            return self.end(&message.topic, &no_permission(name));
        }
        let Some(channel) = self.channels.get_mut(&message.topic) else {
            return;
        };
        channel.access = access;
        channel.token = Some(token);
        channel.expires = expiry(&self.state, &claims);
        if !channel.requests.is_empty() {
            channel.subscribe_at = Some(Instant::now() + self.hub.behaviour.resubscribed_delay);
        }
        self.hub.set_claims(channel.id, Arc::new(claims));
    }
}

fn payload_bytes(payload: &Payload) -> usize {
    match payload {
        Payload::Json(json) => json.as_str().len(),
        Payload::Binary(bytes) => bytes.len(),
    }
}
