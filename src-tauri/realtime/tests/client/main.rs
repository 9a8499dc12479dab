//! The client over a socket whose other end is a test. The clock is paused: it jumps to the next
//! deadline whenever nothing else can happen, so that hours pass in milliseconds.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backoff;
mod frame_log;
mod handshake;
mod joining;
mod liveness;
mod messages;
mod presence;
mod release;
mod tokens;
mod tuning;
mod world;
