//! The desktop as clients see it: what a native one would show is told to them instead.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use serde::Serialize;
use tidings_contract::{NotificationReport, NotificationService, Place};
use tidings_engine::{Host, Notification, NotificationAbility, Play};
use tokio::sync::broadcast;

/// Notifications that are remembered; older ones are forgotten.
const REMEMBERED: usize = 256;
/// Tellings that a slow client may be behind before it loses the oldest.
const CAPACITY: usize = 256;

/// What is told to clients outside the contract, as it stands on the wire.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    Notification(Shown),
    Link(String),
}

/// A notification that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The engine's id; a later one with the same id replaces it.
    pub id: String,
    /// First line.
    pub title: String,
    /// The text below it.
    pub body: String,
    /// Keys of its buttons.
    pub actions: Vec<&'static str>,
    /// What a click on it shows.
    pub place: Place,
    /// Id of the rule that fired, if one alone did.
    pub rule: Option<String>,
    /// Whether it makes a sound.
    pub sounds: bool,
}

/// A desktop without a screen.
#[derive(Debug)]
pub struct Desk {
    focused: AtomicBool,
    shown: Mutex<VecDeque<Shown>>,
    told: broadcast::Sender<Told>,
}

impl Desk {
    /// A desktop whose window is in front until a client says otherwise.
    pub fn new() -> Self {
        Self {
            focused: AtomicBool::new(true),
            shown: Mutex::default(),
            told: broadcast::channel(CAPACITY).0,
        }
    }

    /// Whether the window counts as being in front.
    pub fn set_focused(&self, focused: bool) {
        self.focused.store(focused, Ordering::SeqCst);
    }

    /// The notifications shown so far, oldest first.
    pub fn shown(&self) -> Vec<Shown> {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Host for Desk {
    fn notify(&self, notification: Notification) -> BoxFuture<'static, NotificationReport> {
        let shown = Shown {
            id: notification.id,
            title: notification.title,
            body: notification.body,
            actions: notification
                .actions
                .iter()
                .map(|action| action.key())
                .collect(),
            place: notification.about.place,
            rule: notification.about.rule.map(|rule| rule.to_string()),
            sounds: notification.sound != Play::Silent,
        };
        let mut remembered = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back(shown.clone());
        // Nobody listening is no failure: it is remembered.
        let _ = self.told.send(Told::Notification(shown));
        ready(NotificationReport {
            shown: true,
            reason: None,
        })
        .boxed()
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        ready(NotificationAbility {
            service: NotificationService::Available,
            name: None,
            actions: false,
            reply: false,
            sounds: false,
            own_sound: false,
            has_settings: false,
        })
        .boxed()
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        Err("There is no desktop here that has settings.".to_owned())
    }

    fn autostart(&self) -> Option<bool> {
        None
    }

    fn set_autostart(&self, _on: bool) -> Result<(), String> {
        Err("There is no desktop here to start with.".to_owned())
    }

    fn open_link(&self, url: &str) -> Result<(), String> {
        let _ = self.told.send(Told::Link(url.to_owned()));
        Ok(())
    }

    fn focused(&self) -> bool {
        self.focused.load(Ordering::SeqCst)
    }

    fn visible(&self) -> bool {
        true
    }

    fn has_tray(&self) -> bool {
        false
    }
}

/// A desk shared by the engine and the sockets.
pub(crate) type Shared = Arc<Desk>;
