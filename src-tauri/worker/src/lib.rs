//! Blocking work on one thing (a database connection, say): one job at a time, in the order in
//! which they were handed over, on the runtime's threads for blocking work.
//!
//! Such a thread is taken while there are jobs and given back after the last. A thread of its own
//! would be as fast, but the runtime would not know that something is under way: a test on a
//! paused clock would see time jump while a commit is being written.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

/// The worker was closed, or a job of it panicked: nothing is done any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is closed")]
pub struct Closed;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Does jobs on an `S`, one at a time and in order. Clones share it; the `S` is dropped, beside
/// the runtime, with the last of them.
pub struct Worker<S: Send + 'static>(Arc<Inner<S>>);

impl<S: Send + 'static> Clone for Worker<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<S: Send + 'static> {
    /// Places in the line: callers wait for one, in order.
    places: Semaphore,
    line: Mutex<Line<S>>,
}

/// What waits, and who works.
struct Line<S> {
    jobs: VecDeque<Job<S>>,
    turn: Turn<S>,
    /// Told once the `S` is gone.
    closing: Vec<oneshot::Sender<()>>,
}

/// It goes `Idle` ⇄ `Working`, and ends as `Closed`.
enum Turn<S> {
    /// Nothing to do.
    Idle(S),
    /// A thread has the `S` and takes job after job.
    Working,
    /// The same; the jobs in the line are the last.
    Closing,
    /// The `S` is gone.
    Closed,
}

impl<S: Send + 'static> Worker<S> {
    /// A worker in whose line so many jobs have a place.
    pub fn new(state: S, places: usize) -> Self {
        Self(Arc::new(Inner {
            places: Semaphore::new(places),
            line: Mutex::new(Line {
                jobs: VecDeque::new(),
                turn: Turn::Idle(state),
                closing: Vec::new(),
            }),
        }))
    }

    /// Does `job` after all that were handed over before; waits for a place while the line is
    /// full. Once it has its place the job is done also if the caller goes away.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (reply, answer) = oneshot::channel();
        let job = move |state: &mut S| {
            // Whoever asked may have gone away.
            let _ = reply.send(job(state));
        };
        let place = self.0.places.acquire().await.map_err(|_| Closed)?;
        place.forget();
        self.0.hand_over(Box::new(job))?;
        answer.await.map_err(|_| Closed)
    }

    /// Whether nothing is being done, nor waits.
    pub fn is_idle(&self) -> bool {
        matches!(self.0.line().turn, Turn::Idle(_))
    }

    /// Does what is in the line, drops the `S`, and returns. Later jobs are refused.
    pub async fn close(&self) {
        self.end(|_| {}).await;
    }

    /// Ends as a crash would: the job under way is finished, what waits behind it is not done.
    pub async fn abandon(&self) {
        self.end(VecDeque::clear).await;
    }

    async fn end(&self, treat: impl FnOnce(&mut VecDeque<Job<S>>)) {
        self.0.places.close();
        let (gone, told) = oneshot::channel();
        let idle = {
            let mut line = self.0.line();
            treat(&mut line.jobs);
            match std::mem::replace(&mut line.turn, Turn::Closing) {
                Turn::Idle(state) => {
                    line.closing.push(gone);
                    Some(state)
                }
                Turn::Working | Turn::Closing => {
                    line.closing.push(gone);
                    None
                }
                Turn::Closed => {
                    line.turn = Turn::Closed;
                    drop(gone);
                    None
                }
            }
        };
        if let Some(state) = idle {
            self.0.start(state);
        }
        // Gone already, or told of it: both are the end.
        let _ = told.await;
    }
}

impl<S: Send + 'static> Inner<S> {
    fn line(&self) -> MutexGuard<'_, Line<S>> {
        // Every change of it is whole before anything can panic.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_over(self: &Arc<Self>, job: Job<S>) -> Result<(), Closed> {
        let idle = {
            let mut line = self.line();
            match std::mem::replace(&mut line.turn, Turn::Working) {
                Turn::Idle(state) => {
                    line.jobs.push_back(job);
                    Some(state)
                }
                Turn::Working => {
                    line.jobs.push_back(job);
                    None
                }
                ended => {
                    line.turn = ended;
                    return Err(Closed);
                }
            }
        };
        if let Some(state) = idle {
            self.start(state);
        }
        Ok(())
    }

    /// Works until the line is empty, on a thread for blocking work.
    fn start(self: &Arc<Self>, state: S) {
        let work = Work {
            inner: Arc::clone(self),
            state: Some(state),
        };
        match Handle::try_current() {
            // Refused while the runtime shuts down: `work` is dropped, which closes the line.
            Ok(runtime) => drop(runtime.spawn_blocking(move || work.run())),
            Err(_) => work.run(),
        }
    }
}

impl<S: Send + 'static> Drop for Inner<S> {
    fn drop(&mut self) {
        let line = self.line.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Turn::Idle(state) = std::mem::replace(&mut line.turn, Turn::Closed) {
            aside(state);
        }
    }
}

/// Closing a database writes to the disk: not on a thread of the runtime.
fn aside<S: Send + 'static>(state: S) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(state))),
        Err(_) => drop(state),
    }
}

/// A turn at the line. However it ends, the line is left in order.
struct Work<S: Send + 'static> {
    inner: Arc<Inner<S>>,
    /// There until the turn ends.
    state: Option<S>,
}

impl<S: Send + 'static> Work<S> {
    fn run(mut self) {
        while let Some(job) = self.next() {
            if let Some(state) = &mut self.state {
                job(state);
            }
            self.inner.places.add_permits(1);
        }
    }

    /// The next job; without one the turn is over, and the state given back or dropped.
    fn next(&mut self) -> Option<Job<S>> {
        let mut line = self.inner.line();
        if let Some(job) = line.jobs.pop_front() {
            return Some(job);
        }
        if matches!(line.turn, Turn::Working)
            && let Some(state) = self.state.take()
        {
            line.turn = Turn::Idle(state);
        }
        None
    }
}

impl<S: Send + 'static> Drop for Work<S> {
    /// With the state still here the end was asked for, or a job panicked.
    fn drop(&mut self) {
        let Some(state) = self.state.take() else {
            return;
        };
        self.inner.places.close();
        let jobs = {
            let mut line = self.inner.line();
            if matches!(line.turn, Turn::Working) {
                tracing::warn!("a worker ended before its work was done");
                line.turn = Turn::Closing;
            }
            std::mem::take(&mut line.jobs)
        };
        // Whoever waits for them is told.
        drop(jobs);
        drop(state);
        let closing = {
            let mut line = self.inner.line();
            line.turn = Turn::Closed;
            std::mem::take(&mut line.closing)
        };
        for told in closing {
            // Whoever asked may have given up.
            let _ = told.send(());
        }
    }
}

#[cfg(test)]
mod tests;
