//! Sends what waits, once each, in order within a session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tidings_cache::{CacheError, OutboxItem};
use tidings_contract::Connection;
use tidings_model::SessionId;
use tokio::sync::watch;

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
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut connection = core.state.watch();
    let mut retry = FIRST_RETRY;
    loop {
        let mut again = None;
        let up = core.state.is_up();
        if up {
            match drain(&core).await {
                Ok(Drained::Empty) => retry = FIRST_RETRY,
                Ok(Drained::Later(wait)) => {
                    again = Some(wait.max(retry));
                    retry = (retry * 2).min(LAST_RETRY);
                }
                Err(error) => {
                    tracing::error!(%error, "what became of a change could not be kept");
                    // Nothing is under way now. The server knows what it has by its id.
                    if let Err(error) = core.cache.reset_sending().await {
                        tracing::error!(%error, "the outbox could not be put in order");
                    }
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
            // A failed attempt changes the outbox, too: that must not cut its own wait short.
            () = core.outbox.notified(), if again.is_none() => {}
            () = comes_up(&core, &mut connection, up) => retry = FIRST_RETRY,
            () = wait => {}
        }
    }
}

/// Waits until there is a connection; if there is one, until there is another.
async fn comes_up(core: &Core, connection: &mut watch::Receiver<Connection>, mut up: bool) {
    loop {
        // The sender lives as long as the workspace.
        if connection.changed().await.is_err() {
            return std::future::pending().await;
        }
        let before = std::mem::replace(&mut up, core.state.is_up());
        if up && !before {
            return;
        }
    }
}

async fn drain(core: &Core) -> Result<Drained, CacheError> {
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
        match send_one(core, item).await? {
            Sent::Delivered | Sent::Refused => {}
            Sent::Later(wait) => return Ok(Drained::Later(wait)),
        }
    }
    Ok(Drained::Empty)
}

async fn send_one(core: &Core, item: OutboxItem) -> Result<Sent, CacheError> {
    match core.cache.mark_sending(item.id).await {
        Ok(()) => send::send(core, &item).await,
        // Taken back or changed since it was read: the next look shows what there is.
        Err(CacheError::NotFound(_)) => Ok(Sent::Refused),
        Err(error) => Err(error),
    }
}
