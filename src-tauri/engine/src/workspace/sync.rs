//! One task that reads from the server: catch-ups, rows to read again, what notifies.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidings_cache::Reread;
use tidings_model::{SessionId, UserId};
use tidings_supabase::{BackOff, Class};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::catch_up::server_now;
use super::connection::Input;
use super::doubt::{self, Settled};
use super::notices::Arrived;
use super::{Core, catch_up, live, members, notices, requests, reread};

/// Requests for a catch-up within this time of one that began are answered by one more.
const TOGETHER: Duration = Duration::from_secs(2);
/// A message can show this long after the time it carries: whoever wrote it waited for the server,
/// and its transaction for others.
const COMING: Duration = Duration::from_mins(2);
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
};
/// What was refused is given again once somebody has seen to it.
const LONGEST_REFUSED: Duration = Duration::from_mins(10);

/// What the sync task is asked for.
#[derive(Default)]
pub(super) struct Requests {
    asked: Mutex<Asked>,
    wake: Notify,
}

#[derive(Default)]
struct Asked {
    catch_up: bool,
    at_once: bool,
    check: bool,
    reread: Reread,
    arrived: Vec<Arrived>,
    fill: BTreeSet<SessionId>,
    joined: BTreeSet<SessionId>,
    names: BTreeSet<UserId>,
}

impl Requests {
    /// Something may have been missed.
    pub fn catch_up(&self) {
        self.change(|asked| asked.catch_up = true);
    }

    /// The same, and what was refused before may be given now.
    pub fn catch_up_anew(&self) {
        self.change(|asked| {
            asked.catch_up = true;
            asked.at_once = true;
        });
    }

    /// Nothing says that something was missed: it is read all the same.
    pub fn check(&self) {
        self.change(|asked| asked.check = true);
    }

    /// The newest page of this session is shown, and something is missing in it.
    pub fn fill(&self, session: SessionId) {
        self.change(|asked| {
            asked.fill.insert(session);
        });
    }

    /// Nothing of the newest messages of this session is known.
    pub fn joined(&self, session: SessionId) {
        self.change(|asked| {
            asked.joined.insert(session);
        });
    }

    /// The same, when something else is asked for: a catch-up, if the connection broke.
    fn joined_later(&self, session: SessionId) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.joined.insert(session);
    }

    /// What these people are called has to be read.
    pub fn names(&self, users: impl IntoIterator<Item = UserId>) {
        let users: BTreeSet<UserId> = users.into_iter().collect();
        if !users.is_empty() {
            self.change(|asked| asked.names.extend(users));
        }
    }

    /// These rows have to be read by key.
    pub fn reread(&self, rows: Reread) {
        if !rows.is_empty() {
            self.change(|asked| {
                asked.reread.messages.extend(rows.messages);
                asked.reread.sessions.extend(rows.sessions);
                asked.reread.members.extend(rows.members);
            });
        }
    }

    /// These messages were not known before.
    pub fn arrived(&self, messages: Arrived) {
        if !messages.ids.is_empty() {
            self.change(|asked| asked.arrived.push(messages));
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
            at_once: false,
            check: std::mem::take(&mut asked.check),
            reread: std::mem::take(&mut asked.reread),
            arrived: std::mem::take(&mut asked.arrived),
            fill: std::mem::take(&mut asked.fill),
            joined: std::mem::take(&mut asked.joined),
            names: std::mem::take(&mut asked.names),
        }
    }

    /// Whether somebody asked not to wait for what was refused.
    fn take_at_once(&self) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut asked.at_once)
    }

    /// Returns when something is asked for, and when a catch-up that was asked for is due.
    async fn asked(&self, due: Instant) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep_until(due), if self.wants_catch_up() => {}
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
    // When it was refused: the earliest time to ask again.
    let mut refused: Option<Instant> = None;
    let (mut failed, mut refusals) = (0_u32, 0_u32);
    let mut settled = Settled::default();
    loop {
        core.sync.asked(due).await;
        if core.sync.take_at_once()
            && let Some(earliest) = refused
        {
            due = due.min(earliest);
        }
        let asked = core.sync.take(Instant::now() >= due);
        for messages in &asked.arrived {
            requests::arrived(&core, &messages.ids).await;
        }
        notices::arrived(&core, asked.arrived);
        if !asked.reread.is_empty() {
            reread::run(&core, asked.reread).await;
        }
        if let Err(error) = members::read_names(&core, asked.names).await {
            // The next catch-up reads them.
            tracing::info!(%error, "what people are called was not read");
        }
        for session in asked.joined {
            if let Err(error) = members::newest(&core, &session).await {
                tracing::info!(%error, "a session that was joined was not read");
                core.sync.joined_later(session);
            }
        }
        for session in asked.fill {
            if let Err(error) = catch_up::fill(&core, &session).await {
                // Opening it again, or coming near the gap, asks again.
                tracing::info!(%error, "what is missing in a session was not fetched");
            }
        }
        // Without live changes there is nothing to catch up to: subscribing asks again.
        if !asked.catch_up || !core.hears() {
            // The project can be read again: what it refused is asked for now.
            if asked.check && check(&core, &mut settled).await && refused.is_some() {
                core.sync.catch_up_anew();
            }
            continue;
        }
        due = Instant::now() + TOGETHER;
        settled.interrupted();
        let Err(error) = catch_up_once(&core, &mut settled).await else {
            (failed, refusals, refused) = (0, 0, None);
            continue;
        };
        let permanent = matches!(error.class(), Class::Permanent);
        refused = permanent.then_some(due);
        // A refusal after other failures is the first of its kind.
        (failed, refusals) = if permanent {
            (0, refusals.saturating_add(1))
        } else {
            (failed.saturating_add(1), 0)
        };
        let wait = match error.class() {
            Class::Transient { retry_after } => BACK_OFF.wait(failed, retry_after),
            Class::Network | Class::SignedOut => BACK_OFF.wait(failed, None),
            Class::Permanent => {
                let reason = format!("The project refused to be read: {error}");
                core.state.input(Input::NotRead { reason }, core.now());
                let back_off = BackOff {
                    first: core.pace.refused_changes,
                    longest: LONGEST_REFUSED,
                };
                back_off.wait(refusals, None)
            }
        };
        due = due.max(Instant::now() + wait);
        tracing::warn!(%error, ?wait, "the catch-up did not finish");
        core.sync.catch_up();
    }
}

