//! What a client tells its owner.

use std::time::Instant;

use crate::change::Change;
use crate::classify::{ChannelError, Refusal};
use crate::frame::Payload;
use crate::payload::BroadcastMeta;
use crate::presence::PresenceUpdate;

/// State of the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnState {
    /// Not wanted.
    Offline,
    /// An attempt is on its way.
    Connecting,
    /// The socket is open.
    Connected,
    /// The next attempt waits.
    Waiting {
        /// When it begins.
        until: Instant,
        /// Why the last one failed, or the last socket ended.
        reason: String,
        /// What stands behind it, where that is known.
        cause: Cause,
    },
    /// The server refused the handshake; to be told to the user.
    Refused(Refusal),
}

/// What keeps a client from its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The network, the server, or something else that passes.
    Unknown,
    /// The project is paused (HTTP 540): somebody has to resume it.
    Paused,
    /// There is no such host, though names are looked up: the project is paused for long, or gone.
    NoHost,
}

/// State of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelStatus {
    /// On its way: waiting for the socket, for its turn, for a token, or for the answer.
    Joining,
    /// Joined. Row changes do not flow yet, if it has bindings.
    Joined,
    /// Joined, and row changes flow.
    Subscribed,
    /// Not live because of an error.
    Errored {
        /// The error.
        error: ChannelError,
        /// When it joins again; `None`: not by itself.
        retry_at: Option<Instant>,
    },
    /// Its last owner let it go.
    Closed,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The socket's state changed.
    State(ConnState),
    /// A channel's status changed.
    Channel {
        /// The channel's name, as in its specification.
        topic: String,
        /// Its status.
        status: ChannelStatus,
    },
    /// Row changes flow from now on. Everything since the last time may have been lost: catch up.
    /// It can come at any time on a live channel, and each time means the same.
    Subscribed {
        /// The channel's name.
        topic: String,
    },
    /// A row changed.
    Change {
        /// The channel's name.
        topic: String,
        /// Which bindings of the channel's specification it matches, in ascending order.
        bindings: Vec<usize>,
        /// The change.
        change: Box<Change>,
    },
    /// A row changed, but the message could not be understood: catch up.
    Unreadable {
        /// The channel's name.
        topic: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody broadcast something.
    Broadcast {
        /// The channel's name.
        topic: String,
        /// Name that the sender gave the event.
        event: String,
        /// What it carries.
        payload: Payload,
        /// The server's words about it.
        meta: BroadcastMeta,
    },
    /// Who is tracked changed.
    Presence {
        /// The channel's name.
        topic: String,
        /// What changed, and what holds now.
        update: PresenceUpdate,
    },
    /// The reader was too slow, and events were dropped since the one before this. Read the state
    /// of everything again: [`Client::diagnostics`](crate::Client::diagnostics), the presence of
    /// each channel, and the rows.
    Lagged,
}
