//! The state of a session, and the one task that renews it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::AuthState;
use super::live::{Access, Live};
use super::sign_out::Untold;
use crate::backoff::Hold;
use crate::{
    Assurance, Auth, BackOff, Error, Secret, Session, SessionStore, StoreError, StoredSession, User,
};

pub(super) struct Inner {
    pub(super) auth: Auth,
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) state: Mutex<State>,
    /// Changes of the store, one at a time and in the order of the changes of `state`.
    pub(super) store_gate: tokio::sync::Mutex<()>,
    pub(super) auth_state: watch::Sender<AuthState>,
    pub(super) tokens: watch::Sender<Option<Secret>>,
    pub(super) untold: Untold,
}

/// What Auth's limits mean for renewals; the first is waited out as long as it takes.
const LIMIT: BackOff = BackOff {
    first: Duration::from_mins(1),
    longest: Duration::from_mins(10),
};

/// Why a token is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// A caller wants another one, or Auth does not know it.
    Asked,
    /// A service refused it.
    Refused,
}

/// A token that is refused is renewed no sooner than this after one that was refused as well:
/// services that disagree, or something before them, will not like the next one better.
const BETWEEN_REFUSALS: Duration = Duration::from_secs(30);

pub(super) struct State {
    /// Counts sign-ins and sign-outs: a renewal that began before one is void.
    pub(super) epoch: u64,
    pub(super) live: Option<Live>,
    pub(super) flight: Option<Flight>,
    /// The server asked for patience: until then a renewal fails at once.
    pub(super) hold: Hold,
    pub(super) skew_seconds: Option<i64>,
    /// When a token was renewed last because a service refused it.
    refused_at: Option<Instant>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            epoch: 0,
            live: None,
            flight: None,
            hold: Hold::new(LIMIT),
            skew_seconds: None,
            refused_at: None,
        }
    }
}

impl State {
    /// A service that refuses token after token would have each renewed at once.
    ///
    /// # Errors
    /// [`Error::StillRefused`] when one was renewed for the same reason just before.
    pub(super) fn may_renew_refused(&self) -> Result<(), Error> {
        // A renewal under way is shared, not a second one.
        if self.flight.is_some() {
            return Ok(());
        }
        let now = Instant::now();
        match self.refused_at {
            Some(at) if now.duration_since(at) < BETWEEN_REFUSALS => Err(Error::StillRefused {
                retry_after: at + BETWEEN_REFUSALS - now,
            }),
            _ => Ok(()),
        }
    }

    /// A token that a service refused was renewed.
    pub(super) fn renewed_refused(&mut self) {
        self.refused_at = Some(Instant::now());
    }

    /// What was under way, or waited, concerns a session that is over.
    pub(super) fn begin(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.flight = None;
        self.hold = Hold::new(LIMIT);
        self.refused_at = None;
    }
}

