//! Prices are judged, and what comes of it is kept before it is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidings_alerts::{Effect, Firing, Outcome, Pause, Rule, RuleState, describe};
use tidings_cache::{Cache, CacheError, Evaluation, FiringId, FiringMark, NewFiring, PriceGap};
use tidings_contract as api;
use tidings_model::{Quote, RuleId, Symbol, Timestamp};
use tokio::sync::MutexGuard;
use tokio::time::Instant;

use super::{Market, Price, RowKind, json};
use crate::workspace::catch_up::server_now;
use crate::workspace::{Core, notices, prices, rules};

/// Live ticks held while the prices are being read. Beyond it the oldest go: a table updated
/// in place tells their symbol again, and one that keeps its rows is read again.
const HELD: usize = 10_000;
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

/// Whether there were more live ticks than are held while the prices are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    Nothing,
    Some,
}

/// Whether somebody was listening when it happened.
#[derive(Clone, Copy)]
pub(super) enum When {
    Now,
    Missed,
    /// From then on somebody was.
    ListeningSince(Option<Timestamp>),
}

impl When {
    /// Whether nobody was listening at that time.
    fn missed(self, at: Timestamp) -> bool {
        match self {
            Self::Now => false,
            Self::Missed => true,
            Self::ListeningSince(since) => since.is_some_and(|since| at < since),
        }
    }
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
    /// When a row's price held.
    fn tick_time(&mut self, row: &Price) -> Option<Timestamp> {
        let (quote, known) = (&row.quote, self.row_times.get(&row.quote.symbol).copied());
        match row.kind {
            // It belongs to the history.
            RowKind::New if known.is_some_and(|known| quote.time < known) => {
                return Some(quote.time);
            }
            // It was judged, or another one of the same time was.
            RowKind::Kept if known.is_some_and(|known| quote.time <= known) => return None,
            _ => {}
        }
        self.row_times.insert(quote.symbol.clone(), quote.time);
        if known.is_none_or(|known| quote.time > known) && quote.time > Timestamp::MIN {
            return Some(quote.time);
        }
        // The row as it was read before: nothing has been said since. One that was written anew,
        // at the same price, was said again.
        let told = self.quote(&quote.symbol);
        if row.kind != RowKind::Changed && told.is_some_and(|told| told.price == quote.price) {
            return None;
        }
        Some(row.fallback)
    }

    /// Judges a price, if it is a tick.
    pub(super) fn judge(&mut self, row: Price) -> Option<(Timestamp, Outcome)> {
        let time = self.tick_time(&row)?;
        let mut quote = row.quote;
        quote.time = time;
        let outcome = self.book.tick(&quote.symbol, &quote.tick());
        let quote = Arc::new(quote);
        let newer = self
            .quote(&quote.symbol)
            .is_none_or(|known| quote.time >= known.time);
        if newer {
            self.quotes.insert(quote.symbol.clone(), quote.clone());
        }
        self.waiting.push(quote);
        Some((time, outcome))
    }

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

