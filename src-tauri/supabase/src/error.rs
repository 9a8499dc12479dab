//! What can go wrong, and what a caller should do about it.

use std::time::Duration;

use crate::{StoreError, body, words};

/// What to do about a failure. There is one function that decides it: [`Error::class`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The server was not reached, or something between here and there answered for it.
    /// Nothing is known about the request: keep it, and try when the network is back.
    Network,
    /// The server cannot do it now. Try again, not before `retry_after` when it is given.
    Transient {
        /// What the server asked for (or its documented limit implies).
        retry_after: Option<Duration>,
    },
    /// The same request will fail again. Show it.
    Permanent,
    /// There is no session, or the server ended it. Keep the data, show the sign-in.
    SignedOut,
}

/// Which service answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// `/auth/v1`
    Auth,
    /// `/rest/v1`
    Rest,
    /// `/realtime/v1/api`
    Realtime,
    /// `/storage/v1`
    Storage,
}

/// A failure as a service describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The service that answered.
    pub service: Service,
    /// The HTTP status.
    pub status: u16,
    /// `PGRST301`, `42501`, `invalid_credentials`, …; `None` when the body named none.
    pub code: Option<String>,
    /// For people.
    pub message: String,
    /// PostgreSQL's detail, or the reasons why a password is weak.
    pub details: Option<String>,
    /// PostgreSQL's hint.
    pub hint: Option<String>,
    /// From the header `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(advice) = words::advice(self) {
            return f.write_str(&advice);
        }
        write!(f, "{} (HTTP {}", self.message, self.status)?;
        if let Some(code) = &self.code {
            write!(f, ", {code}")?;
        }
        f.write_str(")")
    }
}

/// Any failure of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No answer: no network, no such host, refused, timed out, broken off.
    #[error("The server could not be reached: {message}")]
    Network {
        /// Whether a deadline passed (the request may have been carried out).
        timed_out: bool,
        /// For people and logs; without the address, whose query may hold what was written.
        message: String,
    },
    /// An answer that no Supabase service gives: a sign-in page of a Wi-Fi, a proxy, a wrong address.
    #[error("The answer did not come from a Supabase project (HTTP {status}).")]
    NotSupabase {
        /// The HTTP status.
        status: u16,
    },
    /// The project's key is refused. It concerns everything, not one request.
    #[error("The project refused the key: {message}")]
    BadKey {
        /// The server's words.
        message: String,
    },
    /// A service's own failure.
    #[error("{0}")]
    Api(ApiError),
    /// No session, or one that ended while the request was on its way.
    #[error("Nobody is signed in.")]
    SignedOut,
    /// Somebody is signed in, and a code of a second factor is missing.
    #[error("The code of the authenticator app is missing.")]
    SecondFactor,
    /// A token that was renewed because the one before it was refused is refused too.
    #[error("The project refuses the sign-in, although it was just renewed.")]
    StillRefused {
        /// Until another renewal is tried.
        retry_after: Duration,
    },
    /// The sign-in in the browser ended without one, as the provider or the project says.
    #[error("{}", words::browser(.code.as_deref(), .message))]
    Browser {
        /// `access_denied`, `signup_disabled`, …
        code: Option<String>,
        /// The words that came along.
        message: String,
    },
    /// Nobody came back from the browser in time.
    #[error("Nobody came back from the browser in time. Try again.")]
    BrowserTimeout,
    /// This machine does not let the program listen for the browser.
    #[error("Tidings could not listen for the browser on this computer: {0}")]
    Loopback(String),
    /// A success whose body is not what the protocol says.
    #[error("The server's answer could not be read: {0}")]
    InvalidAnswer(String),
    /// An answer over the size this client takes.
    #[error("The server's answer is too large.")]
    AnswerTooLarge,
    /// The address with its filters would be longer than servers take: ask in smaller parts.
    #[error("The request names too much at once.")]
    RequestTooLong,
    /// An update or a delete without a filter would touch the whole table.
    #[error("A change without a filter would touch every row.")]
    MissingFilter,
    /// The value to send cannot be written as JSON, or a schema or table name as a header.
    #[error("The request could not be written: {0}")]
    InvalidRequest(String),
    /// The answer names another user than the session's.
    #[error("The server answered with another user's session.")]
    OtherUser,
    /// The session could not be kept or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client could not be set up (no TLS on this machine).
    #[error("The HTTP client could not be set up: {0}")]
    Setup(String),
}

