//! What the client sends of its own accord keeps to a rate, and nothing of it is lost unsaid:
//! the protocol by itself, with any wishes at any times.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};
use tidings_realtime::frame::{self, Frame, Json, Payload, Sender, Vsn, Wire};
use tidings_realtime::protocol::{Core, Output};
use tidings_realtime::{ChannelSpec, Config, Event, Keep, PushError, Secret, Tuning};

const ROOMS: [&str; 2] = ["a", "b"];

/// A client on an open socket, and what it sent.
struct Line {
    core: Core,
    start: Instant,
    now: Instant,
    sent: Vec<(Instant, Sent)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Sent {
    topic: String,
    event: String,
    payload: Value,
}

impl Line {
    /// Both rooms are joined.
    fn new(per_second: u32, capacity: usize) -> Self {
        let url = "http://project.test".parse().unwrap();
        let mut config = Config::new(url, Secret::new("sb_publishable_k"));
        config.seed = Some(7);
        config.events_per_second = per_second;
        config.send_capacity = capacity;
        // Far from anything that a minute of silence would do to the socket.
        config.heartbeat = Duration::from_hours(1);
        config.heartbeat_timeout = Duration::from_hours(9);
        let start = Instant::now();
        let mut line = Self {
            core: Core::new(config),
            start,
            now: start,
            sent: Vec::new(),
        };
        for room in ROOMS {
            let mut spec = ChannelSpec::new(room);
            spec.presence.enabled = true;
            line.core.open(spec, start);
        }
        line.core.connect(start);
        line.core.opened(start);
        line.carry_out();
        line.sent.clear();
        line
    }

    /// Does what the protocol asks for; joins are admitted at once.
    fn carry_out(&mut self) {
        while let Some(output) = self.core.poll() {
            match output {
                Output::ReadToken { ticket, .. } => {
                    self.core.token_ready(ticket, Ok(None), self.now);
                }
                Output::Send(wire) => self.take_in(&wire),
                Output::Event(Event::Lagged) => panic!("lagged"),
                _ => {}
            }
        }
    }

    fn take_in(&mut self, wire: &Wire) {
        let frame = frame::decode(Vsn::V2, Sender::Client, wire).unwrap();
        let Frame::Message(message) = frame else {
            panic!("{frame:?}");
        };
        let Payload::Json(body) = message.payload else {
            panic!("bytes");
        };
        if matches!(
            message.event.as_str(),
            "phx_join" | "phx_leave" | "heartbeat"
        ) {
            let reply = json!([
                message.join_ref, message.reference, message.topic, "phx_reply",
                {"status": "ok", "response": {"postgres_changes": []}}
            ]);
            self.core.received_text(&reply.to_string(), self.now);
            return;
        }
        let body: Value = body.parse().unwrap();
        self.sent.push((
            self.now,
            Sent {
                topic: message.topic.strip_prefix("realtime:").unwrap().to_owned(),
                event: match message.event.as_str() {
                    "broadcast" => body["event"].as_str().unwrap().to_owned(),
                    other => other.to_owned(),
                },
                payload: body["payload"].clone(),
            },
        ));
    }

    fn wait_until(&mut self, at: Instant) {
        while let Some(due) = self.core.deadline(self.now).filter(|due| *due <= at) {
            self.now = self.now.max(due);
            self.core.tick(self.now);
            self.carry_out();
        }
        self.now = at;
    }

    fn wait(&mut self, time: Duration) {
        self.wait_until(self.now + time);
    }

    fn broadcast(
        &mut self,
        room: &str,
        event: &str,
        n: usize,
        keep: Keep,
    ) -> Result<(), PushError> {
        let payload = Payload::Json(Json::new(&json!({ "n": n })).unwrap());
        let told = self
            .core
            .broadcast(room, event, payload, keep, None, self.now);
        self.carry_out();
        told
    }

