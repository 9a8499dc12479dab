//! Plays a recorded client's part through [`Core`]: it joins, leaves and hangs up when the
//! recording does, and hears what the recorded client heard.
//!
//! `Core` numbers its messages itself, so what the server said to the recorded numbers is said
//! to those of `Core`. It never joins a topic twice nor a channel that it lost before the
//! recording does: its channel is released there, and opened anew with the recorded join.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::Value;
use tidings_realtime::frame::{self, Frame, Message, Sender, Vsn, Wire};
use tidings_realtime::protocol::{Core, Output};
use tidings_realtime::{
    Binding, ChannelSpec, Config, ConnState, ConnectError, Event, Json, Payload, Secret, payload,
};

use crate::recording::{Claims, Line, Recording};

/// A recorded join that was admitted, and how long it held.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub name: String,
    pub claims: Claims,
    pub bindings: Vec<Binding>,
    reference: Option<String>,
    pub from: Option<Duration>,
    pub until: Option<Duration>,
}

/// A join that `Core` was asked for and has not sent.
struct Join {
    topic: String,
    reference: Option<String>,
    token: Option<String>,
}

/// One recorded client.
pub struct Player {
    core: Core,
    vsn: Vsn,
    epoch: Instant,
    /// The token that the key of the handshake is.
    key: Claims,
    /// Recorded references, and those of `Core` that stand for them.
    refs: HashMap<String, String>,
    joins: VecDeque<Join>,
    leaves: Vec<(String, Option<String>)>,
    /// Open channels by name, and the recorded reference of their join.
    held: BTreeMap<String, Option<String>>,
    ticket: Option<u64>,
    duplicates: usize,
    /// What `Core` told.
    pub told: Vec<(Duration, Event)>,
    pub subscriptions: Vec<Subscription>,
}

/// Plays every client of a recording.
pub fn play(recording: &Recording) -> BTreeMap<String, Player> {
    let epoch = Instant::now();
    let mut players: BTreeMap<String, Player> = BTreeMap::new();
    for line in &recording.lines {
        let Some(client) = &line.client else { continue };
        let player = players.entry(client.clone()).or_insert_with(|| {
            // Some recordings have clients of both versions.
            let v1 = line.text().contains("vsn=1.0.0");
            let v2 = line.text().contains("vsn=2.0.0");
            let vsn = match recording.vsn {
                Vsn::V1 if v2 => Vsn::V2,
                Vsn::V2 if v1 => Vsn::V1,
                other => other,
            };
            Player::new(vsn, epoch)
        });
        player.line(line);
    }
    players.retain(|_, player| !player.told.is_empty());
    players
}

impl Player {
    fn new(vsn: Vsn, epoch: Instant) -> Self {
        let url = "http://project.test".parse().unwrap();
        let mut config = Config::new(url, Secret::new("key"));
        config.vsn = vsn;
        config.seed = Some(1);
        // The recorded client sent its own, and some of its leaves were never answered.
        config.heartbeat = Duration::from_hours(1);
        config.heartbeat_timeout = Duration::from_hours(1);
        config.push_timeout = Duration::from_secs(1);
        Self {
            core: Core::new(config),
            vsn,
            epoch,
            key: Claims::default(),
            refs: HashMap::new(),
            joins: VecDeque::new(),
            leaves: Vec::new(),
            held: BTreeMap::new(),
            ticket: None,
            duplicates: 0,
            told: Vec::new(),
            subscriptions: Vec::new(),
        }
    }

    pub fn counters(&self) -> tidings_realtime::Counters {
        self.core.diagnostics().counters
    }

