//! One's own presence: what was chosen, away while nobody uses the program, and the row in
//! `user_presence` that says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tidings_cache::{Cache, CacheError};
use tidings_contract as api;
use tidings_model::{SessionId, Timestamp};
use tidings_supabase::{Error, Filter};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Core;
use super::people;
use super::remote::table;

/// So long without use is away.
const AWAY_AFTER: Duration = Duration::from_mins(10);
/// The row is written on change and this often.
const ROW_EVERY: Duration = Duration::from_mins(5);
/// Name of the fact what was chosen.
const CHOSEN: &str = "presence";

/// One's own presence, and when the program was used last.
pub(super) struct Own {
    state: Mutex<State>,
    used: watch::Receiver<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    chosen: api::OwnPresence,
    idle: bool,
}

impl State {
    /// A choice stays; only who is there without having chosen otherwise can be away by itself.
    const fn told(self) -> api::OwnPresence {
        match (self.chosen, self.idle) {
            (api::OwnPresence::Online, true) => api::OwnPresence::Away,
            (chosen, _) => chosen,
        }
    }
}

impl Own {
    /// As it was chosen last.
    pub async fn load(cache: &Cache, used: watch::Receiver<Timestamp>) -> Result<Self, CacheError> {
        let chosen = match cache.get_meta(CHOSEN).await?.as_deref() {
            Some("away") => api::OwnPresence::Away,
            Some("offline") => api::OwnPresence::Invisible,
            _ => api::OwnPresence::Online,
        };
        let state = State {
            chosen,
            idle: false,
        };
        Ok(Self {
            state: Mutex::new(state),
            used,
        })
    }

    /// What others are told.
    pub fn told(&self) -> api::OwnPresence {
        self.state().told()
    }

    /// What others are told, in the words of presence.
    pub fn word(&self) -> &'static str {
        word(self.told())
    }

    /// Whether others are to see nothing of one.
    pub fn is_hidden(&self) -> bool {
        self.told() == api::OwnPresence::Invisible
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // It is replaced with whole values: a panic leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether that changes what is told.
    fn set_idle(&self, idle: bool) -> bool {
        let mut state = self.state();
        let before = state.told();
        state.idle = idle;
        state.told() != before
    }
}

const fn word(presence: api::OwnPresence) -> &'static str {
    match presence {
        api::OwnPresence::Online => "online",
        api::OwnPresence::Away => "away",
        api::OwnPresence::Invisible => "offline",
    }
}

/// Takes over a choice, and keeps it for the next start.
pub(super) async fn choose(core: &Core, chosen: api::OwnPresence) {
    let kept = core.cache.set_meta(CHOSEN, Some(word(chosen).to_owned()));
    if let Err(error) = kept.await {
        tracing::warn!(%error, "the chosen presence was not kept");
    }
    *core.own.state() = State {
        chosen,
        idle: false,
    };
    tell(core).await;
}

async fn tell(core: &Core) {
    core.emit(api::Event::Presence {
        presence: core.own.told(),
    });
    people::track(core).await;
}

/// Goes away without use, and comes back with it; runs until the workspace closes.
pub(super) async fn follow_use(core: Arc<Core>) {
    let mut used = core.own.used.clone();
    loop {
        let idle = core.now().since(*used.borrow_and_update()) >= AWAY_AFTER;
        if core.own.set_idle(idle) {
            tell(&core).await;
        }
        tokio::select! {
            changed = used.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(core.pace.look) => {}
        }
    }
}

/// What the row says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// In a session, for everybody to see.
    Here {
        user: String,
        session: SessionId,
        status: &'static str,
    },
    /// Nothing but that one is not there. When and where one was last stays as it is.
    Hidden { user: String },
}

#[derive(Serialize)]
struct NewRow<'a> {
    user_id: &'a str,
    session_id: &'a str,
    status: &'static str,
    /// PostgreSQL reads it as the time of the transaction.
    last_seen: &'static str,
    is_typing: bool,
    typing_in_session: Option<&'a str>,
}

#[derive(Serialize)]
struct HiddenRow {
    status: &'static str,
    is_typing: bool,
    typing_in_session: Option<&'static str>,
}

