//! How the Realtime half behaves: gentle and quick by default, as strict and slow as the
//! hosted server on request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Claims, Role};

/// Realtime behaviours that can be switched.
///
/// [`Default`] is what the app uses: prompt answers, and only those limits that a client has
/// to respect anyway. [`RealtimeBehaviour::hosted`] takes as long as the real server does.
#[derive(Debug, Clone)]
pub struct RealtimeBehaviour {
    /// From the reply to a join until its row changes flow ("Subscribed to PostgreSQL").
    /// The hosted server: 4–60 ms warm, 2–3 s cold.
    pub subscribed_delay: Duration,
    /// The same after an accepted `access_token`. The hosted server: 1–3 s.
    pub resubscribed_delay: Duration,
    /// How long a refused join waits for its answer. Everything else on that socket waits
    /// with it. The hosted server: 5 s.
    pub join_error_delay: Duration,
    /// How long a refused handshake waits for its answer. The hosted server: 2 s.
    pub refusal_delay: Duration,
    /// A socket on which the client sends nothing (not even a ping) for so long is closed
    /// with code 1000. The hosted server: 60–66 s.
    pub idle_timeout: Duration,
    /// A client that does not take one frame within this time is cut off.
    pub write_timeout: Duration,
    /// Frames that may wait for one client. One more, and the client is cut off: losing the
    /// socket makes it catch up, a frame dropped in silence would not.
    pub queue_frames: usize,
    /// Bytes that may wait for one client; the same rule.
    pub queue_bytes: usize,
    /// The longest frame that is read; a longer one ends the connection.
    pub max_frame_bytes: usize,
    /// The longest broadcast or presence payload.
    pub max_payload_bytes: usize,
    /// A changed row of this size or more arrives with `Error 413: Payload Too Large`.
    pub max_row_bytes: usize,
    /// Channels that one socket may have joined.
    pub channels_per_socket: usize,
    /// Presence calls of one channel: so many within this time; one more closes the channel.
    pub presence_calls: Option<(usize, Duration)>,
    /// Joins per second on the whole server; one more is refused and its socket closed.
    pub joins_per_second: Option<usize>,
    /// Sockets that may be connected; the joins of one more are refused.
    pub connections: Option<usize>,
    /// Presence calls per second on the whole server; one more closes the channel.
    pub presence_per_second: Option<usize>,
    /// Broadcasts per second on the whole server; one more closes the channels that receive it.
    pub messages_per_second: Option<usize>,
    /// Row changes per second on the whole server; more are dropped in silence.
    pub changes_per_second: Option<usize>,
    /// Whether only private channels may be joined.
    pub private_only: bool,
    /// Who may use private channels.
    pub private: PrivateRule,
    /// Whether `like`, `ilike`, `is`, `match`, `imatch`, `isdistinct`, `not.` and comma-joined
    /// conditions filter changes, as the newest servers have it. The widespread ones refuse
    /// the operators, and take `a=eq.x,b=eq.y` as the one value `x,b=eq.y`.
    pub extended_filters: bool,
}

impl RealtimeBehaviour {
    /// As slow and as strict as the hosted server with the limits published for a plan.
    pub fn hosted(plan: Plan) -> Self {
        let (connections, events, presence) = match plan {
            Plan::Free => (200, 100, 20),
            Plan::Pro => (500, 500, 50),
        };
        Self {
            subscribed_delay: Duration::from_secs(2),
            resubscribed_delay: Duration::from_secs(2),
            join_error_delay: Duration::from_secs(5),
            refusal_delay: Duration::from_secs(2),
            joins_per_second: Some(events),
            connections: Some(connections),
            presence_per_second: Some(presence),
            messages_per_second: Some(events),
            changes_per_second: Some(events),
            ..Self::default()
        }
    }
}

impl Default for RealtimeBehaviour {
    fn default() -> Self {
        Self {
            subscribed_delay: Duration::from_millis(20),
            resubscribed_delay: Duration::from_millis(20),
            join_error_delay: Duration::from_millis(200),
            refusal_delay: Duration::from_millis(100),
            idle_timeout: Duration::from_mins(1),
            write_timeout: Duration::from_secs(20),
            queue_frames: 16_384,
            queue_bytes: 64 * 1024 * 1024,
            max_frame_bytes: 5_000_000,
            max_payload_bytes: 3_000_000,
            max_row_bytes: 1024 * 1024,
            channels_per_socket: 100,
            presence_calls: Some((5, Duration::from_secs(30))),
            joins_per_second: None,
            connections: None,
            presence_per_second: None,
            messages_per_second: None,
            changes_per_second: None,
            private_only: false,
            private: PrivateRule::SignedIn,
            extended_filters: false,
        }
    }
}

/// Whose published limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// 200 connections, 100 joins and messages a second.
    Free,
    /// 500 of each; without the spending cap it is 10,000 and 2,500.
    Pro,
}

/// What a user may do on one private channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Join and receive.
    pub read: bool,
    /// Broadcast.
    pub write: bool,
    /// Track presence.
    pub present: bool,
}

impl Access {
    /// Everything.
    pub const FULL: Self = Self {
        read: true,
        write: true,
        present: true,
    };
    /// To hear and to be seen.
    pub const READER: Self = Self {
        write: false,
        ..Self::FULL
    };
    /// Nothing.
    pub const NONE: Self = Self {
        read: false,
        write: false,
        present: false,
    };
}

/// A caller's own rule: the user's claims and the channel's name (without `realtime:`).
pub type AccessRule = dyn Fn(&Claims, &str) -> Access + Send + Sync;

/// Stands for the policies on `realtime.messages` that decide about private channels, those of
/// sessions aside where the members part is installed.
#[derive(Clone)]
pub enum PrivateRule {
    /// Nobody but the service role.
    Nobody,
    /// Every signed-in user, and the service role.
    SignedIn,
    /// Whatever this function says.
    Custom(Arc<AccessRule>),
}

impl PrivateRule {
    /// What a user with these claims may do on the channel `name`.
    pub fn access(&self, claims: &Claims, name: &str) -> Access {
        match self {
            Self::Custom(rule) => rule(claims, name),
            _ if claims.role == Role::ServiceRole => Access::FULL,
            Self::SignedIn if claims.role == Role::Authenticated => Access::FULL,
            Self::Nobody | Self::SignedIn => Access::NONE,
        }
    }
}

impl fmt::Debug for PrivateRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::SignedIn => "SignedIn",
            Self::Custom(_) => "Custom",
        })
    }
}
