//! Client of the Supabase Realtime protocol.
//!
//! Knows sockets, channels, row changes, broadcasts and presence, and nothing of chat.
//!
//! [`Client`] is what an application holds: one socket, channels that are counted by their
//! owners, a stream of [`Event`]s. Below it [`protocol::Core`] is the protocol without a socket,
//! a clock or a task, and [`frame`] both serializers in both directions.

mod backoff;
mod change;
mod channel;
mod classify;
mod client;
mod config;
mod diagnostics;
mod event;
mod events;
pub mod frame;
mod frame_log;
mod heartbeat;
mod pace;
pub mod payload;
mod presence;
pub mod protocol;
mod redact;
mod replay;
mod socket;
mod tracker;

pub use change::{Change, ChangeKind, Column, Row, Value};
pub use channel::{ChannelSpec, PushError};
pub use classify::{ChannelError, ConnectError, ErrorClass, Refusal, RefusalKind};
pub use client::{ChannelHandle, Client, TokenError, TokenSource};
pub use config::{ApiKey, BackoffConfig, Config, Secret, SlowRetry, Tuning};
pub use diagnostics::{ChannelDiagnostics, Counters, Diagnostics};
pub use event::{Cause, ChannelStatus, ConnState, Event};
pub use events::EventStream;
pub use frame::{Json, Payload, Vsn};
pub use frame_log::{Direction, FrameLog, Logged, LoggedFrame};
pub use pace::Keep;
pub use payload::{Binding, BroadcastConfig, BroadcastMeta, PresenceConfig};
pub use presence::{Meta, PresenceUpdate, Presences};
pub use replay::{MOST as MOST_REPLAYED, Replay};
pub use socket::{Bytes, Connector, TcpConnector};
