//! What was judged is kept in one transaction, before it is told.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidings_alerts::{Firing, Outcome, Pause, RuleState};
use tidings_cache::{Cache, CacheError, Evaluation, FiringId, FiringMark, NewFiring};
use tidings_contract as api;
use tidings_model::{Quote, RuleId, Symbol};
use tokio::sync::MutexGuard;

use super::{Market, json};
use crate::workspace::{Core, notices, rules};

/// Quotes that wait for a disk that takes nothing. Beyond it the oldest go.
const WAITING: usize = 10_000;

/// What was judged and is not in the cache yet.
#[derive(Default)]
pub(super) struct Unkept {
    /// New states that are kept at once.
    states: HashMap<RuleId, RuleState>,
    /// New states of rules that did no more than follow the price: they wait for the next time
    /// that prices are kept.
    followed: HashMap<RuleId, RuleState>,
    pub(super) firings: Vec<Fired>,
    /// The user knows that it could not be kept.
    said: bool,
}

/// What was given to the cache to be kept, while its answer is awaited.
pub(super) struct Given {
    answer: BoxFuture<'static, Result<Vec<FiringId>, CacheError>>,
    quotes: Vec<Arc<Quote>>,
    unkept: Unkept,
}

/// A firing, and what is said of it beside what is kept.
#[derive(Clone)]
pub(crate) struct Fired {
    pub new: NewFiring,
    pub firing: Firing,
    /// It was one too many.
    pub pause: Option<Pause>,
}

impl Unkept {
    fn is_empty(&self) -> bool {
        self.states.is_empty() && self.followed.is_empty() && self.firings.is_empty()
    }

    /// Whether there is something that must not wait: all but what follows the price.
    pub(super) fn presses(&self) -> bool {
        !(self.states.is_empty() && self.firings.is_empty())
    }

    pub(super) fn take_states(&mut self, outcome: &mut Outcome) {
        let followed: BTreeSet<RuleId> = outcome.followed.iter().copied().collect();
        for (id, state) in outcome.changed.drain(..) {
            if followed.contains(&id) && !self.states.contains_key(&id) {
                self.followed.insert(id, state);
            } else {
                self.followed.remove(&id);
                self.states.insert(id, state);
            }
        }
    }

    /// Puts what was judged before this in front of it.
    fn follow(&mut self, before: Self) {
        for (id, state) in before.states {
            let state = self.followed.remove(&id).unwrap_or(state);
            self.states.entry(id).or_insert(state);
        }
        for (id, state) in before.followed {
            if !self.states.contains_key(&id) {
                self.followed.entry(id).or_insert(state);
            }
        }
        self.firings.splice(0..0, before.firings);
        self.said |= before.said;
    }

    /// A newer state of the rule is kept another way.
    pub(super) fn supersede(&mut self, id: RuleId) {
        self.states.remove(&id);
        self.followed.remove(&id);
    }
}

impl Market {
    /// A newer state of a rule is kept by itself.
    pub(crate) fn supersede(&mut self, id: RuleId) {
        self.unkept.supersede(id);
        // Given before, it is in the cache before, unless it is given back.
        if let Some(given) = &mut self.given {
            given.unkept.supersede(id);
        }
    }

    /// Has the cache keep what was judged, and returns what that was; `None` when there is nothing.
    /// What is not kept waits again.
    ///
    /// Whoever calls this may go away before the answer (a task does when its workspace closes): the
    /// next one takes that answer, so that what was given is not kept twice.
    pub(super) async fn commit(
        &mut self,
        cache: &Cache,
    ) -> Result<Option<(Vec<FiringId>, Unkept)>, CacheError> {
        if self.given.is_none() {
            if self.waiting.is_empty() && self.unkept.is_empty() {
                return Ok(None);
            }
            let (cache, evaluation) = (cache.clone(), self.evaluation());
            self.given = Some(Given {
                answer: Box::pin(async move { cache.commit_evaluation(evaluation).await }),
                quotes: std::mem::take(&mut self.waiting),
                unkept: std::mem::take(&mut self.unkept),
            });
        }
        let answer = match &mut self.given {
            Some(given) => given.answer.as_mut().await,
            None => return Ok(None),
        };
        let Some(given) = self.given.take() else {
            return Ok(None);
        };
        match answer {
            Ok(ids) => Ok(Some((ids, given.unkept))),
            Err(error) => {
                self.waiting.splice(0..0, given.quotes);
                self.unkept.follow(given.unkept);
                Err(error)
            }
        }
    }

