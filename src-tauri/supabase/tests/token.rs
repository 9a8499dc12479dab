//! The life of a session, against a real HTTP server; the clock is tokio's, moved by hand.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::{Answer, HOUR, Server, kept, renewing, session, shown, store_with, within};
use serde_json::json;
use tidings_supabase::{
    AuthState, Error, MemoryStore, Secret, SessionStore, StoreError, StoredSession, TokenManager,
    Turn, UntoldSignOut,
};
use tokio::sync::Notify;

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
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
            email,
            name: None,
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
    fn untold(&self) -> Result<Vec<UntoldSignOut>, StoreError> {
        self.inner.untold()
    }
    fn save_untold(&self, list: &[UntoldSignOut]) -> Result<(), StoreError> {
        self.inner.save_untold(list)
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
    // The service names no time: a minute at least, and ever longer, not by all at once.
    let mut waits = Vec::new();
    for round in 1..=5 {
        let error = tokens.access_token().await.unwrap_err();
        let wait = error.retry_after().unwrap();
        waits.push(wait);
        pass(wait.saturating_sub(Duration::from_secs(1))).await;
        let left = tokens.access_token().await.unwrap_err();
        assert!(
            left.retry_after().unwrap() < Duration::from_secs(2),
            "{left:?}"
        );
        assert_eq!(server.seen().len(), round);
        pass(Duration::from_secs(2)).await;
    }
    assert!(waits[0] >= Duration::from_secs(59), "{waits:?}");
    assert!(waits[4] >= Duration::from_mins(4), "{waits:?}");
    limited.store(false, Ordering::SeqCst);
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
async fn a_renewal_that_fails_is_tried_again_within_seconds_without_being_asked() {
    let asked = AtomicU32::new(0);
    let server = Server::start(move |seen| match asked.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Answer::html(503),
        _ => renewing(seen),
    })
    .await;
    let store = store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let mut fresh = tokens.subscribe();
    let keeper = tokio::spawn(async move { tokens.keep_fresh().await });
    let renewed = within(fresh.wait_for(Option::is_some)).await.unwrap();
    assert_eq!(renewed.as_ref().map(Secret::expose), Some("a2"));
    drop(renewed);
    keeper.abort();
    let shown: Vec<u32> = server.seen().iter().map(shown).collect();
    assert_eq!(shown, [1, 1, 1]);
}

/// What two processes share: what is kept, and a file to take turns by.
struct SharedStore {
    inner: Arc<MemoryStore>,
    file: std::path::PathBuf,
    asked: Arc<Notify>,
}

impl SessionStore for SharedStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        self.inner.load()
    }
    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.inner.save(session)
    }
    fn clear(&self) -> Result<(), StoreError> {
        self.inner.clear()
    }
    fn untold(&self) -> Result<Vec<UntoldSignOut>, StoreError> {
        self.inner.untold()
    }
    fn save_untold(&self, list: &[UntoldSignOut]) -> Result<(), StoreError> {
        self.inner.save_untold(list)
    }
    fn turn(&self) -> Result<Turn, StoreError> {
        let file = std::fs::File::create(&self.file).unwrap();
        self.asked.notify_one();
        file.lock().unwrap();
        Ok(Box::new(file))
    }
}

#[tokio::test]
async fn two_processes_renew_in_turn_and_no_refresh_token_is_shown_twice() {
    let gate = Arc::new(Notify::new());
    let held = gate.clone();
    let server = Server::start(move |seen| match shown(seen) {
        1 => renewing(seen).after(&held),
        _ => renewing(seen),
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let (kept_by_both, asked) = (store_with(1), Arc::new(Notify::new()));
    let process = async || {
        let store = SharedStore {
            inner: kept_by_both.clone(),
            file: directory.path().join("lock"),
            asked: asked.clone(),
        };
        TokenManager::open(server.auth(), Arc::new(store))
            .await
            .unwrap()
    };
    let (one, other) = (process().await, process().await);
    let first = tokio::spawn(async move { one.access_token().await });
    within(asked.notified()).await;
    within(server.until(1)).await;
    let second = tokio::spawn(async move { other.access_token().await });
    within(asked.notified()).await;
    gate.notify_one();
    assert_eq!(within(first).await.unwrap().unwrap(), "a2");
    assert_eq!(within(second).await.unwrap().unwrap(), "a3");
    let shown: Vec<u32> = server.seen().iter().map(shown).collect();
    assert_eq!(shown, [1, 2]);
    assert_eq!(kept_by_both.load().unwrap(), Some(kept(3)));
}

#[tokio::test]
async fn a_token_that_is_not_kept_yet_is_not_given_up_for_an_older_one() {
    let server = Server::start(renewing).await;
    let store = Arc::new(FailingStore::default());
    store.inner.save(&kept(1)).unwrap();
    store.failures.store(1, Ordering::SeqCst);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    assert_eq!(tokens.access_token().await.unwrap(), "a2");
    assert_eq!(store.load().unwrap(), Some(kept(1)));
    assert_eq!(tokens.renew("a2").await.unwrap(), "a3");
    let shown: Vec<u32> = server.seen().iter().map(shown).collect();
    assert_eq!(shown, [1, 2]);
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
    fn untold(&self) -> Result<Vec<UntoldSignOut>, StoreError> {
        self.inner.untold()
    }
    fn save_untold(&self, list: &[UntoldSignOut]) -> Result<(), StoreError> {
        self.inner.save_untold(list)
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
