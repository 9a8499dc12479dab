//! Gives memory back once much was read and nothing is any more.

use std::sync::Arc;
use std::time::Duration;

use super::Core;

/// Without a read for so long.
const QUIET: Duration = Duration::from_secs(10);

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    loop {
        if let Err(error) = core.cache.rest(QUIET).await {
            tracing::debug!(%error, "the cache keeps its memory");
            return;
        }
        // It may take a while.
        let _ = tokio::task::spawn_blocking(tidings_memory::give_back).await;
    }
}
