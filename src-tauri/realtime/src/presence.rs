//! Who is tracked in a channel, as the server tells it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::Deserialize;

use crate::frame::Json;
use crate::payload;

/// One tracked device of a key. Never altered in place: an update is a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The server's name for it.
    pub phx_ref: String,
    /// The whole object, tracked fields and `phx_ref` alike.
    pub fields: Json,
}

/// The tracked devices of each key. A key without devices is absent.
pub type Presences = BTreeMap<String, Vec<Meta>>;

/// What changed, and what holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceUpdate {
    /// Everybody who is here.
    pub state: Arc<Presences>,
    /// Keys that were not here before.
    pub joined: Vec<String>,
    /// Keys whose devices changed.
    pub updated: Vec<String>,
    /// Keys that are here no more.
    pub left: Vec<String>,
}

/// Diffs that may wait for the first state.
const MAX_EARLY_DIFFS: usize = 256;

/// The state of one incarnation of a channel.
#[derive(Debug, Default)]
pub(crate) struct PresenceTable {
    /// What the reader was told last; kept over a rejoin until the new state is there.
    shown: Arc<Presences>,
    /// What holds in this incarnation; `None` until the first state.
    current: Option<Presences>,
    early: VecDeque<payload::PresenceDiff>,
}

/// More diffs came before the state than can be kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyEarlyDiffs;

impl PresenceTable {
    /// A new incarnation begins: its state is not known yet.
    pub(crate) fn reset(&mut self) {
        self.current = None;
        self.early.clear();
    }

    pub(crate) fn shown(&self) -> Arc<Presences> {
        Arc::clone(&self.shown)
    }

    /// The server's full state; the diffs that came before it follow.
    pub(crate) fn state(&mut self, state: &payload::PresenceState) -> Option<PresenceUpdate> {
        let mut table = Presences::new();
        join(&mut table, state);
        for diff in self.early.drain(..) {
            apply(&mut table, &diff);
        }
        self.current = Some(table);
        self.tell()
    }

    pub(crate) fn diff(
        &mut self,
        diff: payload::PresenceDiff,
    ) -> Result<Option<PresenceUpdate>, TooManyEarlyDiffs> {
        let Some(current) = &mut self.current else {
            if self.early.len() == MAX_EARLY_DIFFS {
                return Err(TooManyEarlyDiffs);
            }
            self.early.push_back(diff);
            return Ok(None);
        };
        apply(current, &diff);
        Ok(self.tell())
    }

    /// What the reader does not know yet.
    fn tell(&mut self) -> Option<PresenceUpdate> {
        let current = self.current.as_ref()?;
        let mut update = PresenceUpdate {
            state: Arc::clone(&self.shown),
            joined: Vec::new(),
            updated: Vec::new(),
            left: Vec::new(),
        };
        for (key, metas) in current {
            match self.shown.get(key) {
                None => update.joined.push(key.clone()),
                Some(before) if before != metas => update.updated.push(key.clone()),
                Some(_) => {}
            }
        }
        update.left = self
            .shown
            .keys()
            .filter(|key| !current.contains_key(*key))
            .cloned()
            .collect();
        if update.joined.is_empty() && update.updated.is_empty() && update.left.is_empty() {
            return None;
        }
        self.shown = Arc::new(current.clone());
        update.state = Arc::clone(&self.shown);
        Some(update)
    }
}

/// Joins before leaves, so that an update never looks as if the key had gone.
fn apply(table: &mut Presences, diff: &payload::PresenceDiff) {
    join(table, &diff.joins);
    for (key, entry) in &diff.leaves {
        let gone: BTreeSet<String> = entry.metas.iter().filter_map(phx_ref).collect();
        if let Some(metas) = table.get_mut(key) {
            metas.retain(|meta| !gone.contains(&meta.phx_ref));
            if metas.is_empty() {
                table.remove(key);
            }
        }
    }
}