    fn line(&mut self, line: &Line) {
        let at = line.at();
        let now = self.epoch + at;
        if self.core.diagnostics().state == ConnState::Connected {
            self.core.tick(now);
            self.carry_out(at);
        }
        match (line.dir.as_str(), line.opcode.as_str()) {
            ("out", "open") => {
                let key = line.text().split_once("apikey=");
                let key = key.and_then(|(_, rest)| rest.split(['&', '"']).next());
                self.key = key.map(Claims::of).unwrap_or_default();
                if self.told.is_empty() {
                    self.core.connect(now);
                } else {
                    self.core.reconnect_now(now);
                }
            }
            ("in", "open") => self.core.opened(now),
            ("in", "http") => {
                let error = ConnectError::Http {
                    status: line.status.unwrap(),
                    message: String::new(),
                    retry_after: None,
                };
                self.core.connect_failed(&error, now);
                // The same to the key in the query, if it is tried there.
                if self.core.diagnostics().state == ConnState::Connecting {
                    self.core.connect_failed(&error, now);
                }
            }
            ("in", "error") => {
                let error = ConnectError::Network(line.text().to_owned());
                self.core.connect_failed(&error, now);
            }
            ("in", "close") => {
                let code = line.code.filter(|code| ![1005, 1006].contains(code));
                self.core.closed(code, "", now);
                self.hang_up(at);
            }
            ("out", "tcp_abort") => self.hang_up(at),
            ("out", "text") => {
                if let Some(Wire::Text(text)) = line.wire()
                    && let Ok(Frame::Message(message)) = frame::decode_text(self.vsn, &text)
                {
                    self.said(&message, at);
                }
            }
            ("in", "text" | "binary") => {
                if let Some(wire) = line.wire() {
                    self.heard(&wire, at);
                }
            }
            _ => {}
        }
        self.carry_out(at);
    }

    /// Something that the recorded client said.
    fn said(&mut self, message: &Message, at: Duration) {
        let Some(name) = message.topic.strip_prefix("realtime:") else {
            return;
        };
        let now = self.epoch + at;
        let Payload::Json(body) = &message.payload else {
            return;
        };
        match message.event.as_str() {
            // `Core` numbers every message.
            "phx_join" if message.reference.is_some() => {
                let (spec, token) = asked(name, body);
                self.subscriptions.push(Subscription {
                    name: name.to_owned(),
                    claims: token.as_deref().map_or(self.key.clone(), Claims::of),
                    bindings: spec.bindings.clone(),
                    reference: message.reference.clone(),
                    from: None,
                    until: None,
                });
                if let Some(old) = self.held.get(name).cloned() {
                    return self.joined_twice(name, old, message.reference.clone());
                }
                self.held.insert(name.to_owned(), message.reference.clone());
                self.joins.push_back(Join {
                    topic: message.topic.clone(),
                    reference: message.reference.clone(),
                    token,
                });
                self.core.open(spec, now);
            }
            "phx_leave" if self.held.get(name) == Some(&message.join_ref) => {
                self.held.remove(name);
                let leave = (message.topic.clone(), message.reference.clone());
                self.leaves.push(leave);
                self.over(message.join_ref.as_deref(), at);
                self.core.release(name, now);
            }
            _ => {}
        }
    }

    /// The recorded client joined a channel that it had. `Core` never does: its one join stands
    /// for the second, and what is said to the first is said to nobody.
    fn joined_twice(&mut self, name: &str, old: Option<String>, new: Option<String>) {
        let current = self.join_ref(name).unwrap_or_default();
        self.duplicates += 1;
        if let Some(old) = old {
            self.refs.insert(old, format!("old {}", self.duplicates));
        }
        if let Some(new) = new.clone() {
            self.refs.insert(new, current);
        }
        self.held.insert(name.to_owned(), new);
    }

    /// Something that the recorded client heard.
    fn heard(&mut self, wire: &Wire, at: Duration) {
        let now = self.epoch + at;
        let before: Vec<_> = self.held.keys().map(|name| self.join_ref(name)).collect();
        match wire {
            Wire::Binary(bytes) => self.core.received_binary(bytes, now),
            Wire::Text(text) => match frame::decode_text(self.vsn, text) {
                Ok(Frame::Message(message)) => {
                    self.note(&message, at);
                    let text = self.renumbered(message);
                    self.core.received_text(&text, now);
                }
                _ => self.core.received_text(text, now),
            },
        }
        self.carry_out(at);
        // The recorded client lets a channel go that the server ended.
        let held: Vec<String> = self.held.keys().cloned().collect();
        for (name, before) in held.into_iter().zip(before) {
            if before.is_some() && self.join_ref(&name) != before {
                self.held.remove(&name);
                self.core.release(&name, now);
            }
        }
    }

    /// Keeps book of the recorded joins, whatever `Core` makes of them.
    fn note(&mut self, message: &Message, at: Duration) {
        let reference = message.reference.as_deref();
        match message.event.as_str() {
            "phx_reply" => {
                let Payload::Json(body) = &message.payload else {
                    return;
                };
                if body.parse::<payload::Reply>().is_ok_and(|it| it.is_ok()) {
                    for own in &mut self.subscriptions {
                        if own.reference.as_deref() == reference && own.from.is_none() {
                            own.from = Some(at);
                        }
                    }
                }
            }
            "phx_close" | "phx_error" => self.over(reference, at),
            _ => {}
        }
    }

