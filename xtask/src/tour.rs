//! `cargo xtask tour`: the real window, driven through the main job, one picture a step; and every
//! screen in every look, which can become the approved ones.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::session::{APP_PATH, BIN_DIR, Session, TAURI_DRIVER};
use crate::system::{self, Purpose};
use crate::workspace::Workspace;
use crate::{command, package, tools, ui};

/// Some three hundred pictures, a fraction of a second each.
const SCREENS_DEADLINE: Duration = Duration::from_mins(20);

pub fn tour(yes: bool, out: Option<PathBuf>, debug: bool, approve: bool) -> Result<ExitCode> {
    let out = out.map(|out| made(&out)).transpose()?;
    screens(yes, out.as_deref(), approve)?;
    if let Some(out) = &out {
        if !approve {
            window(yes, out, debug)?;
        }
        println!("Pictures: {}", out.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Every screen of the page in Chromium, into `screens`; or made the approved ones.
fn screens(yes: bool, out: Option<&Path>, approve: bool) -> Result<()> {
    tools::check_node()?;
    system::ensure(&[Purpose::Browser], yes)?;
    let root = Workspace::find()?.root;
    let folder = root.join("tests/pictures");
    for packages in [&root.join("ui"), &root.join("tests/browser"), &folder] {
        ui::install(packages)?;
    }
    let mut tour = Command::new("node");
    tour.arg("tour.mjs").current_dir(&folder);
    if let Some(out) = out {
        tour.arg("--out").arg(out.join("screens"));
    }
    if approve {
        tour.arg("--approve");
    }
    let session = Session::open()?;
    session.isolate(&mut tour);
    let ended = command::stream(&mut tour, SCREENS_DEADLINE, |line| println!("{line}"))?;
    if !ended.success() {
        bail!("the tour of the screens ended with {}", ended.describe());
    }
    Ok(())
}

/// The steps of the main job in the real window, into `window`.
fn window(yes: bool, out: &Path, debug: bool) -> Result<()> {
    let workspace = prepare(yes)?;
    let out = made(&out.join("window"))?;
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
    )
}

/// The folder, which is there from now on, as a path that holds from anywhere.
fn made(folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not create {}", folder.display()))?;
    Ok(folder.canonicalize()?)
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
