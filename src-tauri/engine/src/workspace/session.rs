//! Keeps the account's session in the key store.

use tidings_supabase::{SessionStore, StoreError, StoredSession};

use crate::secrets::Scoped;

const NAME: &str = "session";

/// The session of one workspace, among its secrets.
pub(crate) struct SecretStore(pub Scoped);

impl SessionStore for SecretStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        match self.0.get(NAME).map_err(told)? {
            Some(text) => StoredSession::from_json(&text).map(Some),
            None => Ok(None),
        }
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.0.set(NAME, session.to_json().expose()).map_err(told)
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.0.delete(NAME).map_err(told)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn told(error: crate::secrets::SecretsError) -> StoreError {
    StoreError::new(error.to_string())
}