    fn over(&mut self, reference: Option<&str>, at: Duration) {
        for own in &mut self.subscriptions {
            if own.reference.as_deref() == reference && own.until.is_none() {
                own.until = Some(at);
            }
        }
    }

    fn hang_up(&mut self, at: Duration) {
        for own in &mut self.subscriptions {
            own.until.get_or_insert(at);
        }
        for name in std::mem::take(&mut self.held).into_keys() {
            self.core.release(&name, self.epoch + at);
        }
        self.joins.clear();
    }

    fn renumbered(&self, mut message: Message) -> String {
        assert!(
            message.event != "phx_reply"
                || self
                    .joins
                    .iter()
                    .all(|join| join.reference != message.reference),
            "an answer to a join that was not sent: {message:?}"
        );
        for own in [&mut message.join_ref, &mut message.reference] {
            *own = own
                .take()
                .map(|it| self.refs.get(&it).cloned().unwrap_or(format!("other {it}")));
        }
        if message.event == "phx_reply"
            && let Payload::Json(body) = &mut message.payload
        {
            *body = without_repetitions(body);
        }
        match frame::encode(self.vsn, Sender::Server, &message.into()).unwrap() {
            Wire::Text(text) => text,
            Wire::Binary(_) => unreachable!("a text message"),
        }
    }

    fn carry_out(&mut self, at: Duration) {
        loop {
            while let Some(output) = self.core.poll() {
                match output {
                    Output::Connect { .. } | Output::Disconnect { .. } => {}
                    Output::ReadToken { ticket, .. } => self.ticket = Some(ticket),
                    Output::Send(wire) => self.sent(&wire),
                    Output::Event(event) => self.told.push((at, event)),
                }
            }
            // A token is there once the recorded client joins.
            let Some(join) = self.joins.front() else {
                return;
            };
            let Some(ticket) = self.ticket.take() else {
                return;
            };
            let token = Ok(join.token.clone());
            self.core.token_ready(ticket, token, self.epoch + at);
        }
    }

    fn sent(&mut self, wire: &Wire) {
        let Ok(Frame::Message(message)) = frame::decode(self.vsn, Sender::Client, wire) else {
            return;
        };
        let recorded = match message.event.as_str() {
            "phx_join" => {
                let join = self.joins.pop_front().unwrap();
                assert_eq!(join.topic, message.topic);
                join.reference
            }
            "phx_leave" => {
                let leave = self.leaves.iter().position(|(it, _)| *it == message.topic);
                leave.and_then(|index| self.leaves.remove(index).1)
            }
            _ => None,
        };
        if let (Some(recorded), Some(own)) = (recorded, message.reference) {
            self.refs.insert(recorded, own);
        }
    }

    fn join_ref(&self, name: &str) -> Option<String> {
        let channels = self.core.diagnostics().channels;
        let own = channels.into_iter().find(|channel| channel.name == name);
        own.and_then(|channel| channel.join_ref)
    }
}

/// The answer to a join lists each binding that was asked for; `Core` asks once for equal ones.
fn without_repetitions(reply: &Json) -> Json {
    let mut body: Value = reply.parse().unwrap();
    match body.pointer_mut("/response/postgres_changes") {
        Some(Value::Array(bound)) => bound.dedup(),
        _ => return reply.clone(),
    }
    Json::new(&body).unwrap()
}

/// What a recorded join asked for. Those that are no proper joins ask for nothing.
fn asked(name: &str, body: &Json) -> (ChannelSpec, Option<String>) {
    let spec = ChannelSpec::new(name);
    if let Ok(join) = body.parse::<payload::Join>() {
        let spec = ChannelSpec {
            private: join.config.private,
            broadcast: join.config.broadcast,
            presence: join.config.presence,
            bindings: join.config.postgres_changes,
            ..spec
        };
        return (spec, join.access_token);
    }
    let body: Value = body.parse().unwrap_or_default();
    let token = body["user_token"].as_str().map(str::to_owned);
    // The oldest form: the topic names the table.
    let bindings = match (name.split_once(':'), &token) {
        (Some((schema, table)), Some(_)) => vec![Binding::table(schema, table)],
        _ => Vec::new(),
    };
    (ChannelSpec { bindings, ..spec }, token)
}
