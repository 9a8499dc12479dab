use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tidings_realtime::frame::Vsn;
use tidings_realtime::{
    Binding, ChannelSpec, ChannelStatus, Event, Json, Payload, PushError, Replay, Secret,
};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message as Raw;

use crate::world::{SECOND, World, settle};

fn object() -> Payload {
    Payload::Json(Json::empty_object())
}

fn acknowledged() -> ChannelSpec {
    let mut spec = ChannelSpec::new("room");
    spec.broadcast.ack = true;
    spec
}

#[tokio::test(start_paused = true)]
async fn frames_that_cannot_be_read_are_counted_and_nothing_else() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    for bad in [
        "{not json",
        "[]",
        "null",
        "",
        r#"["2",null,"realtime:room"]"#,
    ] {
        peer.send(bad).await;
    }
    // A binary broadcast that another client flagged as JSON.
    let mut frame = vec![4, 13, 1, 0, 1];
    frame.extend(b"realtime:rooment json");
    peer.send_raw(Raw::Binary(frame.into())).await;
    peer.send_raw(Raw::Binary(Bytes::new())).await;
    // Kinds and events of a later version.
    peer.send_raw(Raw::Binary(Bytes::from_static(&[9, 1, 2])))
        .await;
    peer.send(r#"["2",null,"realtime:room","phx_news",{}]"#)
        .await;
    // What follows the five elements is ignored.
    peer.send(r#"[null,null,"realtime:room","broadcast",{"event":"e","payload":{}},6]"#)
        .await;
    let event = world
        .pick(|event| match event {
            Event::Broadcast { event, .. } => Some(event),
            _ => None,
        })
        .await;
    assert_eq!(event, "e");
    let counters = world.client.diagnostics().counters;
    assert_eq!((counters.bad, counters.unknown), (7, 2));
    assert_eq!(world.client.status("room"), Some(ChannelStatus::Joined));
    peer.quiet_for(60 * SECOND).await;
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn another_clients_bad_json_does_not_end_a_version_1_socket() {
    let mut world = World::new(Vsn::V1);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let topic = r#""ref":null,"topic":"realtime:room""#;
    peer.send(&format!(
        r#"{{{topic},"event":"broadcast","payload":{{"event":"e","payload":{{not json}}}}"#
    ))
    .await;
    peer.send_raw(Raw::Binary(Bytes::from_static(&[4, 0, 0, 0, 0])))
        .await;
    peer.quiet_for(60 * SECOND).await;
    assert_eq!(world.client.diagnostics().counters.bad, 2);
    assert_eq!(world.client.status("room"), Some(ChannelStatus::Joined));
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_read_asks_for_a_catch_up() {
    let mut world = World::new(Vsn::V2);
    let mut spec = ChannelSpec::new("chat");
    spec.bindings = vec![Binding::table("public", "chat_messages")];
    let (mut peer, channel) = world.joined(spec).await;
    peer.send(r#"[null,null,"realtime:chat","postgres_changes",{"ids":[101],"data":{}}]"#)
        .await;
    let topic = world
        .pick(|event| match event {
            Event::Unreadable { topic, .. } => Some(topic),
            _ => None,
        })
        .await;
    assert_eq!(topic, "chat");
    assert_eq!(world.client.diagnostics().counters.bad, 1);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn broadcasts_are_exactly_these_frames() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    channel.broadcast("typing", &json!({"on": true})).unwrap();
    assert_eq!(
        peer.text().await,
        r#"["2","3","realtime:room","broadcast",{"type":"broadcast","event":"typing","payload":{"on":true}}]"#
    );
    let bytes = Payload::Binary(Bytes::from_static(&[0, 1, 255]));
    channel.broadcast_acknowledged("raw", bytes).await.unwrap();
    let mut expected = vec![3, 1, 1, 13, 3, 0, 0];
    expected.extend(b"24realtime:roomraw\x00\x01\xff");
    assert_eq!(peer.raw().await, Some(Raw::Binary(expected.into())));

    let mut world = World::new(Vsn::V1);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    channel.broadcast("typing", &json!({"on": true})).unwrap();
    assert_eq!(
        peer.text().await,
        r#"{"topic":"realtime:room","event":"broadcast","payload":{"type":"broadcast","event":"typing","payload":{"on":true}},"ref":"3","join_ref":"2"}"#
    );
    let bytes = Payload::Binary(Bytes::from_static(&[0, 1, 255]));
    let answer = channel.broadcast_acknowledged("raw", bytes).await;
    assert!(
        matches!(answer, Err(PushError::NotEncodable(_))),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_say_what_became_of_a_broadcast() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(acknowledged()).await;
    let server = async {
        let first = peer.expect("broadcast").await;
        let second = peer.expect("broadcast").await;
        // In another order than asked, and a text instead of an object.
        peer.reply(&second, "error", json!("payload_size_exceeded"))
            .await;
        peer.ok(&first).await;
        peer
    };
    let (first, second, mut peer) = tokio::join!(
        channel.broadcast_acknowledged("e", object()),
        channel.broadcast_acknowledged("e", object()),
        server
    );
    assert_eq!(first, Ok(()));
    let refused = PushError::Refused("payload_size_exceeded".into());
    assert_eq!(second, Err(refused));

    // No word at all: not known. The answer comes too late.
    let began = Instant::now();
    let server = async {
        let push = peer.expect("broadcast").await;
        peer.quiet_for(11 * SECOND).await;
        peer.ok(&push).await;
        peer
    };
    let waiting = async {
        let answer = channel.broadcast_acknowledged("e", object()).await;
        (answer, Instant::now() - began)
    };
    let ((answer, after), _peer) = tokio::join!(waiting, server);
    assert_eq!((answer, after), (Err(PushError::Timeout), 10 * SECOND));
    settle().await;
    assert_eq!(world.client.diagnostics().counters.late_replies, 1);
}

#[tokio::test(start_paused = true)]
async fn what_would_hurt_the_socket_is_refused_before_it() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let text = Json::new("a text").unwrap();
    let answer = channel.broadcast("e", &text);
    assert_eq!(answer, Err(PushError::NotAnObject));
    assert_eq!(channel.track(&text), Err(PushError::NotAnObject));
    let big = json!({"d": "x".repeat(5_000_000)});
    let answer = channel.broadcast("e", &big);
    assert!(matches!(answer, Err(PushError::TooBig(_))), "{answer:?}");
    peer.quiet_for(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_who_does_not_read_makes_broadcasts_wait_and_then_refuses_them() {
    let mut world = World::with(Vsn::V2, 1024, |config| config.send_capacity = 8);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let big = json!({"d": "x".repeat(600)});
    let mut sent = 0;
    let refused = loop {
        match channel.broadcast("e", &big) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        settle().await;
    };
    assert_eq!(refused, PushError::Busy);
    assert!((8..12).contains(&sent), "{sent} taken");
    // Nothing is lost of what was taken, and there is room again.
    for _ in 0..sent {
        peer.expect("broadcast").await;
    }
    settle().await;
    channel.broadcast("e", &big).unwrap();
    peer.expect("broadcast").await;
    assert_eq!(world.client.diagnostics().counters.reconnects, 0);
}

/// A stored broadcast, as a server sends it again.
fn stored(number: u32) -> serde_json::Value {
    json!({
        "type": "broadcast", "event": "e", "payload": {"n": number},
        "meta": {"id": format!("id-{number}"), "replayed": true},
    })
}

#[tokio::test(start_paused = true)]
async fn stored_broadcasts_are_asked_for_at_each_join_and_told_once() {
    let mut world = World::new(Vsn::V2);
    let mut spec = ChannelSpec::new("room");
    spec.private = true;
    let replay = Replay {
        since: 1_795_348_171_706,
        // More than servers take.
        limit: Some(200),
    };
    spec.broadcast.replay = Some(replay);
    let _channel = world.client.open(spec);
    let mut peer = world.accept().await;
    let asked = json!({"since": 1_795_348_171_706_i64, "limit": 25});
    let join = peer.admit().await;
    assert_eq!(join.payload["config"]["broadcast"]["replay"], asked);
    for number in [1, 2] {
        peer.say(None, None, &join.topic, "broadcast", stored(number))
            .await;
    }
    let live =
        json!({"type": "broadcast", "event": "e", "payload": {"n": 3}, "meta": {"id": "id-3"}});
    peer.say(None, None, &join.topic, "broadcast", live).await;
    drop(peer);

    let mut peer = world.accept().await;
    let join = peer.admit().await;
    assert_eq!(join.payload["config"]["broadcast"]["replay"], asked);
    for number in 1..=4 {
        peer.say(None, None, &join.topic, "broadcast", stored(number))
            .await;
    }
    // Not stored: it may be the same twice.
    let passing = json!({"type": "broadcast", "event": "e", "payload": {"n": 9}});
    for _ in 0..2 {
        peer.say(None, None, &join.topic, "broadcast", passing.clone())
            .await;
    }
    let mut told = Vec::new();
    while told.len() < 6 {
        let told_now = world
            .pick(|event| match event {
                Event::Broadcast { payload, meta, .. } => Some((payload, meta)),
                _ => None,
            })
            .await;
        told.push(told_now);
    }
    let told: Vec<_> = told
        .iter()
        .map(|(payload, meta)| (payload.json().unwrap().as_str(), meta.replayed))
        .collect();
    assert_eq!(
        told,
        [
            (r#"{"n":1}"#, true),
            (r#"{"n":2}"#, true),
            (r#"{"n":3}"#, false),
            (r#"{"n":4}"#, true),
            (r#"{"n":9}"#, false),
            (r#"{"n":9}"#, false),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_channel_does_without_a_replay_that_the_server_refuses() {
    let mut world = World::new(Vsn::V2);
    let replay = Some(Replay {
        since: 0,
        limit: None,
    });
    let mut public = ChannelSpec::new("public");
    public.broadcast.replay = replay;
    let _public = world.client.open(public);
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    // The server would refuse it there.
    assert_eq!(join.payload["config"]["broadcast"].get("replay"), None);

    let mut private = ChannelSpec::new("private");
    private.private = true;
    private.broadcast.replay = replay;
    let _private = world.client.open(private);
    let join = peer.expect("phx_join").await;
    assert_eq!(
        join.payload["config"]["broadcast"]["replay"],
        json!({"since": 0})
    );
    let refusal = json!({
        "status": "error",
        "response": {"reason": "UnableToReplayMessages: Replay params are not valid"},
    });
    peer.say(
        join.join_ref.as_deref(),
        join.reference.as_deref(),
        &join.topic,
        "phx_reply",
        refusal,
    )
    .await;
    let again = peer.admit().await;
    assert_eq!(again.topic, join.topic);
    assert_eq!(again.payload["config"]["broadcast"].get("replay"), None);
    world
        .status("private", |status| *status == ChannelStatus::Joined)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_behind_holds_the_socket_back_and_loses_nothing() {
    let mut world = World::with(Vsn::V2, 4096, |config| config.event_capacity = 20);
    let _channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    let (heard_all, all_heard) = tokio::sync::oneshot::channel();
    let talk = async {
        for number in 0..1000 {
            let payload = json!({"event": "e", "payload": {"n": number}});
            peer.say(None, None, &join.topic, "broadcast", payload)
                .await;
        }
        all_heard.await.unwrap();
    };
    let listen = async {
        for number in 0..1000 {
            if number % 100 == 0 {
                // Well behind, but not for too long.
                tokio::time::sleep(SECOND).await;
            }
            let payload = world
                .pick(|event| match event {
                    Event::Broadcast { payload, .. } => Some(payload),
                    Event::Lagged => panic!("lost something before {number}"),
                    _ => None,
                })
                .await;
            assert_eq!(
                payload.json().unwrap().as_str(),
                format!(r#"{{"n":{number}}}"#)
            );
        }
        heard_all.send(()).unwrap();
    };
    tokio::join!(talk, listen);
    assert_eq!(world.client.diagnostics().counters.lagged, 0);
}

/// Hears `count` broadcasts, one in `every`; how many of them until the first loss.
async fn heard_in(count: u32, every: Duration) -> u32 {
    let mut world = World::with(Vsn::V2, 1 << 20, |config| config.event_capacity = 20);
    let _channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    for number in 0..count {
        let payload = json!({"event": "e", "payload": {"n": number}});
        peer.say(None, None, &join.topic, "broadcast", payload)
            .await;
    }
    for number in 0..count {
        let lost = world
            .pick(|event| match event {
                Event::Broadcast { .. } => Some(false),
                Event::Lagged => Some(true),
                _ => None,
            })
            .await;
        if lost {
            return number;
        }
        tokio::time::sleep(every).await;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_that_goes_on_reading_is_waited_for_but_not_for_ever() {
    let every = Duration::from_millis(100);
    assert_eq!(heard_in(250, every).await, 250);
    // What is read within half a minute, and what waits by then.
    let heard = heard_in(500, every).await;
    assert!((300..=340).contains(&heard), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_learns_that_it_lost_something_and_loses_no_state() {
    let mut world = World::with(Vsn::V2, 1 << 20, |config| config.event_capacity = 20);
    let mut spec = ChannelSpec::new("room");
    spec.presence.enabled = true;
    spec.bindings = vec![Binding::table("public", "chat_messages")];
    let channel = world.client.open(spec);
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    for number in 0..100 {
        let payload = json!({"event": "e", "payload": {"n": number}});
        peer.say(None, None, &join.topic, "broadcast", payload)
            .await;
    }
    let state = json!({"alice": {"metas": [{"phx_ref": "1"}]}});
    peer.say(None, None, &join.topic, "presence_state", state)
        .await;
    peer.subscribed(&join).await;
    // Longer than a reader that is behind is waited for.
    peer.quiet_for(3 * SECOND).await;

    let mut broadcasts = 0;
    world
        .pick(|event| {
            broadcasts += u32::from(matches!(event, Event::Broadcast { .. }));
            (event == Event::Lagged).then_some(())
        })
        .await;
    assert!((10..=20).contains(&broadcasts), "{broadcasts}");
    assert_eq!(
        world.client.diagnostics().counters.lagged,
        u64::from(101 - broadcasts)
    );
    world
        .pick(|event| matches!(event, Event::Subscribed { .. }).then_some(()))
        .await;
    assert_eq!(world.client.status("room"), Some(ChannelStatus::Subscribed));
    // The presence that was dropped can be asked for.
    assert!(world.client.presence("room").unwrap().contains_key("alice"));
    let payload = json!({"event": "e", "payload": {}});
    peer.say(None, None, &join.topic, "broadcast", payload)
        .await;
    assert!(matches!(world.event().await, Event::Broadcast { .. }));
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn nothing_printed_shows_a_key_or_a_token() {
    let mut world = World::with(Vsn::V2, 1 << 16, |config| {
        config.apikey = Secret::new("sb_publishable_private");
    });
    let (_peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let text = format!(
        "{:?} {channel:?} {:?}",
        world.client,
        world.client.diagnostics()
    );
    assert!(!text.contains("private"), "{text}");
    assert!(!text.contains("t1"), "{text}");
    world.no_attempt_for(Duration::from_secs(1)).await;
}
