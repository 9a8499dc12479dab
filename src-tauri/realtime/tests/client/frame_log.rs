use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::{Value, json};
use tidings_realtime::frame::{self, Sender, UserBroadcast, Vsn, Wire};
use tidings_realtime::{
    Binding, ChannelHandle, ChannelSpec, Direction, Json, Logged, Payload, Secret,
};
use tokio_tungstenite::tungstenite::Message as Raw;

use crate::world::{Peer, Said, World, settle};

/// What must not be in the log, wherever it was in a frame.
const SECRETS: [&str; 9] = [
    "MEETATNOON",
    "alice@example.com",
    "9f1c0f9e-2f0a-4d6a-8f52-5a1d2b3c4d5e",
    "Alice Liddell",
    "hunter2",
    "sb_publishable_key",
    "sb_secret_key",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "4815162342",
];

/// Everything of the secrets in one value, as keys and as values.
fn all() -> Value {
    let mut members: serde_json::Map<String, Value> = SECRETS
        .iter()
        .enumerate()
        .map(|(n, secret)| (format!("field_{n}"), json!(secret)))
        .collect();
    for secret in ["alice@example.com", "Alice Liddell", "sb_secret_key"] {
        members.insert(secret.to_owned(), json!(secret));
    }
    members.insert("number".to_owned(), json!(4_815_162_342_u64));
    members.insert("list".to_owned(), json!(SECRETS));
    members.insert("deep".to_owned(), json!({"deeper": [{"deepest": SECRETS}]}));
    members.into()
}

fn spec() -> ChannelSpec {
    let mut binding = Binding::table("public", "chat_messages");
    binding.filter = Some("session_id=eq.hunter2".into());
    let mut spec = ChannelSpec::new("room");
    spec.bindings = vec![binding];
    spec.presence.enabled = true;
    spec.presence.key = "9f1c0f9e-2f0a-4d6a-8f52-5a1d2b3c4d5e".into();
    spec.broadcast.ack = true;
    spec
}

async fn open(vsn: Vsn) -> (World, Peer, Said, ChannelHandle) {
    let mut world = World::with(vsn, 1 << 20, |config| {
        config.events_per_second = 100;
        config.apikey = Secret::new("sb_publishable_key");
    });
    world.client.frame_log().set_on(true);
    let channel = world.client.open(spec());
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    peer.subscribed(&join).await;
    settle().await;
    (world, peer, join, channel)
}

