//! `cargo xtask bench --figures`: what alerts, keeping up, the cache and searching cost, as ratios in
//! one run each, by the programs of `bench/`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::bench::Report;
use crate::workspace::Workspace;
use crate::{command, system, tools, ui};

/// The programs, in the order in which they run, and whether they ask how many messages there are.
const PROGRAMS: [(&str, bool); 3] = [("alerts", false), ("cache", true), ("sync", true)];

/// Runs the programs one after another, writes all figures and prints them together. `messages`:
/// how many are in the large cache; as many as the aims are for unless said otherwise.
pub fn figures(yes: bool, json: &Path, messages: Option<u64>) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    tools::check_rust()?;
    tools::check_node()?;
    system::ensure(&[system::Purpose::Build], yes)?;
    ui::install(&workspace.root.join("tests/conformance"))?;
    let cargo = |verb: &str| {
        let mut cargo = workspace.cargo();
        cargo.args([
            verb,
            "--release",
            "--locked",
            "--manifest-path",
            "bench/Cargo.toml",
        ]);
        cargo
    };
    // Before anything is measured.
    command::run(cargo("build").arg("--bins"))?;
    let mut all = Report::default();
    for (program, asks) in PROGRAMS {
        let part = json.with_extension(format!("{program}.json"));
        let mut run = cargo("run");
        run.args(["--bin", program, "--"]);
        run.args(messages.filter(|_| asks).map(|count| count.to_string()));
        command::run(run.arg("--json").arg(&part))?;
        let text = std::fs::read_to_string(&part)
            .with_context(|| format!("{program} wrote no figures"))?;
        let report: Report = serde_json::from_str(&text)
            .with_context(|| format!("{program} wrote something else"))?;
        all.measures.extend(report.measures);
        std::fs::remove_file(&part)?;
    }
    all.write(json)?;
    Ok(ExitCode::SUCCESS)
}
