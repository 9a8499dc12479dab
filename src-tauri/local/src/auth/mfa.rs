//! `/factors`: enrolling an authenticator app, showing its code, removing it.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::Call;
use super::error::AuthError;
use super::factor::{Answer, Factor};
use super::session::{self, Issuer};
use super::user::User;
use super::{qr, totp};

/// Factors that a user may have, verified or not.
const MOST: usize = 10;

/// Makes a factor, and tells its secret this once.
pub async fn enrol(call: Call) -> Result<Response, AuthError> {
    let asker = call.asker().await?;
    let session = asker.session()?;
    match call.text("factor_type") {
        Some("totp") => {}
        Some("phone") => {
            return Err(AuthError::unprocessable(
                "mfa_phone_enroll_not_enabled",
                "MFA enroll is disabled for Phone",
            ));
        }
        Some("webauthn") => {
            return Err(AuthError::unprocessable(
                "mfa_webauthn_enroll_not_enabled",
                "MFA enroll is disabled for WebAuthn",
            ));
        }
        _ => {
            return Err(AuthError::bad_request(
                "validation_failed",
                "factor_type needs to be totp, phone, or webauthn",
            ));
        }
    }
    let name = call.text("friendly_name").map(str::to_owned);
    let host = call
        .state
        .url()
        .split_once("://")
        .map(|(_, host)| host.to_owned());
    let issuer = call.text("issuer").map(str::to_owned).or(host);
    call.state
        .store()
        .write(move |tx| {
            let (connection, user) = (tx.connection(), &asker.user);
            let name = name.as_deref();
            if user.factors.iter().any(|it| it.name.as_deref() == name) {
                return Err(AuthError::unprocessable(
                    "mfa_factor_name_conflict",
                    format!(
                        "A factor with the friendly name {:?} for this user already exists",
                        name.unwrap_or_default()
                    ),
                ));
            }
            if user.factors.len() >= MOST {
                return Err(AuthError::unprocessable(
                    "too_many_enrolled_mfa_factors",
                    "Maximum number of verified factors reached, unenroll to continue",
                ));
            }
            if user.has_factor() && !session::has_factor(connection, &session)? {
                return Err(AuthError::forbidden(
                    "insufficient_aal",
                    "AAL2 required to enroll a new factor",
                ));
            }
            let (factor, secret) = Factor::enrol(connection, &user.id, name, tx.now())?;
            let account = user.email.as_deref().or(user.phone.as_deref());
            let uri = totp::uri(
                &secret,
                issuer.as_deref().unwrap_or("Supabase"),
                account.unwrap_or(&user.id),
            );
            let told = json!({
                "id": factor.id,
                "type": "totp",
                "friendly_name": factor.name.unwrap_or_default(),
                "totp": {
                    "qr_code": qr::svg(uri.reveal()).unwrap_or_default(),
                    "secret": secret.reveal(),
                    "uri": uri.reveal(),
                },
            });
            Ok(Json(told).into_response())
        })
        .await
}

/// Asks for a code of a factor.
pub async fn challenge(Path(id): Path<String>, call: Call) -> Result<Response, AuthError> {
    let user = call.asker().await?.user;
    let factor = own(&user, &id)?;
    call.state
        .store()
        .write(move |tx| {
            let challenge = factor.challenge(tx.connection(), tx.now())?;
            Ok(Json(json!({
                "id": challenge.id,
                "type": "totp",
                "expires_at": challenge.expires_at.as_micros().div_euclid(1_000_000),
            }))
            .into_response())
        })
        .await
}

