use std::time::Duration;

use serde_json::json;
use tidings_realtime::frame::Vsn;
use tidings_realtime::{ChannelSpec, ChannelStatus, ConnState, Event, PushError};
use tokio::time::{Instant, timeout};

use crate::world::{Fate, SECOND, World, settle};

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_their_schedule_on_a_busy_socket() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let began = peer.beats[0];
    for number in 0..200 {
        let payload = json!({"type": "broadcast", "event": "e", "payload": {"n": number}});
        peer.say(None, None, "realtime:room", "broadcast", payload)
            .await;
        channel.broadcast("e", &json!({})).unwrap();
        let until = Instant::now() + SECOND / 2;
        while let Ok(said) = timeout(until - Instant::now(), peer.heard()).await {
            assert_eq!(said.unwrap().event, "broadcast");
        }
    }
    let offsets: Vec<u64> = peer
        .beats
        .iter()
        .map(|at| (*at - began).as_secs())
        .collect();
    assert_eq!(offsets, [0, 25, 50, 75]);
    let diagnostics = world.client.diagnostics();
    assert_eq!(diagnostics.latency, Some(Duration::ZERO));
    assert_eq!(diagnostics.state, ConnState::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_without_an_answer_ends_the_socket() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    peer.deaf = true;
    assert!(peer.heard().await.is_none(), "the socket ends");
    let sent = *peer.beats.last().unwrap();
    assert_eq!(Instant::now() - sent, 10 * SECOND);
    let reason = world
        .pick(|event| match event {
            Event::State(ConnState::Waiting { reason, .. }) => Some(reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, "no answer to the heartbeat");
    // The next one starts with a clean slate.
    let mut next = world.accept().await;
    assert!(next.began - (sent + 10 * SECOND) <= SECOND / 2);
    let join = next.admit().await;
    assert_eq!(join.topic, "realtime:room");
    next.quiet_for(Duration::from_mins(5)).await;
    assert_eq!(world.client.status("room"), Some(ChannelStatus::Joined));
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn any_frame_is_proof_of_life() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    peer.deaf = true;
    for _ in 0..20 {
        peer.quiet_for(9 * SECOND).await;
        peer.send("[null,null,\"realtime:room\",\"news\",{}]").await;
    }
    settle().await;
    assert_eq!(world.client.diagnostics().counters.unknown, 20);
    assert_eq!(world.client.diagnostics().counters.reconnects, 0);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn a_join_that_fails_late_does_not_end_the_socket() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, first) = world.joined(ChannelSpec::new("room")).await;
    peer.deaf = true;
    peer.quiet_for(24 * SECOND).await;
    let second = world.client.open(ChannelSpec::new("other"));
    let join = peer.expect("phx_join").await;
    // The heartbeat of second 25 waits behind the join, for longer than it may otherwise.
    peer.quiet_for(12 * SECOND).await;
    assert_eq!(peer.beats.len(), 2);
    let reason = "UnknownErrorOnChannel: Unknown Error on Channel";
    peer.refuse(&join, reason).await;
    peer.deaf = false;
    assert_eq!(peer.admit().await.topic, "realtime:other");
    assert_eq!(world.client.diagnostics().counters.reconnects, 0);
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn a_probe_finds_a_dead_socket_within_seconds() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    peer.quiet_for(3 * SECOND).await;
    world.client.probe();
    peer.quiet_for(3 * SECOND).await;
    peer.deaf = true;
    let began = Instant::now();
    // Asked again and again, it takes no longer.
    for _ in 0..3 {
        world.client.probe();
        peer.quiet_for(SECOND).await;
    }
    assert!(peer.heard().await.is_none());
    assert_eq!(Instant::now() - began, 4 * SECOND);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn a_wake_while_waiting_tries_at_once() {
    let mut world = World::new(Vsn::V2);
    world.fate([const { Fate::Fails }; 8]);
    for _ in 0..8 {
        world.attempt().await;
    }
    settle().await;
    world.client.probe();
    let asked = Instant::now();
    assert_eq!(world.attempt().await.0, asked);
}

#[tokio::test(start_paused = true)]
async fn another_network_puts_the_socket_to_the_test() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    peer.quiet_for(SECOND).await;
    peer.deaf = true;
    let began = Instant::now();
    world.client.network_changed();
    assert!(peer.heard().await.is_none(), "the socket ends");
    assert_eq!(Instant::now() - began, 4 * SECOND);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn another_network_begins_what_hangs_or_waits_anew() {
    let mut world = World::with(Vsn::V2, 1 << 16, |config| {
        config.backoff.base = Duration::from_hours(1);
        config.backoff.cap = Duration::from_hours(1);
    });
    world.fate([Fate::Hangs, Fate::Fails]);
    world.attempt().await;
    settle().await;
    let now = Instant::now();
    world.client.network_changed();
    assert_eq!(world.attempt().await.0, now);
    settle().await;
    // That one failed: the next is an hour away.
    world.client.network_changed();
    assert_eq!(world.accept().await.began, now);
    world.no_attempt_for(Duration::from_secs(20)).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_who_takes_nothing_is_left_by_its_heartbeat_and_holds_nothing_up() {
    let before = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    let mut world = World::with(Vsn::V2, 512, |config| config.send_capacity = 4);
    let (peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let big = json!({"d": "x".repeat(2000)});
    while channel.broadcast("e", &big) != Err(PushError::Busy) {
        settle().await;
    }
    let began = Instant::now();
    let reason = world
        .pick(|event| match event {
            Event::State(ConnState::Waiting { reason, .. }) => Some(reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, "no answer to the heartbeat");
    assert!(began.elapsed() <= 35 * SECOND);
    // The write that hangs ends with its socket, and the next one works.
    let mut next = world.accept().await;
    next.admit().await;
    drop(peer);
    drop((channel, next, world));
    tokio::time::advance(3 * SECOND + SECOND / 100).await;
    settle().await;
    let after = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_nobody_takes_ends_after_two_seconds() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let mut world = World::with(Vsn::V2, 512, |config| config.send_capacity = 4);
    let (peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let big = json!({"d": "x".repeat(2000)});
    while channel.broadcast("e", &big) != Err(PushError::Busy) {
        settle().await;
    }
    let open = tasks();
    world.client.disconnect();
    settle().await;
    assert!(tasks() > open, "the goodbye waits");
    world
        .pick(|event| (event == Event::State(ConnState::Offline)).then_some(()))
        .await;
    tokio::time::advance(2 * SECOND + SECOND / 100).await;
    settle().await;
    // Neither the goodbye nor the write behind which it waited.
    assert_eq!(tasks(), open - 1);
    drop((peer, channel));
}

#[tokio::test(start_paused = true)]
async fn a_lost_socket_ends_every_wait_of_its_own() {
    let mut world = World::new(Vsn::V2);
    let mut spec = ChannelSpec::new("room");
    spec.broadcast.ack = true;
    let (mut peer, channel) = world.joined(spec).await;
    let payload = tidings_realtime::Payload::Json(tidings_realtime::Json::empty_object());
    let waiting = channel.broadcast_acknowledged("e", payload);
    let loses = async {
        peer.expect("broadcast").await;
        drop(peer);
    };
    let (answer, ()) = tokio::join!(waiting, loses);
    assert_eq!(answer, Err(PushError::Disconnected));
    assert_eq!(
        channel.broadcast("e", &json!({})),
        Err(PushError::NotJoined)
    );
    let mut next = world.accept().await;
    next.admit().await;
}

#[tokio::test(start_paused = true)]
async fn not_wanted_any_more_it_says_goodbye_and_stays_away() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    world.client.disconnect();
    assert!(peer.ended().await.is_some(), "a close frame");
    world.no_attempt_for(Duration::from_hours(3)).await;
    assert_eq!(world.client.diagnostics().state, ConnState::Offline);
    world.client.connect();
    let mut peer = world.accept().await;
    assert_eq!(peer.admit().await.topic, "realtime:room");
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_up_is_not_taken_for_the_next_one() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(ChannelSpec::new("room"));
    for round in 0..40 {
        // The handshake ends while the client changes its mind.
        let given_up = world.accept().await;
        world.client.disconnect();
        world.client.connect();
        let began = Instant::now();
        let mut peer = world.accept().await;
        let join = peer.admit().await;
        assert_eq!(join.at, began, "round {round}");
        settle().await;
        assert_eq!(
            world.client.status("room"),
            Some(ChannelStatus::Joined),
            "round {round}"
        );
        drop(given_up);
        world.client.reconnect_now();
    }
    drop(channel);
}
