//! The passphrase: Argon2id, off the runtime, beside the other secrets.

use std::path::Path;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::{EngineError, Result};
use crate::secrets::{self, Secrets, SecretsError};

/// What the name of what checks it begins with, among the secrets. Each data directory has its own.
const NAME: &str = "lock/passphrase";
/// The fewest characters it has.
const LEAST: usize = 6;
/// The most.
const MOST: usize = 256;
/// Memory in KiB, passes and lanes: what OWASP advises for Argon2id at the least.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Keeps what checks the passphrase (a PHC string), never the passphrase itself.
#[derive(Clone)]
pub(crate) struct Passphrase {
    secrets: Arc<dyn Secrets>,
    name: String,
}

/// What came of a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    Right,
    Wrong,
    /// There is nothing to check it against, or nothing that can be read.
    Lost,
}

impl Passphrase {
    /// The one of a data directory.
    pub fn of(directory: &Path, secrets: Arc<dyn Secrets>) -> Self {
        let whole = directory.canonicalize();
        let path = whole.as_deref().unwrap_or(directory).as_os_str();
        let path = URL_SAFE_NO_PAD.encode(path.as_encoded_bytes());
        Self::named(format!("{NAME}/{path}"), secrets)
    }

    /// The one under a name.
    pub fn named(name: String, secrets: Arc<dyn Secrets>) -> Self {
        Self { secrets, name }
    }

    /// Its name among the secrets.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it outlives the program.
    pub fn durable(&self) -> bool {
        self.secrets.durable()
    }

    /// Whether one is set.
    pub async fn is_set(&self) -> Result<bool, SecretsError> {
        let Self { secrets, name } = self.clone();
        secrets::blocking(move || secrets.get(&name).map(|kept| kept.is_some())).await
    }

    /// Looks at one.
    pub async fn check(&self, given: Zeroizing<String>) -> Result<Checked, SecretsError> {
        let Self { secrets, name } = self.clone();
        secrets::blocking(move || {
            let Some(kept) = secrets.get(&name)? else {
                return Ok(Checked::Lost);
            };
            Ok(
                match argon()?.verify_password(given.as_bytes(), kept.as_str()) {
                    Ok(()) => Checked::Right,
                    Err(argon2::password_hash::Error::PasswordInvalid) => Checked::Wrong,
                    Err(error) => {
                        tracing::error!(%error, "what checks the passphrase cannot be read");
                        Checked::Lost
                    }
                },
            )
        })
        .await
    }

    /// Keeps another one, and makes sure that it is kept.
    pub async fn set(&self, given: Zeroizing<String>) -> Result<()> {
        let characters = given.chars().count();
        if characters < LEAST {
            return Err(EngineError::Invalid(format!(
                "A passphrase has at least {LEAST} characters."
            )));
        }
        if characters > MOST {
            return Err(EngineError::Invalid(format!(
                "A passphrase has at most {MOST} characters."
            )));
        }
        let Self { secrets, name } = self.clone();
        let kept = secrets::blocking(move || {
            let hash = argon()?.hash_password(given.as_bytes()).map_err(failed)?;
            let hash = hash.to_string();
            secrets.set(&name, &hash)?;
            match secrets.get(&name)? {
                Some(kept) if *kept == hash => Ok(()),
                _ => Err(SecretsError("it did not keep what it was given".to_owned())),
            }
        });
        Ok(kept.await?)
    }

    /// Takes it away.
    pub async fn remove(&self) -> Result<(), SecretsError> {
        let Self { secrets, name } = self.clone();
        secrets::blocking(move || secrets.delete(&name)).await
    }
}

fn argon() -> Result<Argon2<'static>, SecretsError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn failed(error: impl ToString) -> SecretsError {
    SecretsError(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::secrets::MemorySecrets;

    fn given(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn what_is_kept_is_a_salted_hash_that_knows_its_passphrase() {
        let secrets = Arc::new(MemorySecrets::default());
        let passphrase = Passphrase::named(NAME.to_owned(), secrets.clone());
        assert!(!passphrase.is_set().await.unwrap());
        assert_eq!(passphrase.check(given("x")).await.unwrap(), Checked::Lost);
        passphrase.set(given("correct horse")).await.unwrap();
        let kept = secrets.get(NAME).unwrap().unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            *kept
        );
        passphrase.set(given("correct horse")).await.unwrap();
        assert_ne!(
            secrets.get(NAME).unwrap().unwrap(),
            kept,
            "a salt of its own"
        );
        let check = |text| passphrase.check(given(text));
        assert_eq!(check("correct horse").await.unwrap(), Checked::Right);
        assert_eq!(check("correct horsf").await.unwrap(), Checked::Wrong);
        assert_eq!(check("").await.unwrap(), Checked::Wrong);
        secrets.set(NAME, "no hash").unwrap();
        assert_eq!(check("correct horse").await.unwrap(), Checked::Lost);
    }

    #[tokio::test]
    async fn each_directory_has_its_own() {
        let secrets = Arc::new(MemorySecrets::default());
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] = folders
            .each_ref()
            .map(|folder| Passphrase::of(folder.path(), secrets.clone()));
        one.set(given("correct horse")).await.unwrap();
        assert!(one.is_set().await.unwrap());
        assert!(!other.is_set().await.unwrap());
        let again = Passphrase::of(&folders[0].path().join("."), secrets.clone());
        assert_eq!(again.name(), one.name());
    }

    #[tokio::test]
    async fn one_that_is_too_short_or_too_long_changes_nothing() {
        let passphrase = Passphrase::of(Path::new("."), Arc::new(MemorySecrets::default()));
        for text in ["", "12345", &"x".repeat(257)] {
            assert!(matches!(
                passphrase.set(given(text)).await,
                Err(EngineError::Invalid(_))
            ));
        }
        assert!(!passphrase.is_set().await.unwrap());
        passphrase.set(given("äöüäöü")).await.unwrap();
    }
}
