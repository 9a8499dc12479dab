//! Native notifications and what is done about them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidings_contract::{NotificationReport, Place};
use tidings_engine::{Notification, NotificationAction};
use tokio::sync::{mpsc, oneshot};

/// Notifications whose actions are waited for; each holds a thread. Beyond it a notification
/// is shown all the same, and a click on it does nothing.
const WAITING: usize = 32;
/// A desktop that does not answer within this time is taken to have refused.
const DEADLINE: Duration = Duration::from_secs(5);

/// Something done about a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// What the notification was about.
    pub place: Place,
    /// The button; none for a click on the notification itself.
    pub action: Option<NotificationAction>,
}

/// Shows notifications. Clones share it.
#[derive(Clone)]
pub struct Notifier(Arc<Inner>);

struct Inner {
    acted: mpsc::UnboundedSender<Acted>,
    waiting: AtomicUsize,
    /// The desktop's number for our id, so that a newer one replaces the one before it.
    shown: Mutex<HashMap<String, u32>>,
}

impl Notifier {
    /// A notifier, and what is done about its notifications.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Acted>) {
        let (acted, receiver) = mpsc::unbounded_channel();
        let inner = Inner {
            acted,
            waiting: AtomicUsize::new(0),
            shown: Mutex::default(),
        };
        (Self(Arc::new(inner)), receiver)
    }

    /// Shows a notification; the future tells whether the desktop took it.
    pub fn show(&self, notification: Notification) -> BoxFuture<'static, NotificationReport> {
        let (report, reported) = oneshot::channel();
        let inner = self.0.clone();
        // The notification client blocks, and waits for the action on the same thread.
        let spawned = std::thread::Builder::new()
            .name("notification".to_owned())
            .spawn(move || inner.show(&notification, report));
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
}

impl Inner {
    fn show(&self, notification: &Notification, report: oneshot::Sender<NotificationReport>) {
        let mut native = notify_rust::Notification::new();
        native
            .appname("Tidings")
            .summary(&notification.title)
            .body(&body(&notification.body));
        native.icon("tidings");
        for action in &notification.actions {
            native.action(action.key(), action.label(notification.language));
        }
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            native.action(
                "default",
                NotificationAction::OpenSession.label(notification.language),
            );
            native.hint(notify_rust::Hint::DesktopEntry("tidings".to_owned()));
            if let Some(number) = self.numbers().get(&notification.id) {
                native.id(*number);
            }
        }
        match native.show() {
            Ok(handle) => {
                // Nobody may be listening any more; the notification is shown all the same.
                let _ = report.send(NotificationReport {
                    shown: true,
                    reason: None,
                });
                self.wait(notification, handle);
            }
            Err(error) => {
                let _ = report.send(refused(&error.to_string()));
            }
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn wait(&self, notification: &Notification, handle: notify_rust::NotificationHandle) {
        self.numbers().insert(notification.id.clone(), handle.id());
        if self.waiting.fetch_add(1, Ordering::SeqCst) < WAITING {
            handle.wait_for_action(|key| {
                if let Some(acted) = acted(key, &notification.place) {
                    let _ = self.acted.send(acted);
                }
            });
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn wait(&self, notification: &Notification, _handle: impl Sized) {
        // The clients of these systems do not tell what was clicked.
        let _ = (
            self.waiting.load(Ordering::SeqCst),
            &self.acted,
            &notification.place,
        );
    }

    fn numbers(&self) -> std::sync::MutexGuard<'_, HashMap<String, u32>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text as this desktop takes it. Where a body is markup, what people wrote is still text.
fn body(text: &str) -> String {
    #[cfg(all(unix, not(target_os = "macos")))]
    if notify_rust::get_capabilities().is_ok_and(|able| able.iter().any(|can| can == "body-markup"))
    {
        return as_markup(text);
    }
    text.to_owned()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn as_markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What a key of the desktop means; `__closed` and unknown keys mean nothing.
fn acted(key: &str, place: &Place) -> Option<Acted> {
    let action = match key {
        "default" => None,
        key => Some(NotificationAction::from_key(key)?),
    };
    Some(Acted {
        place: place.clone(),
        action,
    })
}

fn refused(reason: &str) -> NotificationReport {
    NotificationReport {
        shown: false,
        reason: Some(format!(
            "The desktop did not show the notification: {reason}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn what_people_write_is_no_markup() {
        assert_eq!(
            as_markup("<a href='x'>a & b</a>"),
            "&lt;a href='x'&gt;a &amp; b&lt;/a&gt;"
        );
    }

    #[test]
    fn keys_of_the_desktop_become_actions() {
        let place = Place::Alerts;
        assert_eq!(
            acted("default", &place),
            Some(Acted {
                place: place.clone(),
                action: None
            })
        );
        assert_eq!(
            acted("open_chart", &place).and_then(|acted| acted.action),
            Some(NotificationAction::OpenChart)
        );
        assert_eq!(acted("__closed", &place), None);
    }
}
