//! The contract between the engine and whatever shows it: commands in, events out.
//!
//! Two doors carry it: Tauri's IPC (one command `call`, one event channel) and the
//! loopback WebSocket of `tidings-serve`. TypeScript for the UI is generated from these
//! types; `tests/bindings.rs` fails when it is stale.
//!
//! Conventions: ids and amounts are strings (64-bit integers and decimals lose digits as
//! JavaScript numbers); times are whole milliseconds since 1970 in UTC, which a double holds
//! exactly. A reply is one consistent read; an [`Event`] is told after the commit it speaks of.

mod account;
mod alerts;
mod app;
mod chat;
mod commands;
mod delivery;
mod diagnostics;
mod events;
mod export;
mod import;
mod language;
mod lock;
mod look;
mod machine;
mod market;
mod members;
mod messages;
mod outbox;
mod realtime;
mod search;
mod storage;
mod voice;

pub use account::*;
pub use alerts::*;
pub use app::*;
pub use chat::*;
pub use commands::*;
pub use delivery::*;
pub use diagnostics::*;
pub use events::*;
pub use export::*;
pub use import::*;
pub use language::*;
pub use lock::*;
pub use look::*;
pub use machine::*;
pub use market::*;
pub use members::*;
pub use messages::*;
pub use outbox::*;
pub use realtime::*;
pub use search::*;
pub use storage::*;
pub use voice::*;
