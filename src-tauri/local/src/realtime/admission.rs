//! Joins: who is let in, and in which order things are said.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::ws::Message as WsMessage;
use tidings_realtime::frame::{Json, Message};
use tokio::time::{Instant, sleep};

use super::access;
use super::behaviour::Access;
use super::binding::{Binding, Request};
use super::hub::{Member, TopicKey};
use super::join::Join;
use super::rate::Window;
use super::session::{Channel, Session, channel_name, expiry, no_permission};
use super::token::{self, Refusal};
use super::wire::{self, Address};
use crate::auth::Claims;

/// A join that is let in.
struct Admitted {
    join: Join,
    claims: Claims,
    access: Access,
    /// Already prepared, when the reply is to wait for the changes.
    bindings: Option<Vec<Binding>>,
}

/// A join that is not.
struct Rejected {
    reason: String,
    /// Whether the socket is closed as well.
    close: bool,
}

impl From<String> for Rejected {
    fn from(reason: String) -> Self {
        Self {
            reason,
            close: false,
        }
    }
}

impl From<Refusal> for Rejected {
    fn from(refusal: Refusal) -> Self {
        refusal.reason().into()
    }
}

impl Session {
    /// A second join of a topic takes its place: the new reply comes first, then the close
    /// of the old.
    pub(super) async fn join(&mut self, message: Message) {
        if !message.topic.starts_with("realtime:") {
            return self.unmatched(message.reference.as_deref(), &message.topic);
        }
        let payload = message.payload.json().and_then(|json| json.parse().ok());
        let Some(payload) = payload else {
            return; // The real server says nothing to a payload that is no object.
        };
        let old = self.channels.remove(&message.topic);
        let closed = old.as_ref().and_then(|old| {
            let to = Address {
                topic: &message.topic,
                join_ref: old.join_ref.as_deref(),
            };
            wire::ended(self.vsn, to, "phx_close")
        });
        match self.admit(&message, &payload).await {
            Ok(admitted) => {
                if admitted.bindings.is_some() {
                    sleep(self.hub.behaviour.subscribed_delay).await;
                }
                if let Some(old) = old {
                    self.hub.leave(old.id);
                }
                self.enter(message, admitted, closed);
            }
            Err(rejected) => {
                if let Some(old) = old {
                    self.hub.leave(old.id);
                }
                // Everything on this socket waits, as the join runs in the socket's process.
                sleep(self.hub.behaviour.join_error_delay).await;
                let reason = BTreeMap::from([("reason", rejected.reason)]);
                self.reply(&message, "error", &reason);
                self.push(closed);
                if rejected.close {
                    self.close(1000);
                }
            }
        }
    }

    async fn admit(
        &self,
        message: &Message,
        payload: &BTreeMap<String, Json>,
    ) -> Result<Admitted, Rejected> {
        let behaviour = &self.hub.behaviour;
        let name = channel_name(&message.topic);
        if let Some(reason) = self.hub.faults.rejection() {
            return Err(reason.into());
        }
        if !self.hub.within_connections(self.peer) {
            let reason = "ConnectionRateLimitReached: Too many connected users";
            return Err(reason.to_owned().into());
        }
        if !self.hub.allow_join() {
            return Err(Rejected {
                reason: "ClientJoinRateLimitReached: Too many joins per second".to_owned(),
                close: true,
            });
        }
        if self.channels.len() >= behaviour.channels_per_socket {
            let reason = "ChannelRateLimitReached: Too many channels";
            return Err(reason.to_owned().into());
        }
        if name.is_empty() {
            let reason = "TopicNameRequired: You must provide a topic name";
            return Err(reason.to_owned().into());
        }
        let join = Join::read(payload, name)?;
        if behaviour.private_only && !join.private {
            let reason = "PrivateOnly: This project only allows private channels";
            return Err(reason.to_owned().into());
        }
        let claims = match join.token.as_deref() {
            Some(token) if !token::is_opaque_key(token) => match self.state.verify(token) {
                Ok(claims) => claims,
                Err(error) => return Err(Refusal::from(error).into()),
            },
            _ => token::key_claims(&self.state, &self.key)?,
        };
        let access = if join.private {
            access::private(&self.state, &claims, name).await
        } else {
            Access::FULL
        };
        if !access.read {
            return Err(format!("Unauthorized: {}", no_permission(name)).into());
        }
        if join.replay.is_some() {
            let sentence = if join.private {
                "Replay is not available on this server"
            } else {
                "Replay is not allowed for public channels"
            };
            return Err(format!("UnableToReplayMessages: {sentence}").into());
        }
        let bindings = if join.wait {
            Some(self.bind_now(&join.requests)?)
        } else {
            None
        };
        Ok(Admitted {
            join,
            claims,
            access,
            bindings,
        })
    }

    fn bind_now(&self, requests: &[Request]) -> Result<Vec<Binding>, Rejected> {
        let extended = self.hub.behaviour.extended_filters;
        let now = self.state.clock().now();
        requests
            .iter()
            .map(|request| request.bind(self.state.store().parts(), extended, now))
            .collect::<Result<_, _>>()
            .map_err(|sentence| format!("RealtimeDisabledForConfiguration: {sentence}").into())
    }

    fn enter(&mut self, message: Message, admitted: Admitted, closed: Option<WsMessage>) {
        let Admitted {
            join,
            claims,
            access,
            bindings,
        } = admitted;
        let key = TopicKey {
            topic: message.topic.clone(),
            private: join.private,
        };
        let to = Address {
            topic: &message.topic,
            join_ref: message.join_ref.as_deref(),
        };
        let response = BTreeMap::from([("postgres_changes", &join.requests)]);
        let reply = wire::reply(self.vsn, to, message.reference.as_deref(), "ok", &response);
        let expires = expiry(&self.state, &claims);
        let member = Member {
            peer: self.peer,
            key: key.clone(),
            join_ref: message.join_ref.clone(),
            claims: Arc::new(claims),
            echo: join.echo,
            legacy: join.legacy,
            bindings: Vec::new(),
            live: false,
        };
        let id = self
            .hub
            .join(member, reply.into_iter().chain(closed).collect());
        let subscribe_at = (!join.requests.is_empty() && bindings.is_none())
            .then(|| Instant::now() + self.hub.behaviour.subscribed_delay);
        if let Some(bindings) = bindings.filter(|it| !it.is_empty()) {
            self.hub.activate(id, bindings);
        }
        if join.presence {
            self.hub.send_presence_state(id);
        }
        let channel = Channel {
            id,
            key,
            join_ref: message.join_ref,
            token: join.token.filter(|it| !token::is_opaque_key(it)),
            expires,
            access,
            ack: join.ack,
            presence_key: join.presence_key,
            presence_calls: Window::default(),
            requests: join.requests,
            subscribe_at,
        };
        self.channels.insert(message.topic.clone(), channel);
        self.subscribe_if_due(&message.topic, Instant::now());
    }
}
