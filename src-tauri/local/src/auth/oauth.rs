//! Signing in with a provider: `/authorize`, what stands in for the provider, the way back
//! (`/callback`), and the exchange of the code that it brings (PKCE, RFC 7636).

use axum::Json;
use axum::http::header;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::{Host, Url};
use uuid::Uuid;

use super::call::Call;
use super::error::AuthError;
use super::flow::{Flow, Method};
use super::session::{Issuer, Session};
use super::user::User;
use crate::options::{Consent, StubProvider};
use crate::state::AppState;
use crate::store::WriteTx;

/// What the browser brings back.
enum Outcome {
    /// To be exchanged with the verifier.
    Code(String),
    /// For a client without a challenge.
    Session(Box<Session>),
    /// Why nobody is signed in.
    Refused(Refusal),
}

/// An error as it stands in a redirect (RFC 6749, section 4.1.2.1).
struct Refusal {
    error: &'static str,
    /// Auth's own code; a provider's refusal has none.
    code: Option<&'static str>,
    description: String,
}

/// Begins a sign-in, and sends the browser to the provider.
pub async fn authorize(call: Call) -> Result<Response, AuthError> {
    let provider = call.query.get("provider").cloned().unwrap_or_default();
    let stub = stub(&call.state, &provider).ok_or_else(|| {
        AuthError::bad_request(
            "validation_failed",
            "Unsupported provider: provider is not enabled",
        )
    })?;
    let consent = stub.consent;
    let challenge = challenge(&call)?;
    let flow = Flow::new(
        provider,
        redirect_target(&call)?,
        challenge,
        call.state.clock().now(),
    );
    let kept = flow.clone();
    call.state
        .store()
        .write(move |tx| Ok::<_, AuthError>(kept.save(tx.connection())?))
        .await?;
    match consent {
        Consent::Asked => {
            let mut page = at(&call.state, "/auth/v1/consent")?;
            page.query_pairs_mut().append_pair("state", &flow.id);
            redirect(&page)
        }
        Consent::Granted => finish(&call.state, flow, true).await,
        Consent::Denied => finish(&call.state, flow, false).await,
    }
}

/// The provider's page: it asks its user.
pub async fn consent(call: Call) -> Result<Response, AuthError> {
    let Some(flow) = flow(&call).await? else {
        return Err(bad_state());
    };
    let to = |answer: &str| format!("/auth/v1/callback?state={}&amp;{answer}", flow.id);
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sign in</title>\
         <p>Sign in as {name}@stub.local?</p>\
         <p><a id=\"allow\" href=\"{allow}\">Allow</a> <a id=\"deny\" href=\"{deny}\">Deny</a></p>",
        name = flow.provider,
        allow = to("code=granted"),
        deny = to("error=access_denied"),
    );
    Ok(Html(page).into_response())
}

/// The way back from the provider, and on to whoever asked.
pub async fn callback(call: Call) -> Result<Response, AuthError> {
    let Some(flow) = flow(&call).await? else {
        // Where to is not known: to the server's own address, as Auth does.
        let refused = Outcome::Refused(Refusal {
            error: "invalid_request",
            code: Some("bad_oauth_state"),
            description: "OAuth callback with invalid state".to_owned(),
        });
        return back(at(&call.state, "/")?, &refused, true);
    };
    let granted = call.query.get("code").is_some_and(|code| code == "granted");
    finish(&call.state, flow, granted).await
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
            let found = Flow::by_code(connection, &code)?;
            let Some((flow, user)) = found else {
                return Err(AuthError::new(
                    StatusCode::NOT_FOUND,
                    "flow_state_not_found",
                    "invalid flow state, no valid flow state found",
                ));
            };
            if flow.is_over(tx.now()) {
                return Err(AuthError::forbidden(
                    "flow_state_expired",
                    "invalid flow state, flow state has expired",
                ));
            }
            let matches = flow.challenge.as_ref().is_some_and(|(challenge, method)| {
                let derived = match method {
                    Method::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
                    Method::Plain => verifier,
                };
                bool::from(derived.as_bytes().ct_eq(challenge.as_bytes()))
            });
            if !matches {
                return Err(AuthError::bad_request(
                    "bad_code_verifier",
                    "code challenge does not match previously saved code verifier",
                ));
            }
            Flow::delete(connection, &flow.id)?;
            let Some(mut user) = User::by_id(connection, &user)? else {
                return Err(AuthError::forbidden("user_not_found", "User not found"));
            };
            Ok(Json(issuer.open(tx, &mut user, "oauth")?).into_response())
        })
        .await
}

/// What stands in for a provider, when it is switched on.
fn stub<'a>(state: &'a AppState, provider: &str) -> Option<&'a StubProvider> {
    let stub = state.behaviour().auth.stub_provider.as_ref()?;
    stub.names
        .iter()
        .any(|name| name == provider)
        .then_some(stub)
}

/// The flow that a request's `state` names, while it is under way.
async fn flow(call: &Call) -> Result<Option<Flow>, AuthError> {
    let state = call.query.get("state").cloned().unwrap_or_default();
    let now = call.state.clock().now();
    let found = call
        .state
        .store()
        .read(move |connection| Ok::<_, AuthError>(Flow::by_id(connection, &state)?))
        .await?;
    Ok(found.filter(|flow| !flow.is_over(now)))
}

