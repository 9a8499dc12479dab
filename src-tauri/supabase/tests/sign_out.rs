//! Signing out when the server cannot be told, against a real HTTP server; the clock is tokio's,
//! moved by hand.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Answer, HOUR, Seen, Server, kept, renewing, session, shown, store_with, within};
use serde_json::json;
use tidings_supabase::{
    AuthState, Class, MemoryStore, Scope, Secret, SessionStore as _, TokenManager, UntoldSignOut,
};
use tokio::task::JoinHandle;

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn untold(token: &str, since: u64) -> UntoldSignOut {
    UntoldSignOut {
        refresh_token: token.into(),
        since,
    }
}

/// Which refresh tokens could still end a session.
fn waiting(store: &MemoryStore) -> Vec<String> {
    let list = store.untold().unwrap();
    list.iter()
        .map(|it| it.refresh_token.expose().to_owned())
        .collect()
}

async fn open(server: &Server, store: &Arc<MemoryStore>) -> TokenManager {
    TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap()
}

fn telling(tokens: &TokenManager) -> JoinHandle<()> {
    let tokens = tokens.clone();
    tokio::spawn(async move { tokens.tell_sign_outs().await })
}

/// Waits until the store is as wanted.
async fn until(store: &MemoryStore, wanted: &[&str]) {
    within(async {
        while waiting(store) != wanted {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn logged_out() -> Answer {
    Answer {
        status: 204,
        ..Answer::default()
    }
}

/// Path, and what was shown: the refresh token or the access token.
fn said(seen: &Seen) -> (String, String) {
    let path = seen.path.trim_start_matches("/auth/v1/").to_owned();
    let what = match path.as_str() {
        "logout" => {
            assert_eq!(seen.query, "scope=local");
            seen.header("authorization").unwrap().to_owned()
        }
        _ => format!("r{}", shown(seen)),
    };
    (path, what)
}

fn calls(server: &Server) -> Vec<(String, String)> {
    server.seen().iter().map(said).collect()
}

fn call(path: &str, what: &str) -> (String, String) {
    (path.to_owned(), what.to_owned())
}

/// A server that can be reached or not, as the flag says.
async fn reachable(up: &Arc<AtomicBool>) -> Server {
    let up = up.clone();
    Server::start(move |seen| match seen.path.as_str() {
        _ if !up.load(Ordering::SeqCst) => Answer::html(502),
        "/auth/v1/token" if seen.query.contains("password") => {
            Answer::json(200, &session(50, HOUR))
        }
        "/auth/v1/token" => renewing(seen),
        _ => logged_out(),
    })
    .await
}

#[tokio::test]
async fn a_sign_out_without_a_server_is_told_once_it_answers_also_after_a_restart() {
    let up = Arc::new(AtomicBool::new(false));
    let server = reachable(&up).await;
    let store = store_with(1);
    let tokens = open(&server, &store).await;
    let error = tokens.sign_out(Scope::Local).await.unwrap_err();
    assert!(matches!(error.class(), Class::Transient { .. }));
    assert!(!format!("{error} {error:?} {tokens:?}").contains("r1"));
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
    assert_eq!(store.load().unwrap(), None);
    assert_eq!(waiting(&store), ["r1"]);

    up.store(true, Ordering::SeqCst);
    let tokens = open(&server, &store).await;
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
    let telling = telling(&tokens);
    until(&store, &[]).await;
    let calls = calls(&server);
    assert_eq!(
        calls,
        [
            call("token", "r1"),
            call("token", "r1"),
            call("logout", "Bearer a2")
        ]
    );
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
    assert!(tokens.subscribe().borrow().is_none());
    telling.abort();
}

#[tokio::test]
async fn what_is_told_at_once_leaves_nothing_behind() {
    let up = Arc::new(AtomicBool::new(true));
    let server = reachable(&up).await;
    let store = store_with(1);
    let tokens = open(&server, &store).await;
    tokens.access_token().await.unwrap();
    tokens.sign_out(Scope::Local).await.unwrap();
    assert_eq!(waiting(&store), [""; 0]);
    // Nor does a session that was opened for nothing.
    let opened = server.auth().sign_in_password("a", &"pw".into()).await;
    tokens.dismiss(opened.unwrap()).await;
    assert_eq!(waiting(&store), [""; 0]);
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
    let calls = calls_but_sign_in(&server);
    assert_eq!(
        calls,
        [
            call("token", "r1"),
            call("logout", "Bearer a2"),
            call("logout", "Bearer a50")
        ]
    );
}

fn calls_but_sign_in(server: &Server) -> Vec<(String, String)> {
    let seen = server.seen();
    let seen = seen.iter().filter(|seen| !seen.query.contains("password"));
    seen.map(said).collect()
}

#[tokio::test]
async fn attempts_grow_rare_and_a_network_that_is_back_is_used_at_once() {
    let up = Arc::new(AtomicBool::new(false));
    let server = reachable(&up).await;
    let store = store_with(1);
    let tokens = open(&server, &store).await;
    tokens.sign_out(Scope::Local).await.unwrap_err();
    let telling = telling(&tokens);
    server.until(2).await;
    // The bound doubles: a minute, two, four, eight, then a quarter of an hour.
    let bounds = [1, 2, 4, 8, 15, 15].map(Duration::from_mins);
    for (attempts, bound) in (2..).zip(bounds) {
        let step = bound / 60;
        let mut passed = Duration::ZERO;
        while server.seen().len() == attempts {
            pass(step).await;
            passed += step;
            settled().await;
        }
        assert_eq!(server.seen().len(), attempts + 1);
        // Some steps may pass before an answer is taken in.
        let expected = bound / 2..=bound + 10 * step;
        assert!(expected.contains(&passed), "{passed:?} of {bound:?}");
    }
    settled().await;
    up.store(true, Ordering::SeqCst);
    assert_eq!(waiting(&store), ["r1"]);
    tokens.tell_sign_outs_now();
    until(&store, &[]).await;
    telling.abort();
}

/// Lets everybody do what they can without more time.
async fn settled() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_token_bought_on_the_way_is_kept_before_it_is_used() {
    let refuses = Arc::new(AtomicBool::new(true));
    let flag = refuses.clone();
    let server = Server::start(move |seen| match seen.path.as_str() {
        "/auth/v1/token" => renewing(seen),
        _ if flag.load(Ordering::SeqCst) => Answer::html(503),
        _ => logged_out(),
    })
    .await;
    let store = store_with(1);
    let tokens = open(&server, &store).await;
    tokens.sign_out(Scope::Local).await.unwrap_err();
    assert_eq!(waiting(&store), ["r2"]);
    refuses.store(false, Ordering::SeqCst);
    let telling = telling(&tokens);
    until(&store, &[]).await;
    let told: Vec<_> = calls(&server).split_off(2);
    assert_eq!(told, [call("token", "r2"), call("logout", "Bearer a3")]);
    telling.abort();
}

#[tokio::test]
async fn what_the_server_refuses_or_nobody_wants_any_more_is_dropped() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/auth/v1/token" if shown(seen) == 1 => {
            let code = "refresh_token_not_found";
            Answer::json(400, &json!({"code": code, "message": "x"}))
        }
        "/auth/v1/token" => renewing(seen),
        _ => Answer::json(403, &json!({"code": "session_not_found", "message": "x"})),
    })
    .await;
    let store = Arc::new(MemoryStore::new());
    let month = UntoldSignOut::LIFETIME.as_secs();
    let list = [
        untold("r1", now()),
        untold("r5", now() - month),
        untold("r7", now()),
    ];
    store.save_untold(&list).unwrap();
    let telling = telling(&open(&server, &store).await);
    until(&store, &[]).await;
    assert_eq!(
        calls(&server),
        [
            call("token", "r1"),
            call("token", "r7"),
            call("logout", "Bearer a8")
        ]
    );
    telling.abort();
}

