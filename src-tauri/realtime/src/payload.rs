//! Bodies of the channel messages, as they are on the wire. Both ends can use them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::frame::Json;
use crate::replay::{self, Replay};

/// Topic of the heartbeats.
pub const PHOENIX: &str = "phoenix";

/// What a channel's topic begins with.
pub const TOPIC_PREFIX: &str = "realtime:";

/// Names of the events.
pub mod event {
    /// Opens a channel.
    pub const JOIN: &str = "phx_join";
    /// Ends a channel.
    pub const LEAVE: &str = "phx_leave";
    /// Answers a message.
    pub const REPLY: &str = "phx_reply";
    /// The channel ended.
    pub const CLOSE: &str = "phx_close";
    /// The channel crashed.
    pub const ERROR: &str = "phx_error";
    /// Keeps the socket open.
    pub const HEARTBEAT: &str = "heartbeat";
    /// Hands over a new token.
    pub const ACCESS_TOKEN: &str = "access_token";
    /// A message from client to clients.
    pub const BROADCAST: &str = "broadcast";
    /// Tracks or untracks.
    pub const PRESENCE: &str = "presence";
    /// Everybody who is tracked.
    pub const PRESENCE_STATE: &str = "presence_state";
    /// Who came and went.
    pub const PRESENCE_DIFF: &str = "presence_diff";
    /// A row changed.
    pub const POSTGRES_CHANGES: &str = "postgres_changes";
    /// The server's own words.
    pub const SYSTEM: &str = "system";
}

/// Body of `phx_join`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Join {
    /// What the channel should do.
    pub config: JoinConfig,
    /// The user's token; absent: the key of the handshake counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
}

/// Without the token.
impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// `config` of a join.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct JoinConfig {
    /// Broadcast options.
    #[serde(default)]
    pub broadcast: BroadcastConfig,
    /// Presence options.
    #[serde(default)]
    pub presence: PresenceConfig,
    /// Which row changes to send.
    #[serde(default)]
    pub postgres_changes: Vec<Binding>,
    /// Whether policies on `realtime.messages` decide who may use the channel.
    #[serde(default)]
    pub private: bool,
}

/// Broadcast options of a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastConfig {
    /// The server acknowledges each broadcast.
    #[serde(default)]
    pub ack: bool,
    /// The sender receives its own broadcasts.
    #[serde(default, rename = "self")]
    pub self_: bool,
    /// Stored broadcasts to send again on joining.
    #[serde(
        default,
        deserialize_with = "replay::lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub replay: Option<Replay>,
}

/// Presence options of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceConfig {
    /// The key that this client is tracked under; empty: the server makes one.
    #[serde(default)]
    pub key: String,
    /// Whether the state is sent.
    #[serde(default)]
    pub enabled: bool,
}

/// One row-change subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// `*`, `INSERT`, `UPDATE` or `DELETE`.
    #[serde(default = "any_event")]
    pub event: String,
    /// The schema.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema: String,
    /// The table; empty: every table of the schema.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub table: String,
    /// `column=op.value`. Left out when absent: the server takes an empty one for an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

impl Binding {
    /// Every change of a table.
    pub fn table(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            event: any_event(),
            schema: schema.into(),
            table: table.into(),
            filter: None,
        }
    }

    /// Whether the two mean the same; null, missing and empty filters do.
    pub fn matches(&self, other: &Self) -> bool {
        fn filter(binding: &Binding) -> &str {
            binding.filter.as_deref().unwrap_or_default()
        }
        self.event.eq_ignore_ascii_case(&other.event)
            && self.schema == other.schema
            && self.table == other.table
            && filter(self) == filter(other)
    }
}

fn any_event() -> String {
    "*".to_owned()
}

/// A binding as the server lists it in the reply to a join.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BoundBinding {
    /// What change events name it by: a hash of its parameters.
    pub id: i64,
    /// The binding.
    #[serde(flatten)]
    pub binding: Binding,
}

/// `response` of the reply to a join.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct JoinResponse {
    /// The bindings in the order requested.
    #[serde(default)]
    pub postgres_changes: Vec<BoundBinding>,
}

/// Body of `phx_reply`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    /// `ok` or `error`.
    pub status: String,
    /// Usually an object; sometimes a text.
    #[serde(default = "Json::empty_object")]
    pub response: Json,
}

impl Reply {
    /// Whether it is good news.
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }

    /// The reason of an error: `response.reason`, or the response if it is a text.
    pub fn reason(&self) -> String {
        #[derive(Deserialize)]
        struct Reason {
            reason: String,
        }
        self.response
            .parse::<Reason>()
            .map(|body| body.reason)
            .or_else(|_| self.response.parse::<String>())
            .unwrap_or_else(|_| self.response.to_string())
    }
}

/// Body of `system`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct System {
    /// `postgres_changes` or `system`.
    #[serde(default)]
    pub extension: String,
    /// `ok` or `error`.
    #[serde(default)]
    pub status: String,
    /// The server's words.
    #[serde(default)]
    pub message: String,
    /// The channel's name, without the prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// Body of `broadcast`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Broadcast {
    /// Always `broadcast`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Name that the sender gave the event.
    pub event: String,
    /// What it carries.
    #[serde(default = "Json::empty_object")]
    pub payload: Json,
    /// The server's words about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<BroadcastMeta>,
}

/// What the server says about a broadcast.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastMeta {
    /// Identifies a stored message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Sent again from storage.
    #[serde(default)]
    pub replayed: bool,
}

/// Body of `presence`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Presence {
    /// Always `presence`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `track` or `untrack`.
    pub event: String,
    /// What is tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Json>,
}

/// One key of a presence state or diff.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PresenceEntry {
    /// One object for each device.
    pub metas: Vec<Json>,
}

/// Body of `presence_state`.
pub type PresenceState = BTreeMap<String, PresenceEntry>;

/// Body of `presence_diff`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PresenceDiff {
    /// Metas that came.
    #[serde(default)]
    pub joins: PresenceState,
    /// Metas that went.
    #[serde(default)]
    pub leaves: PresenceState,
}

/// Body of `access_token`.
#[derive(Serialize, Deserialize)]
pub struct AccessToken {
    /// The token.
    pub access_token: String,
}
