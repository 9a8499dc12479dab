//! Files beside the database, written so that a power failure leaves the old one or the new one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database: its log, and the log's index.
pub(crate) const LOG: &str = "-wal";
/// Memory that the connections share; nothing of it is worth keeping.
pub(crate) const LOG_INDEX: &str = "-shm";

/// The path with something at the end of its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Size in bytes; 0 when there is none.
pub(crate) fn size(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Replaces a small file; on the disk when it returns.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = beside(path, ".new");
    let written = || -> io::Result<()> {
        let mut file = File::create(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        sync_folder_of(path)
    };
    written().inspect_err(|_| {
        // Half a file is of no use; that it stays is no second failure.
        let _ = fs::remove_file(&fresh);
    })
}

/// Copies a file; whole and on the disk when it returns, else not there.
pub(crate) fn copy_durably(from: &Path, to: &Path) -> io::Result<()> {
    let fresh = beside(to, ".new");
    let copied = || -> io::Result<()> {
        fs::copy(from, &fresh)?;
        File::options().write(true).open(&fresh)?.sync_all()?;
        fs::rename(&fresh, to)?;
        sync_folder_of(to)
    };
    copied().inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })
}

/// Gives a file another name, if it is there.
pub(crate) fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    missing_is_fine(fs::rename(from, to))
}

/// Deletes a file, if it is there.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    missing_is_fine(fs::remove_file(path))
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Makes changes of names last. Only Unix opens folders; elsewhere the system sees to it.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => {
            File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
}
