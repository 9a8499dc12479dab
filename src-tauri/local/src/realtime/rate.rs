//! Counting what happens within a second, or within any other time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Counts events of whole seconds.
#[derive(Debug, Default)]
pub(super) struct PerSecond {
    since: Option<Instant>,
    count: usize,
    most: usize,
}

impl PerSecond {
    /// Counts one event; false when `limit` events of this second were counted before.
    pub fn allow(&mut self, limit: Option<usize>) -> bool {
        let now = Instant::now();
        if self
            .since
            .is_none_or(|since| now.duration_since(since) >= Duration::from_secs(1))
        {
            self.since = Some(now);
            self.count = 0;
        }
        self.count += 1;
        self.most = self.most.max(self.count);
        limit.is_none_or(|limit| self.count <= limit)
    }

    /// The most events that one second had, those over the limit included.
    pub fn most(&self) -> usize {
        self.most
    }
}

/// Remembers the times of the last events.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Instant>);

impl Window {
    /// Counts one event; false when it is one too many within the window.
    pub fn allow(&mut self, limit: Option<(usize, Duration)>) -> bool {
        let Some((count, window)) = limit else {
            return true;
        };
        let now = Instant::now();
        while self
            .0
            .front()
            .is_some_and(|at| now.duration_since(*at) >= window)
        {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() <= count
    }
}
