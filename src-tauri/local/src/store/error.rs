//! What can go wrong with the rows, in PostgreSQL's own terms.

use thiserror::Error;

use super::schema::Kind;

/// A refusal as PostgreSQL words it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct PgError {
    /// The SQLSTATE.
    pub code: &'static str,
    /// The primary message.
    pub message: String,
    /// The detail line.
    pub details: Option<String>,
    /// The hint line.
    pub hint: Option<String>,
}

impl PgError {
    /// A refusal without detail and hint.
    pub fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            details: None,
            hint: None,
        }
    }

    /// With a detail line.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// `22P02`: a text that is no value of its type.
    pub fn invalid_text(kind: Kind, text: &str) -> Self {
        let name = match kind {
            Kind::Json => "json",
            other => other.sql_name(),
        };
        Self::new(
            "22P02",
            format!("invalid input syntax for type {name}: \"{text}\""),
        )
    }

    /// `42501`: a verb that nobody is granted.
    pub fn permission_denied(table: &str) -> Self {
        Self::new("42501", format!("permission denied for table {table}"))
    }

    /// `42501`: a new row that no policy admits.
    pub fn row_security(table: &str) -> Self {
        Self::new(
            "42501",
            format!("new row violates row-level security policy for table \"{table}\""),
        )
    }

    /// `42501`: an upsert onto a row that its writer may not change.
    pub fn row_security_using(table: &str) -> Self {
        Self::new(
            "42501",
            format!(
                "new row violates row-level security policy (USING expression) for table \"{table}\""
            ),
        )
    }
}

/// Any failure of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A refusal that the client can understand.
    #[error(transparent)]
    Refused(#[from] PgError),
    /// The database itself failed.
    #[error("the database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The file is encrypted with another key, or is no database.
    #[error("the database cannot be opened with this key")]
    WrongKey,
    /// The file was written by a newer version.
    #[error("the database was written by a newer version ({0})")]
    TooNew(i32),
    /// The server is stopping.
    #[error("the store is closed")]
    Closed,
    /// The data directory cannot be used.
    #[error("the data directory cannot be used: {0}")]
    Directory(#[from] std::io::Error),
}
