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
/// Facts held during a catch-up. Beyond it all are dropped, and another catch-up is asked for:
/// it reads what they would have told.
const HELD: usize = 20_000;

/// The way into the ingest task.
pub(super) struct Door(mpsc::Sender<Step>);

/// What the ingest task is told, in order.
pub(super) enum Step {
    Fact(Box<Incoming>),
    Hold,
    Release(oneshot::Sender<()>),
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

    /// Lets what was held through, and returns when it is in the cache.
    pub async fn release(&self) {
        let (done, applied) = oneshot::channel();
        if self.0.send(Step::Release(done)).await.is_ok() {
            let _ = applied.await;
        }
    }
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>, mut steps: mpsc::Receiver<Step>) {
    let mut holding = false;
    let mut facts: Vec<Incoming> = Vec::new();
    let mut received = Vec::with_capacity(BATCH);
    while steps.recv_many(&mut received, BATCH).await > 0 {
        for step in received.drain(..) {
            match step {
                Step::Fact(fact) => facts.push(*fact),
                Step::Hold => {
                    apply(&core, &mut facts).await;
                    holding = true;
                }
                Step::Release(done) => {
                    holding = false;
                    apply(&core, &mut facts).await;
                    let _ = done.send(());
                }
            }
        }
        if !holding {
            apply(&core, &mut facts).await;
        } else if facts.len() > HELD {
            tracing::warn!(
                held = facts.len(),
                "too many changes during a catch-up: reading again"
            );
            facts.clear();
            core.sync.catch_up();
        }
    }
}

async fn apply(core: &Core, facts: &mut Vec<Incoming>) {
    while !facts.is_empty() {
        let batch: Vec<Incoming> = facts.drain(..facts.len().min(BATCH)).collect();
        let front = notices::in_front(core).await;
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
                core.sync.catch_up();
            }
        }
    }
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
