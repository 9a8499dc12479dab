//! `cargo xtask test`: everything, on a fresh machine, with one line of totals at the end.

mod pages;
mod rust;
mod steps;
mod totals;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::session::Session;
use crate::workspace::Workspace;
use totals::{Counted, Totals};

/// A part of the tests, run on its own and counted on its own.
struct Part {
    name: &'static str,
    about: &'static str,
    run: fn(&mut Run) -> Result<Counted>,
}

/// In this order: what ends quickly comes first, what needs most comes last.
const PARTS: &[Part] = &[
    Part {
        name: "setup",
        about: "the machine has what it needs",
        run: steps::setup,
    },
    Part {
        name: "fmt",
        about: "rustfmt",
        run: steps::fmt,
    },
    Part {
        name: "invariants",
        about: "the rules a command can check",
        run: steps::invariants,
    },
    Part {
        name: "ui",
        about: "Biome, svelte-check, Vitest, build",
        run: steps::ui,
    },
    Part {
        name: "deny",
        about: "licences, bans, sources, advisories",
        run: steps::deny,
    },
    Part {
        name: "clippy",
        about: "lints of every target",
        run: steps::clippy,
    },
    Part {
        name: "build",
        about: "every target, one feature set",
        run: rust::build,
    },
    Part {
        name: "rust",
        about: "unit and integration tests",
        run: rust::tests,
    },
    Part {
        name: "doc",
        about: "examples in the documentation",
        run: rust::doc,
    },
    Part {
        name: "conformance",
        about: "the official client as judge",
        run: steps::conformance,
    },
    Part {
        name: "browser",
        about: "the page in Chromium, with the real engine",
        run: pages::browser,
    },
    Part {
        name: "pictures",
        about: "every screen beside its approved picture",
        run: pages::pictures,
    },
    Part {
        name: "window",
        about: "native services and the real window",
        run: rust::window,
    },
];

/// What the parts share.
struct Run {
    yes: bool,
    workspace: Workspace,
    session: Session,
    /// The test programs, or why they could not be built.
    programs: Option<Result<Vec<rust::Program>, String>>,
    /// Whether a part failed because of that.
    failure_told: bool,
}

struct Row {
    name: &'static str,
    counted: Counted,
    took: Duration,
}

pub fn test(yes: bool, only: &[String]) -> Result<ExitCode> {
    let parts = chosen(only)?;
    let mut run = Run {
        yes,
        workspace: Workspace::find()?,
        session: Session::open()?,
        programs: None,
        failure_told: false,
    };
    let mut rows = Vec::new();
    for part in parts {
        println!("\n=== {}: {}", part.name, part.about);
        let start = Instant::now();
        let counted = (part.run)(&mut run).unwrap_or_else(|error| failed(&format!("{error:#}")));
        run.session.end_leftovers();
        let took = start.elapsed();
        println!(
            "--- {}: {} in {:.1} s",
            part.name,
            counted.totals,
            took.as_secs_f64()
        );
        rows.push(Row {
            name: part.name,
            counted,
            took,
        });
    }
    drop(run);
    Ok(report(&rows))
}

/// A part that failed as a whole.
fn failed(why: &str) -> Counted {
    Counted {
        totals: Totals::FAILED,
        notes: vec![format!("failed: {why}")],
    }
}

/// A part that cannot run here, with the reason.
fn skipped(why: &str) -> Counted {
    println!("{}{why}", totals::SKIPPED);
    Counted {
        totals: Totals::SKIPPED,
        notes: vec![format!("skipped: {why}")],
    }
}

/// One thing that holds.
fn passed() -> Counted {
    Counted {
        totals: Totals::PASSED,
        notes: Vec::new(),
    }
}

impl Counted {
    fn add(&mut self, other: Self) {
        self.totals += other.totals;
        self.notes.extend(other.notes);
    }

    /// One thing, judged by whether it succeeded.
    fn judge(name: &str, result: Result<()>) -> Self {
        match result {
            Ok(()) => passed(),
            Err(error) => {
                println!("{error:#}");
                failed(&format!("{name}: {error:#}"))
            }
        }
    }
}

fn chosen(only: &[String]) -> Result<Vec<&'static Part>> {
    if let Some(unknown) = only
        .iter()
        .find(|name| !PARTS.iter().any(|part| part.name == *name))
    {
        let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        bail!(
            "there is no part `{unknown}`; there are: {}",
            names.join(", ")
        );
    }
    Ok(PARTS
        .iter()
        .filter(|part| only.is_empty() || only.iter().any(|name| name == part.name))
        .collect())
}

/// The table, the notes, and the totals alone on the last line.
fn report(rows: &[Row]) -> ExitCode {
    let mut sum = Totals::default();
    println!();
    for row in rows {
        sum += row.counted.totals;
        println!(
            "{:<12} {:>7.1} s   {}",
            row.name,
            row.took.as_secs_f64(),
            row.counted.totals
        );
    }
    for row in rows {
        for note in &row.counted.notes {
            println!("{}: {note}", row.name);
        }
    }
    println!("\n{sum}");
    if sum.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parts_are_chosen_by_name_in_their_own_order() {
        let names = |only: &[&str]| -> Vec<&str> {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            chosen(&only)
                .unwrap()
                .iter()
                .map(|part| part.name)
                .collect()
        };
        assert_eq!(names(&["ui", "fmt"]), ["fmt", "ui"]);
        assert_eq!(names(&[]).len(), PARTS.len());
        assert!(chosen(&["lint".to_owned()]).is_err());
    }

    #[test]
    fn one_failure_fails_the_command() {
        let row = |counted| Row {
            name: "part",
            counted,
            took: Duration::ZERO,
        };
        let code = |other: Counted| format!("{:?}", report(&[row(passed()), row(other)]));
        let absent = Counted {
            totals: Totals::SKIPPED,
            notes: Vec::new(),
        };
        assert_eq!(code(absent), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(code(failed("why")), format!("{:?}", ExitCode::FAILURE));
    }
}
