//! Keeps a session's `last_activity` in the project up to date while one uses the session.
//!
//! At most once a minute a session, the last use of a minute included, and only while there is a
//! connection: an activity is never queued. The owner may write it; a project that refuses is not
//! asked again for an hour, and nothing is shown of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tidings_model::SessionId;
use tidings_supabase::{Class, Filter};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Core;
use super::remote::table;
use super::send;

/// A session is written at most this often.
const EVERY: Duration = Duration::from_mins(1);
/// How long a session is left alone that may not be written.
const REFUSED: Duration = Duration::from_hours(1);

/// Which sessions were used, and when each may be written next.
#[derive(Default)]
pub(super) struct Uses {
    sessions: Mutex<HashMap<SessionId, Use>>,
    wake: Notify,
}

/// Where a session stands. One that is not known may be written at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Used; to be written at that time.
    Due(Instant),
    /// Not used since; not to be written before that time.
    Quiet(Instant),
    /// Not to be written at all before that time, used or not.
    Refused(Instant),
}

impl Use {
    fn used(self, now: Instant) -> Self {
        match self {
            Self::Due(at) => Self::Due(at),
            Self::Quiet(from) => Self::Due(from.max(now)),
            Self::Refused(until) if until > now => self,
            Self::Refused(_) => Self::Due(now),
        }
    }
}

impl Uses {
    /// The session is being used.
    pub fn used(&self, session: SessionId) {
        self.note(session, Instant::now());
        self.wake.notify_one();
    }

    fn note(&self, session: SessionId, now: Instant) {
        let mut sessions = self.lock();
        let state = sessions.entry(session).or_insert(Use::Quiet(now));
        *state = state.used(now);
    }

    /// The sessions to write now; each counts as written.
    fn take(&self, now: Instant) -> Vec<SessionId> {
        let mut sessions = self.lock();
        sessions.retain(|_, state| match state {
            Use::Due(_) => true,
            Use::Quiet(until) | Use::Refused(until) => *until > now,
        });
        let mut due = Vec::new();
        for (session, state) in sessions.iter_mut() {
            if matches!(state, Use::Due(at) if *at <= now) {
                *state = Use::Quiet(now + EVERY);
                due.push(session.clone());
            }
        }
        due
    }

    /// When the next one is to be written.
    fn next(&self) -> Option<Instant> {
        let due = |state: &Use| match state {
            Use::Due(at) => Some(*at),
            Use::Quiet(_) | Use::Refused(_) => None,
        };
        self.lock().values().filter_map(due).min()
    }

    fn refused(&self, session: SessionId, now: Instant) {
        self.lock().insert(session, Use::Refused(now + REFUSED));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Use>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    loop {
        let due = core.activity.next();
        let wait = async {
            match due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = core.activity.wake.notified() => {}
            () = wait => {}
        }
        for session in core.activity.take(Instant::now()) {
            write(&core, session).await;
        }
    }
}

#[derive(Serialize)]
struct ActivityRow {
    /// PostgreSQL reads it as the time of the transaction.
    last_activity: &'static str,
}

async fn write(core: &Core, session: SessionId) {
    if !core.settings().activity || !core.state.is_up() || !owns(core, &session).await {
        return;
    }
    let began = core.cache.stamp();
    let row = ActivityRow {
        last_activity: "now",
    };
    let by_id = Filter::eq("id", session.to_string());
    match core.rest.update(table::SESSIONS, &by_id, &row).await {
        // Row level security refuses with an empty answer.
        Ok(answer) if answer.rows.is_empty() => core.activity.refused(session, Instant::now()),
        Ok(answer) => {
            let facts = send::session_facts(&answer, send::source(core, began));
            match core.cache.ingest(facts).await {
                Ok(report) => core.sync.reread(report.reread),
                Err(error) => tracing::warn!(%error, "a session's activity was not kept"),
            }
        }
        Err(error) => {
            tracing::info!(%error, "a session's activity was not written");
            if matches!(error.class(), Class::Permanent) {
                core.activity.refused(session, Instant::now());
            }
        }
    }
}

async fn owns(core: &Core, session: &SessionId) -> bool {
    let Ok(Some(row)) = core.cache.session(session.clone()).await else {
        return false;
    };
    row.session.user_id.is_some() && row.session.user_id == core.user()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id(name: &str) -> SessionId {
        SessionId::new(name).unwrap()
    }

    #[test]
    fn a_session_is_written_at_once_and_then_once_a_minute_with_the_last_use_of_each() {
        let (uses, start) = (Uses::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(uses.next(), None);
        uses.note(id("a"), at(0));
        assert_eq!(uses.take(at(0)), [id("a")]);
        assert_eq!(uses.next(), None);
        // Used again, twice: written once, when the minute is over.
        uses.note(id("a"), at(10));
        uses.note(id("a"), at(20));
        assert_eq!(uses.next(), Some(at(60)));
        assert!(uses.take(at(59)).is_empty());
        assert_eq!(uses.take(at(60)), [id("a")]);
        // Not used for longer than that: at once again.
        assert!(uses.take(at(500)).is_empty());
        uses.note(id("a"), at(501));
        uses.note(id("b"), at(501));
        assert_eq!(uses.take(at(501)).len(), 2);
    }

    #[test]
    fn a_session_that_may_not_be_written_is_left_alone_for_an_hour() {
        let (uses, start) = (Uses::default(), Instant::now());
        let at = |minutes| start + Duration::from_mins(minutes);
        uses.note(id("a"), at(0));
        assert_eq!(uses.take(at(0)), [id("a")]);
        uses.refused(id("a"), at(0));
        uses.note(id("a"), at(30));
        assert_eq!(uses.next(), None);
        uses.note(id("a"), at(61));
        assert_eq!(uses.take(at(61)), [id("a")]);
    }
}
