//! The start with the desktop (Linux).

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager as _};

/// Whether the desktop starts the program; none where it has no place for that.
pub fn autostart(app: &AppHandle) -> Option<bool> {
    let config = app.path().config_dir().ok()?;
    Some(Autostart::in_config(&config).is_on())
}

/// Has the desktop start the program, hidden, or not.
pub fn set_autostart(app: &AppHandle, on: bool) -> Result<(), String> {
    let config = app.path().config_dir().map_err(|error| error.to_string())?;
    Autostart::in_config(&config).set(on)
}

/// The entry with which a desktop starts the program (Desktop Application Autostart Specification).
#[derive(Debug, Clone)]
struct Autostart(PathBuf);

impl Autostart {
    /// The entry among a user's settings (`$XDG_CONFIG_HOME`).
    fn in_config(config: &Path) -> Self {
        Self(config.join("autostart").join("tidings.desktop"))
    }

    /// Whether the desktop starts the program.
    fn is_on(&self) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|entry| {
            let says = |line: &str| entry.lines().any(|each| each.trim() == line);
            !says("Hidden=true") && !says("X-GNOME-Autostart-enabled=false")
        })
    }

    /// Has it start the program, hidden, or not.
    fn set(&self, on: bool) -> Result<(), String> {
        let done = if on { self.write() } else { self.remove() };
        done.map_err(|error| format!("{} could not be changed: {error}", self.0.display()))
    }

    fn write(&self) -> io::Result<()> {
        // A program that runs out of an image has another place each time.
        let program = match env::var_os("APPIMAGE") {
            Some(image) => PathBuf::from(image),
            None => env::current_exe()?,
        };
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.0, entry(&program))
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

fn entry(program: &Path) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nName=Tidings\nExec={} --hidden\nIcon=tidings\n\
         Terminal=false\nX-GNOME-Autostart-enabled=true\n",
        quoted(&program.to_string_lossy())
    )
}

/// An argument of `Exec` (Desktop Entry Specification, "The Exec key"): quoted, and then escaped
/// as any text of an entry.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from("\"");
    for c in argument.chars() {
        match c {
            '"' | '`' | '$' => quoted.push_str("\\\\"),
            '\\' => quoted.push_str("\\\\\\"),
            '%' => quoted.push('%'),
            _ => {}
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_entry_is_made_taken_away_and_respected_when_somebody_switched_it_off() {
        let config = tempfile::tempdir().unwrap();
        let autostart = Autostart::in_config(config.path());
        assert!(!autostart.is_on());
        autostart.set(false).unwrap();
        autostart.set(true).unwrap();
        assert!(autostart.is_on());
        let file = config.path().join("autostart/tidings.desktop");
        let entry = fs::read_to_string(&file).unwrap();
        let own = env::current_exe().unwrap();
        let exec = format!("Exec=\"{}\" --hidden", own.display());
        assert!(entry.lines().any(|line| line == exec), "{entry}");
        fs::write(&file, format!("{entry}Hidden=true\n")).unwrap();
        assert!(!autostart.is_on());
        autostart.set(false).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let config = tempfile::tempdir().unwrap();
        fs::write(config.path().join("autostart"), "a file").unwrap();
        let said = Autostart::in_config(config.path()).set(true).unwrap_err();
        assert!(said.contains("tidings.desktop"), "{said}");
    }

    #[test]
    fn what_the_exec_key_reserves_is_escaped() {
        assert_eq!(quoted("/opt/my app/tidings"), "\"/opt/my app/tidings\"");
        assert_eq!(quoted("/a$b"), "\"/a\\\\$b\"");
        assert_eq!(quoted("/100%"), "\"/100%%\"");
        assert_eq!(quoted("/a\\b"), "\"/a\\\\\\\\b\"");
    }
}
