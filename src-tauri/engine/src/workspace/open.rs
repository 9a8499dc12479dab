//! The session in front: its channel, and who is in it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tidings_cache::SessionSummary;
use tidings_contract as api;
use tidings_model::{MemberRole, PresenceStatus, SessionId, Timestamp};
use tidings_realtime::{ChannelHandle, Presences};
use tokio::time::Instant;

use super::members::Names;
use super::remote::PresenceRow;
use super::rows::short_id;

/// How long what was said of somebody holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// Somebody who left stays shown this long, so that a rejoin does not flicker; and a presence
    /// row older than this says nothing about now.
    pub presence: Duration,
    /// Typing that is not repeated ends after this long.
    pub typing: Duration,
}

impl From<&api::RealtimeSettings> for Timeouts {
    fn from(settings: &api::RealtimeSettings) -> Self {
        Self {
            presence: Duration::from_millis(settings.presence_timeout_ms.into()),
            typing: Duration::from_millis(settings.typing_timeout_ms.into()),
        }
    }
}

/// The session in front.
pub(super) struct OpenSession {
    /// Which one.
    pub id: SessionId,
    /// Its channel, while presence is switched on.
    pub channel: Option<ChannelHandle>,
    /// One's own, as it was when the channel was joined.
    pub standing: Standing,
    /// As the settings say; another one counts for what is said from then on.
    pub timeouts: Timeouts,
    here: BTreeMap<String, Here>,
    typing: HashMap<String, Instant>,
    rows: HashMap<String, PresenceRow>,
}

/// One's own standing in a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The project does not show the session any more.
    pub no_access: bool,
    /// The project does not have it yet, and lets nobody in.
    pub unsent: bool,
    /// As what one takes part, as far as it is known.
    pub role: Option<MemberRole>,
}

impl Standing {
    /// Whether there is a channel that one may be in.
    pub const fn may_join(self) -> bool {
        !self.no_access && !self.unsent
    }

    /// As the cache has it.
    pub const fn of(summary: &SessionSummary) -> Self {
        Self {
            no_access: summary.no_access,
            unsent: summary.unsent,
            role: summary.role,
        }
    }
}

/// Somebody on the channel.
#[derive(Debug, Clone)]
struct Here {
    name: Option<String>,
    status: PresenceStatus,
    devices: u32,
    /// Set when they have left: until when they are still shown.
    until: Option<Instant>,
}

/// What a device of ours says of itself on the channel.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Tracked {
    /// Whose device.
    pub user_id: String,
    /// What they are called.
    #[serde(default)]
    pub user_name: Option<String>,
    /// `online` or `away`.
    #[serde(default)]
    pub status: Option<String>,
}

impl OpenSession {
    /// A session that was just opened.
    pub fn new(
        id: SessionId,
        channel: Option<ChannelHandle>,
        standing: Standing,
        timeouts: Timeouts,
    ) -> Self {
        Self {
            id,
            channel,
            standing,
            timeouts,
            here: BTreeMap::new(),
            typing: HashMap::new(),
            rows: HashMap::new(),
        }
    }

    /// Name of the channel of a session.
    pub fn channel_name(id: &SessionId) -> String {
        format!("session:{id}")
    }

    /// The channel's state. Who is missing from it has left, and stays shown for a while.
    pub fn presence(&mut self, state: &Presences) {
        let leaving = Instant::now() + self.timeouts.presence;
        for (key, here) in &mut self.here {
            if !state.contains_key(key) && here.until.is_none() {
                here.until = Some(leaving);
            }
        }
        for (key, metas) in state {
            let tracked: Vec<Tracked> = metas
                .iter()
                .filter_map(|meta| meta.fields.parse().ok())
                .collect();
            let online = tracked.iter().any(|t| t.status.as_deref() != Some("away"));
            let invisible = !tracked.is_empty()
                && tracked
                    .iter()
                    .all(|t| t.status.as_deref() == Some("offline"));
            let here = Here {
                name: tracked.iter().find_map(|t| t.user_name.clone()),
                status: match (invisible, online) {
                    (true, _) => PresenceStatus::Offline,
                    (false, true) => PresenceStatus::Online,
                    (false, false) => PresenceStatus::Away,
                },
                devices: u32::try_from(metas.len()).unwrap_or(u32::MAX),
                until: None,
            };
            self.here.insert(key.clone(), here);
        }
    }

