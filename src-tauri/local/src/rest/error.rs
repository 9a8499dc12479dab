//! Refusals as PostgREST words them.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::auth::{Role, TokenError};
use crate::store::schema::Table;
use crate::store::{PgError, StoreError};

/// A refusal: status and body.
#[derive(Debug)]
pub struct RestError {
    /// The HTTP status.
    pub status: StatusCode,
    /// `PGRST…` or an SQLSTATE.
    pub code: &'static str,
    /// What went wrong.
    pub message: String,
    /// More about it.
    pub details: Option<String>,
    /// What may help.
    pub hint: Option<String>,
    challenge: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    details: Option<&'a str>,
    hint: Option<&'a str>,
    message: &'a str,
}

impl RestError {
    /// A refusal without details and hint.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: None,
            hint: None,
            challenge: None,
        }
    }

    fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A parameter that cannot be read.
    pub fn parse(message: String, details: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PGRST100", message).details(details)
    }

    /// A filter on a relation that `select` does not embed.
    pub fn not_embedded(relation: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PGRST108",
            format!("'{relation}' is not an embedded resource in this request"),
        )
        .hint(format!(
            "Verify that '{relation}' is included in the 'select' query parameter."
        ))
    }

    /// A body that is not the JSON it should be.
    pub fn body(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PGRST102", message)
    }

    /// A range that holds nothing.
    pub fn range(details: impl Into<String>) -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "PGRST103",
            "Requested range not satisfiable",
        )
        .details(details)
    }

    /// A schema other than `public`.
    pub fn schema(given: &str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "PGRST106",
            format!("Invalid schema: {given}"),
        )
        .hint("Only the following schemas are exposed: public")
    }

    /// An answer in a form that is not offered.
    pub fn media_type(given: &str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "PGRST107",
            format!("None of these media types are available: {given}"),
        )
    }

    /// Not exactly one row for an answer that must be one object.
    pub fn not_single(rows: usize) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
        )
        .details(format!("The result contains {rows} rows"))
    }

    /// A method that tables do not know.
    pub fn method(method: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "PGRST117",
            format!("Unsupported HTTP method: {method}"),
        )
    }

    /// Preferences that cannot be honoured, with `handling=strict`.
    pub fn preferences(given: &[String]) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PGRST122",
            "Invalid preferences given with handling=strict",
        )
        .details(format!("Invalid preferences: {}", given.join(", ")))
    }

    /// `count()` and its like.
    pub fn aggregate() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PGRST123",
            "Use of aggregate functions is not allowed",
        )
    }

    /// More rows than `max-affected`.
    pub fn max_affected(rows: usize) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
        )
        .details(format!("The query affects {rows} rows"))
    }

    /// A path below `/rest/v1` that is neither table nor function.
    pub fn path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "PGRST125",
            "Invalid path specified in request URL",
        )
    }

    /// Embedding: no foreign keys join these tables.
    pub fn relationship(table: &str, relation: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PGRST200",
            format!(
                "Could not find a relationship between '{table}' and '{relation}' in the schema cache"
            ),
        )
        .details(format!(
            "Searched for a foreign key relationship between '{table}' and '{relation}' in the \
             schema 'public', but no matches were found."
        ))
    }

    /// A function; there are none.
    pub fn function(name: &str, arguments: &[String]) -> Self {
        let (call, described) = match arguments {
            [] => (
                "without parameters".to_owned(),
                "without parameters".to_owned(),
            ),
            [one] => (format!("({one})"), format!("with parameter {one}")),
            many => (
                format!("({})", many.join(", ")),
                format!("with parameters {}", many.join(", ")),
            ),
        };
        let space = if arguments.is_empty() { " " } else { "" };
        Self::new(
            StatusCode::NOT_FOUND,
            "PGRST202",
            format!("Could not find the function public.{name}{space}{call} in the schema cache"),
        )
        .details(format!(
            "Searched for the function public.{name} {described}, but no matches were found in \
             the schema cache."
        ))
    }

    /// A column that a write names and the table lacks.
    pub fn unknown_write_column(table: &Table, column: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PGRST204",
            format!(
                "Could not find the '{column}' column of '{}' in the schema cache",
                table.name
            ),
        )
    }

    /// A column that a read names and the table lacks.
    pub fn unknown_column(table: &Table, column: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "42703",
            format!("column {}.{column} does not exist", table.name),
        )
    }

    /// A table that is none of `tables`.
    pub fn table(name: &str, tables: &[&Table]) -> Self {
        let error = Self::new(
            StatusCode::NOT_FOUND,
            "PGRST205",
            format!("Could not find the table 'public.{name}' in the schema cache"),
        );
        let close = tables
            .iter()
            .find(|table| table.name.contains(name) || name.contains(table.name));
        match close {
            Some(table) if !name.is_empty() => error.hint(format!(
                "Perhaps you meant the table 'public.{}'",
                table.name
            )),
            _ => error,
        }
    }

    /// An operator that the column's type does not have.
    pub fn operator(left: &str, operator: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "42883",
            format!("operator does not exist: {left} {operator} unknown"),
        )
        .hint(
            "No operator matches the given name and argument types. You might need to add \
             explicit type casts.",
        )
    }

    /// No user, and anonymous requests are not served.
    pub fn anonymous() -> Self {
        let mut error = Self::new(
            StatusCode::UNAUTHORIZED,
            "PGRST302",
            "Anonymous access is disabled",
        );
        error.challenge = Some("Bearer".to_owned());
        error
    }

    /// A refusal of the database, its status depending on who asked.
    pub fn from_store(error: StoreError, role: &Role) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::from_postgres(refusal, role),
            StoreError::Closed => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "PGRST001",
                "Could not query the database: the server is stopping",
            ),
            other => {
                tracing::error!(error = %other, "a statement failed");
                Self::internal()
            }
        }
    }

    /// Something that no request can be blamed for.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "XX000",
            "The database failed; the server's log says more",
        )
    }

    /// The status that PostgREST gives an SQLSTATE.
    pub fn from_postgres(refusal: PgError, role: &Role) -> Self {
        let status = match refusal.code {
            "42501" if *role == Role::Anon => StatusCode::UNAUTHORIZED,
            "42501" => StatusCode::FORBIDDEN,
            "23505" | "23503" => StatusCode::CONFLICT,
            "21000" => StatusCode::INTERNAL_SERVER_ERROR,
            "42883" | "42P01" => StatusCode::NOT_FOUND,
            "25006" => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::BAD_REQUEST,
        };
        let PgError {
            code,
            message,
            details,
            hint,
        } = refusal;
        let challenge = (status == StatusCode::UNAUTHORIZED).then(|| "Bearer".to_owned());
        Self {
            status,
            code,
            message,
            details,
            hint,
            challenge,
        }
    }
}

