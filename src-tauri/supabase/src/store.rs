//! Where a session outlives the program.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// A sign-out that the server has not been told of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UntoldSignOut {
    /// The session's refresh token; it ends the session at the server and does nothing else.
    pub refresh_token: Secret,
    /// When it was, in seconds since 1970 by this machine's clock.
    pub since: u64,
}

impl UntoldSignOut {
    /// After so long it is forgotten, told or not.
    pub const LIFETIME: Duration = Duration::from_hours(30 * 24);

    /// One that happens now.
    pub(crate) fn now(refresh_token: Secret) -> Self {
        Self {
            refresh_token,
            since: now(),
        }
    }

    /// Whether it is too old, or by a clock that was far off.
    pub(crate) fn is_over(&self) -> bool {
        now().abs_diff(self.since) >= Self::LIFETIME.as_secs()
    }

    /// The text to hand to a keyring.
    pub fn to_json(list: &[Self]) -> Secret {
        #[derive(Serialize)]
        struct Plain<'a> {
            refresh_token: &'a str,
            since: u64,
        }
        let plain: Vec<_> = list
            .iter()
            .map(|untold| Plain {
                refresh_token: untold.refresh_token.expose(),
                since: untold.since,
            })
            .collect();
        // Strings and numbers: writing these as JSON cannot fail.
        Secret::new(serde_json::to_string(&plain).unwrap_or_default())
    }

    /// Reads what [`to_json`](Self::to_json) wrote. Nothing can be done with what is damaged.
    pub fn from_json(text: &str) -> Vec<Self> {
        serde_json::from_str(text).unwrap_or_default()
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
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
    /// The sign-outs that the server has not been told of, the oldest first.
    fn untold(&self) -> Result<Vec<UntoldSignOut>, StoreError>;
    /// Replaces them; an empty list leaves nothing behind.
    fn save_untold(&self, list: &[UntoldSignOut]) -> Result<(), StoreError>;
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
pub struct MemoryStore {
    session: Mutex<Option<StoredSession>>,
    untold: Mutex<Vec<UntoldSignOut>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl SessionStore for MemoryStore {
    fn load(&self) -> Result<Option<StoredSession>, StoreError> {
        Ok(locked(&self.session).clone())
    }

    fn save(&self, session: &StoredSession) -> Result<(), StoreError> {
        *locked(&self.session) = Some(session.clone());
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreError> {
        *locked(&self.session) = None;
        Ok(())
    }

    fn untold(&self) -> Result<Vec<UntoldSignOut>, StoreError> {
        Ok(locked(&self.untold).clone())
    }

    fn save_untold(&self, list: &[UntoldSignOut]) -> Result<(), StoreError> {
        *locked(&self.untold) = list.to_vec();
        Ok(())
    }
}

/// Values are replaced as a whole: a panic leaves them usable.
fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn untold_sign_outs_read_back_and_end_after_a_month() {
        let list = vec![UntoldSignOut::now("r\"1".into())];
        let text = UntoldSignOut::to_json(&list);
        assert_eq!(UntoldSignOut::from_json(text.expose()), list);
        assert_eq!(UntoldSignOut::from_json("[{"), []);
        assert!(!list[0].is_over());
        assert!(!format!("{list:?}").contains("r\\\"1"));
        let month = UntoldSignOut::LIFETIME.as_secs();
        for since in [now() - month, now() + month + 60, 0] {
            let old = UntoldSignOut {
                since,
                ..list[0].clone()
            };
            assert!(old.is_over(), "{since}");
        }
    }
}
