//! How long to wait after failures: growing, spread, and as long as a server asks for.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::Instant;

use crate::{Class, Error};

/// The waits of something that is tried again until it succeeds.
#[derive(Debug, Clone, Copy)]
pub struct BackOff {
    /// The longest wait after the first failure.
    pub first: Duration,
    /// The longest wait after any.
    pub longest: Duration,
}

impl BackOff {
    /// The wait after so many failures in a row, the first being 1: somewhere in the upper half
    /// of a bound that doubles. `asked`: what the server asked for. It is waited out whatever
    /// the bound, and up to a quarter longer: many were given the same time.
    pub fn wait(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let bound = self.first.saturating_mul(1 << doublings).min(self.longest);
        let own = spread(bound / 2, bound);
        match asked {
            Some(asked) if asked > own => spread(asked, asked + asked / 4),
            _ => own,
        }
    }

    /// The wait after this failure, the last of so many in a row.
    pub fn after(&self, error: &Error, failures: u32) -> Duration {
        self.wait(failures, error.retry_after())
    }
}

fn spread(low: Duration, high: Duration) -> Duration {
    rand::rng().random_range(low..=high.max(low))
}

/// Keeps requests back after the server has asked for patience: until then they fail here, and
/// whoever waits is told how long.
#[derive(Debug)]
pub(crate) struct Hold {
    back_off: BackOff,
    refused: u32,
    until: Option<(Instant, Error)>,
}

impl Hold {
    /// Holds nothing back yet. A limit that names no time is waited out as `back_off` says.
    pub const fn new(back_off: BackOff) -> Self {
        Self {
            back_off,
            refused: 0,
            until: None,
        }
    }

    /// Fails while requests are kept back, with what the server said and the time that is left.
    pub fn check(&self) -> Result<(), Error> {
        match &self.until {
            Some((until, error)) if *until > Instant::now() => Err(error
                .clone()
                .with_retry_after(until.saturating_duration_since(Instant::now()))),
            _ => Ok(()),
        }
    }

    /// The server asked for patience. Comes back with the wait that it means; answers to
    /// requests that were on their way together count once.
    pub fn refused(&mut self, error: Error) -> Error {
        if self.check().is_ok() {
            self.refused = self.refused.saturating_add(1);
            let wait = self.back_off.after(&error, self.refused);
            self.until = Some((Instant::now() + wait, error.clone()));
        }
        self.check().err().unwrap_or(error)
    }

    /// The server answered.
    pub fn answered(&mut self) {
        // One that was on its way when the limit came says nothing of it.
        if self.check().is_ok() {
            self.refused = 0;
            self.until = None;
        }
    }
}

impl Error {
    /// What the server asked for, or its documented limit implies.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.class() {
            Class::Transient { retry_after } => retry_after,
            Class::Network | Class::Permanent | Class::SignedOut => None,
        }
    }

    fn with_retry_after(mut self, wait: Duration) -> Self {
        if let Self::Api(error) = &mut self {
            error.retry_after = Some(wait);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{ApiError, Service};

    const BACK_OFF: BackOff = BackOff {
        first: Duration::from_secs(2),
        longest: Duration::from_mins(1),
    };

    fn limit(retry_after: Option<Duration>) -> Error {
        Error::Api(ApiError {
            service: Service::Rest,
            status: 429,
            code: None,
            message: "Too many requests".to_owned(),
            details: None,
            hint: None,
            retry_after,
        })
    }

    #[test]
    fn waits_grow_to_a_bound_and_are_spread() {
        for (failures, bound) in [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (4_000, 60)] {
            let bound = Duration::from_secs(bound);
            let waits: Vec<_> = (0..200).map(|_| BACK_OFF.wait(failures, None)).collect();
            assert!(waits.iter().all(|wait| (bound / 2..=bound).contains(wait)));
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(
                most.saturating_sub(*least) > bound / 4,
                "{failures}: {least:?} to {most:?}"
            );
        }
    }

    #[test]
    fn what_a_server_asks_for_is_waited_out_and_not_by_all_at_once() {
        let asked = Duration::from_secs(40);
        for _ in 0..200 {
            let wait = BACK_OFF.wait(1, Some(asked));
            assert!((asked..=asked * 5 / 4).contains(&wait), "{wait:?}");
            // Less than what many failures in a row mean.
            assert!(BACK_OFF.wait(9, Some(Duration::from_secs(1))) >= Duration::from_secs(30));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_one_round_count_once_and_only_an_answer_after_them_ends_it() {
        let mut hold = Hold::new(BACK_OFF);
        let waits = |hold: &mut Hold| hold.refused(limit(None)).retry_after().unwrap();
        let mut bound = Duration::from_secs(2);
        for _ in 0..4 {
            let wait = waits(&mut hold);
            assert!((bound / 2..=bound).contains(&wait), "{wait:?} of {bound:?}");
            assert_eq!(waits(&mut hold), wait);
            hold.answered();
            tokio::time::advance(wait / 2).await;
            let left = hold.check().unwrap_err().retry_after().unwrap();
            assert!(left <= wait / 2 + Duration::from_millis(1), "{left:?}");
            tokio::time::advance(wait).await;
            hold.check().unwrap();
            bound *= 2;
        }
        hold.answered();
        assert!(waits(&mut hold) <= Duration::from_secs(2));
    }
}
