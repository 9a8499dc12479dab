//! Identifiers, each a type of its own so that one is never taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdError {
    /// The text is empty or only white space.
    #[error("{what} is empty")]
    Empty {
        /// Which identifier was expected.
        what: &'static str,
    },
    /// The text is longer than any real identifier.
    #[error("{what} has {length} bytes, more than the {limit} allowed")]
    TooLong {
        /// Which identifier was expected.
        what: &'static str,
        /// Length found, in bytes.
        length: usize,
        /// Longest length accepted, in bytes.
        limit: usize,
    },
    /// The text is not a UUID.
    #[error("{what} is not a UUID: {text:?}")]
    NotAUuid {
        /// Which identifier was expected.
        what: &'static str,
        /// The text found, shortened.
        text: String,
    },
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $limit:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes over a text.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if text.trim().is_empty() {
                    return Err(IdError::Empty { what: $what });
                }
                if text.len() > $limit {
                    return Err(IdError::TooLong { what: $what, length: text.len(), limit: $limit });
                }
                Ok(Self(text))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier that sorts after those made before it (UUID version 7, RFC 9562).
            pub fn mint() -> Self {
                Self(Uuid::now_v7())
            }

            /// The identifier of nothing, for what needs one and is never kept.
            pub const fn nil() -> Self {
                Self(Uuid::nil())
            }

            /// Wraps an existing UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError::NotAUuid {
                    what: $what,
                    text: text.chars().take(64).collect(),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id!(
    /// Primary key of `chat_sessions`: any text the project uses.
    SessionId, "session id", 1024
);
text_id!(
    /// The user as the project names them (`sub` of the token).
    UserId, "user id", 1024
);
text_id!(
    /// A price symbol such as `BTC`, as the feed writes it.
    Symbol, "symbol", 64
);
uuid_id!(
    /// Primary key of `chat_messages`.
    MessageId, "message id"
);
uuid_id!(
    /// Primary key of `chat_session_members`: one stay of somebody in a session.
    MemberId, "member id"
);
uuid_id!(
    /// A price alert rule of this device.
    RuleId, "rule id"
);
uuid_id!(
    /// One Supabase project and one account on this device.
    WorkspaceId, "workspace id"
);
