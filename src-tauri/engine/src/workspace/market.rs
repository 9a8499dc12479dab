//! Prices: rows become ticks, ticks are judged, and what comes of it is kept before it is told.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tidings_alerts::{Book, Effect, Firing, Marks, Rule, RuleState, describe};
use tidings_cache::{Cache, Evaluation, FiringMark, NewFiring};
use tidings_contract as api;
use tidings_model::{Json, Quote, RuleId, Symbol, Timestamp};
use tokio::time::Instant;

use super::quotes::quote_row;
use super::{Core, notices, prices};
use crate::error::Result;

/// Quotes that nothing came of are kept together, this often.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// A symbol is told at most four times a second.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Live ticks held while the prices are being read. Beyond it the oldest go: a table updated
/// in place tells their symbol again, and one that keeps its rows is read again.
const HELD: usize = 10_000;
/// Quotes that wait for a disk that takes nothing. Beyond it the oldest go.
const WAITING: usize = 10_000;
/// Raw prices are folded into minutes after two days, and minutes kept for a year.
const RAW_FOR: Duration = Duration::from_hours(48);
const MINUTES_FOR: Duration = Duration::from_hours(8760);
const THIN_EVERY: Duration = Duration::from_hours(1);

/// Symbols with a price that the windows have not been told yet.
#[derive(Default)]
pub(super) struct Told(BTreeSet<Symbol>);

/// All that is known of prices and rules. There is one owner at a time: the lock around it.
pub(super) struct Market {
    pub(super) book: Book,
    pub(super) rules: HashMap<RuleId, Kept>,
    pub(super) quotes: HashMap<Symbol, Quote>,
    /// `last_updated` of the last row of each symbol, which need not move with its price.
    row_times: HashMap<Symbol, Timestamp>,
    waiting: Vec<Quote>,
    unkept: Unkept,
    held: Option<VecDeque<Price>>,
    /// Counts the readings of all prices; only the newest one lets go of what is held.
    reading: u64,
    /// When the last price came live.
    pub(super) heard: Instant,
}

/// A price as a row told it.
pub(super) struct Price {
    /// What the row says; its time is `last_updated`.
    pub quote: Quote,
    /// The time of its commit, or of the answer it came in.
    pub fallback: Timestamp,
    /// The row is new, and was not changed.
    pub inserted: bool,
}

/// What was judged and is not in the cache yet.
#[derive(Default)]
struct Unkept {
    states: HashMap<RuleId, RuleState>,
    firings: Vec<(NewFiring, Firing)>,
    /// The user knows that it could not be kept.
    said: bool,
}

/// A rule, whether it is in the book or switched off.
#[derive(Clone)]
pub(super) struct Kept {
    pub rule: Rule,
    pub enabled: bool,
    pub created_at: Timestamp,
    /// The state while it is switched off; the book has it otherwise.
    pub state: RuleState,
}

impl Market {
    /// Takes up what the cache keeps. Nothing is told; what was missed is judged when it is read.
    pub async fn load(cache: &Cache, now: Timestamp) -> Result<Self> {
        let mut market = Self {
            book: Book::new(),
            rules: HashMap::new(),
            quotes: HashMap::new(),
            row_times: HashMap::new(),
            waiting: Vec::new(),
            unkept: Unkept::default(),
            // Live ticks wait until what was missed has been judged.
            held: Some(VecDeque::new()),
            reading: 0,
            heard: Instant::now(),
        };
        for quote in cache.quotes().await? {
            market.row_times.insert(quote.symbol.clone(), quote.time);
            market.quotes.insert(quote.symbol.clone(), quote);
        }
        for stored in cache.rules().await? {
            let (Some(rule), Some(state)) = (
                stored.definition.read::<Rule>(),
                stored.state.read::<RuleState>(),
            ) else {
                tracing::error!(rule = %stored.id, "a kept rule cannot be read: it is left alone");
                continue;
            };
            market.seed(cache, &rule, now).await?;
            if stored.enabled {
                market.book.insert(stored.id, rule.clone(), state.clone());
            }
            let kept = Kept {
                rule,
                enabled: stored.enabled,
                created_at: stored.created_at,
                state,
            };
            market.rules.insert(stored.id, kept);
        }
        for (symbol, at) in cache.evaluated_to().await? {
            market.book.resume(
                &symbol,
                Marks {
                    price: Some(at),
                    change: Some(at),
                },
            );
        }
        Ok(market)
    }

