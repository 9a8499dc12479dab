//! The second factors of the session's user.

use super::TokenManager;
use super::inner::land;
use crate::{Assurance, Enrolment, Error, Factors, Secret, User};

impl TokenManager {
    /// Shows a code of a factor: ends the wait for one, or proves that a factor just made
    /// works. A wrong code changes nothing.
    pub async fn verify_factor(&self, factor: &str, code: &Secret) -> Result<User, Error> {
        let epoch = self.inner.state().epoch;
        let auth = &self.inner.auth;
        let shown = self
            .as_user(|token| async move {
                let challenge = auth.challenge(&token, factor).await?;
                auth.answer_challenge(&token, factor, &challenge, code)
                    .await
            })
            .await;
        match shown {
            Ok(session) => {
                let user = session.user.clone();
                // A renewal that is under way shows a token that counts no more.
                self.inner.take_over(epoch, session, epoch + 1).await?;
                Ok(user)
            }
            Err(error) if error.code() == Some("mfa_factor_not_found") => {
                // Removed elsewhere: what the account asks for now, a new session says.
                let flight = {
                    let mut state = self.inner.state();
                    self.inner.fly(&mut state)?
                };
                land(flight).await?;
                self.user().ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The factors of the signed-in user.
    pub async fn factors(&self) -> Result<Factors, Error> {
        let auth = &self.inner.auth;
        self.as_user(|token| async move { auth.factors(&token).await })
            .await
    }

    /// Makes a factor called `name`; an authenticator app shows it under `issuer`. Those whose
    /// enrolment was given up are removed: they would hold names and places.
    pub async fn enrol(&self, name: &str, issuer: &str) -> Result<Enrolment, Error> {
        let auth = &self.inner.auth;
        self.as_user(|token| async move {
            for left in auth.factors(&token).await?.unverified {
                match auth.unenrol(&token, &left.id).await {
                    Err(error) if error.code() != Some("mfa_factor_not_found") => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            auth.enrol(&token, name, issuer).await
        })
        .await
    }

    /// Removes a factor.
    pub async fn unenrol(&self, factor: &str) -> Result<(), Error> {
        let auth = &self.inner.auth;
        self.as_user(|token| async move { auth.unenrol(&token, factor).await })
            .await?;
        // The token still says two factors; it is replaced when it can be.
        let token = self.bearer().await?;
        if let Err(error) = self.renew(&token).await {
            tracing::info!(%error, "the session is renewed later");
        }
        Ok(())
    }

    /// Fails while a code of a second factor is missing.
    pub(super) fn must_be_complete(&self) -> Result<(), Error> {
        match self.inner.state().live.as_ref().map(|live| &live.assurance) {
            Some(Assurance::SecondFactor(_)) => Err(Error::SecondFactor),
            Some(Assurance::Complete) | None => Ok(()),
        }
    }
}
