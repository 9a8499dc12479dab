//! Starting and stopping.

use std::fmt::Debug;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use axum::{Router, middleware};
use serde::Serialize;
use thiserror::Error;
use tidings_model::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

use crate::auth::keys::Keys;
use crate::door::Door;
use crate::hooks::Hooks;
use crate::options::{Options, Secret, Secrets};
use crate::state::AppState;
use crate::store::{Store, StoreError};
use crate::{auth, gateway, hooks, realtime, rest, storage, workspace};

/// How long open requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Why the server could not start.
#[derive(Debug, Error)]
pub enum LocalError {
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
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a client needs to know of a running server.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// `sb_publishable_…`
    pub publishable_key: Secret,
    /// The legacy JWT of the role `anon`.
    pub anon_key: Secret,
    /// The service role's key.
    pub service_role_key: Secret,
    /// The secret of all tokens.
    pub jwt_secret: Secret,
    /// Whether the prices are made up by this server, which the UI must say.
    #[serde(skip)]
    pub simulated_prices: bool,
}

/// A running server; stops when it is dropped.
pub struct LocalServer {
    state: AppState,
    simulated_prices: bool,
    serving: Option<JoinHandle<()>>,
}

impl LocalServer {
    /// Opens the rows and starts to listen.
    pub async fn start(options: Options) -> Result<Self, LocalError> {
        let listen = options.listen;
        if !listen.ip().is_loopback() {
            return Err(LocalError::NotLoopback(listen));
        }
        let refused = |source| LocalError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let server = Self::start_on(listener, address, options).await?;
        tracing::info!(%address, "the local server listens");
        Ok(server)
    }

    /// Opens the rows for clients of this process alone, which come through the door. The
    /// address in `options` is its name, and is not listened on.
    pub async fn start_behind_door(options: Options) -> Result<(Self, Door), LocalError> {
        let (door, arrivals) = Door::new();
        let name = options.listen;
        Ok((Self::start_on(arrivals, name, options).await?, door))
    }

    async fn start_on<L>(
        listener: L,
        address: SocketAddr,
        options: Options,
    ) -> Result<Self, LocalError>
    where
        L: Listener<Addr: Debug>,
    {
        let Options {
            location,
            listen: _,
            secrets,
            database_key,
            behaviour,
            workspace,
            clock,
            locale,
        } = options;
        let hooks = Arc::new(Hooks::new(clock, behaviour.auth.token_lifetime));
        let parts = workspace.parts;
        let opening: Arc<dyn Clock> = Arc::<Hooks>::clone(&hooks);
        let store = tokio::task::spawn_blocking(move || {
            Store::open(&location, database_key.as_ref(), parts, opening)
        })
        .await
        .map_err(|_| StoreError::Closed)??;
        let keys = Keys::new(secrets.unwrap_or_else(Secrets::generate));
        let state = AppState::new(store, keys, behaviour, hooks, format!("http://{address}"));
        realtime::start(&state);
        workspace::start(&state, workspace, locale).await?;
        let serving = tokio::spawn(serve(listener, state.clone()));
        Ok(Self {
            state,
            simulated_prices: workspace.simulated_prices.is_some(),
            serving: Some(serving),
        })
    }

    /// Address and keys.
    pub fn info(&self) -> Info {
        let keys = self.state.keys();
        Info {
            url: self.state.url().to_owned(),
            publishable_key: Secret::new(keys.publishable_key()),
            anon_key: Secret::new(keys.anon_key()),
            service_role_key: Secret::new(keys.service_role_key()),
            jwt_secret: Secret::new(keys.jwt_secret()),
            simulated_prices: self.simulated_prices,
        }
    }

    /// Signs the workspace's one user in without a form; creates the user at first.
    pub async fn sign_in(&self) -> Result<auth::Session, LocalError> {
        Ok(workspace::sign_in(&self.state).await?)
    }

    /// Takes in what was exported.
    pub fn archive(&self) -> workspace::archive::Archive {
        workspace::archive::Archive::new(self.state.clone())
    }

    /// The shared state: rows, keys, clock.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Makes Realtime misbehave, for tests.
    pub fn faults(&self) -> realtime::Faults {
        realtime::Faults::new(Arc::clone(self.state.realtime()))
    }

    /// Stops listening, waits until open requests have ended (two seconds at most), and
    /// closes the database.
    pub async fn stop(mut self) {
        self.state.shutdown().cancel();
        if let Some(serving) = self.serving.take()
            && let Err(error) = serving.await
        {
            tracing::error!(%error, "the local server ended badly");
        }
        if timeout(GRACE, self.state.store().close()).await.is_err() {
            tracing::warn!("the database of the local server is still busy");
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.state.shutdown().cancel();
    }
}

/// Answers whoever comes, until the server stops.
async fn serve<L>(listener: L, state: AppState)
where
    L: Listener<Addr: Debug>,
{
    let router = Router::new()
        .merge(realtime::routes())
        .merge(rest::routes(&state))
        .merge(storage::routes(&state))
        .merge(auth::routes(&state))
        .merge(hooks::routes(&state))
        .fallback(gateway::not_found)
        .layer(middleware::from_fn_with_state(
            state.clone(),
            gateway::guard,
        ))
        .with_state(state.clone());
    let stop = state.shutdown().clone();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    tokio::pin!(server);
    tokio::select! {
        result = &mut server => {
            if let Err(error) = result {
                tracing::error!(%error, "the local server ended");
            }
        }
        () = stop.cancelled() => {
            // Whoever is not done by then is cut off.
            let _ = timeout(GRACE, &mut server).await;
        }
    }
}
