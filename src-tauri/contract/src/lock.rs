//! The lock: a passphrase before what the window shows.

use std::fmt::{Debug, Formatter, Result};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{LanguageChoice, Theme};

/// Arguments of `lock_state`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetLockState {}

/// How the lock stands, and what its screen is drawn with. Nothing of what it guards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LockState {
    /// Whether there is a lock, and whether it is closed.
    pub stage: LockStage,
    /// Why no passphrase can open it now.
    pub problem: Option<LockProblem>,
    /// Until when no passphrase is taken, after wrong ones, in milliseconds.
    pub wait_until: Option<i64>,
    /// Whether a passphrase outlives the program: not where no key store answers.
    pub durable: bool,
    /// Light or dark.
    pub theme: Theme,
    /// The language.
    pub language: LanguageChoice,
}

/// How far the lock is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LockStage {
    /// No passphrase is set.
    #[default]
    Off,
    /// A passphrase is set, and was given.
    Open,
    /// Everything waits for the passphrase.
    Locked,
}

/// Why a passphrase cannot be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LockProblem {
    /// The key store, where what checks it is kept, does not answer.
    NoKeyStore,
    /// The key store answers, and what checks it is not there any more, or unreadable.
    Lost,
}

/// Arguments of `unlock`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Unlock {
    /// The passphrase.
    pub passphrase: String,
}

/// Arguments of `lock`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LockNow {}

/// Arguments of `set_passphrase`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetPassphrase {
    /// The one until now, where there is one.
    pub current: Option<String>,
    /// The new one; none takes the lock away.
    pub passphrase: Option<String>,
}

/// Arguments of `report_use`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReportUse {}

/// Arguments of `left_behind`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetLeftBehind {}

/// What `start_over` would remove from this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LeftBehind {
    /// Workspaces.
    pub workspaces: u32,
    /// Whether one of them is the local one, whose messages are nowhere else.
    pub local: bool,
    /// Changes that were not sent.
    pub unsent: u32,
    /// Workspaces of which it cannot be said what was not sent.
    pub unread: u32,
}

/// Arguments of `start_over`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct StartOver {}

/// The most minutes without use after which the lock closes by itself.
pub const LOCK_AFTER_MOST: u32 = 24 * 60;

impl Debug for Unlock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Unlock").finish_non_exhaustive()
    }
}

impl Debug for SetPassphrase {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("SetPassphrase").finish_non_exhaustive()
    }
}
