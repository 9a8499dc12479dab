//! Where secrets are kept: the operating system's key store, or memory for the session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;
use zeroize::Zeroizing;

/// The key store could not be used.
#[derive(Debug, Clone, Error)]
#[error("the system's key store did not answer: {0}")]
pub struct SecretsError(pub String);

/// Keeps secrets by name. The calls may block: make them on a thread of their own.
pub trait Secrets: Send + Sync + 'static {
    /// The secret of that name.
    fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, SecretsError>;
    /// Keeps or replaces it.
    fn set(&self, name: &str, value: &str) -> Result<(), SecretsError>;
    /// Forgets it.
    fn delete(&self, name: &str) -> Result<(), SecretsError>;
    /// Whether what is kept outlives the program.
    fn durable(&self) -> bool;
}

/// Keeps secrets as long as the program runs.
#[derive(Default)]
pub struct MemorySecrets(Mutex<HashMap<String, Zeroizing<String>>>);

impl Secrets for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, SecretsError> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned())
    }

    fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(name.to_owned(), Zeroizing::new(value.to_owned()));
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        Ok(())
    }

    fn durable(&self) -> bool {
        false
    }
}

/// The operating system's key store (Secret Service, Keychain, Credential Manager).
pub struct KeyringSecrets {
    service: String,
}

impl KeyringSecrets {
    /// Opens the store and tries it, because a store that is installed but locked or not
    /// running fails only on use.
    pub fn open(service: &str) -> Result<Self, SecretsError> {
        if let Err(error) = keyring::Entry::store_status() {
            return Err(SecretsError(error.to_string()));
        }
        let store = Self {
            service: service.to_owned(),
        };
        store.set("probe", "tidings")?;
        store.delete("probe")?;
        Ok(store)
    }

    fn entry(&self, name: &str) -> Result<keyring::Entry, SecretsError> {
        keyring::Entry::new(&self.service, name).map_err(|error| refused(&error))
    }
}

impl Secrets for KeyringSecrets {
    fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, SecretsError> {
        match self.entry(name)?.get_password() {
            Ok(value) => Ok(Some(Zeroizing::new(value))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        self.entry(name)?
            .set_password(value)
            .map_err(|error| refused(&error))
    }

    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(refused(&error)),
        }
    }

    fn durable(&self) -> bool {
        true
    }
}

fn refused(error: &keyring::Error) -> SecretsError {
    SecretsError(error.to_string())
}

/// The system's key store if it works, else memory.
///
/// Blocks, and must not be called on a thread of the async runtime: the Secret Service
/// client starts a runtime of its own.
pub fn best_available(service: &str) -> Arc<dyn Secrets> {
    match KeyringSecrets::open(service) {
        Ok(store) => Arc::new(store),
        Err(error) => {
            tracing::warn!(%error, "secrets live in memory until the program ends");
            Arc::new(MemorySecrets::default())
        }
    }
}

/// Runs a call that may block on the system's key store on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SecretsError> + Send + 'static,
) -> Result<T, SecretsError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(SecretsError(format!("the call did not finish: {error}"))))
}

/// The secrets of one workspace, each name with the workspace's id before it.
#[derive(Clone)]
pub(crate) struct Scoped {
    secrets: Arc<dyn Secrets>,
    prefix: String,
}

impl Scoped {
    /// Secrets whose names begin with `workspace/<id>/`.
    pub fn new(secrets: Arc<dyn Secrets>, workspace: tidings_model::WorkspaceId) -> Self {
        Self {
            secrets,
            prefix: format!("workspace/{workspace}/"),
        }
    }

    /// The secret of that name; blocks.
    pub fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, SecretsError> {
        self.secrets.get(&self.full(name))
    }

    /// Keeps or replaces it; blocks.
    pub fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        self.secrets.set(&self.full(name), value)
    }

    /// Forgets it; blocks.
    pub fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.secrets.delete(&self.full(name))
    }

    /// Whether what is kept outlives the program.
    pub fn durable(&self) -> bool {
        self.secrets.durable()
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}
