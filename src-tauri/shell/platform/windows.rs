//! Windows: the taskbar's corner.

use tauri::{Manager, Runtime, WebviewWindow, WebviewWindowBuilder};

/// The window draws its own title bar.
pub fn decorate<R: Runtime, M: Manager<R>>(
    builder: WebviewWindowBuilder<'_, R, M>,
) -> WebviewWindowBuilder<'_, R, M> {
    builder.decorations(false)
}

/// The system's webview fits itself to the machine.
pub const fn fit(_: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// The taskbar always takes an icon.
pub const fn has_tray() -> bool {
    true
}
