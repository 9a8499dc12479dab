//! Prices: rows become ticks, ticks are judged, and what comes of it is kept before it is told.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tidings_alerts::{Book, Effect, Firing, Marks, Rule, RuleState, describe};
use tidings_cache::{Cache, Evaluation, FiringMark, NewFiring};
use tidings_contract as api;
use tidings_model::{Json, Quote, RuleId, Symbol, Timestamp};
use tidings_supabase::Query;
use tokio::time::Instant;

use super::quotes::{quote_row, symbol_rank};
use super::remote::{self, Fields, table};
use super::{Core, notices};
use crate::error::Result;

/// Quotes that nothing came of are kept together, this often.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// A symbol is told at most four times a second.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Rows read at once when the prices are read; hosted projects give no more.
const PAGE: u32 = 1_000;
/// Live ticks held while the prices are being read. Beyond it the oldest go: a table updated
/// in place tells their symbol again, and one that keeps its rows is read again.
const HELD: usize = 10_000;
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
    held: Option<Vec<(Quote, Timestamp)>>,
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
            // Live ticks wait until what was missed has been judged.
            held: Some(Vec::new()),
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

    /// Gives the book the prices that a rule on moves looks back at.
    pub(super) async fn seed(&mut self, cache: &Cache, rule: &Rule, now: Timestamp) -> Result<()> {
        const POINTS: usize = 20_000;
        if let tidings_alerts::Condition::Moves { window_s, .. } = &rule.condition {
            let window = Duration::from_secs(u64::from(*window_s));
            // Twice the window: the price that held at its far end may be older.
            let from = now.minus(window * 2);
            let points = cache
                .history(rule.symbol.clone(), from, now, POINTS)
                .await?;
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

    /// When a row's price held. `fallback` is the time of its commit, or of the answer it came in.
    fn tick_time(&mut self, quote: &Quote, fallback: Timestamp) -> Option<Timestamp> {
        let row_time = self.row_times.insert(quote.symbol.clone(), quote.time);
        let advanced = row_time.is_none_or(|known| quote.time > known);
        let known = self.quotes.get(&quote.symbol);
        if advanced && quote.time > Timestamp::MIN {
            return Some(quote.time);
        }
        // The row as it was: nothing has been said since.
        if known.is_some_and(|known| known.price == quote.price) {
            return None;
        }
        Some(fallback)
    }

    /// Judges a price. What has to be kept at once comes back.
    fn judge(&mut self, mut quote: Quote, fallback: Timestamp) -> Option<Judged> {
        quote.time = self.tick_time(&quote, fallback)?;
        let outcome = self.book.tick(&quote.symbol, &quote.tick());
        let newer = self
            .quotes
            .get(&quote.symbol)
            .is_none_or(|known| quote.time >= known.time);
        if newer {
            self.quotes.insert(quote.symbol.clone(), quote.clone());
        }
        self.waiting.push(quote.clone());
        let fired = outcome.effects.iter().any(|(_, effect)| is_firing(effect));
        (fired || !outcome.changed.is_empty()).then_some(Judged {
            symbol: quote.symbol,
            effects: outcome.effects,
            states: outcome.changed,
        })
    }

    /// Everything judged since the last time, to be kept in one transaction.
    fn evaluation(&mut self) -> Evaluation {
        let quotes = std::mem::take(&mut self.waiting);
        let symbols: BTreeSet<Symbol> = quotes.iter().map(|quote| quote.symbol.clone()).collect();
        let evaluated_to = symbols
            .into_iter()
            .filter_map(|symbol| Some((symbol.clone(), self.book.marks(&symbol).price?)))
            .collect();
        Evaluation {
            states: Vec::new(),
            evaluated_to,
            quotes,
            firings: Vec::new(),
        }
    }
}

struct Judged {
    symbol: Symbol,
    effects: Vec<(RuleId, Effect)>,
    states: Vec<(RuleId, RuleState)>,
}

const fn is_firing(effect: &Effect) -> bool {
    matches!(effect, Effect::Fired(_) | Effect::Suppressed(_))
}

/// A live change of a price row.
pub(super) async fn live(core: &Core, quote: Quote, committed: Timestamp) {
    let mut market = core.market.lock().await;
    if let Some(held) = &mut market.held {
        if held.len() == HELD {
            held.remove(0);
        }
        held.push((quote, committed));
        return;
    }
    judge(core, &mut market, vec![(quote, committed)], false).await;
}

/// The channel is subscribed: reads the prices, judges what was missed, then what was held.
pub(super) async fn subscribed(core: &Core) {
    core.market.lock().await.held.get_or_insert_default();
    let query = Query::new().descending("last_updated").limit(PAGE);
    let answer = match core.rest.select(table::PRICES, &query).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(%error, "the prices could not be read");
            release(core, Vec::new()).await;
            return;
        }
    };
    let seconds = answer
        .date
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let answered = seconds.map_or_else(
        || core.now(),
        |since| Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
    );
    let mut rows: Vec<(Quote, Timestamp)> = Vec::new();
    for row in &answer.rows {
        match Fields::of_answer(row, table::PRICES).and_then(|fields| remote::price(&fields)) {
            Ok(row) => rows.push((row.quote, answered)),
            Err(error) => tracing::warn!(%error, "a price was left out"),
        }
    }
    rows.sort_by_key(|(quote, _)| quote.time);
    watch_something(core, &rows).await;
    release(core, rows).await;
}

