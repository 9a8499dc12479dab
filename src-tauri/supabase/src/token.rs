//! The one owner of a session: hands out access tokens, renews them, ends them.
//!
//! One renewal is under way at a time, on a task of its own, so that a caller who gives up
//! cannot lose the new refresh token between the server and the store.

mod change;
mod factors;
mod inner;
mod live;
mod sign_out;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::{
    Assurance, Auth, BackOff, Class, Error, Factor, Secret, Session, SessionStore, SignUp,
    StoredSession, User,
};
use inner::{Inner, Reason, blocking, land};
use live::Live;
use sign_out::Untold;

/// Whether someone is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthState {
    /// Nobody, or signed out on purpose.
    SignedOut,
    /// A session is kept; whether its tokens are fresh is another matter.
    SignedIn {
        /// The user's id.
        user_id: String,
        /// The user's address, when there is one.
        email: Option<String>,
        /// The user's name, when the account has one.
        name: Option<String>,
    },
    /// A session is kept that is good for one thing: to show a code of a second factor.
    SecondFactor {
        /// The user's address, when there is one.
        email: Option<String>,
        /// The factors, one of which is asked for.
        factors: Vec<Factor>,
    },
    /// The server ended the session.
    Expired {
        /// The user's id.
        user_id: String,
        /// The user's address, to fill in the sign-in form.
        email: Option<String>,
        /// The server's code, such as `refresh_token_already_used`.
        reason: String,
    },
}

/// Holds one session. A clone is the same session.
#[derive(Clone)]
pub struct TokenManager {
    inner: Arc<Inner>,
}

/// How often a due renewal is looked for: a machine that slept wakes up with an old clock.
const TICK: Duration = Duration::from_secs(30);
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_millis(400),
    longest: Duration::from_secs(30),
};
const REFUSED_WAIT: Duration = Duration::from_mins(1);