/// The codes of section 2.2 that end a session; nothing else does.
const ENDS_SESSION: [&str; 6] = [
    "refresh_token_not_found",
    "refresh_token_already_used",
    "session_not_found",
    "session_expired",
    "user_not_found",
    "user_banned",
];

/// The Auth service names no time to wait; its limits are counted by the minute.
pub(crate) const AUTH_RATE_LIMIT: Duration = Duration::from_mins(1);
/// A paused project, or a token that stays refused: no use in asking every second.
const LONG_WAIT: Duration = Duration::from_secs(30);

impl Error {
    /// What to do about it (sections 2.2 and 4.3 of the protocol notes).
    pub fn class(&self) -> Class {
        match self {
            Self::Network { .. } | Self::NotSupabase { .. } => Class::Network,
            Self::Api(error) => error.class(),
            Self::SignedOut | Self::SecondFactor => Class::SignedOut,
            Self::StillRefused { retry_after } => Class::Transient {
                retry_after: Some(*retry_after),
            },
            Self::InvalidAnswer(_) => Class::Transient { retry_after: None },
            Self::BadKey { .. }
            | Self::AnswerTooLarge
            | Self::RequestTooLong
            | Self::MissingFilter
            | Self::InvalidRequest(_)
            | Self::OtherUser
            | Self::Browser { .. }
            | Self::BrowserTimeout
            | Self::Loopback(_)
            | Self::Store(_)
            | Self::Setup(_) => Class::Permanent,
        }
    }

    /// The service's code, when there is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.code.as_deref(),
            Self::Browser { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// The HTTP status of an answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.status),
            Self::NotSupabase { status } => Some(*status),
            _ => None,
        }
    }

    /// Whether the Auth service says that the session is over.
    pub(crate) fn ends_session(&self) -> bool {
        matches!(self, Self::Api(error) if error.service == Service::Auth && error.ends_session())
    }
}

impl ApiError {
    fn ends_session(&self) -> bool {
        let refused = (400..500).contains(&self.status) && self.status != 429;
        let code = self.code.as_deref();
        refused && code.is_some_and(|code| ENDS_SESSION.contains(&code))
    }

    fn class(&self) -> Class {
        let transient = Class::Transient {
            retry_after: self.retry_after,
        };
        let code = self.code.as_deref().unwrap_or_default();
        match (self.service, self.status) {
            (Service::Auth, 429) => Class::Transient {
                retry_after: Some(self.retry_after.unwrap_or(AUTH_RATE_LIMIT)),
            },
            (_, 540) => Class::Transient {
                retry_after: Some(self.retry_after.unwrap_or(LONG_WAIT)),
            },
            (_, 408 | 425 | 429 | 501..) => transient,
            (Service::Auth, _) if self.ends_session() => Class::SignedOut,
            (Service::Auth | Service::Realtime, 500) => transient,
            (Service::Auth, _) => match code {
                "request_timeout" | "hook_timeout" | "conflict" | "unexpected_failure" => transient,
                _ => Class::Permanent,
            },
            // The caller has refreshed already: the services disagree about the token.
            (Service::Rest | Service::Realtime | Service::Storage, _)
                if body::refuses_token(self) =>
            {
                Class::Transient {
                    retry_after: Some(self.retry_after.unwrap_or(LONG_WAIT)),
                }
            }
            // 423: somebody else is at this object.
            (Service::Storage, 423 | 500) => transient,
            (Service::Realtime | Service::Storage, _) => Class::Permanent,
            (Service::Rest, status) => rest_class(status, code, &self.message, transient),
        }
    }
}

