//! Windows: the taskbar's corner.

use tauri::{Manager, Runtime, WebviewWindowBuilder};

/// The window draws its own title bar.
pub fn decorate<R: Runtime, M: Manager<R>>(
    builder: WebviewWindowBuilder<'_, R, M>,
) -> WebviewWindowBuilder<'_, R, M> {
    builder.decorations(false)
}

/// The taskbar always takes an icon.
pub const fn has_tray() -> bool {
    true
}
