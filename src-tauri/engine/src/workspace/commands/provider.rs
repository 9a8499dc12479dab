//! Signing in with a provider, in the browser.

use std::sync::PoisonError;
use std::time::Duration;

use tidings_contract as api;
use tidings_supabase::{Loopback, Returned};
use tokio_util::sync::CancellationToken;

use crate::error::{EngineError, Result};
use crate::words;
use crate::workspace::Core;

/// How long the browser is waited for: as long as Auth keeps such a sign-in.
const DEADLINE: Duration = Duration::from_mins(5);
/// Ways to sign in that are no provider.
const NO_PROVIDERS: [&str; 3] = ["anonymous_users", "email", "phone"];

impl Core {
    pub async fn sign_in_options(&self) -> Result<api::SignInOptions> {
        let settings = self.tokens.auth().settings().await?;
        let providers = settings
            .external
            .into_iter()
            .filter(|(name, on)| *on && !NO_PROVIDERS.contains(&name.as_str()))
            .map(|(name, _)| name)
            .collect();
        Ok(api::SignInOptions { providers })
    }

    pub async fn sign_in_with_provider(
        &self,
        args: &api::SignInWithProvider,
    ) -> Result<api::SignInState> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:".contains(&byte);
        if args.provider.is_empty() || !args.provider.bytes().all(word) {
            return Err(EngineError::Invalid(
                "There is no such way to sign in.".to_owned(),
            ));
        }
        let given_up = self.only_wait();
        let auth = self.tokens.auth();
        let loopback = Loopback::open(words::sign_in_pages(self.language())).await?;
        let flow = auth.begin_with_provider(&args.provider, loopback.redirect());
        self.host
            .open_link(flow.url().as_str())
            .map_err(EngineError::Invalid)?;
        let returned = tokio::select! {
            () = given_up.cancelled() => return Err(EngineError::Cancelled),
            () = self.stop.cancelled() => return Err(EngineError::Cancelled),
            returned = loopback.wait(DEADLINE) => returned?,
        };
        let code = match returned {
            Returned::Code(code) => code,
            Returned::Refused(error) => return Err(error.into()),
        };
        let session = auth.exchange_code(&flow, &code).await?;
        if given_up.is_cancelled() {
            self.tokens.dismiss(session).await;
            return Err(EngineError::Cancelled);
        }
        self.take_up(session).await
    }

    /// Ends the wait for the browser, if there is one.
    pub fn cancel_sign_in(&self) -> api::Nothing {
        if let Some(wait) = self.browser().take() {
            wait.cancel();
        }
        api::Nothing {}
    }

    /// A wait of its own; an earlier one ends.
    fn only_wait(&self) -> CancellationToken {
        let wait = CancellationToken::new();
        if let Some(earlier) = self.browser().replace(wait.clone()) {
            earlier.cancel();
        }
        wait
    }

    fn browser(&self) -> std::sync::MutexGuard<'_, Option<CancellationToken>> {
        self.browser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
