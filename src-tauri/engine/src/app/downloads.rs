//! Files that the user asked for: among the downloads, each under a name of its own.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tidings_model::Timestamp;

use super::App;
use crate::error::{EngineError, Result};

/// Files of the same second that are told apart.
const SAME_SECOND: u32 = 100;

impl App {
    /// Where such files go.
    pub(super) fn downloads(&self) -> PathBuf {
        let options = &self.0.options;
        options
            .downloads
            .clone()
            .unwrap_or_else(|| options.data_dir.clone())
    }
}

/// Makes an empty file `{stem}-{second}.{extension}`; an earlier one is never replaced.
pub(super) fn create(
    directory: &Path,
    stem: &str,
    extension: &str,
    now: Timestamp,
) -> Result<(PathBuf, File)> {
    fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
    let second: String = now
        .to_string()
        .chars()
        .take_while(|c| *c != '.' && *c != 'Z')
        .map(|c| if c == ':' { '-' } else { c })
        .collect();
    for count in 1..=SAME_SECOND {
        let name = match count {
            1 => format!("{stem}-{second}.{extension}"),
            _ => format!("{stem}-{second}-{count}.{extension}"),
        };
        let path = directory.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path, error)),
        }
    }
    Err(failed(directory, io::ErrorKind::AlreadyExists.into()))
}

/// A file that appears whole or not at all. Its name is taken from the start, by an empty file;
/// what is written goes beside it until [`Whole::finish`]. Dropped before, it leaves nothing.
pub(super) struct Whole {
    path: PathBuf,
    part: PathBuf,
    finished: bool,
}

impl Whole {
    /// Takes a name, and opens what is to be written to.
    pub(super) fn create(
        directory: &Path,
        stem: &str,
        extension: &str,
        now: Timestamp,
    ) -> Result<(Self, File)> {
        let (path, _) = create(directory, stem, extension, now)?;
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let whole = Self {
            path,
            part: part.into(),
            finished: false,
        };
        let file = File::create_new(&whole.part).map_err(|source| failed(&whole.part, source))?;
        Ok((whole, file))
    }

    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was written is all of it: it is on the disk before it gets its name.
    pub(super) fn finish(mut self, file: &File) -> Result<PathBuf> {
        file.sync_all()
            .and_then(|()| fs::rename(&self.part, &self.path))
            .map_err(|source| failed(&self.path, source))?;
        self.finished = true;
        Ok(self.path.clone())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        for path in [&self.part, &self.path] {
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "an unfinished file among the downloads was not removed");
            }
        }
    }
}

fn failed(path: &Path, source: io::Error) -> EngineError {
    EngineError::File {
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all_and_replaces_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let now = Timestamp::from_millis(1_763_809_200_123);
        let earlier = directory.path().join("x-2025-11-22T11-00-00.json");
        fs::write(&earlier, "mine").unwrap();

        let (unfinished, mut file) = Whole::create(directory.path(), "x", "json", now).unwrap();
        file.write_all(b"half").unwrap();
        drop(unfinished);
        assert_eq!(names(directory.path()), ["x-2025-11-22T11-00-00.json"]);

        let (whole, mut file) = Whole::create(directory.path(), "x", "json", now).unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(fs::read(whole.path()).unwrap(), b"");
        let path = whole.finish(&file).unwrap();
        assert_eq!(fs::read(path).unwrap(), b"whole");
        assert_eq!(fs::read(earlier).unwrap(), b"mine");
        assert_eq!(
            names(directory.path()),
            ["x-2025-11-22T11-00-00-2.json", "x-2025-11-22T11-00-00.json"]
        );
    }
}
