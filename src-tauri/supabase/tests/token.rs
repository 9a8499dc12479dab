//! The life of a session, against a real HTTP server; the clock is tokio's, moved by hand.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::{Answer, Seen, Server, session, shown};
use serde_json::json;
use tidings_supabase::{
    AuthState, Class, Error, MemoryStore, Scope, Secret, SessionStore, StoreError, StoredSession,
    TokenManager, User,
};
use tokio::sync::Notify;

const HOUR: u64 = 3600;

fn kept(n: u32) -> StoredSession {
    let user = User {
        id: "alice".to_owned(),
        email: Some("alice@example.org".to_owned()),
    };
    StoredSession {
        refresh_token: Secret::new(format!("r{n}")),
        user,
    }
}

fn store_with(n: u32) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    store.save(&kept(n)).unwrap();
    Arc::new(store)
}

/// A server that renews `r<n>` to `r<n+1>`.
fn renewing(seen: &Seen) -> Answer {
    Answer::json(200, &session(shown(seen) + 1, HOUR))
}

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("in time")
}

#[tokio::test]
async fn a_kept_session_is_known_without_a_network_and_renewed_when_first_needed() {
    let server = Server::start(renewing).await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let state = tokens.state().borrow().clone();
    let email = Some("alice@example.org".to_owned());
    assert_eq!(
        state,
        AuthState::SignedIn {
            user_id: "alice".to_owned(),
            email
        }
    );
    assert!(server.seen().is_empty());
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
    assert_eq!(server.seen().len(), 1);
    assert_eq!(store.load().unwrap(), Some(kept(2)));
}

#[tokio::test]
async fn many_callers_share_one_renewal() {
    let server = Server::start(renewing).await;
    let tokens = TokenManager::open(server.auth(), store_with(1))
        .await
        .unwrap();
    let callers: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn({
                let tokens = tokens.clone();
                async move { tokens.access_token().await }
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "a2");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_time_while_the_old_one_is_used() {
    let server = Server::start(renewing).await;
    let tokens = TokenManager::open(server.auth(), store_with(1))
        .await
        .unwrap();
    tokens.access_token().await.unwrap();
    pass(Duration::from_secs(HOUR - 91)).await;
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
    assert_eq!(server.seen().len(), 1, "not due 91 s before the end");
    pass(Duration::from_secs(32)).await;
    let mut seen = tokens.subscribe();
    assert_eq!(
        tokens.access_token().await.unwrap(),
        "a2",
        "due, and still good"
    );
    within(seen.wait_for(|token| token.as_ref().is_some_and(|t| t.expose() == "a3")))
        .await
        .unwrap();
    assert_eq!(tokens.access_token().await.unwrap(), "a3");
    pass(Duration::from_secs(2 * HOUR)).await;
    assert_eq!(
        tokens.access_token().await.unwrap(),
        "a4",
        "over: waited for"
    );
}

#[tokio::test]
async fn a_wall_clock_far_off_makes_no_token_look_old() {
    // `expires_at` is 1 second after 1970: only `expires_in` counts.
    let server = Server::start(renewing).await;
    let tokens = TokenManager::open(server.auth(), store_with(1))
        .await
        .unwrap();
    for _ in 0..3 {
        assert_eq!(tokens.access_token().await.unwrap(), "a2");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn sockets_are_told_of_new_tokens_without_asking() {
    let server = Server::start(renewing).await;
    let tokens = TokenManager::open(server.auth(), store_with(1))
        .await
        .unwrap();
    let mut told = tokens.subscribe();
    let keeper = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.keep_fresh().await }
    });
    let mut next = async |token: &str| {
        within(told.wait_for(|t| t.as_ref().is_some_and(|t| t.expose() == token)))
            .await
            .unwrap();
    };
    next("a2").await;
    pass(Duration::from_secs(HOUR - 59)).await;
    next("a3").await;
    keeper.abort();
}

/// Saving blocks until the test lets it go, as a keyring's prompt would.
struct SlowStore {
    inner: MemoryStore,
    asked: mpsc::Sender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl SessionStore for SlowStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        self.inner.load()
    }
    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.asked.send(()).unwrap();
        self.go
            .lock()
            .unwrap()
            .recv_timeout(Duration::from_secs(10))
            .unwrap();
        self.inner.save(session)
    }
    fn clear(&self) -> Result<(), StoreError> {
        self.inner.clear()
    }
}

