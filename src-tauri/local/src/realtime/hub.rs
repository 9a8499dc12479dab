//! Who is connected, who has joined what, and what is sent to whom.
//!
//! One lock guards it all and is never held across an await: whatever a socket is sent goes
//! into its bounded outbox, so a slow client holds nobody up. A join and its reply, a leave
//! and the silence after it, an activation and its "Subscribed" happen under the lock, so no
//! other frame comes between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message as WsMessage;
use tidings_realtime::frame::Vsn;
use tokio::sync::mpsc;

use super::behaviour::RealtimeBehaviour;
use super::binding::Binding;
use super::changes::Told;
use super::faults::MostASecond;
use super::faults::Switches;
use super::outbox::{Link, Outbox};
use super::presence::{Diff, Fields, Presence};
use super::rate::PerSecond;
use super::wire::{self, Address, Fanout};
use crate::auth::Claims;
use crate::store::Change;

/// One socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PeerId(u64);

/// One incarnation of one channel on one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ChannelId(u64);

#[cfg(test)]
impl From<u64> for ChannelId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

/// A topic. A private and a public channel of one name are two topics.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TopicKey {
    /// With `realtime:`.
    pub topic: String,
    pub private: bool,
}

/// What a socket's own task is asked to do by others.
#[derive(Debug, Clone)]
pub(super) enum Control {
    /// End one channel with this `system` error.
    EndChannel(ChannelId, String),
    /// End every channel with this `system` error.
    EndChannels(String),
    /// End every channel as if its process had crashed.
    CrashChannels,
    /// Close the socket with this code.
    Close(u16),
    /// Say "Server requested disconnect", and close with code 1012.
    Disconnect,
}

/// Requests that may wait for one socket's task; one more cuts the socket off.
const CONTROLS: usize = 256;

/// The shared state of the Realtime half.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(super) behaviour: RealtimeBehaviour,
    pub(super) faults: Switches,
    ids: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    peers: BTreeMap<PeerId, Peer>,
    members: BTreeMap<ChannelId, Member>,
    topics: HashMap<TopicKey, Topic>,
    joins: PerSecond,
    presence: PerSecond,
    messages: PerSecond,
    changes: PerSecond,
}

#[derive(Debug)]
struct Peer {
    vsn: Vsn,
    outbox: Outbox,
    controls: mpsc::Sender<Control>,
}

/// A joined channel.
#[derive(Debug)]
pub(super) struct Member {
    pub peer: PeerId,
    pub key: TopicKey,
    pub join_ref: Option<String>,
    pub claims: Arc<Claims>,
    /// Whether its own broadcasts come back.
    pub echo: bool,
    /// Joined without `config`: changes come as events of their own names.
    pub legacy: bool,
    /// What it watches once it is live.
    pub bindings: Vec<Binding>,
    /// Whether row changes flow.
    pub live: bool,
}

#[derive(Debug, Default)]
struct Topic {
    members: BTreeSet<ChannelId>,
    presence: Presence,
}

impl Hub {
    pub fn new(behaviour: RealtimeBehaviour) -> Arc<Self> {
        Arc::new(Self {
            behaviour,
            faults: Switches::default(),
            ids: AtomicU64::new(1),
            inner: Mutex::default(),
        })
    }

    /// Registers a socket.
    pub(super) fn connect(&self, vsn: Vsn) -> (PeerId, Link, mpsc::Receiver<Control>) {
        let peer = PeerId(self.ids.fetch_add(1, Ordering::Relaxed));
        let link = Link::new(self.behaviour.queue_frames, self.behaviour.queue_bytes);
        let (controls, received) = mpsc::channel(CONTROLS);
        self.inner().peers.insert(
            peer,
            Peer {
                vsn,
                outbox: link.outbox.clone(),
                controls,
            },
        );
        (peer, link, received)
    }

    /// Forgets a socket and everything that it had joined.
    pub(super) fn disconnect(&self, peer: PeerId) {
        let mut inner = self.inner();
        inner.peers.remove(&peer);
        let gone: Vec<ChannelId> = inner
            .members
            .iter()
            .filter(|(_, member)| member.peer == peer)
            .map(|(channel, _)| *channel)
            .collect();
        for channel in gone {
            inner.leave(channel);
        }
    }

    /// Adds a channel, and sends its socket `frames` before anything else on it.
    pub(super) fn join(&self, member: Member, frames: Vec<WsMessage>) -> ChannelId {
        let channel = ChannelId(self.ids.fetch_add(1, Ordering::Relaxed));
        let mut inner = self.inner();
        for frame in frames {
            inner.push(member.peer, frame);
        }
        let topic = inner.topics.entry(member.key.clone()).or_default();
        topic.members.insert(channel);
        inner.members.insert(channel, member);
        channel
    }

