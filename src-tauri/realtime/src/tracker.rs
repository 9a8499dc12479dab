//! What this client tracks of itself: the newest wish, sent no faster than the server allows.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::frame::Json;

/// The server closes the channel at the sixth call within 30 s.
const CALLS: usize = 5;
/// One second more than the server's window, for the way there.
const WINDOW: Duration = Duration::from_secs(31);

#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// What should be tracked; `None`: nothing.
    desired: Option<Json>,
    /// What this incarnation of the channel was told last.
    sent: Option<Json>,
    calls: VecDeque<Instant>,
    /// No call before this.
    not_before: Option<Instant>,
}

/// The call to make now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Track(Json),
    Untrack,
}

impl Tracker {
    /// Only the newest wish counts; an older one that waits is forgotten. True when there was one.
    pub(crate) fn wish(&mut self, desired: Option<Json>) -> bool {
        let replaces = self.desired != self.sent && self.desired != desired;
        self.desired = desired;
        replaces
    }

    /// A new incarnation of the channel knows nothing. What the one before it was told, or was to
    /// be told again, is told again, from `again_from` on.
    pub(crate) fn reset(&mut self, again_from: Option<Instant>) {
        let again = self.sent.is_some() || self.not_before.is_some();
        self.not_before = again_from.filter(|_| again);
        self.sent = None;
    }

    /// When the next call may be made; `None` when there is none to make.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        if self.desired == self.sent {
            return None;
        }
        let oldest = self
            .calls
            .len()
            .checked_sub(CALLS)
            .and_then(|index| self.calls.get(index));
        let from = self.not_before.map_or(now, |at| at.max(now));
        Some(oldest.map_or(from, |call| (*call + WINDOW).max(from)))
    }

    /// Takes the call that is due.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Call> {
        if self.due(now)? > now {
            return None;
        }
        self.calls.push_back(now);
        if self.calls.len() > CALLS {
            self.calls.pop_front();
        }
        self.not_before = None;
        self.sent.clone_from(&self.desired);
        Some(self.desired.clone().map_or(Call::Untrack, Call::Track))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn json(number: u32) -> Json {
        Json::new(&number).unwrap()
    }

    #[test]
    fn the_sixth_call_waits_and_only_the_newest_goes() {
        let start = Instant::now();
        let mut tracker = Tracker::default();
        for number in 0..5 {
            tracker.wish(Some(json(number)));
            assert_eq!(tracker.take(start), Some(Call::Track(json(number))));
        }
        for number in 5..9 {
            tracker.wish(Some(json(number)));
            assert_eq!(tracker.take(start), None);
        }
        let due = tracker.due(start).unwrap();
        assert_eq!(due, start + WINDOW);
        assert_eq!(tracker.take(due), Some(Call::Track(json(8))));
        assert_eq!(tracker.due(due), None);
    }

    #[test]
    fn the_same_again_is_no_call_until_a_rejoin() {
        let now = Instant::now();
        let mut tracker = Tracker::default();
        assert_eq!(tracker.take(now), None);
        tracker.wish(Some(json(1)));
        assert_eq!(tracker.take(now), Some(Call::Track(json(1))));
        tracker.wish(Some(json(1)));
        assert_eq!(tracker.take(now), None);
        tracker.reset(None);
        assert_eq!(tracker.take(now), Some(Call::Track(json(1))));
        tracker.wish(None);
        assert_eq!(tracker.take(now), Some(Call::Untrack));
        tracker.reset(None);
        assert_eq!(tracker.take(now), None);
    }

    #[test]
    fn after_a_break_it_waits_to_say_again_what_it_said_before() {
        let now = Instant::now();
        let later = now + Duration::from_secs(7);
        let mut tracker = Tracker::default();
        tracker.wish(Some(json(1)));
        // Nothing was said yet: a channel that is joined for the first time.
        tracker.reset(Some(later));
        assert_eq!(tracker.take(now), Some(Call::Track(json(1))));
        tracker.reset(Some(later));
        tracker.wish(Some(json(2)));
        assert_eq!((tracker.take(now), tracker.due(now)), (None, Some(later)));
        // A second break before that.
        let much_later = later + Duration::from_secs(7);
        tracker.reset(Some(much_later));
        assert_eq!(tracker.due(now), Some(much_later));
        assert_eq!(tracker.take(much_later), Some(Call::Track(json(2))));
    }
}
