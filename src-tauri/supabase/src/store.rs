//! Where a session outlives the program.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{Secret, User};

/// What is kept of a session: enough to renew it, and to know offline whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredSession {
    /// The newest refresh token.
    pub refresh_token: Secret,
    /// The user it belongs to.
    pub user: User,
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
}

impl StoredSession {
    /// The text to hand to a keyring.
    pub fn to_json(&self) -> Secret {
        #[derive(Serialize)]
        struct Plain<'a> {
            refresh_token: &'a str,
            user: &'a User,
        }
        let plain = Plain {
            refresh_token: self.refresh_token.expose(),
            user: &self.user,
        };
        // Strings and an option of one: writing them as JSON cannot fail.
        Secret::new(serde_json::to_string(&plain).unwrap_or_default())
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    pub fn from_json(text: &str) -> Result<Self, StoreError> {
        // The parser's words could quote the token.
        serde_json::from_str(text).map_err(|_| StoreError::new("the kept sign-in is damaged"))
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
        let kept = StoredSession {
            refresh_token: "r\"1".into(),
            user: User {
                id: "alice".to_owned(),
                email: None,
            },
        };
        assert_eq!(
            StoredSession::from_json(kept.to_json().expose()).unwrap(),
            kept
        );
        let error = StoredSession::from_json(r#"{"refresh_token": "r1""#).unwrap_err();
        assert!(!error.to_string().contains("r1"));
    }
}
