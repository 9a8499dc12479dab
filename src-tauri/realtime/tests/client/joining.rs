use std::time::Duration;

use serde_json::json;
use tidings_realtime::frame::Vsn;
use tidings_realtime::{Binding, ChannelSpec, ChannelStatus, ConnState, ErrorClass, Event};

use crate::world::{SECOND, World};

fn chat() -> ChannelSpec {
    let mut filtered = Binding::table("public", "chat_messages");
    filtered.event = "INSERT".into();
    filtered.filter = Some("session_id=eq.s1".into());
    ChannelSpec {
        bindings: vec![
            Binding::table("public", "chat_messages"),
            filtered,
            Binding::table("public", "chat_messages"),
        ],
        ..ChannelSpec::new("chat")
    }
}

const CONFIG: &str = concat!(
    r#"{"config":{"broadcast":{"ack":false,"self":false},"presence":{"key":"","enabled":false},"#,
    r#""postgres_changes":[{"event":"*","schema":"public","table":"chat_messages"},"#,
    r#"{"event":"INSERT","schema":"public","table":"chat_messages","#,
    r#""filter":"session_id=eq.s1"}],"private":false},"access_token":"t1"}"#
);

#[tokio::test(start_paused = true)]
async fn the_frames_of_version_2_are_exactly_these() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(chat());
    let mut peer = world.accept().await;
    assert_eq!(
        peer.request,
        r#"/realtime/v1/websocket?vsn=2.0.0 Some("sb_publishable_k")"#
    );
    assert_eq!(peer.text().await, r#"[null,"1","phoenix","heartbeat",{}]"#);
    assert_eq!(
        peer.text().await,
        format!(r#"["2","2","realtime:chat","phx_join",{CONFIG}]"#)
    );
    drop(channel);
    assert_eq!(
        peer.text().await,
        r#"["2","3","realtime:chat","phx_leave",{}]"#
    );
}

#[tokio::test(start_paused = true)]
async fn the_frames_of_version_1_are_exactly_these() {
    let mut world = World::new(Vsn::V1);
    let channel = world.client.open(chat());
    let mut peer = world.accept().await;
    assert!(peer.request.contains("vsn=1.0.0"), "{}", peer.request);
    assert_eq!(
        peer.text().await,
        r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#
    );
    let begin = r#"{"topic":"realtime:chat","event":"#;
    assert_eq!(
        peer.text().await,
        format!(r#"{begin}"phx_join","payload":{CONFIG},"ref":"2","join_ref":"2"}}"#)
    );
    drop(channel);
    assert_eq!(
        peer.text().await,
        format!(r#"{begin}"phx_leave","payload":{{}},"ref":"3","join_ref":"2"}}"#)
    );
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_told_from_the_attempt_to_the_first_change() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(chat());
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    peer.subscribed(&join).await;
    let change = json!({"ids": [102, 101, 101], "data": {
        "schema": "public", "table": "chat_messages", "type": "INSERT",
        "commit_timestamp": "2026-11-22T10:00:00.123Z", "columns": [], "errors": null,
        "record": {"id": "m1", "session_id": "s1"}}});
    peer.say(None, None, &join.topic, "postgres_changes", change)
        .await;
    let status = |status| Event::Channel {
        topic: "chat".into(),
        status,
    };
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(world.event().await);
    }
    let subscribed = Event::Subscribed {
        topic: "chat".into(),
    };
    for expected in [
        Event::State(ConnState::Connecting),
        status(ChannelStatus::Joining),
        Event::State(ConnState::Connected),
        status(ChannelStatus::Joined),
        status(ChannelStatus::Subscribed),
        subscribed.clone(),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    let Event::Change {
        bindings, change, ..
    } = world.event().await
    else {
        panic!("no change");
    };
    assert_eq!(bindings, [0, 1, 2]);
    assert_eq!(
        change.record.unwrap().get("id").unwrap().as_str(),
        r#""m1""#
    );
    // Said again, it means the same again.
    peer.subscribed(&join).await;
    assert_eq!(world.event().await, subscribed);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn what_is_meant_for_an_earlier_incarnation_is_dropped() {
    for vsn in [Vsn::V1, Vsn::V2] {
        let mut world = World::new(vsn);
        let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
        let old = crate::world::Said {
            join_ref: Some("2".into()),
            reference: Some("2".into()),
            topic: "realtime:room".into(),
            event: "phx_join".into(),
            payload: json!({"config": {"postgres_changes": []}}),
            at: world.began,
        };
        peer.end(&old, "phx_error").await;
        let join = peer.expect("phx_join").await;
        assert_eq!(join.reference.as_deref(), Some("3"));
        // The reply to the old join, and its end, come late.
        peer.admit_as(&old).await;
        peer.end(&old, "phx_close").await;
        peer.end(&old, "phx_error").await;
        peer.quiet_for(5 * SECOND).await;
        assert_eq!(world.client.status("room"), Some(ChannelStatus::Joining));
        peer.admit_as(&join).await;
        peer.end(&old, "phx_close").await;
        peer.quiet_for(60 * SECOND).await;
        assert_eq!(world.client.status("room"), Some(ChannelStatus::Joined));
        let counters = world.client.diagnostics().counters;
        let late = if vsn == Vsn::V1 { (3, 1) } else { (4, 0) };
        assert_eq!((counters.stale, counters.late_replies), late, "{vsn:?}");
        drop(channel);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_nobody_asked_for_is_followed_by_a_join() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let mut join_ref = "2".to_owned();
    for (round, event) in ["phx_close", "phx_error", "phx_close"].iter().enumerate() {
        let own = Some(join_ref.as_str());
        peer.say(own, own, "realtime:room", event, json!({})).await;
        let began = tokio::time::Instant::now();
        let join = peer.admit().await;
        let bound = Duration::from_millis(500) * (1 << round);
        assert!(
            join.at - began <= bound,
            "round {round}: {:?}",
            join.at - began
        );
        join_ref = join.reference.unwrap();
    }
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn joins_take_turns() {
    let mut world = World::new(Vsn::V2);
    let channels: Vec<_> = ["a", "b", "c"]
        .map(|name| world.client.open(ChannelSpec::new(name)))
        .into();
    let mut peer = world.accept().await;
    for topic in ["realtime:a", "realtime:b", "realtime:c"] {
        let join = peer.expect("phx_join").await;
        assert_eq!(join.topic, topic);
        peer.quiet_for(4 * SECOND).await;
        if topic == "realtime:b" {
            peer.refuse(
                &join,
                "PrivateOnly: This project only allows private channels",
            )
            .await;
        } else {
            peer.admit_as(&join).await;
        }
    }
    let error = world
        .status("b", |status| {
            matches!(status, ChannelStatus::Errored { .. })
        })
        .await;
    let ChannelStatus::Errored { error, retry_at } = error else {
        unreachable!()
    };
    assert_eq!(error.class, ErrorClass::Terminal);
    assert_eq!(retry_at, None);
    peer.quiet_for(Duration::from_mins(30)).await;
    drop(channels);
}

#[tokio::test(start_paused = true)]
async fn a_join_without_an_answer_is_left_before_the_next_one() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    let join = peer.expect("phx_join").await;
    let leave = peer.expect("phx_leave").await;
    assert_eq!(leave.at - join.at, 15 * SECOND);
    assert_eq!(leave.join_ref, join.join_ref);
    peer.ok(&leave).await;
    let again = peer.admit().await;
    assert!(again.at - leave.at <= SECOND / 2);
    world
        .status("room", |status| *status == ChannelStatus::Joined)
        .await;
    drop(channel);
}

const BAD_BINDING: &str = "Unable to subscribe to changes with given parameters. An exception \
    happened so please check your connect parameters";

#[tokio::test(start_paused = true)]
async fn one_bad_binding_stops_the_changes_and_nothing_else() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(chat());
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    peer.system(&join, "postgres_changes", "error", BAD_BINDING)
        .await;
    let failed = world.status("chat", refused).await;
    let ChannelStatus::Errored { retry_at, .. } = failed else {
        unreachable!("{failed:?}");
    };
    assert!(retry_at.is_some());
    peer.quiet_for(29 * SECOND).await;
    channel.broadcast("typing", &json!({})).unwrap();
    assert_eq!(peer.expect("broadcast").await.topic, "realtime:chat");
}

#[tokio::test(start_paused = true)]
async fn refused_bindings_are_tried_again_ever_more_slowly_until_they_are_taken() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(chat());
    let mut peer = world.accept().await;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let join = peer.admit().await;
        peer.system(&join, "postgres_changes", "error", BAD_BINDING)
            .await;
        world.status("chat", refused).await;
        let leave = peer.expect("phx_leave").await;
        waits.push(leave.at - join.at);
        peer.ok(&leave).await;
        peer.end(&join, "phx_close").await;
    }
    let mut bound = Duration::from_mins(2);
    for wait in &waits {
        let slack = Duration::from_millis(1);
        assert!(*wait >= 30 * SECOND && *wait <= bound + slack, "{waits:?}");
        bound = (bound * 2).min(Duration::from_mins(10));
    }
    assert!(
        waits.iter().max() > Some(&Duration::from_mins(4)),
        "{waits:?}"
    );
    // The table is back.
    let join = peer.admit().await;
    peer.subscribed(&join).await;
    world
        .status("chat", |status| *status == ChannelStatus::Subscribed)
        .await;
    // From here the count begins anew.
    peer.system(&join, "postgres_changes", "error", BAD_BINDING)
        .await;
    let began = tokio::time::Instant::now();
    let leave = peer.expect("phx_leave").await;
    assert!(leave.at - began <= Duration::from_mins(2) + SECOND);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn bindings_that_differ_from_what_was_asked_for_are_told_and_tried_again() {
    let cases = [
        (json!([]), "2 bindings asked for, 0 bound"),
        (
            json!([
                {"id": 1, "event": "*", "schema": "public", "table": "chat_messages"},
                {"id": 2, "event": "INSERT", "schema": "public", "table": "chat_messages",
                 "filter": "session_id=eq.s2"}
            ]),
            "binding 1 differs",
        ),
        (
            json!([
                {"id": 2, "event": "INSERT", "schema": "public", "table": "chat_messages",
                 "filter": "session_id=eq.s1"},
                {"id": 1, "event": "*", "schema": "public", "table": "chat_messages"}
            ]),
            "binding 0 differs",
        ),
    ];
    for (bound, told) in cases {
        let mut world = World::new(Vsn::V2);
        let channel = world.client.open(chat());
        let mut peer = world.accept().await;
        let join = peer.expect("phx_join").await;
        peer.reply(&join, "ok", json!({ "postgres_changes": bound }))
            .await;
        let leave = peer.expect("phx_leave").await;
        peer.ok(&leave).await;
        peer.end(&join, "phx_close").await;
        let ChannelStatus::Errored { error, retry_at } = world.status("chat", refused).await else {
            unreachable!();
        };
        assert_eq!(error.class, ErrorClass::Bindings);
        assert!(error.message.starts_with(told), "{error}");
        assert!(retry_at.is_some());
        let again = peer.admit().await;
        assert!(again.at - leave.at >= 30 * SECOND);
        peer.subscribed(&again).await;
        world
            .status("chat", |status| *status == ChannelStatus::Subscribed)
            .await;
        drop(channel);
    }
}

fn refused(status: &ChannelStatus) -> bool {
    matches!(status, ChannelStatus::Errored { .. })
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_never_comes_is_joined_again() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(chat());
    let mut peer = world.accept().await;
    let join = peer.admit().await;
    let leave = peer.expect("phx_leave").await;
    assert_eq!(leave.at - join.at, 60 * SECOND);
    peer.ok(&leave).await;
    peer.end(&join, "phx_close").await;
    let again = peer.admit().await;
    peer.subscribed(&again).await;
    world
        .status("chat", |status| *status == ChannelStatus::Subscribed)
        .await;
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn two_owners_share_one_channel_and_the_last_one_leaves() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, first) = world.joined(ChannelSpec::new("room")).await;
    let second = world.client.open(ChannelSpec::new("room"));
    drop(first);
    peer.quiet_for(60 * SECOND).await;
    assert_eq!(world.client.diagnostics().channels[0].owners, 1);
    drop(second);
    let leave = peer.expect("phx_leave").await;
    assert_eq!(leave.join_ref.as_deref(), Some("2"));
    world
        .status("room", |status| *status == ChannelStatus::Closed)
        .await;
    // Wanted again before the answer: joined again after it.
    let third = world.client.open(ChannelSpec::new("room"));
    peer.quiet_for(SECOND).await;
    peer.ok(&leave).await;
    peer.say(
        Some("2"),
        Some("2"),
        "realtime:room",
        "phx_close",
        json!({}),
    )
    .await;
    peer.admit().await;
    world
        .status("room", |status| *status == ChannelStatus::Joined)
        .await;
    drop(third);
    let leave = peer.expect("phx_leave").await;
    peer.ok(&leave).await;
    world
        .status("room", |status| *status == ChannelStatus::Closed)
        .await;
    crate::world::settle().await;
    assert!(world.client.diagnostics().channels.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_not_trusted_joins_again_unless_it_is_just_joining() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(chat());
    let mut peer = world.accept().await;
    let join = peer.expect("phx_join").await;
    world.client.rejoin("chat");
    peer.admit_as(&join).await;
    peer.subscribed(&join).await;
    world
        .status("chat", |status| *status == ChannelStatus::Subscribed)
        .await;
    world.client.rejoin("nobody's");
    world.client.rejoin("chat");
    let leave = peer.expect("phx_leave").await;
    assert_eq!(leave.join_ref, join.join_ref);
    peer.ok(&leave).await;
    let again = peer.admit().await;
    assert_ne!(again.join_ref, join.join_ref);
    assert_eq!(again.payload, join.payload);
    peer.subscribed(&again).await;
    world
        .status("chat", |status| *status == ChannelStatus::Subscribed)
        .await;
    drop(channel);
}
