//! Tokens on a socket, and the sentences with which they are refused.

use crate::auth::{Claims, TokenError};
use crate::state::AppState;

/// Why a token is refused: the code that join errors begin with, and the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: &'static str,
    sentence: String,
}

impl Refusal {
    /// As a join error gives the reason.
    pub fn reason(&self) -> String {
        format!("{}: {}", self.code, self.sentence)
    }

    /// As a `system` message on a joined channel gives it.
    pub fn message(&self) -> String {
        if self.code == "JwtSignatureError" {
            ":signature_error".to_owned()
        } else {
            self.sentence.clone()
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        let (code, sentence) = match error {
            TokenError::Parts { .. } | TokenError::Malformed => {
                ("MalformedJWT", "The token provided is not a valid JWT")
            }
            TokenError::Algorithm => ("JwtSignerError", "Failed to generate JWT signer"),
            TokenError::BadSignature => ("JwtSignatureError", "Failed to validate JWT signature"),
            TokenError::MissingClaims => (
                "InvalidJWTToken",
                "Fields `role` and `exp` are required in JWT",
            ),
            TokenError::NotYetValid | TokenError::IssuedInFuture => {
                ("InvalidJWTToken", "Token is not valid yet")
            }
            TokenError::Expired { seconds } => {
                return Self {
                    code: "InvalidJWTToken",
                    sentence: expired(seconds),
                };
            }
        };
        Self {
            code,
            sentence: sentence.to_owned(),
        }
    }
}

/// The sentence about a token that ended `seconds` ago.
pub(super) fn expired(seconds: i64) -> String {
    format!("Token has expired {seconds} seconds ago")
}

/// The claims behind the key of a handshake: one of the server's keys, or a user's token.
pub(super) fn key_claims(state: &AppState, key: &str) -> Result<Claims, Refusal> {
    match state.keys().claims_of(key) {
        Some(claims) => Ok(claims),
        None => state.verify(key).map_err(Refusal::from),
    }
}

/// Whether a text that should be a token is left aside: the opaque keys are no tokens.
pub(super) fn is_opaque_key(token: &str) -> bool {
    token.starts_with("sb_")
}
