//! How alerts and messages reach the user: quiet hours, mutes, sounds, and what the desktop offers.

use serde::{Deserialize, Serialize};
use tidings_model::QuietError;
use ts_rs::TS;

/// Hours in which firings and messages are held, and told together at their end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct QuietHours {
    /// Whether they are kept.
    pub on: bool,
    /// Minute of the day with which they begin, 0 to 1439.
    pub from: u16,
    /// Minute of the day with which they end; before `from`: on the next day.
    pub until: u16,
    /// From Monday on: whether they begin on that day.
    pub days: [bool; 7],
    /// Name of their time zone (IANA); none: that of this computer.
    pub zone: Option<String>,
}

impl Default for QuietHours {
    fn default() -> Self {
        Self {
            on: false,
            from: 22 * 60,
            until: 7 * 60,
            days: [true; 7],
            zone: None,
        }
    }
}

impl QuietHours {
    /// What is wrong with them, in one sentence.
    pub fn problem(&self) -> Option<String> {
        self.hours().err().map(|error| error.to_string())
    }

    /// As they are, or the default where they are none: what a file may say.
    #[must_use]
    pub fn sound(self) -> Self {
        match self.hours() {
            Ok(_) => self,
            Err(_) => Self::default(),
        }
    }

    /// The hours themselves, whether they are kept or not.
    pub fn hours(&self) -> Result<tidings_model::QuietHours, QuietError> {
        tidings_model::QuietHours::new(self.from, self.until, self.days, self.zone.as_deref())
    }
}

/// What notifications sound like.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(tag = "sound", rename_all = "snake_case")]
pub enum Sound {
    /// Two rising notes of the program's own.
    #[default]
    Chime,
    /// A short low one of the program's own.
    Knock,
    /// The file that was chosen with `choose_sound`.
    Own {
        /// What it was called.
        name: String,
    },
    /// None.
    None,
}

/// Which messages of a session notify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SessionNotify {
    /// All.
    #[default]
    All,
    /// Those that name oneself.
    Mentions,
    /// None.
    Muted,
}

/// Arguments of `notify_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct NotifySession {
    /// Which one.
    pub session: String,
    /// Which of its messages shall notify.
    pub notify: SessionNotify,
}

/// Arguments of `mute_alerts`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MuteAlerts {
    /// For how long, 1 to 10,080; none has alerts told again.
    pub minutes: Option<u32>,
}

/// Whether alerts are muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertsMuted {
    /// Until when, in milliseconds; none: they are told.
    pub until: Option<i64>,
}

/// Arguments of `pause_notifications`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PauseNotifications {
    /// For how long, 1 to 10,080; none has them shown again, with what was held.
    pub minutes: Option<u32>,
}

/// Whether notifications are paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NotificationsPaused {
    /// Until when, in milliseconds; none: they are shown.
    pub until: Option<i64>,
}

/// Arguments of `choose_sound`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChooseSound {
    /// Name of the file.
    pub name: String,
    /// Its bytes in base64 (RFC 4648, section 4), at most 2 MiB of them.
    pub data: String,
}

/// Arguments of `desktop`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetDesktop {}

/// What the desktop offers now, and what it keeps from the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts about one desktop"
)]
pub struct Desktop {
    /// Whether notifications reach the user.
    pub notifications: NotificationService,
    /// Whether they make sounds.
    pub sounds: bool,
    /// Whether they can sound like a file of the user's.
    pub own_sound: bool,
    /// What is wrong with the chosen sound; another one is played then.
    pub sound_problem: Option<SoundProblem>,
    /// Whether `open_notification_settings` opens something.
    pub has_settings: bool,
    /// Whether the program starts with the desktop; none where that cannot be chosen.
    pub autostart: Option<bool>,
    /// Name of this computer's time zone, if it has one.
    pub zone: Option<String>,
}

/// Whether notifications reach the user, as far as the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NotificationService {
    /// They are shown.
    Available,
    /// The desktop keeps them back: "do not disturb".
    Inhibited,
    /// Nothing shows notifications, or the system does not let this program.
    Missing,
    /// The system does not say.
    Unknown,
}

/// What is wrong with the sound that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SoundProblem {
    /// Its file is gone, or cannot be read.
    Gone,
    /// Its file holds no sound.
    NoSound,
}

/// Arguments of `open_notification_settings`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OpenNotificationSettings {}

/// Arguments of `set_autostart`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetAutostart {
    /// Whether the program shall start with the desktop, hidden in the tray where there is one.
    pub on: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_of_quiet_hours_is_made_sound() {
        let odd = QuietHours {
            on: true,
            zone: Some("Middle/Earth".to_owned()),
            ..QuietHours::default()
        };
        assert!(
            odd.problem()
                .is_some_and(|said| said.contains("Middle/Earth"))
        );
        assert_eq!(odd.sound(), QuietHours::default());
        let own = QuietHours {
            on: true,
            until: 8 * 60,
            ..QuietHours::default()
        };
        assert_eq!((own.problem(), own.clone().sound()), (None, own));
    }
}
