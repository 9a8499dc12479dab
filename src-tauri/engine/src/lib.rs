//! Tidings without a face: workspaces at work, behind the contract.
//!
//! [`App`] is what the shell and `tidings-serve` hold: commands go in through
//! [`App::call`], events come out of [`App::events`]. A workspace is one Supabase project
//! and one account, with its own encrypted cache and its own secrets; each runs the tasks in
//! `workspace`: it connects, catches up, drains the outbox, follows prices and judges alerts.

mod app;
mod bus;
mod config;
mod error;
mod host;
mod lock;
mod network;
mod secrets;
mod sounds;
mod words;
mod workspace;

#[cfg(fuzzing)]
pub use workspace::fuzzing;

pub use app::{App, AppOptions};
pub use bus::{Bus, Subscription};
pub use error::EngineError;
pub use host::{About, Host, Notification, NotificationAbility, NotificationAction, Play, Pressed};
pub use lock::Locked;
pub use network::Network;
pub use secrets::{KeyringSecrets, MemorySecrets, Secrets, SecretsError, best_available};
pub use workspace::Pace;
