//! Signing out, and telling the server of it later when it cannot be told at once.
//!
//! What is kept for that is the session's refresh token, where sessions are kept. It buys the
//! access token that `POST /logout?scope=local` takes (protocol section 2.1), and is used for
//! nothing else: it never becomes a session here, whoever is signed in meanwhile.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::TokenManager;
use super::inner::blocking;
use crate::{BackOff, Class, Error, Scope, Secret, Session, UntoldSignOut};

/// Nobody signs out so often without a network; the oldest gives way.
const MOST: usize = 8;
/// After a failure. The end of the network's absence is told, so nothing is urgent.
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_mins(1),
    longest: Duration::from_mins(15),
};

/// What the telling of sign-outs waits for.
#[derive(Default)]
pub(super) struct Untold {
    /// One is told at a time.
    telling: tokio::sync::Mutex<()>,
    /// There is reason to believe that it works now.
    now: Notify,
    /// There is one more, which just failed.
    later: Notify,
}

impl TokenManager {
    /// Signs out. On this machine that always works; an error says that the server could not be
    /// told, and is told by [`tell_sign_outs`](Self::tell_sign_outs). Everywhere is another
    /// matter: unless the server is told, nothing changes here either.
    pub async fn sign_out(&self, scope: Scope) -> Result<(), Error> {
        let auth = &self.inner.auth;
        match scope {
            Scope::Global => {
                self.as_user(|token| async move { auth.sign_out(&token, scope).await })
                    .await?;
                self.inner.leave();
                let _gate = self.inner.store_gate.lock().await;
                let store = self.inner.store.clone();
                blocking(move || store.clear()).await
            }
            Scope::Others => {
                let told = match self.bearer().await {
                    Ok(token) => auth.sign_out(&token, scope).await,
                    Err(Error::SignedOut) => return Ok(()),
                    Err(error) => Err(error),
                };
                told.or_else(need_not_know)
            }
            Scope::Local => self.sign_out_here().await,
        }
    }

    /// Ends a session that is not taken over, now or later.
    pub async fn dismiss(&self, session: Session) {
        let untold = self.put_away(session.refresh_token, None).await;
        let told = match untold {
            Ok(untold) => {
                self.tell_or_later(&untold, Some(session.access_token))
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::info!(%error, "the server does not know yet that a session is not used");
        }
    }

    async fn sign_out_here(&self) -> Result<(), Error> {
        let (refresh, access, saved) = {
            let state = self.inner.state();
            let Some(live) = &state.live else {
                return Ok(());
            };
            let access = live.access.as_ref().filter(|access| !access.is_over());
            let access = access.map(|access| access.token.clone());
            (live.refresh.clone(), access, live.saved)
        };
        self.inner.leave();
        let untold = self.put_away(refresh, Some(saved)).await?;
        self.tell_or_later(&untold, access).await
    }

    /// Keeps what it takes to sign out at the server. `over`: the kept session goes with it, and
    /// whether its token is this process's newest.
    async fn put_away(&self, own: Secret, over: Option<bool>) -> Result<UntoldSignOut, Error> {
        let _gate = self.inner.store_gate.lock().await;
        let store = self.inner.store.clone();
        blocking(move || {
            // Another process may have renewed the session since.
            let kept = match over {
                Some(true) => store.load().ok().flatten(),
                _ => None,
            };
            let untold = UntoldSignOut::now(kept.map_or(own, |kept| kept.refresh_token));
            let listed = store.untold().and_then(|mut list| {
                list.retain(|it| !it.is_over());
                list.push(untold.clone());
                let first = list.len().saturating_sub(MOST);
                store.save_untold(&list[first..])
            });
            if let Err(error) = listed {
                tracing::warn!(%error, "unless the server is told now, it is not told of a sign-out");
            }
            if over.is_some() {
                store.clear()?;
            }
            Ok(untold)
        })
        .await
    }

    async fn tell_or_later(
        &self,
        untold: &UntoldSignOut,
        access: Option<Secret>,
    ) -> Result<(), Error> {
        // Others are being told, maybe for as long as a deadline: this one is left to their next
        // round.
        let told = match self.inner.untold.telling.try_lock() {
            Ok(_one) => self.tell(untold, access).await.map(|()| true),
            Err(_) => Ok(false),
        };
        if !matches!(told, Ok(true)) {
            self.inner.untold.later.notify_one();
        }
        told.map(drop)
    }

    /// Tells the server of sign-outs that it was not told of: at once, when
    /// [`tell_sign_outs_now`](Self::tell_sign_outs_now) says so, and ever more rarely in between.
    /// Never ends; drop it to stop.
    pub async fn tell_sign_outs(&self) {
        let mut failures = 0_u32;
        let mut due = Some(Instant::now());
        loop {
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => {}
                () = self.inner.untold.now.notified() => failures = 0,
                () = self.inner.untold.later.notified() => {
                    let first = Instant::now() + BACK_OFF.wait(1, None);
                    due = Some(due.map_or(first, |due| due.min(first)));
                    continue;
                }
            }
            due = match self.tell_all().await {
                Ok(()) => {
                    failures = 0;
                    None
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    let wait = BACK_OFF.after(&error, failures);
                    tracing::info!(%error, ?wait, "the server is told of a sign-out later");
                    Some(Instant::now() + wait)
                }
            };
        }
    }

