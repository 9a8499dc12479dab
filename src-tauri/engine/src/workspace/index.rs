//! Brings the search index up to what is cached, in small batches, in the background. While many
//! changes come it waits: they are not held up, and the newest messages are found without it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tidings_cache::Committed;
use tokio::sync::broadcast;

use super::Core;

/// Messages in one transaction.
const BATCH: usize = 200;
/// Messages that changed since the last look; with more the index waits for so long.
const MANY: usize = 200;
const PAUSE: Duration = Duration::from_millis(100);

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
        if matches!(
            commits.recv().await,
            Err(broadcast::error::RecvError::Closed)
        ) {
            return;
        }
    }
}

/// Whether many messages changed since this was asked last.
fn many_changed(commits: &mut broadcast::Receiver<Committed>) -> bool {
    let mut changed = 0;
    loop {
        match commits.try_recv() {
            Ok(committed) => {
                let messages = committed.changes.messages.values();
                changed += messages.map(BTreeSet::len).sum::<usize>();
            }
            Err(broadcast::error::TryRecvError::Lagged(_)) => return true,
            Err(_) => return changed > MANY,
        }
    }
}
