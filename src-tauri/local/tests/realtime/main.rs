//! The Realtime half over real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod broadcast;
mod changes;
mod channels;
mod client;
mod faults;
mod presence;
mod recordings;
