//! Second factors: authenticator apps whose codes change with the time (RFC 6238).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::auth::session;
use crate::{Auth, Error, Secret, Session};

/// An authenticator app of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// Its id.
    pub id: String,
    /// What the user calls it.
    pub name: Option<String>,
}

/// How far a sign-in has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Assurance {
    /// All that the account asks for has been shown.
    #[default]
    Complete,
    /// A code of one of these factors is missing.
    SecondFactor(Vec<Factor>),
}

/// A factor that was just made. It counts once a code of it was shown.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The factor's id.
    pub factor: String,
    /// The key in base32, to be typed into an app.
    pub secret: Secret,
    /// The same as an address (`otpauth:`), to be shown as a QR code.
    pub uri: Secret,
}

/// The factors of a user, those of other kinds left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Factors {
    /// Those that are asked for.
    pub verified: Vec<Factor>,
    /// Those whose enrolment was never finished.
    pub unverified: Vec<Factor>,
}

#[derive(Deserialize)]
struct FactorAnswer {
    id: String,
    friendly_name: Option<String>,
    factor_type: String,
    status: String,
}

/// The part of a user that tells the factors.
#[derive(Deserialize)]
struct UserAnswer {
    #[serde(default)]
    factors: Vec<FactorAnswer>,
}

impl From<UserAnswer> for Factors {
    fn from(user: UserAnswer) -> Self {
        let mut factors = Self::default();
        for factor in user.factors {
            let kept = Factor {
                id: factor.id,
                name: factor.friendly_name.filter(|name| !name.is_empty()),
            };
            match (factor.factor_type.as_str(), factor.status.as_str()) {
                ("totp", "verified") => factors.verified.push(kept),
                ("totp", _) => factors.unverified.push(kept),
                _ => {}
            }
        }
        factors
    }
}

impl Assurance {
    /// What a session's answer says: the token tells the level reached (claim `aal`), the user
    /// the factors. A token that tells no level is taken for complete: a server without levels
    /// has nothing to ask for.
    pub(crate) fn read(access_token: &Secret, user: serde_json::Value) -> Self {
        let factors = serde_json::from_value::<UserAnswer>(user)
            .map(Factors::from)
            .unwrap_or_default();
        let level = Claims::read(access_token).and_then(|claims| claims.aal);
        if factors.verified.is_empty() || level.as_deref() != Some("aal1") {
            Self::Complete
        } else {
            Self::SecondFactor(factors.verified)
        }
    }
}

/// What one's own access token says. Its signature is the server's business.
#[derive(Deserialize)]
struct Claims {
    aal: Option<String>,
    session_id: Option<String>,
}

impl Claims {
    /// `None` for a token that cannot be read.
    fn read(token: &Secret) -> Option<Self> {
        let payload = token.expose().split('.').nth(1)?;
        let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

impl Session {
    /// Whether its access token names the session, as far as it can be read.
    pub(crate) fn is_named(&self) -> bool {
        Claims::read(&self.access_token).is_none_or(|claims| claims.session_id.is_some())
    }
}

impl Auth {
    /// The factors of the user whose access token it is.
    pub async fn factors(&self, access_token: &str) -> Result<Factors, Error> {
        let request = self.request(Method::GET, &["user"]);
        let reply = self.call(request.bearer(Some(access_token))).await?;
        Ok(reply.read::<UserAnswer>()?.into())
    }

    /// Makes a factor. The answer is the only one that holds its secret.
    pub async fn enrol(
        &self,
        access_token: &str,
        name: &str,
        issuer: &str,
    ) -> Result<Enrolment, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            factor_type: &'a str,
            friendly_name: &'a str,
            issuer: &'a str,
        }
        #[derive(Deserialize)]
        struct Totp {
            secret: Secret,
            uri: Secret,
        }
        #[derive(Deserialize)]
        struct Answer {
            id: String,
            totp: Totp,
        }
        let body = Body {
            factor_type: "totp",
            friendly_name: name,
            issuer,
        };
        let request = self.request(Method::POST, &["factors"]);
        let request = request.bearer(Some(access_token)).json(&body)?;
        let answer: Answer = self.call(request).await?.read()?;
        Ok(Enrolment {
            factor: answer.id,
            secret: answer.totp.secret,
            uri: answer.totp.uri,
        })
    }

    /// Asks for a code of a factor; answers what the code is to be sent with.
    pub async fn challenge(&self, access_token: &str, factor: &str) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Answer {
            id: String,
        }
        let request = self.request(Method::POST, &["factors", factor, "challenge"]);
        let request = request
            .bearer(Some(access_token))
            .json(&serde_json::Map::new())?;
        let answer: Answer = self.call(request).await?.read()?;
        Ok(answer.id)
    }

    /// Answers a challenge. The session that comes back takes the place of the one it was
    /// asked with, whose refresh token is worth nothing from then on.
    pub async fn answer_challenge(
        &self,
        access_token: &str,
        factor: &str,
        challenge: &str,
        code: &Secret,
    ) -> Result<Session, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            challenge_id: &'a str,
            code: &'a str,
        }
        let body = Body {
            challenge_id: challenge,
            code: code.expose(),
        };
        let request = self.request(Method::POST, &["factors", factor, "verify"]);
        let request = request.bearer(Some(access_token)).json(&body)?;
        session(&self.call(request).await?)
    }

    /// Removes a factor.
    pub async fn unenrol(&self, access_token: &str, factor: &str) -> Result<(), Error> {
        let request = self.request(Method::DELETE, &["factors", factor]);
        self.call(request.bearer(Some(access_token)))
            .await
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn token(claims: &Value) -> Secret {
        Secret::new(format!(
            "x.{}.y",
            URL_SAFE_NO_PAD.encode(claims.to_string())
        ))
    }

    fn user(kind: &str, status: &str) -> Value {
        json!({"id": "alice", "factors": [
            {"id": "f", "friendly_name": "", "factor_type": kind, "status": status},
        ]})
    }

    #[test]
    fn a_code_is_missing_only_where_an_app_is_verified_and_the_token_says_one_factor() {
        let one = token(&json!({"aal": "aal1"}));
        let missing = Assurance::SecondFactor(vec![Factor {
            id: "f".to_owned(),
            name: None,
        }]);
        assert_eq!(Assurance::read(&one, user("totp", "verified")), missing);
        for (token, user) in [
            (token(&json!({"aal": "aal2"})), user("totp", "verified")),
            (token(&json!({})), user("totp", "verified")),
            ("opaque".into(), user("totp", "verified")),
            (one.clone(), user("totp", "unverified")),
            (one.clone(), user("phone", "verified")),
            (one.clone(), json!({"id": "alice"})),
            (one.clone(), json!({"id": "alice", "factors": null})),
        ] {
            assert_eq!(Assurance::read(&token, user), Assurance::Complete);
        }
    }
}