    /// Gives the book the prices that a rule on moves looks back at from the last one known.
    pub(super) async fn seed(&mut self, cache: &Cache, rule: &Rule, now: Timestamp) -> Result<()> {
        const POINTS: usize = 20_000;
        const DAY: Duration = Duration::from_hours(24);
        if let tidings_alerts::Condition::Moves { window_s, .. } = &rule.condition {
            let window = Duration::from_secs(u64::from(*window_s));
            let last = self.quotes.get(&rule.symbol).map(|quote| quote.time);
            let last = last.map_or(now, |last| last.min(now));
            let mut points = Vec::new();
            // The price that held at the window's far end counts, however old it is.
            for back in [window * 2, DAY, DAY * 30, DAY * 400] {
                let from = last.minus(back.max(window));
                points = cache
                    .history(rule.symbol.clone(), from, now, POINTS)
                    .await?;
                let oldest = points.first().map(|point| point.time);
                if oldest.is_some_and(|oldest| oldest <= last.minus(window)) {
                    break;
                }
            }
            self.book.seed(
                &rule.symbol,
                points.into_iter().map(|point| (point.time, point.price)),
            );
        }
        Ok(())
    }

    /// Whether there is a rule with that id.
    pub fn has_rule(&self, id: RuleId) -> bool {
        self.rules.contains_key(&id)
    }

    /// Rules that are switched on and have not ended.
    pub fn armed(&self) -> u32 {
        let armed = self.rules.iter().filter(|(id, kept)| {
            kept.enabled
                && self
                    .book
                    .state(**id)
                    .is_some_and(|state| !state.has_ended())
        });
        u32::try_from(armed.count()).unwrap_or(u32::MAX)
    }

    pub(super) fn state_of(&self, id: RuleId) -> RuleState {
        let kept = self.rules.get(&id).map(|kept| kept.state.clone());
        self.book.state(id).or(kept).unwrap_or_default()
    }

    /// The latest quotes, by symbol.
    pub fn quotes(&self) -> &HashMap<Symbol, Quote> {
        &self.quotes
    }

    /// Holds live ticks from here on, until the reading with this number is judged.
    pub(super) fn hold(&mut self) -> u64 {
        self.held.get_or_insert_default();
        self.reading += 1;
        self.reading
    }

    /// Whether no other reading began after this one.
    pub(super) const fn is_newest(&self, reading: u64) -> bool {
        self.reading == reading
    }

    /// When a row's price held.
    fn tick_time(&mut self, row: &Price) -> Option<Timestamp> {
        let (quote, known) = (&row.quote, self.row_times.get(&row.quote.symbol).copied());
        if row.inserted && known.is_some_and(|known| quote.time < known) {
            // A late row: it belongs to the history.
            return Some(quote.time);
        }
        self.row_times.insert(quote.symbol.clone(), quote.time);
        if known.is_none_or(|known| quote.time > known) && quote.time > Timestamp::MIN {
            return Some(quote.time);
        }
        // The row as it was: nothing has been said since.
        let told = self.quotes.get(&quote.symbol);
        if told.is_some_and(|told| told.price == quote.price) {
            return None;
        }
        Some(row.fallback)
    }

