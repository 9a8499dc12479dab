//! Where programs are, and folders that end with the test.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A program of this workspace, built before: in `TIDINGS_BIN_DIR`, else in the debug folder of
/// `CARGO_TARGET_DIR`, else of the workspace's own `target`.
pub fn binary(name: &str) -> Result<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let folder = match (
        env::var_os("TIDINGS_BIN_DIR"),
        env::var_os("CARGO_TARGET_DIR"),
    ) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(target)) => Path::new(&target).join("debug"),
        (None, None) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug"),
    };
    let path = folder.join(file);
    if !path.is_file() {
        bail!(
            "no {} (build it first: cargo build -p {name})",
            path.display()
        );
    }
    Ok(path)
}

/// Node.js: `TIDINGS_NODE`, else the first on the `PATH`.
pub fn node() -> Result<PathBuf> {
    match env::var_os("TIDINGS_NODE") {
        Some(path) => Ok(path.into()),
        None => find_on_path("node").context("Node.js is needed for this test"),
    }
}

/// The first program of a name on the `PATH`.
pub fn find_on_path(name: &str) -> Result<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("no {name} on the PATH"))
}

/// An empty folder that is removed when dropped. Its path is short: sockets may lie in it.
pub fn scratch() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("tidings-")
        .tempdir()
        .context("no temporary folder")
}