#[tokio::test]
async fn no_token_is_handed_out_before_its_successor_is_kept() {
    let server = Server::start(renewing).await;
    let ((asked, was_asked), (go, may_go)) = (mpsc::channel(), mpsc::channel());
    let inner = MemoryStore::new();
    inner.save(&kept(1)).unwrap();
    let store = Arc::new(SlowStore {
        inner,
        asked,
        go: Mutex::new(may_go),
    });
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let caller = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.access_token().await }
    });
    tokio::task::spawn_blocking(move || was_asked.recv_timeout(Duration::from_secs(10)).unwrap())
        .await
        .unwrap();
    assert!(!caller.is_finished() && tokens.subscribe().borrow().is_none());
    go.send(()).unwrap();
    assert_eq!(within(caller).await.unwrap().unwrap(), "a2");
    assert_eq!(store.load().unwrap(), Some(kept(2)));
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_lose_the_new_token() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let server = Server::start(move |seen| renewing(seen).after(&held)).await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let caller = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.access_token().await }
    });
    server.until(1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    let mut told = tokens.subscribe();
    gate.notify_one();
    within(told.wait_for(Option::is_some)).await.unwrap();
    assert_eq!(store.load().unwrap(), Some(kept(2)));
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
}

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
async fn a_limit_is_honoured_without_asking_again() {
    let limited = Arc::new(AtomicBool::new(true));
    let flag = limited.clone();
    let server = Server::start(move |seen| {
        if flag.load(Ordering::SeqCst) {
            Answer::json(
                429,
                &json!({"code": "over_request_rate_limit", "message": "x"}),
            )
        } else {
            renewing(seen)
        }
    })
    .await;
    let tokens = TokenManager::open(server.auth(), store_with(1))
        .await
        .unwrap();
    for _ in 0..3 {
        let minute = Class::Transient {
            retry_after: Some(Duration::from_mins(1)),
        };
        assert_eq!(tokens.access_token().await.unwrap_err().class(), minute);
    }
    assert_eq!(server.seen().len(), 1);
    limited.store(false, Ordering::SeqCst);
    pass(Duration::from_secs(61)).await;
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
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
async fn a_renewal_by_another_process_is_taken_over() {
    let server = Server::start(|seen| match shown(seen) {
        1 => Answer::json(
            400,
            &json!({"code": "refresh_token_already_used", "message": "x"}),
        ),
        _ => renewing(seen),
    })
    .await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    store.save(&kept(7)).unwrap();
    assert_eq!(tokens.access_token().await.unwrap(), "a8");
    assert_eq!(store.load().unwrap(), Some(kept(8)));
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

/// Refuses to save as often as told.
#[derive(Default)]
struct FailingStore {
    inner: MemoryStore,
    failures: AtomicU32,
    saved: Notify,
}

impl SessionStore for FailingStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        self.inner.load()
    }
    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        let fails = |left: u32| left.checked_sub(1);
        if self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails)
            .is_ok()
        {
            return Err(StoreError::new("the keyring is locked"));
        }
        self.inner.save(session)?;
        self.saved.notify_one();
        Ok(())
    }
    fn clear(&self) -> Result<(), StoreError> {
        self.inner.clear()
    }
}

#[tokio::test]
async fn a_locked_keyring_loses_no_session_and_is_tried_again() {
    let server = Server::start(renewing).await;
    let store = Arc::new(FailingStore::default());
    store.inner.save(&kept(1)).unwrap();
    store.failures.store(1, Ordering::SeqCst);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
    assert_eq!(store.load().unwrap(), Some(kept(1)));
    let keeper = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.keep_fresh().await }
    });
    within(store.saved.notified()).await;
    keeper.abort();
    assert_eq!(store.load().unwrap(), Some(kept(2)));
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_kept_is_no_sign_in() {
    let server = Server::start(|_| Answer::json(200, &session(1, HOUR))).await;
    let store = Arc::new(FailingStore::default());
    store.failures.store(1, Ordering::SeqCst);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let error = tokens
        .sign_in_password("a", &Secret::new("pw"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Store(_)));
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
    let user = tokens
        .sign_in_password("a", &Secret::new("pw"))
        .await
        .unwrap();
    assert_eq!(user.id, "alice");
    assert!(!format!("{tokens:?}").contains("a1"));
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