    /// Judges a price, if it is a tick.
    fn judge(&mut self, row: Price) -> Option<Judged> {
        let time = self.tick_time(&row)?;
        let mut quote = row.quote;
        quote.time = time;
        let outcome = self.book.tick(&quote.symbol, &quote.tick());
        let newer = self
            .quotes
            .get(&quote.symbol)
            .is_none_or(|known| quote.time >= known.time);
        if newer {
            self.quotes.insert(quote.symbol.clone(), quote.clone());
        }
        self.waiting.push(quote.clone());
        Some(Judged {
            time,
            symbol: quote.symbol,
            effects: outcome.effects,
            states: outcome.changed,
        })
    }

    /// Everything judged since the last time, to be kept in one transaction.
    fn evaluation(&self) -> Evaluation {
        let quotes = self.waiting.clone();
        let symbols: BTreeSet<Symbol> = quotes.iter().map(|quote| quote.symbol.clone()).collect();
        let evaluated_to = symbols
            .into_iter()
            .filter_map(|symbol| Some((symbol.clone(), self.book.marks(&symbol).price?)))
            .collect();
        let states = self.unkept.states.iter();
        let firings = self.unkept.firings.iter();
        Evaluation {
            states: states.map(|(id, state)| (*id, json(state))).collect(),
            evaluated_to,
            quotes,
            firings: firings.map(|(firing, _)| firing.clone()).collect(),
        }
    }
}

impl Unkept {
    fn is_empty(&self) -> bool {
        self.states.is_empty() && self.firings.is_empty()
    }
}

/// What came of a tick.
struct Judged {
    time: Timestamp,
    symbol: Symbol,
    effects: Vec<(RuleId, Effect)>,
    states: Vec<(RuleId, RuleState)>,
}

/// A live change of a price row.
pub(super) async fn live(core: &Core, price: Price) {
    let mut market = core.market.lock().await;
    market.heard = Instant::now();
    if let Some(held) = &mut market.held {
        if held.len() == HELD {
            held.pop_front();
        }
        held.push_back(price);
        return;
    }
    judge(core, &mut market, [price], false).await;
}

/// The prices were read: judges what was missed, then what was held meanwhile. `away`: it was
/// missed while nobody was listening. Returns the times of the ticks that were missed.
pub(super) async fn release(
    core: &Core,
    reading: u64,
    missed: Vec<Price>,
    away: bool,
) -> Vec<Timestamp> {
    let mut market = core.market.lock().await;
    if !market.is_newest(reading) {
        return Vec::new();
    }
    let missed = prices::news(missed, &market.row_times);
    let ticks = judge(core, &mut market, missed, away).await;
    let held = market.held.take().unwrap_or_default();
    judge(core, &mut market, held, false).await;
    ticks
}

/// Judges prices in order, and keeps at once what came of them. `missed`: they happened while
/// nobody was listening. Returns the times of those that were ticks.
async fn judge(
    core: &Core,
    market: &mut Market,
    prices: impl IntoIterator<Item = Price>,
    missed: bool,
) -> Vec<Timestamp> {
    let gate = notices::Gate::now(core);
    let mut ticks = Vec::new();
    for price in prices {
        let Some(judged) = market.judge(price) else {
            continue;
        };
        ticks.push(judged.time);
        market.unkept.states.extend(judged.states);
        for (id, effect) in judged.effects {
            let Some(kept) = market.rules.get(&id) else {
                continue;
            };
            let (firing, told) = match effect {
                Effect::Fired(firing) => (firing, true),
                Effect::Suppressed(firing) => (firing, false),
                Effect::Done | Effect::Expired => continue,
            };
            let mark = match (told, gate, missed) {
                (false, _, _) => FiringMark::Suppressed,
                (true, notices::Gate::Shut, _) => FiringMark::Held,
                (true, notices::Gate::Quiet, _) => FiringMark::Quiet,
                (true, notices::Gate::Open, true) => FiringMark::Away,
                (true, notices::Gate::Open, false) => FiringMark::Notified,
            };
            let new = new_firing(core, &kept.rule, id, &judged.symbol, &firing, mark);
            market.unkept.firings.push((new, firing));
        }
    }
    if !market.unkept.is_empty() {
        keep(core, market).await;
    }
    ticks
}

