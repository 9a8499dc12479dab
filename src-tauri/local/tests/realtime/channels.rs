//! Joining, leaving, tokens, limits and the end of a socket.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tidings_local::realtime::{Access, PrivateRule, RealtimeBehaviour};
use tokio_tungstenite::tungstenite::Error;

use crate::client::*;

#[tokio::test]
async fn a_refused_handshake_is_403_without_a_body() {
    let server = start(quick()).await;
    let expired = token(ALICE, -10);
    for query in [
        "vsn=2.0.0".to_owned(),
        "apikey=&vsn=2.0.0".to_owned(),
        "apikey=sb_publishable_other&vsn=2.0.0".to_owned(),
        "apikey=a.b.c&vsn=2.0.0".to_owned(),
        format!("apikey={expired}&vsn=2.0.0"),
        "apikey=sb_publishable_test&vsn=3.0.0".to_owned(),
    ] {
        let Err(Error::Http(response)) = Client::connect_with(&server, &query).await else {
            panic!("{query} was let in");
        };
        assert_eq!(response.status(), 403, "{query}");
        assert!(response.body().as_deref().unwrap_or_default().is_empty());
    }
    let user = token(ALICE, 60);
    Client::connect_with(&server, &format!("apikey={user}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_second_join_is_answered_before_the_first_is_closed() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    let token = token(ALICE, 60);
    let (first, _) = alice.join("realtime:t", json!({}), &token).await;
    let second = alice
        .push("9", "realtime:t", "phx_join", json!({"config": {}}))
        .await;
    let frames = alice.drain().await;
    assert_eq!(
        frames,
        [
            json!(["9", second, "realtime:t", "phx_reply",
                {"status": "ok", "response": {"postgres_changes": []}}]),
            json!([first, first, "realtime:t", "phx_close", {}]),
        ]
    );
    assert_eq!(server.faults().channels(), 1);
}

#[tokio::test]
async fn a_channel_ends_with_its_token() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    let (join, _) = alice.join("realtime:t", json!({}), &token(ALICE, 3)).await;
    let system = alice.find(|frame| frame[3] == "system").await;
    assert_eq!(
        system,
        json!([join, null, "realtime:t", "system", {
            "message": "Token has expired 0 seconds ago", "status": "error",
            "extension": "system", "channel": "t"}])
    );
    assert_eq!(
        alice.next().await,
        json!([join, join, "realtime:t", "phx_close", {}])
    );
    // The socket lives on.
    let (_, reply) = alice.join("realtime:t", json!({}), &token(ALICE, 60)).await;
    assert_eq!(reply["status"], "ok");
}

#[tokio::test]
async fn a_new_token_subscribes_again_and_keeps_the_channel() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "chat_messages"}]);
    let first = token(ALICE, 60);
    let join = alice.subscribe("realtime:chat", bindings, &first).await;
    // The same token, null and an opaque key are not news.
    for same in [
        json!(first),
        json!(null),
        json!("sb_publishable_test"),
        json!(5),
    ] {
        let body = json!({"access_token": same});
        alice
            .push(&join, "realtime:chat", "access_token", body)
            .await;
    }
    assert_eq!(alice.drain().await, Vec::<serde_json::Value>::new());
    let body = json!({"access_token": token(ALICE, 600)});
    alice
        .push(&join, "realtime:chat", "access_token", body)
        .await;
    let system = alice.event("system").await;
    assert_eq!(system["message"], "Subscribed to PostgreSQL");

    session(&server, "s", ALICE).await;
    message(&server, "s", ALICE, "hello").await;
    let change = alice.event("postgres_changes").await;
    assert_eq!(change["data"]["record"]["content"], "hello");
}

