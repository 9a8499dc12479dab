//! `cargo xtask`: sets a machine up, runs, tests, measures, shows and packages Tidings.
//!
//! It compiles without any system library, so that it can install what the rest needs.

mod bench;
mod bindings;
mod command;
mod figures;
mod invariants;
mod package;
mod page;
mod run;
mod session;
mod soak;
mod system;
mod test;
mod tools;
mod tour;
mod ui;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing, build, and open the app
    Run(RunArgs),
    /// Install what is missing and run every test; the last line is the totals
    Test(TestArgs),
    /// Install what running and testing need, and stop there
    Setup(Confirm),
    /// Leave a picture of each step in the real window, and of every screen in every look
    Tour(TourArgs),
    /// Measure start, memory and size against a blank window, or what keeping up costs
    Bench(BenchArgs),
    /// Run the tests that find more the longer they run
    Soak(SoakArgs),
    /// Write the TypeScript bindings of the contract
    Bindings,
    /// Build the .deb with the release binary
    Package(Confirm),
}

#[derive(Args)]
struct Confirm {
    /// Install missing system packages without asking
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    confirm: Confirm,
    /// Go straight into the local workspace
    #[arg(long)]
    local: bool,
    /// Passed on to the app
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

#[derive(Args)]
struct TestArgs {
    #[command(flatten)]
    confirm: Confirm,
    /// Run these parts only, for example `--only fmt,ui`
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    only: Vec<String>,
}

#[derive(Args)]
struct TourArgs {
    #[command(flatten)]
    confirm: Confirm,
    /// Where the pictures go
    #[arg(long, value_name = "DIR", required_unless_present = "approve")]
    out: Option<PathBuf>,
    /// Use the debug build, which the tests share
    #[arg(long, conflicts_with = "approve")]
    debug: bool,
    /// Make the pictures of the screens the approved ones; the real window is left out
    #[arg(long)]
    approve: bool,
}

#[derive(Args)]
struct BenchArgs {
    #[command(flatten)]
    confirm: Confirm,
    /// Where the measures go
    #[arg(long, value_name = "FILE")]
    json: PathBuf,
    /// Measure alerts, keeping up, the cache and searching instead of the window
    #[arg(long)]
    figures: bool,
    /// Measure the page in Chromium instead: scrolling, writing, searching, prices, at rest
    #[arg(long, conflicts_with = "figures")]
    page: bool,
    /// With --figures or --page: how many messages there are; a million and 100,000 unless given
    #[arg(long, value_name = "COUNT")]
    messages: Option<u64>,
}

#[derive(Args)]
struct SoakArgs {
    /// How many programs of the model test
    #[arg(long, default_value_t = 20_000)]
    programs: u64,
    /// The seed of the first; by default one that no run had before
    #[arg(long)]
    from: Option<u64>,
    /// How often the program is killed
    #[arg(long, default_value_t = 200)]
    kills: u64,
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Run(args) => run::run(args.confirm.yes, args.local, &args.args),
        Task::Test(args) => test::test(args.confirm.yes, &args.only),
        Task::Setup(confirm) => setup(confirm.yes),
        Task::Tour(args) => tour::tour(args.confirm.yes, args.out, args.debug, args.approve),
        Task::Bench(args) if args.figures => {
            figures::figures(args.confirm.yes, &args.json, args.messages)
        }
        Task::Bench(args) if args.page => page::page(args.confirm.yes, &args.json, args.messages),
        Task::Bench(args) => bench::bench(args.confirm.yes, &args.json),
        Task::Soak(args) => soak::soak(args.programs, args.from, args.kills),
        Task::Bindings => bindings::write(),
        Task::Package(confirm) => package::package(confirm.yes).map(|_| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn setup(yes: bool) -> anyhow::Result<ExitCode> {
    let workspace = workspace::Workspace::find()?;
    tools::check_rust()?;
    tools::check_node()?;
    system::ensure(&system::Purpose::ALL, yes)?;
    tools::rustup_component("rustfmt", "fmt")?;
    tools::rustup_component("clippy", "clippy")?;
    tools::cargo_tool(&workspace, &tools::CARGO_DENY)?;
    tools::cargo_tool(&workspace, &tools::TAURI_DRIVER)?;
    ui::install(&workspace.root.join("ui"))?;
    println!("Ready: cargo xtask run, cargo xtask test.");
    Ok(ExitCode::SUCCESS)
}
