//! Programs that a test starts, and that end with it.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::wait::DEADLINE;

/// Lines kept of what a program said; older ones are dropped.
const KEPT_LINES: usize = 400;
/// Lines of standard output that wait to be read; past them, further ones go to the log alone.
const WAITING_LINES: usize = 10_000;

/// A program to be started.
#[derive(Debug)]
pub struct Program {
    name: String,
    command: Command,
    with_children: bool,
}

/// A started program. Dropping it kills the process, by its id.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    /// The process group to end with it, by its id.
    group: Option<u32>,
    lines: mpsc::Receiver<String>,
    said: Arc<Mutex<VecDeque<String>>>,
}

impl Program {
    /// A program by path or by name.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self {
            name: name.to_string_lossy().into_owned(),
            command: Command::new(path),
            with_children: false,
        }
    }

    /// Ends the programs that it starts together with it (Unix only).
    #[must_use]
    pub fn with_children(mut self) -> Self {
        self.with_children = true;
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Sets the working folder.
    #[must_use]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Starts it, without input. What it says is kept for [`Running::said`].
    pub fn start(mut self) -> Result<Running> {
        #[cfg(unix)]
        if self.with_children {
            self.command.process_group(0);
        }
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", self.name))?;
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, lines) = mpsc::channel(WAITING_LINES);
        if let Some(output) = child.stdout.take() {
            listen(output, Arc::clone(&said), Some(sender));
        }
        if let Some(errors) = child.stderr.take() {
            listen(errors, Arc::clone(&said), None);
        }
        Ok(Running {
            name: self.name,
            group: child.id().filter(|_| self.with_children && cfg!(unix)),
            child,
            lines,
            said,
        })
    }
}

impl Running {
    /// The process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The next line of its standard output.
    pub async fn line(&mut self) -> Result<String> {
        match tokio::time::timeout(DEADLINE, self.lines.recv()).await {
            Ok(Some(line)) => Ok(line),
            Ok(None) => bail!("{} ended: {}", self.name, self.said()),
            Err(_) => bail!("{} said nothing more: {}", self.name, self.said()),
        }
    }

    /// The first line of its standard output that is a JSON object.
    pub async fn json(&mut self) -> Result<serde_json::Value> {
        loop {
            let line = self.line().await?;
            if line.starts_with('{') {
                return serde_json::from_str(&line)
                    .with_context(|| format!("{} said: {line}", self.name));
            }
        }
    }

    /// What it said last, on both outputs.
    pub fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it ends of itself; whether it said that all was well.
    pub async fn ended(&mut self, deadline: Duration) -> Result<bool> {
        match tokio::time::timeout(deadline, self.child.wait()).await {
            Ok(status) => Ok(status?.success()),
            Err(_) => bail!(
                "{} still runs after {deadline:?}: {}",
                self.name,
                self.said()
            ),
        }
    }

    /// Kills it at once, as a power cut would, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("could not kill")
    }

    /// Asks it to end and waits; kills it if it does not.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(id) = self.id()
            && cfg!(unix)
        {
            let asked = Command::new("kill").arg(id.to_string()).status().await?;
            if asked.success()
                && tokio::time::timeout(DEADLINE, self.child.wait())
                    .await
                    .is_ok()
            {
                return Ok(());
            }
        }
        self.kill().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The group is the child's own, and has its id for as long as anybody is in it.
        if let Some(group) = self.group {
            let _ = std::process::Command::new("kill")
                .args(["-KILL", "--", &format!("-{group}")])
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Passes lines on, and keeps the last.
fn listen(
    from: impl AsyncRead + Send + Unpin + 'static,
    said: Arc<Mutex<VecDeque<String>>>,
    to: Option<mpsc::Sender<String>>,
) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                if said.len() == KEPT_LINES {
                    said.pop_front();
                }
                said.push_back(line.clone());
            }
            if let Some(to) = &to {
                // A full queue means that nobody reads; the log has the line.
                let _ = to.try_send(line);
            }
        }
    });
}
