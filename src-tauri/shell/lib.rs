//! The desktop shell: a window, a tray, notifications, around the engine.
//!
//! The window opens at once; the engine starts beside it, and the first command waits for it.

mod arguments;
mod commands;
mod host;
mod instance;
mod links;
mod logging;
mod network;
mod notify;
mod platform;
mod run;
mod telling;
mod tray;
mod window;

pub use arguments::{Arguments, Parsed, USAGE};
pub use run::run;
