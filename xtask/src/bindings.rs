//! The TypeScript side of the contract.

use std::process::ExitCode;

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// Set for the contract's own test, it writes the bindings that it otherwise compares.
pub const WRITE: &str = "TIDINGS_WRITE_BINDINGS";

pub fn write() -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    command::run(
        workspace
            .cargo()
            .args(["test", "--quiet", "--package", "tidings-contract"])
            .env(WRITE, "1"),
    )?;
    Ok(ExitCode::SUCCESS)
}
