//! What is wrong with this computer: a disk that keeps nothing, a clock that is far off.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidings_cache::CacheError;
use tidings_contract as api;

use super::Core;

/// A clock further off than this makes the times of new messages look wrong.
pub(crate) const CLOCK_TOLERANCE: Duration = Duration::from_mins(1);

const MINUTE: i64 = 60_000;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<api::Machine>);

impl Core {
    pub(super) fn machine(&self) -> api::Machine {
        api::Machine {
            disk: self.cache.trouble().borrow().as_ref().map(problem),
            clock_behind: self.skew_ms().and_then(far),
        }
    }

    /// Tells what is wrong, if that is something else than was told last.
    pub(super) fn tell_machine(&self) {
        let machine = self.machine();
        let mut told = self
            .told_machine
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *told != machine {
            *told = machine;
            self.emit(api::Event::Machine { machine });
        }
    }
}

const fn problem(error: &CacheError) -> api::DiskProblem {
    match error {
        CacheError::DiskFull => api::DiskProblem::Full,
        CacheError::Damaged(_) => api::DiskProblem::Damaged,
        _ => api::DiskProblem::Refuses,
    }
}

/// By how many minutes a clock is off, where that is worth a word.
fn far(skew_ms: i64) -> Option<i64> {
    let off = u128::from(skew_ms.unsigned_abs());
    (off > CLOCK_TOLERANCE.as_millis()).then(|| {
        let minutes = (skew_ms.saturating_abs() + MINUTE / 2) / MINUTE;
        minutes * skew_ms.signum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_by_whole_minutes_once_it_is_far_off() {
        for (skew_ms, told) in [
            (0, None),
            (60_000, None),
            (-60_000, None),
            (4 * MINUTE + 20_000, Some(4)),
            (-(4 * MINUTE + 40_000), Some(-5)),
        ] {
            assert_eq!(far(skew_ms), told, "{skew_ms}");
        }
    }
}