/// Writes the row when it changed and from time to time, never more than one at once; runs until
/// the workspace closes.
pub(super) async fn keep_row(core: Arc<Core>) {
    let mut repeat = tokio::time::interval(ROW_EVERY);
    let mut written: Option<(Said, Instant)> = None;
    loop {
        let repeated = tokio::select! {
            () = core.presence_row.notified() => false,
            _ = repeat.tick() => true,
        };
        let Some(row) = to_say(&core).await else {
            continue;
        };
        let last = written.as_ref().map(|(last, at)| (last, at.elapsed()));
        if !is_due(&row, last, repeated) {
            continue;
        }
        // Of one whose answer is lost nobody knows what the table says.
        written = None;
        match write(&core, &row).await {
            Ok(()) => written = Some((row, Instant::now())),
            Err(error) => tracing::debug!(%error, "the presence row was not written"),
        }
    }
}

/// The newest state, and only while there is a connection: presence is never queued.
async fn to_say(core: &Core) -> Option<Said> {
    let user = core.tokens.user().filter(|_| core.settings().presence)?.id;
    let session = core.open.lock().await.as_ref().map(|open| open.id.clone());
    if !core.state.is_up() {
        return None;
    }
    if core.own.is_hidden() {
        return Some(Said::Hidden { user });
    }
    Some(Said::Here {
        user,
        session: session?,
        status: core.own.word(),
    })
}

/// Whether a row is to be written; `last` is what was written, and how long ago.
fn is_due(row: &Said, last: Option<(&Said, Duration)>, repeated: bool) -> bool {
    match last {
        Some((last, _)) if last == row && matches!(row, Said::Hidden { .. }) => false,
        // A break of the connection changes nothing in it.
        Some((last, age)) if last == row => repeated || age >= ROW_EVERY,
        _ => true,
    }
}

async fn write(core: &Core, row: &Said) -> Result<(), Error> {
    match row {
        Said::Here {
            user,
            session,
            status,
        } => {
            let row = NewRow {
                user_id: user,
                session_id: session.as_str(),
                status,
                last_seen: "now",
                is_typing: false,
                typing_in_session: None,
            };
            core.rest.upsert(table::PRESENCE, "user_id", &row).await?;
        }
        Said::Hidden { user } => {
            let status = word(api::OwnPresence::Invisible);
            let row = HiddenRow {
                status,
                is_typing: false,
                typing_in_session: None,
            };
            // One that says so already is not touched: a change of it would be told.
            let own = Filter::eq("user_id", user).and(Filter::neq("status", status));
            core.rest.update(table::PRESENCE, &own, &row).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_choice_stays_and_who_chose_to_be_online_is_away_without_use() {
        use api::OwnPresence::{Away, Invisible, Online};
        for (chosen, idle, told) in [
            (Online, false, Online),
            (Online, true, Away),
            (Away, false, Away),
            (Away, true, Away),
            (Invisible, false, Invisible),
            (Invisible, true, Invisible),
        ] {
            assert_eq!(State { chosen, idle }.told(), told);
        }
    }

    #[test]
    fn a_row_is_repeated_and_one_that_hides_is_not() {
        let (minute, later) = (Duration::from_mins(1), Duration::from_mins(6));
        let user = || "alice".to_owned();
        let here = |status| Said::Here {
            user: user(),
            session: SessionId::new("s").unwrap(),
            status,
        };
        let hidden = Said::Hidden { user: user() };
        let (online, away) = (here("online"), here("away"));
        assert!(is_due(&online, None, false) && is_due(&hidden, None, false));
        assert!(!is_due(&online, Some((&online, minute)), false));
        assert!(is_due(&online, Some((&online, minute)), true));
        assert!(is_due(&online, Some((&online, later)), false));
        assert!(is_due(&away, Some((&online, minute)), false));
        assert!(is_due(&hidden, Some((&online, minute)), false));
        assert!(!is_due(&hidden, Some((&hidden, later)), false));
        assert!(!is_due(&hidden, Some((&hidden, later)), true));
        assert!(is_due(&online, Some((&hidden, minute)), false));
    }
}
