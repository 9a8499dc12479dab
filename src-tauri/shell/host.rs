//! The desktop as the engine sees it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use tauri::AppHandle;
use tidings_contract::NotificationReport;
use tidings_engine::{Host, Notification, NotificationAbility};
use tokio::sync::watch;

use crate::notify::Notifier;
use crate::{links, platform};

/// What the shell knows of the desktop at any moment.
pub struct DesktopHost {
    app: AppHandle,
    notifier: Notifier,
    focused: Arc<AtomicBool>,
    shown: watch::Receiver<bool>,
    data_dir: Option<PathBuf>,
}

impl DesktopHost {
    /// A host whose window may be focused or not, as `focused` says, and shown or hidden, as `shown`
    /// says. `data_dir`: where the command line says that workspaces and settings are kept.
    pub fn new(
        app: AppHandle,
        notifier: Notifier,
        focused: Arc<AtomicBool>,
        shown: watch::Receiver<bool>,
        data_dir: Option<PathBuf>,
    ) -> Self {
        Self {
            app,
            notifier,
            focused,
            shown,
            data_dir,
        }
    }
}

impl Host for DesktopHost {
    fn notify(&self, notification: Notification) -> BoxFuture<'static, NotificationReport> {
        self.notifier.show(notification)
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        self.notifier.ability(platform::has_notification_settings())
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        platform::open_notification_settings(&self.app)
    }

    fn autostart(&self) -> Option<bool> {
        platform::autostart(&self.app, self.data_dir.as_deref())
    }

    fn set_autostart(&self, on: bool) -> Result<(), String> {
        platform::set_autostart(&self.app, self.data_dir.as_deref(), on)
    }

    fn open_link(&self, url: &str) -> Result<(), String> {
        links::open(&self.app, url)
    }

    fn focused(&self) -> bool {
        self.focused.load(Ordering::SeqCst)
    }

    fn visible(&self) -> bool {
        *self.shown.borrow()
    }

    fn has_tray(&self) -> bool {
        platform::has_tray()
    }
}
