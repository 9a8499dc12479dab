//! Keeps the account's session in the key store.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tidings_supabase::{SessionStore, StoreError, StoredSession, Turn, UntoldSignOut};

use crate::secrets::Scoped;

const NAME: &str = "session";
const UNTOLD: &str = "untold-sign-outs";

/// Names of the secrets about who is, or was, signed in.
pub(crate) const SECRETS: [&str; 2] = [NAME, UNTOLD];

/// Beside the cache, so that every process that uses the workspace finds the same file.
const TURN_FILE: &str = "session.lock";
/// A process that has its turn for longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The session of one workspace, among its secrets.
pub(crate) struct SecretStore {
    secrets: Scoped,
    turn: PathBuf,
}

impl SecretStore {
    /// The session of the workspace in that directory.
    pub fn new(secrets: Scoped, directory: &Path) -> Self {
        Self {
            secrets,
            turn: directory.join(TURN_FILE),
        }
    }
}

impl SessionStore for SecretStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        match self.secrets.get(NAME).map_err(told)? {
            Some(text) => StoredSession::from_json(&text).map(Some),
            None => Ok(None),
        }
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        self.secrets
            .set(NAME, session.to_json().expose())
            .map_err(told)
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.secrets.delete(NAME).map_err(told)
    }

    fn untold(&self) -> Result<Vec<UntoldSignOut>, StoreError> {
        let kept = self.secrets.get(UNTOLD).map_err(told)?;
        Ok(kept.map_or_else(Vec::new, |text| UntoldSignOut::from_json(&text)))
    }

    fn save_untold(&self, list: &[UntoldSignOut]) -> Result<(), StoreError> {
        let saved = if list.is_empty() {
            self.secrets.delete(UNTOLD)
        } else {
            let text = UntoldSignOut::to_json(list);
            self.secrets.set(UNTOLD, text.expose())
        };
        saved.map_err(told)
    }

    fn turn(&self) -> Result<Turn, StoreError> {
        if !self.secrets.durable() {
            return Ok(Box::new(()));
        }
        let file = File::create(&self.turn).map_err(|error| StoreError::new(error.to_string()))?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Box::new(file)),
                Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(error) => return Err(StoreError::new(error.to_string())),
            }
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn told(error: crate::secrets::SecretsError) -> StoreError {
    StoreError::new(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::{Arc, mpsc};

    use tidings_model::WorkspaceId;
    use zeroize::Zeroizing;

    use super::*;
    use crate::secrets::{Secrets, SecretsError};

    /// Outlives the program, as far as it says.
    struct Lasting;

    impl Secrets for Lasting {
        fn get(&self, _: &str) -> Result<Option<Zeroizing<String>>, SecretsError> {
            Ok(None)
        }
        fn set(&self, _: &str, _: &str) -> Result<(), SecretsError> {
            Ok(())
        }
        fn delete(&self, _: &str) -> Result<(), SecretsError> {
            Ok(())
        }
        fn durable(&self) -> bool {
            true
        }
    }

    #[test]
    fn one_process_has_its_turn_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let id = WorkspaceId::mint();
        let store = || SecretStore::new(Scoped::new(Arc::new(Lasting), id), directory.path());
        let (here, there) = (store(), store());
        let turn = here.turn().unwrap();
        let (told, got) = mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let turn = there.turn();
            told.send(()).unwrap();
            turn.is_ok()
        });
        assert!(got.try_recv().is_err());
        drop(turn);
        got.recv_timeout(PATIENCE).unwrap();
        assert!(waiting.join().unwrap());
    }
}
