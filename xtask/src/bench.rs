//! `cargo xtask bench`: what the bench program measures in one run, and the sizes.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::session::Session;
use crate::tour::Driver;
use crate::workspace::APP;
use crate::{command, package, tour};

/// The blank window's program, for the bench.
const BLANK: &str = "TIDINGS_BLANK";
const MEGABYTE: u64 = 1_000_000;
/// Aims for what a user downloads and installs, in megabytes.
const BINARY_AIM: f64 = 28.0;
const DEB_AIM: f64 = 11.0;

/// What the bench program writes, and what `--json` holds in the end.
#[derive(Default, Deserialize, Serialize)]
pub struct Report {
    pub measures: Vec<Measure>,
}

/// What was measured.
#[derive(Deserialize, Serialize)]
pub struct Measure {
    name: String,
    value: f64,
    /// "ratio" where it is divided by the same measure of a blank window in the same run.
    unit: String,
    /// Not more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    aim: Option<f64>,
    /// Not less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
}

impl Report {
    /// Writes the measures into a file, and prints them.
    pub fn write(&self, json: &Path) -> Result<()> {
        std::fs::write(json, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| format!("could not write {}", json.display()))?;
        println!();
        for measure in &self.measures {
            println!("{}", row(measure));
        }
        Ok(())
    }
}

pub fn bench(yes: bool, json: &Path) -> Result<ExitCode> {
    let workspace = tour::prepare(yes)?;
    let deb = package::package(yes)?;
    let sizes = [
        size("release binary", &workspace.app(true), BINARY_AIM)?,
        size("deb", &deb, DEB_AIM)?,
    ];
    // The blank window to compare with is an example of the app's package.
    let blank = workspace.bin_dir(true).join("examples/blank");
    command::run(workspace.cargo().args([
        "build",
        "--release",
        "--package",
        APP,
        "--example",
        "blank",
        "--features",
        "custom-protocol",
    ]))?;

    let session = Session::open()?;
    let raw = session.path("bench.json");
    let driver = Driver {
        name: "bench",
        deadline: Duration::from_mins(30),
        release: true,
    };
    driver.run(
        &workspace,
        &session,
        &[OsStr::new("--json"), raw.as_os_str()],
        &[(BLANK, blank.as_os_str())],
    )?;
    let text = std::fs::read_to_string(&raw).context("the bench program wrote no measures")?;
    let mut report: Report =
        serde_json::from_str(&text).context("the bench program wrote something else")?;
    report.measures.extend(sizes);

    report.write(json)?;
    Ok(ExitCode::SUCCESS)
}

fn row(measure: &Measure) -> String {
    let verdict = |met| if met { "met" } else { "MISSED" };
    let aim = match (measure.aim, measure.at_least) {
        (Some(aim), _) => format!("  aim <= {aim}: {}", verdict(measure.value <= aim)),
        (None, Some(least)) => format!("  aim >= {least}: {}", verdict(measure.value >= least)),
        (None, None) => String::new(),
    };
    format!(
        "{:<60} {:>9.2} {:<6}{aim}",
        measure.name, measure.value, measure.unit
    )
}

/// A file's size in megabytes, to the kilobyte.
fn size(name: &str, path: &Path, aim: f64) -> Result<Measure> {
    let bytes = path
        .metadata()
        .with_context(|| format!("no {}", path.display()))?
        .len();
    let kilobytes = u32::try_from(bytes / (MEGABYTE / 1000)).unwrap_or(u32::MAX);
    Ok(Measure {
        name: name.to_owned(),
        value: f64::from(kilobytes) / 1000.0,
        unit: "MB".to_owned(),
        aim: Some(aim),
        at_least: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_row_says_whether_the_aim_is_met() {
        let text = r#"{"measures":[{"name":"start","value":1.5,"unit":"ratio","aim":1.3},
            {"name":"idle CPU","value":0.0,"unit":"%"},
            {"name":"search","value":60,"unit":"x","at_least":50}]}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert!(row(&report.measures[0]).ends_with("aim <= 1.3: MISSED"));
        assert!(!row(&report.measures[1]).contains("aim"));
        assert!(row(&report.measures[2]).ends_with("aim >= 50: met"));
    }
}
