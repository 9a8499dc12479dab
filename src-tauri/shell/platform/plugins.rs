//! macOS and Windows: what plugins and the system's own addresses do.

use std::path::Path;

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Runtime};
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

/// What has the system start the program, hidden, with the data that it was started with itself.
pub fn autostart_plugin<R: Runtime>(data_dir: Option<&Path>) -> TauriPlugin<R> {
    let plugin = tauri_plugin_autostart::Builder::new().arg("--hidden");
    match data_dir {
        Some(directory) => plugin.arg("--data-dir").arg(argument(directory)).build(),
        None => plugin.build(),
    }
}

/// An argument as the plugin takes it: on Windows it joins them to one line as they are.
fn argument(directory: &Path) -> String {
    let directory = directory.display().to_string();
    if cfg!(windows) {
        // A backslash before the quote would be one of the directory's name.
        format!("\"{}\"", directory.trim_end_matches('\\'))
    } else {
        directory
    }
}

/// Whether the system starts the program; none when it does not say.
pub fn autostart(app: &AppHandle, _: Option<&Path>) -> Option<bool> {
    app.autolaunch().is_enabled().ok()
}

/// Has the system start the program, hidden, or not.
pub fn set_autostart(app: &AppHandle, _: Option<&Path>, on: bool) -> Result<(), String> {
    let set = if on {
        app.autolaunch().enable()
    } else {
        app.autolaunch().disable()
    };
    set.map_err(|error| error.to_string())
}
