//! Stored broadcasts that are sent again.
//!
//! A server keeps the broadcasts of private channels that a database function sent, or that were
//! sent to be kept, and sends the newest of them again to a channel that asks for it on joining
//! (protocol sections 1.4 and 1.7). Each rejoin asks anew; what was told already is told once.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::payload::BroadcastMeta;

/// The most that a server sends again.
pub const MOST: u8 = 25;
/// Ids that are remembered of a channel: those of a whole replay, and of what came live since.
const REMEMBERED: usize = 4 * MOST as usize;
/// How a server begins the refusal of a join because of its replay.
const REFUSED: &str = "UnableToReplayMessages";

/// Which stored broadcasts to send again on joining. Only private channels have any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Those sent since then, in milliseconds since 1970. Servers keep three days.
    pub since: i64,
    /// So many of them, the newest, at most [`MOST`]; none: as many as the server likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u8>,
}

impl Replay {
    /// Within what servers take: they refuse the join otherwise.
    fn allowed(self) -> Self {
        Self {
            since: self.since.max(0),
            limit: self.limit.map(|limit| limit.clamp(1, MOST)),
        }
    }
}

/// Reads `replay` of a join; one that is not of that form counts as none.
pub(crate) fn lenient<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Replay>, D::Error> {
    let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
    Ok(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()))
}

/// What a channel knows of its stored broadcasts.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// The server refused to send any: the channel does without.
    refused: bool,
    told: VecDeque<String>,
}

impl Stored {
    /// What to ask for on joining.
    pub(crate) fn ask(&self, wanted: Option<Replay>, private: bool) -> Option<Replay> {
        wanted
            .filter(|_| private && !self.refused)
            .map(Replay::allowed)
    }

    /// Whether a join that asked for `wanted` was refused for asking, and is to be tried without.
    pub(crate) fn is_refused(
        &mut self,
        wanted: Option<Replay>,
        private: bool,
        reason: &str,
    ) -> bool {
        let refused = reason.starts_with(REFUSED) && self.ask(wanted, private).is_some();
        self.refused |= refused;
        refused
    }

    /// Another replay is wanted.
    pub(crate) fn forget_refusal(&mut self) {
        self.refused = false;
    }

    /// Whether a broadcast was not told before. One without an id is not stored.
    pub(crate) fn is_new(&mut self, meta: &BroadcastMeta) -> bool {
        let Some(id) = &meta.id else { return true };
        if self.told.contains(id) {
            return false;
        }
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back(id.clone());
        true
    }
}
