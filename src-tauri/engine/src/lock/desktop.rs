//! The desktop, as far as workspaces may use it while the lock is closed.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidings_contract::NotificationReport;

use super::Locked;
use crate::host::{Host, Notification, NotificationAbility};

/// A desktop behind the lock. While it is closed nobody looks at anything, so that all is told by
/// notifications, and these offer nothing but to open what they are about.
pub(crate) struct Guarded {
    host: Arc<dyn Host>,
    locked: Locked,
}

impl Guarded {
    pub fn new(host: Arc<dyn Host>, locked: Locked) -> Self {
        Self { host, locked }
    }
}

impl Host for Guarded {
    fn notify(&self, mut notification: Notification) -> BoxFuture<'static, NotificationReport> {
        if self.locked.now() {
            notification.actions.retain(|action| action.only_opens());
        }
        self.host.notify(notification)
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        self.host.notifications()
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        self.host.open_notification_settings()
    }

    fn autostart(&self) -> Option<bool> {
        self.host.autostart()
    }

    fn set_autostart(&self, on: bool) -> Result<(), String> {
        self.host.set_autostart(on)
    }

    fn open_link(&self, url: &str) -> Result<(), String> {
        self.host.open_link(url)
    }

    fn focused(&self) -> bool {
        !self.locked.now() && self.host.focused()
    }

    fn visible(&self) -> bool {
        self.host.visible()
    }

    fn has_tray(&self) -> bool {
        self.host.has_tray()
    }
}
