//! What users change of their own account.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::local::{auth, device, start};
use common::{Answer, HOUR, Server, kept, session, shown, store_with, within};
use serde_json::{Value, json};
use tidings_local::AuthBehaviour;
use tidings_supabase::{AuthState, Scope, Secret, SessionStore as _, TokenManager};
use tokio::sync::Notify;

fn name(tokens: &TokenManager) -> Option<String> {
    match &*tokens.state().borrow() {
        AuthState::SignedIn { name, .. } => name.clone(),
        other => panic!("{other:?}"),
    }
}

/// A user with a name, or a session of one.
fn named(mut body: Value, name: &str) -> Value {
    let user = if body["user"].is_object() {
        &mut body["user"]
    } else {
        &mut body
    };
    user["user_metadata"] = json!({"display_name": name});
    body
}

#[tokio::test]
async fn a_name_is_kept_with_the_account_and_known_without_a_network() {
    let server = start(AuthBehaviour::default()).await;
    let (tokens, store) = device(&server).await;
    let (email, password) = ("alice@example.org", Secret::new("correct horse"));
    tokens.sign_up(email, &password).await.unwrap();
    let (phone, _) = device(&server).await;
    phone.sign_in_password(email, &password).await.unwrap();
    assert_eq!(name(&tokens), None);
    let mut states = tokens.state();
    states.mark_unchanged();
    tokens.set_name("Ali").await.unwrap();
    assert!(states.has_changed().unwrap());
    assert_eq!(name(&tokens).as_deref(), Some("Ali"));
    let reopened = TokenManager::open(auth(&server), store).await.unwrap();
    assert_eq!(name(&reopened).as_deref(), Some("Ali"));

    // Other devices learn of it when their tokens are renewed.
    assert_eq!(name(&phone), None);
    let token = phone.access_token().await.unwrap();
    phone.renew(&token).await.unwrap();
    assert_eq!(name(&phone).as_deref(), Some("Ali"));
}

#[tokio::test]
async fn a_new_name_undoes_no_renewal_and_no_renewal_undoes_it() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let server = Server::start(move |seen| match seen.path.as_str() {
        "/auth/v1/token" if shown(seen) == 2 => {
            Answer::json(200, &named(session(3, HOUR), "Old")).after(&held)
        }
        "/auth/v1/token" => Answer::json(200, &named(session(shown(seen) + 1, HOUR), "Old")),
        _ => Answer::json(200, &named(json!({"id": "alice"}), "New")),
    })
    .await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let token = tokens.access_token().await.unwrap();
    let renewal = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.renew(&token).await }
    });
    server.until(2).await;
    let change = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.set_name("New").await }
    });
    server.until(3).await;
    gate.notify_one();
    within(renewal).await.unwrap().unwrap();
    within(change).await.unwrap().unwrap();
    assert_eq!(name(&tokens).as_deref(), Some("New"));
    let last = server.seen().pop().unwrap();
    assert_eq!(
        (last.method.as_str(), last.json()),
        ("PUT", json!({"data": {"display_name": "New"}}))
    );
    assert_eq!(store.load().unwrap().unwrap().refresh_token, "r3".into());

    // Another process renewed meanwhile: its token stays.
    store.save(&kept(9)).unwrap();
    tokens.set_name("New").await.unwrap();
    let now = store.load().unwrap().unwrap();
    assert_eq!(now.refresh_token, "r9".into());
    assert_eq!(now.user.name.as_deref(), Some("New"));
}

#[tokio::test]
async fn a_name_given_while_signing_out_brings_no_session_back() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let server = Server::start(move |seen| match seen.path.as_str() {
        "/auth/v1/token" => Answer::json(200, &session(2, HOUR)),
        "/auth/v1/user" => Answer::json(200, &named(json!({"id": "alice"}), "New")).after(&held),
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
    let change = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.set_name("New").await }
    });
    server.until(2).await;
    tokens.sign_out(Scope::Local).await.unwrap();
    gate.notify_one();
    within(change).await.unwrap().unwrap_err();
    assert_eq!(store.load().unwrap(), None);
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
}
