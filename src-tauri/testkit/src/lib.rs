//! What tests share: named actors, a clock to turn by hand, a network that fails on request,
//! and programs under test that end with the test.
//!
//! Tests do not sleep. They await a condition with a deadline ([`wait_until`], [`wait_for`]),
//! and this crate is the only place that polls.

mod actors;
mod paths;
mod program;
pub mod proxy;
mod wait;

pub use actors::{Actor, alice, bob, mallory};
pub use paths::{binary, find_on_path, node, scratch};
pub use program::{Program, Running};
pub use proxy::FaultProxy;
pub use tempfile::TempDir;
pub use tidings_model::{Clock, ManualClock};
pub use wait::{DEADLINE, wait_for, wait_until};
