//! What the session's user changes of the account.

use super::TokenManager;
use super::inner::land;
use crate::{Error, Secret, User};

impl TokenManager {
    /// Sets what the signed-in user is called; other devices learn of it when their tokens are
    /// renewed.
    pub async fn set_name(&self, name: &str) -> Result<User, Error> {
        let auth = &self.inner.auth;
        let epoch = self.inner.state().epoch;
        let user = self
            .as_user(|token| async move { auth.set_name(&token, name).await })
            .await?;
        let user = self.own(user)?;
        // A renewal that began before may yet answer with the old name.
        let flight = self.inner.state().flight.clone();
        if let Some(flight) = flight
            && let Err(error) = land(flight).await
        {
            tracing::debug!(%error, "a renewal beside the change of the name");
        }
        self.inner.know(epoch, user.clone()).await?;
        Ok(user)
    }

    /// Has a code sent, for a change of the password that asks for one.
    pub async fn reauthenticate(&self) -> Result<(), Error> {
        let auth = &self.inner.auth;
        self.as_user(|token| async move { auth.reauthenticate(&token).await })
            .await
    }

    /// Sets the signed-in user's password, with a code where the project asks for one. The
    /// session stays as it is.
    pub async fn set_password(
        &self,
        password: &Secret,
        code: Option<&Secret>,
    ) -> Result<User, Error> {
        let auth = &self.inner.auth;
        let user = self
            .as_user(|token| async move { auth.set_password(&token, password, code).await })
            .await?;
        self.own(user)
    }
}
