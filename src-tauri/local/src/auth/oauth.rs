//! `/authorize` with a stub in place of the provider, and the exchange of its code (PKCE,
//! RFC 7636).

use axum::Json;
use axum::http::header;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{OptionalExtension, params};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tidings_model::Timestamp;
use url::{Host, Url};
use uuid::Uuid;

use super::call::Call;
use super::error::AuthError;
use super::session::{Issuer, Session};
use super::user::User;

/// How long a code can be exchanged, in microseconds.
const LIFETIME: i64 = 300_000_000;

/// What the browser brings back.
enum Outcome {
    Code(String),
    Session(Box<Session>),
}

/// Signs the provider's stub user in at once and sends the browser back: with a code when
/// the request holds a challenge, else with the session in the fragment.
pub async fn authorize(call: Call) -> Result<Response, AuthError> {
    let provider = call.query.get("provider").cloned().unwrap_or_default();
    let known = !provider.is_empty() && provider.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !call.state.behaviour().auth.stub_provider || !known {
        return Err(AuthError::bad_request(
            "validation_failed",
            "Unsupported provider: provider is not enabled",
        ));
    }
    let mut target = redirect_target(&call)?;
    let issuer = Issuer::of(&call.state);
    let challenge = call.query.get("code_challenge").cloned();
    let method = call
        .query
        .get("code_challenge_method")
        .map_or_else(|| "plain".to_owned(), |method| method.to_lowercase());
    let outcome = call
        .state
        .store()
        .write(move |tx| {
            let connection = tx.connection();
            let email = format!("{provider}@stub.local");
            let mut user = if let Some(known) = User::by_email(connection, &email)? {
                known
            } else {
                let mut user = User::new(Some(email), None, Map::new(), tx.now());
                user.confirmed_at = Some(tx.now());
                user.app_metadata
                    .insert("provider".to_owned(), json!(provider));
                user.app_metadata
                    .insert("providers".to_owned(), json!([provider]));
                user.save(connection)?;
                user
            };
            let Some(challenge) = challenge else {
                let session = issuer.open(tx, &mut user, "oauth")?;
                return Ok::<_, AuthError>(Outcome::Session(Box::new(session)));
            };
            let code = Uuid::new_v4().to_string();
            connection.execute(
                "INSERT INTO auth_codes (code, user_id, challenge, method, expires_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    code,
                    user.id,
                    challenge,
                    method,
                    tx.now().as_micros().saturating_add(LIFETIME)
                ],
            )?;
            Ok(Outcome::Code(code))
        })
        .await?;
    match outcome {
        Outcome::Code(code) => {
            target.query_pairs_mut().append_pair("code", &code);
        }
        Outcome::Session(session) => {
            let fragment = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("access_token", session.access_token.reveal())
                .append_pair("expires_at", &session.expires_at.to_string())
                .append_pair("expires_in", &session.expires_in.to_string())
                .append_pair("refresh_token", session.refresh_token.reveal())
                .append_pair("token_type", session.token_type)
                .finish();
            target.set_fragment(Some(&fragment));
        }
    }
    let location = HeaderValue::from_str(target.as_str()).map_err(|_| unusable())?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// `/token?grant_type=pkce`
pub async fn exchange(call: Call) -> Result<Response, AuthError> {
    let (Some(code), Some(verifier)) = (call.text("auth_code"), call.text("code_verifier")) else {
        return Err(AuthError::bad_request(
            "validation_failed",
            "invalid request: both auth code and code verifier should be non-empty",
        ));
    };
    let (code, verifier) = (code.to_owned(), verifier.to_owned());
    let issuer = Issuer::of(&call.state);
    call.state
        .store()
        .write(move |tx| {
            let connection = tx.connection();
            let found: Option<(String, String, String, i64)> = connection
                .query_row(
                    "SELECT user_id, challenge, method, expires_at FROM auth_codes \
                     WHERE code = ?1",
                    [&code],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                )
                .optional()?;
            let Some((user, challenge, method, expires)) = found else {
                return Err(AuthError::new(
                    StatusCode::NOT_FOUND,
                    "flow_state_not_found",
                    "invalid flow state, no valid flow state found",
                ));
            };
            if Timestamp::from_micros(expires) <= tx.now() {
                return Err(AuthError::forbidden(
                    "flow_state_expired",
                    "invalid flow state, flow state has expired",
                ));
            }
            let derived = if method == "s256" {
                URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
            } else {
                verifier
            };
            if !bool::from(derived.as_bytes().ct_eq(challenge.as_bytes())) {
                return Err(AuthError::bad_request(
                    "bad_code_verifier",
                    "code challenge does not match previously saved code verifier",
                ));
            }
            connection.execute("DELETE FROM auth_codes WHERE code = ?1", [&code])?;
            let Some(mut user) = User::by_id(connection, &user)? else {
                return Err(AuthError::forbidden("user_not_found", "User not found"));
            };
            Ok(Json(issuer.open(tx, &mut user, "oauth")?).into_response())
        })
        .await
}

/// Where the browser may be sent: a loopback address with any port, else the server's own.
fn redirect_target(call: &Call) -> Result<Url, AuthError> {
    let wanted = call
        .query
        .get("redirect_to")
        .and_then(|text| Url::parse(text).ok());
    let loopback = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && match url.host() {
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                Some(Host::Domain(name)) => name == "localhost",
                None => false,
            }
    };
    match wanted.filter(loopback) {
        Some(url) => Ok(url),
        None => Url::parse(call.state.url()).map_err(|_| unusable()),
    }
}

fn unusable() -> AuthError {
    AuthError::bad_request("validation_failed", "The redirect address cannot be used")
}
