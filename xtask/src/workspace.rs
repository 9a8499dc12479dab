//! Where things are, and what the workspace consists of.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command;

/// The package of the tests across parts, with the tour and the bench.
pub const TESTS: &str = "tidings-tests";
/// The desktop app.
pub const APP: &str = "tidings";

/// The checkout and what Cargo says about it.
pub struct Workspace {
    pub root: PathBuf,
    pub target: PathBuf,
    pub packages: Vec<Package>,
}

/// A package of this workspace.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
    pub features: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// Nothing for a normal dependency, else "dev" or "build".
    pub kind: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

impl Workspace {
    pub fn find() -> Result<Self> {
        // Asked of Cargo as it runs, not as it was built: a build can be shared by checkouts.
        let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from);
        let text = command::capture(
            cargo()
                .args(["metadata", "--format-version", "1", "--no-deps"])
                .current_dir(here),
        )?;
        let metadata: Metadata =
            serde_json::from_str(&text).context("`cargo metadata` answered something else")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages: metadata.packages,
        })
    }

    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Where a profile's programs are.
    pub fn bin_dir(&self, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" })
    }

    /// The one feature set of every build for tests: the UI inside the app, and all tests.
    pub fn features(&self) -> String {
        let mut features = vec![format!("{APP}/custom-protocol")];
        if let Some(tests) = self.package(TESTS) {
            let own = tests.features.keys().filter(|name| *name != "default");
            features.extend(own.map(|name| format!("{TESTS}/{name}")));
        }
        features.join(",")
    }

    /// The app as built in a profile.
    pub fn app(&self, release: bool) -> PathBuf {
        self.bin_dir(release)
            .join(format!("{APP}{}", env::consts::EXE_SUFFIX))
    }

    /// `cargo build` of debug programs with the features and dependencies of the tests, so that
    /// running, testing and touring share one build.
    pub fn debug_build(&self) -> Command {
        let mut command = self.cargo();
        command.args(["build", "--workspace", "--features", &self.features()]);
        command
    }

    /// Cargo, working at the root.
    pub fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }
}

impl Package {
    pub fn dir(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("."))
    }
}

/// The Cargo that started this program, without the variables it set for this package.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let ours = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_PRIMARY_",
        ];
        if ours.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}
