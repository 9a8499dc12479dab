//! The key of a project: which ones a desktop program may hold, and which it must refuse.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::Secret;

/// A key meant for clients: a publishable key, or the older `anon` token.
#[derive(Clone, PartialEq, Eq)]
pub struct ProjectKey {
    text: Secret,
    legacy: bool,
}

/// Why a text is not a key that may be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing was given.
    #[error("The key is empty.")]
    Empty,
    /// `sb_secret_…`
    #[error(
        "This is a secret key (sb_secret_…). It passes over every access rule of the project and \
         has no place on a desktop: use the publishable key, and if this key was shared, \
         replace it in the project's settings."
    )]
    Secret,
    /// A token whose role is `service_role`.
    #[error(
        "This is the service_role key. It passes over every access rule of the project and has no \
         place on a desktop: use the anon or the publishable key."
    )]
    ServiceRole,
    /// `sbp_…`
    #[error(
        "This is a personal access token of a Supabase account, not a key of a project: use the \
         project's publishable key."
    )]
    AccessToken,
    /// A token of a signed-in user.
    #[error("This is the token of a signed-in user, not a key of a project.")]
    UserToken,
    /// A token whose role is none of the known ones, or has none.
    #[error("This token is not a project's anon key: its role is not `anon`.")]
    OtherRole,
    /// Anything else.
    #[error(
        "This is not a project key. A publishable key starts with sb_publishable_, an anon key \
         with eyJ."
    )]
    NotAKey,
}

impl ProjectKey {
    /// Reads a pasted key. White space and quotes around it are dropped.
    ///
    /// The signature of a token is the server's business; only its `role` is read, because
    /// a key that bypasses row level security must not be kept by mistake.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim().trim_matches(['"', '\'']).trim();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.starts_with("sb_secret_") {
            return Err(KeyError::Secret);
        }
        if text.starts_with("sbp_") {
            return Err(KeyError::AccessToken);
        }
        if let Some(rest) = text.strip_prefix("sb_publishable_") {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if rest.is_empty() || !rest.chars().all(plain) {
                return Err(KeyError::NotAKey);
            }
            return Ok(Self {
                text: Secret::new(text),
                legacy: false,
            });
        }
        match role(text).as_deref() {
            None => Err(KeyError::NotAKey),
            Some("anon") => Ok(Self {
                text: Secret::new(text),
                legacy: true,
            }),
            Some("service_role" | "supabase_admin") => Err(KeyError::ServiceRole),
            Some("authenticated") => Err(KeyError::UserToken),
            _ => Err(KeyError::OtherRole),
        }
    }

    /// The text for the `apikey` header.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// Whether this is a token, which is then also the bearer of a request without a user.
    /// A publishable key must never be sent as a bearer.
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }
}

impl fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.legacy {
            "ProjectKey(anon, …)"
        } else {
            "ProjectKey(publishable, …)"
        })
    }
}

/// The role in a token's payload, empty when it names none; `None` when the text is no token.
fn role(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        role: String,
    }
    let mut parts = text.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || text.chars().any(|c| !c.is_ascii_graphic()) {
        return None;
    }
    let json = URL_SAFE_NO_PAD
        .decode(payload)
        .or_else(|_| URL_SAFE.decode(payload))
        .ok()?;
    serde_json::from_slice::<Claims>(&json)
        .ok()
        .map(|claims| claims.role)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn token(payload: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.{}",
            part(r#"{"alg":"HS256","typ":"JWT"}"#),
            part(payload),
            part("sig")
        )
    }

    #[test]
    fn keys_made_for_clients_are_taken() {
        let key = ProjectKey::parse("  \"sb_publishable_AbC-12_x\"\n").unwrap();
        assert_eq!(
            (key.expose(), key.is_legacy()),
            ("sb_publishable_AbC-12_x", false)
        );
        let anon = token(r#"{"role":"anon","iss":"supabase"}"#);
        assert!(ProjectKey::parse(&anon).unwrap().is_legacy());
    }

    #[test]
    fn every_other_key_is_refused_with_its_own_reason() {
        let cases = [
            ("", KeyError::Empty),
            ("  ", KeyError::Empty),
            ("sb_secret_abc", KeyError::Secret),
            ("\"sb_secret_abc\"", KeyError::Secret),
            ("sbp_0123", KeyError::AccessToken),
            ("sb_publishable_", KeyError::NotAKey),
            ("sb_publishable_a b", KeyError::NotAKey),
            ("https://abc.supabase.co", KeyError::NotAKey),
            ("a.b.c", KeyError::NotAKey),
            ("hunter2", KeyError::NotAKey),
        ];
        for (text, reason) in cases {
            assert_eq!(ProjectKey::parse(text), Err(reason), "{text}");
        }
        let refused = |payload| ProjectKey::parse(&token(payload)).unwrap_err();
        assert_eq!(refused(r#"{"role":"service_role"}"#), KeyError::ServiceRole);
        assert_eq!(refused(r#"{"role":"authenticated"}"#), KeyError::UserToken);
        assert_eq!(refused(r#"{"role":"other"}"#), KeyError::OtherRole);
        assert_eq!(refused("{}"), KeyError::OtherRole);
    }

    #[test]
    fn a_refusal_names_the_way_out_and_no_secret() {
        let message = ProjectKey::parse("sb_secret_abc123")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("publishable key") && !message.contains("abc123"),
            "{message}"
        );
    }

    #[test]
    fn debug_prints_no_key() {
        let key = ProjectKey::parse("sb_publishable_AbC").unwrap();
        assert!(!format!("{key:?}").contains("AbC"));
    }
}
