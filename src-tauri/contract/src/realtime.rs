//! How the live connection behaves, as far as the user may say so.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How the live connection behaves. Times are milliseconds. Every field has a default, so that
/// an older file reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct RealtimeSettings {
    /// Longest first wait between attempts to connect; it doubles with each.
    pub reconnect_first_ms: u32,
    /// Longest wait between attempts to connect.
    pub reconnect_longest_ms: u32,
    /// Time between heartbeats. The server closes a socket after 60 s of silence.
    pub heartbeat_ms: u32,
    /// Who has left the channel, or has not renewed their row, is shown this long.
    pub presence_timeout_ms: u32,
    /// Typing that is not repeated ends after this long.
    pub typing_timeout_ms: u32,
    /// Broadcasts and presence calls a second; what is over it waits.
    pub events_per_second: u32,
    /// Whether the last frames are kept, redacted, in memory.
    pub frame_log: bool,
}

impl Default for RealtimeSettings {
    fn default() -> Self {
        Self {
            reconnect_first_ms: 500,
            reconnect_longest_ms: 30_000,
            heartbeat_ms: 25_000,
            presence_timeout_ms: 30_000,
            typing_timeout_ms: 3_000,
            events_per_second: 10,
            frame_log: false,
        }
    }
}

/// What a setting may be.
struct Limit {
    name: &'static str,
    unit: Unit,
    allowed: std::ops::RangeInclusive<u32>,
    of: fn(&mut RealtimeSettings) -> &mut u32,
}

#[derive(Clone, Copy)]
enum Unit {
    Time,
    PerSecond,
}

const LIMITS: &[Limit] = &[
    Limit {
        name: "The first wait",
        unit: Unit::Time,
        allowed: 100..=10_000,
        of: |settings| &mut settings.reconnect_first_ms,
    },
    Limit {
        name: "The longest wait",
        unit: Unit::Time,
        allowed: 1_000..=300_000,
        of: |settings| &mut settings.reconnect_longest_ms,
    },
    Limit {
        name: "The time between heartbeats",
        unit: Unit::Time,
        allowed: 5_000..=50_000,
        of: |settings| &mut settings.heartbeat_ms,
    },
    Limit {
        name: "The presence timeout",
        unit: Unit::Time,
        allowed: 5_000..=300_000,
        of: |settings| &mut settings.presence_timeout_ms,
    },
    // Typing is told every 2 s.
    Limit {
        name: "The typing timeout",
        unit: Unit::Time,
        allowed: 3_000..=30_000,
        of: |settings| &mut settings.typing_timeout_ms,
    },
    Limit {
        name: "The rate",
        unit: Unit::PerSecond,
        allowed: 1..=100,
        of: |settings| &mut settings.events_per_second,
    },
];

impl RealtimeSettings {
    /// What is not allowed about these settings, as a sentence that says what is.
    pub fn problem(mut self) -> Option<String> {
        for limit in LIMITS {
            if !limit.allowed.contains((limit.of)(&mut self)) {
                return Some(limit.sentence());
            }
        }
        (self.reconnect_first_ms > self.reconnect_longest_ms)
            .then(|| "The longest wait is at least the first one.".to_owned())
    }

    /// The nearest settings that are allowed: for those that come from a file.
    #[must_use]
    pub fn nearest(mut self) -> Self {
        for limit in LIMITS {
            let value = (limit.of)(&mut self);
            *value = (*value).clamp(*limit.allowed.start(), *limit.allowed.end());
        }
        self.reconnect_longest_ms = self.reconnect_longest_ms.max(self.reconnect_first_ms);
        self
    }
}

impl Limit {
    fn sentence(&self) -> String {
        let (low, high) = (*self.allowed.start(), *self.allowed.end());
        match self.unit {
            Unit::Time => {
                format!("{} is {} to {} s.", self.name, seconds(low), seconds(high))
            }
            Unit::PerSecond => format!("{} is {low} to {high} a second.", self.name),
        }
    }
}

/// Whole seconds, or tenths of one.
fn seconds(millis: u32) -> String {
    match (millis / 1000, millis % 1000 / 100) {
        (whole, 0) => whole.to_string(),
        (whole, tenths) => format!("{whole}.{tenths}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed_and_what_is_not_is_said() {
        let defaults = RealtimeSettings::default();
        assert_eq!(defaults.problem(), None);
        assert_eq!(defaults.nearest(), defaults);
        let wrong = RealtimeSettings {
            heartbeat_ms: 70_000,
            ..defaults
        };
        let sentence = "The time between heartbeats is 5 to 50 s.";
        assert_eq!(wrong.problem().as_deref(), Some(sentence));
        assert_eq!(wrong.nearest().heartbeat_ms, 50_000);
        let wrong = RealtimeSettings {
            reconnect_first_ms: 50,
            ..defaults
        };
        let sentence = "The first wait is 0.1 to 10 s.";
        assert_eq!(wrong.problem().as_deref(), Some(sentence));
        let wrong = RealtimeSettings {
            events_per_second: 0,
            ..defaults
        };
        let sentence = "The rate is 1 to 100 a second.";
        assert_eq!(wrong.problem().as_deref(), Some(sentence));
    }

    #[test]
    fn the_longest_wait_is_not_under_the_first() {
        let wrong = RealtimeSettings {
            reconnect_first_ms: 5_000,
            reconnect_longest_ms: 2_000,
            ..RealtimeSettings::default()
        };
        let sentence = "The longest wait is at least the first one.";
        assert_eq!(wrong.problem().as_deref(), Some(sentence));
        assert_eq!(wrong.nearest().reconnect_longest_ms, 5_000);
        assert_eq!(wrong.nearest().problem(), None);
    }

    #[test]
    fn every_bound_is_allowed_and_one_more_is_not() {
        for limit in LIMITS {
            // High enough for every first wait.
            let base = RealtimeSettings {
                reconnect_longest_ms: 10_000,
                ..RealtimeSettings::default()
            };
            for (value, good) in [
                (*limit.allowed.start(), true),
                (*limit.allowed.end(), true),
                (*limit.allowed.start() - 1, false),
                (*limit.allowed.end() + 1, false),
            ] {
                let mut settings = base;
                *(limit.of)(&mut settings) = value;
                assert_eq!(settings.problem().is_none(), good, "{} {value}", limit.name);
            }
        }
    }
}