pub(super) type Flight = watch::Receiver<Option<Result<Secret, Error>>>;

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // The state is replaced field by field with whole values: a panic leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one place where a session begins, changes or ends.
    pub(super) fn turn_into(&self, state: &mut State, live: Option<Live>, ended: Option<&str>) {
        let next = match (&live, &state.live, ended) {
            (Some(live), _, _) => match &live.assurance {
                Assurance::Complete => AuthState::SignedIn {
                    user_id: live.user.id.clone(),
                    email: live.user.email.clone(),
                    name: live.user.name.clone(),
                },
                Assurance::SecondFactor(factors) => AuthState::SecondFactor {
                    email: live.user.email.clone(),
                    factors: factors.clone(),
                },
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
            .filter(|live| live.assurance == Assurance::Complete)
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
    pub(super) fn leave(&self) {
        let mut state = self.state();
        let next = state.epoch + 1;
        state.begin(next);
        self.turn_into(&mut state, None, None);
    }

    /// How long until the next renewal; `None` while nobody is signed in, or not in full.
    pub(super) fn due(&self) -> Option<Duration> {
        let state = self.state();
        let live = state
            .live
            .as_ref()
            .filter(|live| live.assurance == Assurance::Complete)?;
        Some(
            live.access
                .as_ref()
                .map_or(Duration::ZERO, Access::until_due),
        )
    }

    /// The renewal under way, or a new one.
    pub(super) fn fly(self: &Arc<Self>, state: &mut State) -> Result<Flight, Error> {
        let live = state.live.as_ref().ok_or(Error::SignedOut)?;
        // A sender that is gone without a result: its runtime was shut down.
        if let Some(flight) = state
            .flight
            .as_ref()
            .filter(|flight| flight.has_changed().is_ok())
        {
            return Ok(flight.clone());
        }
        state.hold.check()?;
        let (result, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let (inner, epoch) = (self.clone(), state.epoch);
        let (refresh, saved) = (live.refresh.clone(), live.saved);
        tokio::spawn(async move {
            let outcome = inner.refresh(epoch, refresh, saved).await;
            result.send_replace(Some(outcome));
        });
        Ok(flight)
    }

    /// `saved`: the store has the token, so that a newer one there is another process's.
    async fn refresh(&self, epoch: u64, own: Secret, saved: bool) -> Result<Secret, Error> {
        let store = self.store.clone();
        let turn = blocking(move || store.turn()).await;
        if let Err(error) = &turn {
            tracing::warn!(%error, "the session is renewed without a turn of its own");
        }
        let kept = if saved { self.kept().await } else { None };
        let used = kept.unwrap_or(own);
        let mut answer = self.auth.refresh(&used).await;
        if matches!(&answer, Err(error) if error.ends_session()) {
            // Another process, one that takes no turns, may have renewed it meanwhile.
            if let Some(kept) = self.kept().await.filter(|kept| *kept != used) {
                answer = self.auth.refresh(&kept).await;
            }
        }
        let mut outcome = match answer {
            Ok(session) => self.take_over(epoch, session, epoch).await,
            Err(error) if error.ends_session() => {
                self.end(epoch, &error).await;
                Err(Error::SignedOut)
            }
            Err(error) => Err(error),
        };
        let mut state = self.state();
        if state.epoch == epoch {
            state.flight = None;
            match outcome {
                Err(error) if error.retry_after().is_some() => {
                    outcome = Err(state.hold.refused(error));
                }
                _ => state.hold.answered(),
            }
        }
        outcome
    }

    /// The refresh token in the store, when one can be read.
    async fn kept(&self) -> Option<Secret> {
        let store = self.store.clone();
        let kept = blocking(move || store.load()).await.ok().flatten()?;
        Some(kept.refresh_token)
    }

    /// Goes on with the next state of the same session, unless another began since `epoch`.
    /// Keeps the new refresh token before anyone sees the access token. With another epoch
    /// in `next`, a renewal under way is void.
    pub(super) async fn take_over(
        &self,
        epoch: u64,
        session: Session,
        next: u64,
    ) -> Result<Secret, Error> {
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
        if next != epoch {
            state.begin(next);
        }
        state.skew_seconds = session.skew_seconds;
        self.turn_into(&mut state, Some(Live::fresh(session, saved.is_ok())), None);
        Ok(token)
    }

    /// The server has ended the session: forget its tokens, remember whose it was.
    pub(super) async fn end(&self, epoch: u64, error: &Error) {
        let _gate = self.store_gate.lock().await;
        {
            let mut state = self.state();
            if state.epoch != epoch {
                return;
            }
            let next = state.epoch + 1;
            state.begin(next);
            let reason = error.code().unwrap_or("session_not_found");
            tracing::info!(reason, "the server ended the session");
            self.turn_into(&mut state, None, Some(reason));
        }
        let store = self.store.clone();
        if let Err(error) = blocking(move || store.clear()).await {
            tracing::warn!(%error, "the ended session could not be forgotten");
        }
    }

    /// The session's user, as the server has it by now.
    pub(super) async fn know(&self, epoch: u64, user: User) -> Result<(), Error> {
        {
            let mut state = self.state();
            if state.epoch != epoch {
                return Err(Error::SignedOut);
            }
            let mut live = state.live.take().ok_or(Error::SignedOut)?;
            live.user = user.clone();
            self.turn_into(&mut state, Some(live), None);
        }
        let store = self.store.clone();
        let turn = blocking(move || store.turn()).await;
        let _gate = self.store_gate.lock().await;
        let store = self.store.clone();
        let kept = match turn {
            Ok(turn) => {
                let kept = blocking(move || match store.load()? {
                    // The refresh token in it may be another process's newer one.
                    Some(mut kept) if kept.user.id == user.id && kept.user != user => {
                        kept.user = user;
                        store.save(&kept)
                    }
                    _ => Ok(()),
                })
                .await;
                drop(turn);
                kept
            }
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            // The next renewal keeps it.
            tracing::info!(%error, "what the account says of its user is not kept yet");
        }
        Ok(())
    }

    pub(super) async fn save(&self, session: StoredSession) -> Result<(), Error> {
        let store = self.store.clone();
        blocking(move || store.save(&session)).await
    }

    /// Tries again to keep a session that could not be kept.
    pub(super) async fn save_again(&self) {
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
pub(super) async fn land(mut flight: Flight) -> Result<Secret, Error> {
    let lost = || Error::Network {
        timed_out: false,
        message: "the renewal was broken off".to_owned(),
    };
    let outcome = flight.wait_for(Option::is_some).await.map_err(|_| lost())?;
    outcome.clone().unwrap_or_else(|| Err(lost()))
}

/// Keyrings block, and some panic on a runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result.map_err(Error::from),
        Err(error) => Err(StoreError::new(error.to_string()).into()),
    }
}
