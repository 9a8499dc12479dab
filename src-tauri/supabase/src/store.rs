//! Where a session outlives the program.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{Assurance, Factor, Secret, User};

/// What is kept of a session: enough to renew it, and to know offline whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// The newest refresh token.
    pub refresh_token: Secret,
    /// The user it belongs to.
    pub user: User,
    /// Whether a code of a second factor is missing.
    pub assurance: Assurance,
}

/// A place that keeps the session could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The sign-in could not be kept on this machine: {message}")]
pub struct StoreError {
    /// For people.
    pub message: String,
}

impl StoreError {
    /// Wraps the words of the store below.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Keeps one session: the operating system's keyring, or memory. Never a plain file.
///
/// The calls may block; [`TokenManager`](crate::TokenManager) makes them on a thread of their own.
pub trait SessionStore: Send + Sync {
    /// The kept session, if there is one.
    fn load(&self) -> Result<Option<StoredSession>, StoreError>;
    /// Replaces it. When this returns, the session survives the program.
    fn save(&self, session: &StoredSession) -> Result<(), StoreError>;
    /// Forgets it.
    fn clear(&self) -> Result<(), StoreError>;
    /// Waits its turn among the processes that use this session, for some seconds at most, and
    /// keeps it until the answer is dropped. A refresh token counts once: two processes that
    /// renew at the same time would each end the other's session (protocol section 2.3).
    ///
    /// A store that no other process sees need not wait for any.
    fn turn(&self) -> Result<Turn, StoreError> {
        Ok(Box::new(()))
    }
}

/// The turn of one process; it ends when this is dropped.
pub type Turn = Box<dyn Send>;

impl StoredSession {
    /// The text to hand to a keyring.
    pub fn to_json(&self) -> Secret {
        #[derive(Serialize)]
        struct Plain<'a> {
            refresh_token: &'a str,
            user: &'a User,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            missing: &'a [Factor],
        }
        let plain = Plain {
            refresh_token: self.refresh_token.expose(),
            user: &self.user,
            missing: match &self.assurance {
                Assurance::Complete => &[],
                Assurance::SecondFactor(factors) => factors,
            },
        };
        // Strings, options and lists of them: writing these as JSON cannot fail.
        Secret::new(serde_json::to_string(&plain).unwrap_or_default())
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    pub fn from_json(text: &str) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct Plain {
            refresh_token: Secret,
            user: User,
            #[serde(default)]
            missing: Vec<Factor>,
        }
        // The parser's words could quote the token.
        let plain: Plain = serde_json::from_str(text)
            .map_err(|_| StoreError::new("the kept sign-in is damaged"))?;
        Ok(Self {
            refresh_token: plain.refresh_token,
            user: plain.user,
            assurance: if plain.missing.is_empty() {
                Assurance::Complete
            } else {
                Assurance::SecondFactor(plain.missing)
            },
        })
    }
}

/// Keeps the session as long as the program runs.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Option<StoredSession>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl SessionStore for MemoryStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_kept_session_reads_back_and_damage_is_told_without_the_token() {
        let factor = Factor {
            id: "f".to_owned(),
            name: Some("Phone".to_owned()),
        };
        for assurance in [Assurance::Complete, Assurance::SecondFactor(vec![factor])] {
            let kept = StoredSession {
                refresh_token: "r\"1".into(),
                user: User {
                    id: "alice".to_owned(),
                    email: None,
                    name: Some("Ali".to_owned()),
                },
                assurance,
            };
            assert_eq!(
                StoredSession::from_json(kept.to_json().expose()).unwrap(),
                kept
            );
        }
        // As it was kept before there were second factors.
        let old = r#"{"refresh_token": "r1", "user": {"id": "alice", "email": null}}"#;
        let old = StoredSession::from_json(old).unwrap();
        assert_eq!(old.assurance, Assurance::Complete);
        let error = StoredSession::from_json(r#"{"refresh_token": "r1""#).unwrap_err();
        assert!(!error.to_string().contains("r1"));
    }
}
