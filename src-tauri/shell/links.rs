//! Addresses opened outside the program.

use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt as _;

/// Opens an address with the system's handler. The engine has checked its scheme.
pub fn open(app: &AppHandle, url: &str) -> Result<(), String> {
    app.opener()
        .open_url(url, None::<&str>)
        .map_err(|error| format!("The system could not open the address: {error}"))
}
