//! Who is present on a topic.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tidings_realtime::frame::Json;

use super::hub::ChannelId;

/// What a client tracks: an object whose values stay raw.
pub(super) type Fields = BTreeMap<String, Json>;

/// The presences of one topic, in the order in which they were first tracked.
#[derive(Debug, Default)]
pub(super) struct Presence {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    channel: ChannelId,
    key: String,
    meta: Meta,
}

#[derive(Debug, Clone)]
struct Meta {
    reference: String,
    previous: Option<String>,
    fields: Fields,
}

impl Presence {
    /// Sets what `channel` tracks under `key`; `None` when that changes nothing.
    pub fn track(&mut self, channel: ChannelId, key: &str, fields: Fields) -> Option<Diff> {
        let reference = new_reference();
        if let Some(entry) = self.entries.iter_mut().find(|it| it.channel == channel) {
            if entry.meta.fields == fields {
                return None;
            }
            let meta = Meta {
                previous: Some(entry.meta.reference.clone()),
                reference,
                fields,
            };
            let old = std::mem::replace(&mut entry.meta, meta.clone());
            return Some(Diff {
                key: entry.key.clone(),
                join: Some(meta),
                leave: Some(old),
            });
        }
        let meta = Meta {
            reference,
            previous: None,
            fields,
        };
        self.entries.push(Entry {
            channel,
            key: key.to_owned(),
            meta: meta.clone(),
        });
        Some(Diff {
            key: key.to_owned(),
            join: Some(meta),
            leave: None,
        })
    }

    /// Removes what `channel` tracks; `None` when that is nothing.
    pub fn untrack(&mut self, channel: ChannelId) -> Option<Diff> {
        let at = self.entries.iter().position(|it| it.channel == channel)?;
        let entry = self.entries.remove(at);
        Some(Diff {
            key: entry.key,
            join: None,
            leave: Some(entry.meta),
        })
    }

    /// The payload of `presence_state`.
    pub fn state(&self) -> impl Serialize + use<> {
        let mut state: BTreeMap<String, Metas> = BTreeMap::new();
        for entry in &self.entries {
            let metas = state.entry(entry.key.clone()).or_default();
            metas.metas.push(entry.meta.clone());
        }
        state
    }

    /// Whether nobody is present.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// One change of one presence. An update leaves and joins at once.
#[derive(Debug)]
pub(super) struct Diff {
    key: String,
    join: Option<Meta>,
    leave: Option<Meta>,
}

impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let side = |meta: &Option<Meta>| -> BTreeMap<&str, Metas> {
            let metas = meta.iter().cloned().collect::<Vec<_>>();
            (!metas.is_empty())
                .then_some((self.key.as_str(), Metas { metas }))
                .into_iter()
                .collect()
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("joins", &side(&self.join))?;
        map.serialize_entry("leaves", &side(&self.leave))?;
        map.end()
    }
}

#[derive(Debug, Default, Serialize)]
struct Metas {
    metas: Vec<Meta>,
}

impl Serialize for Meta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("phx_ref", &self.reference)?;
        if let Some(previous) = &self.previous {
            map.serialize_entry("phx_ref_prev", previous)?;
        }
        let own = ["phx_ref", "phx_ref_prev"];
        for (name, value) in &self.fields {
            if !own.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

fn new_reference() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 12]>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fields(text: &str) -> Fields {
        serde_json::from_str(text).unwrap()
    }

    fn json(value: &impl Serialize) -> serde_json::Value {
        serde_json::to_value(value).unwrap()
    }

    #[test]
    fn an_update_is_a_leave_and_a_join_that_names_the_reference_before() {
        let mut presence = Presence::default();
        let alice = ChannelId::from(1);
        let first = json(&presence.track(alice, "alice", fields(r#"{"n":1}"#)));
        assert_eq!(first["leaves"], serde_json::json!({}));
        let reference = &first["joins"]["alice"]["metas"][0]["phx_ref"];

        let second = json(&presence.track(alice, "alice", fields(r#"{"n":2}"#)));
        assert_eq!(&second["leaves"]["alice"]["metas"][0]["phx_ref"], reference);
        assert_eq!(
            &second["joins"]["alice"]["metas"][0]["phx_ref_prev"],
            reference
        );
        assert_eq!(second["joins"]["alice"]["metas"][0]["n"], 2);
    }

    #[test]
    fn the_same_fields_again_change_nothing() {
        let mut presence = Presence::default();
        let alice = ChannelId::from(1);
        assert!(
            presence
                .track(alice, "alice", fields(r#"{"a":1,"b":2}"#))
                .is_some()
        );
        assert!(
            presence
                .track(alice, "alice", fields(r#"{"b":2,"a":1}"#))
                .is_none()
        );
    }

    #[test]
    fn two_devices_share_a_key_and_leave_one_by_one() {
        let mut presence = Presence::default();
        presence.track(ChannelId::from(1), "bob", fields(r#"{"d":1}"#));
        presence.track(ChannelId::from(2), "bob", fields(r#"{"d":2}"#));
        assert_eq!(
            json(&presence.state())["bob"]["metas"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert!(presence.untrack(ChannelId::from(1)).is_some());
        assert!(presence.untrack(ChannelId::from(1)).is_none());
        assert_eq!(json(&presence.state())["bob"]["metas"][0]["d"], 2);
    }

    #[test]
    fn a_payload_cannot_forge_a_reference() {
        let mut presence = Presence::default();
        let diff =
            json(&presence.track(ChannelId::from(1), "m", fields(r#"{"phx_ref":"mallory"}"#)));
        assert_ne!(diff["joins"]["m"]["metas"][0]["phx_ref"], "mallory");
    }
}
