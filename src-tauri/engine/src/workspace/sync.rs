//! One task that reads from the server: catch-ups, rows to read again, what notifies.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidings_cache::Reread;
use tidings_model::{MessageId, SessionId};
use tidings_supabase::Class;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::connection::Input;
use super::{Core, catch_up, notices, requests, reread};

/// Requests for a catch-up within this time of one that began are answered by one more.
const TOGETHER: Duration = Duration::from_secs(2);
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// How long the next attempt waits after failed ones, unless the server says how long.
fn after(failed: u32) -> Duration {
    FIRST_RETRY
        .saturating_mul(1 << failed.min(10))
        .min(LAST_RETRY)
}

/// What the sync task is asked for.
#[derive(Default)]
pub(super) struct Requests {
    asked: Mutex<Asked>,
    wake: Notify,
}

#[derive(Default)]
struct Asked {
    catch_up: bool,
    reread: Reread,
    arrived: Vec<MessageId>,
    fill: BTreeSet<SessionId>,
}

impl Requests {
    /// Something may have been missed.
    pub fn catch_up(&self) {
        self.change(|asked| asked.catch_up = true);
    }

    /// The newest page of this session is shown, and something is missing in it.
    pub fn fill(&self, session: SessionId) {
        self.change(|asked| {
            asked.fill.insert(session);
        });
    }

    /// These rows have to be read by key.
    pub fn reread(&self, rows: Reread) {
        if !rows.is_empty() {
            self.change(|asked| {
                asked.reread.messages.extend(rows.messages);
                asked.reread.sessions.extend(rows.sessions);
            });
        }
    }

    /// These messages were not known before, and came live.
    pub fn arrived(&self, messages: Vec<MessageId>) {
        if !messages.is_empty() {
            self.change(|asked| asked.arrived.extend(messages));
        }
    }

    fn change(&self, change: impl FnOnce(&mut Asked)) {
        change(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn take(&self, with_catch_up: bool) -> Asked {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let catch_up = with_catch_up && std::mem::take(&mut asked.catch_up);
        Asked {
            catch_up,
            reread: std::mem::take(&mut asked.reread),
            arrived: std::mem::take(&mut asked.arrived),
            fill: std::mem::take(&mut asked.fill),
        }
    }

    fn wants_catch_up(&self) -> bool {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .catch_up
    }
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut due = Instant::now();
    let mut failed = 0;
    loop {
        tokio::select! {
            () = core.sync.wake.notified() => {}
            () = tokio::time::sleep_until(due), if core.sync.wants_catch_up() => {}
        }
        let asked = core.sync.take(Instant::now() >= due);
        requests::arrived(&core, &asked.arrived).await;
        notices::arrived(&core, asked.arrived);
        if !asked.reread.is_empty() {
            reread::run(&core, asked.reread).await;
        }
        for session in asked.fill {
            if let Err(error) = catch_up::fill(&core, &session).await {
                // Opening it again, or coming near the gap, asks again.
                tracing::info!(%error, "what is missing in a session was not fetched");
            }
        }
        // Without live changes there is nothing to catch up to: subscribing asks again.
        if !asked.catch_up || !core.hears() {
            continue;
        }
        due = Instant::now() + TOGETHER;
        let Err(error) = catch_up_once(&core).await else {
            failed = 0;
            continue;
        };
        let wait = match error.class() {
            Class::Transient {
                retry_after: Some(wait),
            } => wait,
            _ => after(failed),
        };
        failed += 1;
        due = due.max(Instant::now() + wait);
        tracing::warn!(%error, ?wait, "the catch-up did not finish");
        if matches!(error.class(), Class::Permanent) {
            let reason = format!("The project refused to be read: {error}");
            core.state.input(Input::Refused { reason }, core.now());
        } else {
            core.sync.catch_up();
        }
    }
}

/// Holds live changes, reads what was missed, lets the changes through.
async fn catch_up_once(core: &Core) -> Result<(), catch_up::Error> {
    core.state.input(Input::CatchUpBegan, core.now());
    core.catch_ups.send_modify(|began| *began += 1);
    core.ingest.hold().await;
    let result = catch_up::run(core).await;
    core.ingest.release().await;
    if !core.hears() {
        // It broke off meanwhile: what was read last is where something may be missing.
        core.cache.live_stopped().await?;
    } else if result.is_ok() {
        core.state.input(Input::CaughtUp, core.now());
        core.outbox.notify_one();
        core.presence_row.notify_one();
    }
    result
}
