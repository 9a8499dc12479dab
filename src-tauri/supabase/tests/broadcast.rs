//! Broadcasts over HTTP against a real HTTP server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Answer, Seen, Server, signing_in};
use serde_json::{Value, json};
use tidings_supabase::{
    BroadcastMessage, Broadcasts, Class, Error, Http, MemoryStore, Query, Rest, Secret,
    TokenManager,
};

async fn broadcasts(server: &Server) -> Broadcasts {
    Broadcasts::new(rest(server).await)
}

async fn rest(server: &Server) -> Rest {
    let tokens = TokenManager::open(server.auth(), Arc::new(MemoryStore::new()))
        .await
        .unwrap();
    tokens
        .sign_in_password("alice@example.org", &Secret::new("pw"))
        .await
        .unwrap();
    let rest = Rest::new(Http::new().unwrap(), server.project());
    rest.with_schema("other").with_tokens(tokens)
}

fn message<'a>(topic: &'a str, payload: &'a Value) -> BroadcastMessage<'a, Value> {
    BroadcastMessage {
        topic,
        event: "typing",
        payload,
        private: false,
    }
}

fn asked(server: &Server) -> Vec<Seen> {
    server
        .seen()
        .into_iter()
        .filter(|seen| seen.path.starts_with("/realtime/"))
        .collect()
}

#[tokio::test]
async fn a_broadcast_is_exactly_this_request() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| Answer {
            status: 202,
            ..Answer::default()
        })
    })
    .await;
    let (on, off) = (json!({"on": true}), json!({"on": false}));
    let sent = [message("room:1", &on), message("room:1", &off)];
    broadcasts(&server).await.send(&sent).await.unwrap();
    let [seen] = asked(&server).try_into().unwrap();
    assert_eq!(
        (
            seen.method.as_str(),
            seen.path.as_str(),
            seen.query.as_str()
        ),
        ("POST", "/realtime/v1/api/broadcast", "")
    );
    assert_eq!(seen.header("authorization"), Some("Bearer a1"));
    assert!(seen.header("apikey").is_some());
    assert_eq!(seen.header("content-profile"), None);
    assert_eq!(
        seen.json(),
        json!({"messages": [
            {"topic": "room:1", "event": "typing", "payload": {"on": true}, "private": false},
            {"topic": "room:1", "event": "typing", "payload": {"on": false}, "private": false},
        ]})
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| {
            if seen.header("authorization") == Some("Bearer a1") {
                Answer::json(401, &json!({"message": "Unauthorized"}))
            } else {
                Answer {
                    status: 202,
                    ..Answer::default()
                }
            }
        })
    })
    .await;
    let payload = json!({});
    let sent = [message("room", &payload)];
    broadcasts(&server).await.send(&sent).await.unwrap();
    assert_eq!(asked(&server).len(), 2);
}

#[tokio::test]
async fn trouble_passes_and_what_the_server_does_not_take_does_not() {
    for (status, body, class) in [
        (
            422,
            json!({"errors": {"messages": [{"topic": ["can't be blank"]}]}}),
            Class::Permanent,
        ),
        (
            500,
            json!({"message": "trouble"}),
            Class::Transient {
                retry_after: Some(Duration::from_secs(3)),
            },
        ),
    ] {
        let server = Server::start(move |seen| {
            signing_in(seen).unwrap_or_else(|| Answer::json(status, &body).with("retry-after", "3"))
        })
        .await;
        let payload = json!({});
        let sent = [message("", &payload)];
        let error = broadcasts(&server).await.send(&sent).await.unwrap_err();
        assert_eq!(error.class(), class, "{status}: {error}");
    }
}

#[tokio::test]
async fn what_nobody_would_hear_is_not_sent() {
    let server = Server::start(|seen| signing_in(seen).unwrap_or_default()).await;
    let payload = json!({});
    let sent = [
        message("room", &payload),
        message("realtime:room", &payload),
    ];
    let error = broadcasts(&server).await.send(&sent).await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    assert!(asked(&server).is_empty());
}

#[tokio::test]
async fn a_limit_is_waited_out_and_holds_no_rows_back() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| match seen.path.as_str() {
            "/rest/v1/t" => Answer::json(200, &json!([])),
            _ => Answer::json(
                429,
                &json!({"message": "You have exceeded your rate limit"}),
            )
            .with("retry-after", "3"),
        })
    })
    .await;
    let rest = rest(&server).await;
    let broadcasts = Broadcasts::new(rest.clone());
    let payload = json!({});
    let sent = [message("room", &payload)];
    for _ in 0..3 {
        let error = broadcasts.send(&sent).await.unwrap_err();
        let wait = error.retry_after().unwrap();
        assert!(wait > Duration::from_secs(2), "{wait:?}");
    }
    assert_eq!(asked(&server).len(), 1);
    rest.select("t", &Query::new()).await.unwrap();
}
