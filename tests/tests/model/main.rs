//! The model test of sync: random programs of three clients, a project, others who write into it,
//! and a network and a server that fail. In the end all agree.
//!
//! Client and server run in one process, on one paused clock, over byte streams in memory, with
//! the real protocols and the real databases. A seed names a program; how threads meet is not
//! in it, so a failure may need several runs to show again.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod acts;
mod client;
mod held;
mod ledger;
mod oracle;
mod program;
mod retention;
mod run;
mod server;
mod sharing;
mod storm;
mod unread;
mod world;

use std::ops::Range;

use run::Over;

/// Programs in the test command. `TIDINGS_MODEL_SEEDS=from..to` asks for others.
const SEEDS: Range<u64> = 0..1_000;
/// Those that run over TCP as well, in real time: without what takes minutes there.
const OVER_TCP: Range<u64> = 0..30;

fn asked() -> Option<Range<u64>> {
    let text = std::env::var("TIDINGS_MODEL_SEEDS").ok()?;
    let (from, to) = text.split_once("..").expect("seeds are given as from..to");
    Some(from.parse().unwrap()..to.parse().unwrap())
}

#[test]
fn programs_end_with_all_clients_agreeing_with_the_server() {
    let seeds = asked().unwrap_or(SEEDS);
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    assert_eq!(
        run::seeds(seeds.clone(), Over::Memory, cores),
        seeds.end - seeds.start
    );
}

#[test]
fn the_same_holds_over_tcp_through_the_fault_proxy() {
    assert_eq!(
        run::seeds(OVER_TCP, Over::Tcp, 10),
        OVER_TCP.end - OVER_TCP.start
    );
}