/// Takes the code: the session goes on with two factors, under new tokens.
pub async fn verify(Path(id): Path<String>, call: Call) -> Result<Response, AuthError> {
    let asker = call.asker().await?;
    let session = asker.session()?;
    let factor = own(&asker.user, &id)?;
    let text = |name| call.text(name).unwrap_or_default().to_owned();
    let (challenge, code) = (text("challenge_id"), text("code"));
    let issuer = Issuer::of(&call.state);
    call.state
        .store()
        .write(move |tx| {
            let (connection, user) = (tx.connection(), &asker.user.id);
            // Another request may have counted a wrong code, or used this one, since.
            let factors = Factor::of_user(connection, user)?;
            let Some(factor) = factors.into_iter().find(|it| it.id == factor.id) else {
                return Err(not_found());
            };
            let answer = factor.answer(connection, &challenge, &code, tx.now())?;
            if answer != Answer::Right {
                return Ok(Err(refusal(answer, &challenge)));
            }
            let told = issuer.add_factor(tx, &session, &factor.id)?;
            session::end_without_factor(connection, user)?;
            Factor::delete_unverified(connection, user)?;
            Ok(Ok(Json(told).into_response()))
        })
        .await?
}

/// Removes a factor. One that was verified takes a session with two factors.
pub async fn remove(Path(id): Path<String>, call: Call) -> Result<Response, AuthError> {
    let asker = call.asker().await?;
    let session = asker.session()?;
    let factor = own(&asker.user, &id)?;
    call.state
        .store()
        .write(move |tx| {
            let connection = tx.connection();
            if factor.verified && !session::has_factor(connection, &session)? {
                return Err(AuthError::unprocessable(
                    "insufficient_aal",
                    "AAL2 required to unenroll verified factor",
                ));
            }
            Factor::delete(connection, &factor.id)?;
            Ok(Json(json!({"id": factor.id})).into_response())
        })
        .await
}

/// A user's factors, for the service role.
pub async fn list(Path(id): Path<String>, call: Call) -> Result<Response, AuthError> {
    call.must_be_admin()?;
    let factors = call
        .state
        .store()
        .read(move |connection| Ok::<_, AuthError>(Factor::of_user(connection, &id)?))
        .await?;
    let told: Vec<Value> = factors.iter().map(Factor::to_json).collect();
    Ok(Json(told).into_response())
}

/// Removes a user's factor, for the service role: the way back for who has lost it.
pub async fn remove_of(
    Path((user, id)): Path<(String, String)>,
    call: Call,
) -> Result<Response, AuthError> {
    call.must_be_admin()?;
    call.state
        .store()
        .write(move |tx| {
            let factors = Factor::of_user(tx.connection(), &user)?;
            let factor = factors
                .iter()
                .find(|it| it.id == id)
                .ok_or_else(not_found)?;
            Factor::delete(tx.connection(), &factor.id)?;
            Ok(Json(factor.to_json()).into_response())
        })
        .await
}

fn own(user: &User, id: &str) -> Result<Factor, AuthError> {
    if Uuid::parse_str(id).is_err() {
        return Err(AuthError::new(
            StatusCode::NOT_FOUND,
            "validation_failed",
            "factor_id must be an UUID",
        ));
    }
    let found = user.factors.iter().find(|factor| factor.id == id);
    found.cloned().ok_or_else(not_found)
}

fn not_found() -> AuthError {
    AuthError::new(
        StatusCode::NOT_FOUND,
        "mfa_factor_not_found",
        "Factor not found",
    )
}

fn refusal(answer: Answer, challenge: &str) -> AuthError {
    match answer {
        Answer::Right | Answer::Wrong => {
            AuthError::unprocessable("mfa_verification_failed", "Invalid TOTP code entered")
        }
        Answer::TooMany => AuthError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "over_request_rate_limit",
            "Request rate limit reached",
        ),
        Answer::NoChallenge => AuthError::unprocessable(
            "mfa_factor_not_found",
            "MFA factor with the provided challenge ID not found",
        ),
        // Auth's own name for a challenge that is not to be answered from here any more.
        Answer::Used => AuthError::unprocessable(
            "mfa_ip_address_mismatch",
            "Challenge and verify IP addresses mismatch.",
        ),
        Answer::Expired => AuthError::unprocessable(
            "mfa_challenge_expired",
            format!(
                "MFA challenge {challenge} has expired, verify against another challenge or \
                 create a new challenge."
            ),
        ),
    }
}
