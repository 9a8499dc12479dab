//! `cargo xtask soak`: the tests that find more the longer they run.

use std::ops::Range;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::workspace::{TESTS, Workspace};
use crate::{command, tools};

/// Of the model test, in one program of its own after the other, so that each can be seen.
const PROGRAMS_AT_ONCE: u64 = 1_000;
const DEADLINE: Duration = Duration::from_hours(2);

/// A test that runs longer when it is asked to.
struct Long {
    /// The test program, and the test in it.
    program: &'static str,
    test: &'static str,
    /// The environment variable that says how much.
    variable: &'static str,
}

const MODEL: Long = Long {
    program: "model",
    test: "programs_end_with_all_clients_agreeing_with_the_server",
    variable: "TIDINGS_MODEL_SEEDS",
};

/// Runs so many programs of the model test, from a seed on: none means one that no run had before.
pub fn soak(programs: u64, from: Option<u64>) -> Result<ExitCode> {
    if programs == 0 {
        bail!("no programs: give --programs a number above 0");
    }
    tools::check_rust()?;
    let workspace = Workspace::find()?;
    let first = match from {
        Some(seed) => seed,
        None => fresh()?,
    };
    println!("model: {programs} programs from seed {first} on");
    let mut done = 0;
    while done < programs {
        let count = PROGRAMS_AT_ONCE.min(programs - done);
        let seeds = first + done..first + done + count;
        MODEL.run(&workspace, &seeds)?;
        done += count;
        println!("{done} of {programs}");
    }
    println!("model: {done} programs passed, from seed {first} on");
    Ok(ExitCode::SUCCESS)
}

impl Long {
    fn run(&self, workspace: &Workspace, seeds: &Range<u64>) -> Result<()> {
        let mut test = workspace.cargo();
        test.args([
            "test",
            "--quiet",
            "--package",
            TESTS,
            "--test",
            self.program,
        ])
        .args(["--", "--exact", self.test, "--nocapture"])
        .env(self.variable, format!("{}..{}", seeds.start, seeds.end));
        let ended = command::stream(&mut test, DEADLINE, |line| println!("{line}"))?;
        if !ended.success() {
            bail!("seeds {}..{}: {}", seeds.start, seeds.end, ended.describe());
        }
        Ok(())
    }
}

/// The seconds since 1970: far from those of the test command, and further each time.
fn fresh() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(since.context("the clock is before 1970")?.as_secs() * 1_000)
}
