//! macOS: the native lights over the window's own title bar.

use tauri::{Manager, Runtime, TitleBarStyle, WebviewWindow, WebviewWindowBuilder};

/// The native lights lie over the content.
pub fn decorate<R: Runtime, M: Manager<R>>(
    builder: WebviewWindowBuilder<'_, R, M>,
) -> WebviewWindowBuilder<'_, R, M> {
    builder
        .title_bar_style(TitleBarStyle::Overlay)
        .hidden_title(true)
}

/// The system's webview fits itself to the machine.
pub const fn fit(_: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// The menu bar always takes an icon.
pub const fn has_tray() -> bool {
    true
}
