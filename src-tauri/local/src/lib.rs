//! The embedded Supabase-compatible server behind the local workspace.
//!
//! PostgREST, Auth, Realtime and a part of Storage as the official clients speak them, over one SQLite
//! file, for four tables (`chat_sessions`, `chat_messages`, `user_presence` and
//! `crypto_prices`) and the optional parts of `supabase/migrations`. It listens on a loopback address only, asks for a key, and
//! refuses requests whose `Host` is not a loopback name.

pub mod auth;
mod door;
mod gateway;
mod hooks;
mod options;
pub mod realtime;
mod rest;
mod server;
mod state;
mod storage;
pub mod store;
mod workspace;

pub use door::Door;
pub use hooks::{Hooks, RestWatch};
pub use options::{
    AuthBehaviour, Behaviour, Consent, DatabaseKey, LocaleNow, Location, Options, Secret, Secrets,
    StubProvider,
};
pub use server::{Info, LocalError, LocalServer};
pub use state::AppState;
pub use store::{DATABASE_FILE, Parts};
pub use workspace::WorkspaceOptions;
pub use workspace::archive::{Archive, ArchiveRow, Stored};
