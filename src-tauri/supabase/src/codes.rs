//! Codes that come by mail, and what users change of themselves.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Serialize;

use crate::auth::session;
use crate::{Auth, Error, Secret, Session, User};

/// What a code was asked for; `/verify` takes it for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in without a password.
    SignIn,
    /// To confirm the address of a new user.
    SignUp,
    /// To sign in and set a new password.
    Recovery,
}

impl Purpose {
    const fn kind(self) -> &'static str {
        match self {
            Self::SignIn => "email",
            Self::SignUp => "signup",
            Self::Recovery => "recovery",
        }
    }
}

impl Auth {
    /// Has a code to sign in with sent. For an address that nobody has, `create_user` says
    /// whether a user is made or the request refused (`otp_disabled`).
    pub async fn request_code(&self, email: &str, create_user: bool) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            email: &'a str,
            create_user: bool,
        }
        self.ask("otp", &Body { email, create_user }).await
    }

    /// Has a code to set a new password with sent. The answer does not tell whether anybody
    /// has the address.
    pub async fn recover(&self, email: &str) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            email: &'a str,
        }
        self.ask("recover", &Body { email }).await
    }

    /// Has the code that confirms a new user's address sent once more.
    pub async fn resend(&self, email: &str) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'a str,
            email: &'a str,
        }
        let r#type = Purpose::SignUp.kind();
        self.ask("resend", &Body { r#type, email }).await
    }

    /// Exchanges a code for a session. The code is used up by it.
    pub async fn verify(
        &self,
        email: &str,
        code: &Secret,
        purpose: Purpose,
    ) -> Result<Session, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'a str,
            token: &'a str,
            email: &'a str,
        }
        let body = Body {
            r#type: purpose.kind(),
            token: code.expose(),
            email,
        };
        let request = self.request(Method::POST, &["verify"]).bearer(None);
        session(&self.call(request.json(&body)?).await?)
    }

    /// Has a code sent to the user whose access token it is, with which
    /// [`set_password`](Self::set_password) is allowed (`GET /reauthenticate`).
    pub async fn reauthenticate(&self, access_token: &str) -> Result<(), Error> {
        let request = self.request(Method::GET, &["reauthenticate"]);
        self.call(request.bearer(Some(access_token)))
            .await
            .map(drop)
    }

    /// Sets the password of the user whose access token it is. A project may ask for a code of
    /// [`reauthenticate`](Self::reauthenticate) when the sign-in was long ago
    /// (`reauthentication_needed`); it is used up by a change.
    pub async fn set_password(
        &self,
        access_token: &str,
        password: &Secret,
        code: Option<&Secret>,
    ) -> Result<User, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            password: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            nonce: Option<&'a str>,
        }
        let body = Body {
            password: password.expose(),
            nonce: code.map(Secret::expose),
        };
        let request = self.request(Method::PUT, &["user"]);
        let request = request.bearer(Some(access_token)).json(&body)?;
        self.call(request).await?.read()
    }

    /// Sets what the user whose access token it is, is called.
    pub async fn set_name(&self, access_token: &str, name: &str) -> Result<User, Error> {
        let data = BTreeMap::from([(User::NAME, name)]);
        let request = self.request(Method::PUT, &["user"]);
        let body = BTreeMap::from([("data", data)]);
        let request = request.bearer(Some(access_token)).json(&body)?;
        self.call(request).await?.read()
    }

    async fn ask(&self, path: &str, body: &impl Serialize) -> Result<(), Error> {
        let request = self.request(Method::POST, &[path]).bearer(None);
        self.call(request.json(body)?).await.map(drop)
    }
}
