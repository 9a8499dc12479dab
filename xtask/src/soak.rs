//! `cargo xtask soak`: the tests that find more the longer they run.

use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::session::BIN_DIR;
use crate::workspace::{TESTS, Workspace};
use crate::{command, tools};

/// Programs of the model test that one test runs, so that it is seen how far it has come.
const PROGRAMS_AT_ONCE: u64 = 1_000;
const DEADLINE: Duration = Duration::from_hours(4);

/// A test that runs longer when it is asked to.
struct Long {
    /// The test program, and the tests in it: all when none is named.
    program: &'static str,
    tests: &'static [&'static str],
    /// The environment variable that says how much.
    variable: &'static str,
}

const MODEL: Long = Long {
    program: "model",
    tests: &["programs_end_with_all_clients_agreeing_with_the_server"],
    variable: "TIDINGS_MODEL_SEEDS",
};
const KILL: Long = Long {
    program: "kill",
    tests: &[],
    variable: "TIDINGS_KILLS",
};

/// Left out of the test command, where it would take minutes.
const STORM: &str = "storm::five_hundred_clients_come_back_within_the_limits_of_a_pro_project";

/// Runs so many programs of the model test, from a seed on (none means one that no run had
/// before), has 500 clients come back at once, and kills the program so many times.
pub fn soak(programs: u64, from: Option<u64>, kills: u64) -> Result<ExitCode> {
    if programs == 0 && kills == 0 {
        bail!("nothing to do: give --programs or --kills a number above 0");
    }
    tools::check_rust()?;
    let workspace = Workspace::find()?;
    let first = match from {
        Some(seed) => seed,
        None => fresh()?,
    };
    let mut done = 0;
    while done < programs {
        let count = PROGRAMS_AT_ONCE.min(programs - done);
        let seeds = first + done..first + done + count;
        MODEL.run(&workspace, &format!("{}..{}", seeds.start, seeds.end))?;
        done += count;
        println!("model: {done} of {programs} programs passed, from seed {first} on");
    }
    if programs > 0 {
        let mut test = MODEL.command(&workspace);
        test.args(["--ignored", "--exact", STORM]);
        finish(&mut test, "the storm")?;
        println!("storm: 500 clients came back");
    }
    if kills > 0 {
        // The program that is killed.
        let mut build = workspace.cargo();
        command::run(build.args(["build", "--package", "tidings-serve"]))?;
        KILL.run(&workspace, &kills.to_string())?;
        println!("kill: {kills} kills passed");
    }
    Ok(ExitCode::SUCCESS)
}

impl Long {
    fn run(&self, workspace: &Workspace, much: &str) -> Result<()> {
        let mut test = self.command(workspace);
        test.args(self.tests).env(self.variable, much);
        finish(
            &mut test,
            &format!("{} with {}={much}", self.program, self.variable),
        )
    }

    fn command(&self, workspace: &Workspace) -> Command {
        let mut test = workspace.cargo();
        test.args(["test", "--quiet", "--package", TESTS])
            .args(["--test", self.program, "--", "--nocapture"])
            .env(BIN_DIR, workspace.bin_dir(false));
        test
    }
}

/// Fails also when no test ran: cargo takes a name that fits none for success.
fn finish(test: &mut Command, what: &str) -> Result<()> {
    let mut passed = false;
    let ended = command::stream(test, DEADLINE, |line| {
        passed |= line.starts_with("test result: ok.") && !line.contains(" 0 passed");
        println!("{line}");
    })?;
    if !ended.success() {
        bail!("{what}: {}", ended.describe());
    }
    if !passed {
        bail!("{what}: no test of that name ran");
    }
    Ok(())
}

/// The seconds since 1970: far from those of the test command, and further each time.
fn fresh() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(since.context("the clock is before 1970")?.as_secs() * 1_000)
}
