//! The program's own file: workspaces and settings. It holds nothing secret.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tidings_contract::Settings;
use tidings_model::WorkspaceId;

use crate::lock::AttemptsConfig;

const FILE: &str = "config.json";
/// The same once more, for when the file is damaged: it alone says which workspaces there are.
const COPY: &str = "copy.json";
/// Raised when an older program could not read the file any more.
const VERSION: u32 = 1;

/// What is kept between two runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Form of the file.
    #[serde(default)]
    version: u32,
    /// The workspaces of this device.
    #[serde(default)]
    pub workspaces: Vec<WorkspaceConfig>,
    /// The one in front.
    #[serde(default)]
    pub active: Option<WorkspaceId>,
    /// The settings.
    #[serde(default)]
    pub settings: Settings,
    /// Until when alerts are muted, in milliseconds.
    #[serde(default)]
    pub alerts_muted_until: Option<i64>,
    /// Until when notifications are paused, in milliseconds.
    #[serde(default)]
    pub notifications_paused_until: Option<i64>,
    /// The lock, without anything that opens it.
    #[serde(default)]
    pub lock: LockConfig,
}

/// What is kept of the lock here. Its passphrase's hash is a secret, and there is a lock also when it
/// alone says so: changing this file opens nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LockConfig {
    /// Whether there is one, also when the secret cannot be read.
    pub on: bool,
    /// Under which name the hash is kept: found by it where this directory was moved.
    pub name: Option<String>,
    /// Wrong passphrases.
    pub attempts: AttemptsConfig,
}

/// One workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceConfig {
    /// Its id on this device; names its directory and its secrets.
    pub id: WorkspaceId,
    /// Name shown.
    pub name: String,
    /// Where it is.
    pub place: WorkspacePlace,
    /// Mail address last signed in with.
    #[serde(default)]
    pub email: Option<String>,
    /// User last signed in; whose outbox it is.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Session that was open last.
    #[serde(default)]
    pub last_session: Option<String>,
}

/// Where a workspace is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WorkspacePlace {
    /// The embedded server of this program.
    Local,
    /// A Supabase project.
    Project {
        /// Its address.
        url: String,
        /// Its publishable key, which is meant to be public.
        key: String,
    },
}

/// The file could not be read or written.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The disk refused.
    #[error("{path} could not be {action}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// `read`, `written`, `set aside` or `removed`.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The file was written by a newer program.
    #[error("{0} was written by a newer Tidings. Nothing has been changed; start that version.")]
    Newer(PathBuf),
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Where it is now: it is set aside, not overwritten.
    pub aside: PathBuf,
    /// Whether its copy was read in its place; otherwise these are the defaults.
    pub copied: bool,
}

/// Reads and writes the file.
#[derive(Debug, Clone)]
pub struct ConfigFile(PathBuf);

impl ConfigFile {
    /// The file in a directory, which is made when missing.
    pub fn in_directory(directory: &Path) -> Result<Self, ConfigError> {
        let path = directory.join(FILE);
        fs::create_dir_all(directory).map_err(|source| ConfigError::Io {
            path: path.clone(),
            action: "written",
            source,
        })?;
        Ok(Self(path))
    }

