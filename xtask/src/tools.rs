//! The language tools: the versions Tidings is built with, and the Cargo tools its tests use.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::workspace::{Workspace, cargo};

/// The oldest Rust that builds Tidings; `rust-version` in Cargo.toml says the same.
const RUST: Version = Version(1, 95, 0);
/// The oldest Node that builds the UI; `engines` in ui/package.json says the same.
const NODE: Version = Version(20, 19, 0);

/// A program installed by Cargo, at the version that the tests are written for.
pub struct CargoTool {
    pub name: &'static str,
    version: &'static str,
    /// Arguments to which an installed one answers with its version; without them its presence
    /// is enough, because its installation folder records the version.
    version_args: Option<&'static [&'static str]>,
}

pub const CARGO_DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    version_args: Some(&["--version"]),
};
pub const TAURI_DRIVER: CargoTool = CargoTool {
    name: "tauri-driver",
    version: "2.1.0",
    version_args: None,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32);

pub fn check_rust() -> Result<()> {
    let found = command::capture(Command::new("rustc").arg("--version"))
        .context("Rust is needed: https://rustup.rs")?;
    at_least("Rust", &found, RUST, "rustup update stable")
}

pub fn check_node() -> Result<()> {
    let found = command::capture(Command::new("node").arg("--version"))
        .with_context(|| format!("Node {NODE} or newer is needed: https://nodejs.org"))?;
    at_least(
        "Node",
        &found,
        NODE,
        "install a newer one from https://nodejs.org",
    )?;
    command::capture(command::program("npm").arg("--version"))
        .context("npm is needed; it comes with Node")?;
    Ok(())
}

/// Sees to it that `cargo <subcommand>` is there, from rustup where that is in use.
pub fn rustup_component(component: &str, subcommand: &str) -> Result<()> {
    if command::capture(cargo().args([subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    command::run(Command::new("rustup").args(["component", "add", component]))
        .with_context(|| format!("{component} is not installed"))
}

/// The path of a Cargo tool at exactly its version, installed beside the builds when absent.
pub fn cargo_tool(workspace: &Workspace, tool: &CargoTool) -> Result<PathBuf> {
    let folder = workspace
        .target
        .join("tools")
        .join(format!("{}-{}", tool.name, tool.version));
    let own = folder
        .join("bin")
        .join(format!("{}{}", tool.name, std::env::consts::EXE_SUFFIX));
    if own.is_file() {
        return Ok(own);
    }
    if let Some(found) = installed(tool) {
        return Ok(found);
    }
    println!(
        "{} {} is not installed; Cargo builds it (minutes, once).",
        tool.name, tool.version
    );
    let build = workspace.target.join("tools").join("build");
    command::run(
        cargo()
            .args(["install", tool.name, "--locked", "--version"])
            .arg(format!("={}", tool.version))
            .arg("--root")
            .arg(&folder)
            .env("CARGO_TARGET_DIR", &build),
    )?;
    let _ = std::fs::remove_dir_all(build);
    if !own.is_file() {
        bail!(
            "{} was installed, but is not at {}",
            tool.name,
            own.display()
        );
    }
    Ok(own)
}

/// One that the user installed, if it is exactly the version wanted.
fn installed(tool: &CargoTool) -> Option<PathBuf> {
    if let Some(args) = tool.version_args {
        let said = command::capture(Command::new(tool.name).args(args)).ok()?;
        return said
            .contains(tool.version)
            .then(|| command::on_path(tool.name))?;
    }
    let list = command::capture(cargo().args(["install", "--list"])).ok()?;
    let entry = format!("{} v{}:", tool.name, tool.version);
    list.contains(&entry).then(|| command::on_path(tool.name))?
}

fn at_least(what: &str, found: &str, needed: Version, remedy: &str) -> Result<()> {
    let version = Version::read(found)
        .with_context(|| format!("{what} says an unreadable version: {}", found.trim()))?;
    if version < needed {
        bail!("{what} {needed} or newer is needed, this is {version}: {remedy}");
    }
    println!("{what} {version} (needs {needed} or newer)");
    Ok(())
}

impl Version {
    /// The first dotted number in a text such as `rustc 1.95.0 (f2d3ce0bd 2026-03-21)` or `v20.20.2`.
    fn read(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(|word| {
            let mut numbers = word.trim_start_matches('v').split(['.', '-', '+']);
            let mut next = || numbers.next()?.parse().ok();
            Some(Self(next()?, next()?, next().unwrap_or(0)))
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(major, minor, 0) => write!(formatter, "{major}.{minor}"),
            Self(major, minor, patch) => write!(formatter, "{major}.{minor}.{patch}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_say() {
        let read = Version::read;
        assert_eq!(
            read("rustc 1.95.0 (f2d3ce0bd 2026-03-21)\n"),
            Some(Version(1, 95, 0))
        );
        assert_eq!(
            read("rustc 1.97.0-nightly (abc 2026-05-01)"),
            Some(Version(1, 97, 0))
        );
        assert_eq!(read("v20.20.2\n"), Some(Version(20, 20, 2)));
        assert_eq!(read("node"), None);
    }

    #[test]
    fn versions_compare_by_number_not_by_text() {
        assert!(Version(1, 100, 0) > RUST);
        assert!(Version(20, 9, 9) < NODE);
        assert!(Version(22, 0, 0) > NODE);
    }

    #[test]
    fn the_stated_minimum_is_the_one_in_the_manifest() {
        let manifest = include_str!("../../Cargo.toml");
        assert!(manifest.contains(&format!("rust-version = \"{RUST}\"")));
    }
}
