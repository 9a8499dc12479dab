//! Counting: what each test runner prints, turned into totals.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

/// How a test says that it cannot run here: `SKIPPED: <what>: <why>` on its standard output,
/// after which it returns. The runner counts it as passed; it is moved to skipped.
pub const SKIPPED: &str = "SKIPPED: ";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Totals {
    pub const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    pub const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };
    pub const SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(
            formatter,
            "{passed} passed, {failed} failed, {skipped} skipped"
        )
    }
}

/// Reads the output of Rust's test runner, run with `--show-output`, line by line.
#[derive(Default)]
pub struct Libtest {
    /// The sums of the `test result:` lines.
    summed: Totals,
    /// Tests told as they ended, for when the summary never comes.
    told: Totals,
    results: u32,
    /// Whether this is the part about the tests that passed.
    passing: bool,
    /// The test whose output is being shown.
    inside: Option<String>,
    failed: Vec<String>,
    ignored: Vec<String>,
    skipped: BTreeMap<String, String>,
}

/// What a runner's whole output says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub totals: Totals,
    /// Every failure and every skip, with its reason where it gave one.
    pub notes: Vec<String>,
}

impl Libtest {
    /// Takes one line in; whether a person wants to see it. What passing tests print is left out.
    pub fn line(&mut self, line: &str) -> bool {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.results += 1;
            (self.passing, self.inside) = (false, None);
            self.summed += read_result(result);
        } else if let Some(name) = block(line) {
            self.inside = Some(name.to_owned());
        } else if matches!(line, "successes:" | "failures:") {
            (self.passing, self.inside) = (line == "successes:", None);
        } else if let Some(reason) = line.strip_prefix(SKIPPED) {
            let name = self.inside.clone().unwrap_or_else(|| reason.to_owned());
            self.skipped.insert(name, reason.to_owned());
        } else if self.inside.is_none() {
            self.ended(line);
        }
        line.starts_with(SKIPPED) || !self.passing
    }

    /// The totals, given whether the program succeeded: a crash or a deadline is a failure too.
    pub fn finish(self, success: bool, ended: &str) -> Counted {
        let mut totals = if self.results > 0 {
            self.summed
        } else {
            self.told
        };
        let mut notes: Vec<String> = self
            .failed
            .iter()
            .map(|name| format!("failed: {name}"))
            .collect();
        let complete = self.results > 0 && (success || totals.failed > 0);
        if !complete {
            totals.failed += 1;
            notes.push(format!("failed: the test program {ended}"));
        }
        notes.extend(
            self.ignored
                .iter()
                .map(|name| format!("skipped: {name} (ignored)")),
        );
        for (name, reason) in &self.skipped {
            if !self.failed.contains(name) {
                notes.push(format!("skipped: {reason}"));
                let moved = totals.passed.min(1);
                totals.passed -= moved;
                totals.skipped += moved;
            }
        }
        Counted { totals, notes }
    }

    /// `test some::name ... ok`
    fn ended(&mut self, line: &str) {
        let Some((name, how)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.rsplit_once(" ... "))
        else {
            return;
        };
        if how.starts_with("ok") {
            self.told.passed += 1;
        } else if how.starts_with("FAILED") {
            self.told.failed += 1;
            self.failed.push(name.to_owned());
        } else if how.starts_with("ignored") {
            self.told.skipped += 1;
            self.ignored.push(name.to_owned());
        }
    }
}

/// The name in `---- some::name stdout ----`.
fn block(line: &str) -> Option<&str> {
    let name = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    name.strip_suffix(" stdout")
        .or_else(|| name.strip_suffix(" stderr"))
}

/// `ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
fn read_result(result: &str) -> Totals {
    let number = |label: &str| {
        result
            .split([';', '.'])
            .find_map(|piece| piece.trim().strip_suffix(label)?.trim().parse().ok())
            .unwrap_or(0)
    };
    Totals {
        passed: number("passed"),
        failed: number("failed"),
        skipped: number("ignored"),
    }
}

/// The summary that Node's test runner ends a TAP report with.
pub fn node_tap(report: &str) -> Option<Totals> {
    let number = |label: &str| -> Option<u64> {
        report.lines().rev().find_map(|line| {
            line.strip_prefix("# ")?
                .strip_prefix(label)?
                .trim()
                .parse()
                .ok()
        })
    };
    Some(Totals {
        passed: number("pass ")?,
        failed: number("fail ")? + number("cancelled ").unwrap_or(0),
        skipped: number("skipped ").unwrap_or(0) + number("todo ").unwrap_or(0),
    })
}

