//! The user's browser, played by the test. The app finds it as it finds the real one: by the
//! system's `xdg-open`, which is a script of the test's own here.

use std::env;
use std::ffi::OsString;
use std::fs;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tidings_testkit::{DEADLINE, scratch, wait_for};
use url::Url;

use crate::peer::http;

/// Addresses that the app opens in the browser.
#[derive(Debug)]
pub struct Browser {
    dir: TempDir,
}

/// Keeps the address it is given. One short line is appended whole.
const SCRIPT: &str = "#!/bin/sh\nprintf '%s\\n' \"$1\" >> \"${0%/*}/opened\"\n";

impl Browser {
    /// One that has opened nothing yet.
    pub fn new() -> Result<Self> {
        let dir = scratch()?;
        let script = dir.path().join("xdg-open");
        fs::write(&script, SCRIPT)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;

            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { dir })
    }

    /// The `PATH` for an app whose links are to be opened here.
    pub fn path(&self) -> Result<OsString> {
        let others = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&others);
        let all = [self.dir.path().to_owned()].into_iter().chain(folders);
        Ok(env::join_paths(all)?)
    }

    /// The last address, once so many were opened.
    pub async fn opened(&self, count: usize) -> Result<Url> {
        let file = self.dir.path().join("opened");
        let line = wait_for("an address in the browser", DEADLINE, async || {
            let text = fs::read_to_string(&file).ok()?;
            // The last one may be half written.
            let whole = &text[..=text.rfind('\n')?];
            let lines: Vec<_> = whole.lines().collect();
            (lines.len() == count).then(|| lines.last().copied().unwrap_or_default().to_owned())
        })
        .await?;
        line.parse().with_context(|| line)
    }
}

/// Goes wherever an address leads; the text of the page, or nothing where nobody answers.
pub async fn browse(url: Url) -> Option<String> {
    let browser = http().ok()?;
    browser.get(url).send().await.ok()?.text().await.ok()
}

/// Where a browser that is sent to a sign-in is to come back to.
pub fn back(opened: &Url) -> Result<Url> {
    let found = opened.query_pairs().find(|(name, _)| name == "redirect_to");
    let (_, back) = found.context("an address without a way back")?;
    Ok(back.parse()?)
}
