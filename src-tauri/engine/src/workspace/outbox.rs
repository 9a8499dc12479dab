//! Sends what waits, once each, in order within a session.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tidings_cache::{CacheError, Op, OutboxId, OutboxItem};
use tidings_model::SessionId;
use tidings_supabase::BackOff;
use tokio::sync::broadcast::error::RecvError;

use super::Core;
use super::catch_up::server_now;
use super::send::{self, Sent};

/// Sessions that are sent from at the same time.
const SENDERS: usize = 4;
/// What was written longer ago waits for the user's word: what one meant to say two days ago may
/// be wrong today.
const HELD_AFTER: Duration = Duration::from_hours(48);
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_secs(2),
    longest: Duration::from_mins(1),
};

/// How sending from a session ended.
enum Drained {
    /// Nothing is left that can be sent.
    Empty,
    /// The server cannot take it now; maybe it asked for so much time.
    Later(Option<Duration>),
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut catch_ups = core.catch_ups.subscribe();
    let mut failed = 0_u32;
    loop {
        let mut again = None;
        // One that begins during an attempt ends the wait after it, too.
        catch_ups.mark_unchanged();
        if core.state.is_up() && knows_the_time(&core) {
            match drain(&core).await {
                Ok(Drained::Empty) => failed = 0,
                Ok(Drained::Later(asked)) => {
                    failed = failed.saturating_add(1);
                    again = Some(BACK_OFF.wait(failed, asked));
                }
                Err(error) => {
                    tracing::error!(%error, "what became of a change could not be kept");
                    // Nothing is under way now. The server knows what it has by its id.
                    if let Err(error) = core.cache.reset_sending().await {
                        tracing::error!(%error, "the outbox could not be put in order");
                    }
                    again = Some(BACK_OFF.longest);
                }
            }
        }
        let wait = async {
            match again {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A failed attempt changes the outbox, too: that must not cut its own wait short.
            () = core.outbox.notified(), if again.is_none() => {}
            _ = catch_ups.changed() => failed = 0,
            () = wait => {}
        }
    }
}

/// Whether the age of what waits can be told: by the server's clock, which nobody here can turn,
/// as it was told on this connection. A server that does not tell its time has been read from
/// once it is live.
fn knows_the_time(core: &Core) -> bool {
    core.clock_told.load(Ordering::SeqCst) == *core.catch_ups.borrow() || core.state.is_live()
}

/// The server told its time.
pub(super) fn clock_told(core: &Core) {
    let now = *core.catch_ups.borrow();
    if core.clock_told.swap(now, Ordering::SeqCst) != now {
        core.outbox.notify_one();
    }
}

async fn drain(core: &Core) -> Result<Drained, CacheError> {
    let held = core.cache.hold_old(server_now(core), HELD_AFTER).await?;
    if held > 0 {
        tracing::info!(held, "changes are old, and wait for a word");
    }
    let mut outcome = Ok(Drained::Empty);
    let mut sessions = core.cache.sessions_with_work().await?.into_iter();
    let mut senders = FuturesUnordered::new();
    loop {
        while senders.len() < SENDERS && matches!(outcome, Ok(Drained::Empty)) {
            let Some(session) = sessions.next() else {
                break;
            };
            senders.push(drain_session(core, session));
        }
        match senders.next().await {
            None => return outcome,
            Some(Ok(Drained::Empty)) => {}
            // The others finish what they are at: an answer that nobody reads is a change that
            // stays under way.
            Some(stopped) if outcome.is_ok() => outcome = stopped,
            Some(_) => {}
        }
    }
}

async fn drain_session(core: &Core, session: SessionId) -> Result<Drained, CacheError> {
    while let Some(item) = core.cache.next_for(session.clone()).await? {
        let writes = matches!(item.op, Op::InsertMessage(_) | Op::EditMessage { .. });
        let makes = matches!(item.op, Op::CreateSession(_));
        match send_one(core, item.id).await? {
            Sent::Delivered if writes => core.activity.used(session.clone()),
            // Refused until now: presence belongs to a session that the project has.
            Sent::Delivered if makes => core.presence_row.notify_one(),
            Sent::Delivered | Sent::Refused => {}
            Sent::Later(wait) => return Ok(Drained::Later(wait)),
        }
    }
    Ok(Drained::Empty)
}

async fn send_one(core: &Core, id: OutboxId) -> Result<Sent, CacheError> {
    match core.cache.mark_sending(id).await {
        Ok(item) => tokio::select! {
            sent = send::send(core, &item) => sent,
            () = told(core, &item) => {
                core.cache.mark_delivered(item.id, Vec::new()).await?;
                Ok(Sent::Delivered)
            }
        },
        // Taken back or changed since it was read: the next look shows what there is.
        Err(CacheError::NotFound(_)) => Ok(Sent::Refused),
        Err(error) => Err(error),
    }
}

/// Returns once the server has told of what is being written, live or in a catch-up: an answer
/// that is lost then holds up nothing. Only of what is new can it be told by the row alone.
async fn told(core: &Core, item: &OutboxItem) {
    let mut commits = core.cache.subscribe();
    loop {
        let there = match &item.op {
            Op::InsertMessage(message) => {
                let cached = core.cache.message(message.id).await;
                cached.is_ok_and(|cached| cached.is_some_and(|cached| cached.state.is_none()))
            }
            Op::CreateSession(session) => {
                let cached = core.cache.session(session.id.clone()).await;
                cached.is_ok_and(|cached| cached.is_some_and(|cached| !cached.unsent))
            }
            _ => false,
        };
        if there {
            return;
        }
        // Behind by some commits, it looks again.
        if matches!(commits.recv().await, Err(RecvError::Closed)) {
            return std::future::pending().await;
        }
    }
}
