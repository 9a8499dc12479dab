//! The independent server, started once for all tests of this program.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Where it is, and its keys.
#[derive(Debug, Clone, Deserialize)]
pub struct Lite {
    pub url: String,
    pub publishable_key: String,
    pub secret_key: String,
    pub jwt_secret: String,
}

/// What came of starting it.
enum Start {
    Running {
        lite: Lite,
        /// The server ends when this closes, which it does with this process however that ends.
        _leash: Option<ChildStdin>,
    },
    /// This machine lacks something.
    Lacking(String),
}

/// It makes a database first; ample, because a slow machine is no failure.
const DEADLINE: Duration = Duration::from_mins(2);

/// The running server, or why there can be none on this machine.
pub fn lite() -> Result<&'static Lite, &'static str> {
    static START: OnceLock<Result<Start>> = OnceLock::new();
    match START.get_or_init(start) {
        Ok(Start::Running { lite, .. }) => Ok(lite),
        Ok(Start::Lacking(why)) => Err(why),
        Err(error) => panic!("the independent server does not start: {error:#}"),
    }
}

fn start() -> Result<Start> {
    let lacking = |why: &str| Ok(Start::Lacking(why.to_owned()));
    let folder = Path::new("conformance");
    if !folder.join("node_modules/@supabase/lite").is_dir() {
        return lacking("`npm ci` has not run in tests/conformance");
    }
    let Ok(node) = tidings_testkit::node() else {
        return lacking("Node.js is not installed");
    };
    let mut child = Command::new(node)
        .arg(folder.join("lite/main.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let leash = child.stdin.take();
    let output = child.stdout.take().context("no output")?;
    let (told, line) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line).map(|_| line);
        // Whoever asked has given up.
        let _ = told.send(read);
        // The process is done with when it ends.
        let _ = child.wait();
    });
    let line = line
        .recv_timeout(DEADLINE)
        .context("the independent server is not ready")??;
    if line.is_empty() {
        bail!("the independent server ended at once");
    }
    let said: serde_json::Value = serde_json::from_str(&line)?;
    if let Some(why) = said["lacking"].as_str() {
        return lacking(why);
    }
    Ok(Start::Running {
        lite: serde_json::from_value(said)?,
        _leash: leash,
    })
}
