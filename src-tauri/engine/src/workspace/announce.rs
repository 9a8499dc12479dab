//! Tells the windows what commits changed: rows for what is open, never before the commit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tidings_cache::{CacheError, Changes, OutboxItem, OutboxState, SessionSummary, Told};
use tidings_contract as api;
use tidings_model::{MessageId, SessionId};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;

use super::catch_up::server_now;
use super::members::{self, Names};
use super::{Core, market, people, rows};

/// One frame of a 60 Hz screen: what is told is told once in this time, and changes within it together.
const FRAME: Duration = Duration::from_millis(16);
/// After a while without, so many times go at once: what comes now and then does not wait for a
/// frame.
const BURST: u32 = 8;

/// A name that a message carries is news for this long after it was written.
const FRESH: Duration = Duration::from_mins(2);

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut commits = core.cache.subscribe();
    let mut frames = Frames::new(Instant::now());
    loop {
        let mut changes = match commits.recv().await {
            Ok(committed) => committed.changes,
            Err(RecvError::Lagged(_)) => {
                lagged(&core);
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let wait = frames.take(Instant::now());
        // A timer goes off a millisecond later at the soonest.
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        loop {
            match commits.try_recv() {
                Ok(committed) => changes.merge(committed.changes),
                Err(TryRecvError::Lagged(_)) => lagged(&core),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if let Err(error) = tell(&core, changes).await {
            tracing::error!(%error, "changes could not be told");
            core.emit(api::Event::Resync);
        }
    }
}

/// When the next telling is due.
struct Frames {
    /// When all tellings so far would be over, had each taken a frame.
    over: Instant,
}

impl Frames {
    const fn new(now: Instant) -> Self {
        Self { over: now }
    }

    /// Takes one; returns how long it has to wait.
    fn take(&mut self, now: Instant) -> Duration {
        let wait = self.over.saturating_duration_since(now + FRAME * BURST);
        self.over = self.over.max(now) + FRAME;
        wait
    }
}

/// Commits went by unseen: the windows read again, and something may wait to be sent.
fn lagged(core: &Core) {
    core.outbox.notify_one();
    core.emit(api::Event::Resync);
}

/// Tells each change of the connection.
pub(super) async fn connection(core: Arc<Core>) {
    let mut state = core.state.watch();
    loop {
        let connection = state.borrow_and_update().clone();
        core.emit(api::Event::Connection { connection });
        if state.changed().await.is_err() {
            return;
        }
    }
}

async fn tell(core: &Core, changes: Changes) -> Result<(), CacheError> {
    if changes.outbox {
        core.outbox.notify_one();
    }
    if changes.names {
        core.members.reread_names(&core.cache).await?;
        people::tell(core).await;
    }
    let sessions = touched(core, &changes).await?;
    let open = core.open.lock().await.as_ref().map(|open| open.id.clone());
    let ids = open.as_ref().and_then(|open| changes.messages.get(open));
    let ids = ids.cloned().unwrap_or_default();
    let reread = changes.names
        || open
            .as_ref()
            .is_some_and(|open| changes.ranges.contains(open));
    if changes.outbox || reread || !sessions.is_empty() || !ids.is_empty() {
        let sessions = sessions.into_iter().collect();
        let told = core.cache.told(sessions, ids.iter().copied().collect());
        let told = told.await?;
        if changes.outbox {
            core.emit(api::Event::Outbox {
                outbox: summary(&told.outbox),
            });
        }
        tell_sessions(core, &told.sessions).await;
        if let Some(open) = open.filter(|_| reread || !ids.is_empty()) {
            tell_messages(core, &open, &ids, &told, reread);
        }
    }
    if changes.watch_list {
        core.emit(api::Event::WatchList);
    }
    if changes.rules {
        core.tell_rules().await;
    }
    if !changes.quotes.is_empty() {
        market::note_quotes(core, changes.quotes);
    }
    if !changes.past_prices.is_empty() {
        market::note_past(core, changes.past_prices);
    }
    Ok(())
}

/// The sessions that have to be told anew.
async fn touched(core: &Core, changes: &Changes) -> Result<BTreeSet<SessionId>, CacheError> {
    let mut touched: BTreeSet<SessionId> = changes.sessions.clone();
    touched.extend(changes.messages.keys().cloned());
    touched.extend(changes.read_positions.iter().cloned());
    touched.extend(changes.drafts.iter().cloned());
    if changes.names {
        touched.extend(core.cache.shared_sessions().await?);
    }
    Ok(touched)
}

async fn tell_sessions(core: &Core, sessions: &[(SessionId, Option<SessionSummary>)]) {
    if sessions.is_empty() {
        return;
    }
    let viewer = core.viewer();
    let (mut there, mut removed) = (Vec::new(), Vec::new());
    for (id, summary) in sessions {
        if let Some(summary) = summary {
            people::stands(core, summary).await;
            there.push(viewer.session(summary));
        } else {
            people::left(core, id).await;
            removed.push(id.to_string());
        }
    }
    core.emit(api::Event::Sessions {
        changed: there,
        removed,
    });
}

fn tell_messages(
    core: &Core,
    session: &SessionId,
    ids: &BTreeSet<MessageId>,
    told: &Told,
    reread: bool,
) {
    let there = &told.messages;
    let viewer = core.viewer();
    let fresh = server_now(core).minus(FRESH);
    for message in there.iter().map(|cached| &cached.message) {
        let names = message
            .user_id
            .as_ref()
            .zip(Names::written(&message.metadata));
        if let Some((user, name)) = names.filter(|_| message.created_at > fresh) {
            members::heard(core, user, &name);
        }
    }
    let removed = ids
        .iter()
        .filter(|id| {
            !there
                .iter()
                .any(|m| m.message.id == **id && m.message.session_id == *session)
        })
        .map(ToString::to_string)
        .collect();
    let of_session = there
        .iter()
        .filter(|cached| cached.message.session_id == *session);
    let mut changed = viewer.messages(of_session, &told.outbox);
    changed.sort_by_key(|row| row.created_at);
    core.emit(api::Event::Messages {
        session: session.to_string(),
        changed,
        removed,
        reread,
    });
}

/// The newest own change that waits for a message.
pub(super) fn change_of(outbox: &[OutboxItem], id: MessageId) -> Option<&OutboxItem> {
    outbox
        .iter()
        .rev()
        .find(|item| rows::message_of(item) == Some(id))
}

/// The outbox in short.
pub(super) fn summary(outbox: &[OutboxItem]) -> api::OutboxSummary {
    let mut summary = api::OutboxSummary::default();
    for item in outbox {
        match item.state {
            OutboxState::Queued | OutboxState::Sending => summary.queued += 1,
            OutboxState::Held => summary.held += 1,
            OutboxState::Failed(_) => summary.failed += 1,
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_now_and_then_is_told_at_once_and_a_flood_once_a_frame() {
        let begin = Instant::now();
        let mut frames = Frames::new(begin);
        let at_once = (0..100)
            .take_while(|_| frames.take(begin).is_zero())
            .count();
        assert_eq!(at_once, BURST as usize + 1);
        // Whoever waits as told takes one a frame.
        let mut now = begin + FRAME;
        for _ in 0..10 {
            let wait = frames.take(now);
            assert_eq!(wait, FRAME);
            now += wait;
        }
        assert!(frames.take(now + FRAME * 20).is_zero());
    }
}
