//! What tests may change while the server runs: its clock, how long tokens live, and whether
//! REST and Storage have a limit that is reached.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde_json::json;
use tidings_model::{Clock, Timestamp};

use crate::auth::{AuthError, Role, session};
use crate::gateway;
use crate::state::AppState;

/// The adjustable parts.
pub struct Hooks {
    clock: Arc<dyn Clock>,
    offset_micros: AtomicI64,
    lifetime_seconds: AtomicU64,
    rest_limited: AtomicBool,
    rest_refused: AtomicU64,
    rest_watch: RwLock<Option<RestWatch>>,
}

/// Sees each request to REST and Storage, as its method and address; a status that it answers is the answer.
pub type RestWatch = Arc<dyn Fn(&Method, &Uri) -> Option<StatusCode> + Send + Sync>;

impl Hooks {
    pub(crate) fn new(clock: Arc<dyn Clock>, token_lifetime: Duration) -> Self {
        Self {
            clock,
            offset_micros: AtomicI64::new(0),
            lifetime_seconds: AtomicU64::new(token_lifetime.as_secs()),
            rest_limited: AtomicBool::new(false),
            rest_refused: AtomicU64::new(0),
            rest_watch: RwLock::new(None),
        }
    }

    /// Moves the server's clock by so many seconds against the one it was given.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.offset_micros
            .store(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }

    /// How long new access tokens live.
    pub fn token_lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_seconds.load(Ordering::SeqCst))
    }

    /// Whether REST and Storage answer 429 to everything, without a time, as a gateway does whose limit is
    /// reached.
    pub fn limit_rest(&self, limited: bool) {
        self.rest_limited.store(limited, Ordering::SeqCst);
    }

    /// Has somebody look at each request to REST and Storage, and answer it in its place.
    pub fn watch_rest(&self, watch: Option<RestWatch>) {
        *self
            .rest_watch
            .write()
            .unwrap_or_else(PoisonError::into_inner) = watch;
    }

    /// How many requests were refused for the limit.
    pub fn refused_by_limit(&self) -> u64 {
        self.rest_refused.load(Ordering::SeqCst)
    }

    /// Changes how long new access tokens live, in whole seconds.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.lifetime_seconds
            .store(lifetime.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for Hooks {
    fn now(&self) -> Timestamp {
        let offset = self.offset_micros.load(Ordering::SeqCst);
        Timestamp::from_micros(self.clock.now().as_micros().saturating_add(offset))
    }
}

/// Refuses what is asked for while it is limited.
pub(crate) async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let hooks = state.hooks();
    let watch = hooks.rest_watch.read();
    let watch = watch.unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(status) = watch.and_then(|watch| watch(request.method(), request.uri())) {
        return (status, Json(json!({"message": "refused by a test"}))).into_response();
    }
    if !hooks.rest_limited.load(Ordering::SeqCst) {
        return next.run(request).await;
    }
    hooks.rest_refused.fetch_add(1, Ordering::SeqCst);
    let told = json!({"message": "API rate limit exceeded"});
    (StatusCode::TOO_MANY_REQUESTS, Json(told)).into_response()
}

#[derive(Deserialize)]
struct Seconds {
    seconds: i64,
}

/// The same over HTTP, for the service key: `POST /_test/clock` and
/// `POST /_test/token-lifetime` with `{"seconds": n}`, `POST /_test/users/{id}/end-sessions`.
pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    if !state.behaviour().test_hooks {
        return Router::new();
    }
    Router::new()
        .route("/_test/clock", post(clock))
        .route("/_test/token-lifetime", post(lifetime))
        .route("/_test/users/{id}/end-sessions", post(end_sessions))
        .layer(middleware::from_fn_with_state(state.clone(), service_only))
}

async fn service_only(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    match gateway::caller(&state, request.headers(), query) {
        Ok(caller) if caller.key.role == Role::ServiceRole => next.run(request).await,
        Ok(_) => StatusCode::FORBIDDEN.into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn clock(State(state): State<AppState>, Json(given): Json<Seconds>) -> StatusCode {
    state.hooks().set_clock_offset(given.seconds);
    StatusCode::NO_CONTENT
}

async fn lifetime(State(state): State<AppState>, Json(given): Json<Seconds>) -> StatusCode {
    let Ok(seconds) = u64::try_from(given.seconds) else {
        return StatusCode::UNPROCESSABLE_ENTITY;
    };
    state
        .hooks()
        .set_token_lifetime(Duration::from_secs(seconds));
    StatusCode::NO_CONTENT
}

async fn end_sessions(State(state): State<AppState>, Path(user): Path<String>) -> StatusCode {
    let ended = state
        .store()
        .write(move |tx| Ok::<_, AuthError>(session::end_all(tx.connection(), &user, None)?))
        .await;
    match ended {
        Ok(0) => StatusCode::NOT_FOUND,
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
