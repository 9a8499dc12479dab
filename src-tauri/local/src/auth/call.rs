//! A request to Auth, read once for all handlers.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::error::AuthError;
use super::session;
use super::token::{self, Claims, Role, TokenError};
use super::user::User;
use crate::gateway;
use crate::state::AppState;

/// The longest body.
const BODY: usize = 1 << 20;

/// What a handler needs of a request.
pub struct Call {
    /// The server.
    pub state: AppState,
    /// The query's parameters.
    pub query: HashMap<String, String>,
    /// The body's members; empty without a body.
    pub body: Map<String, Value>,
    headers: HeaderMap,
    raw_query: String,
}

/// A signed-in user who asks.
pub struct Asker {
    /// The user as stored.
    pub user: User,
    /// The session of the token, when it names one.
    pub session: Option<String>,
}

impl Asker {
    /// The session of the token, for what concerns one.
    pub fn session(&self) -> Result<String, AuthError> {
        self.session
            .clone()
            .ok_or_else(|| AuthError::forbidden("session_not_found", "The token names no session"))
    }
}

impl FromRequest<AppState> for Call {
    type Rejection = AuthError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, AuthError> {
        let unreadable =
            || AuthError::bad_request("bad_json", "Could not parse request body as JSON");
        let (parts, body) = request.into_parts();
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        let query = url::form_urlencoded::parse(raw_query.as_bytes())
            .into_owned()
            .collect();
        let bytes = to_bytes(body, BODY).await.map_err(|_| unreadable())?;
        let body = if bytes.iter().all(u8::is_ascii_whitespace) {
            Map::new()
        } else {
            serde_json::from_slice(&bytes).map_err(|_| unreadable())?
        };
        Ok(Self {
            state: state.clone(),
            query,
            body,
            headers: parts.headers,
            raw_query,
        })
    }
}

impl Call {
    /// A text member of the body, when it is there and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// An object member of the body.
    pub fn object(&self, name: &str) -> Option<Map<String, Value>> {
        self.body.get(name).and_then(Value::as_object).cloned()
    }

    /// The address in the body, checked and in lower case.
    pub fn email(&self) -> Result<Option<String>, AuthError> {
        let Some(email) = self.text("email") else {
            return Ok(None);
        };
        let plausible = email.len() <= 255
            && !email.chars().any(char::is_whitespace)
            && email.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && !host.is_empty() && !host.contains('@')
            });
        if !plausible {
            return Err(AuthError::bad_request(
                "validation_failed",
                "Unable to validate email address: invalid format",
            ));
        }
        Ok(Some(email.to_lowercase()))
    }

    /// The number in the body, checked and without its plus sign.
    pub fn phone(&self) -> Result<Option<String>, AuthError> {
        let Some(phone) = self.text("phone") else {
            return Ok(None);
        };
        let digits = phone.trim_start_matches('+').replace(' ', "");
        if digits.len() < 7 || digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AuthError::bad_request(
                "validation_failed",
                "Invalid phone number format (E.164 required)",
            ));
        }
        Ok(Some(digits))
    }

    /// Who asks, by the bearer's token or else by the key.
    fn claims(&self) -> Result<(Claims, bool), AuthError> {
        // The key was checked by the layer around the handler.
        let caller = gateway::caller(&self.state, &self.headers, &self.raw_query)
            .map_err(|_| AuthError::no_bearer())?;
        let Some(bearer) = caller.bearer else {
            return Ok((caller.key, false));
        };
        let now = self.state.clock().now();
        let claims = token::decode(self.state.keys().jwt_secret(), &bearer, now, 0)
            .map_err(|error| bad_jwt(&error))?;
        Ok((claims, true))
    }

    /// The user whose token this is.
    pub async fn asker(&self) -> Result<Asker, AuthError> {
        let (claims, from_token) = self.claims()?;
        if !from_token {
            return Err(AuthError::no_bearer());
        }
        let Some(sub) = claims.sub else {
            return Err(AuthError::forbidden(
                "bad_jwt",
                "invalid claim: missing sub claim",
            ));
        };
        let session = claims.session_id;
        self.state
            .store()
            .read(move |connection| {
                let user = User::by_id(connection, &sub)?.ok_or_else(|| {
                    AuthError::forbidden(
                        "user_not_found",
                        "User from sub claim in JWT does not exist",
                    )
                })?;
                if let Some(id) = &session
                    && !session::exists(connection, id)?
                {
                    return Err(AuthError::forbidden(
                        "session_not_found",
                        "Session from session_id claim in JWT does not exist",
                    ));
                }
                Ok(Asker { user, session })
            })
            .await
    }

    /// Refuses everybody but the service role.
    pub fn must_be_admin(&self) -> Result<(), AuthError> {
        let (claims, from_token) = self.claims()?;
        if claims.role == Role::ServiceRole {
            Ok(())
        } else if from_token {
            Err(AuthError::forbidden("not_admin", "User not allowed"))
        } else {
            Err(AuthError::no_bearer())
        }
    }
}

/// Lets requests with a key of this server pass.
pub(super) async fn require_key(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    match gateway::caller(&state, request.headers(), query) {
        Ok(_) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn bad_jwt(error: &TokenError) -> AuthError {
    let reason = match error {
        TokenError::Expired { .. } => "token has invalid claims: token is expired",
        TokenError::NotYetValid => "token has invalid claims: token is not valid yet",
        TokenError::IssuedInFuture => "token has invalid claims: token used before issued",
        TokenError::BadSignature => "token signature is invalid: signature is invalid",
        TokenError::Algorithm => "token signature is invalid: signing method is invalid",
        TokenError::Parts { .. } => {
            "token is malformed: token contains an invalid number of segments"
        }
        TokenError::Malformed | TokenError::MissingClaims => {
            "token is malformed: could not be decoded"
        }
    };
    AuthError::forbidden(
        "bad_jwt",
        format!("invalid JWT: unable to parse or verify signature, {reason}"),
    )
}
