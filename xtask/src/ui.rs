//! The UI's packages and its build, each only when something changed.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use crate::command;

/// Installs a folder's npm packages exactly as its lock file says, if it changed since.
pub fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = fingerprint(&[&lock])?;
    let stamp = folder.join("node_modules/.tidings-installed");
    if is_stamped(&stamp, &wanted) {
        return Ok(());
    }
    command::run(
        command::program("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder),
    )?;
    write_stamp(&stamp, &wanted)
}

/// Builds ui/dist, if a source changed since.
pub fn build(root: &Path) -> Result<()> {
    let folder = root.join("ui");
    install(&folder)?;
    let paths = sources(&folder)?;
    let wanted = fingerprint(
        &paths
            .iter()
            .map(std::path::PathBuf::as_path)
            .collect::<Vec<_>>(),
    )?;
    let stamp = folder.join("node_modules/.tidings-built");
    if folder.join("dist/index.html").is_file() && is_stamped(&stamp, &wanted) {
        return Ok(());
    }
    command::run(
        command::program("npm")
            .args(["run", "build"])
            .current_dir(&folder),
    )?;
    write_stamp(&stamp, &wanted)
}

/// Every file that the build may read, sorted.
fn sources(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("no {}", next.display()))? {
            let path = entry?.path();
            let skipped = ["node_modules", "dist", "tests"]
                .iter()
                .any(|name| path.file_name().is_some_and(|own| own == *name));
            if path.is_dir() && !skipped {
                open.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A short text that differs when a path or its content does.
fn fingerprint(paths: &[&Path]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        path.hash(&mut hasher);
        fs::read(path)
            .with_context(|| format!("could not read {}", path.display()))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn write_stamp(stamp: &Path, text: &str) -> Result<()> {
    // A package that depends on nothing gets no folder from npm.
    stamp
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(stamp, text))
        .with_context(|| format!("could not write {}", stamp.display()))
}

fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}
