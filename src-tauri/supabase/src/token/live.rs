//! A session in memory, and the age of its access token.

use std::time::{Duration, SystemTime};

use rand::RngExt as _;
use tokio::time::Instant;

use crate::{Assurance, Secret, Session, StoredSession, User};

/// A session.
pub(super) struct Live {
    pub(super) user: User,
    pub(super) assurance: Assurance,
    pub(super) refresh: Secret,
    /// `None` after a start: only the refresh token is kept.
    pub(super) access: Option<Access>,
    /// Whether the store has this refresh token.
    pub(super) saved: bool,
}

/// An access token with its lifetime, counted here and not by the server's wall clock.
pub(super) struct Access {
    pub(super) token: Secret,
    lifetime: Duration,
    margin: Duration,
    since: Instant,
    since_wall: SystemTime,
}

impl Live {
    /// A session from the store.
    pub(super) fn kept(kept: StoredSession) -> Self {
        Self {
            user: kept.user,
            assurance: kept.assurance,
            refresh: kept.refresh_token,
            access: None,
            saved: true,
        }
    }

    /// A session from the server.
    pub(super) fn fresh(session: Session, saved: bool) -> Self {
        // Not all clients at the same second, and not most of a short life.
        let margin = rand::rng().random_range(Duration::from_mins(1)..=Duration::from_secs(90));
        let access = Access {
            token: session.access_token,
            lifetime: session.expires_in,
            margin: margin.min(session.expires_in / 4),
            since: Instant::now(),
            since_wall: SystemTime::now(),
        };
        Self {
            user: session.user,
            assurance: session.assurance,
            refresh: session.refresh_token,
            access: Some(access),
            saved,
        }
    }

    /// What the store keeps of it.
    pub(super) fn stored(&self) -> StoredSession {
        StoredSession {
            refresh_token: self.refresh.clone(),
            user: self.user.clone(),
            assurance: self.assurance.clone(),
        }
    }
}

impl StoredSession {
    /// What the store keeps of a session.
    pub(super) fn of(session: &Session) -> Self {
        Self {
            refresh_token: session.refresh_token.clone(),
            user: session.user.clone(),
            assurance: session.assurance.clone(),
        }
    }
}

impl Access {
    /// Whether it should be renewed.
    pub(super) fn is_due(&self) -> bool {
        self.until_due().is_zero()
    }

    /// How long until it should be renewed.
    pub(super) fn until_due(&self) -> Duration {
        self.lifetime
            .saturating_sub(self.margin)
            .saturating_sub(self.age())
    }

    /// Whether servers refuse it by now, or might when a request gets there.
    pub(super) fn is_over(&self) -> bool {
        let on_the_way = Duration::from_secs(5).min(self.lifetime / 20);
        self.age() + on_the_way >= self.lifetime
    }

    /// The steady clock stands still while the machine sleeps, the wall clock can be set back:
    /// whichever says more. Too much costs one renewal, too little a refused request.
    fn age(&self) -> Duration {
        self.since
            .elapsed()
            .max(self.since_wall.elapsed().unwrap_or_default())
    }
}
