//! Takes live changes into the cache, in batches; holds them while a catch-up runs.

use std::sync::Arc;

use tidings_cache::{Incoming, IngestReport};
use tokio::sync::{mpsc, oneshot};

use super::Core;
use super::notices::{self, Arrived};

/// Facts in one transaction.
const BATCH: usize = 512;
/// Facts that wait between the socket and the cache; more, and the socket's reader waits.
const QUEUE: usize = 4096;

/// The way into the ingest task.
pub(super) struct Door(mpsc::Sender<Step>);

/// What the ingest task is told, in order.
pub(super) enum Step {
    Fact(Box<Incoming>),
    Hold,
    Release(oneshot::Sender<usize>),
}

/// A door and what comes through it.
pub(super) fn door() -> (Door, mpsc::Receiver<Step>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Door(sender), receiver)
}

impl Door {
    /// Hands a fact over; waits while the cache is behind.
    pub async fn fact(&self, fact: Incoming) {
        // The receiver is gone only when the workspace closes.
        let _ = self.0.send(Step::Fact(Box::new(fact))).await;
    }

    /// Holds what comes from now on.
    pub async fn hold(&self) {
        let _ = self.0.send(Step::Hold).await;
    }

    /// Lets what was held through, and returns when it is in the cache. Returns how many facts
    /// found no room meanwhile, or could not be kept: another catch-up has been asked for, which
    /// reads what they told.
    pub async fn release(&self) -> usize {
        let (done, applied) = oneshot::channel();
        if self.0.send(Step::Release(done)).await.is_err() {
            return 0;
        }
        applied.await.unwrap_or(0)
    }
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>, mut steps: mpsc::Receiver<Step>) {
    let (mut holding, mut dropped) = (false, 0);
    let mut facts: Vec<Incoming> = Vec::new();
    let mut received = Vec::with_capacity(BATCH);
    while steps.recv_many(&mut received, BATCH).await > 0 {
        for step in received.drain(..) {
            match step {
                Step::Fact(fact) => facts.push(*fact),
                Step::Hold => {
                    apply(&core, &mut facts).await;
                    (holding, dropped) = (true, 0);
                }
                Step::Release(done) => {
                    holding = false;
                    if dropped > 0 {
                        stop_at(&core).await;
                    }
                    dropped += apply(&core, &mut facts).await;
                    let _ = done.send(dropped);
                }
            }
        }
        if !holding {
            apply(&core, &mut facts).await;
        } else if dropped > 0 || facts.len() > core.pace.held {
            if dropped == 0 {
                tracing::warn!("too many changes during a catch-up: reading again");
                core.sync.catch_up();
            }
            dropped += facts.len();
            facts.clear();
        }
    }
}

/// What comes after what was dropped does not join what was known before it.
async fn stop_at(core: &Core) {
    if let Err(error) = core.cache.live_stopped().await {
        tracing::error!(%error, "the end of the live range could not be kept");
    }
}

/// Takes facts in. Returns how many could not be kept.
async fn apply(core: &Core, facts: &mut Vec<Incoming>) -> usize {
    let mut lost = 0;
    while !facts.is_empty() {
        let batch: Vec<Incoming> = facts.drain(..facts.len().min(BATCH)).collect();
        let (count, front) = (batch.len(), notices::in_front(core).await);
        match core.cache.ingest_looking_at(batch, front.clone()).await {
            Ok(report) => {
                core.sync.arrived(Arrived {
                    ids: report.new_messages.clone(),
                    front,
                });
                applied(core, report);
            }
            Err(error) => {
                tracing::error!(%error, "changes were not kept: reading again later");
                lost += count;
                stop_at(core).await;
                core.sync.catch_up();
            }
        }
    }
    lost
}

/// Sees to what a report asks for.
pub(super) fn applied(core: &Core, report: IngestReport) {
    let mut reread = report.reread;
    for session in report.joined {
        // Nothing of it is known, or nothing of late.
        reread.sessions.insert(session.clone());
        reread.members.insert(session.clone());
        core.sync.joined(session);
    }
    core.sync.reread(reread);
}
