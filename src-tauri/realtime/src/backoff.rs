//! Full-jitter waits.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::config::{BackoffConfig, SlowRetry};

/// Randomness of the waits; the same seed gives the same waits.
#[derive(Debug)]
pub(crate) struct Jitter(StdRng);

impl Jitter {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(StdRng::seed_from_u64(seed.unwrap_or_else(rand::random)))
    }

    /// Somewhere in `low..=high`.
    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let (low, high) = (micros(low), micros(high));
        Duration::from_micros(self.0.random_range(low..=high.max(low)))
    }
}

/// Counts the attempts since the last health.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The wait before the next attempt.
    pub(crate) fn next(&mut self, config: &BackoffConfig, jitter: &mut Jitter) -> Duration {
        let factor = 2_u32.saturating_pow(self.attempts.min(30));
        self.attempts = self.attempts.saturating_add(1);
        let bound = config.base.saturating_mul(factor).min(config.cap);
        jitter.between(Duration::ZERO, bound)
    }

    /// The wait before the next attempt at a slow pace.
    pub(crate) fn next_slow(&mut self, slow: &SlowRetry, jitter: &mut Jitter) -> Duration {
        let factor = 2_u32.saturating_pow(self.attempts.saturating_add(2).min(30));
        let bound = slow.floor.saturating_mul(factor).min(slow.cap);
        self.next_between(slow.floor, bound, jitter)
    }

    /// As [`Backoff::next`], where the wait has other bounds.
    pub(crate) fn next_between(
        &mut self,
        low: Duration,
        high: Duration,
        jitter: &mut Jitter,
    ) -> Duration {
        self.attempts = self.attempts.saturating_add(1);
        jitter.between(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_under_a_doubling_bound_and_the_cap() {
        let config = BackoffConfig::default();
        for seed in 0..200 {
            let mut jitter = Jitter::new(Some(seed));
            let mut backoff = Backoff::default();
            let mut bound = config.base;
            for _ in 0..40 {
                assert!(backoff.next(&config, &mut jitter) <= bound.min(config.cap));
                bound = bound.saturating_mul(2);
            }
            assert_eq!(backoff.attempts(), 40);
            backoff.reset();
            assert!(backoff.next(&config, &mut jitter) <= config.base);
        }
    }

    #[test]
    fn waits_are_spread() {
        let config = BackoffConfig::default();
        let first = |seed| Backoff::default().next(&config, &mut Jitter::new(Some(seed)));
        let late = (0..1000)
            .filter(|seed| first(*seed) > config.base / 2)
            .count();
        assert!(
            (400..600).contains(&late),
            "{late} of 1000 in the upper half"
        );
    }
}