#[tokio::test]
async fn changes_are_judged_by_the_latest_token() {
    let server = start(quick()).await;
    let mut client = Client::connect(&server).await;
    let bindings = json!([{"event": "*", "schema": "public", "table": "chat_messages"}]);
    let join = client
        .subscribe("realtime:chat", bindings, &token(ALICE, 60))
        .await;
    let body = json!({"access_token": token(BOB, 60)});
    client
        .push(&join, "realtime:chat", "access_token", body)
        .await;
    client.event("system").await;
    session(&server, "a", ALICE).await;
    session(&server, "b", BOB).await;
    message(&server, "a", ALICE, "for alice").await;
    message(&server, "b", BOB, "for bob").await;
    let change = client.event("postgres_changes").await;
    assert_eq!(change["data"]["record"]["content"], "for bob");
}

#[tokio::test]
async fn a_private_channel_follows_its_rule() {
    let rule = PrivateRule::Custom(Arc::new(|claims, name| match name {
        "open" => Access::FULL,
        "read-only" => Access {
            read: true,
            ..Access::NONE
        },
        _ if claims.sub.as_deref() == Some(ALICE) => Access::FULL,
        _ => Access::NONE,
    }));
    let server = start(RealtimeBehaviour {
        private: rule,
        ..quick()
    })
    .await;
    let mut bob = Client::connect(&server).await;
    let token = token(BOB, 60);
    let config = json!({"private": true, "broadcast": {"ack": true, "self": true}});
    let (_, reply) = bob.join("realtime:alices", config.clone(), &token).await;
    assert_eq!(
        reply["response"]["reason"],
        "Unauthorized: You do not have permissions to read from this Channel topic: alices"
    );
    let (join, reply) = bob.join("realtime:read-only", config.clone(), &token).await;
    assert_eq!(reply["status"], "ok");
    let body = json!({"type": "broadcast", "event": "e", "payload": {}});
    bob.push(&join, "realtime:read-only", "broadcast", body.clone())
        .await;
    // No permission, and so no answer at all.
    assert_eq!(bob.drain().await, Vec::<serde_json::Value>::new());

    // A public channel of the same name is another topic.
    let (join, _) = bob.join("realtime:open", config, &token).await;
    let mut alice = Client::connect(&server).await;
    alice.join("realtime:open", json!({}), &token).await;
    let reference = bob.push(&join, "realtime:open", "broadcast", body).await;
    assert_eq!(bob.reply(&reference).await["status"], "ok");
    assert_eq!(alice.drain().await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_socket_has_its_limit_of_channels_and_the_server_of_joins() {
    let server = start(RealtimeBehaviour {
        channels_per_socket: 2,
        ..quick()
    })
    .await;
    let mut alice = Client::connect(&server).await;
    let token = token(ALICE, 60);
    for topic in ["realtime:1", "realtime:2", "realtime:2"] {
        let (_, reply) = alice.join(topic, json!({}), &token).await;
        assert_eq!(reply["status"], "ok");
    }
    let (_, reply) = alice.join("realtime:3", json!({}), &token).await;
    assert_eq!(
        reply["response"]["reason"],
        "ChannelRateLimitReached: Too many channels"
    );

    let server = start(RealtimeBehaviour {
        joins_per_second: Some(1),
        ..quick()
    })
    .await;
    let mut alice = Client::connect(&server).await;
    let (_, reply) = alice.join("realtime:1", json!({}), &token).await;
    assert_eq!(reply["status"], "ok");
    let (_, reply) = alice.join("realtime:2", json!({}), &token).await;
    assert_eq!(
        reply["response"]["reason"],
        "ClientJoinRateLimitReached: Too many joins per second"
    );
    assert_eq!(alice.closed().await, Some(1000));
}

#[tokio::test]
async fn a_refused_join_holds_up_the_whole_socket() {
    let delay = Duration::from_millis(300);
    let server = start(RealtimeBehaviour {
        join_error_delay: delay,
        ..quick()
    })
    .await;
    let mut alice = Client::connect(&server).await;
    let begun = std::time::Instant::now();
    alice
        .push(
            "1",
            "realtime:t",
            "phx_join",
            json!({"access_token": "garbage", "config": {}}),
        )
        .await;
    alice.drain().await;
    assert!(begun.elapsed() >= delay);
}

#[tokio::test]
async fn a_silent_client_is_closed_with_1000() {
    let server = start(RealtimeBehaviour {
        idle_timeout: Duration::from_secs(1),
        ..quick()
    })
    .await;
    let mut alice = Client::connect(&server).await;
    alice.join("realtime:t", json!({}), &token(ALICE, 60)).await;
    assert_eq!(alice.closed().await, Some(1000));
    let faults = server.faults();
    until("everything is released", || {
        faults.sockets() == 0 && faults.channels() == 0 && faults.topics() == 0
    })
    .await;
}

#[tokio::test]
async fn an_oversized_frame_ends_the_connection_without_a_close_frame() {
    let server = start(RealtimeBehaviour {
        max_frame_bytes: 10_000,
        ..quick()
    })
    .await;
    let mut alice = Client::connect(&server).await;
    alice.send_text(&"x".repeat(20_000)).await;
    assert_eq!(alice.closed().await, None);
}

#[tokio::test]
async fn a_reply_can_wait_for_the_changes() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    let token = token(ALICE, 60);
    let config = |table: &str| {
        json!({"postgres_changes": [{"event": "*", "schema": "public", "table": table}],
            "postgres_changes_options": {"wait": true}})
    };
    let (_, reply) = alice
        .join("realtime:good", config("chat_messages"), &token)
        .await;
    assert_eq!(reply["status"], "ok");
    assert_eq!(server.faults().live_channels(), 1);
    let (_, reply) = alice.join("realtime:bad", config("nope"), &token).await;
    let reason = reply["response"]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("RealtimeDisabledForConfiguration: "),
        "{reason}"
    );
}