/// Ends the provider's part: the browser goes back with what came of it.
async fn finish(state: &AppState, flow: Flow, granted: bool) -> Result<Response, AuthError> {
    let target = Url::parse(&flow.redirect_to).map_err(|_| unusable())?;
    let pkce = flow.challenge.is_some();
    let signup = state.behaviour().auth.signup;
    let issuer = Issuer::of(state);
    let outcome = state
        .store()
        .write(move |tx| {
            // Answered twice at once, it counts once.
            if Flow::by_id(tx.connection(), &flow.id)?.is_none() {
                return Err(bad_state());
            }
            if !granted {
                Flow::delete(tx.connection(), &flow.id)?;
                return Ok(Outcome::Refused(Refusal {
                    error: "access_denied",
                    code: None,
                    description: "The user has denied your application access".to_owned(),
                }));
            }
            let Some(mut user) = account(tx, &flow.provider, signup)? else {
                Flow::delete(tx.connection(), &flow.id)?;
                return Ok(Outcome::Refused(Refusal {
                    error: "access_denied",
                    code: Some("signup_disabled"),
                    description: "Signups not allowed for this instance".to_owned(),
                }));
            };
            if flow.challenge.is_some() {
                let code = Uuid::new_v4().to_string();
                flow.grant(tx.connection(), &user.id, &code, tx.now())?;
                return Ok::<_, AuthError>(Outcome::Code(code));
            }
            Flow::delete(tx.connection(), &flow.id)?;
            let session = issuer.open(tx, &mut user, "oauth")?;
            Ok(Outcome::Session(Box::new(session)))
        })
        .await?;
    back(target, &outcome, pkce)
}

/// The user behind a provider's; a new one where new ones may sign up.
fn account(tx: &WriteTx<'_>, provider: &str, signup: bool) -> Result<Option<User>, AuthError> {
    let connection = tx.connection();
    let email = format!("{provider}@stub.local");
    if let Some(known) = User::by_email(connection, &email)? {
        return Ok(Some(known));
    }
    if !signup {
        return Ok(None);
    }
    let mut user = User::new(Some(email), None, Map::new(), tx.now());
    user.confirmed_at = Some(tx.now());
    user.app_metadata
        .insert("provider".to_owned(), json!(provider));
    user.app_metadata
        .insert("providers".to_owned(), json!([provider]));
    user.save(connection)?;
    Ok(Some(user))
}

/// A browser with a challenge finds what came of it in the query, any other in the fragment;
/// an error is in the fragment for both.
fn back(mut target: Url, outcome: &Outcome, pkce: bool) -> Result<Response, AuthError> {
    let mut fragment = url::form_urlencoded::Serializer::new(String::new());
    match outcome {
        Outcome::Code(code) => {
            target.query_pairs_mut().append_pair("code", code);
            return redirect(&target);
        }
        Outcome::Session(session) => {
            fragment
                .append_pair("access_token", session.access_token.reveal())
                .append_pair("expires_at", &session.expires_at.to_string())
                .append_pair("expires_in", &session.expires_in.to_string())
                .append_pair("refresh_token", session.refresh_token.reveal())
                .append_pair("token_type", session.token_type);
        }
        Outcome::Refused(refusal) => {
            let mut pairs = vec![("error", refusal.error)];
            pairs.extend(refusal.code.map(|code| ("error_code", code)));
            pairs.push(("error_description", &refusal.description));
            if pkce {
                target.query_pairs_mut().extend_pairs(&pairs);
            }
            fragment.extend_pairs(&pairs);
        }
    }
    target.set_fragment(Some(&fragment.finish()));
    redirect(&target)
}

fn redirect(target: &Url) -> Result<Response, AuthError> {
    let location = HeaderValue::from_str(target.as_str()).map_err(|_| unusable())?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// The challenge with its method: both or none (RFC 7636, section 4.3).
fn challenge(call: &Call) -> Result<Option<(String, Method)>, AuthError> {
    let invalid = |message: &str| AuthError::bad_request("validation_failed", message);
    let given = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let (challenge, method) = match (given("code_challenge"), given("code_challenge_method")) {
        (None, None) => return Ok(None),
        (Some(challenge), Some(method)) => (challenge, method),
        _ => {
            return Err(invalid(
                "PKCE flow requires code_challenge_method and code_challenge",
            ));
        }
    };
    let method = Method::named(method)
        .ok_or_else(|| invalid("invalid code_challenge_method: s256 or plain"))?;
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&challenge.len()) || !challenge.bytes().all(unreserved) {
        return Err(invalid(
            "code challenge has to be between 43 and 128 characters",
        ));
    }
    Ok(Some((challenge.clone(), method)))
}

/// Where the browser may be sent: a loopback IP literal with any port, an address of the
/// list, else the server's own.
fn redirect_target(call: &Call) -> Result<Url, AuthError> {
    let wanted = call
        .query
        .get("redirect_to")
        .and_then(|text| Url::parse(text).ok());
    let list = &call.state.behaviour().auth.redirects;
    let allowed = |url: &Url| {
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        loopback && matches!(url.scheme(), "http" | "https")
            || list.iter().any(|listed| listed == bare.as_str())
    };
    match wanted.filter(allowed) {
        Some(url) => Ok(url),
        None => at(&call.state, "/"),
    }
}

fn at(state: &AppState, path: &str) -> Result<Url, AuthError> {
    Url::parse(state.url())
        .and_then(|url| url.join(path))
        .map_err(|_| unusable())
}

fn bad_state() -> AuthError {
    AuthError::bad_request("bad_oauth_state", "OAuth callback with invalid state")
}

fn unusable() -> AuthError {
    AuthError::bad_request("validation_failed", "The redirect address cannot be used")
}
