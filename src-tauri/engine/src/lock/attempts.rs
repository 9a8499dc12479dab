//! Wrong passphrases, and how long they make the next one wait.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_model::Timestamp;

/// So many are taken one after the other.
const FREE: u32 = 5;
/// The wait after the last of those; each further one doubles it.
const FIRST: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(10);

/// What of them is kept between two runs, so that starting anew does not help.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttemptsConfig {
    /// Wrong ones since the last right one.
    wrong: u32,
    /// Until when no other one is taken, in milliseconds.
    wait_until: Option<i64>,
}

/// Counts wrong passphrases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    wrong: u32,
    until: Option<Timestamp>,
}

impl Attempts {
    /// What an earlier run kept. A wait that ends later than any wait can was written under another
    /// clock: it is the longest one.
    pub fn kept(config: AttemptsConfig, now: Timestamp) -> Self {
        let until = config.wait_until.map(Timestamp::from_millis);
        Self {
            wrong: config.wrong,
            until: until.map(|until| until.min(now.plus(LONGEST))),
        }
    }

    /// What the next run must know.
    pub fn keep(self) -> AttemptsConfig {
        AttemptsConfig {
            wrong: self.wrong,
            wait_until: self.until.map(Timestamp::as_millis),
        }
    }

    /// Until when no passphrase is taken; none: it is taken now.
    pub fn wait(self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| now < *until)
    }

    /// One more, counted before it is looked at: ending the program meanwhile does not help.
    pub fn one_more(self, now: Timestamp) -> Self {
        let wrong = self.wrong.saturating_add(1);
        let until = wrong.checked_sub(FREE).map(|doublings| {
            let wait = FIRST.saturating_mul(1 << doublings.min(16));
            now.plus(wait.min(LONGEST))
        });
        Self { wrong, until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_are_free_then_each_doubles_the_wait_up_to_ten_minutes() {
        let now = Timestamp::from_millis(1_000);
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for _ in 0..11 {
            attempts = attempts.one_more(now);
            waits.push(attempts.wait(now).map_or(0, |end| end.since(now).as_secs()));
        }
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 600, 600]);
        let end = now.plus(LONGEST);
        assert_eq!(attempts.wait(end), None);
    }

    #[test]
    fn they_are_kept_and_a_clock_that_was_set_back_makes_nobody_wait_for_days() {
        let now = Timestamp::from_millis(86_400_000);
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            attempts = attempts.one_more(now);
        }
        assert_eq!(Attempts::kept(attempts.keep(), now), attempts);
        let day_before = Timestamp::from_millis(0);
        let there = Attempts::kept(attempts.keep(), day_before);
        assert_eq!(there.wait(day_before), Some(day_before.plus(LONGEST)));
    }
}
