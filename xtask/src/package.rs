//! `cargo xtask package`: the release binary and its .deb.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::system::{self, Purpose};
use crate::workspace::Workspace;
use crate::{command, tools, ui};

/// Builds the package and says where it is.
pub fn package(yes: bool) -> Result<PathBuf> {
    if !cfg!(target_os = "linux") {
        bail!("only the .deb is built here so far, and that on Linux");
    }
    tools::check_rust()?;
    tools::check_node()?;
    system::ensure(&[Purpose::Build], yes)?;
    let workspace = Workspace::find()?;
    build(&workspace, &["--bundles", "deb"])?;
    let deb = newest_deb(&workspace.bin_dir(true).join("bundle/deb"))
        .context("the build left no .deb")?;
    println!("{}", deb.display());
    Ok(deb)
}

/// The release build as it is shipped.
pub fn build(workspace: &Workspace, args: &[&str]) -> Result<()> {
    ui::install(&workspace.root.join("ui"))?;
    command::run(
        Command::new(workspace.root.join("ui/node_modules/.bin/tauri"))
            .arg("build")
            .args(args)
            .env("CARGO_TARGET_DIR", &workspace.target)
            .current_dir(&workspace.root),
    )
}

fn newest_deb(folder: &Path) -> Option<PathBuf> {
    let modified = |path: &PathBuf| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .max_by_key(modified)
}
