use serde_json::json;
use tidings_realtime::frame::Vsn;
use tidings_realtime::{ChannelSpec, Event};
use tokio::runtime::Handle;

use crate::world::{World, settle};

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn two_hundred_channels_leave_nothing_behind() {
    let mut world = World::new(Vsn::V2);
    let mut peer = world.accept().await;
    settle().await;
    let before = tasks();
    for round in 0..200 {
        let mut spec = ChannelSpec::new(format!("room {round}"));
        spec.broadcast.ack = true;
        spec.presence.enabled = true;
        let channel = world.client.open(spec);
        let join = peer.admit().await;
        channel.track(&json!({"n": round})).unwrap();
        let track = peer.expect("presence").await;
        peer.ok(&track).await;
        drop(channel);
        let leave = peer.expect("phx_leave").await;
        peer.ok(&leave).await;
        peer.end(&join, "phx_close").await;
        settle().await;
        assert!(world.client.diagnostics().channels.is_empty());
    }
    assert_eq!(tasks(), before);
    assert_eq!(world.client.diagnostics().counters.lagged, 0);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_sockets_leave_nothing_behind() {
    let mut world = World::new(Vsn::V2);
    let (peer, channel) = world.joined(ChannelSpec::new("room")).await;
    settle().await;
    let before = tasks();
    let mut peer = peer;
    for _ in 0..200 {
        drop(peer);
        peer = world.accept().await;
        peer.admit().await;
    }
    settle().await;
    assert_eq!(tasks(), before);
    assert_eq!(world.client.diagnostics().counters.reconnects, 200);
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_dropped_says_goodbye_and_is_gone() {
    let before = tasks();
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(ChannelSpec::new("room")).await;
    let World {
        client, mut events, ..
    } = world;
    drop(client);
    settle().await;
    assert!(tasks() > before, "a handle keeps the client");
    drop(channel);
    assert!(peer.ended().await.is_some(), "a close frame");
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Channel { .. })), "{last:?}");
    drop(peer);
    settle().await;
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_is_dropped_at_once() {
    let before = tasks();
    let world = World::new(Vsn::V2);
    world.fate([crate::world::Fate::Hangs]);
    settle().await;
    drop(world);
    settle().await;
    assert_eq!(tasks(), before);
}
