//! The Realtime half: WebSocket channels, row changes, broadcast and presence.

use axum::Router;

use crate::state::AppState;

/// Realtime behaviours that can be switched.
#[derive(Debug, Clone, Default)]
pub struct RealtimeBehaviour {}

/// The routes of the Realtime half, paths as the public gateway shows them.
pub fn routes() -> Router<AppState> {
    Router::new()
}
