//! Linux: freedesktop services over D-Bus.

use std::path::Path;
use std::time::Duration;

use tauri::{Manager, Runtime, WebviewWindow, WebviewWindowBuilder};
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt};

/// Where the kernel lists the graphics processors.
const RENDER_NODES: &str = "/dev/dri";

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const DEADLINE: Duration = Duration::from_secs(2);

/// The window draws its own title bar.
pub fn decorate<R: Runtime, M: Manager<R>>(
    builder: WebviewWindowBuilder<'_, R, M>,
) -> WebviewWindowBuilder<'_, R, M> {
    builder.decorations(false)
}

/// Fits a window that was just opened to the machine.
///
/// WebKit draws by OpenGL, which a machine without a graphics processor carries out in software:
/// pages appear later than when WebKit paints them itself, and take more memory.
pub fn fit(window: &WebviewWindow) -> tauri::Result<()> {
    if has_gpu(Path::new(RENDER_NODES)) {
        return Ok(());
    }
    window.with_webview(|webview| {
        if let Some(settings) = WebViewExt::settings(&webview.inner()) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// Whether the kernel offers a processor to draw with: a render node (Linux DRM).
fn has_gpu(nodes: &Path) -> bool {
    std::fs::read_dir(nodes).is_ok_and(|entries| {
        entries
            .filter_map(Result::ok)
            .any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"renderD"))
    })
}

/// Whether the desktop shows tray icons now: somebody owns the watcher's name.
/// Asks the bus, on a thread of its own, for two seconds at most.
pub fn has_tray() -> bool {
    let (told, answer) = std::sync::mpsc::channel();
    let asking = std::thread::Builder::new()
        .name("tray check".to_owned())
        .spawn(move || {
            let _ = told.send(watcher_is_owned());
        });
    asking.is_ok() && answer.recv_timeout(DEADLINE).unwrap_or(false)
}

fn watcher_is_owned() -> bool {
    let ask = async {
        let bus = zbus::Connection::session().await?;
        let dbus = zbus::fdo::DBusProxy::new(&bus).await?;
        let name = zbus::names::BusName::try_from(WATCHER)?;
        zbus::Result::Ok(dbus.name_has_owner(name).await?)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.is_ok_and(|runtime| runtime.block_on(ask).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_graphics_processor_is_one_with_a_render_node() {
        let nodes = tempfile::tempdir().unwrap();
        assert!(!has_gpu(&nodes.path().join("none")));
        std::fs::write(nodes.path().join("card0"), "").unwrap();
        assert!(!has_gpu(nodes.path()));
        std::fs::write(nodes.path().join("renderD128"), "").unwrap();
        assert!(has_gpu(nodes.path()));
    }
}
