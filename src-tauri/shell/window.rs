//! The one window: opened, shown, hidden to the tray.

use tauri::{
    AppHandle, LogicalSize, Manager as _, Theme, WebviewUrl, WebviewWindow, WebviewWindowBuilder,
};

use crate::run::Engine;

/// Label of the window; capabilities name it.
pub const LABEL: &str = "main";
/// Asks for the first picture before the page is there.
const EARLY: &str = include_str!("../../ui/src/lib/backend/early.js");
const SIZE: (f64, f64) = (1280.0, 800.0);
const LEAST: (f64, f64) = (480.0, 560.0);
/// What the page needs to be read without scrolling sideways, in its own pixels (WCAG 2.2, 1.4.10).
const LEAST_PAGE: f64 = 320.0;
/// How large everything is until the settings are read, in percent.
const USUAL_ZOOM: u32 = 100;

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
    let zoom = app.state::<Engine>().zoom().unwrap_or(USUAL_ZOOM);
    if zoom != USUAL_ZOOM {
        zoom_to(&window, zoom)?;
    }
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

/// Shows everything in the window in a size, in percent of the usual one.
pub fn set_zoom(app: &AppHandle, percent: u32) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    if let Err(error) = zoom_to(&window, percent) {
        tracing::error!(%error, percent, "the window could not be zoomed");
    }
}

/// The page is laid out for the room that is left to it. A window that is too small for that grows.
fn zoom_to(window: &WebviewWindow, percent: u32) -> tauri::Result<()> {
    window.set_zoom(f64::from(percent) / 100.0)?;
    let (width, height) = least(percent);
    window.set_min_size(Some(LogicalSize { width, height }))
}

/// The least size of the window.
fn least(percent: u32) -> (f64, f64) {
    let page = LEAST_PAGE * f64::from(percent) / 100.0;
    (LEAST.0.max(page), LEAST.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_never_too_narrow_for_the_page() {
        assert_eq!(least(80), LEAST);
        assert_eq!(least(150), LEAST);
        assert_eq!(least(200), (640.0, 560.0));
    }
}
