//! One program at a time on a directory: two would each send what waits, and clean up after the
//! other.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_one_waits_for_the_first_to_end_and_says_so_when_it_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let first = Instance::of(directory.path()).await.unwrap();
        let refused = Instance::of(directory.path()).await.unwrap_err();
        assert!(matches!(refused, EngineError::InUse(_)), "{refused}");
        assert!(refused.to_string().contains("running already"), "{refused}");
        let path = directory.path().to_owned();
        let second = tokio::spawn(async move { Instance::of(&path).await });
        tokio::task::yield_now().await;
        drop(first);
        second.await.unwrap().unwrap();
        // A file that was left behind is no instance.
        Instance::of(directory.path()).await.unwrap();
    }
}