impl TokenManager {
    /// Takes up the kept session, if there is one. Asks the server nothing.
    pub async fn open(auth: Auth, store: Arc<dyn SessionStore>) -> Result<Self, Error> {
        let reader = store.clone();
        let kept = blocking(move || reader.load()).await?;
        let (auth_state, tokens) = (
            watch::Sender::new(AuthState::SignedOut),
            watch::Sender::new(None),
        );
        let inner = Inner {
            auth,
            store,
            state: Mutex::default(),
            store_gate: tokio::sync::Mutex::default(),
            auth_state,
            tokens,
            untold: Untold::default(),
        };
        if let Some(kept) = kept {
            let mut state = inner.state();
            inner.turn_into(&mut state, Some(Live::kept(kept)), None);
        }
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The calls of the Auth service, for what needs no session.
    pub fn auth(&self) -> &Auth {
        &self.inner.auth
    }

    /// Who is signed in, now and from now on.
    pub fn state(&self) -> watch::Receiver<AuthState> {
        self.inner.auth_state.subscribe()
    }

    /// The newest access token, now and from now on; `None` while nobody is signed in in full.
    /// For channels that must be told of each new token.
    pub fn subscribe(&self) -> watch::Receiver<Option<Secret>> {
        self.inner.tokens.subscribe()
    }

    /// The signed-in user; nobody is while a code of a second factor is missing.
    pub fn user(&self) -> Option<User> {
        self.inner
            .state()
            .live
            .as_ref()
            .filter(|live| live.assurance == Assurance::Complete)
            .map(|live| live.user.clone())
    }

    /// The Auth server's clock minus this machine's, in seconds, at the last answer.
    pub fn skew_seconds(&self) -> Option<i64> {
        self.inner.state().skew_seconds
    }

    /// Signs in, and keeps the session. A code of a second factor may be missing then:
    /// [`state`](Self::state) says so.
    pub async fn sign_in_password(&self, email: &str, password: &Secret) -> Result<User, Error> {
        let session = self.inner.auth.sign_in_password(email, password).await?;
        self.adopt(session).await
    }

    /// Makes a new user; signed in at once where the project needs no confirmation.
    pub async fn sign_up(&self, email: &str, password: &Secret) -> Result<SignUp, Error> {
        let answer = self.inner.auth.sign_up(email, password).await?;
        if let SignUp::Session(session) = &answer {
            self.adopt(session.clone()).await?;
        }
        Ok(answer)
    }

    /// Takes over a session that was opened elsewhere. When it cannot be kept, nobody is
    /// signed in: open another manager with a [`MemoryStore`](crate::MemoryStore) then.
    pub async fn adopt(&self, session: Session) -> Result<User, Error> {
        let _gate = self.inner.store_gate.lock().await;
        let user = session.user.clone();
        self.inner.save(StoredSession::of(&session)).await?;
        let mut state = self.inner.state();
        let next = state.epoch + 1;
        state.begin(next);
        state.skew_seconds = session.skew_seconds;
        self.inner
            .turn_into(&mut state, Some(Live::fresh(session, true)), None);
        // The server answers.
        self.tell_sign_outs_now();
        Ok(user)
    }

    /// An access token that is good for some seconds at least.
    ///
    /// A token that is due is renewed in the background and used meanwhile; only when it is
    /// over is there something to wait for. Without a network that fails, and the session
    /// is kept.
    pub async fn access_token(&self) -> Result<String, Error> {
        self.must_be_complete()?;
        let token = self.bearer().await?;
        // The renewal may have found that the account asks for more by now.
        self.must_be_complete()?;
        Ok(token)
    }

    /// As [`access_token`](Self::access_token), also for a session that lacks a second factor.
    async fn bearer(&self) -> Result<String, Error> {
        let flight = {
            let mut state = self.inner.state();
            let live = state.live.as_ref().ok_or(Error::SignedOut)?;
            match live.access.as_ref().filter(|access| !access.is_over()) {
                Some(access) => {
                    let token = access.token.expose().to_owned();
                    if access.is_due() {
                        // Its failure is told to whoever comes when the token is over.
                        drop(self.inner.fly(&mut state));
                    }
                    return Ok(token);
                }
                None => self.inner.fly(&mut state)?,
            }
        };
        land(flight).await.map(|token| token.expose().to_owned())
    }

    /// A token other than this one.
    pub async fn renew(&self, token: &str) -> Result<String, Error> {
        let token = self.other_than(token, Reason::Asked).await?;
        self.must_be_complete()?;
        Ok(token)
    }

    /// A token other than the one a service has refused.
    ///
    /// # Errors
    /// [`Error::StillRefused`] when one was renewed for the same reason just before.
    pub async fn renew_refused(&self, refused: &str) -> Result<String, Error> {
        let token = self.other_than(refused, Reason::Refused).await?;
        self.must_be_complete()?;
        Ok(token)
    }

    async fn other_than(&self, refused: &str, reason: Reason) -> Result<String, Error> {
        let flight = {
            let mut state = self.inner.state();
            let live = state.live.as_ref().ok_or(Error::SignedOut)?;
            let other = live
                .access
                .as_ref()
                .filter(|access| access.token.expose() != refused);
            if let Some(access) = other.filter(|access| !access.is_over()) {
                return Ok(access.token.expose().to_owned());
            }
            if reason == Reason::Refused {
                state.may_renew_refused()?;
            }
            self.inner.fly(&mut state)?
        };
        let token = land(flight).await?;
        if reason == Reason::Refused {
            self.inner.state().renewed_refused();
        }
        Ok(token.expose().to_owned())
    }

    /// Asks the server whose session this is. Ends it when the server knows it no more.
    pub async fn verify(&self) -> Result<User, Error> {
        let auth = &self.inner.auth;
        let epoch = self.inner.state().epoch;
        let user = self
            .as_user(|token| async move { auth.user(&token).await })
            .await?;
        let user = self.own(user)?;
        self.inner.know(epoch, user.clone()).await?;
        Ok(user)
    }

    /// A call with the access token: a refused token is renewed once, a session that the
    /// server knows no more is ended.
    async fn as_user<T, F>(&self, call: impl Fn(String) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let epoch = self.inner.state().epoch;
        let token = self.bearer().await?;
        let mut answer = call(token.clone()).await;
        if matches!(&answer, Err(error) if error.code() == Some("bad_jwt")) {
            let token = self.other_than(&token, Reason::Asked).await?;
            answer = call(token).await;
        }
        match answer {
            Err(error) if error.ends_session() || error.code() == Some("bad_jwt") => {
                self.inner.end(epoch, &error).await;
                Err(Error::SignedOut)
            }
            other => other,
        }
    }

    fn own(&self, user: User) -> Result<User, Error> {
        let own = self
            .inner
            .state()
            .live
            .as_ref()
            .map(|it| it.user.id.clone());
        if own.is_some_and(|own| own == user.id) {
            Ok(user)
        } else {
            Err(Error::OtherUser)
        }
    }

    /// Renews the token ahead of time, for as long as the future is polled: sockets need a
    /// new token even when nobody asks for one. Never ends; drop it to stop.
    pub async fn keep_fresh(&self) {
        let mut changes = self.inner.auth_state.subscribe();
        let mut failures = 0_u32;
        loop {
            self.inner.save_again().await;
            let wait = match self.inner.due() {
                None => None,
                Some(wait) if !wait.is_zero() => Some(wait.min(TICK)),
                Some(_) => match self.refresh_due().await {
                    Ok(()) => {
                        failures = 0;
                        continue;
                    }
                    Err(error) => {
                        tracing::debug!(%error, failures, "the session was not renewed");
                        failures = failures.saturating_add(1);
                        Some(match error.class() {
                            Class::Permanent => REFUSED_WAIT,
                            _ => BACK_OFF.after(&error, failures),
                        })
                    }
                },
            };
            match wait {
                None => drop(changes.changed().await),
                Some(wait) => tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = changes.changed() => failures = 0,
                },
            }
        }
    }

    async fn refresh_due(&self) -> Result<(), Error> {
        let flight = {
            let mut state = self.inner.state();
            self.inner.fly(&mut state)?
        };
        land(flight).await.map(drop)
    }
}

impl std::fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenManager")
            .field("state", &*self.inner.auth_state.borrow())
            .finish()
    }
}
