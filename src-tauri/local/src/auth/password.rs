//! Passwords: Argon2id, off the runtime.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use axum::http::StatusCode;

use super::error::AuthError;
use crate::options::Secret;

/// The fewest characters a password has.
pub const LEAST: usize = 6;
/// The most bytes a password has, as with bcrypt on hosted projects.
const MOST: usize = 72;

/// Checks the length of a new password.
pub fn check(password: &str) -> Result<(), AuthError> {
    if password.chars().count() < LEAST {
        return Err(AuthError::weak_password(LEAST));
    }
    if password.len() > MOST {
        return Err(AuthError::bad_request(
            "validation_failed",
            format!("Password cannot be longer than {MOST} characters"),
        ));
    }
    Ok(())
}

/// The salted hash to store.
pub async fn hash(password: Secret) -> Result<String, AuthError> {
    off_the_runtime(move || {
        Argon2::default()
            .hash_password(password.reveal().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|_| failed())
    })
    .await?
}

/// Whether `password` is the one behind `hash`. Without a hash the answer takes as long,
/// so that its time does not tell whether there is such a user.
pub async fn matches(password: Secret, hash: Option<String>) -> Result<bool, AuthError> {
    off_the_runtime(move || {
        let argon = Argon2::default();
        let password = password.reveal().as_bytes();
        if let Some(hash) = hash {
            return argon.verify_password(password, hash.as_str()).is_ok();
        }
        // The result is of no interest, the time it takes is.
        let _: Result<argon2::PasswordHash, _> = argon.hash_password(password);
        false
    })
    .await
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AuthError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| failed())
}

fn failed() -> AuthError {
    AuthError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "unexpected_failure",
        "The password could not be hashed",
    )
}
