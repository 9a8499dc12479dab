//! One channel: what is wanted of it, and how far that is.

use std::collections::HashMap;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::backoff::Backoff;
use crate::classify::ChannelError;
use crate::config::Secret;
use crate::event::ChannelStatus;
use crate::payload::{Binding, BroadcastConfig, JoinConfig, JoinResponse, PresenceConfig};
use crate::presence::PresenceTable;
use crate::replay::Stored;
use crate::tracker::Tracker;

/// What a channel should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelSpec {
    /// Its name, without the `realtime:` prefix.
    pub name: String,
    /// Whether policies on `realtime.messages` decide who may use it.
    pub private: bool,
    /// Broadcast options.
    pub broadcast: BroadcastConfig,
    /// Presence options.
    pub presence: PresenceConfig,
    /// Row-change subscriptions. One bad one disables all of the channel's.
    pub bindings: Vec<Binding>,
}

impl ChannelSpec {
    /// A channel for broadcasts alone; add to it what else it should do.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    pub(crate) fn config(&self) -> JoinConfig {
        JoinConfig {
            broadcast: self.broadcast,
            presence: self.presence.clone(),
            postgres_changes: self.unique_bindings(),
            private: self.private,
        }
    }

    /// Identical bindings share one id: each is asked for once.
    fn unique_bindings(&self) -> Vec<Binding> {
        let mut unique: Vec<Binding> = Vec::with_capacity(self.bindings.len());
        for binding in &self.bindings {
            if unique.iter().all(|known| !known.matches(binding)) {
                let mut binding = binding.clone();
                binding.filter = binding.filter.filter(|filter| !filter.is_empty());
                unique.push(binding);
            }
        }
        unique
    }
}

/// Why a message could not be sent, or was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The channel is not joined at the moment.
    #[error("the channel is not joined")]
    NotJoined,
    /// Too many frames wait for the socket.
    #[error("the socket is too slow")]
    Busy,
    /// A broadcast that is no object would crash the channel.
    #[error("the payload is no JSON object")]
    NotAnObject,
    /// Bytes need version 2.0.0, and names of at most 255 bytes.
    #[error("{0}")]
    NotEncodable(String),
    /// The frame is over the 5,000,000 bytes for which the server drops the socket.
    #[error("the message is {0} bytes long; the server takes 5,000,000")]
    TooBig(usize),
    /// The server refused it.
    #[error("{0}")]
    Refused(String),
    /// No answer in time: it may or may not have arrived.
    #[error("no answer in time")]
    Timeout,
    /// The channel ended before the answer: it may or may not have arrived.
    #[error("the channel ended before the answer")]
    Disconnected,
}

/// The answer to a push, once it is there.
pub(crate) type Answer = oneshot::Sender<Result<(), PushError>>;

#[derive(Debug)]
pub(crate) struct PendingPush {
    pub(crate) deadline: Instant,
    pub(crate) answer: Option<Answer>,
}

/// How far a channel is. It only moves forward, and back to `Idle` or `Waiting` from anywhere.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Waits for the socket.
    Idle,
    /// Waits for its turn to join.
    Queued,
    /// Has its turn; the token is being read.
    ReadingToken { ticket: u64, deadline: Instant },
    /// The join is sent.
    Joining { join_ref: String, deadline: Instant },
    Joined {
        join_ref: String,
        since: Instant,
        subscription: Subscription,
    },
    /// The leave is sent.
    Leaving {
        join_ref: String,
        leave_ref: String,
        deadline: Instant,
        then: Then,
    },
    /// Joins again later.
    Waiting { until: Instant, error: ChannelError },
    /// Joins no more by itself.
    Stopped { error: ChannelError },
}

/// Whether row changes flow.
#[derive(Debug)]
pub(crate) enum Subscription {
    /// The channel has no bindings.
    NotWanted,
    /// The server has not said yet that it is subscribed.
    Awaited {
        deadline: Instant,
    },
    Live,
    /// The server gave up; the rest of the channel works until it joins again.
    Failed {
        error: ChannelError,
        retry_at: Instant,
    },
}

/// What follows a leave.
#[derive(Debug)]
pub(crate) enum Then {
    /// Nobody wants the channel any more.
    Gone,
    /// It is to be joined again at once.
    Rejoin,
    /// It is to be joined again after a back-off.
    Fail(ChannelError),
}

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) topic: String,
    pub(crate) spec: ChannelSpec,
    pub(crate) owners: usize,
    pub(crate) phase: Phase,
    pub(crate) told: ChannelStatus,
    pub(crate) backoff: Backoff,
    /// Counts how often its bindings were refused since changes flowed last.
    pub(crate) refusals: Backoff,
    pub(crate) presence: PresenceTable,
    pub(crate) tracker: Tracker,
    /// Ids of the live incarnation, and the indices in `spec.bindings` that each stands for.
    pub(crate) ids: Vec<(i64, Vec<usize>)>,
    /// The token that the server knows.
    pub(crate) token: Option<Secret>,
    /// A newer token came while the join was on its way.
    pub(crate) outdated: bool,
    /// The token that the server called expired or unreadable.
    pub(crate) refused_token: Option<Secret>,
    /// A refused token was replaced at once, and the channel was not in health since.
    pub(crate) renewed: bool,
    /// The last `system` error of this incarnation: it explains a close that follows.
    pub(crate) fault: Option<ChannelError>,
    pub(crate) stored: Stored,
    pub(crate) pushes: HashMap<String, PendingPush>,
}