    /// The network is another one, or the server answers again.
    pub fn tell_sign_outs_now(&self) {
        self.inner.untold.now.notify_one();
    }

    async fn tell_all(&self) -> Result<(), Error> {
        let _one = self.inner.untold.telling.lock().await;
        let store = self.inner.store.clone();
        for untold in blocking(move || store.untold()).await? {
            if untold.is_over() {
                self.drop_untold(&untold.refresh_token).await?;
            } else {
                self.tell(&untold, None).await?;
            }
        }
        Ok(())
    }

    /// Ends one session at the server, if it still knows it, and forgets its token.
    async fn tell(&self, untold: &UntoldSignOut, access: Option<Secret>) -> Result<(), Error> {
        let auth = &self.inner.auth;
        if let Some(access) = access {
            let told = auth.sign_out(access.expose(), Scope::Local).await;
            let refused = matches!(&told, Err(error) if error.code() == Some("bad_jwt"));
            if !refused {
                told.or_else(need_not_know)?;
                return self.drop_untold(&untold.refresh_token).await;
            }
        }
        let session = match auth.refresh(&untold.refresh_token).await {
            Ok(session) => session,
            Err(error) => {
                need_not_know(error)?;
                return self.drop_untold(&untold.refresh_token).await;
            }
        };
        // The old one counts no more.
        let next = session.refresh_token.clone();
        self.change_untold(&untold.refresh_token, Some(next.clone()))
            .await?;
        // Without its name the server would end every session of the user, this device's next
        // one included.
        if session.is_named() {
            let told = auth
                .sign_out(session.access_token.expose(), Scope::Local)
                .await;
            told.or_else(need_not_know)?;
        }
        self.drop_untold(&next).await
    }

    async fn drop_untold(&self, token: &Secret) -> Result<(), Error> {
        self.change_untold(token, None).await
    }

    async fn change_untold(&self, token: &Secret, next: Option<Secret>) -> Result<(), Error> {
        let _gate = self.inner.store_gate.lock().await;
        let (store, token) = (self.inner.store.clone(), token.clone());
        blocking(move || {
            let mut list = store.untold()?;
            match next {
                Some(next) => list
                    .iter_mut()
                    .filter(|it| it.refresh_token == token)
                    .for_each(|it| it.refresh_token = next.clone()),
                None => list.retain(|it| it.refresh_token != token),
            }
            store.save_untold(&list)
        })
        .await
    }
}

/// A refusal in Auth's own words: it knows no such session, or none of that token. Nothing is
/// left to be told.
fn need_not_know(error: Error) -> Result<(), Error> {
    let refused = matches!(error.class(), Class::Permanent | Class::SignedOut);
    if refused && matches!(error, Error::Api(_)) && error.code().is_some() {
        Ok(())
    } else {
        Err(error)
    }
}
