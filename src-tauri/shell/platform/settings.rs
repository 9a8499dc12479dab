//! The desktop's own settings of notifications (Linux).

use std::env;
use std::process::{Command, Stdio};

use tauri::AppHandle;

/// Programs that show the settings of notifications, by the name of the desktop.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("GNOME", &["gnome-control-center", "notifications"]),
    ("KDE", &["systemsettings", "kcm_notifications"]),
    ("XFCE", &["xfce4-notifyd-config"]),
    ("X-Cinnamon", &["cinnamon-settings", "notifications"]),
    ("MATE", &["mate-notification-properties"]),
    ("LXQt", &["lxqt-config-notificationd"]),
];

/// Opens the desktop's settings of notifications.
pub fn open_notification_settings(_: &AppHandle) -> Result<(), String> {
    let Some(command) = settings_program() else {
        return Err("This desktop has no settings of notifications that are known.".to_owned());
    };
    let [program, arguments @ ..] = command else {
        return Err("This desktop has no settings of notifications that are known.".to_owned());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program} could not be started: {error}"))?;
    // Somebody has to take its end.
    let waiting = std::thread::Builder::new().name("settings".to_owned());
    let _ = waiting.spawn(move || child.wait());
    Ok(())
}

/// Whether there is something to open.
pub fn has_notification_settings() -> bool {
    settings_program().is_some()
}

fn settings_program() -> Option<&'static [&'static str]> {
    let desktop = env::var("XDG_CURRENT_DESKTOP").ok()?;
    let path = env::var_os("PATH")?;
    let command = program_of(&desktop)?;
    let there = env::split_paths(&path).any(|folder| folder.join(command[0]).is_file());
    there.then_some(command)
}

/// The program of a desktop; `XDG_CURRENT_DESKTOP` may name several, the closest first.
fn program_of(desktop: &str) -> Option<&'static [&'static str]> {
    desktop.split(':').find_map(|name| {
        let known = PROGRAMS.iter().find(|(known, _)| *known == name);
        known.map(|(_, command)| *command)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_desktop_that_is_known_counts() {
        assert_eq!(program_of("ubuntu:GNOME"), Some(PROGRAMS[0].1));
        assert_eq!(program_of("KDE"), Some(PROGRAMS[1].1));
        assert_eq!(program_of("Sway"), None);
    }
}