    /// What people on the channel say that they are called, by key.
    pub fn called(state: &Presences) -> Vec<(String, String)> {
        let named = state.iter().filter_map(|(key, metas)| {
            let mut tracked = metas
                .iter()
                .filter_map(|m| m.fields.parse::<Tracked>().ok());
            Some((key.clone(), tracked.find_map(|t| t.user_name)?))
        });
        named.collect()
    }

    /// The channel is gone: everybody is shown for a while yet.
    pub fn lost(&mut self) {
        self.presence(&Presences::new());
    }

    /// A word on whether somebody is writing.
    pub fn typing(&mut self, user: String, typing: bool) {
        if typing {
            self.typing
                .insert(user, Instant::now() + self.timeouts.typing);
        } else {
            self.typing.remove(&user);
        }
    }

    /// A row of `user_presence`: clients without the channel say it there.
    pub fn row(&mut self, row: PresenceRow) {
        if row.typing_in.as_ref() == Some(&self.id) {
            self.typing.insert(
                row.user_id.to_string(),
                Instant::now() + self.timeouts.typing,
            );
        } else {
            self.typing.remove(row.user_id.as_str());
        }
        self.rows.insert(row.user_id.to_string(), row);
    }

    /// Lets go of who has left and what was not repeated; whether anything changed. `server`: the
    /// time by the server's clock, which writes the rows.
    pub fn expire(&mut self, server: Timestamp) -> bool {
        let now = Instant::now();
        let before = (self.here.len(), self.typing.len(), self.rows.len());
        self.here
            .retain(|_, here| here.until.is_none_or(|until| until > now));
        self.typing.retain(|_, until| *until > now);
        self.rows
            .retain(|_, row| server.since(row.last_seen) < self.timeouts.presence);
        before != (self.here.len(), self.typing.len(), self.rows.len())
    }

    /// Everybody there, oneself first, then by name.
    pub fn people(&self, me: Option<&str>, names: &Names, now: Timestamp) -> Vec<api::Person> {
        let mut people: BTreeMap<&str, api::Person> = BTreeMap::new();
        for (key, here) in &self.here {
            if here.status == PresenceStatus::Offline {
                continue;
            }
            people.insert(
                key,
                self.person(key, here.name.clone(), here.status, here.devices, me),
            );
        }
        for (key, row) in &self.rows {
            let fresh = now.since(row.last_seen) < self.timeouts.presence
                && row.status != PresenceStatus::Offline;
            if fresh && !people.contains_key(key.as_str()) {
                people.insert(key, self.person(key, None, row.status, 1, me));
            }
        }
        for key in self.typing.keys() {
            if !people.contains_key(key.as_str()) {
                people.insert(key, self.person(key, None, PresenceStatus::Online, 1, me));
            }
        }
        let mut people: Vec<api::Person> = people.into_values().collect();
        for person in &mut people {
            if let Some(name) = names.of_id(&person.user_id) {
                name.clone_into(&mut person.name);
            }
        }
        people.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
        people
    }

    fn person(
        &self,
        key: &str,
        name: Option<String>,
        status: PresenceStatus,
        devices: u32,
        me: Option<&str>,
    ) -> api::Person {
        api::Person {
            user_id: key.to_owned(),
            name: name.unwrap_or_else(|| short_id(key)),
            status: match status {
                PresenceStatus::Online => api::PersonStatus::Online,
                PresenceStatus::Away => api::PersonStatus::Away,
                PresenceStatus::Offline => api::PersonStatus::Offline,
            },
            typing: self.typing.contains_key(key),
            devices,
            own: me == Some(key),
        }
    }
}
