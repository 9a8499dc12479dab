//! Brings the search index up to what is cached, in small batches, in the background. It waits
//! until nothing changes for a moment: to index many messages at once costs little more than to
//! index one, and the newest are found without it. While many changes come they are not held up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tidings_cache::Committed;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout_at};

use super::Core;

/// Messages in one transaction.
pub(super) const BATCH: usize = 200;
/// Messages that changed since the last look; with more the index waits for so long.
const MANY: usize = 200;
const PAUSE: Duration = Duration::from_millis(100);
/// Without a change for so long the index is written, or this long after the first one.
const QUIET: Duration = Duration::from_millis(250);
const LATEST: Duration = Duration::from_secs(2);

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut commits = core.cache.subscribe();
    loop {
        if many_changed(&mut commits) {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        match core.cache.index_some(BATCH).await {
            Ok(0) => {}
            Ok(_) => {
                tokio::task::yield_now().await;
                continue;
            }
            Err(error) => tracing::warn!(%error, "the search index was not brought up to date"),
        }
        if !changed(&mut commits).await {
            return;
        }
    }
}

/// Waits until messages have changed and none does for a moment. False when the workspace closes.
async fn changed(commits: &mut broadcast::Receiver<Committed>) -> bool {
    let mut changed = 0;
    while changed == 0 {
        match messages(commits.recv().await) {
            Some(count) => changed = count,
            None => return false,
        }
    }
    let latest = Instant::now() + LATEST;
    let mut until = Instant::now() + QUIET;
    while changed < BATCH {
        match timeout_at(until.min(latest), commits.recv()).await {
            Ok(received) => match messages(received) {
                Some(0) => {}
                Some(count) => {
                    changed += count;
                    until = Instant::now() + QUIET;
                }
                None => return false,
            },
            Err(_) => break,
        }
    }
    true
}

/// How many messages a commit changed; none is known when the workspace closes.
fn messages(received: Result<Committed, broadcast::error::RecvError>) -> Option<usize> {
    match received {
        Ok(committed) => Some(count(&committed)),
        Err(broadcast::error::RecvError::Lagged(_)) => Some(BATCH),
        Err(broadcast::error::RecvError::Closed) => None,
    }
}

fn count(committed: &Committed) -> usize {
    let messages = committed.changes.messages.values();
    messages.map(BTreeSet::len).sum()
}

/// Whether many messages changed since this was asked last.
fn many_changed(commits: &mut broadcast::Receiver<Committed>) -> bool {
    let mut changed = 0;
    loop {
        match commits.try_recv() {
            Ok(committed) => changed += count(&committed),
            Err(broadcast::error::TryRecvError::Lagged(_)) => return true,
            Err(_) => return changed > MANY,
        }
    }
}
