//! How fast row changes reach their reader: Tidings' client, `@supabase/realtime-js` in Node and
//! the crate `rp-supabase-realtime`, against one server in one run.
//!
//! `cargo run --release --manifest-path bench/Cargo.toml`, after `npm ci` in `tests/conformance`.
//! The server writes changes of 1 KB as PostgreSQL's row changes come over Realtime: first as many
//! as a socket takes, for the frames a second, then at a pace that every client keeps up with, for
//! the time from the server's write to the reader. Clients take turns, and the median of their
//! turns counts.
//!
//! The flood is written before it is sent, so that sending it costs the server next to nothing
//! beside its reader.

mod allocations;
mod clients;
mod server;

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// Turns of each client.
const TURNS: usize = 5;

/// What one client measured in one turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Frames a second, from the first change to the last of the flood.
    pub per_second: f64,
    /// From the server's write to the reader, in microseconds, while changes come at a pace.
    pub p50: f64,
    /// As `p50`.
    pub p99: f64,
    /// Allocations a frame; none where they cannot be counted.
    #[serde(default)]
    pub allocations: Option<f64>,
    /// Bytes allocated a frame.
    #[serde(default)]
    pub bytes: Option<f64>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => compare().await,
        ["server"] => server::run().await,
        ["tidings", version, port] => tell(&clients::tidings(version, port).await?),
        ["rival", port] => tell(&clients::rival(port).await?),
        _ => bail!("usage: tidings-bench"),
    }
}

fn tell(measured: &Measured) -> Result<()> {
    println!("{}", serde_json::to_string(measured)?);
    Ok(())
}

async fn compare() -> Result<()> {
    let own = std::env::current_exe()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/realtime-js.mjs");
    let clients: [(&str, Vec<&str>); 5] = [
        ("tidings, 2.0.0", vec!["tidings", "2.0.0"]),
        ("tidings, 1.0.0", vec!["tidings", "1.0.0"]),
        ("realtime-js, 2.0.0", vec![script, "2.0.0"]),
        ("realtime-js, 1.0.0", vec![script, "1.0.0"]),
        ("rp-supabase-realtime, 1.0.0", vec!["rival"]),
    ];
    let mut server = Command::new(&own)
        .arg("server")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let port = server::port(&mut server).await?;

    let mut all: Vec<Vec<Measured>> = vec![Vec::new(); clients.len()];
    for turn in 1..=TURNS {
        for ((name, arguments), measured) in clients.iter().zip(&mut all) {
            let program = if arguments[0] == script {
                "node".into()
            } else {
                own.clone()
            };
            let output = Command::new(program)
                .args(arguments)
                .arg(&port)
                .stderr(Stdio::inherit())
                .kill_on_drop(true)
                .output()
                .await?;
            let text = String::from_utf8_lossy(&output.stdout);
            let last = text.lines().last().unwrap_or_default();
            let one: Measured =
                serde_json::from_str(last).with_context(|| format!("{name} said {text:?}"))?;
            println!(
                "turn {turn} of {TURNS}: {name:<28} {:>8.0} frames/s, p50 {:>6.0} µs, p99 {:>6.0} µs",
                one.per_second, one.p50, one.p99
            );
            measured.push(one);
        }
    }
    report(&clients.map(|(name, _)| name), &all);
    Ok(())
}

fn report(names: &[&str], all: &[Vec<Measured>]) {
    let medians: Vec<[f64; 3]> = all
        .iter()
        .map(|turns| {
            [
                median(turns.iter().map(|one| one.per_second)),
                median(turns.iter().map(|one| one.p50)),
                median(turns.iter().map(|one| one.p99)),
            ]
        })
        .collect();
    println!("\nmedians of {TURNS} turns; ratios to the first line:");
    for ((name, [rate, p50, p99]), turns) in names.iter().zip(&medians).zip(all) {
        let [own_rate, _, own_p99] = medians[0];
        print!(
            "{name:<28} {rate:>8.0} frames/s ({:.2}x)  p50 {p50:>6.0} µs  p99 {p99:>6.0} µs ({:.2}x)",
            own_rate / rate,
            own_p99 / p99
        );
        let last = turns.last();
        match last.and_then(|one| Some((one.allocations?, one.bytes?))) {
            Some((allocations, bytes)) => {
                println!("  {allocations:.1} allocations, {bytes:.0} bytes a frame");
            }
            None => println!(),
        }
    }
}

/// The middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
