//! The Rust tests: built once with one feature set, then each program run in its own place, the
//! ones that need a window inside a desktop session.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::totals::{Counted, Libtest};
use super::{Run, failed, passed, skipped, steps};
use crate::session::{APP_PATH, BIN_DIR, Session, TAURI_DRIVER};
use crate::workspace::TESTS;
use crate::{command, tools, ui};

/// The tests of this package that drive a window or talk to desktop services.
const WINDOW_TESTS: [&str; 2] = ["native", "e2e"];

/// For one test program; ample, because a slow machine is no failure.
const DEADLINE: Duration = Duration::from_mins(15);
const WINDOW_DEADLINE: Duration = Duration::from_mins(40);
const BUILD_DEADLINE: Duration = Duration::from_hours(3);

/// A built test program.
#[derive(Clone)]
pub struct Program {
    package: String,
    /// The target's name: the library's, or the file's in tests/.
    name: String,
    folder: PathBuf,
    executable: PathBuf,
}

impl Program {
    fn needs_desktop(&self) -> bool {
        self.package == TESTS && WINDOW_TESTS.contains(&self.name.as_str())
    }
}

/// Compiles everything; one count.
pub fn build(run: &mut Run) -> Result<Counted> {
    let Ok(programs) = programs(run) else {
        return not_built(run);
    };
    println!("{} test programs", programs.len());
    Ok(passed())
}

/// Compiles everything, unless that was tried before; whether it could be.
pub fn is_built(run: &mut Run) -> bool {
    programs(run).is_ok()
}

/// What a part says that needs programs which could not be built: the first one fails, and the
/// others are skipped.
pub fn not_built(run: &mut Run) -> Result<Counted> {
    if let Some(Err(why)) = &run.programs
        && !std::mem::replace(&mut run.failure_told, true)
    {
        bail!("{why}");
    }
    Ok(skipped("the build failed"))
}

/// Runs the programs that need no desktop.
pub fn tests(run: &mut Run) -> Result<Counted> {
    let Ok(programs) = programs(run) else {
        return not_built(run);
    };
    let mut counted = Counted::default();
    for program in programs.iter().filter(|program| !program.needs_desktop()) {
        let mut command = Command::new(&program.executable);
        command.arg("--show-output");
        run.session.isolate(&mut command);
        counted.add(execute(run, program, &mut command, DEADLINE)?);
    }
    Ok(counted)
}

/// Runs the programs that need a desktop, each in a fresh one.
pub fn window(run: &mut Run) -> Result<Counted> {
    if let Some(reason) = Session::desktop_lacking() {
        return Ok(skipped(&reason));
    }
    let Ok(programs) = programs(run) else {
        return not_built(run);
    };
    let driver = tools::cargo_tool(&run.workspace, &tools::TAURI_DRIVER)?;
    let mut counted = Counted::default();
    for name in WINDOW_TESTS {
        let Some(program) = programs
            .iter()
            .find(|own| own.needs_desktop() && own.name == name)
        else {
            counted.add(failed(&format!("{TESTS} has no test program `{name}`")));
            continue;
        };
        // One after the other: they share the screen, the bus and its well-known names.
        let args = ["--show-output", "--test-threads=1"].map(OsStr::new);
        let session = Session::nested(&run.session, name)?;
        let mut command = session.desktop(&program.executable, &args);
        command.env(TAURI_DRIVER, &driver);
        counted.add(execute(run, program, &mut command, WINDOW_DEADLINE)?);
    }
    Ok(counted)
}

/// Runs the examples in the documentation.
pub fn doc(run: &mut Run) -> Result<Counted> {
    if !is_built(run) {
        return not_built(run);
    }
    let mut command = run.workspace.cargo();
    command
        .args([
            "test",
            "--workspace",
            "--doc",
            "--features",
            &run.workspace.features(),
        ])
        .args(["--", "--show-output"]);
    let mut libtest = Libtest::default();
    let ended = command::stream(&mut command, BUILD_DEADLINE, |line| {
        if libtest.line(line) {
            println!("{line}");
        }
    })?;
    Ok(libtest.finish(ended.success(), &format!("ended with {}", ended.describe())))
}

/// Runs one program with the environment that Cargo would give it.
fn execute(
    run: &Run,
    program: &Program,
    command: &mut Command,
    deadline: Duration,
) -> Result<Counted> {
    println!("\n{} · {}", program.package, program.name);
    command
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .env("CARGO_PKG_NAME", &program.package)
        .env("INSTA_WORKSPACE_ROOT", &run.workspace.root)
        .env("INSTA_UPDATE", "no")
        .env("RUST_BACKTRACE", "1")
        .env(BIN_DIR, run.workspace.bin_dir(false))
        .env(APP_PATH, run.workspace.app(false));
    let mut libtest = Libtest::default();
    let ended = command::stream(command, deadline, |line| {
        if libtest.line(line) {
            println!("{line}");
        }
    })?;
    let mut counted = libtest.finish(ended.success(), &ended.describe());
    for note in &mut counted.notes {
        *note = format!("{note} [{} · {}]", program.package, program.name);
    }
    Ok(counted)
}

/// The test programs, built at the first call.
fn programs(run: &mut Run) -> Result<Vec<Program>, String> {
    if run.programs.is_none() {
        run.programs = Some(compile(run).map_err(|error| format!("{error:#}")));
    }
    run.programs
        .clone()
        .unwrap_or_else(|| Err("the build did not run".to_owned()))
}

/// A line of `--message-format=json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

fn compile(run: &Run) -> Result<Vec<Program>> {
    ui::build(&run.workspace.root)?;
    for folder in steps::npm_folders(&run.workspace)? {
        ui::install(&folder)?;
    }
    let features = run.workspace.features();
    // Test programs first, so that the plain programs join the same feature set.
    let mut build = run.workspace.cargo();
    build.args([
        "test",
        "--workspace",
        "--all-targets",
        "--no-run",
        "--message-format=json-render-diagnostics",
        "--features",
        &features,
    ]);
    println!("$ {}", command::show(&build));
    let mut programs = Vec::new();
    let ended = command::stream(&mut build, BUILD_DEADLINE, |line| {
        programs.extend(program(run, line));
    })?;
    if !ended.success() {
        bail!("`cargo test --no-run` ended with {}", ended.describe());
    }
    command::run(run.workspace.debug_build().arg("--all-targets"))
        .context("the tests were built, the programs were not")?;
    Ok(programs)
}

/// The test program that a line tells of.
fn program(run: &Run, line: &str) -> Option<Program> {
    let message: Message = serde_json::from_str(line).ok()?;
    let is_test = message.reason == "compiler-artifact" && message.profile?.test;
    let (manifest, executable) = (message.manifest_path?, message.executable?);
    let package = run
        .workspace
        .packages
        .iter()
        .find(|package| package.manifest_path == manifest)?;
    is_test.then(|| Program {
        package: package.name.clone(),
        name: message.target.map(|target| target.name).unwrap_or_default(),
        folder: package.dir().to_owned(),
        executable,
    })
}