#[tokio::test]
async fn a_stopped_server_says_1012() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    server.stop().await;
    assert_eq!(alice.closed().await, Some(1012));
}

#[tokio::test]
async fn a_clock_that_is_set_forward_ends_tokens_too() {
    let now = tidings_model::Clock::now(&tidings_model::SystemClock);
    let clock = Arc::new(tidings_model::ManualClock::at(now));
    let server = start_at(quick(), clock.clone()).await;
    let mut alice = Client::connect(&server).await;
    alice.join("realtime:t", json!({}), &token(ALICE, 60)).await;
    clock.advance(Duration::from_secs(70));
    let frames = alice.drain().await;
    let message = frames[0][4]["message"].as_str().unwrap();
    assert!(message.starts_with("Token has expired "), "{message}");
    assert_eq!(frames[1][3], "phx_close");
}

#[tokio::test]
async fn no_frame_however_strange_ends_a_socket() {
    let server = start(quick()).await;
    let mut mallory = Client::connect(&server).await;
    mallory
        .join("realtime:t", json!({}), &token(ALICE, 60))
        .await;
    let events = [
        "phx_join",
        "phx_leave",
        "broadcast",
        "presence",
        "access_token",
        "heartbeat",
        "",
    ];
    let payloads = [
        json!(null),
        json!([]),
        json!({"config": 1}),
        json!({"config": {"postgres_changes": [1], "presence": [], "broadcast": "x"}}),
        json!({"access_token": {"a": 1}}),
        json!({"event": 1, "payload": []}),
        json!("x".repeat(300)),
    ];
    for topic in ["realtime:t", "realtime:", "phoenix", "", "realtime:\u{0}🦊"] {
        for event in events {
            for payload in &payloads {
                for join in [json!(null), json!("1"), json!(7)] {
                    let frame = json!([join, "r", topic, event, payload]);
                    mallory.send_text(&frame.to_string()).await;
                }
            }
        }
    }
    for kind in 0..=255_u8 {
        for length in [0, 1, 7, 200] {
            mallory.send_binary(&vec![kind; length]).await;
        }
    }
    mallory.drain().await;
    let (_, reply) = mallory
        .join("realtime:still", json!({}), &token(ALICE, 60))
        .await;
    assert_eq!(reply["status"], "ok");
}
