use std::time::Duration;

use serde_json::json;
use tidings_realtime::frame::Vsn;
use tidings_realtime::{ChannelSpec, ChannelStatus, ErrorClass, TokenError};

use crate::world::{SECOND, World, settle};

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_asked_for_anew_and_joined_with() {
    for vsn in [Vsn::V1, Vsn::V2] {
        let mut world = World::new(vsn);
        let channel = world.client.open(ChannelSpec::new("room"));
        let mut peer = world.accept().await;
        let join = peer.admit().await;
        assert_eq!(join.payload["access_token"], "t1");
        let message = "Token has expired 0 seconds ago";
        peer.system(&join, "system", "error", message).await;
        peer.end(&join, "phx_close").await;
        let ended = tokio::time::Instant::now();
        let again = peer.admit().await;
        assert_eq!(again.payload["access_token"], "t2");
        assert_eq!(again.at, ended, "a new token needs no wait");
        let asked = world.tokens.refused.lock().unwrap().clone();
        assert_eq!(asked, [None, Some("t1".to_owned())]);
        drop(channel);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_stays_refused_is_no_tight_loop() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    let mut joins = Vec::new();
    while joins.len() < 12 {
        let join = peer.expect("phx_join").await;
        // The source turns between two.
        world.tokens.set(1);
        let reason = "InvalidJWTToken: Token has expired 77 seconds ago";
        peer.refuse(&join, reason).await;
        joins.push(join.at);
    }
    assert_eq!(joins[0], joins[1], "one at once");
    let total = joins[11] - joins[1];
    assert!(total > 10 * SECOND, "ten more within {total:?}");
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn every_joined_channel_is_told_of_a_new_token() {
    let mut world = World::new(Vsn::V2);
    let first = world.client.open(ChannelSpec::new("a"));
    let second = world.client.open(ChannelSpec::new("b"));
    let mut peer = world.accept().await;
    peer.admit().await;
    peer.admit().await;
    world
        .status("b", |status| *status == ChannelStatus::Joined)
        .await;
    // The same one is no news.
    world.client.push_token();
    peer.quiet_for(10 * SECOND).await;
    world.tokens.set(2);
    world.client.push_token();
    for (topic, join_ref) in [("realtime:a", "2"), ("realtime:b", "3")] {
        let push = peer.expect("access_token").await;
        assert_eq!(push.topic, topic);
        assert_eq!(push.join_ref.as_deref(), Some(join_ref));
        assert_eq!(push.payload, json!({"access_token": "t2"}));
    }
    peer.quiet_for(60 * SECOND).await;
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_during_a_join_is_told_after_it() {
    let mut world = World::new(Vsn::V2);
    let channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    let join = peer.expect("phx_join").await;
    world.tokens.set(2);
    world.client.push_token();
    peer.quiet_for(SECOND).await;
    peer.admit_as(&join).await;
    let push = peer.expect("access_token").await;
    assert_eq!(push.payload, json!({"access_token": "t2"}));
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn signed_out_channels_wait_for_a_token() {
    let mut world = World::new(Vsn::V2);
    world.tokens.fail(TokenError::SignedOut);
    let channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    peer.quiet_for(Duration::from_mins(30)).await;
    let status = world.client.status("room").unwrap();
    let ChannelStatus::Errored { error, retry_at } = status else {
        panic!("{status:?}");
    };
    assert_eq!(error.class, ErrorClass::SignedOut);
    assert_eq!(retry_at, None);
    world.tokens.set(1);
    world.client.push_token();
    assert_eq!(peer.admit().await.payload["access_token"], "t1");
    drop(channel);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_had_now_is_asked_for_later() {
    let mut world = World::new(Vsn::V2);
    let offline = TokenError::Unavailable("no network".into());
    world.tokens.fail(offline);
    let channel = world.client.open(ChannelSpec::new("room"));
    let mut peer = world.accept().await;
    world
        .status("room", |status| {
            matches!(
                status,
                ChannelStatus::Errored {
                    retry_at: Some(_),
                    ..
                }
            )
        })
        .await;
    settle().await;
    world.tokens.set(1);
    peer.admit().await;
    drop(channel);
}