#[tokio::test]
async fn whoever_signs_in_meanwhile_is_not_disturbed() {
    let up = Arc::new(AtomicBool::new(false));
    let server = reachable(&up).await;
    let store = store_with(1);
    let tokens = open(&server, &store).await;
    tokens.sign_out(Scope::Local).await.unwrap_err();
    let telling = telling(&tokens);
    server.until(2).await;
    up.store(true, Ordering::SeqCst);
    // Signing in shows that the server answers.
    tokens.sign_in_password("a", &"pw".into()).await.unwrap();
    let mut states = tokens.state();
    let mut told = tokens.subscribe();
    states.mark_unchanged();
    told.mark_unchanged();
    until(&store, &[]).await;
    assert!(!states.has_changed().unwrap() && !told.has_changed().unwrap());
    assert_eq!(store.load().unwrap(), Some(kept(50)));
    assert_eq!(tokens.access_token().await.unwrap(), "a50");
    telling.abort();
}

#[tokio::test]
async fn a_token_that_names_no_session_ends_none() {
    let claims = |claims: &serde_json::Value| {
        Secret::new(format!(
            "x.{}.y",
            URL_SAFE_NO_PAD.encode(claims.to_string())
        ))
    };
    let nameless = claims(&json!({"sub": "alice"})).expose().to_owned();
    let server = Server::start(move |_| {
        let mut body = session(2, HOUR);
        body["access_token"] = json!(nameless);
        Answer::json(200, &body)
    })
    .await;
    let store = Arc::new(MemoryStore::new());
    store.save_untold(&[untold("r1", now())]).unwrap();
    let telling = telling(&open(&server, &store).await);
    until(&store, &[]).await;
    // It would end every session of the user, the next one on this device included.
    assert_eq!(calls(&server), [call("token", "r1")]);
    telling.abort();
}

#[tokio::test]
async fn no_more_are_kept_than_somebody_may_need() {
    let server = Server::start(|_| Answer::html(502)).await;
    let store = Arc::new(MemoryStore::new());
    for n in 1..=10 {
        store.save(&kept(n)).unwrap();
        let tokens = open(&server, &store).await;
        tokens.sign_out(Scope::Local).await.unwrap_err();
    }
    let newest: Vec<_> = (3..=10).map(|n| format!("r{n}")).collect();
    assert_eq!(waiting(&store), newest);
}
