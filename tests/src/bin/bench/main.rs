//! Measures the real window, in one run on one machine.
//!
//! `bench --json FILE [start] [hidden]`, inside a desktop session of its own (`cargo xtask bench`
//! makes one). `TIDINGS_APP` is the program, `TIDINGS_BLANK` a window with an empty page.

mod hidden;
mod start;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// What is not there by then is a failure.
const DEADLINE: Duration = Duration::from_mins(1);

#[derive(Serialize)]
struct Report {
    measures: Vec<Measure>,
}

#[derive(Serialize)]
struct Measure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aim: Option<f64>,
}

impl Measure {
    const fn plain(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self {
            name,
            value,
            unit,
            aim: None,
        }
    }

    const fn ratio(name: &'static str, value: f64, aim: f64) -> Self {
        Self {
            name,
            value,
            unit: "ratio",
            aim: Some(aim),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let usage = "usage: bench --json FILE [start] [hidden]";
    let mut arguments = env::args_os().skip(1);
    let file = match (arguments.next(), arguments.next()) {
        (Some(flag), Some(file)) if flag == "--json" => PathBuf::from(file),
        _ => bail!(usage),
    };
    let parts: Vec<_> = arguments.collect();
    if parts.iter().any(|part| part != "start" && part != "hidden") {
        bail!(usage);
    }
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| part == name);
    if let Some(reason) = tidings_tests::display::lacking() {
        bail!("{reason}; `cargo xtask bench` makes a screen in memory");
    }
    let program = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .with_context(|| format!("no {name}"))
    };
    let app = program("TIDINGS_APP")?;
    let mut report = Report {
        measures: Vec::new(),
    };
    if wanted("start") {
        let blank = program("TIDINGS_BLANK")?;
        report.measures.extend(start::measure(&app, &blank).await?);
    }
    if wanted("hidden") {
        report.measures.extend(hidden::measure(&app).await?);
    }
    std::fs::write(&file, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| format!("could not write {}", file.display()))
}

/// The middle one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    percentile(values, 50)
}

/// The least value that so many percent of them do not exceed.
fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent).div_ceil(100).max(1) - 1;
    values.get(place).copied().unwrap_or(f64::NAN)
}
