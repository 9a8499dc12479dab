//! Refusals as Storage words them: the real status stands in the body, as a text, and HTTP says 400.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::auth::TokenError;
use crate::gateway::KeyRefused;
use crate::store::StoreError;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StorageError {
    status: u16,
    code: &'static str,
    error: &'static str,
    message: String,
}

impl StorageError {
    fn new(
        status: u16,
        code: &'static str,
        error: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            error,
            message: message.into(),
        }
    }

    /// There is no such bucket, or the caller may not know of it.
    pub(super) fn no_bucket() -> Self {
        Self::new(404, "NoSuchBucket", "Bucket not found", "Bucket not found")
    }

    /// There is no such object, or the caller may not read it.
    pub(super) fn no_object() -> Self {
        Self::new(404, "NoSuchKey", "not_found", "Object not found")
    }

    /// There is one of that name.
    pub(super) fn duplicate() -> Self {
        Self::new(
            409,
            "ResourceAlreadyExists",
            "Duplicate",
            "The resource already exists",
        )
    }

    /// A write that no policy admits.
    pub(super) fn row_security() -> Self {
        let message = "new row violates row-level security policy";
        Self::new(403, "AccessDenied", "Unauthorized", message)
    }

    /// More than the bucket, or this server, takes.
    pub(super) fn too_large() -> Self {
        let message = "The object exceeded the maximum allowed size";
        Self::new(413, "EntityTooLarge", "Payload too large", message)
    }

    /// A type that the bucket does not take.
    pub(super) fn mime_type(given: &str) -> Self {
        let message = format!("mime type {given} is not supported");
        Self::new(415, "InvalidMimeType", "invalid_mime_type", message)
    }

    /// A name that no object can have.
    pub(super) fn key(name: &str) -> Self {
        Self::new(
            400,
            "InvalidKey",
            "InvalidKey",
            format!("Invalid key: {name}"),
        )
    }

    /// A body that is not what was expected.
    pub(super) fn body(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidRequest", "Bad Request", message)
    }
}

/// Why a request is not carried out: by the gateway, or by Storage.
#[derive(Debug)]
pub(super) enum Refused {
    Key(KeyRefused),
    Storage(StorageError),
}

impl From<KeyRefused> for Refused {
    fn from(refused: KeyRefused) -> Self {
        Self::Key(refused)
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Key(refused) => refused.into_response(),
            Self::Storage(error) => error.into_response(),
        }
    }
}

impl From<TokenError> for StorageError {
    fn from(error: TokenError) -> Self {
        let message = match error {
            TokenError::Expired { .. } => "\"exp\" claim timestamp check failed".to_owned(),
            other => format!("invalid JWT: {other}"),
        };
        Self::new(403, "AccessDenied", "Unauthorized", message)
    }
}

impl From<StoreError> for StorageError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "Storage could not use the database");
        Self::new(500, "InternalError", "Internal", "Internal server error")
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl IntoResponse for StorageError {
    fn into_response(self) -> Response {
        let status = if self.status == 500 {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        };
        let body = json!({
            "statusCode": self.status.to_string(),
            "code": self.code,
            "error": self.error,
            "message": self.message,
        });
        (status, Json(body)).into_response()
    }
}
