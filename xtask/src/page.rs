//! `cargo xtask bench --page`: how the page behaves in Chromium with many messages and many prices,
//! by `tests/browser/measure`, against release builds of the engine and the server.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::bench::Report;
use crate::session::{BIN_DIR, Session};
use crate::system::Purpose;
use crate::workspace::Workspace;
use crate::{command, system, tools, ui};

/// Measures the page, writes the figures and prints them. `messages`: how many the long talk has;
/// as many as the aims are for unless said otherwise.
pub fn page(yes: bool, json: &Path, messages: Option<u64>) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    tools::check_rust()?;
    tools::check_node()?;
    let mut needs = vec![Purpose::Build, Purpose::Browser];
    // A screen of its own: everywhere else there is one.
    if cfg!(target_os = "linux") {
        needs.push(Purpose::Session);
    }
    system::ensure(&needs, yes)?;
    let folder = workspace.root.join("tests/browser");
    ui::install(&folder)?;
    ui::build(&workspace.root)?;
    let packages = ["-p", "tidings-serve", "-p", "tidings-local"];
    command::run(
        workspace
            .cargo()
            .args(["build", "--release", "--locked"])
            .args(packages),
    )?;
    let json = std::path::absolute(json)?;
    let count = messages.map(|count| count.to_string());
    let mut args = vec![
        OsStr::new("measure/main.mjs"),
        OsStr::new("--json"),
        json.as_os_str(),
    ];
    if let Some(count) = &count {
        args.extend([OsStr::new("--messages"), OsStr::new(count)]);
    }
    let session = Session::open()?;
    let mut measure = if cfg!(target_os = "linux") {
        session.desktop(Path::new("node"), &args)
    } else {
        let mut measure = command::program("node");
        measure.args(&args);
        measure
    };
    measure
        .env(BIN_DIR, workspace.bin_dir(true))
        .current_dir(&folder);
    command::run(&mut measure)?;
    let text = std::fs::read_to_string(&json).context("the page's bench wrote no figures")?;
    let report: Report =
        serde_json::from_str(&text).context("the page's bench wrote something else")?;
    report.write(&json)?;
    Ok(ExitCode::SUCCESS)
}