    fn track(&mut self, room: &str, n: usize) {
        let payload = Json::new(&json!({ "n": n })).unwrap();
        self.core.track(room, Some(payload), self.now).unwrap();
        self.carry_out();
    }

    fn counters(&self) -> (u64, u64, u64) {
        let counters = self.core.diagnostics().counters;
        (counters.delayed, counters.replaced, counters.unsent)
    }
}

#[derive(Debug, Clone)]
enum Wish {
    Wait(u64),
    Message(usize),
    Typing(usize),
    Track(usize),
    Tune(u32),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let wish = prop_oneof![
        2 => (0_u64..700).prop_map(Wish::Wait),
        5 => (0..ROOMS.len()).prop_map(Wish::Message),
        5 => (0..ROOMS.len()).prop_map(Wish::Typing),
        2 => (0..ROOMS.len()).prop_map(Wish::Track),
    ];
    prop::collection::vec(wish, 1..150)
}

fn tuned() -> impl Strategy<Value = Vec<Wish>> {
    let wish = prop_oneof![
        3 => (0_u64..700).prop_map(Wish::Wait),
        9 => (0..ROOMS.len()).prop_map(Wish::Message),
        1 => (1_u32..20).prop_map(Wish::Tune),
    ];
    prop::collection::vec(wish, 1..150)
}

fn carry_out(
    line: &mut Line,
    wishes: &[Wish],
) -> (Vec<usize>, HashMap<(usize, &'static str), usize>) {
    let mut messages = Vec::new();
    let mut newest = HashMap::new();
    for (n, wish) in wishes.iter().enumerate() {
        match wish {
            Wish::Wait(millis) => line.wait(Duration::from_millis(*millis)),
            Wish::Message(room) => {
                line.broadcast(ROOMS[*room], "message", n, Keep::Each)
                    .unwrap();
                messages.push(n);
            }
            Wish::Typing(room) => {
                line.broadcast(ROOMS[*room], "typing", n, Keep::Newest)
                    .unwrap();
                newest.insert((*room, "typing"), n);
            }
            Wish::Track(room) => {
                line.track(ROOMS[*room], n);
                newest.insert((*room, "presence"), n);
            }
            Wish::Tune(per_second) => {
                line.core.tune(
                    &Tuning {
                        heartbeat: Duration::from_hours(1),
                        first_wait: Duration::from_millis(500),
                        longest_wait: Duration::from_secs(30),
                        events_per_second: *per_second,
                    },
                    line.now,
                );
                line.carry_out();
            }
        }
    }
    (messages, newest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_rate_holds_every_message_goes_in_order_and_the_newest_state_goes(
        per_second in 1_u32..15,
        wishes in wishes(),
    ) {
        let mut line = Line::new(per_second, 10_000);
        let (messages, newest) = carry_out(&mut line, &wishes);
        line.wait(Duration::from_mins(10));

        // In any stretch of time no more than a second's worth, and the rate times its length.
        let times: Vec<Instant> = line.sent.iter().map(|(at, _)| *at).collect();
        for (first, from) in times.iter().enumerate() {
            for (count, to) in times[first..].iter().enumerate() {
                let earned = (*to - *from).as_nanos() * u128::from(per_second) / 1_000_000_000;
                prop_assert!(count < per_second as usize + usize::try_from(earned).unwrap());
            }
        }
        // Every message once; those of a room in their order.
        let n = |sent: &Sent| usize::try_from(sent.payload["n"].as_u64().unwrap()).unwrap();
        let sent = |event: &str, room: Option<usize>| -> Vec<usize> {
            let of = |it: &&(Instant, Sent)| {
                it.1.event == event && room.is_none_or(|room| it.1.topic == ROOMS[room])
            };
            line.sent.iter().filter(of).map(|(_, sent)| n(sent)).collect()
        };
        prop_assert_eq!(sent("message", None), messages);
        // Of the states the newest, last.
        for ((room, event), last) in newest {
            prop_assert_eq!(sent(event, Some(room)).last().copied(), Some(last));
        }
        // And what was not sent is counted.
        let asked = wishes.iter().filter(|wish| !matches!(wish, Wish::Wait(_))).count();
        let (_, replaced, unsent) = line.counters();
        prop_assert_eq!(usize::try_from(replaced).unwrap() + line.sent.len(), asked);
        prop_assert_eq!(unsent, 0);
    }

    #[test]
    fn a_rate_that_changes_loses_nothing(wishes in tuned()) {
        let mut line = Line::new(10, 10_000);
        let (messages, _) = carry_out(&mut line, &wishes);
        line.wait(Duration::from_mins(10));
        let sent: Vec<usize> = line
            .sent
            .iter()
            .map(|(_, sent)| usize::try_from(sent.payload["n"].as_u64().unwrap()).unwrap())
            .collect();
        prop_assert_eq!(sent, messages);
    }
}

#[test]
fn under_the_rate_nothing_waits() {
    let mut line = Line::new(10, 256);
    for n in 0..100 {
        line.wait(Duration::from_millis(100));
        line.broadcast("a", "message", n, Keep::Each).unwrap();
        assert_eq!(line.sent.len(), n + 1);
    }
    assert_eq!(line.counters(), (0, 0, 0));
}

#[test]
fn joins_heartbeats_and_leaves_do_not_wait() {
    let mut line = Line::new(1, 256);
    for n in 0..50 {
        line.broadcast("a", "message", n, Keep::Each).unwrap();
    }
    assert_eq!(line.counters().0, 49);
    let before = line.core.diagnostics().counters.frames_out;
    line.core.open(ChannelSpec::new("c"), line.now);
    line.core.probe(line.now);
    line.carry_out();
    line.core.release("c", line.now);
    // A join, a heartbeat and a leave, at the same moment.
    assert_eq!(line.core.diagnostics().counters.frames_out, before + 3);
    assert_eq!(line.sent.len(), 1);
}

#[test]
fn what_waits_is_bounded_and_a_newer_state_needs_no_room() {
    let mut line = Line::new(1, 4);
    for n in 0..4 {
        line.broadcast("a", "message", n, Keep::Each).unwrap();
    }
    line.broadcast("a", "typing", 4, Keep::Newest).unwrap();
    let refused = line.broadcast("a", "message", 5, Keep::Each);
    assert_eq!(refused, Err(PushError::Busy));
    line.broadcast("a", "typing", 6, Keep::Newest).unwrap();
    let other = line.broadcast("b", "typing", 7, Keep::Newest);
    assert_eq!(other, Err(PushError::Busy));
    line.wait(Duration::from_secs(10));
    let last = line.sent.last().map(|(_, sent)| sent.payload["n"].clone());
    assert_eq!(last, Some(json!(6)));
    assert_eq!(line.counters(), (4, 1, 0));
}

#[test]
fn what_waits_when_its_channel_ends_is_counted_and_said() {
    let mut line = Line::new(1, 256);
    let (answer, answered) = tokio::sync::oneshot::channel();
    line.broadcast("a", "message", 0, Keep::Each).unwrap();
    line.broadcast("a", "typing", 1, Keep::Newest).unwrap();
    line.broadcast("b", "message", 2, Keep::Each).unwrap();
    let payload = Payload::Json(Json::empty_object());
    line.core
        .broadcast("a", "message", payload, Keep::Each, Some(answer), line.now)
        .unwrap();
    line.core.release("a", line.now);
    assert_eq!(
        answered.blocking_recv().unwrap(),
        Err(PushError::Disconnected)
    );
    assert_eq!(line.counters().2, 2);
    // The other room's goes on.
    line.wait(Duration::from_secs(2));
    let topics: Vec<&str> = line
        .sent
        .iter()
        .map(|(_, sent)| sent.topic.as_str())
        .collect();
    assert_eq!(topics, ["a", "b"]);
    assert!(line.now > line.start);
}
