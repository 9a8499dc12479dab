//! `/signup`, `/token` and `/logout`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::call::Call;
use super::error::AuthError;
use super::oauth;
use super::password;
use super::pending::{self, Purpose};
use super::session::{self, Issuer, Refreshed};
use super::user::User;
use crate::options::Secret;

/// Creates a user; a session at once unless addresses must be confirmed.
pub async fn sign_up(call: Call) -> Result<Response, AuthError> {
    let behaviour = &call.state.behaviour().auth;
    if !behaviour.signup {
        return Err(AuthError::unprocessable(
            "signup_disabled",
            "Signups not allowed for this instance",
        ));
    }
    let (email, phone) = (call.email()?, call.phone()?);
    if email.is_none() && phone.is_none() {
        return Err(AuthError::unprocessable(
            "anonymous_provider_disabled",
            "Anonymous sign-ins are disabled",
        ));
    }
    let Some(secret) = call.text("password") else {
        return Err(AuthError::bad_request(
            "validation_failed",
            "Signup requires a valid password",
        ));
    };
    password::check(secret)?;
    let hash = password::hash(Secret::new(secret)).await?;
    let data = call.object("data").unwrap_or_default();
    let confirm = behaviour.confirm_email;
    let issuer = Issuer::of(&call.state);
    call.state
        .store()
        .write(move |tx| {
            let existing = find(tx.connection(), email.as_deref(), phone.as_deref())?;
            let mut user = User::new(email, phone, data, tx.now());
            user.password_hash = Some(hash);
            match existing {
                Some(known) if confirm && known.confirmed_at.is_none() => user = known,
                // With confirmation on, a made-up user does not tell who is here.
                Some(_) if confirm => {
                    let mut told = user.to_json();
                    told["identities"] = Value::Array(Vec::new());
                    return Ok(Json(told).into_response());
                }
                Some(_) => {
                    return Err(AuthError::unprocessable(
                        "user_already_exists",
                        "User already registered",
                    ));
                }
                None => {}
            }
            if confirm {
                user.save(tx.connection())?;
                pending::add(tx, &user, Purpose::SignUp)?;
                return Ok(Json(user.to_json()).into_response());
            }
            user.confirmed_at = Some(tx.now());
            Ok(Json(issuer.open(tx, &mut user, "password")?).into_response())
        })
        .await
}

/// Gives a session for a password, a refresh token or a code.
pub async fn token(call: Call) -> Result<Response, AuthError> {
    match call.query.get("grant_type").map(String::as_str) {
        Some("password") => by_password(call).await,
        Some("refresh_token") => by_refresh_token(call).await,
        Some("pkce") => oauth::exchange(call).await,
        _ => Err(AuthError::bad_request(
            "validation_failed",
            "unsupported_grant_type: password, refresh_token or pkce",
        )),
    }
}

async fn by_password(call: Call) -> Result<Response, AuthError> {
    let (email, phone) = (call.email()?, call.phone()?);
    if email.is_none() && phone.is_none() {
        return Err(AuthError::bad_request(
            "validation_failed",
            "missing email or phone",
        ));
    }
    let secret = Secret::new(call.text("password").unwrap_or_default());
    let found = call
        .state
        .store()
        .read(move |connection| {
            Ok::<_, AuthError>(find(connection, email.as_deref(), phone.as_deref())?)
        })
        .await?;
    let hash = found.as_ref().and_then(|user| user.password_hash.clone());
    let matches = password::matches(secret, hash).await?;
    let Some(mut user) = found.filter(|_| matches) else {
        return Err(AuthError::bad_request(
            "invalid_credentials",
            "Invalid login credentials",
        ));
    };
    if user.confirmed_at.is_none() {
        return Err(if user.email.is_some() {
            AuthError::bad_request("email_not_confirmed", "Email not confirmed")
        } else {
            AuthError::bad_request("phone_not_confirmed", "Phone not confirmed")
        });
    }
    let issuer = Issuer::of(&call.state);
    call.state
        .store()
        .write(move |tx| Ok(Json(issuer.open(tx, &mut user, "password")?).into_response()))
        .await
}

async fn by_refresh_token(call: Call) -> Result<Response, AuthError> {
    let Some(given) = call.text("refresh_token").map(str::to_owned) else {
        return Err(AuthError::bad_request(
            "validation_failed",
            "refresh_token required",
        ));
    };
    let issuer = Issuer::of(&call.state);
    let refreshed = call
        .state
        .store()
        .write(move |tx| issuer.refresh(tx, &given))
        .await?;
    match refreshed {
        Refreshed::Session(session) => Ok(Json(session).into_response()),
        Refreshed::Refused(error) => Err(error),
    }
}

/// Ends sessions: this one, the others, or all.
pub async fn log_out(call: Call) -> Result<Response, AuthError> {
    let asker = call.asker().await?;
    let scope = call
        .query
        .get("scope")
        .map_or("global", String::as_str)
        .to_owned();
    if !matches!(scope.as_str(), "global" | "local" | "others") {
        return Err(AuthError::bad_request(
            "validation_failed",
            format!("Unsupported logout scope \"{scope}\""),
        ));
    }
    call.state
        .store()
        .write(move |tx| {
            let connection = tx.connection();
            let user = &asker.user.id;
            match (scope.as_str(), asker.session.as_deref()) {
                ("local", Some(session)) => session::end_one(connection, session)?,
                ("others", Some(session)) => session::end_all(connection, user, Some(session))?,
                _ => session::end_all(connection, user, None)?,
            };
            Ok(StatusCode::NO_CONTENT.into_response())
        })
        .await
}

/// The user with this address, or else with this number.
pub(super) fn find(
    connection: &rusqlite::Connection,
    email: Option<&str>,
    phone: Option<&str>,
) -> rusqlite::Result<Option<User>> {
    match (email, phone) {
        (Some(email), _) => User::by_email(connection, email),
        (None, Some(phone)) => User::by_phone(connection, phone),
        (None, None) => Ok(None),
    }
}
