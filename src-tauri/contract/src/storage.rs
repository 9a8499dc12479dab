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
    /// The newest, as far as messages and their search index stay below a size.
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

/// How long each level of the price history is kept on this computer. What gets too old for one
/// goes on in the next coarser one, with its lowest, highest and last price; so each is kept at
/// least as long as the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct PriceKeeping {
    /// Every price as it came, in hours: 1 to 8,760.
    pub raw_hours: u32,
    /// One bar a minute, in days: 1 to 3,650.
    pub minute_days: u32,
    /// One bar an hour, in days: 1 to 36,500.
    pub hour_days: u32,
    /// One bar a day, in years of 365 days: 1 to 100; none keeps them for ever.
    pub day_years: Option<u32>,
}

impl Default for PriceKeeping {
    fn default() -> Self {
        Self {
            raw_hours: 48,
            minute_days: 365,
            hour_days: 1825,
            day_years: None,
        }
    }
}

impl PriceKeeping {
    /// What is wrong with it, as a sentence.
    pub fn problem(self) -> Option<String> {
        let ranges = [
            (
                self.raw_hours,
                8_760,
                "All prices are kept for 1 to 8,760 hours.",
            ),
            (
                self.minute_days,
                3_650,
                "Prices by the minute are kept for 1 to 3,650 days.",
            ),
            (
                self.hour_days,
                36_500,
                "Prices by the hour are kept for 1 to 36,500 days.",
            ),
            (
                self.day_years.unwrap_or(1),
                100,
                "Prices by the day are kept for 1 to 100 years.",
            ),
        ];
        let outside = |(value, most, _): &&(u32, u32, &str)| !(1..=*most).contains(value);
        if let Some((_, _, problem)) = ranges.iter().find(outside) {
            return Some((*problem).to_owned());
        }
        let rising = self.raw_hours <= self.minute_days * 24
            && self.minute_days <= self.hour_days
            && self
                .day_years
                .is_none_or(|years| self.hour_days <= years * 365);
        (!rising).then(|| {
            "Prices are kept at least as long by the minute as each one, by the hour as by the \
             minute, and by the day as by the hour."
                .to_owned()
        })
    }

    /// The same, or the default when it is out of range.
    #[must_use]
    pub fn sound(self) -> Self {
        if self.problem().is_some() {
            Self::default()
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

/// Arguments of `price_storage`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetPriceStorage {}

/// What the price history takes on this computer, level by level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceStorage {
    /// Every price as it came.
    pub raw: LevelSize,
    /// One bar a minute.
    pub minutes: LevelSize,
    /// One bar an hour.
    pub hours: LevelSize,
    /// One bar a day.
    pub days: LevelSize,
}

/// What one level of the price history takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LevelSize {
    /// Prices or bars.
    pub rows: u64,
    /// Bytes of the cache.
    pub bytes: u64,
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
