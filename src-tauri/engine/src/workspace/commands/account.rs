//! Account, connecting by hand, presence.

use tidings_contract as api;
use tidings_supabase::{AuthState, Purpose, Scope, Secret, Session, SignUp, User};
use zeroize::Zeroizing;

use crate::error::{EngineError, Result};
use crate::workspace::{Core, announce, presence};

impl Core {
    pub async fn sign_in(&self, args: api::SignIn) -> Result<api::SignInState> {
        let password = Secret::new(args.password);
        let auth = self.tokens.auth();
        let session = auth.sign_in_password(args.email.trim(), &password).await?;
        self.take_up(session).await
    }

    pub async fn request_code(&self, args: &api::RequestCode) -> Result<api::Nothing> {
        // A mistyped address must not become an account.
        let auth = self.tokens.auth();
        auth.request_code(args.email.trim(), false).await?;
        Ok(api::Nothing {})
    }

    pub async fn resend_code(&self, args: &api::ResendCode) -> Result<api::Nothing> {
        self.tokens.auth().resend(args.email.trim()).await?;
        Ok(api::Nothing {})
    }

    pub async fn reset_password(&self, args: &api::ResetPassword) -> Result<api::Nothing> {
        self.tokens.auth().recover(args.email.trim()).await?;
        Ok(api::Nothing {})
    }

    pub async fn verify_code(&self, args: api::VerifyCode) -> Result<api::SignInState> {
        let code = typed(args.code);
        let purpose = match args.purpose {
            api::CodePurpose::SignIn => Purpose::SignIn,
            api::CodePurpose::SignUp => Purpose::SignUp,
            api::CodePurpose::Recovery => Purpose::Recovery,
        };
        let auth = self.tokens.auth();
        let session = auth.verify(args.email.trim(), &code, purpose).await?;
        self.take_up(session).await
    }

    pub async fn set_name(&self, args: &api::SetName) -> Result<api::Account> {
        let name = args.name.trim();
        let most = User::LONGEST_NAME;
        if name.is_empty() || name.chars().count() > most || name.contains(char::is_control) {
            return Err(EngineError::Invalid(format!(
                "A name is one line of at most {most} characters. Yours has not changed."
            )));
        }
        self.tokens.set_name(name).await?;
        self.account()
            .ok_or_else(|| tidings_supabase::Error::SignedOut.into())
    }

    pub async fn set_password(&self, args: api::SetPassword) -> Result<api::Nothing> {
        let (password, code) = (Secret::new(args.password), args.code.map(typed));
        self.tokens.set_password(&password, code.as_ref()).await?;
        Ok(api::Nothing {})
    }

    pub async fn request_password_code(&self) -> Result<api::Nothing> {
        self.tokens.reauthenticate().await?;
        Ok(api::Nothing {})
    }

    /// Goes on with a session that the server just opened, if it is the account's whose
    /// messages are kept here.
    pub(super) async fn take_up(&self, session: Session) -> Result<api::SignInState> {
        if self
            .cache
            .account()
            .is_some_and(|own| own.as_str() != session.user.id)
        {
            self.tokens.dismiss(session).await;
            return Err(EngineError::OtherAccount);
        }
        self.tokens.adopt(session).await?;
        Ok(self.sign_in_state())
    }

    pub async fn sign_up(&self, args: api::SignUp) -> Result<api::SignUpOutcome> {
        // What is cached, and what waits to be sent, is the first account's alone.
        if self.cache.account().is_some() {
            return Err(EngineError::OtherAccount);
        }
        let email = args.email.trim().to_owned();
        match self
            .tokens
            .sign_up(&email, &Secret::new(args.password))
            .await?
        {
            SignUp::Session(_) => {
                let account = self
                    .account()
                    .ok_or_else(|| EngineError::Task("signed in without a user".to_owned()))?;
                Ok(api::SignUpOutcome::SignedIn { account })
            }
            SignUp::ConfirmationPending(user) => Ok(api::SignUpOutcome::ConfirmationPending {
                email: user.email.unwrap_or(email),
            }),
        }
    }

    pub async fn sign_out(&self, args: &api::SignOut) -> Result<api::Nothing> {
        let scope = match args.scope {
            api::SignOutScope::ThisDevice => Scope::Local,
            api::SignOutScope::Everywhere => Scope::Global,
        };
        match self.tokens.sign_out(scope).await {
            Ok(()) => {}
            // The server is told later; on this device it is done.
            Err(error)
                if scope == Scope::Local
                    && matches!(*self.tokens.state().borrow(), AuthState::SignedOut) =>
            {
                tracing::info!(%error, "signed out here");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(api::Nothing {})
    }

    pub fn connect(&self) -> api::Nothing {
        // Without an account there is nothing to connect for.
        if self.tokens.user().is_some() {
            self.realtime.connect();
            self.realtime.reconnect_now();
            self.sync.catch_up_anew();
        }
        api::Nothing {}
    }

    pub fn disconnect(&self) -> api::Nothing {
        self.realtime.disconnect();
        api::Nothing {}
    }

    pub async fn set_presence(&self, args: &api::SetPresence) -> api::Nothing {
        presence::choose(self, args.presence).await;
        api::Nothing {}
    }

    /// The workspace as a window that opens needs it.
    pub async fn workspace_state(
        &self,
        info: api::WorkspaceInfo,
        secrets_in_memory: bool,
    ) -> Result<api::WorkspaceState> {
        let outbox = announce::summary(&self.cache.outbox_list().await?);
        let market = self.market.lock().await;
        let prices_from = market.quotes().values().map(|quote| quote.time).max();
        let last = self
            .last_session
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        let last_session = match last {
            Some(id) => self.cache.session(id).await?,
            None => None,
        };
        Ok(api::WorkspaceState {
            info,
            sign_in: self.sign_in_state(),
            connection: self.state.current(),
            download: self.download(),
            machine: self.machine(),
            outbox,
            presence: self.own.told(),
            simulated_prices: self.local,
            prices_from: prices_from.map(tidings_model::Timestamp::as_millis),
            armed: market.armed(),
            last_session: last_session.map(|summary| summary.session.id.to_string()),
            shares: self.part().is_installed(),
            secrets_in_memory,
        })
    }
}

/// A code as it was typed; mails and apps group digits.
pub(super) fn typed(text: String) -> Secret {
    let text = Zeroizing::new(text);
    Secret::new(text.split_whitespace().collect::<String>())
}
