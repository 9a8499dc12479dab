//! What a commit changed, told after it.

use std::collections::{BTreeMap, BTreeSet};

use tidings_model::{MessageId, SessionId, Symbol};

/// What one commit, or several, changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of flags, each on its own"
)]
pub struct Changes {
    /// Sessions whose row or list entry changed.
    pub sessions: BTreeSet<SessionId>,
    /// Messages that changed, appeared or went, by session.
    pub messages: BTreeMap<SessionId, BTreeSet<MessageId>>,
    /// The outbox changed.
    pub outbox: bool,
    /// Sessions whose read position moved.
    pub read_positions: BTreeSet<SessionId>,
    /// Symbols with a new quote.
    pub quotes: BTreeSet<Symbol>,
    /// Symbols whose past is better known than before.
    pub past_prices: BTreeSet<Symbol>,
    /// Alert rules changed.
    pub rules: bool,
    /// Firings were added or marked.
    pub firings: bool,
    /// Sessions whose draft changed.
    pub drafts: BTreeSet<SessionId>,
    /// The watch list changed.
    pub watch_list: bool,
    /// Sessions whose fetched ranges changed.
    pub ranges: BTreeSet<SessionId>,
    /// Somebody's name changed.
    pub names: bool,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what a later commit changed.
    pub fn merge(&mut self, later: Self) {
        self.sessions.extend(later.sessions);
        for (session, ids) in later.messages {
            self.messages.entry(session).or_default().extend(ids);
        }
        self.outbox |= later.outbox;
        self.read_positions.extend(later.read_positions);
        self.quotes.extend(later.quotes);
        self.past_prices.extend(later.past_prices);
        self.rules |= later.rules;
        self.firings |= later.firings;
        self.drafts.extend(later.drafts);
        self.watch_list |= later.watch_list;
        self.ranges.extend(later.ranges);
        self.names |= later.names;
    }

    pub(crate) fn message(&mut self, session: &SessionId, id: MessageId) {
        if let Some(ids) = self.messages.get_mut(session) {
            ids.insert(id);
        } else {
            self.messages.insert(session.clone(), BTreeSet::from([id]));
        }
    }
}

/// A commit that changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Counts the commits told since the cache was opened, from 1.
    pub seq: u64,
    /// What changed.
    pub changes: Changes,
}