/// Keeps what was judged, then has it told. What cannot be kept is tried again with the next.
async fn keep(core: &Core, market: &mut Market) {
    match core.cache.commit_evaluation(market.evaluation()).await {
        Ok(ids) => {
            market.waiting.clear();
            let kept = std::mem::take(&mut market.unkept);
            if !kept.is_empty() {
                core.emit(api::Event::Rules {
                    armed: market.armed(),
                });
            }
            notices::fired(core, ids.into_iter().zip(kept.firings).collect());
        }
        Err(error) => {
            tracing::error!(%error, "prices were not kept");
            let most = market.waiting.len().saturating_sub(WAITING);
            market.waiting.drain(..most);
            if !market.unkept.firings.is_empty() && !market.unkept.said {
                market.unkept.said = true;
                core.emit(api::Event::Notice {
                    level: api::NoticeLevel::Error,
                    message: format!(
                        "An alert fired, but could not be kept yet: {error}. It is tried again \
                         while Tidings runs."
                    ),
                });
            }
        }
    }
}

fn new_firing(
    core: &Core,
    rule: &Rule,
    id: RuleId,
    symbol: &Symbol,
    firing: &Firing,
    mark: FiringMark,
) -> NewFiring {
    NewFiring {
        rule: id,
        symbol: symbol.clone(),
        sentence: describe::title(rule, firing, &core.locale()),
        price: firing.price.clone(),
        source_time: firing.time,
        fired_at: core.now(),
        mark,
        pending: matches!(
            mark,
            FiringMark::Notified | FiringMark::Away | FiringMark::Quiet
        ),
    }
}

/// What the cache told: these symbols have a new quote.
pub(super) fn note_quotes(core: &Core, symbols: BTreeSet<Symbol>) {
    core.prices_told
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .0
        .extend(symbols);
}

/// Keeps, tells and thins on time; runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut keep = tokio::time::interval(KEEP_EVERY);
    let mut tell = tokio::time::interval(TELL_EVERY);
    let mut thin = tokio::time::interval_at(Instant::now() + KEEP_EVERY * 30, THIN_EVERY);
    loop {
        tokio::select! {
            _ = keep.tick() => keep_waiting(&core).await,
            _ = tell.tick() => tell_prices(&core).await,
            _ = thin.tick() => {
                let now = core.now();
                let thinned =
                    core.cache.thin_history(now.minus(RAW_FOR), now.minus(MINUTES_FOR)).await;
                if let Err(error) = thinned {
                    tracing::warn!(%error, "the price history was not thinned");
                }
            }
        }
    }
}

/// Keeps the quotes that nothing came of, and what could not be kept before.
pub(super) async fn keep_waiting(core: &Core) {
    let mut market = core.market.lock().await;
    if !market.waiting.is_empty() || !market.unkept.is_empty() {
        keep(core, &mut market).await;
    }
}

async fn tell_prices(core: &Core) {
    let symbols = {
        let mut told = core
            .prices_told
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut told.0)
    };
    if symbols.is_empty() {
        return;
    }
    let watched: BTreeSet<Symbol> = core
        .cache
        .watch_list()
        .await
        .unwrap_or_default()
        .into_iter()
        .collect();
    let market = core.market.lock().await;
    let quotes = symbols
        .iter()
        .filter_map(|symbol| market.quotes.get(symbol))
        .map(|quote| quote_row(core, quote, watched.contains(&quote.symbol), Vec::new()))
        .collect();
    drop(market);
    core.emit(api::Event::Prices { quotes });
}

pub(super) fn json(state: &RuleState) -> Json {
    serde_json::to_string(state)
        .ok()
        .and_then(|text| Json::new(text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
