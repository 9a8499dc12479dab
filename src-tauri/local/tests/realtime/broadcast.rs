//! Broadcasts, over the socket and over HTTP.

use serde_json::{Value, json};
use tidings_local::LocalServer;
use tidings_local::realtime::RealtimeBehaviour;

use crate::client::*;

/// A kind 3 frame of the join `1` with the reference `r`.
fn user_broadcast(topic: &str, event: &str, metadata: &str, encoding: u8, data: &[u8]) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    let mut frame = vec![
        3,
        1,
        1,
        length(topic),
        length(event),
        length(metadata),
        encoding,
    ];
    for part in ["1", "r", topic, event, metadata] {
        frame.extend(part.as_bytes());
    }
    frame.extend(data);
    frame
}

async fn trio(server: &LocalServer, ack: bool, echo: bool) -> [Client; 3] {
    let token = token(ALICE, 60);
    let mut old = Client::connect_with(server, "apikey=sb_publishable_test&vsn=1.0.0")
        .await
        .unwrap();
    let join = json!({"topic": "realtime:bc", "event": "phx_join", "ref": "1", "join_ref": "1",
        "payload": {"config": {}, "access_token": token}});
    old.send_text(&join.to_string()).await;
    old.reply("1").await;
    let mut other = Client::connect(server).await;
    other.join("realtime:bc", json!({}), &token).await;
    let mut sender = Client::connect(server).await;
    let config = json!({"broadcast": {"ack": ack, "self": echo}});
    sender.join("realtime:bc", config, &token).await;
    [sender, other, old]
}

#[tokio::test]
async fn text_reaches_both_serializers_and_is_acknowledged_after_the_echo() {
    let server = start(quick()).await;
    let [mut sender, mut other, mut old] = trio(&server, true, true).await;
    let payload = json!({"type": "broadcast", "event": "cursor", "payload": {"x": 1}});
    let reference = sender
        .push("1", "realtime:bc", "broadcast", payload.clone())
        .await;
    let event = json!([null, null, "realtime:bc", "broadcast", payload]);
    assert_eq!(sender.next().await, event);
    assert_eq!(
        sender.next().await,
        json!(["1", reference, "realtime:bc", "phx_reply", {"status": "ok", "response": {}}])
    );
    assert_eq!(other.next().await, event);
    assert_eq!(old.next().await, event);
}

#[tokio::test]
async fn without_ack_and_self_the_sender_hears_nothing() {
    let server = start(quick()).await;
    let [mut sender, mut other, _old] = trio(&server, false, false).await;
    let payload = json!({"type": "broadcast", "event": "cursor", "payload": {}});
    sender.push("1", "realtime:bc", "broadcast", payload).await;
    other.event("broadcast").await;
    assert_eq!(sender.drain().await, Vec::<Value>::new());
}

#[tokio::test]
async fn kind_3_becomes_kind_4_or_json_and_bytes_reach_no_old_client() {
    let server = start(quick()).await;
    let [mut sender, mut other, mut old] = trio(&server, true, true).await;
    let frame = user_broadcast("realtime:bc", "raw", "", 0, &[b'b', 0, 1]);
    sender.send_binary(&frame).await;
    let told = "\u{4}\u{b}\u{3}\0\0realtime:bcrawb\0\u{1}";
    assert_eq!(sender.next().await[4], told);
    assert_eq!(sender.next().await[1], "r");
    assert_eq!(other.next().await[4], told);

    // Metadata of the sender's is not passed on.
    let frame = user_broadcast("realtime:bc", "meta", r#"{"k":"v"}"#, 1, br#"{"a":1.10}"#);
    sender.send_binary(&frame).await;
    let told = "\u{4}\u{b}\u{4}\0\u{1}realtime:bcmeta{\"a\":1.10}";
    assert_eq!(other.next().await[4], told);
    assert_eq!(
        old.next().await[4],
        json!({"event": "meta", "payload": {"a": 1.1}, "type": "broadcast"})
    );

    // What cannot be read is ignored, and the channel lives on.
    sender.send_binary(&[3, 1, 1]).await;
    sender
        .send_binary(&user_broadcast("realtime:bc", "bad", "", 1, b"{not json"))
        .await;
    let frame = user_broadcast("realtime:bc", "still", "", 1, b"{}");
    sender.send_binary(&frame).await;
    assert!(other.next().await[4].as_str().unwrap().contains("still"));
}

#[tokio::test]
async fn a_push_of_bytes_is_told_as_kind_2() {
    let server = start(quick()).await;
    let [mut sender, mut other, _old] = trio(&server, false, false).await;
    let mut frame = vec![0, 1, 2, 11, 9];
    frame.extend(b"178realtime:bcbroadcasthello");
    sender.send_binary(&frame).await;
    assert_eq!(
        other.next().await[4],
        "\u{2}\u{b}\u{9}realtime:bcbroadcasthello"
    );
}

#[tokio::test]
async fn a_payload_may_be_too_large_or_no_object() {
    let server = start(RealtimeBehaviour {
        max_payload_bytes: 1000,
        ..quick()
    })
    .await;
    let [mut sender, _other, _old] = trio(&server, true, false).await;
    let body = |payload: &str| json!({"type": "broadcast", "event": "e", "payload": payload});
    let reference = sender
        .push("1", "realtime:bc", "broadcast", body(&"x".repeat(1000)))
        .await;
    assert_eq!(
        sender.reply(&reference).await,
        json!({"status": "error", "response": "payload_size_exceeded"})
    );
    let reference = sender
        .push("1", "realtime:bc", "broadcast", body("x"))
        .await;
    assert_eq!(sender.reply(&reference).await["status"], "ok");
    sender
        .push("1", "realtime:bc", "broadcast", json!("str"))
        .await;
    assert_eq!(
        sender.next().await,
        json!(["1", "1", "realtime:bc", "phx_error", {}])
    );
    let reference = sender
        .push("1", "realtime:bc", "broadcast", body("x"))
        .await;
    assert_eq!(
        sender.next().await,
        json!([null, reference, "realtime:bc", "phx_reply",
            {"status": "error", "response": {"reason": "unmatched topic"}}])
    );
}

#[tokio::test]
async fn a_flood_closes_the_channels_that_receive_it() {
    let server = start(RealtimeBehaviour {
        messages_per_second: Some(3),
        ..quick()
    })
    .await;
    let [mut sender, mut other, _old] = trio(&server, true, false).await;
    let body = json!({"type": "broadcast", "event": "e", "payload": {}});
    for _ in 0..4 {
        let reference = sender
            .push("1", "realtime:bc", "broadcast", body.clone())
            .await;
        assert_eq!(sender.reply(&reference).await["status"], "ok");
    }
    let system = other.event("system").await;
    assert_eq!(system["message"], "Too many messages per second");
    other.event("phx_close").await;
}

#[tokio::test]
async fn replay_is_refused_with_its_code() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    for private in [false, true] {
        let config = json!({"private": private, "broadcast": {"replay": {"since": 0}}});
        let (_, reply) = alice.join("realtime:r", config, &token(ALICE, 60)).await;
        let reason = reply["response"]["reason"].as_str().unwrap();
        assert!(reason.starts_with("UnableToReplayMessages: "), "{reason}");
    }
}

