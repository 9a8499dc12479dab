//! JSON Web Tokens signed with HS256, the one algorithm of the local server.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use thiserror::Error;
use tidings_model::Timestamp;

/// When legacy keys were issued and when they end, so that one secret always gives the
/// same key: 2024-01-01 and 2100-01-01.
const LEGACY_ISSUED: i64 = 1_704_067_200;
const LEGACY_EXPIRES: i64 = 4_102_444_800;

/// Who a request acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Nobody signed in.
    Anon,
    /// A signed-in user.
    Authenticated,
    /// The server's owner, whom no policy binds.
    ServiceRole,
    /// A role that does not exist here.
    Other(String),
}

impl Role {
    /// The role called `name`.
    pub fn named(name: &str) -> Self {
        match name {
            "anon" => Self::Anon,
            "authenticated" => Self::Authenticated,
            "service_role" => Self::ServiceRole,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Its name in the database.
    pub fn name(&self) -> &str {
        match self {
            Self::Anon => "anon",
            Self::Authenticated => "authenticated",
            Self::ServiceRole => "service_role",
            Self::Other(name) => name,
        }
    }
}

/// What a checked token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The role; `anon` when the token names none.
    pub role: Role,
    /// The user's id.
    pub sub: Option<String>,
    /// When the token ends, in seconds since 1970.
    pub exp: Option<i64>,
    /// The Auth session it belongs to.
    pub session_id: Option<String>,
    /// All claims as they are.
    pub all: Map<String, Value>,
}

impl Claims {
    /// The claims of a request that acts as `role` without a user.
    pub fn of_role(role: Role) -> Self {
        let mut all = Map::new();
        all.insert("role".to_owned(), Value::from(role.name()));
        Self {
            role,
            sub: None,
            exp: None,
            session_id: None,
            all,
        }
    }

    fn from_map(all: Map<String, Value>) -> Self {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            role: text("role").map_or(Role::Anon, |role| Role::named(&role)),
            sub: text("sub"),
            exp: all.get("exp").and_then(seconds),
            session_id: text("session_id"),
            all,
        }
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not three parts.
    #[error("expected 3 parts in the token, got {parts}")]
    Parts {
        /// How many there were.
        parts: usize,
    },
    /// A part is not base64url, or not the JSON it should be.
    #[error("the token cannot be decoded")]
    Malformed,
    /// Signed with another algorithm than HS256; `none` among them.
    #[error("the token's algorithm is not supported")]
    Algorithm,
    /// Signed with another secret, or changed.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// `exp` has passed; no leeway.
    #[error("the token has expired {seconds} seconds ago")]
    Expired {
        /// Since when.
        seconds: i64,
    },
    /// `nbf` is still to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` is more than 30 seconds ahead.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// `role` or `exp` is missing.
    #[error("the token has no role or no exp")]
    MissingClaims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Checks the signature and the times of `token`; `role` and `exp` may be missing.
/// It still counts as alive `leeway` seconds after `exp`.
pub fn decode(
    secret: &str,
    token: &str,
    now: Timestamp,
    leeway: i64,
) -> Result<Claims, TokenError> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(TokenError::Parts { parts: parts.len() });
    };
    let head: Header = part(header)?;
    if head.alg != "HS256" {
        return Err(TokenError::Algorithm);
    }
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| TokenError::Malformed)?;
    let mut mac = keyed(secret);
    mac.update(header.as_bytes());
    mac.update(b".");
    mac.update(payload.as_bytes());
    mac.verify_slice(&signature)
        .map_err(|_| TokenError::BadSignature)?;
    let all: Map<String, Value> = part(payload)?;
    let now = now.as_micros().div_euclid(1_000_000);
    let at = |name: &str| match all.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => seconds(value).map(Some).ok_or(TokenError::Malformed),
    };
    if let Some(exp) = at("exp")?
        && exp.saturating_add(leeway) <= now
    {
        return Err(TokenError::Expired { seconds: now - exp });
    }
    if at("nbf")?.is_some_and(|nbf| nbf > now + 30) {
        return Err(TokenError::NotYetValid);
    }
    if at("iat")?.is_some_and(|iat| iat > now + 30) {
        return Err(TokenError::IssuedInFuture);
    }
    Ok(Claims::from_map(all))
}