fn join(table: &mut Presences, joins: &payload::PresenceState) {
    for (key, entry) in joins {
        for fields in &entry.metas {
            let Some(phx_ref) = phx_ref(fields) else {
                continue;
            };
            let metas = table.entry(key.clone()).or_default();
            if metas.iter().all(|meta| meta.phx_ref != phx_ref) {
                metas.push(Meta {
                    phx_ref,
                    fields: fields.clone(),
                });
            }
        }
    }
}

fn phx_ref(fields: &Json) -> Option<String> {
    #[derive(Deserialize)]
    struct Ref {
        phx_ref: String,
    }
    fields.parse::<Ref>().ok().map(|meta| meta.phx_ref)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entries(list: &[(&str, &[&str])]) -> payload::PresenceState {
        list.iter()
            .map(|(key, refs)| {
                let metas = refs
                    .iter()
                    .map(|phx_ref| Json::new(&BTreeMap::from([("phx_ref", *phx_ref)])).unwrap())
                    .collect();
                ((*key).to_owned(), payload::PresenceEntry { metas })
            })
            .collect()
    }

    fn diff(joins: &[(&str, &[&str])], leaves: &[(&str, &[&str])]) -> payload::PresenceDiff {
        payload::PresenceDiff {
            joins: entries(joins),
            leaves: entries(leaves),
        }
    }

    fn refs(table: &PresenceTable, key: &str) -> Vec<String> {
        let state = table.shown();
        state
            .get(key)
            .into_iter()
            .flatten()
            .map(|meta| meta.phx_ref.clone())
            .collect()
    }

    #[test]
    fn diffs_before_the_state_are_kept_and_applied_after_it() {
        let mut table = PresenceTable::default();
        assert_eq!(table.diff(diff(&[("alice", &["1"])], &[])), Ok(None));
        assert_eq!(table.diff(diff(&[], &[("bob", &["2"])])), Ok(None));
        let update = table
            .state(&entries(&[("bob", &["2"]), ("mallory", &["3"])]))
            .unwrap();
        assert_eq!(update.joined, ["alice", "mallory"]);
        assert!(update.left.is_empty());
        assert_eq!(update.state.len(), 2);
    }

    #[test]
    fn an_update_is_no_departure() {
        let mut table = PresenceTable::default();
        table.state(&entries(&[("bob", &["1"])]));
        let update = table
            .diff(diff(&[("bob", &["2"])], &[("bob", &["1"])]))
            .unwrap()
            .unwrap();
        assert_eq!(update.updated, ["bob"]);
        assert!(update.left.is_empty() && update.joined.is_empty());
        assert_eq!(refs(&table, "bob"), ["2"]);
    }

    #[test]
    fn one_of_two_devices_leaves() {
        let mut table = PresenceTable::default();
        table.state(&entries(&[("bob", &["1", "2"])]));
        let update = table.diff(diff(&[], &[("bob", &["1"])])).unwrap().unwrap();
        assert_eq!(update.updated, ["bob"]);
        let update = table.diff(diff(&[], &[("bob", &["2"])])).unwrap().unwrap();
        assert_eq!(update.left, ["bob"]);
        assert!(table.shown().is_empty());
    }

    #[test]
    fn a_rejoin_shows_the_old_state_until_the_new_one_is_there() {
        let mut table = PresenceTable::default();
        table.state(&entries(&[("alice", &["1"]), ("bob", &["2"])]));
        table.reset();
        assert_eq!(table.shown().len(), 2);
        let update = table.state(&entries(&[("alice", &["9"])])).unwrap();
        assert_eq!(update.updated, ["alice"]);
        assert_eq!(update.left, ["bob"]);
    }

    #[test]
    fn the_same_again_is_no_news() {
        let mut table = PresenceTable::default();
        table.state(&entries(&[("alice", &["1"])]));
        assert_eq!(
            table.diff(diff(&[("alice", &["1"])], &[("bob", &["5"])])),
            Ok(None)
        );
    }

    #[test]
    fn early_diffs_are_bounded() {
        let mut table = PresenceTable::default();
        for _ in 0..MAX_EARLY_DIFFS {
            assert_eq!(table.diff(diff(&[("alice", &["1"])], &[])), Ok(None));
        }
        assert_eq!(table.diff(diff(&[], &[])), Err(TooManyEarlyDiffs));
    }
}
