//! macOS and Windows, as far as `notify-rust` reaches.
//!
//! Its clients there do not tell what was clicked, and none says whether the system lets
//! notifications through.

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use tidings_contract::{NotificationReport, NotificationService};
use tidings_engine::{Notification, NotificationAbility, Play};
use tokio::sync::{mpsc, oneshot};

use super::{Acted, DEADLINE, refused};

/// The system's own sound for notifications.
const SOUND: &str = if cfg!(target_os = "macos") {
    "NSUserNotificationDefaultSoundName"
} else {
    "Default"
};

/// Shows notifications. Clones share it.
#[derive(Clone)]
pub struct Notifier(mpsc::UnboundedSender<Acted>);

impl Notifier {
    /// A notifier, and what is done about its notifications.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Acted>) {
        let (acted, receiver) = mpsc::unbounded_channel();
        (Self(acted), receiver)
    }

    /// Shows a notification; the future tells whether the desktop took it.
    pub fn show(&self, notification: Notification) -> BoxFuture<'static, NotificationReport> {
        let (report, reported) = oneshot::channel();
        // The client blocks.
        let spawned = std::thread::Builder::new()
            .name("notification".to_owned())
            .spawn(move || {
                let _ = report.send(show(&notification));
            });
        Box::pin(async move {
            if let Err(error) = spawned {
                return refused(&format!("no thread for it: {error}"));
            }
            match tokio::time::timeout(DEADLINE, reported).await {
                Ok(Ok(report)) => report,
                Ok(Err(_)) => refused("the notification client ended"),
                Err(_) => refused("the desktop did not answer"),
            }
        })
    }

    /// What shows notifications here; `has_settings`: the system has a page for them.
    pub fn ability(&self, has_settings: bool) -> BoxFuture<'static, NotificationAbility> {
        ready(NotificationAbility {
            service: NotificationService::Unknown,
            name: None,
            actions: false,
            reply: false,
            sounds: true,
            own_sound: false,
            has_settings,
        })
        .boxed()
    }
}

fn show(notification: &Notification) -> NotificationReport {
    let mut native = notify_rust::Notification::new();
    native
        .appname("Tidings")
        .summary(&notification.title)
        .body(&notification.body);
    if notification.sound != Play::Silent {
        native.sound_name(SOUND);
    }
    match native.show() {
        Ok(_) => NotificationReport {
            shown: true,
            reason: None,
        },
        Err(error) => refused(&error.to_string()),
    }
}
