//! The one owner of a session: hands out access tokens, renews them, ends them.
//!
//! One renewal is under way at a time, on a task of its own, so that a caller who gives up
//! cannot lose the new refresh token between the server and the store.

mod live;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::{
    Auth, Class, Error, Scope, Secret, Session, SessionStore, SignUp, StoredSession, User,
};
use live::{Access, Live};

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

struct Inner {
    auth: Auth,
    store: Arc<dyn SessionStore>,
    state: Mutex<State>,
    /// Changes of the store, one at a time and in the order of the changes of `state`.
    store_gate: tokio::sync::Mutex<()>,
    auth_state: watch::Sender<AuthState>,
    tokens: watch::Sender<Option<Secret>>,
}

#[derive(Default)]
struct State {
    /// Counts sign-ins and sign-outs: a renewal that began before one is void.
    epoch: u64,
    live: Option<Live>,
    flight: Option<Flight>,
    /// The server asked for patience: until then a renewal fails at once.
    hold: Option<(Instant, Error)>,
    skew_seconds: Option<i64>,
}

type Flight = watch::Receiver<Option<Result<Secret, Error>>>;

/// How often a due renewal is looked for: a machine that slept wakes up with an old clock.
const TICK: Duration = Duration::from_secs(30);
const MAX_BACK_OFF: Duration = Duration::from_secs(30);
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

    /// The newest access token, now and from now on; `None` while there is none.
    /// For channels that must be told of each new token.
    pub fn subscribe(&self) -> watch::Receiver<Option<Secret>> {
        self.inner.tokens.subscribe()
    }

    /// The signed-in user.
    pub fn user(&self) -> Option<User> {
        self.inner
            .state()
            .live
            .as_ref()
            .map(|live| live.user.clone())
    }

    /// The Auth server's clock minus this machine's, in seconds, at the last answer.
    pub fn skew_seconds(&self) -> Option<i64> {
        self.inner.state().skew_seconds
    }

    /// Signs in, and keeps the session.
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
        state.epoch += 1;
        state.flight = None;
        state.hold = None;
        state.skew_seconds = session.skew_seconds;
        self.inner
            .turn_into(&mut state, Some(Live::fresh(session, true)), None);
        Ok(user)
    }

    /// An access token that is good for some seconds at least.
    ///
    /// A token that is due is renewed in the background and used meanwhile; only when it is
    /// over is there something to wait for. Without a network that fails, and the session
    /// is kept.
    pub async fn access_token(&self) -> Result<String, Error> {
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

    /// A token other than the one a server has refused.
    pub async fn renew(&self, refused: &str) -> Result<String, Error> {
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
            self.inner.fly(&mut state)?
        };
        land(flight).await.map(|token| token.expose().to_owned())
    }

    /// Asks the server whose session this is. Ends it when the server knows it no more.
    pub async fn verify(&self) -> Result<User, Error> {
        let epoch = self.inner.state().epoch;
        let token = self.access_token().await?;
        let mut answer = self.inner.auth.user(&token).await;
        if matches!(&answer, Err(error) if error.code() == Some("bad_jwt")) {
            let token = self.renew(&token).await?;
            answer = self.inner.auth.user(&token).await;
        }
        match answer {
            Ok(user) if self.user().is_some_and(|own| own.id == user.id) => Ok(user),
            Ok(_) => Err(Error::OtherUser),
            Err(error) if error.ends_session() || error.code() == Some("bad_jwt") => {
                self.inner.end(epoch, &error).await;
                Err(Error::SignedOut)
            }
            Err(error) => Err(error),
        }
    }

    /// Signs out. On this machine that always works; an error says that the server was not
    /// told, so that its side of the session lives on until it expires.
    pub async fn sign_out(&self, scope: Scope) -> Result<(), Error> {
        let token = self.access_token().await;
        if scope != Scope::Others {
            self.inner.leave();
            let _gate = self.inner.store_gate.lock().await;
            let store = self.inner.store.clone();
            blocking(move || store.clear()).await?;
        }
        let told = match token {
            Ok(token) => self.inner.auth.sign_out(&token, scope).await,
            Err(Error::SignedOut) => return Ok(()),
            Err(error) => Err(error),
        };
        match told {
            // Whoever is unknown there needs no signing out.
            Err(error)
                if matches!(error.status(), Some(401 | 403 | 404)) && error.code().is_some() =>
            {
                Ok(())
            }
            other => other,
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
                        Some(back_off(&error, failures))
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

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // The state is replaced field by field with whole values: a panic leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one place where a session begins, changes or ends.
    fn turn_into(&self, state: &mut State, live: Option<Live>, ended: Option<&str>) {
        let next = match (&live, &state.live, ended) {
            (Some(live), _, _) => AuthState::SignedIn {
                user_id: live.user.id.clone(),
                email: live.user.email.clone(),
            },
            (None, Some(last), Some(reason)) => AuthState::Expired {
                user_id: last.user.id.clone(),
                email: last.user.email.clone(),
                reason: reason.to_owned(),
            },
            (None, _, _) => AuthState::SignedOut,
        };
        let token = live
            .as_ref()
            .and_then(|live| live.access.as_ref())
            .map(|a| a.token.clone());
        state.live = live;
        self.tokens.send_if_modified(|old| {
            let new = *old != token;
            *old = token;
            new
        });
        self.auth_state.send_if_modified(|old| {
            let new = *old != next;
            *old = next;
            new
        });
    }

    /// Signed out on purpose; a renewal under way is void from here on.
    fn leave(&self) {
        let mut state = self.state();
        state.epoch += 1;
        state.flight = None;
        state.hold = None;
        self.turn_into(&mut state, None, None);
    }

    /// How long until the next renewal; `None` while nobody is signed in.
    fn due(&self) -> Option<Duration> {
        let state = self.state();
        let live = state.live.as_ref()?;
        Some(
            live.access
                .as_ref()
                .map_or(Duration::ZERO, Access::until_due),
        )
    }

    /// The renewal under way, or a new one.
    fn fly(self: &Arc<Self>, state: &mut State) -> Result<Flight, Error> {
        let live = state.live.as_ref().ok_or(Error::SignedOut)?;
        // A sender that is gone without a result: its runtime was shut down.
        if let Some(flight) = state
            .flight
            .as_ref()
            .filter(|flight| flight.has_changed().is_ok())
        {
            return Ok(flight.clone());
        }
        if let Some((_, error)) = state
            .hold
            .as_ref()
            .filter(|(until, _)| *until > Instant::now())
        {
            return Err(error.clone());
        }
        let (result, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let (inner, epoch, refresh) = (self.clone(), state.epoch, live.refresh.clone());
        tokio::spawn(async move {
            let outcome = inner.refresh(epoch, refresh).await;
            result.send_replace(Some(outcome));
        });
        Ok(flight)
    }

    async fn refresh(&self, epoch: u64, used: Secret) -> Result<Secret, Error> {
        let mut answer = self.auth.refresh(&used).await;
        if matches!(&answer, Err(error) if error.ends_session()) {
            // Another process of the same user may have renewed it meanwhile.
            let store = self.store.clone();
            let kept = blocking(move || store.load()).await.ok().flatten();
            if let Some(kept) = kept.filter(|kept| kept.refresh_token != used) {
                answer = self.auth.refresh(&kept.refresh_token).await;
            }
        }
        let outcome = match answer {
            Ok(session) => self.renewed(epoch, session).await,
            Err(error) if error.ends_session() => {
                self.end(epoch, &error).await;
                Err(Error::SignedOut)
            }
            Err(error) => Err(error),
        };
        let mut state = self.state();
        if state.epoch == epoch {
            state.flight = None;
            state.hold = match &outcome {
                Err(error) => match error.class() {
                    Class::Transient {
                        retry_after: Some(wait),
                    } => Some((Instant::now() + wait, error.clone())),
                    _ => None,
                },
                Ok(_) => None,
            };
        }
        outcome
    }

    /// Keeps the new refresh token before anyone sees the access token.
    async fn renewed(&self, epoch: u64, session: Session) -> Result<Secret, Error> {
        let _gate = self.store_gate.lock().await;
        {
            let state = self.state();
            let live = state.live.as_ref().filter(|_| state.epoch == epoch);
            if live.ok_or(Error::SignedOut)?.user.id != session.user.id {
                return Err(Error::OtherUser);
            }
        }
        let saved = self.save(StoredSession::of(&session)).await;
        if let Err(error) = &saved {
            // The server has forgotten the old token by now: better a session in memory
            // that is saved later than none.
            tracing::warn!(%error, "the renewed session is not kept yet");
        }
        let token = session.access_token.clone();
        let mut state = self.state();
        if state.epoch != epoch {
            return Err(Error::SignedOut);
        }
        state.skew_seconds = session.skew_seconds;
        self.turn_into(&mut state, Some(Live::fresh(session, saved.is_ok())), None);
        Ok(token)
    }

    /// The server has ended the session: forget its tokens, remember whose it was.
    async fn end(&self, epoch: u64, error: &Error) {
        let _gate = self.store_gate.lock().await;
        {
            let mut state = self.state();
            if state.epoch != epoch {
                return;
            }
            state.epoch += 1;
            state.flight = None;
            let reason = error.code().unwrap_or("session_not_found");
            tracing::info!(reason, "the server ended the session");
            self.turn_into(&mut state, None, Some(reason));
        }
        let store = self.store.clone();
        if let Err(error) = blocking(move || store.clear()).await {
            tracing::warn!(%error, "the ended session could not be forgotten");
        }
    }

    async fn save(&self, session: StoredSession) -> Result<(), Error> {
        let store = self.store.clone();
        blocking(move || store.save(&session)).await
    }

    /// Tries again to keep a session that could not be kept.
    async fn save_again(&self) {
        let _gate = self.store_gate.lock().await;
        let unsaved = self
            .state()
            .live
            .as_ref()
            .filter(|live| !live.saved)
            .map(Live::stored);
        if let Some(session) = unsaved
            && self.save(session).await.is_ok()
            && let Some(live) = self.state().live.as_mut()
        {
            live.saved = true;
        }
    }
}

/// Waits for a renewal's result.
async fn land(mut flight: Flight) -> Result<Secret, Error> {
    let lost = || Error::Network {
        timed_out: false,
        message: "the renewal was broken off".to_owned(),
    };
    let outcome = flight.wait_for(Option::is_some).await.map_err(|_| lost())?;
    outcome.clone().unwrap_or_else(|| Err(lost()))
}

/// Keyrings block, and some panic on a runtime's own threads.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, crate::StoreError> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result.map_err(Error::from),
        Err(error) => Err(crate::StoreError::new(error.to_string()).into()),
    }
}

/// Full jitter over 200 ms · 2ⁿ, or what the server asked for.
fn back_off(error: &Error, failures: u32) -> Duration {
    match error.class() {
        Class::Transient {
            retry_after: Some(wait),
        } => wait.max(Duration::from_secs(1)),
        Class::Permanent => REFUSED_WAIT,
        _ => {
            let most = MAX_BACK_OFF.min(Duration::from_millis(200 << failures.min(10)));
            rand::rng().random_range(Duration::from_millis(50)..=most)
        }
    }
}
