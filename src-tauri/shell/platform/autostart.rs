//! The start with the desktop (Linux).

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager as _};

/// Before a data directory in `Exec`.
const DATA_DIR: &str = " --data-dir ";

/// Whether the desktop starts the program with this data; none where it has no place for that.
pub fn autostart(app: &AppHandle, data_dir: Option<&Path>) -> Option<bool> {
    let config = app.path().config_dir().ok()?;
    Some(Autostart::in_config(&config, data_dir).is_on())
}

/// Has the desktop start the program, hidden, or not. `data_dir`: where the command line says that
/// its data is.
pub fn set_autostart(app: &AppHandle, data_dir: Option<&Path>, on: bool) -> Result<(), String> {
    let config = app.path().config_dir().map_err(|error| error.to_string())?;
    Autostart::in_config(&config, data_dir).set(on)
}

/// The entry with which a desktop starts the program (Desktop Application Autostart Specification).
/// There is one, as one program runs at a time: it starts the data that it was last made for.
#[derive(Debug, Clone)]
struct Autostart {
    file: PathBuf,
    data_dir: Option<PathBuf>,
}

impl Autostart {
    /// The entry among a user's settings (`$XDG_CONFIG_HOME`).
    fn in_config(config: &Path, data_dir: Option<&Path>) -> Self {
        Self {
            file: config.join("autostart").join("tidings.desktop"),
            data_dir: data_dir.map(Path::to_owned),
        }
    }

    /// Whether the desktop starts the program with this data.
    fn is_on(&self) -> bool {
        let Ok(entry) = fs::read_to_string(&self.file) else {
            return false;
        };
        let says = |line: &str| entry.lines().any(|each| each.trim() == line);
        let exec = entry.lines().find_map(|line| line.strip_prefix("Exec="));
        let same_data = match (&self.data_dir, exec) {
            (None, Some(exec)) => !exec.contains(DATA_DIR),
            (Some(_), Some(exec)) => {
                let own = self.arguments();
                own.is_ok_and(|own| exec.trim_end().ends_with(&own))
            }
            (_, None) => false,
        };
        same_data && !says("Hidden=true") && !says("X-GNOME-Autostart-enabled=false")
    }

    /// Has it start the program, hidden, or not.
    fn set(&self, on: bool) -> Result<(), String> {
        let done = if on { self.write() } else { self.remove() };
        done.map_err(|error| format!("{} could not be changed: {error}", self.file.display()))
    }

    fn write(&self) -> io::Result<()> {
        // A program that runs out of an image has another place each time.
        let program = match env::var_os("APPIMAGE") {
            Some(image) => PathBuf::from(image),
            None => env::current_exe()?,
        };
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Tidings\nExec={}{}\nIcon=tidings\n\
             Terminal=false\nX-GNOME-Autostart-enabled=true\n",
            quoted(&program)?,
            self.arguments()?
        );
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.file, entry)
    }

    /// What follows the program in `Exec`.
    fn arguments(&self) -> io::Result<String> {
        match &self.data_dir {
            Some(directory) => Ok(format!(" --hidden{DATA_DIR}{}", quoted(directory)?)),
            None => Ok(" --hidden".to_owned()),
        }
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

/// An argument of `Exec` (Desktop Entry Specification, "The Exec key"): quoted, and then escaped
/// as any text of an entry. An entry is UTF-8, line by line: another path has no place in it.
fn quoted(path: &Path) -> io::Result<String> {
    let plain = path.to_str().filter(|text| !text.contains(['\n', '\r']));
    let path = plain.ok_or_else(|| {
        io::Error::other(format!("the name of {} has no place in it", path.display()))
    })?;
    let mut quoted = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '`' | '$' => quoted.push_str("\\\\"),
            '\\' => quoted.push_str("\\\\\\"),
            '%' => quoted.push('%'),
            _ => {}
        }
        quoted.push(c);
    }
    quoted.push('"');
    Ok(quoted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_entry_is_made_taken_away_and_respected_when_somebody_switched_it_off() {
        let config = tempfile::tempdir().unwrap();
        let autostart = Autostart::in_config(config.path(), None);
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
    fn the_data_that_the_program_was_started_with_is_started_again() {
        let config = tempfile::tempdir().unwrap();
        let usual = Autostart::in_config(config.path(), None);
        let own = Autostart::in_config(config.path(), Some(Path::new("/data/my 100% $own")));
        let other = Autostart::in_config(config.path(), Some(Path::new("/data")));
        own.set(true).unwrap();
        assert_eq!(
            [usual.is_on(), own.is_on(), other.is_on()],
            [false, true, false]
        );
        let file = config.path().join("autostart/tidings.desktop");
        let entry = fs::read_to_string(&file).unwrap();
        let exec = entry.lines().find(|line| line.starts_with("Exec="));
        assert!(
            exec.unwrap()
                .ends_with(" --hidden --data-dir \"/data/my 100%% \\\\$own\""),
            "{entry}"
        );
        // The one that is switched on last takes the place of the other.
        usual.set(true).unwrap();
        assert_eq!(
            [usual.is_on(), own.is_on(), other.is_on()],
            [true, false, false]
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let config = tempfile::tempdir().unwrap();
        fs::write(config.path().join("autostart"), "a file").unwrap();
        let said = Autostart::in_config(config.path(), None)
            .set(true)
            .unwrap_err();
        assert!(said.contains("tidings.desktop"), "{said}");
        let lines = Autostart::in_config(config.path(), Some(Path::new("/a\nb")));
        assert!(lines.set(true).unwrap_err().contains("no place in it"));
    }

    #[test]
    fn what_the_exec_key_reserves_is_escaped() {
        let quoted = |path: &str| quoted(Path::new(path)).unwrap();
        assert_eq!(quoted("/opt/my app/tidings"), "\"/opt/my app/tidings\"");
        assert_eq!(quoted("/a$b"), "\"/a\\\\$b\"");
        assert_eq!(quoted("/100%"), "\"/100%%\"");
        assert_eq!(quoted("/a\\b"), "\"/a\\\\\\\\b\"");
    }
}
