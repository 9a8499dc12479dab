//! Sends what waits, once each, in order within a session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tidings_cache::{CacheError, OutboxItem};
use tidings_model::SessionId;

use super::Core;
use super::send::{self, Sent};

/// Sessions that are sent from at the same time.
const SENDERS: usize = 4;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_mins(1);

/// How sending from a session ended.
enum Drained {
    /// Nothing is left that can be sent.
    Empty,
    /// The server cannot take it now.
    Later(Duration),
    /// There is no connection, or nobody is signed in: wait for a change of that.
    Paused,
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut connection = core.state.watch();
    let mut retry = FIRST_RETRY;
    loop {
        let mut again = None;
        if core.state.is_up() {
            match drain(&core).await {
                Ok(Drained::Empty | Drained::Paused) => retry = FIRST_RETRY,
                Ok(Drained::Later(wait)) => {
                    again = Some(wait.max(retry));
                    retry = (retry * 2).min(LAST_RETRY);
                }
                Err(error) => {
                    tracing::error!(%error, "the outbox could not be read");
                    again = Some(LAST_RETRY);
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
            () = core.outbox.notified() => {}
            _ = connection.changed() => {}
            () = wait => {}
        }
    }
}

async fn drain(core: &Core) -> Result<Drained, CacheError> {
    let mut outcome = Drained::Empty;
    let mut sessions = core.cache.sessions_with_work().await?.into_iter();
    let mut senders = FuturesUnordered::new();
    loop {
        while senders.len() < SENDERS && matches!(outcome, Drained::Empty) {
            let Some(session) = sessions.next() else {
                break;
            };
            senders.push(drain_session(core, session));
        }
        match senders.next().await {
            None => return Ok(outcome),
            Some(Ok(Drained::Empty)) => {}
            Some(Ok(stopped)) => outcome = stopped,
            Some(Err(error)) => return Err(error),
        }
    }
}

async fn drain_session(core: &Core, session: SessionId) -> Result<Drained, CacheError> {
    while let Some(item) = core.cache.next_for(session.clone()).await? {
        match send_one(core, item).await? {
            Sent::Delivered | Sent::Refused => {}
            Sent::Later(wait) => return Ok(Drained::Later(wait)),
            Sent::Paused => return Ok(Drained::Paused),
        }
    }
    Ok(Drained::Empty)
}

async fn send_one(core: &Core, item: OutboxItem) -> Result<Sent, CacheError> {
    core.cache.mark_sending(item.id).await?;
    send::send(core, &item).await
}
