//! `/user` and `/reauthenticate`: what users read and change of themselves.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tidings_model::Timestamp;

use super::call::Call;
use super::error::AuthError;
use super::password;
use super::pending::{self, Purpose};
use super::session;
use super::sign_in::find;
use crate::options::Secret;

/// How long after its beginning a session may change the password without a code, in
/// microseconds, where [`crate::AuthBehaviour::secure_password_change`] asks for one.
const RECENT: i64 = 86_400_000_000;

/// Tells the user whose token it is.
pub async fn get_user(call: Call) -> Result<Response, AuthError> {
    Ok(Json(call.asker().await?.user.to_json()).into_response())
}

/// Changes address, number, password or data of the user whose token it is.
pub async fn put_user(call: Call) -> Result<Response, AuthError> {
    let asker = call.asker().await?;
    let session = asker.session.clone();
    let mut user = asker.user;
    let (email, phone) = (call.email()?, call.phone()?);
    let guarded = email.is_some() || phone.is_some() || call.text("password").is_some();
    if guarded && user.has_factor() {
        let complete = call
            .state
            .store()
            .read(move |connection| {
                Ok::<_, AuthError>(match &session {
                    Some(session) => session::has_factor(connection, session)?,
                    None => false,
                })
            })
            .await?;
        if !complete {
            return Err(AuthError::new(
                StatusCode::UNAUTHORIZED,
                "insufficient_aal",
                "AAL2 session is required to update email or password when MFA is enabled.",
            ));
        }
    }
    let mut new_hash = None;
    let mut nonce_is_needed = false;
    if let Some(secret) = call.text("password") {
        password::check(secret)?;
        nonce_is_needed = must_reauthenticate(&call, asker.session.clone()).await?;
        if nonce_is_needed {
            check_nonce(&call, &user.id).await?;
        }
        let old = user.password_hash.clone();
        if old.is_some() && password::matches(Secret::new(secret), old).await? {
            return Err(AuthError::unprocessable(
                "same_password",
                "New password should be different from the old password.",
            ));
        }
        new_hash = Some(password::hash(Secret::new(secret)).await?);
    }
    let data = call.object("data").unwrap_or_default();
    call.state
        .store()
        .write(move |tx| {
            let taken = find(tx.connection(), email.as_deref(), None)?
                .or(find(tx.connection(), None, phone.as_deref())?)
                .is_some_and(|other| other.id != user.id);
            if taken {
                return Err(AuthError::unprocessable(
                    "email_exists",
                    "A user with this email address has already been registered",
                ));
            }
            // Good once: another request may have used it up since.
            if nonce_is_needed && !pending::take(tx, &user.id, Purpose::Reauthentication)? {
                return Err(bad_nonce());
            }
            user.email = email.or(user.email);
            user.phone = phone.or(user.phone);
            user.password_hash = new_hash.or(user.password_hash);
            merge(&mut user.user_metadata, data);
            user.updated_at = tx.now();
            user.save(tx.connection())?;
            Ok(Json(user.to_json()).into_response())
        })
        .await
}

/// Has a code sent with which the password can be changed.
pub async fn reauthenticate(call: Call) -> Result<Response, AuthError> {
    let user = call.asker().await?.user;
    pending::must_have_code(&call)?;
    if user.confirmed_at.is_none() {
        return Err(AuthError::unprocessable(
            "email_not_confirmed",
            "Please verify your email first.",
        ));
    }
    call.state
        .store()
        .write(move |tx| {
            pending::add(tx, &user, Purpose::Reauthentication)?;
            Ok(Json(json!({})).into_response())
        })
        .await
}

/// Whether a session is too old to change the password without a code.
async fn must_reauthenticate(call: &Call, session: Option<String>) -> Result<bool, AuthError> {
    if !call.state.behaviour().auth.secure_password_change {
        return Ok(false);
    }
    let began: Option<Timestamp> = call
        .state
        .store()
        .read(move |connection| {
            Ok::<_, AuthError>(match &session {
                Some(session) => session::began(connection, session)?,
                None => None,
            })
        })
        .await?;
    let now = call.state.clock().now().as_micros();
    Ok(began.is_none_or(|began| now.saturating_sub(began.as_micros()) > RECENT))
}

async fn check_nonce(call: &Call, user: &str) -> Result<(), AuthError> {
    let Some(given) = call.text("nonce") else {
        return Err(AuthError::bad_request(
            "reauthentication_needed",
            "Password update requires reauthentication",
        ));
    };
    let (user, now) = (user.to_owned(), call.state.clock().now());
    let awaited = call
        .state
        .store()
        .read(move |connection| {
            let purpose = Purpose::Reauthentication;
            Ok::<_, AuthError>(pending::awaits(connection, &user, purpose, now)?)
        })
        .await?;
    if awaited && pending::is_code(call, given) {
        Ok(())
    } else {
        Err(bad_nonce())
    }
}

fn bad_nonce() -> AuthError {
    AuthError::unprocessable(
        "reauthentication_not_valid",
        "Nonce has expired or is invalid",
    )
}

/// Sets members; null removes one.
pub(super) fn merge(
    into: &mut serde_json::Map<String, Value>,
    data: serde_json::Map<String, Value>,
) {
    for (name, value) in data {
        if value.is_null() {
            into.remove(&name);
        } else {
            into.insert(name, value);
        }
    }
}
