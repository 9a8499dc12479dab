//! What is wrong with the computer that the program runs on.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is wrong with this computer, as far as the workspace in front meets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Machine {
    /// Why nothing can be kept here; none while everything can.
    pub disk: Option<DiskProblem>,
    /// Minutes that this computer's clock is behind the project's, less than nothing where it is
    /// ahead; none while the two agree.
    #[ts(type = "number | null")]
    pub clock_behind: Option<i64>,
}

/// Why a disk keeps nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DiskProblem {
    /// There is no room. It goes on by itself once there is.
    Full,
    /// It does not let anything be written. It goes on by itself once it does.
    Refuses,
    /// What is kept on it is damaged. The next start sets that right.
    Damaged,
}
