//! The screen that the test runs on.

use std::env;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// Why there is no screen to look at, or nothing when there is one.
pub fn lacking() -> Option<&'static str> {
    env::var_os("DISPLAY")
        .is_none()
        .then_some("no DISPLAY: run under xvfb-run")
}

/// Takes a picture of the whole screen, what other programs show on it included.
pub async fn screenshot(png: &Path) -> Result<()> {
    let taken = Command::new("import")
        .args(["-window", "root"])
        .arg(png)
        .output()
        .await
        .context("import (of ImageMagick) is needed for pictures of the screen")?;
    if !taken.status.success() {
        bail!(
            "no picture of the screen: {}",
            String::from_utf8_lossy(&taken.stderr)
        );
    }
    Ok(())
}
