//! macOS and Windows: what plugins and the system's own addresses do.

use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt as _;

use crate::links;

/// Address of the system's own settings of notifications.
const SETTINGS: &str = if cfg!(target_os = "macos") {
    "x-apple.systempreferences:com.apple.Notifications-Settings.extension"
} else {
    "ms-settings:notifications"
};

/// Opens the system's settings of notifications.
pub fn open_notification_settings(app: &AppHandle) -> Result<(), String> {
    links::open(app, SETTINGS)
}

/// Whether there is something to open.
pub const fn has_notification_settings() -> bool {
    true
}

/// Whether the system starts the program; none when it does not say.
pub fn autostart(app: &AppHandle) -> Option<bool> {
    app.autolaunch().is_enabled().ok()
}

/// Has the system start the program, hidden, or not.
pub fn set_autostart(app: &AppHandle, on: bool) -> Result<(), String> {
    let set = if on {
        app.autolaunch().enable()
    } else {
        app.autolaunch().disable()
    };
    set.map_err(|error| error.to_string())
}
