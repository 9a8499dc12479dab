//! Starting and stopping.

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Router, middleware};
use rand::RngExt as _;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use tidings_engine::App;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_http::services::ServeDir;
use zeroize::Zeroizing;

use crate::desk::{Desk, Shared};
use crate::guard::{self, Guard};
use crate::socket;

/// The longest frame read; the longest command is a message of 20,000 characters.
const LONGEST_FRAME: usize = 4 * 1024 * 1024;
/// How long open requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Why the server could not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is reachable from outside this machine.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The window's configuration has no content security policy to take over.
    #[error("tauri.conf.json holds no content security policy")]
    NoPolicy,
}

/// A running server; stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    token: Zeroizing<String>,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Shop {
    app: App,
    desk: Shared,
    token: Arc<Zeroizing<String>>,
    stop: CancellationToken,
}

impl Server {
    /// Serves an engine, and the files of `ui`, on a loopback address. Port 0 takes a free one.
    pub async fn start(
        app: App,
        desk: Arc<Desk>,
        listen: SocketAddr,
        ui: &Path,
    ) -> Result<Self, ServeError> {
        if !listen.ip().is_loopback() {
            return Err(ServeError::NotLoopback(listen));
        }
        let refused = |source| ServeError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let guard = Arc::new(Guard::new(address.port()).ok_or(ServeError::NoPolicy)?);
        if !ui.join("index.html").is_file() {
            tracing::warn!(folder = %ui.display(), "there is no page to serve: the UI is not built");
        }
        let token = token();
        let stop = CancellationToken::new();
        let state = Shop {
            app,
            desk,
            token: Arc::new(token.clone()),
            stop: stop.clone(),
        };
        let router = Router::new()
            .route("/ws", get(connect))
            .fallback_service(ServeDir::new(ui))
            .layer(middleware::from_fn_with_state(guard, guard::guard))
            .with_state(state);
        let stopping = stop.clone();
        let serving = tokio::spawn(async move {
            let server = axum::serve(listener, router)
                .with_graceful_shutdown(stopping.clone().cancelled_owned())
                .into_future();
            tokio::pin!(server);
            tokio::select! {
                result = &mut server => {
                    if let Err(error) = result {
                        tracing::error!(%error, "the server ended");
                    }
                }
                () = stopping.cancelled() => {
                    // Whoever is not done by then is cut off.
                    let _ = tokio::time::timeout(GRACE, &mut server).await;
                }
            }
        });
        Ok(Self {
            address,
            token,
            stop,
            serving: Some(serving),
        })
    }

    /// The page, with the token that opens its socket.
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, *self.token)
    }

    /// The socket, with its token.
    pub fn ws(&self) -> String {
        format!("ws://{}/ws?token={}", self.address, *self.token)
    }

    /// The token alone.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says goodbye to every client and stops listening.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take()
            && let Err(error) = serving.await
        {
            tracing::error!(%error, "the server ended badly");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    token: String,
}

async fn connect(
    State(shop): State<Shop>,
    Query(given): Query<Given>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !bool::from(given.token.as_bytes().ct_eq(shop.token.as_bytes())) {
        return (StatusCode::UNAUTHORIZED, "The token is wrong or missing.").into_response();
    }
    upgrade
        .max_message_size(LONGEST_FRAME)
        .on_upgrade(move |socket| socket::run(socket, shop.app, shop.desk, shop.stop))
}

/// 32 random bytes in hexadecimal.
fn token() -> Zeroizing<String> {
    use std::fmt::Write as _;
    let bytes: [u8; 32] = rand::rng().random();
    let mut text = String::with_capacity(64);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Zeroizing::new(text)
}
