//! Injected faults, slow consumers, and what is released.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_local::LocalServer;
use tidings_local::realtime::RealtimeBehaviour;
use tidings_realtime::frame::{Vsn, Wire};

use crate::client::*;

async fn watching(server: &LocalServer) -> Client {
    session(server, "s", ALICE).await;
    let mut alice = Client::connect(server).await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "chat_messages"}]);
    alice
        .subscribe("realtime:chat", bindings, &token(ALICE, 60))
        .await;
    alice
}

async fn contents(client: &mut Client, count: usize) -> Vec<Value> {
    let mut contents = Vec::new();
    for _ in 0..count {
        let change = client.event("postgres_changes").await;
        contents.push(change["data"]["record"]["content"].clone());
    }
    contents
}

#[tokio::test]
async fn changes_can_be_lost_doubled_and_swapped() {
    let server = start(quick()).await;
    let mut alice = watching(&server).await;
    let faults = server.faults();
    let say = async |text: &'static str| {
        message(&server, "s", ALICE, text).await;
    };
    faults.drop_changes(1);
    say("lost").await;
    say("one").await;
    assert_eq!(contents(&mut alice, 1).await, ["one"]);
    faults.duplicate_changes(1);
    say("two").await;
    assert_eq!(contents(&mut alice, 2).await, ["two", "two"]);
    faults.swap_changes(1);
    say("three").await;
    say("four").await;
    assert_eq!(contents(&mut alice, 2).await, ["four", "three"]);
    faults.delay_changes(Some(Duration::from_millis(50)));
    say("late").await;
    assert_eq!(contents(&mut alice, 1).await, ["late"]);
}

#[tokio::test]
async fn subscribed_can_be_said_again() {
    let server = start(quick()).await;
    let mut alice = watching(&server).await;
    server.faults().repeat_subscribed();
    let system = alice.event("system").await;
    assert_eq!(system["message"], "Subscribed to PostgreSQL");
}

#[tokio::test]
async fn joins_and_handshakes_can_be_refused() {
    let server = start(quick()).await;
    let faults = server.faults();
    let mut alice = Client::connect(&server).await;
    faults.reject_joins(Some(
        "RealtimeRestarting: Realtime is restarting, please standby",
    ));
    let (_, reply) = alice.join("realtime:t", json!({}), &token(ALICE, 60)).await;
    assert_eq!(
        reply["response"]["reason"],
        "RealtimeRestarting: Realtime is restarting, please standby"
    );
    faults.reject_joins(None);
    let (_, reply) = alice.join("realtime:t", json!({}), &token(ALICE, 60)).await;
    assert_eq!(reply["status"], "ok");
    faults.refuse_handshakes(Some(503));
    let query = "apikey=sb_publishable_test&vsn=2.0.0";
    let Err(tokio_tungstenite::tungstenite::Error::Http(response)) =
        Client::connect_with(&server, query).await
    else {
        panic!("it was let in");
    };
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn heartbeats_can_stay_unanswered() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    server.faults().mute_heartbeats(true);
    alice
        .send_text(r#"[null,"h","phoenix","heartbeat",{}]"#)
        .await;
    let (_, reply) = alice.join("realtime:t", json!({}), &token(ALICE, 60)).await;
    assert_eq!(reply["status"], "ok");
    server.faults().mute_heartbeats(false);
    assert!(alice.drain().await.is_empty());
}

#[tokio::test]
async fn a_frozen_connection_says_nothing_until_it_thaws() {
    let server = start(quick()).await;
    let mut alice = watching(&server).await;
    let faults = server.faults();
    faults.freeze(true);
    message(&server, "s", ALICE, "held").await;
    alice
        .send_text(r#"[null,"h","phoenix","heartbeat",{}]"#)
        .await;
    let silence = tokio::time::timeout(Duration::from_millis(200), alice.next()).await;
    assert!(silence.is_err(), "{silence:?}");
    faults.freeze(false);
    assert_eq!(contents(&mut alice, 1).await, ["held"]);
    assert_eq!(alice.reply("h").await["status"], "ok");
}

#[tokio::test]
async fn channels_and_sockets_can_be_ended_in_every_way() {
    let server = start(quick()).await;
    let faults = server.faults();

    let mut alice = watching(&server).await;
    faults.end_channels("Token has expired 0 seconds ago");
    let system = alice.event("system").await;
    assert_eq!(system["extension"], "system");
    alice.event("phx_close").await;

    let mut alice = Client::connect(&server).await;
    alice.join("realtime:t", json!({}), &token(ALICE, 60)).await;
    faults.crash_channels();
    alice.event("phx_error").await;

    faults.close(4321);
    assert_eq!(alice.closed().await, Some(4321));

    let mut alice = Client::connect(&server).await;
    alice.join("realtime:x", json!({}), &token(ALICE, 60)).await;
    faults.request_disconnect();
    assert_eq!(
        alice.next().await,
        json!([null, null, "realtime:x", "system",
            {"message": "Server requested disconnect", "status": "ok", "extension": "system"}])
    );
    assert_eq!(alice.closed().await, Some(1012));

    let mut alice = Client::connect(&server).await;
    faults.abort();
    assert_eq!(alice.closed().await, None);
    until("all sockets are gone", || faults.sockets() == 0).await;
}

#[tokio::test]
async fn anything_can_be_sent() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    let strange = r#"[null,null,"realtime:t","never heard of",{"a":1}]"#;
    server
        .faults()
        .send_raw(Vsn::V2, Wire::Text(strange.to_owned()));
    assert_eq!(alice.next().await[3], "never heard of");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_holds_nobody_up() {
    let server = start(RealtimeBehaviour {
        queue_frames: 64,
        ..quick()
    })
    .await;
    let mut alice = watching(&server).await;
    let mut mallory = Client::connect(&server).await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "chat_messages"}]);
    mallory
        .subscribe("realtime:chat", bindings, &token(ALICE, 60))
        .await;
    let faults = server.faults();
    // Mallory reads nothing from here on; large rows fill the socket's buffers.
    let text = "x".repeat(400_000);
    for _ in 0..150 {
        message(&server, "s", ALICE, &text).await;
        contents(&mut alice, 1).await;
        if faults.sockets() == 1 {
            break;
        }
    }
    until("the slow client is cut off", || faults.sockets() == 1).await;
    message(&server, "s", ALICE, "still here").await;
    assert_eq!(contents(&mut alice, 1).await, ["still here"]);
    drop(mallory);
}

#[tokio::test]
async fn a_socket_that_goes_takes_everything_with_it() {
    let server = start(quick()).await;
    let faults = server.faults();
    for round in 0..20 {
        let mut alice = watching_again(&server).await;
        let config = json!({"presence": {"key": "a", "enabled": true}});
        let (join, _) = alice.join("realtime:p", config, &token(ALICE, 60)).await;
        let body = json!({"type": "presence", "event": "track", "payload": {"round": round}});
        alice.push(&join, "realtime:p", "presence", body).await;
        alice.event("presence_diff").await;
        if round % 2 == 0 {
            alice.close().await;
        } else {
            drop(alice);
        }
    }
    until("nothing is left", || {
        faults.sockets() + faults.channels() + faults.topics() == 0
    })
    .await;
}

async fn watching_again(server: &LocalServer) -> Client {
    let mut alice = Client::connect(server).await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "chat_messages"}]);
    alice
        .subscribe("realtime:chat", bindings, &token(ALICE, 60))
        .await;
    alice
}
