//! Codes: `/otp`, `/verify`, `/recover`, `/resend`, and those of `/reauthenticate`. No mail is
//! sent: the one code that is accepted is the fixed one of
//! [`crate::AuthBehaviour::fixed_code`]; without it, asking for a code is refused.

use axum::Json;
use axum::response::{IntoResponse, Response};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;
use subtle::ConstantTimeEq;
use tidings_model::Timestamp;

use super::call::Call;
use super::error::AuthError;
use super::session::Issuer;
use super::sign_in::find;
use super::user::User;
use crate::store::WriteTx;

/// How long a code is good for, in microseconds.
const LIFETIME: i64 = 3_600_000_000;

/// What a code was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To confirm a new address.
    SignUp,
    /// To sign in without a password.
    SignIn,
    /// To sign in and set a new password.
    Recovery,
    /// To change the password in a session that is not recent.
    Reauthentication,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "signup",
            Self::SignIn => "magiclink",
            Self::Recovery => "recovery",
            Self::Reauthentication => "reauthentication",
        }
    }

    /// Those that a `type` of `/verify` may mean.
    fn of_type(given: &str) -> &'static [Self] {
        match given {
            "signup" => &[Self::SignUp],
            "magiclink" => &[Self::SignIn],
            "recovery" => &[Self::Recovery],
            "email" | "sms" => &[Self::SignIn, Self::SignUp],
            _ => &[],
        }
    }
}

/// Remembers that a code was asked for.
pub fn add(tx: &WriteTx<'_>, user: &User, purpose: Purpose) -> Result<(), AuthError> {
    let target = user
        .email
        .as_deref()
        .or(user.phone.as_deref())
        .unwrap_or_default();
    tx.connection().execute(
        "INSERT INTO auth_pending (user_id, purpose, target, expires_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (user_id, purpose) DO UPDATE SET target = excluded.target, \
         expires_at = excluded.expires_at",
        params![
            user.id,
            purpose.name(),
            target,
            tx.now().as_micros().saturating_add(LIFETIME)
        ],
    )?;
    Ok(())
}

/// Uses up a code that was asked for; whether there was one.
pub fn take(tx: &WriteTx<'_>, user: &str, purpose: Purpose) -> rusqlite::Result<bool> {
    let taken = tx.connection().execute(
        "DELETE FROM auth_pending WHERE user_id = ?1 AND purpose = ?2 AND expires_at > ?3",
        params![user, purpose.name(), tx.now().as_micros()],
    )?;
    Ok(taken > 0)
}

/// Whether a code was asked for that is still good.
pub fn awaits(
    connection: &Connection,
    user: &str,
    purpose: Purpose,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM auth_pending WHERE user_id = ?1 AND purpose = ?2 AND expires_at > ?3",
        )?
        .query_row(params![user, purpose.name(), now.as_micros()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Whether it is the code of the mails; takes as long for a wrong one.
pub fn is_code(call: &Call, given: &str) -> bool {
    let code = call.state.behaviour().auth.fixed_code.as_ref();
    code.is_some_and(|code| bool::from(code.as_bytes().ct_eq(given.as_bytes())))
}

/// `/otp`: a code to sign in with; creates the user unless told not to.
pub async fn otp(call: Call) -> Result<Response, AuthError> {
    must_have_code(&call)?;
    let (email, phone) = (call.email()?, call.phone()?);
    if email.is_none() && phone.is_none() {
        return Err(AuthError::bad_request(
            "validation_failed",
            "One of email or phone must be set",
        ));
    }
    let create = call
        .body
        .get("create_user")
        .and_then(serde_json::Value::as_bool)
        != Some(false);
    let signup = call.state.behaviour().auth.signup;
    let data = call.object("data").unwrap_or_default();
    call.state
        .store()
        .write(move |tx| {
            let user = match find(tx.connection(), email.as_deref(), phone.as_deref())? {
                Some(user) => user,
                None if create && signup => {
                    let user = User::new(email, phone, data, tx.now());
                    user.save(tx.connection())?;
                    user
                }
                None => {
                    return Err(AuthError::unprocessable(
                        "otp_disabled",
                        "Signups not allowed for otp",
                    ));
                }
            };
            add(tx, &user, Purpose::SignIn)?;
            Ok(Json(json!({})).into_response())
        })
        .await
}

/// `/recover`: the same answer whether there is such a user or not.
pub async fn recover(call: Call) -> Result<Response, AuthError> {
    must_have_code(&call)?;
    let Some(email) = call.email()? else {
        return Err(AuthError::bad_request(
            "validation_failed",
            "Password recovery requires an email",
        ));
    };
    ask_again(&call, Some(email), None, Purpose::Recovery).await
}

/// `/resend`: another code for a sign-up that was not confirmed.
pub async fn resend(call: Call) -> Result<Response, AuthError> {
    must_have_code(&call)?;
    let (email, phone) = (call.email()?, call.phone()?);
    ask_again(&call, email, phone, Purpose::SignUp).await
}

/// `/verify`: a code against a session.
pub async fn verify(call: Call) -> Result<Response, AuthError> {
    let expired = || AuthError::forbidden("otp_expired", "Token has expired or is invalid");
    let purposes = Purpose::of_type(call.text("type").unwrap_or_default());
    if purposes.is_empty() {
        return Err(AuthError::bad_request(
            "validation_failed",
            "Invalid email verification type",
        ));
    }
    let (email, phone) = (call.email()?, call.phone()?);
    if !is_code(&call, call.text("token").unwrap_or_default()) {
        return Err(expired());
    }
    let issuer = Issuer::of(&call.state);
    call.state
        .store()
        .write(move |tx| {
            let connection = tx.connection();
            let Some(mut user) = find(connection, email.as_deref(), phone.as_deref())? else {
                return Err(expired());
            };
            let mut taken = false;
            for purpose in purposes {
                taken |= take(tx, &user.id, *purpose)?;
            }
            if !taken {
                return Err(expired());
            }
            user.confirmed_at.get_or_insert(tx.now());
            Ok(Json(issuer.open(tx, &mut user, "otp")?).into_response())
        })
        .await
}

async fn ask_again(
    call: &Call,
    email: Option<String>,
    phone: Option<String>,
    purpose: Purpose,
) -> Result<Response, AuthError> {
    call.state
        .store()
        .write(move |tx| {
            if let Some(user) = find(tx.connection(), email.as_deref(), phone.as_deref())? {
                add(tx, &user, purpose)?;
            }
            Ok(Json(json!({})).into_response())
        })
        .await
}

/// Refuses where no code can be had.
pub fn must_have_code(call: &Call) -> Result<(), AuthError> {
    if call.state.behaviour().auth.fixed_code.is_some() {
        return Ok(());
    }
    Err(AuthError::unprocessable(
        "otp_disabled",
        "This server sends no mail, so there are no codes",
    ))
}
