//! `cargo xtask bench --page`: how the page behaves in Chromium with many messages and many prices,
//! by `tests/browser/measure`, against release builds of the engine and the server.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::bench::Report;
use crate::workspace::Workspace;
use crate::{command, system, tools, ui};

/// Measures the page, writes the figures and prints them. `messages`: how many the long talk has;
/// as many as the aims are for unless said otherwise.
pub fn page(yes: bool, json: &Path, messages: Option<u64>) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    tools::check_rust()?;
    tools::check_node()?;
    system::ensure(&[system::Purpose::Build, system::Purpose::Browser], yes)?;
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
    let mut measure = command::program("node");
    measure
        .args(["measure/main.mjs", "--json"])
        .arg(&json)
        .env("TIDINGS_BIN_DIR", workspace.bin_dir(true))
        .current_dir(&folder);
    if let Some(count) = messages {
        measure.args(["--messages", &count.to_string()]);
    }
    command::run(&mut measure)?;
    let text = std::fs::read_to_string(&json).context("the page's bench wrote no figures")?;
    let report: Report =
        serde_json::from_str(&text).context("the page's bench wrote something else")?;
    report.write(&json)?;
    Ok(ExitCode::SUCCESS)
}