    /// Where rows were missed, a silence cannot be told from them: up to the oldest row found,
    /// unless the last price known is still among the rows.
    pub(super) fn note_gaps<'a>(&mut self, rows: impl IntoIterator<Item = &'a Price>) {
        let mut found: HashMap<&Symbol, (&Price, &Price)> = HashMap::new();
        for row in rows {
            let range = found.entry(&row.quote.symbol).or_insert((row, row));
            range.1 = row;
        }
        for (symbol, (oldest, newest)) in found {
            let Some(known) = self.row_times.get(symbol) else {
                continue;
            };
            let told = self.quote(symbol).map(|quote| &quote.price);
            let until = if oldest.quote.time > *known {
                oldest.quote.time
            } else if newest.kind != RowKind::Kept
                && newest.quote.time <= *known
                && (newest.kind == RowKind::Changed || told != Some(&newest.quote.price))
            {
                // Changed in place without a new time.
                newest.fallback
            } else {
                continue;
            };
            let from = self.quote(symbol).map_or(*known, |quote| quote.time);
            if from < until {
                self.gaps.insert(symbol.clone(), PriceGap { from, until });
            }
            let mut gap = self.book.gap(symbol, until);
            self.unkept.take_states(&mut gap);
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

/// A live change of a price row.
pub(crate) async fn live(core: &Core, price: Price) {
    let mut market = core.market.lock().await;
    market.heard = Instant::now();
    if let Some(held) = &mut market.held {
        let full = held.len() == HELD;
        if full {
            held.pop_front();
        }
        held.push_back(price);
        if full {
            market.lost = Lost::Some;
        }
        return;
    }
    judge_all(core, &mut market, [price], When::Now);
    let due = &core.market_due;
    if market.unkept.presses() {
        due.pressing.notify_one();
    } else if !market.waiting.is_empty() {
        due.to_keep.notify_one();
    }
}

/// Judges rows that were missed, oldest first, and keeps how far that came; more is to come. `begun`
/// are the symbols that had rows in this reading before, and the time of their first. Returns the
/// times of the ticks; none when another reading has begun.
pub(crate) async fn judge_missed(
    core: &Core,
    reading: u64,
    rows: Vec<Price>,
    begun: &mut BTreeMap<Symbol, Timestamp>,
    away: bool,
) -> Option<Vec<Timestamp>> {
    let mut market = core.market.lock().await;
    if !market.is_newest(reading) {
        return None;
    }
    let first = rows
        .iter()
        .filter(|row| !begun.contains_key(&row.quote.symbol));
    market.note_gaps(first);
    for row in &rows {
        begun
            .entry(row.quote.symbol.clone())
            .or_insert(row.quote.time);
    }
    let when = if away { When::Missed } else { When::Now };
    let ticks = judge(core, &mut market, rows, when).await;
    if !market.waiting.is_empty() {
        keep(core, &mut market).await;
    }
    Some(ticks)
}

/// The prices were read: judges what was missed, then what was held meanwhile. `away`: it was
/// missed while nobody was listening. `whole`: the symbols of which nothing is missing before
/// these rows. Returns the times of the ticks that were missed; none when another reading has
/// begun, and nothing is let go of.
pub(crate) async fn release(
    core: &Core,
    reading: u64,
    missed: Vec<Price>,
    whole: &BTreeSet<Symbol>,
    away: bool,
) -> Option<Vec<Timestamp>> {
    let mut market = core.market.lock().await;
    if !market.is_newest(reading) {
        return None;
    }
    let apart = missed
        .iter()
        .filter(|row| !whole.contains(&row.quote.symbol));
    market.note_gaps(apart);
    let missed = prices::news(missed, &market.row_times);
    let when = if away { When::Missed } else { When::Now };
    if away {
        market.listening_since = Some(server_now(core));
    }
    let ticks = judge(core, &mut market, missed, when).await;
    let held = market.held.take().unwrap_or_default();
    tell(core, &mut market);
    judge(core, &mut market, held, When::Now).await;
    Some(ticks)
}

/// Has told what fired, in the order of its time.
fn tell(core: &Core, market: &mut Market) {
    let mut fired = std::mem::take(&mut market.untold);
    if !fired.is_empty() {
        fired.sort_by_key(|(_, fired)| fired.firing.time);
        notices::fired(core, fired);
    }
}

/// Judges prices in order, and keeps at once what came of them. Returns the times of those that
/// were ticks.
async fn judge(
    core: &Core,
    market: &mut Market,
    prices: impl IntoIterator<Item = Price>,
    when: When,
) -> Vec<Timestamp> {
    let ticks = judge_all(core, market, prices, when);
    if market.unkept.presses() {
        keep(core, market).await;
    } else if !market.waiting.is_empty() {
        core.market_due.to_keep.notify_one();
    }
    ticks
}

/// Judges prices in order; what came of them is to be kept. Returns the times of those that were
/// ticks.
fn judge_all(
    core: &Core,
    market: &mut Market,
    prices: impl IntoIterator<Item = Price>,
    when: When,
) -> Vec<Timestamp> {
    let mut ticks = Vec::new();
    for price in prices {
        if let Some((time, outcome)) = market.judge(price) {
            ticks.push(time);
            note(core, market, outcome, when);
        }
    }
    ticks
}

/// Takes down what came of a tick, or of the passing of time, to be kept.
pub(super) fn note(core: &Core, market: &mut Market, mut outcome: Outcome, when: When) {
    market.unkept.take_states(&mut outcome);
    if outcome.effects.is_empty() {
        return;
    }
    let gate = notices::Gate::now(core);
    for (id, effect) in outcome.effects {
        let Some(kept) = market.rules.get(&id) else {
            continue;
        };
        let untold = kept.muted || gate == notices::Gate::Shut;
        let (firing, mark) = match effect {
            Effect::Fired(firing) | Effect::Snoozed(firing) if untold => {
                (firing, FiringMark::Muted)
            }
            Effect::Fired(firing) if gate == notices::Gate::Quiet => (firing, FiringMark::Quiet),
            Effect::Fired(firing) if when.missed(firing.time) => (firing, FiringMark::Away),
            Effect::Fired(firing) => (firing, FiringMark::Notified),
            Effect::Snoozed(firing) => (firing, FiringMark::Snoozed),
            Effect::Suppressed(firing) => (firing, FiringMark::Suppressed),
            Effect::Paused(pause) => {
                // It follows the firing that was one too many.
                let mut firings = market.unkept.firings.iter_mut().rev();
                if let Some(last) = firings.find(|fired| fired.new.rule == id) {
                    last.pause = Some(pause);
                    if matches!(last.new.mark, FiringMark::Notified | FiringMark::Away) {
                        last.new.mark = FiringMark::Paused;
                    }
                }
                continue;
            }
            Effect::Done | Effect::Expired => continue,
        };
        // Of a tick that fired it is the quote: a late one fires nothing.
        let quote = market.quote(&kept.rule.symbol);
        let gap = market.gaps.get(&kept.rule.symbol);
        let unknown = gap.filter(|gap| gap.until == firing.time).copied();
        market.unkept.firings.push(Fired {
            new: NewFiring {
                unknown,
                away: when.missed(firing.time),
                ..new_firing(core, &kept.rule, id, &firing, quote, mark)
            },
            firing,
            pause: None,
        });
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

fn new_firing(
    core: &Core,
    rule: &Rule,
    id: RuleId,
    firing: &Firing,
    quote: Option<&Quote>,
    mark: FiringMark,
) -> NewFiring {
    NewFiring {
        rule: id,
        symbol: rule.symbol.clone(),
        sentence: describe::title(rule, firing, &core.locale()),
        condition: Some(json(&rule.condition)),
        unknown: None,
        away: false,
        message: rules::told(core, rule, firing, quote),
        price: firing.price.clone(),
        source_time: firing.time,
        fired_at: core.now(),
        mark,
        pending: match mark {
            FiringMark::Notified | FiringMark::Away | FiringMark::Snoozed | FiringMark::Quiet => {
                true
            }
            FiringMark::Suppressed
            | FiringMark::Muted
            | FiringMark::Unshown
            | FiringMark::Paused => false,
        },
    }
}

/// Keeps the quotes that nothing came of, and what could not be kept before.
pub(crate) async fn keep_waiting(core: &Core) {
    let mut market = core.market.lock().await;
    keep(core, &mut market).await;
}
