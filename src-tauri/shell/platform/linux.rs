//! Linux: freedesktop services over D-Bus.

use std::time::Duration;

use tauri::{Manager, Runtime, WebviewWindowBuilder};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const DEADLINE: Duration = Duration::from_secs(2);

/// The window draws its own title bar.
pub fn decorate<R: Runtime, M: Manager<R>>(
    builder: WebviewWindowBuilder<'_, R, M>,
) -> WebviewWindowBuilder<'_, R, M> {
    builder.decorations(false)
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
