//! The calls of the Auth service (base `/auth/v1`).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::{Reply, Request};
use crate::{Assurance, Error, Http, Project, Secret, Service, User, body};

/// Client of one project's Auth service. It holds no session.
#[derive(Debug, Clone)]
pub struct Auth {
    http: Http,
    project: Project,
}

/// A signed-in session, as the server gave it.
#[derive(Debug, Clone)]
pub struct Session {
    /// The bearer of requests.
    pub access_token: Secret,
    /// Buys the next session, once.
    pub refresh_token: Secret,
    /// How long the access token lives, counted from the answer.
    pub expires_in: Duration,
    /// Whose it is.
    pub user: User,
    /// Whether a code of a second factor is missing.
    pub assurance: Assurance,
    /// The server's clock minus this machine's, in seconds, when the answer had a date.
    pub skew_seconds: Option<i64>,
}

/// The answer to a sign-up.
#[derive(Debug, Clone)]
pub enum SignUp {
    /// Signed in at once.
    Session(Session),
    /// The address must be confirmed first.
    ConfirmationPending(User),
}

/// Which sessions of the user a sign-out ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This one.
    Local,
    /// All, on all devices.
    Global,
    /// All but this one.
    Others,
}

/// What the project's Auth service offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Ways to sign in (`email`, `phone`, `github`, …), and whether each is on.
    pub external: BTreeMap<String, bool>,
    /// Whether new users are refused.
    pub disable_signup: bool,
    /// Whether a new address needs no confirmation.
    pub mailer_autoconfirm: bool,
}

/// The Auth service's sign of life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Health {
    /// The server's name.
    pub name: String,
    /// The server's version.
    pub version: String,
}

impl Auth {
    /// Calls to one project.
    pub fn new(http: Http, project: Project) -> Self {
        Self { http, project }
    }

    /// Signs in with an e-mail address and a password.
    pub async fn sign_in_password(&self, email: &str, password: &Secret) -> Result<Session, Error> {
        let body = Credentials {
            email,
            password: password.expose(),
        };
        self.token("password", &body).await
    }

    /// Makes a new user.
    pub async fn sign_up(&self, email: &str, password: &Secret) -> Result<SignUp, Error> {
        let body = Credentials {
            email,
            password: password.expose(),
        };
        let request = self
            .request(Method::POST, &["signup"])
            .bearer(None)
            .json(&body)?;
        let reply = self.call(request).await?;
        // A bare user, or one inside a session: told apart by the token.
        let answer: SignUpAnswer = reply.read()?;
        match answer {
            SignUpAnswer {
                access_token: Some(_),
                ..
            } => session(&reply).map(SignUp::Session),
            SignUpAnswer {
                user: Some(user), ..
            } => Ok(SignUp::ConfirmationPending(user)),
            SignUpAnswer {
                id: Some(id),
                email,
                ..
            } => Ok(SignUp::ConfirmationPending(User {
                id,
                email,
                name: None,
            })),
            _ => Err(Error::InvalidAnswer("a sign-up without a user".to_owned())),
        }
    }

    /// Exchanges a refresh token for a new session. The token is used up by it.
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<Session, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            refresh_token: &'a str,
        }
        self.token(
            "refresh_token",
            &Body {
                refresh_token: refresh_token.expose(),
            },
        )
        .await
    }

    /// Whose access token this is, by the server's word.
    pub async fn user(&self, access_token: &str) -> Result<User, Error> {
        let request = self
            .request(Method::GET, &["user"])
            .bearer(Some(access_token));
        self.call(request).await?.read()
    }

    /// Ends sessions. The access token itself stays valid until it expires.
    pub async fn sign_out(&self, access_token: &str, scope: Scope) -> Result<(), Error> {
        let mut request = self.request(Method::POST, &["logout"]);
        let scope = match scope {
            Scope::Local => "local",
            Scope::Global => "global",
            Scope::Others => "others",
        };
        request.query("scope", scope);
        self.call(request.bearer(Some(access_token)))
            .await
            .map(drop)
    }

    /// What the project offers; the first call that shows whether address and key are right.
    pub async fn settings(&self) -> Result<Settings, Error> {
        self.call(self.request(Method::GET, &["settings"]).bearer(None))
            .await?
            .read()
    }

    /// Whether the service answers.
    pub async fn health(&self) -> Result<Health, Error> {
        self.call(self.request(Method::GET, &["health"]).bearer(None))
            .await?
            .read()
    }

    async fn token(&self, grant: &str, body: &impl Serialize) -> Result<Session, Error> {
        let mut request = self.request(Method::POST, &["token"]);
        request.query("grant_type", grant);
        let reply = self.call(request.bearer(None).json(body)?).await?;
        session(&reply)
    }

    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Request<'_> {
        let url = self.project.endpoint(&[&["auth", "v1"], path].concat());
        Request::new(&self.project, method, url).header("x-supabase-api-version", "2024-01-01")
    }

    /// An address of the service for somebody who shows no key, such as a browser.
    pub(crate) fn address(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.project.endpoint(&[&["auth", "v1"], path].concat());
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    pub(crate) async fn call(&self, request: Request<'_>) -> Result<Reply, Error> {
        let reply = self.http.send(request).await?;
        if reply.is_success() {
            Ok(reply)
        } else {
            Err(body::failure(Service::Auth, &reply))
        }
    }
}

#[derive(Serialize)]
struct Credentials<'a> {
    email: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct SignUpAnswer {
    access_token: Option<Secret>,
    user: Option<User>,
    id: Option<String>,
    #[serde(default, deserialize_with = "none_if_empty")]
    email: Option<String>,
}

#[derive(Deserialize)]
struct SessionAnswer {
    access_token: Secret,
    refresh_token: Secret,
    expires_in: Option<u64>,
    expires_at: Option<u64>,
    user: serde_json::Value,
}

/// Auth's own default, for a server that names no lifetime at all.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// Reads a session out of an answer.
pub(crate) fn session(reply: &Reply) -> Result<Session, Error> {
    let answer: SessionAnswer = reply.read()?;
    let now = reply.date().unwrap_or_else(SystemTime::now);
    let lifetime = answer.expires_in.map(Duration::from_secs).or_else(|| {
        let end = UNIX_EPOCH.checked_add(Duration::from_secs(answer.expires_at?))?;
        Some(end.duration_since(now).unwrap_or_default())
    });
    let user = User::deserialize(&answer.user)
        .map_err(|_| Error::InvalidAnswer("a session without a user".to_owned()))?;
    Ok(Session {
        assurance: Assurance::read(&answer.access_token, answer.user),
        access_token: answer.access_token,
        refresh_token: answer.refresh_token,
        expires_in: lifetime.unwrap_or(DEFAULT_LIFETIME),
        user,
        skew_seconds: reply
            .date()
            .map(|date| seconds_between(SystemTime::now(), date)),
    })
}

/// `b - a` in whole seconds.
fn seconds_between(a: SystemTime, b: SystemTime) -> i64 {
    let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match b.duration_since(a) {
        Ok(ahead) => whole(ahead),
        Err(behind) => -whole(behind.duration()),
    }
}

fn none_if_empty<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(d)?.filter(|text| !text.is_empty()))
}
