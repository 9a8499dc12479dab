//! How fast this client speaks: a token bucket, and what waits for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::channel::Answer;
use crate::frame::Wire;

/// What becomes of a broadcast that has to wait while a later one of the same event comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Each is sent, in order.
    Each,
    /// It tells a state: the newest takes the place of one that was not sent yet.
    Newest,
}

/// Lets a second's worth go at once, and then one after the other.
///
/// It counts in time: each call moves the moment at which the bucket is full again.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Time that one call costs.
    interval: Duration,
    /// Calls that may go at once.
    burst: u32,
    /// When it is full again; `None`: it was never used.
    full_at: Option<Instant>,
}

impl Bucket {
    /// A full bucket; a rate of 0 counts as 1.
    pub(crate) fn new(per_second: u32) -> Self {
        let burst = per_second.max(1);
        // Rounded up, so that the rate is never exceeded.
        let nanos = 1_000_000_000_u32.div_ceil(burst);
        Self {
            interval: Duration::from_nanos(nanos.into()),
            burst,
            full_at: None,
        }
    }

    /// From now on at another rate. What was spent stays spent, up to an empty bucket.
    pub(crate) fn set_rate(&mut self, per_second: u32, now: Instant) {
        let full_at = self.full_at;
        *self = Self::new(per_second);
        let empty = now + self.interval * self.burst;
        self.full_at = full_at.map(|at| at.min(empty));
    }

    /// When the next call may be made; not before `now`.
    pub(crate) fn ready(&self, now: Instant) -> Instant {
        let ahead = self.interval * (self.burst - 1);
        self.full_at
            .and_then(|at| at.checked_sub(ahead))
            .map_or(now, |at| at.max(now))
    }

    /// Takes the token of a call, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        if self.ready(now) > now {
            return false;
        }
        let from = self.full_at.map_or(now, |at| at.max(now));
        self.full_at = Some(from + self.interval);
        true
    }
}

/// A broadcast that is written and waits for a token.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) topic: String,
    pub(crate) event: String,
    pub(crate) keep: Keep,
    pub(crate) reference: String,
    pub(crate) wire: Wire,
    pub(crate) answer: Option<Answer>,
}

/// The bucket, and the broadcasts that wait for it in their order. Presence waits in its channel.
#[derive(Debug)]
pub(crate) struct Pace {
    pub(crate) bucket: Bucket,
    waiting: VecDeque<Waiting>,
}

impl Pace {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            bucket: Bucket::new(per_second),
            waiting: VecDeque::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// When the first that waits may go; `None` when nothing waits.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.waiting.is_empty()).then(|| self.bucket.ready(now))
    }

    /// Whether a broadcast would take the place of one that waits.
    pub(crate) fn replaces(&self, topic: &str, event: &str, keep: Keep) -> bool {
        self.place(topic, event, keep).is_some()
    }

    /// Puts a broadcast where it belongs: true when it took the place of an older one.
    pub(crate) fn put(&mut self, new: Waiting) -> bool {
        if let Some(place) = self.place(&new.topic, &new.event, new.keep) {
            self.waiting[place] = new;
            return true;
        }
        self.waiting.push_back(new);
        false
    }

    /// The next that may go now, with its token taken.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Waiting> {
        if self.waiting.is_empty() || !self.bucket.take(now) {
            return None;
        }
        self.waiting.pop_front()
    }

    /// Takes out what waits for a channel that ended.
    pub(crate) fn abandon(&mut self, topic: &str) -> VecDeque<Waiting> {
        let (gone, left) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| waiting.topic == topic);
        self.waiting = left;
        gone
    }

    fn place(&self, topic: &str, event: &str, keep: Keep) -> Option<usize> {
        if keep == Keep::Each {
            return None;
        }
        self.waiting.iter().position(|waiting| {
            waiting.keep == Keep::Newest && waiting.topic == topic && waiting.event == event
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_goes_at_once_and_then_one_by_one() {
        let start = Instant::now();
        let mut bucket = Bucket::new(4);
        for _ in 0..4 {
            assert!(bucket.take(start));
        }
        assert!(!bucket.take(start));
        assert_eq!(bucket.ready(start), start + Duration::from_millis(250));
        assert!(bucket.take(start + Duration::from_millis(250)));
        assert!(!bucket.take(start + Duration::from_millis(499)));
        // Rest fills it, and not beyond.
        let later = start + Duration::from_mins(1);
        assert_eq!((0..9).filter(|_| bucket.take(later)).count(), 4);
    }

    #[test]
    fn another_rate_counts_at_once() {
        let start = Instant::now();
        let mut bucket = Bucket::new(1);
        assert!(bucket.take(start));
        bucket.set_rate(100, start);
        assert!(bucket.ready(start) <= start + Duration::from_millis(10));
        bucket.set_rate(1, start);
        assert!(bucket.ready(start) <= start + Duration::from_secs(1));
    }
}