/// Why tests of Node's runner did not run, each reason once, with how many gave it.
pub fn node_skips(report: &str) -> Vec<String> {
    let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
    for line in report.lines() {
        let line = line.trim_start();
        if let Some((_, reason)) = line.split_once(" # SKIP ")
            && line.starts_with("ok ")
        {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    reasons
        .into_iter()
        .map(|(reason, tests)| format!("skipped: {reason} (told by {tests})"))
        .collect()
}

/// The summary of Vitest's JSON report.
pub fn vitest(report: &str) -> Option<Totals> {
    let report: serde_json::Value = serde_json::from_str(report).ok()?;
    let number = |name: &str| report.get(name)?.as_u64();
    Some(Totals {
        passed: number("numPassedTests")?,
        failed: number("numFailedTests")?,
        skipped: number("numPendingTests")? + number("numTodoTests").unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn count(output: &str, success: bool) -> Counted {
        let mut libtest = Libtest::default();
        for line in output.lines() {
            libtest.line(line);
        }
        libtest.finish(success, "ended with exit status: 101")
    }

    fn totals(passed: u64, failed: u64, skipped: u64) -> Totals {
        Totals {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn a_test_that_says_skipped_is_not_counted_as_passed() {
        let counted = count(
            "running 2 tests\ntest prices ... ok\ntest rules ... ok\n\nsuccesses:\n\n\
             ---- prices stdout ----\nSKIPPED: market: no prices here\nSKIPPED: market: none\n\n\n\
             successes:\n    prices\n    rules\n\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            true,
        );
        assert_eq!(counted.totals, totals(1, 0, 1));
        assert_eq!(counted.notes, ["skipped: market: none"]);
    }

    #[test]
    fn failures_and_ignored_tests_are_named() {
        let counted = count(
            "test a ... ok\ntest b ... FAILED\ntest c ... ignored, needs a screen\n\nfailures:\n\n\
             ---- b stdout ----\nSKIPPED: said before it failed\nthread 'b' panicked\n\n\
             failures:\n    b\n\n\
             test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.50s\n",
            false,
        );
        assert_eq!(counted.totals, totals(1, 1, 1));
        assert_eq!(counted.notes, ["failed: b", "skipped: c (ignored)"]);
    }

    #[test]
    fn a_crash_keeps_what_was_told_and_counts_as_a_failure() {
        let counted = count("running 3 tests\ntest a ... ok\ntest b ... ok\n", false);
        assert_eq!(counted.totals, totals(2, 1, 0));
        let late = count(
            "test a ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored\n",
            false,
        );
        assert_eq!(late.totals, totals(1, 1, 0));
    }

    #[test]
    fn the_results_of_several_programs_add_up() {
        let counted = count(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\
             test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured\n",
            true,
        );
        assert_eq!(counted.totals, totals(7, 0, 1));
    }

    #[test]
    fn the_output_of_passing_tests_is_not_shown() {
        let mut libtest = Libtest::default();
        assert!(libtest.line("test b ... FAILED"));
        assert!(!libtest.line("successes:"));
        assert!(!libtest.line("---- a stdout ----"));
        assert!(!libtest.line("a long log"));
        assert!(libtest.line("SKIPPED: market: none"));
        assert!(!libtest.line("    a"));
        assert!(libtest.line("failures:"));
        assert!(libtest.line("---- b stdout ----"));
        assert!(libtest.line("thread 'b' panicked"));
    }

    #[test]
    fn the_reports_of_node_and_vitest_are_read() {
        let tap = "TAP version 13\n# Subtest: pass 99\nok 1 - x\n1..1\n# tests 6\n# suites 1\n\
                   # pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n# duration_ms 5.2\n";
        assert_eq!(node_tap(tap), Some(totals(3, 2, 1)));
        assert_eq!(node_tap("TAP version 13\n"), None);
        let skips = "    ok 1 - a # SKIP no browser\n    ok 2 - b # SKIP no browser\n\
                     ok 3 - c\nnot ok 4 - d # SKIP\nok 5 - e # SKIP too old\n";
        assert_eq!(
            node_skips(skips),
            [
                "skipped: no browser (told by 2)",
                "skipped: too old (told by 1)"
            ]
        );
        let json = r#"{"numTotalTests":5,"numPassedTests":3,"numFailedTests":1,
                       "numPendingTests":1,"numTodoTests":0,"success":false}"#;
        assert_eq!(vitest(json), Some(totals(3, 1, 1)));
        assert_eq!(vitest("{}"), None);
    }
}
