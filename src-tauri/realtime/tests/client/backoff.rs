use std::time::Duration;

use tidings_realtime::frame::Vsn;
use tidings_realtime::{ChannelSpec, ChannelStatus, ConnState, Event};
use tokio::time::Instant;

use crate::world::{Fate, SECOND, World, settle};

#[tokio::test(start_paused = true)]
async fn attempts_that_fail_wait_under_a_doubling_bound() {
    let mut longest = Duration::ZERO;
    for seed in 0..8 {
        let mut world = World::with(Vsn::V2, 1 << 16, |config| config.seed = Some(seed));
        world.fate(vec![Fate::Fails; 14]);
        let mut last = world.attempt().await.0;
        for failures in 0..13 {
            let until = world
                .pick(|event| match event {
                    Event::State(ConnState::Waiting { until, .. }) => Some(until),
                    _ => None,
                })
                .await;
            let next = world.attempt().await.0;
            let wait = next - last;
            let bound = (SECOND / 2 * (1 << failures)).min(30 * SECOND);
            // The timer wheel counts in milliseconds.
            let slack = Duration::from_millis(1);
            assert!(wait <= bound + slack, "after {failures}: {wait:?}");
            assert!(next.into_std() - until <= slack, "as it was told");
            longest = longest.max(wait);
            last = next;
        }
    }
    assert!(longest > 15 * SECOND, "at most {longest:?}");
}

/// The wait after a first socket that ended with this code; `None`: without a word.
async fn first_wait(seed: u64, code: Option<u16>) -> Duration {
    let mut world = World::with(Vsn::V2, 1 << 16, |config| config.seed = Some(seed));
    let peer = world.accept().await;
    settle().await;
    let ended = Instant::now();
    match code {
        Some(code) => peer.close(code).await,
        None => drop(peer),
    }
    world.attempt().await.0 - ended
}

#[tokio::test(start_paused = true)]
async fn clients_of_a_restarted_server_do_not_come_back_all_at_once() {
    for code in [None, Some(1001), Some(1012)] {
        let mut waits = Vec::new();
        for seed in 0..60 {
            waits.push(first_wait(seed, code).await);
        }
        waits.sort();
        let slack = Duration::from_millis(1);
        assert!(
            waits[59] <= 10 * SECOND + slack,
            "{code:?}: {:?}",
            waits[59]
        );
        assert!(waits[29] > 3 * SECOND, "{code:?}: half by {:?}", waits[29]);
        assert!(waits[29] < 7 * SECOND, "{code:?}: half by {:?}", waits[29]);
    }
    for seed in 0..20 {
        let wait = first_wait(seed, Some(1000)).await;
        assert!(wait <= SECOND / 2 + Duration::from_millis(1), "{wait:?}");
    }
}

/// The time from the first join to the last of a client's three, on the socket after one that ended
/// with this code.
async fn time_of_joins(seed: u64, code: u16) -> Duration {
    let mut world = World::with(Vsn::V2, 1 << 16, |config| config.seed = Some(seed));
    let mut channels = Vec::new();
    for name in ["one", "two", "three"] {
        channels.push(world.client.open(ChannelSpec::new(name)));
    }
    let mut peer = world.accept().await;
    for _ in &channels {
        peer.admit().await;
    }
    peer.close(code).await;
    let mut peer = world.accept().await;
    peer.admit().await;
    let first = Instant::now();
    peer.admit().await;
    peer.admit().await;
    first.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_channels_of_one_client_do_not_join_as_a_burst_while_others_join() {
    let mut times = Vec::new();
    for seed in 0..60 {
        times.push(time_of_joins(seed, 1012).await);
    }
    times.sort();
    let slack = Duration::from_millis(5);
    assert!(times[59] <= 4 * SECOND + slack, "{:?}", times[59]);
    assert!(times[29] > SECOND, "half by {:?}", times[29]);
    assert!(times[29] < 3 * SECOND, "half by {:?}", times[29]);
    // Alone, they join one right after the other.
    assert!(time_of_joins(0, 1000).await <= slack);
}

#[tokio::test(start_paused = true)]
async fn only_health_starts_the_count_again() {
    let slack = Duration::from_millis(1);
    let mut longest = Duration::ZERO;
    for seed in 0..12 {
        let mut world = World::with(Vsn::V2, 1 << 16, |config| config.seed = Some(seed));
        world.fate(vec![Fate::Fails; 6]);
        for _ in 0..6 {
            world.attempt().await;
        }
        // Open, but not for long.
        let mut peer = world.accept().await;
        peer.quiet_for(29 * SECOND).await;
        let ended = Instant::now();
        peer.close(1000).await;
        let mut peer = world.accept().await;
        longest = longest.max(peer.began - ended);
        peer.quiet_for(31 * SECOND).await;
        let ended = Instant::now();
        peer.close(1000).await;
        let wait = world.attempt().await.0 - ended;
        assert!(wait <= SECOND / 2 + slack, "after health: {wait:?}");
    }
    assert!(longest > 5 * SECOND, "at most {longest:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_is_given_up() {
    let mut world = World::new(Vsn::V2);
    world.fate([Fate::Hangs]);
    let (began, _) = world.attempt().await;
    let (next, _) = world.attempt().await;
    let wait = next - began;
    assert!(wait >= 20 * SECOND && wait <= 21 * SECOND, "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_whole_socket_keeps_it_away_for_long() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    let join = peer.expect("phx_join").await;
    let reason = "ClientJoinRateLimitReached: Too many joins per second";
    peer.refuse(&join, reason).await;
    world
        .status("room", |status| {
            matches!(status, ChannelStatus::Errored { .. })
        })
        .await;
    let refused = Instant::now();
    peer.close(1000).await;
    settle().await;
    // Not even a wake makes it try.
    world.client.probe();
    let mut peer = world.accept().await;
    let wait = peer.began - refused;
    assert!(wait >= 30 * SECOND && wait <= 61 * SECOND, "{wait:?}");
    peer.admit().await;
    // The user may.
    world.client.reconnect_now();
    let asked = Instant::now();
    assert_eq!(world.attempt().await.0, asked);
    drop(channel);
}
