//! `cargo xtask tour`: the real window, driven through the main job, one picture a step.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::session::{BIN_DIR, Session, TAURI_DRIVER};
use crate::system::{self, Purpose};
use crate::workspace::{APP, TESTS, Workspace};
use crate::{command, tools, ui};

const DEADLINE: Duration = Duration::from_mins(20);

pub fn tour(yes: bool, out: &Path, debug: bool) -> Result<ExitCode> {
    let workspace = prepare(yes)?;
    let driver = tools::cargo_tool(&workspace, &tools::TAURI_DRIVER)?;
    std::fs::create_dir_all(out).with_context(|| format!("could not create {}", out.display()))?;
    let out = out.canonicalize()?;
    build(&workspace, !debug)?;

    let session = Session::open()?;
    let bins = workspace.bin_dir(!debug);
    let mut drive = session.desktop(&bins.join("tour"), &[OsStr::new("--out"), out.as_os_str()]);
    drive
        .env(BIN_DIR, &bins)
        .env(TAURI_DRIVER, driver)
        .current_dir(&workspace.root);
    let ended = command::stream(&mut drive, DEADLINE, |line| println!("{line}"))?;
    if !ended.success() {
        bail!("the tour ended with {}", ended.describe());
    }
    println!("Pictures: {}", out.display());
    Ok(ExitCode::SUCCESS)
}

/// Everything a build and a desktop session need.
pub fn prepare(yes: bool) -> Result<Workspace> {
    tools::check_rust()?;
    tools::check_node()?;
    system::ensure(&[Purpose::Build, Purpose::Session], yes)?;
    if let Some(reason) = Session::desktop_lacking() {
        bail!("{reason}");
    }
    let workspace = Workspace::find()?;
    ui::build(&workspace.root)?;
    Ok(workspace)
}

/// The app and the programs that drive it, in one profile.
pub fn build(workspace: &Workspace, release: bool) -> Result<()> {
    command::run(
        workspace
            .cargo()
            .args([
                "build",
                "--package",
                APP,
                "--package",
                TESTS,
                "--bins",
                "--features",
            ])
            .arg(workspace.features())
            .args(release.then_some("--release")),
    )
}
