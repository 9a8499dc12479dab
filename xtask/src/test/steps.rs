//! The parts that other programs judge: formats, lints, licences, the UI, the official client.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::totals::{self, Counted, Totals};
use super::{Run, failed, pages, passed, skipped};
use crate::session::BIN_DIR;
use crate::system::{self, Purpose};
use crate::workspace::Workspace;
use crate::{command, tools, ui};

const DEADLINE: Duration = Duration::from_mins(15);
/// For asking a service on the internet that may not answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Installs what is missing. A machine that cannot compile Tidings fails here; parts that lack
/// something else say so themselves.
pub fn setup(run: &mut Run) -> Result<Counted> {
    tools::check_rust()?;
    tools::check_node()?;
    if let Err(error) = system::ensure(&Purpose::ALL, run.yes) {
        println!("{error:#}");
        if let Some(reason) = system::lacking(&[Purpose::Build]) {
            bail!(reason);
        }
    }
    Ok(passed())
}

#[allow(clippy::unnecessary_wraps, reason = "the shape of every part")]
pub fn fmt(run: &mut Run) -> Result<Counted> {
    if let Err(error) = tools::rustup_component("rustfmt", "fmt") {
        return Ok(skipped(&format!("{error:#}")));
    }
    let check = command::run(
        run.workspace
            .cargo()
            .args(["fmt", "--all", "--", "--check"]),
    );
    Ok(Counted::judge("rustfmt", check))
}

pub fn clippy(run: &mut Run) -> Result<Counted> {
    if let Err(error) = tools::rustup_component("clippy", "clippy") {
        return Ok(skipped(&format!("{error:#}")));
    }
    ui::build(&run.workspace.root)?;
    let features = run.workspace.features();
    let check = command::run(
        run.workspace
            .cargo()
            .args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--features",
                &features,
            ])
            .args(["--", "--deny", "warnings"]),
    );
    Ok(Counted::judge("clippy", check))
}

#[allow(clippy::unnecessary_wraps, reason = "the shape of every part")]
pub fn invariants(run: &mut Run) -> Result<Counted> {
    let mut counted = Counted::default();
    for (name, violations) in crate::invariants::check(&run.workspace) {
        println!(
            "{} {name}",
            if violations.is_empty() {
                "ok    "
            } else {
                "BROKEN"
            }
        );
        counted.add(if violations.is_empty() {
            passed()
        } else {
            Counted {
                totals: Totals::FAILED,
                notes: Vec::new(),
            }
        });
        for violation in violations {
            println!("       {violation}");
            counted.notes.push(format!("failed: {name}: {violation}"));
        }
    }
    Ok(counted)
}

pub fn ui(run: &mut Run) -> Result<Counted> {
    let folder = run.workspace.root.join("ui");
    ui::install(&folder)?;
    let npm = |args: &[&str]| {
        let mut command = command::program("npm");
        command
            .args(["run", "--silent"])
            .args(args)
            .current_dir(&folder);
        command
    };
    let mut counted = Counted::default();
    counted.add(Counted::judge("Biome", command::run(&mut npm(&["lint"]))));
    counted.add(Counted::judge(
        "svelte-check",
        command::run(&mut npm(&["check"])),
    ));
    counted.add(vitest(run, npm(&["test"]))?);
    counted.add(Counted::judge("build", ui::build(&run.workspace.root)));
    Ok(counted)
}

fn vitest(run: &Run, mut test: Command) -> Result<Counted> {
    let file = run.session.path("vitest.json");
    test.args(["--", "--reporter=default", "--reporter=json"])
        .arg(format!("--outputFile.json={}", file.display()));
    let ended = command::stream(&mut test, DEADLINE, |line| println!("{line}"))?;
    let report = std::fs::read_to_string(&file).unwrap_or_default();
    Ok(settle("Vitest", totals::vitest(&report), &ended))
}

/// Takes a report's totals; a runner that failed without counting a failure is one.
fn settle(name: &str, totals: Option<Totals>, ended: &command::Ended) -> Counted {
    let mut counted = Counted {
        totals: totals.unwrap_or_default(),
        notes: Vec::new(),
    };
    if totals.is_none() || (!ended.success() && counted.totals.failed == 0) {
        counted.add(failed(&format!("{name}: {}", ended.describe())));
    } else if counted.totals.failed > 0 {
        counted.notes.push(format!(
            "failed: {name}: {} tests, named above",
            counted.totals.failed
        ));
    }
    counted
}