/// By code where there is one: the status of a database failure differs between servers.
fn rest_class(status: u16, code: &str, message: &str, transient: Class) -> Class {
    // A server that answers a violated constraint with 500 and a code of its own.
    if code == "SUP" && message.contains("violates") {
        return Class::Permanent;
    }
    let in_class = |prefixes: &[&str]| prefixes.iter().any(|prefix| code.starts_with(prefix));
    let sqlstate = code.len() == 5 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    // 08 connection, 40 rollback (deadlock, serialisation), 53 resources, 57 operator,
    // 55P03 lock not available.
    if sqlstate && (in_class(&["08", "40", "53", "57"]) || code == "55P03") {
        return transient;
    }
    if matches!(code, "PGRST000" | "PGRST001" | "PGRST002" | "PGRST003") {
        return transient;
    }
    // 22 data, 23 constraint, 42 access and schema, P0 raised by the project's own functions.
    if sqlstate && in_class(&["22", "23", "42", "P0"]) {
        return Class::Permanent;
    }
    if status >= 500 {
        transient
    } else {
        Class::Permanent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(service: Service, status: u16, code: &str, message: &str) -> Class {
        Error::Api(ApiError {
            service,
            status,
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: message.to_owned(),
            details: None,
            hint: None,
            retry_after: None,
        })
        .class()
    }

    const SOON: Class = Class::Transient { retry_after: None };

    #[test]
    fn failures_of_postgrest_are_classified_as_section_4_3_says() {
        let cases = [
            (401, "42501", Class::Permanent),
            (403, "42501", Class::Permanent),
            (404, "42P01", Class::Permanent),
            (404, "PGRST205", Class::Permanent),
            (409, "23505", Class::Permanent),
            (409, "23503", Class::Permanent),
            (400, "23514", Class::Permanent),
            (400, "22P02", Class::Permanent),
            (400, "P0001", Class::Permanent),
            (400, "PGRST102", Class::Permanent),
            (406, "PGRST116", Class::Permanent),
            (416, "PGRST103", Class::Permanent),
            (413, "", Class::Permanent),
            (500, "23514", Class::Permanent),
            (500, "57014", SOON),
            (503, "53300", SOON),
            (503, "08006", SOON),
            (409, "40001", SOON),
            (503, "PGRST001", SOON),
            (504, "PGRST003", SOON),
            (500, "", SOON),
            (502, "", SOON),
            (522, "", SOON),
            (429, "", SOON),
        ];
        for (status, code, class) in cases {
            assert_eq!(
                api(Service::Rest, status, code, ""),
                class,
                "{status} {code}"
            );
        }
    }

    #[test]
    fn a_constraint_behind_a_500_of_lite_is_permanent_and_other_500s_are_not() {
        let message = "new row violates check constraint \"chat_messages_role_check\"";
        assert_eq!(api(Service::Rest, 500, "SUP", message), Class::Permanent);
        assert_eq!(api(Service::Rest, 500, "SUP", "out of memory"), SOON);
    }

    #[test]
    fn failures_of_auth_are_classified_as_section_2_2_says() {
        for code in ENDS_SESSION {
            assert_eq!(
                api(Service::Auth, 400, code, ""),
                Class::SignedOut,
                "{code}"
            );
        }
        for code in [
            "invalid_credentials",
            "weak_password",
            "email_not_confirmed",
            "bad_jwt",
            "",
        ] {
            assert_eq!(
                api(Service::Auth, 400, code, ""),
                Class::Permanent,
                "{code}"
            );
        }
        for code in [
            "request_timeout",
            "hook_timeout",
            "conflict",
            "unexpected_failure",
        ] {
            assert_eq!(api(Service::Auth, 409, code, ""), SOON, "{code}");
        }
        let minute = Class::Transient {
            retry_after: Some(Duration::from_mins(1)),
        };
        assert_eq!(
            api(Service::Auth, 429, "over_request_rate_limit", ""),
            minute
        );
        assert_eq!(api(Service::Auth, 500, "", ""), SOON);
    }

    #[test]
    fn failures_of_storage_are_classified_by_the_status_in_their_body() {
        let later = Class::Transient {
            retry_after: Some(LONG_WAIT),
        };
        let cases = [
            (404, "not_found", "Object not found", Class::Permanent),
            (404, "NoSuchBucket", "Bucket not found", Class::Permanent),
            (403, "AccessDenied", "Access denied", Class::Permanent),
            (413, "EntityTooLarge", "Payload too large", Class::Permanent),
            (400, "InvalidKey", "Invalid key: a", Class::Permanent),
            (423, "ResourceLocked", "The resource is locked", SOON),
            (429, "SlowDown", "Too many connections", SOON),
            (500, "InternalError", "Internal server error", SOON),
            (503, "LockTimeout", "acquiring lock timeout", SOON),
            (544, "DatabaseTimeout", "timed out", SOON),
            (400, "InvalidJWT", "jwt expired", later),
            (400, "", "jwt expired", later),
            (
                403,
                "Unauthorized",
                "\"exp\" claim timestamp check failed",
                later,
            ),
        ];
        for (status, code, message, class) in cases {
            assert_eq!(
                api(Service::Storage, status, code, message),
                class,
                "{status} {code} {message}"
            );
        }
    }

    #[test]
    fn a_session_ending_code_under_a_server_failure_ends_nothing() {
        assert_eq!(api(Service::Auth, 503, "session_not_found", ""), SOON);
    }
}