impl Channel {
    pub(crate) fn new(topic: String, spec: ChannelSpec) -> Self {
        Self {
            topic,
            spec,
            owners: 0,
            phase: Phase::Idle,
            told: ChannelStatus::Closed,
            backoff: Backoff::default(),
            refusals: Backoff::default(),
            presence: PresenceTable::default(),
            tracker: Tracker::default(),
            ids: Vec::new(),
            token: None,
            outdated: false,
            refused_token: None,
            renewed: false,
            fault: None,
            stored: Stored::default(),
            pushes: HashMap::new(),
        }
    }

    /// Reference of the join of the present incarnation.
    pub(crate) fn join_ref(&self) -> Option<&str> {
        match &self.phase {
            Phase::Joining { join_ref, .. }
            | Phase::Joined { join_ref, .. }
            | Phase::Leaving { join_ref, .. } => Some(join_ref),
            _ => None,
        }
    }

    pub(crate) fn is_joined(&self) -> bool {
        matches!(self.phase, Phase::Joined { .. })
    }

    /// Whether it holds the turn to join.
    pub(crate) fn holds_turn(&self) -> bool {
        matches!(
            self.phase,
            Phase::ReadingToken { .. } | Phase::Joining { .. } | Phase::Leaving { .. }
        )
    }

    pub(crate) fn status(&self) -> ChannelStatus {
        match &self.phase {
            Phase::Idle | Phase::Queued | Phase::ReadingToken { .. } | Phase::Joining { .. } => {
                ChannelStatus::Joining
            }
            Phase::Joined { subscription, .. } => match subscription {
                Subscription::NotWanted | Subscription::Awaited { .. } => ChannelStatus::Joined,
                Subscription::Live => ChannelStatus::Subscribed,
                Subscription::Failed { error, retry_at } => ChannelStatus::Errored {
                    error: error.clone(),
                    retry_at: Some(*retry_at),
                },
            },
            Phase::Leaving { then, .. } => match then {
                Then::Gone => ChannelStatus::Closed,
                Then::Rejoin | Then::Fail(_) => ChannelStatus::Joining,
            },
            Phase::Waiting { until, error } => ChannelStatus::Errored {
                error: error.clone(),
                retry_at: Some(*until),
            },
            Phase::Stopped { error } => ChannelStatus::Errored {
                error: error.clone(),
                retry_at: None,
            },
        }
    }

    /// The server refused the token. Whether another one is worth a try at once: only the first
    /// time, since a server with another clock refuses every token.
    pub(crate) fn refuse_token(&mut self) -> bool {
        let other = self.token.is_some() && self.token != self.refused_token;
        self.refused_token.clone_from(&self.token);
        other && !std::mem::replace(&mut self.renewed, true)
    }

    /// Takes over the ids of the reply to a join, which lists the bindings in the order
    /// requested. The error says what differs.
    pub(crate) fn bind(&mut self, response: &JoinResponse) -> Result<(), String> {
        let asked = self.spec.unique_bindings();
        let bound = &response.postgres_changes;
        if asked.len() != bound.len() {
            return Err(format!(
                "{} bindings asked for, {} bound",
                asked.len(),
                bound.len()
            ));
        }
        self.ids.clear();
        for (position, (asked, bound)) in asked.iter().zip(bound).enumerate() {
            if !asked.matches(&bound.binding) {
                return Err(format!(
                    "binding {position} differs: {asked:?}, {:?}",
                    bound.binding
                ));
            }
            let indices = self
                .spec
                .bindings
                .iter()
                .enumerate()
                .filter(|(_, binding)| binding.matches(asked))
                .map(|(index, _)| index)
                .collect();
            self.ids.push((bound.id, indices));
        }
        Ok(())
    }

    /// The bindings that `ids` name, ascending, each once.
    pub(crate) fn matching(&self, ids: &[i64]) -> Vec<usize> {
        let mut matching: Vec<usize> = self
            .ids
            .iter()
            .filter(|(id, _)| ids.contains(id))
            .flat_map(|(_, indices)| indices.iter().copied())
            .collect();
        matching.sort_unstable();
        matching.dedup();
        matching
    }

    /// Ends every wait for an answer.
    pub(crate) fn fail_pushes(&mut self) {
        for (_, push) in self.pushes.drain() {
            if let Some(answer) = push.answer {
                let _ = answer.send(Err(PushError::Disconnected));
            }
        }
    }
}