impl From<TokenError> for RestError {
    fn from(error: TokenError) -> Self {
        let (code, message) = match error {
            TokenError::Parts { parts } => {
                ("PGRST301", format!("Expected 3 parts in JWT; got {parts}"))
            }
            TokenError::Malformed => ("PGRST301", "JWT cryptographic operation failed".to_owned()),
            TokenError::Algorithm => (
                "PGRST301",
                "Wrong or unsupported encoding algorithm".to_owned(),
            ),
            TokenError::BadSignature => {
                ("PGRST301", "No suitable key or wrong key type".to_owned())
            }
            TokenError::Expired { .. } => ("PGRST303", "JWT expired".to_owned()),
            TokenError::NotYetValid => ("PGRST303", "JWT not yet valid".to_owned()),
            TokenError::IssuedInFuture => ("PGRST303", "JWT issued at future".to_owned()),
            TokenError::MissingClaims => {
                ("PGRST303", "The JWT claims set is incomplete".to_owned())
            }
        };
        let mut refused = Self::new(StatusCode::UNAUTHORIZED, code, message);
        refused.challenge = Some(format!(
            "Bearer error=\"invalid_token\", error_description=\"{}\"",
            refused.message
        ));
        refused
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let body = Body {
            code: self.code,
            details: self.details.as_deref(),
            hint: self.hint.as_deref(),
            message: &self.message,
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
