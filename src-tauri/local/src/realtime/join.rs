//! Reading the payload of `phx_join`. What cannot be read takes its default, as on the real
//! server.

use std::collections::BTreeMap;

use tidings_realtime::frame::Json;
use uuid::Uuid;

use super::binding::Request;

type Object = BTreeMap<String, Json>;

/// What a join asks for.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the flags of the payload, one for one"
)]
pub(super) struct Join {
    /// The token for this channel; none means the key of the handshake.
    pub token: Option<String>,
    pub private: bool,
    pub ack: bool,
    pub echo: bool,
    pub replay: Option<Json>,
    /// Whether presence is told to this channel.
    pub presence: bool,
    /// Under which key its own presence stands.
    pub presence_key: String,
    pub requests: Vec<Request>,
    /// Joined without `config`.
    pub legacy: bool,
    /// Whether the reply waits until row changes flow.
    pub wait: bool,
}

impl Join {
    /// Reads `payload` of a join of the channel `name` (without `realtime:`); the error is
    /// the reason of the refusal.
    pub fn read(payload: &Object, name: &str) -> Result<Self, String> {
        let legacy = !payload.contains_key("config");
        let config = object(payload.get("config"));
        let broadcast = object(config.get("broadcast"));
        let presence = object(config.get("presence"));
        let options = object(config.get("postgres_changes_options"));
        let requests = if legacy {
            vec![Request::legacy(name)]
        } else {
            Request::list(config.get("postgres_changes"))?
        };
        Ok(Self {
            token: ["user_token", "access_token"]
                .into_iter()
                .find_map(|field| payload.get(field)?.parse().ok()),
            private: flag(&config, "private"),
            ack: flag(&broadcast, "ack"),
            echo: flag(&broadcast, "self"),
            replay: broadcast.get("replay").filter(|it| !it.is_null()).cloned(),
            presence: !presence.is_empty()
                && (!presence.contains_key("enabled") || flag(&presence, "enabled")),
            presence_key: presence
                .get("key")
                .and_then(|key| key.parse::<String>().ok())
                .filter(|key| !key.is_empty())
                .unwrap_or_else(|| Uuid::new_v4().to_string()),
            requests,
            legacy,
            wait: flag(&options, "wait"),
        })
    }
}

fn object(value: Option<&Json>) -> Object {
    value.and_then(|it| it.parse().ok()).unwrap_or_default()
}

/// The server casts: the text "true" counts as true.
fn flag(object: &Object, name: &str) -> bool {
    object
        .get(name)
        .is_some_and(|it| matches!(it.as_str(), "true" | "\"true\""))
}