/// The first prices of a workspace: some of them are watched until the user chooses.
async fn watch_something(core: &Core, rows: &[(Quote, Timestamp)]) {
    const CHOSEN: &str = "watch_list_chosen";
    const FIRST: usize = 6;
    let watch = async {
        if rows.is_empty() || core.cache.get_meta(CHOSEN).await?.is_some() {
            return Ok(());
        }
        let mut symbols: Vec<Symbol> = rows.iter().map(|(quote, _)| quote.symbol.clone()).collect();
        // The best known first, the others by name.
        symbols.sort_by_key(|symbol| (symbol_rank(symbol.as_str()), symbol.to_string()));
        symbols.dedup();
        symbols.truncate(FIRST);
        core.cache.set_watch_list(symbols).await?;
        core.cache
            .set_meta(CHOSEN, Some("by default".to_owned()))
            .await
    };
    if let Err(error) = watch.await {
        tracing::warn!(%error, "no watch-list was made");
    }
}

async fn release(core: &Core, missed: Vec<(Quote, Timestamp)>) {
    let mut market = core.market.lock().await;
    judge(core, &mut market, missed, true).await;
    let held = market.held.take().unwrap_or_default();
    judge(core, &mut market, held, false).await;
}

/// Judges prices in order, keeps what came of them, then tells it. `missed`: they happened
/// while nobody was listening.
async fn judge(core: &Core, market: &mut Market, prices: Vec<(Quote, Timestamp)>, missed: bool) {
    let settings = core.settings();
    let (mut states, mut firings) = (HashMap::new(), Vec::new());
    for (quote, fallback) in prices {
        let Some(judged) = market.judge(quote, fallback) else {
            continue;
        };
        states.extend(judged.states);
        for (id, effect) in judged.effects {
            let Some(kept) = market.rules.get(&id) else {
                continue;
            };
            let (firing, told) = match effect {
                Effect::Fired(firing) => (firing, true),
                Effect::Suppressed(firing) => (firing, false),
                Effect::Done | Effect::Expired => continue,
            };
            let mark = match (told, settings.notifications, missed) {
                (false, _, _) => FiringMark::Suppressed,
                (true, false, _) => FiringMark::Held,
                (true, true, true) => FiringMark::Away,
                (true, true, false) => FiringMark::Notified,
            };
            firings.push((
                new_firing(core, &kept.rule, id, &judged.symbol, &firing, mark),
                firing,
            ));
        }
    }
    if states.is_empty() && firings.is_empty() {
        return;
    }
    let mut evaluation = market.evaluation();
    evaluation.states = states
        .iter()
        .map(|(id, state)| (*id, json(state)))
        .collect();
    evaluation.firings = firings.iter().map(|(firing, _)| firing.clone()).collect();
    let armed = market.armed();
    match core.cache.commit_evaluation(evaluation).await {
        Ok(ids) => {
            core.emit(api::Event::Rules { armed });
            notices::fired(core, ids.into_iter().zip(firings).collect(), missed).await;
        }
        // The rules go on from their states in memory; the history misses an entry, and says so.
        Err(error) => {
            tracing::error!(%error, "a firing could not be kept");
            core.emit(api::Event::Notice {
                level: api::NoticeLevel::Error,
                message: format!("An alert fired, but could not be kept: {error}"),
            });
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
        sentence: describe::title(rule, firing),
        price: firing.price.clone(),
        source_time: firing.time,
        fired_at: core.now(),
        mark,
        pending: matches!(mark, FiringMark::Notified | FiringMark::Away),
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
    notices::pending(&core).await;
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

/// Keeps the quotes that nothing came of.
pub(super) async fn keep_waiting(core: &Core) {
    let evaluation = {
        let mut market = core.market.lock().await;
        if market.waiting.is_empty() {
            return;
        }
        market.evaluation()
    };
    if let Err(error) = core.cache.commit_evaluation(evaluation).await {
        tracing::error!(%error, "prices were not kept");
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
