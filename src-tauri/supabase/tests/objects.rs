//! Objects of Storage, read from a real HTTP server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::{Answer, Seen, Server, signing_in};
use serde_json::json;
use tidings_supabase::{
    Class, Error, Http, MemoryStore, ObjectPath, Objects, Rest, Secret, TokenManager,
};

async fn objects(server: &Server) -> Objects {
    let tokens = TokenManager::open(server.auth(), Arc::new(MemoryStore::new()))
        .await
        .unwrap();
    tokens
        .sign_in_password("alice@example.org", &Secret::new("pw"))
        .await
        .unwrap();
    let rest = Rest::new(Http::new().unwrap(), server.project());
    Objects::new(rest.with_tokens(tokens))
}

fn asked(server: &Server) -> Vec<Seen> {
    let seen = server.seen().into_iter();
    seen.filter(|seen| seen.path.starts_with("/storage/"))
        .collect()
}

fn refusal(status: &str, error: &str, message: &str) -> Answer {
    let body = json!({"statusCode": status, "error": error, "message": message});
    Answer::json(400, &body)
}

#[tokio::test]
async fn an_object_is_read_by_exactly_this_request() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| Answer {
            status: 200,
            body: "OggS".to_owned(),
            ..Answer::default()
        })
    })
    .await;
    let path = ObjectPath::new("voice", "maya/ä b#?%2e.ogg").unwrap();
    let read = objects(&server).await.read(&path, 4).await.unwrap();
    assert_eq!(read, b"OggS");
    let [request] = &asked(&server)[..] else {
        panic!("one request")
    };
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.path,
        "/storage/v1/object/authenticated/voice/maya/%C3%A4%20b%23%3F%252e.ogg"
    );
    assert_eq!(request.query, "");
    assert!(request.header("apikey").is_some());
    assert!(
        request
            .header("authorization")
            .is_some_and(|value| value.starts_with("Bearer "))
    );
}

#[tokio::test]
async fn more_than_was_asked_for_is_refused() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| Answer {
            status: 200,
            body: "x".repeat(1001),
            ..Answer::default()
        })
    })
    .await;
    let path = ObjectPath::new("voice", "a.ogg").unwrap();
    let objects = objects(&server).await;
    let refused = objects.read(&path, 1000).await.unwrap_err();
    assert_eq!(refused, Error::AnswerTooLarge);
    assert_eq!(objects.read(&path, 1001).await.unwrap().len(), 1001);
}

#[tokio::test]
async fn a_refusal_is_what_its_body_says() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| match seen.path.rsplit('/').next() {
            Some("gone.ogg") => refusal("404", "not_found", "Object not found"),
            Some("busy.ogg") => refusal("503", "LockTimeout", "acquiring lock timeout"),
            Some("page.ogg") => Answer::html(404),
            _ => refusal("403", "Unauthorized", "Access denied"),
        })
    })
    .await;
    let objects = objects(&server).await;
    for (name, status, class) in [
        ("gone.ogg", Some(404), Class::Permanent),
        (
            "busy.ogg",
            Some(503),
            Class::Transient { retry_after: None },
        ),
        ("page.ogg", Some(404), Class::Network),
        ("other.ogg", Some(403), Class::Permanent),
    ] {
        let path = ObjectPath::new("voice", name).unwrap();
        let error = objects.read(&path, 1000).await.unwrap_err();
        assert_eq!((error.status(), error.class()), (status, class), "{name}");
    }
    assert_eq!(asked(&server).len(), 4, "none of them is about the token");
}

#[tokio::test]
async fn a_token_that_has_expired_is_renewed_once() {
    for (status, message) in [
        ("400", "jwt expired"),
        ("403", "\"exp\" claim timestamp check failed"),
    ] {
        let server = Server::start(move |seen| {
            if let Some(answer) = signing_in(seen) {
                return answer;
            }
            if seen.header("authorization") == Some("Bearer a1") {
                return refusal(status, "Unauthorized", message);
            }
            Answer {
                status: 200,
                body: "OggS".to_owned(),
                ..Answer::default()
            }
        })
        .await;
        let path = ObjectPath::new("voice", "a.ogg").unwrap();
        let read = objects(&server).await.read(&path, 1000).await;
        assert_eq!(read.unwrap(), b"OggS", "{message}");
        assert_eq!(asked(&server).len(), 2, "{message}");
    }
}
