//! What a client looks like from inside, for people who search for a fault.

use std::time::Duration;

use crate::event::{ChannelStatus, ConnState};
use crate::payload::Binding;

/// A picture of the client at one moment.
#[derive(Debug, Clone)]
pub struct Diagnostics {
    /// State of the socket.
    pub state: ConnState,
    /// Round trip of the last answered heartbeat of this socket.
    pub latency: Option<Duration>,
    /// Each channel, in the order in which they were opened.
    pub channels: Vec<ChannelDiagnostics>,
    /// The last error of socket or channel, in words.
    pub last_error: Option<String>,
    /// Counted since the client started.
    pub counters: Counters,
}

/// One channel.
#[derive(Debug, Clone)]
pub struct ChannelDiagnostics {
    /// Its name, without the prefix.
    pub name: String,
    /// Its status.
    pub status: ChannelStatus,
    /// Its row-change bindings.
    pub bindings: Vec<Binding>,
    /// Handles that hold it open.
    pub owners: usize,
    /// Reference of the join of its present incarnation.
    pub join_ref: Option<String>,
}

/// Counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages received.
    pub frames_in: u64,
    /// Messages sent.
    pub frames_out: u64,
    /// Received, and of a kind or event that this client does not know.
    pub unknown: u64,
    /// Received, and not readable.
    pub bad: u64,
    /// Received for an earlier incarnation of a channel, and dropped.
    pub stale: u64,
    /// Received for a channel that is not (or no longer) live here, and dropped.
    pub unrouted: u64,
    /// Replies that nobody waited for any more.
    pub late_replies: u64,
    /// Row changes that match no binding of the channel.
    pub unmatched_changes: u64,
    /// Broadcasts and presence calls that waited for their turn.
    pub delayed: u64,
    /// Those that a newer state of the same kind took the place of while they waited.
    pub replaced: u64,
    /// Broadcasts that waited when their channel ended, and were not sent.
    pub unsent: u64,
    /// Sockets opened after the first.
    pub reconnects: u64,
    /// Events dropped because their reader was too slow.
    pub lagged: u64,
}
