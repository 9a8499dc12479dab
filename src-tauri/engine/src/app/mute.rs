//! Alerts muted, and notifications paused, for a time: all of them, in every workspace.

use std::sync::Arc;
use std::time::Duration;

use tidings_contract as api;
use tidings_model::Timestamp;
use tokio::sync::watch;

use super::App;
use crate::error::{EngineError, Result};

/// The longest time to mute or pause for: a week.
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
            if ended(&inner.muted, now) {
                inner.bus.emit(api::Event::AlertsMuted { until: None });
            }
            if ended(&inner.paused, now) {
                inner
                    .bus
                    .emit(api::Event::NotificationsPaused { until: None });
            }
            let pause = inner.options.pace.look;
            drop(inner);
            tokio::time::sleep(pause).await;
        }
    });
}

/// Whether it has just ended.
fn ended(until: &watch::Sender<Option<Timestamp>>, now: Timestamp) -> bool {
    until.send_if_modified(|until| {
        let ended = until.is_some_and(|end| kept(Some(end.as_millis()), now).is_none());
        if ended {
            *until = None;
        }
        ended
    })
}

impl App {
    /// Until when alerts are muted, in milliseconds.
    pub(super) fn alerts_muted(&self) -> Option<i64> {
        self.holds(&self.0.muted)
    }

    /// Until when notifications are paused, in milliseconds.
    pub(super) fn notifications_paused(&self) -> Option<i64> {
        self.holds(&self.0.paused)
    }

    fn holds(&self, until: &watch::Sender<Option<Timestamp>>) -> Option<i64> {
        let until = until.borrow().map(Timestamp::as_millis);
        kept(until, self.0.options.clock.now()).map(Timestamp::as_millis)
    }

    /// Mutes alerts, or has them told again. What fires meanwhile stands in the history.
    pub(super) fn mute_alerts(&self, args: &api::MuteAlerts) -> Result<api::AlertsMuted> {
        let end = self.end(
            args.minutes,
            format!("Alerts can be muted for 1 to {MOST_MINUTES} minutes."),
        )?;
        let until = end.map(Timestamp::as_millis);
        self.config_mut(|config| config.alerts_muted_until = until)?;
        self.0.muted.send_replace(end);
        self.0.bus.emit(api::Event::AlertsMuted { until });
        Ok(api::AlertsMuted { until })
    }

    /// Pauses notifications, or has them shown again. What comes meanwhile is held, and told
    /// together at the end.
    pub(super) fn pause_notifications(
        &self,
        args: &api::PauseNotifications,
    ) -> Result<api::NotificationsPaused> {
        let end = self.end(
            args.minutes,
            format!("Notifications can be paused for 1 to {MOST_MINUTES} minutes."),
        )?;
        let until = end.map(Timestamp::as_millis);
        self.config_mut(|config| config.notifications_paused_until = until)?;
        self.0.paused.send_replace(end);
        self.0.bus.emit(api::Event::NotificationsPaused { until });
        Ok(api::NotificationsPaused { until })
    }

    /// The end of so many minutes that begin now; `refusal` is said of too many.
    fn end(&self, minutes: Option<u32>, refusal: String) -> Result<Option<Timestamp>> {
        match minutes {
            None => Ok(None),
            Some(minutes @ 1..=MOST_MINUTES) => {
                let length = Duration::from_secs(u64::from(minutes) * 60);
                Ok(Some(self.0.options.clock.now().plus(length)))
            }
            Some(_) => Err(EngineError::Invalid(refusal)),
        }
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
