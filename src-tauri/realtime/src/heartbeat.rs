//! Proof of life of one socket. A new socket gets a new one.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    next: Instant,
    /// When the last one was sent.
    last: Option<Instant>,
    pending: Option<Pending>,
    last_inbound: Instant,
    latency: Option<Duration>,
}

#[derive(Debug)]
struct Pending {
    reference: String,
    sent: Instant,
    /// When the silence became suspicious: a later heartbeat does not move it.
    since: Instant,
    timeout: Duration,
}

impl Heartbeat {
    /// The first one is due at once, which tells the latency early.
    pub(crate) fn new(now: Instant, interval: Duration) -> Self {
        Self {
            interval,
            next: now,
            last: None,
            pending: None,
            last_inbound: now,
            latency: None,
        }
    }

    /// When to send the next one, whatever else is sent or received.
    pub(crate) fn due(&self) -> Instant {
        self.next
    }

    /// When the socket is dead unless something arrives; `slack` is added to the deadline.
    pub(crate) fn dead_at(&self, slack: Duration) -> Option<Instant> {
        let pending = self.pending.as_ref()?;
        Some(pending.since.max(self.last_inbound) + pending.timeout + slack)
    }

    pub(crate) fn sent(&mut self, now: Instant, reference: String, timeout: Duration) {
        let earlier = self
            .pending
            .take()
            .filter(|it| it.since >= self.last_inbound);
        let (since, timeout) = match earlier {
            // Still nothing heard: whichever deadline ends first.
            Some(it) if it.since + it.timeout < now + timeout => (it.since, it.timeout),
            _ => (now, timeout),
        };
        self.pending = Some(Pending {
            reference,
            sent: now,
            since,
            timeout,
        });
        self.last = Some(now);
        self.next = now + self.interval;
    }

    /// Counted from the last one.
    pub(crate) fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
        self.next = self.last.map_or(self.next, |last| last + interval);
    }

    /// Any frame is proof of life.
    pub(crate) fn inbound(&mut self, now: Instant) {
        self.last_inbound = now;
    }

    /// The reply to a heartbeat; false if it is not to the pending one.
    pub(crate) fn answered(&mut self, now: Instant, reference: &str) -> bool {
        match self
            .pending
            .take_if(|pending| pending.reference == reference)
        {
            Some(pending) => {
                self.latency = Some(now.saturating_duration_since(pending.sent));
                true
            }
            None => false,
        }
    }

    pub(crate) fn latency(&self) -> Option<Duration> {
        self.latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_again_does_not_postpone_the_end() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut heartbeat = Heartbeat::new(start, 25 * second);
        heartbeat.sent(start, "1".into(), 10 * second);
        for at in 1..9 {
            heartbeat.sent(start + at * second, at.to_string(), 4 * second);
            let end = start + (at + 4).min(5) * second;
            assert_eq!(heartbeat.dead_at(Duration::ZERO), Some(end));
        }
        heartbeat.inbound(start + 9 * second);
        heartbeat.sent(start + 9 * second, "9".into(), 4 * second);
        assert_eq!(heartbeat.dead_at(Duration::ZERO), Some(start + 13 * second));
    }

    #[test]
    fn traffic_keeps_the_socket_alive_but_not_the_schedule() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut heartbeat = Heartbeat::new(start, 25 * second);
        heartbeat.sent(start, "1".into(), 10 * second);
        assert_eq!(heartbeat.dead_at(Duration::ZERO), Some(start + 10 * second));
        heartbeat.inbound(start + 9 * second);
        assert_eq!(heartbeat.dead_at(Duration::ZERO), Some(start + 19 * second));
        assert_eq!(heartbeat.due(), start + 25 * second);
        assert!(!heartbeat.answered(start + 9 * second, "0"));
        assert!(heartbeat.answered(start + 10 * second, "1"));
        assert_eq!(heartbeat.latency(), Some(10 * second));
        assert_eq!(heartbeat.dead_at(Duration::ZERO), None);
    }
}
