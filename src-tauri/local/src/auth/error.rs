//! Refusals as Auth words them, in the shape that the client's API version asks for.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::StoreError;

/// From this version on, `code` is the text and not the status.
const API_VERSION: &str = "2024-01-01";
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-supabase-api-version");
const CODE_HEADER: HeaderName = HeaderName::from_static("x-sb-error-code");

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthError {
    status: StatusCode,
    code: &'static str,
    message: String,
    reasons: &'static [&'static str],
}

impl AuthError {
    /// With this status, code and message.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            reasons: &[],
        }
    }

    /// 400
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 403
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 422
    pub fn unprocessable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// A password that is too short.
    pub fn weak_password(least: usize) -> Self {
        Self {
            reasons: &["length"],
            ..Self::unprocessable(
                "weak_password",
                format!("Password should be at least {least} characters."),
            )
        }
    }

    /// An endpoint for users, asked by nobody.
    pub fn no_bearer() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "no_authorization",
            "This endpoint requires a valid Bearer token",
        )
    }

    fn body(&self, new_shape: bool) -> serde_json::Value {
        let mut body = if new_shape {
            json!({"code": self.code, "message": self.message})
        } else {
            json!({
                "code": self.status.as_u16(),
                "error_code": self.code,
                "msg": self.message,
            })
        };
        if !self.reasons.is_empty() {
            let key = if new_shape {
                "reasons"
            } else {
                "weak_password"
            };
            body[key] = if new_shape {
                json!(self.reasons)
            } else {
                json!({"reasons": self.reasons})
            };
        }
        body
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a statement of Auth failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unexpected_failure",
            "The database failed; the server's log says more",
        )
    }
}

impl From<rusqlite::Error> for AuthError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl IntoResponse for AuthError {
    /// Without a body: [`shape`] knows which form the client reads.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives refusals their body.
pub(super) async fn shape(request: Request, next: Next) -> Response {
    let new_shape = request
        .headers()
        .get(VERSION_HEADER)
        .and_then(|version| version.to_str().ok())
        .is_some_and(|version| version >= API_VERSION);
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<AuthError>() {
        response = (error.status, Json(error.body(new_shape))).into_response();
        response
            .headers_mut()
            .insert(CODE_HEADER, HeaderValue::from_static(error.code));
    }
    if new_shape {
        response
            .headers_mut()
            .insert(VERSION_HEADER, HeaderValue::from_static(API_VERSION));
    }
    response
}
