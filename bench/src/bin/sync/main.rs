//! What keeping up with a project costs.
//!
//! `cargo run --release --manifest-path bench/Cargo.toml --bin sync [-- MESSAGES] [--json FILE]`,
//! after `npm ci` in `tests/conformance`. The whole engine against a server, and beside it, in the
//! same run: `@supabase/realtime-js` in Node, which only receives the changes that the engine
//! takes into its encrypted cache and announces; a bare download of the rows that were missed; and
//! an empty account, for what a million messages cost that did not change.

mod device;
mod flood;
mod live;
mod project;
mod quiet;
mod resync;

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use tidings_bench::figures::{Figures, json_file};

/// Messages cached while nothing changes.
const MESSAGES: u64 = 1_000_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow!("another provider of cryptography is set"))?;
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = json_file(&mut arguments)?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut figures = Figures::default();
    match arguments.as_slice() {
        [] => all(MESSAGES, &mut figures).await?,
        ["server"] => return flood::serve().await,
        ["client", port, key] => return live::client(port, key).await,
        ["backend", folder] => return quiet::backend(Path::new(folder)).await,
        ["live"] => live::compare(&mut figures).await?,
        ["resync"] => resync::compare(&mut figures).await?,
        ["quiet", messages] => quiet::compare(messages.parse()?, &mut figures).await?,
        [messages] => all(messages.parse().context("a number")?, &mut figures).await?,
        _ => bail!("usage: sync [MESSAGES | live | resync | quiet MESSAGES] [--json FILE]"),
    }
    figures.write(json.as_deref())
}

async fn all(messages: u64, figures: &mut Figures) -> Result<()> {
    live::compare(figures).await?;
    resync::compare(figures).await?;
    quiet::compare(messages, figures).await
}