/// Holds live changes, reads what was missed, lets the changes through.
async fn catch_up_once(core: &Core, settled: &mut Settled) -> Result<(), catch_up::Error> {
    let (began, started) = (server_now(core), Instant::now());
    core.state.input(Input::CatchUpBegan, core.now());
    core.catch_ups.send_modify(|began| *began += 1);
    core.ingest.hold().await;
    let result = catch_up::run(core).await;
    let dropped = core.ingest.release().await;
    if !core.hears() {
        // It broke off meanwhile: what was read last is where something may be missing.
        core.cache.live_stopped().await?;
    } else if dropped > 0 {
        missing(core, dropped);
    } else if let Ok(outcome) = &result {
        settled.complete(began);
        dealt_with(core, started).await;
        core.state.input(Input::CaughtUp, core.now());
        core.outbox.notify_one();
        core.presence_row.notify_one();
        core.background.caught_up(outcome.due);
    }
    result.map(drop)
}

/// Reads what changes should have told, or what nothing tells while they do not flow; the state
/// of the connection stays as it is. Whether the project let itself be read.
async fn check(core: &Core, settled: &mut Settled) -> bool {
    let (began, started, heard) = (server_now(core), Instant::now(), core.hears());
    core.ingest.hold().await;
    let result = catch_up::run(core).await;
    let dropped = core.ingest.release().await;
    let heard = heard && core.hears();
    if heard && dropped > 0 {
        settled.interrupted();
        missing(core, dropped);
        return result.is_ok();
    }
    if !heard {
        settled.interrupted();
        if let Err(error) = core.cache.live_stopped().await {
            tracing::error!(%error, "the end of the live range could not be kept");
        }
    }
    let found = match result {
        Ok(outcome) => outcome.new,
        Err(error) => {
            tracing::info!(%error, "looking for what was not told did not finish");
            return false;
        }
    };
    // The answers have told the server's time.
    let missed = settled.untold(&found, server_now(core).minus(started.elapsed()));
    if heard {
        settled.complete(began);
        core.background.look_again();
    }
    if !missed.is_empty() {
        doubt::missed(core, live::CHAT, missed.len());
        let front = notices::in_front(core).await;
        if let Some(front) = &front {
            notices::seen(core, &missed, front).await;
        }
        core.sync.arrived(Arrived { ids: missed, front });
    }
    dealt_with(core, started).await;
    true
}

/// So many changes were told and are not here: until the catch-up that was asked for has read them
/// the connection is not live.
fn missing(core: &Core, changes: usize) {
    let total = u32::try_from(changes).unwrap_or(u32::MAX);
    core.state
        .input(Input::CatchUp { done: 0, total }, core.now());
}

/// How far this computer's clock is behind the server's, in microseconds. The server tells whole
/// seconds (RFC 9110, section 5.6.7) and its answer took a moment: up to that far they are one, and
/// beyond it nothing that was there before counts as written since.
const fn behind(skew_ms: i64) -> i64 {
    const GRAIN: i64 = 1_000;
    if skew_ms.saturating_abs() <= 2 * GRAIN {
        0
    } else {
        skew_ms.saturating_add(GRAIN).saturating_mul(1_000)
    }
}

/// What was written before a complete reading is here or in a gap: what comes of it later is no
/// news. What the reading found new is told.
async fn dealt_with(core: &Core, started: Instant) {
    // The answers have told the server's time; what is on its way may come yet.
    let began = server_now(core).minus(started.elapsed());
    if let Some(skew) = core.skew_ms()
        && let Err(error) = core.cache.set_clock(behind(skew)).await
    {
        tracing::warn!(%error, "messages may count as unread by a wrong clock");
    }
    if let Err(error) = core.cache.set_told_to(began.minus(COMING)).await {
        tracing::warn!(%error, "what was fetched may be told as if it were new");
    }
    notices::caught_up(core).await;
}
