//! `cargo xtask tour`: the real window, driven through the main job, one picture a step.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::session::{APP_PATH, BIN_DIR, Session, TAURI_DRIVER};
use crate::system::{self, Purpose};
use crate::workspace::Workspace;
use crate::{command, package, tools, ui};

pub fn tour(yes: bool, out: &Path, debug: bool) -> Result<ExitCode> {
    let workspace = prepare(yes)?;
    std::fs::create_dir_all(out).with_context(|| format!("could not create {}", out.display()))?;
    let out = out.canonicalize()?;
    if !debug {
        package::build(&workspace, &["--no-bundle"])?;
    }
    let driver = Driver {
        name: "tour",
        deadline: Duration::from_mins(20),
        release: !debug,
    };
    driver.run(
        &workspace,
        &Session::open()?,
        &[OsStr::new("--out"), out.as_os_str()],
        &[],
    )?;
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

/// A program of the tests' package that drives the real window.
pub struct Driver {
    pub name: &'static str,
    pub deadline: Duration,
    /// Which build of the app it drives; the driver itself shares the tests' build.
    pub release: bool,
}

impl Driver {
    pub fn run(
        &self,
        workspace: &Workspace,
        session: &Session,
        args: &[&OsStr],
        variables: &[(&str, &OsStr)],
    ) -> Result<()> {
        let driver = tools::cargo_tool(workspace, &tools::TAURI_DRIVER)?;
        command::run(workspace.debug_build().arg("--bins"))?;
        let bins = workspace.bin_dir(false);
        let mut drive = session.desktop(&bins.join(self.name), args);
        drive
            .env(BIN_DIR, &bins)
            .env(APP_PATH, workspace.app(self.release))
            .env(TAURI_DRIVER, driver)
            .envs(variables.iter().copied())
            .current_dir(&workspace.root);
        let ended = command::stream(&mut drive, self.deadline, |line| println!("{line}"))?;
        if !ended.success() {
            bail!("{} ended with {}", self.name, ended.describe());
        }
        Ok(())
    }
}
