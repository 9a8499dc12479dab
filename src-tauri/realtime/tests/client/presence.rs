use serde_json::{Value, json};
use tidings_realtime::frame::Vsn;
use tidings_realtime::{ChannelSpec, Event, PresenceUpdate};

use crate::world::{SECOND, World};

fn room() -> ChannelSpec {
    let mut spec = ChannelSpec::new("room");
    spec.presence.enabled = true;
    spec.presence.key = "alice".into();
    spec
}

async fn update(world: &mut World) -> PresenceUpdate {
    world
        .pick(|event| match event {
            Event::Presence { update, .. } => Some(update),
            _ => None,
        })
        .await
}

fn metas(refs: &[&str]) -> Value {
    let metas: Vec<_> = refs.iter().map(|own| json!({"phx_ref": own})).collect();
    json!({"metas": metas})
}

#[tokio::test(start_paused = true)]
async fn a_diff_before_the_state_waits_for_it() {
    for vsn in [Vsn::V1, Vsn::V2] {
        let mut world = World::new(vsn);
        let (mut peer, channel) = world.joined(room()).await;
        let topic = "realtime:room";
        let diff = json!({"joins": {"bob": metas(&["b2"])}, "leaves": {"bob": metas(&["b1"])}});
        peer.say(None, None, topic, "presence_diff", diff).await;
        let state = json!({"bob": metas(&["b1"]), "mallory": metas(&["m1"])});
        peer.say(Some("2"), None, topic, "presence_state", state)
            .await;
        let told = update(&mut world).await;
        assert_eq!(told.joined, ["bob", "mallory"]);
        assert_eq!(told.state["bob"][0].phx_ref, "b2");
        let diff = json!({"joins": {}, "leaves": {"mallory": metas(&["m1"])}});
        peer.say(None, None, topic, "presence_diff", diff).await;
        assert_eq!(update(&mut world).await.left, ["mallory"]);
        drop(channel);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_tracked_is_tracked_again_after_a_rejoin() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(room()).await;
    channel.track(&json!({"device": "desk"})).unwrap();
    let track = peer.text().await;
    assert_eq!(
        track,
        r#"["2","3","realtime:room","presence",{"type":"presence","event":"track","payload":{"device":"desk"}}]"#
    );
    drop(peer);
    let mut peer = world.accept().await;
    peer.admit().await;
    let again = peer.expect("presence").await;
    assert_eq!(again.payload["payload"], json!({"device": "desk"}));
    channel.untrack();
    let untrack = peer.expect("presence").await;
    assert_eq!(
        untrack.payload,
        json!({"type": "presence", "event": "untrack"})
    );
    drop(peer);
    let mut peer = world.accept().await;
    peer.admit().await;
    peer.quiet_for(60 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn of_many_wishes_five_go_at_once_and_then_the_newest() {
    let mut world = World::new(Vsn::V2);
    let (mut peer, channel) = world.joined(room()).await;
    let mut calls = Vec::new();
    for number in 0..5 {
        channel.track(&json!({"n": number})).unwrap();
        let call = peer.expect("presence").await;
        assert_eq!(call.payload["payload"]["n"], number);
        calls.push(call.at);
    }
    for number in 5..20 {
        channel.track(&json!({"n": number})).unwrap();
    }
    let call = peer.expect("presence").await;
    assert_eq!(call.payload["payload"]["n"], 19);
    let wait = call.at - calls[0];
    assert!(wait > 30 * SECOND && wait <= 32 * SECOND, "{wait:?}");
    peer.quiet_for(60 * SECOND).await;
}