fn assert_clean(logged: &Logged) {
    for frame in &logged.frames {
        let line = format!("{frame:?}");
        for secret in SECRETS {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
        // The token to join with.
        assert!(!line.contains("\"t1\""), "{line}");
        let payload: Result<Value, _> = serde_json::from_str(&frame.payload);
        assert!(payload.is_ok(), "{line}");
    }
}

/// The payload of the last frame of an event.
fn last(logged: &Logged, event: &str, direction: Direction) -> Value {
    let found = logged
        .frames
        .iter()
        .rfind(|frame| frame.event == event && frame.direction == direction);
    let frame = found.unwrap_or_else(|| panic!("no {event} in {logged:#?}"));
    serde_json::from_str::<Value>(&frame.payload).unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_of_any_event_is_in_the_log() {
    for vsn in [Vsn::V1, Vsn::V2] {
        let (world, mut peer, join, channel) = open(vsn).await;
        client_says(&world, &mut peer, &channel, vsn).await;
        server_says(&mut peer, &join).await;
        server_says_in_words(&mut peer, &join).await;
        if vsn == Vsn::V2 {
            server_says_in_bytes(&mut peer, &join).await;
        }
        settle().await;
        let logged = world.client.frame_log().since(None);
        assert!(logged.frames.len() > 70, "{}", logged.frames.len());
        assert_clean(&logged);
        // The goodbye of a server.
        let log = world.client.frame_log().clone();
        peer.close(4000).await;
        settle().await;
        let closed = last(&log.since(None), "close", Direction::In);
        assert_eq!(closed, json!({"code": 4000, "reason": ""}));
    }
}

async fn client_says(world: &World, peer: &mut Peer, channel: &ChannelHandle, vsn: Vsn) {
    channel.track(&all()).unwrap();
    peer.expect("presence").await;
    channel.broadcast("typing", &all()).unwrap();
    peer.expect("broadcast").await;
    channel.broadcast("Alice Liddell", &all()).unwrap();
    peer.expect("broadcast").await;
    if vsn == Vsn::V2 {
        let bytes = Payload::Binary(Bytes::from(SECRETS.concat()));
        let sending = channel.broadcast_acknowledged("raw", bytes);
        let (_, told) = tokio::join!(tokio::time::timeout(Duration::ZERO, sending), peer.raw());
        assert!(told.is_some());
    }
    channel.untrack();
    peer.expect("presence").await;
    world.tokens.set(2);
    world.client.push_token();
    peer.expect("access_token").await;
}

/// Every secret in every place; then in events that nobody knows.
async fn server_says(peer: &mut Peer, join: &Said) {
    let own = join.join_ref.as_deref();
    let change = json!({"ids": [101], "data": {"schema": "public", "table": "chat_messages",
        "type": "UPDATE", "commit_timestamp": "2026-11-22T10:00:00.123Z",
        "columns": [all()], "errors": SECRETS, "record": all(), "old_record": all()}});
    let people = json!({"alice@example.com": {"metas": [all(), all()]},
        "9f1c0f9e-2f0a-4d6a-8f52-5a1d2b3c4d5e": {"metas": [all()]}});
    let diff = json!({"joins": people, "leaves": people, "more": all()});
    for (event, payload) in [
        ("postgres_changes", change.clone()),
        ("INSERT", change["data"].clone()),
        ("UPDATE", all()),
        ("DELETE", json!(SECRETS)),
        (
            "broadcast",
            json!({"type": "broadcast", "event": "Alice Liddell",
            "payload": all(), "meta": all()}),
        ),
        ("broadcast", all()),
        ("presence_state", people.clone()),
        ("presence_state", json!("hunter2")),
        ("presence_diff", diff),
        ("presence", all()),
        ("access_token", all()),
        (
            "phx_join",
            json!({"config": all(), "access_token": "hunter2"}),
        ),
        ("heartbeat", all()),
        ("news", all()),
        ("alice@example.com", all()),
        ("system", all()),
    ] {
        peer.say(own, None, &join.topic, event, payload).await;
    }
}

async fn server_says_in_words(peer: &mut Peer, join: &Said) {
    let own = join.join_ref.as_deref();
    for message in SECRETS {
        let odd = format!("r{message}");
        peer.system(join, "system", "ok", message).await;
        peer.system(join, message, message, message).await;
        peer.say(
            own,
            Some(&odd),
            &join.topic,
            "phx_reply",
            json!({"status": message,
            "response": {"reason": message, "postgres_changes": [all(), message]}}),
        )
        .await;
        let reason = json!({"reason": message, "more": all()});
        peer.say(Some(&odd), Some("77"), &join.topic, "phx_error", reason)
            .await;
        peer.reply(join, "error", json!(message)).await;
        peer.send(message).await;
    }
    // In the place of names: whatever is no name.
    for odd in SECRETS
        .iter()
        .filter(|secret| secret.contains([' ', '@', 'y']))
    {
        peer.say(own, None, odd, odd, all()).await;
        let payload = json!({"ids": [101], "data": {"schema": odd, "table": odd,
            "type": odd, "commit_timestamp": odd}});
        peer.say(None, None, &join.topic, "postgres_changes", payload)
            .await;
    }
    // A reason with something of somebody's in it.
    let refused = format!("Unauthorized: {} may not", SECRETS.concat());
    peer.reply(join, "error", json!({ "reason": refused }))
        .await;
}

async fn server_says_in_bytes(peer: &mut Peer, join: &Said) {
    for payload in [
        Payload::Json(Json::new(&all()).unwrap()),
        Payload::Binary(Bytes::from(SECRETS.concat())),
    ] {
        let frame = frame::Frame::UserBroadcast(UserBroadcast {
            topic: join.topic.clone(),
            event: "alice@example.com".to_owned(),
            metadata: Some(Json::new(&SECRETS[..6]).unwrap()),
            payload,
        });
        let wire = frame::encode(Vsn::V2, Sender::Server, &frame).unwrap();
        let Wire::Binary(bytes) = wire else {
            panic!("{wire:?}");
        };
        peer.send_raw(Raw::Binary(bytes)).await;
    }
    let mut garbage = vec![1, 200, 200, 200, 200];
    garbage.extend(SECRETS.concat().bytes());
    peer.send_raw(Raw::Binary(garbage.into())).await;
}

#[tokio::test(start_paused = true)]
async fn what_helps_to_find_a_fault_stays() {
    let (world, mut peer, join, channel) = open(Vsn::V2).await;
    channel.broadcast("typing", &json!({"on": true})).unwrap();
    peer.expect("broadcast").await;
    let change = json!({"ids": [101], "data": {"schema": "public", "table": "chat_messages",
        "type": "INSERT", "commit_timestamp": "2026-11-22T10:00:00.123Z", "columns": [],
        "errors": ["Error 413: Payload Too Large"],
        "record": {"id": 7, "content": "MEETATNOON", "reply_to": null}}});
    peer.say(None, None, &join.topic, "postgres_changes", change)
        .await;
    let state = json!({"a": {"metas": [{}, {}]}, "b": {"metas": [{}]}});
    peer.say(None, None, &join.topic, "presence_state", state)
        .await;
    let expired = "Token has expired 77 seconds ago";
    peer.system(&join, "system", "error", expired).await;
    settle().await;

    let logged = world.client.frame_log().since(None);
    let body = |event: &str, direction| last(&logged, event, direction)["body"].clone();
    assert_eq!(
        last(&logged, "phx_join", Direction::Out),
        json!({"join_ref": "2", "ref": "2", "body": {
            "access_token": "[token]",
            "config": {
                "broadcast": {"ack": true, "self": false},
                "presence": {"enabled": true, "key": "[36 characters]"},
                "postgres_changes": [{"event": "*", "schema": "public", "table": "chat_messages",
                    "filter": "session_id=eq.[7 characters]"}],
                "private": false,
            },
        }})
    );
    let bound = &body("phx_reply", Direction::In);
    assert_eq!(bound["status"], "ok");
    assert_eq!(
        body("broadcast", Direction::Out),
        json!({"type": "broadcast", "event": "typing", "payload": "[JSON, 11 bytes]"})
    );
    assert_eq!(
        body("postgres_changes", Direction::In),
        json!({"ids": [101], "data": {"schema": "public", "table": "chat_messages",
            "type": "INSERT", "commit_timestamp": "2026-11-22T10:00:00.123Z",
            "columns": "[list of 0]", "errors": ["Error 413: Payload Too Large"],
            "record": {"id": "[number]", "content": "[10 characters]", "reply_to": null}}})
    );
    let people = json!({"people": 2, "devices": 3});
    assert_eq!(body("presence_state", Direction::In), people);
    let system = body("system", Direction::In);
    assert_eq!(system["message"], "Token has expired");

    let beat = &logged.frames[0];
    assert_eq!(
        (beat.topic.as_str(), beat.event.as_str()),
        ("phoenix", "heartbeat")
    );
    assert_eq!(beat.bytes, r#"[null,"1","phoenix","heartbeat",{}]"#.len());
    assert!(beat.time.elapsed().unwrap() < Duration::from_mins(5));
    assert!(
        logged
            .frames
            .iter()
            .all(|frame| frame.time <= SystemTime::now())
    );
    let numbers: Vec<u64> = logged.frames.iter().map(|frame| frame.number).collect();
    assert!(numbers.is_sorted());
}
