//! The Realtime half: WebSocket channels, row changes, broadcast and presence.
//!
//! It says what the recorded server says, in the same order; how slow and how strict it is
//! about it is switched by [`RealtimeBehaviour`].

mod access;
mod admission;
mod behaviour;
mod binding;
mod changes;
mod events;
mod faults;
mod filter;
mod http;
mod hub;
mod join;
mod outbox;
mod presence;
mod rate;
mod session;
mod socket;
mod token;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, post};

pub use behaviour::{Access, AccessRule, Plan, PrivateRule, RealtimeBehaviour};
pub use faults::{Faults, MostASecond};
pub(crate) use hub::Hub;

use crate::state::AppState;

/// Request bodies may be a little larger than the largest payload they carry.
const MAX_BODY_BYTES: usize = 6_000_000;

/// The routes of the Realtime half, paths as the public gateway shows them.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/realtime/v1/websocket", any(socket::handshake))
        .route("/socket/websocket", any(socket::handshake))
        .route("/realtime/v1/api/broadcast", post(http::batch))
        .route(
            "/realtime/v1/api/broadcast/{topic}/events/{event}",
            post(http::single),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// Starts to tell committed changes. To be called once, before anybody can connect.
pub(crate) fn start(state: &AppState) {
    let hub = Arc::clone(state.realtime());
    tokio::spawn(changes::tell_all(state.clone(), hub));
}