/// As [`decode`], and `role` and `exp` must be there.
pub fn verify(secret: &str, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
    let claims = decode(secret, token, now, 0)?;
    if claims.exp.is_none() || !claims.all.get("role").is_some_and(Value::is_string) {
        return Err(TokenError::MissingClaims);
    }
    Ok(claims)
}

/// Signs `claims`.
pub fn sign(secret: &str, claims: &impl Serialize) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    // Claims are plain maps with text keys, which always serialise.
    let payload = serde_json::to_vec(claims).unwrap_or_default();
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let mut mac = keyed(secret);
    mac.update(token.as_bytes());
    let signature = mac.finalize().into_bytes();
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// The long-lived JWT key of `role`, always the same for one secret.
pub fn legacy_key(secret: &str, role: &str) -> String {
    sign(
        secret,
        &json!({
            "iss": "supabase",
            "ref": "local",
            "role": role,
            "iat": LEGACY_ISSUED,
            "exp": LEGACY_EXPIRES,
        }),
    )
}

/// HMAC-SHA-256 of `data`.
pub(crate) fn keyed_hash(secret: &str, data: &[u8]) -> [u8; 32] {
    let mut mac = keyed(secret);
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// `length` random characters of base64url.
pub fn random_text(length: usize) -> String {
    let mut bytes = vec![0_u8; length * 3 / 4 + 1];
    rand::fill(bytes.as_mut_slice());
    let mut text = URL_SAFE_NO_PAD.encode(bytes);
    text.truncate(length);
    text
}

#[allow(clippy::expect_used)] // HMAC pads or hashes a key of any length.
fn keyed(secret: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length")
}

fn part<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

/// A NumericDate; fractions are cut off.
fn seconds(value: &Value) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // A saturating cast is what an absurd date deserves.
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|float| float as i64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
    const SECRET: &str = "a secret of at least thirty-two characters";

    fn with(claims: &Value) -> Result<Claims, TokenError> {
        verify(SECRET, &sign(SECRET, claims), NOW)
    }

    #[test]
    fn a_token_is_what_was_signed() {
        let exp = 1_795_000_001;
        let claims = with(&json!({"role": "authenticated", "sub": "alice", "exp": exp})).unwrap();
        assert_eq!((claims.role, claims.exp), (Role::Authenticated, Some(exp)));
        assert_eq!(claims.sub.as_deref(), Some("alice"));
    }

    #[test]
    fn every_refusal_has_its_reason() {
        let exp = 1_795_000_000;
        assert_eq!(
            with(&json!({"role": "anon", "exp": exp})),
            Err(TokenError::Expired { seconds: 0 })
        );
        assert_eq!(
            with(&json!({"role": "anon"})),
            Err(TokenError::MissingClaims)
        );
        assert_eq!(
            with(&json!({"exp": exp + 1})),
            Err(TokenError::MissingClaims)
        );
        assert_eq!(
            with(&json!({"role": "anon", "exp": exp + 99, "iat": exp + 60})),
            Err(TokenError::IssuedInFuture)
        );
        assert_eq!(
            verify(SECRET, "abc", NOW),
            Err(TokenError::Parts { parts: 1 })
        );
        assert_eq!(verify(SECRET, "a.b.c", NOW), Err(TokenError::Malformed));
        let token = sign("another secret", &json!({"role": "anon", "exp": exp + 1}));
        assert_eq!(verify(SECRET, &token, NOW), Err(TokenError::BadSignature));
        let none = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(r#"{"role":"service_role","exp":9999999999}"#)
        );
        assert_eq!(verify(SECRET, &none, NOW), Err(TokenError::Algorithm));
    }
}
