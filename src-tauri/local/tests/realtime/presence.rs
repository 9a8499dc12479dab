//! Presence between sockets.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_local::realtime::RealtimeBehaviour;

use crate::client::*;

fn config(key: &str) -> Value {
    json!({"presence": {"key": key, "enabled": true}})
}

fn track(payload: &Value) -> Value {
    json!({"type": "presence", "event": "track", "payload": payload})
}

#[tokio::test]
async fn everybody_hears_who_comes_changes_and_goes() {
    let server = start(quick()).await;
    let token = token(ALICE, 60);
    let mut alice = Client::connect(&server).await;
    let (join, _) = alice.join("realtime:p", config("alice"), &token).await;
    assert_eq!(alice.event("presence_state").await, json!({}));
    let body = track(&json!({"name": "A", "at": 1}));
    let reference = alice
        .push(&join, "realtime:p", "presence", body.clone())
        .await;
    assert_eq!(
        alice.reply(&reference).await,
        json!({"status": "ok", "response": {}})
    );
    let own = alice.event("presence_diff").await;
    assert_eq!(own["joins"]["alice"]["metas"][0]["name"], "A");

    let mut bob = Client::connect(&server).await;
    bob.join("realtime:p", config("bob"), &token).await;
    let state = bob.event("presence_state").await;
    assert_eq!(state["alice"]["metas"], own["joins"]["alice"]["metas"]);
    // Without enabled presence there is no state, but the diffs come all the same.
    let mut watcher = Client::connect(&server).await;
    watcher
        .join(
            "realtime:p",
            json!({"presence": {"key": "", "enabled": false}}),
            &token,
        )
        .await;

    // The same again is no news.
    let reference = alice.push(&join, "realtime:p", "presence", body).await;
    alice.reply(&reference).await;
    let update = track(&json!({"name": "A2"}));
    alice.push(&join, "realtime:p", "presence", update).await;
    let diff = bob.event("presence_diff").await;
    let (joined, left) = (&diff["joins"]["alice"], &diff["leaves"]["alice"]);
    assert_eq!(
        joined["metas"][0]["phx_ref_prev"],
        left["metas"][0]["phx_ref"]
    );
    assert_eq!(left, &own["joins"]["alice"]);
    assert_eq!(watcher.event("presence_diff").await, diff);
    assert!(watcher.drain().await.is_empty());

    let body = json!({"type": "presence", "event": "untrack"});
    alice.push(&join, "realtime:p", "presence", body).await;
    let diff = bob.event("presence_diff").await;
    assert_eq!(diff["leaves"]["alice"], *joined);
}

#[tokio::test]
async fn a_lost_socket_leaves_at_once() {
    let server = start(quick()).await;
    let token = token(ALICE, 60);
    let mut watcher = Client::connect(&server).await;
    watcher.join("realtime:p", config("w"), &token).await;
    let mut ghost = Client::connect(&server).await;
    let (join, _) = ghost.join("realtime:p", config("g"), &token).await;
    ghost
        .push(&join, "realtime:p", "presence", track(&json!({"n": 1})))
        .await;
    let joined = watcher.event("presence_diff").await;
    drop(ghost);
    let left = watcher.event("presence_diff").await;
    assert_eq!(left["leaves"], joined["joins"]);
}

#[tokio::test]
async fn the_sixth_call_closes_the_channel() {
    let server = start(RealtimeBehaviour {
        presence_calls: Some((5, Duration::from_secs(30))),
        ..quick()
    })
    .await;
    let mut alice = Client::connect(&server).await;
    let (join, _) = alice
        .join("realtime:p", config(""), &token(ALICE, 60))
        .await;
    for n in 0..5 {
        let reference = alice
            .push(&join, "realtime:p", "presence", track(&json!({"n": n})))
            .await;
        assert_eq!(alice.reply(&reference).await["status"], "ok");
    }
    alice
        .push(&join, "realtime:p", "presence", track(&json!({"n": 6})))
        .await;
    let system = alice.event("system").await;
    assert_eq!(system["message"], "Client presence rate limit exceeded");
    alice.event("phx_close").await;
    assert_eq!(server.faults().topics(), 0);
}
