//! `cargo xtask run`: from a fresh machine to the open app.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::system::{self, Purpose};
use crate::workspace::{APP, Workspace};
use crate::{command, tools, ui};

pub fn run(yes: bool, local: bool, args: &[String]) -> Result<ExitCode> {
    if !has_display() {
        bail!(
            "there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set); \
             `cargo xtask tour --out DIR` shows the app in pictures instead"
        );
    }
    println!("Tidings needs Rust, Node, and the system's webview; the rest comes by itself.");
    tools::check_rust()?;
    tools::check_node()?;
    system::ensure(&[Purpose::Build], yes)?;
    let workspace = Workspace::find()?;
    ui::build(&workspace.root)?;
    command::run(workspace.debug_build().args(["--bin", APP]))?;

    let app = workspace.app(false);
    let mut start = Command::new(&app);
    start.args(local.then_some("--local")).args(args);
    println!("$ {}", command::show(&start));
    let status = start
        .status()
        .with_context(|| format!("could not start {}", app.display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
