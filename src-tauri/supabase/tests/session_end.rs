//! How a session ends, and how it does not, against a real HTTP server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::{Answer, HOUR, Server, kept, renewing, session, shown, store_with, within};
use serde_json::json;
use tidings_supabase::{AuthState, Class, Error, Scope, SessionStore as _, TokenManager};
use tokio::sync::Notify;

#[tokio::test]
async fn only_the_named_errors_end_a_session() {
    let named = [
        "refresh_token_not_found",
        "refresh_token_already_used",
        "session_not_found",
        "session_expired",
        "user_not_found",
        "user_banned",
    ];
    for code in named {
        let server =
            Server::start(move |_| Answer::json(400, &json!({"code": code, "message": "over"})))
                .await;
        let store = store_with(1);
        let tokens = TokenManager::open(server.auth(), store.clone())
            .await
            .unwrap();
        assert_eq!(tokens.access_token().await, Err(Error::SignedOut), "{code}");
        let state = tokens.state().borrow().clone();
        assert!(
            matches!(&state, AuthState::Expired { user_id, reason, .. } if user_id == "alice" && reason == code),
            "{state:?}"
        );
        assert_eq!(store.load().unwrap(), None);
        assert_eq!(tokens.access_token().await, Err(Error::SignedOut));
        assert_eq!(
            server.seen().len(),
            1,
            "an ended session is not renewed again"
        );
    }
    let others = [
        Answer::json(400, &json!({"code": "validation_failed", "message": "x"})),
        Answer::json(401, &json!({"message": "Invalid API key"})),
        Answer::json(
            429,
            &json!({"code": "over_request_rate_limit", "message": "x"}),
        ),
        Answer::json(500, &json!({"code": "unexpected_failure", "message": "x"})),
        Answer::json(503, &json!({"code": "session_not_found", "message": "x"})),
        Answer::json(200, &json!({"hello": "world"})),
        Answer::html(200),
        Answer::html(400),
        Answer::html(404),
        Answer::html(502),
        Answer {
            status: 302,
            ..Answer::default()
        }
        .with("location", "http://portal.invalid/"),
    ];
    for answer in others {
        let status = answer.status;
        let server = Server::start(move |_| answer.clone()).await;
        let store = store_with(1);
        let tokens = TokenManager::open(server.auth(), store.clone())
            .await
            .unwrap();
        let error = tokens.access_token().await.unwrap_err();
        assert_ne!(error.class(), Class::SignedOut, "{status}");
        assert!(
            matches!(*tokens.state().borrow(), AuthState::SignedIn { .. }),
            "{status}"
        );
        assert_eq!(store.load().unwrap(), Some(kept(1)), "{status}");
    }
}

#[tokio::test]
async fn signing_out_voids_a_renewal_under_way_and_keeps_nothing() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let server = Server::start(move |seen| match seen.path.as_str() {
        "/auth/v1/token" if shown(seen) == 2 => renewing(seen).after(&held),
        "/auth/v1/token" => renewing(seen),
        _ => Answer {
            status: 204,
            ..Answer::default()
        },
    })
    .await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    tokens.access_token().await.unwrap();
    let renewal = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.renew("a2").await }
    });
    server.until(2).await;
    tokens.sign_out(Scope::Local).await.unwrap();
    gate.notify_one();
    assert_eq!(within(renewal).await.unwrap(), Err(Error::SignedOut));
    assert_eq!(store.load().unwrap(), None);
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
    assert!(tokens.subscribe().borrow().is_none());
    let last = server.seen().pop().unwrap();
    assert_eq!(
        (last.path.as_str(), last.header("authorization")),
        ("/auth/v1/logout", Some("Bearer a2"))
    );
}

#[tokio::test]
async fn signing_out_works_here_even_when_the_server_cannot_be_told() {
    let server = Server::start(|_| Answer::html(502)).await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let error = tokens.sign_out(Scope::Local).await.unwrap_err();
    assert!(
        matches!(error.class(), Class::Transient { .. }),
        "{error:?}"
    );
    assert_eq!(store.load().unwrap(), None);
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
}

#[tokio::test]
async fn ending_the_other_sessions_keeps_this_one() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/auth/v1/token" => renewing(seen),
        _ => Answer {
            status: 204,
            ..Answer::default()
        },
    })
    .await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    tokens.sign_out(Scope::Others).await.unwrap();
    assert_eq!(store.load().unwrap(), Some(kept(2)));
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
}

#[tokio::test]
async fn the_servers_word_on_the_user_ends_a_session_it_does_not_know() {
    let server = Server::start(
        |seen| match (seen.path.as_str(), seen.header("authorization")) {
            ("/auth/v1/token", _) => renewing(seen),
            (_, Some("Bearer a2" | "Bearer a5")) => {
                Answer::json(403, &json!({"code": "bad_jwt", "message": "invalid JWT"}))
            }
            (_, Some("Bearer a3")) => Answer::json(200, &json!({"id": "alice"})),
            _ => Answer::json(403, &json!({"code": "bad_jwt", "message": "invalid JWT"})),
        },
    )
    .await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    assert_eq!(
        tokens.verify().await.unwrap().id,
        "alice",
        "a new token was believed"
    );
    let other = store_with(4);
    let tokens = TokenManager::open(server.auth(), other.clone())
        .await
        .unwrap();
    assert_eq!(tokens.verify().await, Err(Error::SignedOut));
    assert!(
        matches!(&*tokens.state().borrow(), AuthState::Expired { reason, .. } if reason == "bad_jwt")
    );
    assert_eq!(other.load().unwrap(), None);
}

#[tokio::test]
async fn another_users_session_is_never_taken() {
    let server = Server::start(|_| {
        let mut body = session(2, HOUR);
        body["user"]["id"] = json!("mallory");
        Answer::json(200, &body)
    })
    .await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    assert_eq!(tokens.access_token().await, Err(Error::OtherUser));
    assert_eq!(store.load().unwrap(), Some(kept(1)));
}