pub fn deny(run: &mut Run) -> Result<Counted> {
    let tool = tools::cargo_tool(&run.workspace, &tools::CARGO_DENY)?;
    let deny = |args: &[&str]| {
        let mut command = Command::new(&tool);
        command
            .args(["--color", "never", "--log-level", "error"])
            .args(args);
        command.current_dir(&run.workspace.root);
        command
    };
    let mut counted = Counted::default();
    for check in ["licenses", "bans", "sources"] {
        counted.add(Counted::judge(
            check,
            command::run(&mut deny(&["check", check])),
        ));
    }
    let fetched = command::stream(&mut deny(&["fetch", "db"]), PATIENCE, |_| ())?;
    counted.add(if fetched.success() {
        Counted::judge(
            "advisories",
            command::run(&mut deny(&["check", "advisories"])),
        )
    } else {
        skipped("advisories: the RustSec database cannot be fetched from here")
    });
    counted.add(npm_audit(&run.workspace.root.join("ui"))?);
    Ok(counted)
}

/// Known weaknesses in the npm packages that end up in the app.
fn npm_audit(folder: &Path) -> Result<Counted> {
    let mut audit = command::program("npm");
    audit
        .args(["audit", "--omit=dev", "--json"])
        .current_dir(folder);
    let mut answer = String::new();
    command::stream(&mut audit, PATIENCE, |line| answer.push_str(line))?;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
    let found = answer.pointer("/metadata/vulnerabilities");
    let Some(found) = found.filter(|found| found.get("total").is_some()) else {
        return Ok(skipped(
            "npm audit: the registry does not answer it from here",
        ));
    };
    let serious = ["high", "critical"]
        .iter()
        .filter_map(|level| found.get(level)?.as_u64())
        .sum::<u64>();
    Ok(if serious == 0 {
        passed()
    } else {
        failed(&format!("npm audit: {serious} serious"))
    })
}

/// The folders of tests/ that are npm packages of their own.
pub fn npm_folders(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let tests = workspace.root.join("tests");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&tests)
        .with_context(|| format!("no {}", tests.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("package-lock.json").is_file())
        .collect();
    folders.sort();
    Ok(folders)
}

/// Runs Node's tests of every such folder against the built programs, but for those in a browser.
pub fn conformance(run: &mut Run) -> Result<Counted> {
    if !super::rust::is_built(run) {
        return super::rust::not_built(run);
    }
    let mut counted = Counted::default();
    for folder in npm_folders(&run.workspace)? {
        if !pages::FOLDERS.iter().any(|name| folder.ends_with(name)) {
            counted.add(node_tests(run, &folder, DEADLINE, &[])?);
        }
    }
    Ok(counted)
}

/// Runs the tests of a folder, if it has any.
pub fn node_tests(
    run: &Run,
    folder: &Path,
    deadline: Duration,
    options: &[&str],
) -> Result<Counted> {
    let package = std::fs::read_to_string(folder.join("package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&package)?;
    if package.pointer("/scripts/test").is_none() {
        return Ok(Counted::default());
    }
    ui::install(folder)?;
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    println!("\ntests/{name}");
    let file = run.session.path(&format!("{name}.tap"));
    let mut node = Command::new("node");
    node.args([
        "--test",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
    ])
    .arg("--test-reporter=tap")
    .arg(format!("--test-reporter-destination={}", file.display()))
    .args(options)
    .current_dir(folder);
    run.session.isolate(&mut node);
    node.env(BIN_DIR, run.workspace.bin_dir(false));
    let ended = command::stream(&mut node, deadline, |line| println!("{line}"))?;
    let report = std::fs::read_to_string(&file).unwrap_or_default();
    let mut counted = settle(&format!("tests/{name}"), totals::node_tap(&report), &ended);
    counted.notes.extend(totals::node_skips(&report));
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Ended;

    #[test]
    fn a_runner_that_ends_without_a_report_is_a_failure() {
        assert_eq!(
            settle("Vitest", None, &Ended::TimedOut).totals,
            Totals::FAILED
        );
        let told = Totals {
            passed: 4,
            failed: 0,
            skipped: 1,
        };
        let crashed = settle("Vitest", Some(told), &Ended::TimedOut).totals;
        assert_eq!(
            crashed,
            Totals {
                passed: 4,
                failed: 1,
                skipped: 1
            }
        );
        let counted = Totals {
            passed: 3,
            failed: 1,
            skipped: 0,
        };
        assert_eq!(
            settle("Vitest", Some(counted), &Ended::TimedOut).totals,
            counted
        );
    }
}
