//! The parts that need a browser: what the page does, and what it looks like.

use std::time::Duration;

use anyhow::Result;

use super::steps::node_tests;
use super::totals::Counted;
use super::{Run, skipped};
use crate::system::{self, Purpose};
use crate::ui;

/// Every screen is drawn many times over.
const DEADLINE: Duration = Duration::from_mins(40);
/// One browser at a time: several would take from each other what the pages' deadlines ask for.
const ONE_BY_ONE: &str = "--test-concurrency=1";
const BROWSER: &str = "browser";
const PICTURES: &str = "pictures";
/// The folders of tests/ that need a browser.
pub const FOLDERS: [&str; 2] = [BROWSER, PICTURES];

/// Runs the tests of the page in a browser.
pub fn browser(run: &mut Run) -> Result<Counted> {
    if let Some(reason) = system::lacking(&[Purpose::Browser]) {
        return Ok(skipped(&reason));
    }
    if !super::rust::is_built(run) {
        return super::rust::not_built(run);
    }
    let folder = run.workspace.root.join("tests").join(BROWSER);
    node_tests(run, &folder, DEADLINE, &[ONE_BY_ONE])
}

/// Holds the picture of every screen against the approved one. No program is needed for it.
pub fn pictures(run: &mut Run) -> Result<Counted> {
    if let Some(reason) = system::lacking(&[Purpose::Browser]) {
        return Ok(skipped(&reason));
    }
    let root = &run.workspace.root;
    // The page's own packages build it, and the driver of the browser is that of its tests.
    ui::install(&root.join("ui"))?;
    ui::install(&root.join("tests").join(BROWSER))?;
    let folder = root.join("tests").join(PICTURES);
    node_tests(run, &folder, DEADLINE, &[ONE_BY_ONE])
}
