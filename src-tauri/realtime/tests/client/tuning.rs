use std::time::Duration;

use serde_json::json;
use tidings_realtime::frame::Vsn;
use tidings_realtime::{ChannelSpec, ConnState, Event, Tuning};
use tokio::time::Instant;

use crate::world::{Fate, SECOND, World, settle};

const AS_BEFORE: Tuning = Tuning {
    heartbeat: Duration::from_secs(25),
    first_wait: Duration::from_millis(500),
    longest_wait: Duration::from_secs(30),
    events_per_second: 10,
};

#[tokio::test(start_paused = true)]
async fn another_heartbeat_counts_from_the_last_one() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    peer.quiet_for(12 * SECOND).await;
    world.client.tune(&Tuning {
        heartbeat: 5 * SECOND,
        ..AS_BEFORE
    });
    peer.quiet_for(8 * SECOND).await;
    let began = peer.beats[0];
    let offsets: Vec<u64> = peer
        .beats
        .iter()
        .map(|at| (*at - began).as_secs())
        .collect();
    // Due when it is changed, and every five seconds from there.
    assert_eq!(offsets, [0, 12, 17]);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_longest_wait_cuts_the_one_under_way() {
    let mut world = World::with(Vsn::V2, 1 << 16, |config| {
        config.backoff.base = Duration::from_hours(1);
        config.backoff.cap = Duration::from_hours(1);
    });
    world.fate([Fate::Fails]);
    world.attempt().await;
    settle().await;
    let now = Instant::now();
    world.client.tune(&Tuning {
        longest_wait: 5 * SECOND,
        ..AS_BEFORE
    });
    let ConnState::Waiting { until, reason, .. } = world.client.diagnostics().state else {
        panic!("not waiting");
    };
    assert!(until <= now.into_std() + 5 * SECOND);
    assert_eq!(reason, "no route");
    assert!(world.attempt().await.0 - now <= 5 * SECOND + Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_server_asked_for_is_not_cut() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let join = crate::world::Said {
        join_ref: Some("2".into()),
        reference: Some("2".into()),
        topic: "realtime:room".into(),
        event: "phx_join".into(),
        payload: json!({}),
        at: Instant::now(),
    };
    peer.system(
        &join,
        "system",
        "error",
        "ClientJoinRateLimitReached: Too many joins per second",
    )
    .await;
    peer.end(&join, "phx_close").await;
    peer.close(1000).await;
    world
        .pick(|event| matches!(event, Event::State(ConnState::Waiting { .. })).then_some(()))
        .await;
    let now = Instant::now();
    world.client.tune(&Tuning {
        longest_wait: SECOND,
        ..AS_BEFORE
    });
    assert!(world.attempt().await.0 - now >= 29 * SECOND);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn another_rate_counts_for_what_waits() {
    let mut world = World::with(Vsn::V2, 1 << 20, |config| config.events_per_second = 1);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let began = Instant::now();
    for number in 0..21 {
        channel.broadcast("e", &json!({ "n": number })).unwrap();
    }
    peer.expect("broadcast").await;
    world.client.tune(&Tuning {
        events_per_second: 20,
        ..AS_BEFORE
    });
    for number in 1..21 {
        let said = peer.expect("broadcast").await;
        assert_eq!(said.payload["payload"]["n"], number);
    }
    assert!(began.elapsed() <= 2 * SECOND, "{:?}", began.elapsed());
    let counters = world.client.diagnostics().counters;
    assert_eq!((counters.delayed, counters.unsent), (20, 0));
}
