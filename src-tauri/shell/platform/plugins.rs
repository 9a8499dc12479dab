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

/// What has the system start the program, hidden, with the data that it was started with itself,
/// where its directory can be written into the system's entry.
pub fn autostart_plugin<R: Runtime>(data_dir: Option<&Path>) -> TauriPlugin<R> {
    let plugin = tauri_plugin_autostart::Builder::new().arg("--hidden");
    match data_dir.and_then(argument) {
        Some(directory) => plugin.arg("--data-dir").arg(directory).build(),
        None => plugin.build(),
    }
}

/// An argument as the plugin takes it: it writes them as they are, on Windows into one line, on macOS
/// into a file of XML. None where that would say something else.
fn argument(directory: &Path) -> Option<String> {
    let directory = directory.to_str()?;
    if !cfg!(windows) {
        return (!directory.contains(['&', '<', '>'])).then(|| directory.to_owned());
    }
    let name = directory.trim_end_matches('\\');
    // Before the quote a backslash is written twice.
    let ends = 2 * (directory.len() - name.len());
    Some(format!("\"{name}{:\\<ends$}\"", ""))
}

/// Whether the system starts the program; none when it does not say.
pub fn autostart(app: &AppHandle, _: Option<&Path>) -> Option<bool> {
    app.autolaunch().is_enabled().ok()
}

/// Has the system start the program, hidden, or not.
///
/// # Errors
/// When the system refuses, or when its entry cannot name the data that the program was started with.
pub fn set_autostart(app: &AppHandle, data_dir: Option<&Path>, on: bool) -> Result<(), String> {
    if let Some(directory) = data_dir.filter(|_| on)
        && argument(directory).is_none()
    {
        return Err(format!(
            "the system's entry cannot name {}; a directory without &, < and > can be named",
            directory.display()
        ));
    }
    let set = if on {
        app.autolaunch().enable()
    } else {
        app.autolaunch().disable()
    };
    set.map_err(|error| error.to_string())
}
