//! What every route shares.

use std::sync::Arc;

use tidings_model::Clock;
use tokio_util::sync::CancellationToken;

use crate::auth::{Claims, TokenError, keys::Keys, token};
use crate::hooks::Hooks;
use crate::options::Behaviour;
use crate::realtime::Hub;
use crate::store::Store;

/// The server's shared state; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Keys,
    behaviour: Behaviour,
    hooks: Arc<Hooks>,
    url: String,
    shutdown: CancellationToken,
    realtime: Arc<Hub>,
}

impl AppState {
    pub(crate) fn new(
        store: Store,
        keys: Keys,
        behaviour: Behaviour,
        hooks: Arc<Hooks>,
        url: String,
    ) -> Self {
        let realtime = Hub::new(behaviour.realtime.clone());
        Self(Arc::new(Inner {
            store,
            keys,
            behaviour,
            hooks,
            url,
            shutdown: CancellationToken::new(),
            realtime,
        }))
    }

    /// The rows.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The keys and the token secret.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// What is switched how.
    pub fn behaviour(&self) -> &Behaviour {
        &self.0.behaviour
    }

    /// Tells the time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.hooks
    }

    /// What tests may change while the server runs.
    pub fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    /// The address of the server, without a path.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The channels.
    pub(crate) fn realtime(&self) -> &Arc<Hub> {
        &self.0.realtime
    }

    /// Cancelled when the server stops; long-lived tasks end with it.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Checks a user's token: signature, expiry, and that `role` and `exp` are there.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        token::verify(self.keys().jwt_secret(), token, self.clock().now())
    }
}
