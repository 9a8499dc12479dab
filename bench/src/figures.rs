//! Figures with their aims, told as they are taken, and written down for who asks.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// Not more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    aim: Option<f64>,
    /// Not less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
}

/// The figures of one run.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    measures: Vec<Figure>,
}

impl Figures {
    /// A ratio that should be at most `aim`.
    pub fn at_most(&mut self, name: &str, value: f64, aim: f64) {
        self.note(name, value, "x", Some(aim), None);
    }

    /// A ratio that should be at least `aim`.
    pub fn at_least(&mut self, name: &str, value: f64, aim: f64) {
        self.note(name, value, "x", None, Some(aim));
    }

    /// A number without an aim.
    pub fn tell(&mut self, name: &str, value: f64, unit: &'static str) {
        self.note(name, value, unit, None, None);
    }

    /// Any figure: printed, and kept.
    pub fn note(
        &mut self,
        name: &str,
        value: f64,
        unit: &'static str,
        aim: Option<f64>,
        at_least: Option<f64>,
    ) {
        let (sign, wanted) = match (aim, at_least) {
            (Some(aim), _) => ("<=", Some((aim, value <= aim))),
            (None, Some(least)) => (">=", Some((least, value >= least))),
            (None, None) => ("", None),
        };
        let verdict = wanted.map_or(String::new(), |(aim, met)| {
            let verdict = if met { "met" } else { "MISSED" };
            format!("  aim {sign} {aim}: {verdict}")
        });
        println!("* {name:<56} {value:>9.2} {unit:<4}{verdict}");
        self.measures.push(Figure {
            name: name.to_owned(),
            value,
            unit,
            aim,
            at_least,
        });
    }

    /// Writes them into a file, if one is given.
    pub fn write(&self, path: Option<&Path>) -> Result<()> {
        let Some(path) = path else {
            return Ok(());
        };
        std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| format!("could not write {}", path.display()))
    }
}

/// Takes `--json FILE` out of the arguments.
pub fn json_file(arguments: &mut Vec<String>) -> Result<Option<PathBuf>> {
    let Some(at) = arguments.iter().position(|argument| argument == "--json") else {
        return Ok(None);
    };
    if at + 1 >= arguments.len() {
        bail!("--json wants a file");
    }
    let path = arguments.drain(at..=at + 1).next_back();
    Ok(path.map(PathBuf::from))
}

/// The middle one.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value below which so many of a hundred lie.
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// Memory of a process in MiB: what it has for itself, and its share of what it shares.
pub fn memory(process: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let kib = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("Pss:")?
                .trim()
                .strip_suffix(" kB")?
                .parse::<f64>()
                .ok()
        })
        .context("no Pss")?;
    Ok(kib / 1024.0)
}
