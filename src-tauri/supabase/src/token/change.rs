//! What the session's user changes of the account.

use super::TokenManager;
use crate::{Error, Secret, User};

impl TokenManager {
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