    /// Reads the file; the defaults when there is none. A damaged file is set aside, and its copy is
    /// read.
    pub fn read(&self) -> Result<(Config, Option<Damaged>), ConfigError> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Config::default(), None));
            }
            Err(source) => return Err(self.io("read", source)),
        };
        let error = match serde_json::from_slice::<Config>(&text) {
            Ok(config) if config.version > VERSION => {
                return Err(ConfigError::Newer(self.0.clone()));
            }
            Ok(config) => {
                // From before there were copies.
                if !self.copy().exists() {
                    self.write_copy(&text);
                }
                return Ok((config, None));
            }
            Err(error) => error,
        };
        let aside = self.damaged();
        tracing::error!(%error, aside = %aside.display(), "the configuration is damaged");
        let copy = fs::read(self.copy()).ok();
        let copy = copy.and_then(|text| serde_json::from_slice::<Config>(&text).ok());
        if copy.as_ref().is_some_and(|copy| copy.version > VERSION) {
            return Err(ConfigError::Newer(self.copy()));
        }
        fs::rename(&self.0, &aside).map_err(|source| self.io("set aside", source))?;
        let copied = copy.is_some();
        let config = copy.unwrap_or_default();
        if copied {
            // A start that ends here must find them again.
            self.write(&config)?;
        }
        Ok((config, Some(Damaged { aside, copied })))
    }

    /// Replaces the file in one step, so that a crash leaves the old one or the new one, and then
    /// its copy.
    pub fn write(&self, config: &Config) -> Result<(), ConfigError> {
        let config = Config {
            version: VERSION,
            ..config.clone()
        };
        let text = serde_json::to_vec_pretty(&config).map_err(|e| self.io("written", e.into()))?;
        replace(&self.0, &text).map_err(|source| self.io("written", source))?;
        self.write_copy(&text);
        Ok(())
    }

    /// What counts is the file itself. A copy that cannot be written anew is no copy any more.
    fn write_copy(&self, text: &[u8]) {
        if let Err(error) = replace(&self.copy(), text) {
            tracing::warn!(%error, "the copy of the configuration was not written");
            let _ = fs::remove_file(self.copy());
        }
    }

    /// Removes the damaged file that was set aside, if there is one.
    pub fn forget_damaged(&self) -> Result<(), ConfigError> {
        match fs::remove_file(self.damaged()) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(self.io("removed", source))
            }
            _ => Ok(()),
        }
    }

    fn damaged(&self) -> PathBuf {
        self.0.with_extension("damaged.json")
    }

    fn copy(&self) -> PathBuf {
        self.0.with_extension(COPY)
    }

    fn io(&self, action: &'static str, source: io::Error) -> ConfigError {
        ConfigError::Io {
            path: self.0.clone(),
            action,
            source,
        }
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("json.new");
    let mut file = fs::File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = ConfigFile::in_directory(directory.path()).unwrap();
        assert_eq!(file.read().unwrap().0, Config::default());
        let config = Config {
            version: VERSION,
            active: Some(WorkspaceId::mint()),
            settings: Settings {
                enter_sends: false,
                ..Settings::default()
            },
            ..Config::default()
        };
        file.write(&config).unwrap();
        assert_eq!(file.read().unwrap().0, config);
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_a_newer_one_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = ConfigFile::in_directory(directory.path()).unwrap();
        fs::write(directory.path().join(FILE), "{ not json").unwrap();
        let (config, damaged) = file.read().unwrap();
        assert_eq!(config, Config::default());
        let damaged = damaged.unwrap();
        assert_eq!(fs::read_to_string(damaged.aside).unwrap(), "{ not json");
        assert!(!damaged.copied);
        fs::write(directory.path().join(FILE), r#"{"version":99}"#).unwrap();
        assert!(matches!(file.read(), Err(ConfigError::Newer(_))));
    }

    #[test]
    fn the_copy_takes_the_place_of_a_damaged_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = ConfigFile::in_directory(directory.path()).unwrap();
        let config = Config {
            version: VERSION,
            active: Some(WorkspaceId::mint()),
            ..Config::default()
        };
        file.write(&config).unwrap();
        for damage in [
            &b"{\"version\":1,\"workspaces\":[{\"id\""[..],
            b"",
            b"\xff\0",
        ] {
            fs::write(directory.path().join(FILE), damage).unwrap();
            let (read, damaged) = file.read().unwrap();
            assert_eq!(read, config);
            let damaged = damaged.unwrap();
            assert!(damaged.copied);
            assert_eq!(fs::read(damaged.aside).unwrap(), damage);
            // It is there again, as if nothing had been.
            assert_eq!(file.read().unwrap(), (config.clone(), None));
        }
        // One of a newer program is not thrown away for its damaged original.
        fs::write(directory.path().join(FILE), "{").unwrap();
        fs::write(file.copy(), r#"{"version":99}"#).unwrap();
        assert!(matches!(file.read(), Err(ConfigError::Newer(_))));
        assert_eq!(fs::read_to_string(&file.0).unwrap(), "{");
    }

    #[test]
    fn an_older_file_without_new_settings_reads() {
        let directory = tempfile::tempdir().unwrap();
        let file = ConfigFile::in_directory(directory.path()).unwrap();
        fs::write(
            directory.path().join(FILE),
            r#"{"version":1,"settings":{"theme":"dark"}}"#,
        )
        .unwrap();
        assert!(file.read().unwrap().0.settings.enter_sends);
    }
}