struct Http {
    client: reqwest::Client,
    url: String,
}

impl Http {
    fn new(server: &LocalServer) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            client: reqwest::Client::new(),
            url: format!("{}/realtime/v1/api/broadcast", server.info().url),
        }
    }

    async fn post(&self, path: &str, key: &str, content: &str, body: &str) -> (u16, String) {
        let response = self
            .client
            .post(format!("{}{path}", self.url))
            .header("apikey", key)
            .header("content-type", content)
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

#[tokio::test]
async fn http_broadcasts_are_answered_like_the_recorded_ones() {
    let server = start(quick()).await;
    let [_sender, mut other, mut old] = trio(&server, false, false).await;
    let http = Http::new(&server);
    let key = "sb_publishable_test";
    let json = "application/json";
    let batch = r#"{"messages":[{"topic":"bc","event":"e1","payload":{"a":1}}]}"#;
    assert_eq!(http.post("", key, json, batch).await, (202, String::new()));
    let event = json!({"event": "e1", "payload": {"a": 1}, "type": "broadcast"});
    assert_eq!(other.event("broadcast").await, event);
    assert_eq!(old.event("broadcast").await, event);

    // Accepted, but it reaches nobody: a prefix too many, and a private topic without a user.
    for body in [
        r#"{"messages":[{"topic":"realtime:bc","event":"e","payload":{}}]}"#,
        r#"{"messages":[{"topic":"bc","event":"e","payload":{},"private":true}]}"#,
    ] {
        assert_eq!(http.post("", key, json, body).await.0, 202);
    }
    for (key, body, answer) in [
        ("garbage", batch, (401, r#"{"message":"Unauthorized"}"#)),
        (
            key,
            "{}",
            (422, r#"{"errors":{"messages":["can't be blank"]}}"#),
        ),
        (
            key,
            r#"{"messages":[{"topic":"bc","payload":{}}]}"#,
            (
                422,
                r#"{"errors":{"messages":[{"event":["can't be blank"]}]}}"#,
            ),
        ),
        (key, "not json", (400, "Bad Request")),
    ] {
        assert_eq!(
            http.post("", key, json, body).await,
            (answer.0, answer.1.to_owned())
        );
    }
    let single = "/bc/events/single";
    assert_eq!(http.post(single, key, json, r#"{"hello":1}"#).await.0, 202);
    assert_eq!(
        other.next().await[4],
        "\u{4}\u{b}\u{6}\0\u{1}realtime:bcsingle{\"hello\":1}"
    );
    assert_eq!(
        http.post(single, key, "application/octet-stream", "raw")
            .await
            .0,
        202
    );
    assert_eq!(
        other.next().await[4],
        "\u{4}\u{b}\u{6}\0\0realtime:bcsingleraw"
    );
    assert_eq!(http.post(single, key, "text/plain", "x").await.0, 415);
    assert_eq!(old.drain().await.len(), 1);
}

#[tokio::test]
async fn http_broadcasts_are_limited_with_429() {
    let server = start(RealtimeBehaviour {
        messages_per_second: Some(0),
        ..quick()
    })
    .await;
    let batch = r#"{"messages":[{"topic":"bc","event":"e","payload":{}}]}"#;
    assert_eq!(
        Http::new(&server)
            .post("", "sb_publishable_test", "application/json", batch)
            .await,
        (
            429,
            r#"{"message":"You have exceeded your rate limit"}"#.to_owned()
        )
    );
}
