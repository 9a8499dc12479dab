//! The one window: opened, shown, hidden to the tray.

use tauri::{AppHandle, Manager as _, Theme, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::run::Engine;

/// Label of the window; capabilities name it.
pub const LABEL: &str = "main";
/// Asks for the first picture before the page is there.
const EARLY: &str = include_str!("../../ui/src/lib/backend/early.js");
const SIZE: (f64, f64) = (1280.0, 800.0);
const LEAST: (f64, f64) = (480.0, 560.0);

/// Opens the window. It draws its own title bar, except on macOS.
pub fn open(app: &AppHandle, visible: bool) -> tauri::Result<WebviewWindow> {
    let builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Tidings")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST.0, LEAST.1)
        .center()
        .visible(visible)
        .initialization_script(EARLY);
    let window = crate::platform::decorate(builder).build()?;
    crate::platform::fit(&window)?;
    Ok(window)
}

/// Brings the window to the front, opening it when it is gone.
pub fn show(app: &AppHandle) {
    let shown = match app.get_webview_window(LABEL) {
        Some(window) => window
            .show()
            .and_then(|()| window.unminimize())
            .and_then(|()| window.set_focus()),
        None => open(app, true).map(drop),
    };
    match shown {
        Ok(()) => app.state::<Engine>().note_shown(true),
        Err(error) => tracing::error!(%error, "the window could not be shown"),
    }
}

/// Hides the window; the program goes on in the tray.
pub fn hide(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    match window.hide() {
        Ok(()) => app.state::<Engine>().note_shown(false),
        Err(error) => tracing::error!(%error, "the window could not be hidden"),
    }
}

/// Follows the chosen theme, so that the system's own parts of the window match.
pub fn set_theme(app: &AppHandle, theme: tidings_contract::Theme) {
    let theme = match theme {
        tidings_contract::Theme::System => None,
        tidings_contract::Theme::Light => Some(Theme::Light),
        tidings_contract::Theme::Dark => Some(Theme::Dark),
    };
    app.set_theme(theme);
}
