//! What is kept on this computer, and for how long.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How long messages are kept on this computer. The project keeps them in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "keep", rename_all = "snake_case")]
pub enum Retention {
    /// As long as the project has them.
    #[default]
    Everything,
    /// Those of the last months, a month being a twelfth of a year.
    Months {
        /// How many, 1 to 120.
        months: u32,
    },
    /// The newest, as far as the cache stays below a size.
    Size {
        /// The size in MiB, 50 to 1,000,000.
        mib: u32,
    },
}

impl Retention {
    /// What is wrong with it, as a sentence.
    pub fn problem(self) -> Option<String> {
        match self {
            Self::Months { months } if !(1..=120).contains(&months) => {
                Some("Messages are kept for 1 to 120 months.".to_owned())
            }
            Self::Size { mib } if !(50..=1_000_000).contains(&mib) => {
                Some("The limit is between 50 and 1,000,000 MiB.".to_owned())
            }
            _ => None,
        }
    }

    /// The same, or everything when it is out of range.
    #[must_use]
    pub fn sound(self) -> Self {
        if self.problem().is_some() {
            Self::Everything
        } else {
            self
        }
    }
}

/// Arguments of `storage`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetStorage {}

/// What the workspace in front takes on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Storage {
    /// Size of the cache in bytes.
    pub bytes: u64,
    /// Bytes of it that the search index takes, about.
    pub index_bytes: u64,
    /// Bytes of it that are free, and given back bit by bit.
    pub free_bytes: u64,
    /// Messages.
    pub messages: u64,
    /// Messages that are not in the search index yet.
    pub unindexed: u64,
    /// When the oldest message was written, in milliseconds.
    pub oldest: Option<i64>,
    /// Sessions with messages here, largest first.
    pub sessions: Vec<SessionSize>,
    /// What the retention removed last.
    pub cleaned: Option<Cleaned>,
}

/// What one session takes on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionSize {
    /// Which.
    pub session: String,
    /// Its title.
    pub title: Option<String>,
    /// Messages.
    pub messages: u64,
    /// Bytes of the cache, with its part of the search index; about.
    pub bytes: u64,
    /// Own changes of it that are not sent: it is not removed while there are any.
    pub unsent: u32,
}

/// What the retention removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cleaned {
    /// When it ended, in milliseconds.
    pub at: i64,
    /// Messages.
    pub messages: u64,
    /// Bytes by which the cache became smaller.
    pub bytes: u64,
}

/// Arguments of `preview_retention`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PreviewRetention {
    /// As it would be.
    pub retention: Retention,
}

/// What would be, or was, removed from this computer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RemovedHere {
    /// Messages; about, before it is done.
    pub messages: u64,
    /// Bytes of the cache, about.
    pub bytes: u64,
    /// Sessions that they are of.
    pub sessions: u64,
}

/// Arguments of `remove_from_device`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RemoveFromDevice {
    /// Which session.
    pub session: String,
}
