//! How far the lock is, and what changes it.

use std::time::Duration;

use tidings_contract::{LockProblem, LockStage};
use tidings_model::Timestamp;

/// How far the lock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No passphrase is set.
    Off,
    /// A passphrase is set, and was given.
    Open {
        /// When somebody used the window last.
        used: Timestamp,
    },
    /// Everything waits for the passphrase; what it is checked against may be out of reach.
    Locked(Option<LockProblem>),
}

/// What changes the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A passphrase was set, by somebody who may.
    Set(Timestamp),
    /// The passphrase was taken away, or everything that it guarded.
    Removed,
    /// Somebody used the window.
    Used(Timestamp),
    /// Somebody asked for it, went away, or hid the window; or a passphrase was found.
    Closed,
    /// The passphrase was given.
    Opened(Timestamp),
    /// A passphrase was given, and there was nothing to check it against.
    Unchecked(LockProblem),
}

impl Stage {
    /// What the lock is after something happened. Only a passphrase, or the end of all that is
    /// guarded, leads out of `Locked`.
    pub const fn after(self, happened: Happened) -> Self {
        match (self, happened) {
            (Self::Off | Self::Open { .. }, Happened::Set(now))
            | (Self::Open { .. }, Happened::Used(now))
            | (Self::Locked(_), Happened::Opened(now)) => Self::Open { used: now },
            (_, Happened::Removed) => Self::Off,
            (Self::Off | Self::Open { .. }, Happened::Closed) => Self::Locked(None),
            (Self::Locked(_), Happened::Unchecked(problem)) => Self::Locked(Some(problem)),
            (stage, _) => stage,
        }
    }

    /// Whether nobody has used the window for so long.
    pub fn is_idle(self, now: Timestamp, minutes: Option<u32>) -> bool {
        match (self, minutes) {
            (Self::Open { used }, Some(minutes)) => {
                now.since(used) >= Duration::from_secs(u64::from(minutes) * 60)
            }
            _ => false,
        }
    }

    /// In the contract's words.
    pub const fn told(self) -> (LockStage, Option<LockProblem>) {
        match self {
            Self::Off => (LockStage::Off, None),
            Self::Open { .. } => (LockStage::Open, None),
            Self::Locked(problem) => (LockStage::Locked, problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_passphrase_or_the_end_of_all_leads_out_of_locked() {
        let now = Timestamp::from_millis(0);
        let locked = Stage::Locked(None);
        for happened in [
            Happened::Set(now),
            Happened::Used(now),
            Happened::Closed,
            Happened::Unchecked(LockProblem::Lost),
        ] {
            assert!(matches!(locked.after(happened), Stage::Locked(_)));
        }
        assert_eq!(
            locked.after(Happened::Opened(now)),
            Stage::Open { used: now }
        );
        assert_eq!(locked.after(Happened::Removed), Stage::Off);
        assert_eq!(Stage::Off.after(Happened::Opened(now)), Stage::Off);
        assert_eq!(Stage::Off.after(Happened::Used(now)), Stage::Off);
    }

    #[test]
    fn it_is_idle_after_the_minutes_and_never_without_them() {
        let at = Timestamp::from_millis;
        let open = Stage::Open { used: at(0) };
        assert!(!open.is_idle(at(59_999), Some(1)));
        assert!(open.is_idle(at(60_000), Some(1)));
        assert!(!open.is_idle(at(i64::MAX / 2000), None));
        // A clock that was set back says nothing of how long it was.
        assert!(!open.is_idle(at(-1), Some(1)));
        assert!(!Stage::Locked(None).is_idle(at(60_000), Some(1)));
        let used = open.after(Happened::Used(at(30_000)));
        assert!(!used.is_idle(at(60_000), Some(1)));
    }
}
