//! A key store that the test plays: `tidings-serve` asks it over a socket.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tidings_testkit::{TempDir, scratch};

/// Keeps the secrets of programs that come and go, for as long as the test has it.
#[derive(Debug)]
pub struct Keeper {
    kept: Arc<Kept>,
    folder: TempDir,
}

type Kept = Mutex<HashMap<String, String>>;

impl Keeper {
    /// Listens in a folder of its own.
    pub fn start() -> Result<Self> {
        let folder = scratch()?;
        let kept = Arc::<Kept>::default();
        let listener = UnixListener::bind(socket(folder.path()))?;
        let served = Arc::downgrade(&kept);
        // It ends with the process; a keeper that is dropped answers nobody.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                std::thread::spawn(move || {
                    let _ = serve(&stream, || served.upgrade());
                });
            }
        });
        Ok(Self { kept, folder })
    }

    /// Where programs find it.
    pub fn socket(&self) -> PathBuf {
        socket(self.folder.path())
    }

    /// The one secret whose name ends so.
    pub fn secret(&self, end: &str) -> Result<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(name, _)| name.ends_with(end));
        Ok(found.context("no such secret")?.1.clone())
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("secrets")
}

fn serve(stream: &UnixStream, kept: impl Fn() -> Option<Arc<Kept>>) -> Result<()> {
    let mut answers = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let question: Value = serde_json::from_str(&line?)?;
        let kept = kept().context("the test is over")?;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |name: &str| question[name].as_str().map(str::to_owned);
        let answer = if let Some(name) = text("get") {
            json!({"value": kept.get(&name)})
        } else if let (Some(name), Some(value)) = (text("set"), text("value")) {
            kept.insert(name, value);
            json!({})
        } else {
            kept.remove(&text("delete").unwrap_or_default());
            json!({})
        };
        drop(kept);
        writeln!(answers, "{answer}")?;
    }
    Ok(())
}
