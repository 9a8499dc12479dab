//! Alerts muted for a time: all of them, in every workspace.

use std::sync::Arc;
use std::time::Duration;

use tidings_contract as api;
use tidings_model::Timestamp;

use super::App;
use crate::error::{EngineError, Result};

/// The longest time to mute for: a week.
const MOST: Duration = Duration::from_hours(7 * 24);
const MOST_MINUTES: u32 = 7 * 24 * 60;

/// What was kept of an earlier run, while it still holds. One that lies too far ahead was written
/// under another clock.
pub(super) fn kept(until: Option<i64>, now: Timestamp) -> Option<Timestamp> {
    let until = Timestamp::from_millis(until?);
    (until > now && until.since(now) <= MOST).then_some(until)
}

/// Tells the end of it, until the program ends.
pub(super) fn watch(app: &App) {
    let weak = Arc::downgrade(&app.0);
    tokio::spawn(async move {
        while let Some(inner) = weak.upgrade() {
            let now = inner.options.clock.now();
            let ended = inner.muted.send_if_modified(|until| {
                let ended = until.is_some_and(|end| kept(Some(end.as_millis()), now).is_none());
                if ended {
                    *until = None;
                }
                ended
            });
            if ended {
                inner.bus.emit(api::Event::AlertsMuted { until: None });
            }
            let pause = inner.options.pace.look;
            drop(inner);
            tokio::time::sleep(pause).await;
        }
    });
}

impl App {
    /// Until when alerts are muted, in milliseconds.
    pub(super) fn alerts_muted(&self) -> Option<i64> {
        let until = self.0.muted.borrow().map(Timestamp::as_millis);
        kept(until, self.0.options.clock.now()).map(Timestamp::as_millis)
    }

    /// Mutes alerts, or has them told again. What fires meanwhile stands in the history.
    pub(super) fn mute_alerts(&self, args: &api::MuteAlerts) -> Result<api::AlertsMuted> {
        let now = self.0.options.clock.now();
        let until = match args.minutes {
            None => None,
            Some(minutes @ 1..=MOST_MINUTES) => {
                Some(now.plus(Duration::from_secs(u64::from(minutes) * 60)))
            }
            Some(_) => {
                return Err(EngineError::Invalid(format!(
                    "Alerts can be muted for 1 to {MOST_MINUTES} minutes."
                )));
            }
        };
        let millis = until.map(Timestamp::as_millis);
        self.config_mut(|config| config.alerts_muted_until = millis)?;
        self.0.muted.send_replace(until);
        self.0.bus.emit(api::Event::AlertsMuted { until: millis });
        Ok(api::AlertsMuted { until: millis })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_that_is_over_or_under_another_clock_is_none() {
        let now = Timestamp::from_millis(1_000_000);
        let hour = 3_600_000;
        assert_eq!(kept(None, now), None);
        assert_eq!(kept(Some(1_000_000), now), None);
        let until = Timestamp::from_millis(1_000_000 + hour);
        assert_eq!(kept(Some(1_000_000 + hour), now), Some(until));
        assert_eq!(kept(Some(1_000_000 + hour * 24 * 8), now), None);
    }
}