    /// Removes a channel; nothing is sent on it any more.
    pub(super) fn leave(&self, channel: ChannelId) {
        self.inner().leave(channel);
    }

    /// Lets row changes flow to a channel from here on, and says so.
    pub(super) fn activate(&self, channel: ChannelId, bindings: Vec<Binding>) {
        let mut inner = self.inner();
        if let Some(member) = inner.members.get_mut(&channel) {
            member.bindings = bindings;
            member.live = true;
            inner.say_subscribed(channel);
        }
    }

    /// Replaces the claims that a channel's changes are judged by.
    pub(super) fn set_claims(&self, channel: ChannelId, claims: Arc<Claims>) {
        if let Some(member) = self.inner().members.get_mut(&channel) {
            member.claims = claims;
        }
    }

    /// Sends `event` to everybody on `key`, to `from` only if it wants its own back.
    pub(super) fn broadcast(&self, key: &TopicKey, from: Option<ChannelId>, event: &Fanout) {
        let mut inner = self.inner();
        let allowed = inner.messages.allow(self.behaviour.messages_per_second);
        let Some(topic) = inner.topics.get(key) else {
            return;
        };
        for channel in &topic.members {
            let Some(member) = inner.members.get(channel) else {
                continue;
            };
            let own = from == Some(*channel);
            if own && !member.echo {
                continue;
            }
            if allowed {
                inner.send(member, event);
            } else if !own {
                let message = "Too many messages per second".to_owned();
                inner.control(member.peer, Control::EndChannel(*channel, message));
            }
        }
    }

    /// Counts one message that came over HTTP; false when there were too many.
    pub(super) fn allow_message(&self) -> bool {
        self.inner()
            .messages
            .allow(self.behaviour.messages_per_second)
    }

    /// Counts one join; false when there were too many.
    pub(super) fn allow_join(&self) -> bool {
        self.inner().joins.allow(self.behaviour.joins_per_second)
    }

    /// Counts one presence call; false when there were too many.
    pub(super) fn allow_presence(&self) -> bool {
        self.inner()
            .presence
            .allow(self.behaviour.presence_per_second)
    }

    pub(super) fn most_a_second(&self) -> MostASecond {
        let inner = self.inner();
        MostASecond {
            joins: inner.joins.most(),
            presence: inner.presence.most(),
            messages: inner.messages.most(),
        }
    }

    /// Whether this socket is within the limit of connections: those that came first are.
    pub(super) fn within_connections(&self, peer: PeerId) -> bool {
        let before = self.inner().peers.range(..peer).count();
        self.behaviour
            .connections
            .is_none_or(|limit| before < limit)
    }

    /// Whether one more socket may connect. A server that is exactly full lets it in and
    /// refuses its joins, as the recorded one does.
    pub(super) fn has_room(&self) -> bool {
        let connected = self.inner().peers.len();
        self.behaviour
            .connections
            .is_none_or(|limit| connected <= limit)
    }

    /// Tracks `fields` for a channel.
    pub(super) fn track(&self, channel: ChannelId, key: &str, fields: Fields) {
        self.inner()
            .change_presence(channel, |presence| presence.track(channel, key, fields));
    }

    /// Ends what a channel tracks.
    pub(super) fn untrack(&self, channel: ChannelId) {
        self.inner()
            .change_presence(channel, |presence| presence.untrack(channel));
    }

    /// Sends a channel who is present on its topic.
    pub(super) fn send_presence_state(&self, channel: ChannelId) {
        let inner = self.inner();
        let Some(member) = inner.members.get(&channel) else {
            return;
        };
        let state = inner.topics.get(&member.key).map(|it| it.presence.state());
        if let (Some(state), Some(peer)) = (state, inner.peers.get(&member.peer)) {
            let to = Address {
                topic: &member.key.topic,
                join_ref: member.join_ref.as_deref(),
            };
            if let Some(frame) = wire::text(peer.vsn, to, None, "presence_state", &state) {
                peer.outbox.push(frame);
            }
        }
    }

