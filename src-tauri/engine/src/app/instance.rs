//! One program at a time on a directory: two would each send what waits, and clean up after the
//! other.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{EngineError, Result};

const FILE: &str = "instance.lock";
/// One that is just ending needs this long at most.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The right to use a directory. It ends with the value, and with the program however it ends.
#[derive(Debug)]
pub(super) struct Instance {
    _file: File,
}

impl Instance {
    /// Waits until no other program uses the directory, for so long at most.
    ///
    /// # Errors
    /// [`EngineError::InUse`] when one still does.
    pub async fn of(directory: &Path, patience: Duration) -> Result<Self> {
        let path = directory.join(FILE);
        let file = File::create(&path).map_err(|source| EngineError::File {
            path: path.clone(),
            source,
        })?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if begin.elapsed() < patience => {
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

    #[tokio::test]
    async fn a_second_one_waits_for_the_first_to_end_and_says_so_when_it_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let first = Instance::of(path, Duration::ZERO).await.unwrap();
        let refused = Instance::of(path, Duration::ZERO).await.unwrap_err();
        assert!(matches!(refused, EngineError::InUse(_)), "{refused}");
        let said = refused.to_string();
        assert!(said.contains("running already"), "{said}");
        let waiting = Instance::of(path, Duration::MAX);
        let ending = async {
            // The other has looked, and found it taken.
            tokio::task::yield_now().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(waiting, ending);
        drop(second.unwrap());
        // A file that was left behind is no instance.
        Instance::of(path, Duration::ZERO).await.unwrap();
    }
}
