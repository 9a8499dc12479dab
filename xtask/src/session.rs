//! A desktop session of its own: a home nobody else uses, and, where a window is wanted, a screen
//! in memory, a message bus and an unlocked Secret Service.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{self, RUN_MARK};
use crate::system::{self, Purpose};

/// The folder that holds the built programs.
pub const BIN_DIR: &str = "TIDINGS_BIN_DIR";
/// The app under test.
pub const APP_PATH: &str = "TIDINGS_APP";
/// The tauri-driver to drive the window with.
pub const TAURI_DRIVER: &str = "TIDINGS_TAURI_DRIVER";

/// Starts the keyring on the session's bus, then becomes the program. What the keyring says goes
/// to the error output, so that it cannot hold the program's output open.
const INSIDE: &str = "printf %s tidings \
    | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec \"$@\"";

/// Removed with everything that ran in it when dropped.
pub struct Session {
    dir: PathBuf,
    mark: String,
}

impl Session {
    pub fn open() -> Result<Self> {
        Self::open_as("run")
    }

    fn open_as(name: &str) -> Result<Self> {
        // Short, because socket paths below it end at 108 bytes.
        let mark = format!("tidings-{name}-{}", std::process::id());
        Self::make(std::env::temp_dir().join(&mark), mark)
    }

    /// A fresh one inside another; it ends what runs in both.
    pub fn nested(outer: &Self, name: &str) -> Result<Self> {
        Self::make(outer.path(name), outer.mark.clone())
    }

    fn make(dir: PathBuf, mark: String) -> Result<Self> {
        private_dir(&dir).with_context(|| format!("could not create {}", dir.display()))?;
        let session = Self { dir, mark };
        for (_, folder) in FOLDERS {
            private_dir(&session.dir.join(folder))?;
        }
        Ok(session)
    }

    /// A file or folder of the session's own, gone with it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Gives the command this session's home, and nothing of the desktop it is started from.
    pub fn isolate(&self, command: &mut Command) {
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        // What these hold is expensive and says nothing about the user.
        for (name, folder) in [
            ("CARGO_HOME", ".cargo"),
            ("RUSTUP_HOME", ".rustup"),
            ("npm_config_cache", ".npm"),
        ] {
            if std::env::var_os(name).is_none() {
                command.env(name, home.join(folder));
            }
        }
        for (name, folder) in FOLDERS {
            command.env(name, self.dir.join(folder));
        }
        for name in [
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "XAUTHORITY",
            "DBUS_SESSION_BUS_ADDRESS",
            "GNOME_KEYRING_CONTROL",
            "SUPABASE_URL",
            "SUPABASE_ANON_KEY",
            "SUPABASE_PUBLISHABLE_KEY",
            "REALTIME_DEBUG",
        ] {
            command.env_remove(name);
        }
        command
            .env(RUN_MARK, &self.mark)
            .env("LC_ALL", "C.UTF-8")
            .env("GDK_BACKEND", "x11");
    }

    /// The program with a screen, a bus and a keyring around it. The home is set outside, or the
    /// services that the bus starts would use the real one.
    pub fn desktop(&self, program: &Path, args: &[&OsStr]) -> Command {
        let mut command = Command::new("xvfb-run");
        command
            .args([
                "-a",
                "-s",
                "-screen 0 1280x900x24",
                "dbus-run-session",
                "--",
            ])
            .args(["sh", "-c", INSIDE, "sh"])
            .arg(program)
            .args(args);
        self.isolate(&mut command);
        command
    }

    /// Why no desktop session can be had here, or nothing when it can.
    pub fn desktop_lacking() -> Option<String> {
        if cfg!(target_os = "linux") {
            system::lacking(&[Purpose::Session])
        } else {
            Some("a desktop session of its own is only made on Linux".to_owned())
        }
    }

    /// Ends whatever a program left running.
    pub fn end_leftovers(&self) {
        command::end_marked(&self.mark);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end_leftovers();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

const FOLDERS: [(&str, &str); 6] = [
    ("HOME", "home"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_RUNTIME_DIR", "run"),
];

/// Fails when it is there already, so that nobody else's folder is used.
fn private_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_session_has_a_home_of_its_own_and_leaves_nothing() {
        let session = Session::open_as("home").unwrap();
        let dir = session.dir.clone();
        let mut command = Command::new("true");
        session.isolate(&mut command);
        let set = |name: &str| {
            command
                .get_envs()
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value)
        };
        assert_eq!(set("HOME"), Some(Some(dir.join("home").as_os_str())));
        assert_eq!(set("DBUS_SESSION_BUS_ADDRESS"), Some(None));
        assert!(dir.join("run").is_dir());
        drop(session);
        assert!(!dir.exists());
    }

    #[test]
    fn a_desktop_has_a_screen_a_bus_and_an_unlocked_secret_service() {
        if let Some(reason) = Session::desktop_lacking() {
            println!("SKIPPED: desktop session: {reason}");
            return;
        }
        let session = Session::open_as("desktop").unwrap();
        let script = "echo \"screen $DISPLAY\"; echo \"home $HOME\"; \
            gdbus call --session --dest org.freedesktop.secrets \
            --object-path /org/freedesktop/secrets/collection/login \
            --method org.freedesktop.DBus.Properties.Get \
            org.freedesktop.Secret.Collection Locked";
        let mut lines = Vec::new();
        let ended = command::stream(
            &mut session.desktop(Path::new("sh"), &[OsStr::new("-c"), OsStr::new(script)]),
            Duration::from_mins(2),
            |line| lines.push(line.to_owned()),
        )
        .unwrap();
        assert!(ended.success(), "{lines:?}");
        assert!(lines[0].starts_with("screen :"), "{lines:?}");
        assert_eq!(lines[1], format!("home {}", session.path("home").display()));
        assert_eq!(lines[2], "(<false>,)");
    }
}