    /// Everything judged since the last time, to be kept in one transaction.
    pub(super) fn evaluation(&self) -> Evaluation {
        let quotes = self.waiting.clone();
        let symbols: BTreeSet<&Symbol> = quotes.iter().map(|quote| &quote.symbol).collect();
        let judged_to = symbols
            .into_iter()
            .map(|symbol| (symbol.clone(), self.judged_to(symbol)))
            .collect();
        let states = |states: &HashMap<RuleId, RuleState>| {
            let states = states.iter();
            states.map(|(id, state)| (*id, json(state))).collect()
        };
        Evaluation {
            states: states(&self.unkept.states),
            followed: states(&self.unkept.followed),
            judged_to,
            quotes,
            firings: self.unkept.firings.iter().map(|f| f.new.clone()).collect(),
        }
    }
}

/// The market, once what was judged is kept: a command that saves a rule must not save what its last
/// tick did to it without what came of that tick. Fails where that cannot be kept.
pub(crate) async fn settled(core: &Core) -> Result<MutexGuard<'_, Market>, CacheError> {
    let mut market = core.market.lock().await;
    if market.unkept.presses() || market.given.is_some() {
        try_keep(core, &mut market).await?;
    }
    Ok(market)
}

/// Keeps what was judged, if there is anything, then has it told. What cannot be kept is tried again with the next.
pub(super) async fn keep(core: &Core, market: &mut Market) {
    let Err(error) = try_keep(core, market).await else {
        return;
    };
    tracing::error!(%error, "prices were not kept");
    core.market_due.to_keep.notify_one();
    let most = market.waiting.len().saturating_sub(WAITING);
    market.waiting.drain(..most);
    if !market.unkept.firings.is_empty() && !market.unkept.said {
        market.unkept.said = true;
        core.emit(api::Event::Notice {
            level: api::NoticeLevel::Error,
            message: format!(
                "An alert fired, but could not be kept yet: {error}. It is tried again while \
                 Tidings runs."
            ),
        });
    }
}

async fn try_keep(core: &Core, market: &mut Market) -> Result<(), CacheError> {
    while let Some((ids, kept)) = market.commit(&core.cache).await? {
        was_kept(core, market, ids, kept);
    }
    Ok(())
}

/// Tells what was judged and is in the cache now.
fn was_kept(core: &Core, market: &mut Market, ids: Vec<FiringId>, kept: Unkept) {
    // Of the others the commit tells.
    if !kept.presses() && !kept.followed.is_empty() {
        let waits = kept.followed.iter().map(|(id, state)| api::RuleWaits {
            id: id.to_string(),
            waits_for: rules::waits_for(state),
        });
        core.emit(api::Event::RuleWaits {
            rules: waits.collect(),
        });
    }
    let fired: Vec<(FiringId, Fired)> = ids.into_iter().zip(kept.firings).collect();
    let snoozed = fired
        .iter()
        .filter(|(_, fired)| fired.new.mark == FiringMark::Snoozed);
    let snoozed = snoozed.map(|(id, fired)| (*id, fired.new.clone()));
    market.snoozed.extend(snoozed);
    core.market_due.moments.notify_one();
    // What was missed is told together, when all of it is judged.
    let judging = market.held.is_some();
    let (missed, live): (Vec<_>, Vec<_>) = fired
        .into_iter()
        .partition(|(_, fired)| judging && fired.new.away);
    market.untold.extend(missed);
    if !live.is_empty() {
        notices::fired(core, live);
    }
}

/// Keeps the quotes that nothing came of, and what could not be kept before.
pub(crate) async fn keep_waiting(core: &Core) {
    let mut market = core.market.lock().await;
    keep(core, &mut market).await;
}