    /// Tells a committed change to every live channel that asked for it and may see it.
    pub(super) fn tell(&self, change: &Change, told: &Told) {
        let mut inner = self.inner();
        if !inner.changes.allow(self.behaviour.changes_per_second) {
            return;
        }
        for member in inner.members.values().filter(|member| member.live) {
            let mut ids: Vec<u32> = member
                .bindings
                .iter()
                .filter(|binding| binding.matches(change))
                .map(Binding::id)
                .collect();
            if ids.is_empty() || !change.visible_to(&member.claims) {
                continue;
            }
            // The real server lists them last to first.
            ids.reverse();
            let Some(peer) = inner.peers.get(&member.peer) else {
                continue;
            };
            let to = Address {
                topic: &member.key.topic,
                join_ref: None,
            };
            let frame = if member.legacy {
                wire::text(peer.vsn, to, None, change.kind.name(), told.data())
            } else {
                wire::text(peer.vsn, to, None, "postgres_changes", &told.payload(&ids))
            };
            if let Some(frame) = frame {
                peer.outbox.push(frame);
            }
        }
    }

    /// Says "Subscribed to PostgreSQL" again on every live channel: changes may have been lost.
    pub(super) fn repeat_subscribed(&self) {
        let inner = self.inner();
        for (channel, member) in &inner.members {
            if member.live {
                inner.say_subscribed(*channel);
            }
        }
    }

    /// Asks the tasks of all sockets to do something.
    pub(super) fn control_all(&self, control: &Control) {
        let inner = self.inner();
        for peer in inner.peers.keys() {
            inner.control(*peer, control.clone());
        }
    }

    /// Drops every connection without a close frame.
    pub(super) fn cut_all(&self) {
        for peer in self.inner().peers.values() {
            peer.outbox.cut();
        }
    }

    /// Sends a frame as it is to every socket of one serializer.
    pub(super) fn push_raw(&self, vsn: Vsn, frame: &WsMessage) {
        let inner = self.inner();
        for peer in inner.peers.values().filter(|peer| peer.vsn == vsn) {
            peer.outbox.push(frame.clone());
        }
    }

    /// How many sockets are connected.
    pub(super) fn sockets(&self) -> usize {
        self.inner().peers.len()
    }

    /// How many channels are joined; of these, how many receive row changes.
    pub(super) fn channels(&self) -> (usize, usize) {
        let inner = self.inner();
        let live = inner.members.values().filter(|member| member.live).count();
        (inner.members.len(), live)
    }

    /// How many topics are held.
    pub(super) fn topics(&self) -> usize {
        self.inner().topics.len()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Every change of the state is complete before anything that could panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn leave(&mut self, channel: ChannelId) {
        let Some(member) = self.members.remove(&channel) else {
            return;
        };
        let Some(topic) = self.topics.get_mut(&member.key) else {
            return;
        };
        topic.members.remove(&channel);
        let diff = topic.presence.untrack(channel);
        if topic.members.is_empty() && topic.presence.is_empty() {
            self.topics.remove(&member.key);
        } else if let Some(diff) = diff {
            self.send_diff(&member.key, &diff);
        }
    }

    fn change_presence(
        &mut self,
        channel: ChannelId,
        change: impl FnOnce(&mut Presence) -> Option<Diff>,
    ) {
        let Some(key) = self.members.get(&channel).map(|it| it.key.clone()) else {
            return;
        };
        let diff = self
            .topics
            .get_mut(&key)
            .and_then(|topic| change(&mut topic.presence));
        if let Some(diff) = diff {
            self.send_diff(&key, &diff);
        }
    }

    fn send_diff(&self, key: &TopicKey, diff: &Diff) {
        let event = Fanout::text(&key.topic, "presence_diff", diff);
        let members = self.topics.get(key).into_iter().flat_map(|it| &it.members);
        for member in members.filter_map(|channel| self.members.get(channel)) {
            self.send(member, &event);
        }
    }

    fn say_subscribed(&self, channel: ChannelId) {
        let Some(member) = self.members.get(&channel) else {
            return;
        };
        let Some(peer) = self.peers.get(&member.peer) else {
            return;
        };
        let to = Address {
            topic: &member.key.topic,
            join_ref: member.join_ref.as_deref(),
        };
        let message = "Subscribed to PostgreSQL";
        if let Some(frame) = wire::system(peer.vsn, to, "postgres_changes", "ok", message) {
            peer.outbox.push(frame);
        }
    }

    fn send(&self, member: &Member, event: &Fanout) {
        if let Some(peer) = self.peers.get(&member.peer)
            && let Some(frame) = event.get(peer.vsn)
        {
            peer.outbox.push(frame.clone());
        }
    }

    fn push(&self, peer: PeerId, frame: WsMessage) {
        if let Some(peer) = self.peers.get(&peer) {
            peer.outbox.push(frame);
        }
    }

    fn control(&self, peer: PeerId, control: Control) {
        if let Some(peer) = self.peers.get(&peer)
            && peer.controls.try_send(control).is_err()
        {
            peer.outbox.cut();
        }
    }
}
