//! One program at a time on a directory: two would each send what waits, and clean up after the
//! other.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{EngineError, Result};

const FILE: &str = "instance.lock";
/// One that is just ending needs this long at most.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The right to use a directory. It ends with the value, and with the program however it ends.
#[derive(Debug)]
pub(super) struct Instance {
    _file: File,
}

impl Instance {
    /// Waits until no other program uses the directory.
    ///
    /// # Errors
    /// [`EngineError::InUse`] when one still does after ten seconds.
    pub async fn of(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let file = File::create(&path).map_err(|source| EngineError::File {
            path: path.clone(),
            source,
        })?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(EngineError::InUse(directory.to_owned()));
                }
                Err(TryLockError::Error(source)) => return Err(EngineError::File { path, source }),
            }
        }
    }
}
