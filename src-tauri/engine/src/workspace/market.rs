//! Prices: rows become ticks, ticks are judged, and what comes of it is kept before it is told.

mod judging;
mod keeping;
mod moments;
mod seeding;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidings_alerts::{Book, Marks, Rule, RuleState};
use tidings_cache::{Cache, FiringId, JudgedTo, NewFiring, PriceGap};
use tidings_contract as api;
use tidings_model::{Json, Quote, RuleId, Symbol, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) use self::judging::{Lost, judge_missed, live, release};
pub(super) use self::keeping::{Fired, keep_waiting, settled};
use self::keeping::{Given, Unkept};
pub(super) use self::moments::{by_mute, run as watch_time};
pub(super) use self::seeding::prices_of;
use super::Core;
use super::quotes::quote_row;
use crate::error::Result;

/// Quotes that nothing came of are kept together, this often.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// What comes of live prices one closely after the other, within this time, is kept together, and
/// told after it.
const GATHER: Duration = Duration::from_millis(5);
/// A symbol is told at most four times a second.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// So many times longer while no page may be seen: once a second, as the tray is drawn.
const UNSEEN: u32 = 4;
/// What became known of the past is told once in this time, while much is read.
const TELL_PAST_EVERY: Duration = Duration::from_secs(2);

/// What waits for its time.
#[derive(Default)]
pub(super) struct Due {
    /// Symbols with a price that the windows have not been told yet.
    untold: Mutex<BTreeSet<Symbol>>,
    /// Symbols of whose past more is known than the windows were told.
    untold_past: Mutex<BTreeSet<Symbol>>,
    to_tell: Notify,
    to_tell_past: Notify,
    to_keep: Notify,
    /// What is to be kept must not wait.
    pressing: Notify,
    /// Something may wait for a moment that did not before.
    moments: Notify,
}

impl Due {
    /// There are other rules than before.
    pub(super) fn rules_changed(&self) {
        self.moments.notify_one();
    }
}

/// All that is known of prices and rules. There is one owner at a time: the lock around it.
pub(super) struct Market {
    pub(super) book: Book,
    pub(super) rules: HashMap<RuleId, Kept>,
    pub(super) quotes: HashMap<Symbol, Arc<Quote>>,
    /// `last_updated` of the last row of each symbol, which need not move with its price.
    row_times: HashMap<Symbol, Timestamp>,
    waiting: Vec<Arc<Quote>>,
    unkept: Unkept,
    given: Option<Given>,
    /// Kept firings that are to be told when the snooze of their rule ends.
    pub(super) snoozed: Vec<(FiringId, NewFiring)>,
    held: Option<VecDeque<Price>>,
    /// Whether there were more live ticks than are held.
    lost: Lost,
    /// Kept firings that are told together when what was missed is judged.
    pub(super) untold: Vec<(FiringId, Fired)>,
    /// Counts the readings of all prices; only the newest one lets go of what is held.
    reading: u64,
    /// The stretch before the first price that the newest reading found of a symbol, where prices
    /// are missing in it.
    gaps: HashMap<Symbol, PriceGap>,
    /// When the prices were last read after an absence, by the server's clock.
    listening_since: Option<Timestamp>,
    /// When the last price came live.
    pub(super) heard: Instant,
}

/// A price as a row told it.
pub(super) struct Price {
    /// What the row says; its time is `last_updated`.
    pub quote: Quote,
    /// The time of its commit, or of the answer it came in.
    pub fallback: Timestamp,
    pub kind: RowKind,
}

/// What a row's time says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    /// It came live and is new: one that is older than others comes late.
    New,
    /// It came live and was changed in place, perhaps without a new time or price.
    Changed,
    /// It was read, and is the latest one of its symbol, perhaps changed without a new time.
    Latest,
    /// One of many of its symbol that were read: its price held from its own time on.
    Kept,
}

/// A rule, whether it is in the book or switched off.
#[derive(Clone)]
pub(super) struct Kept {
    pub rule: Rule,
    pub enabled: bool,
    /// It fires and is noted, and tells nothing.
    pub muted: bool,
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
            given: None,
            snoozed: Vec::new(),
            // Live ticks wait until what was missed has been judged.
            held: Some(VecDeque::new()),
            lost: Lost::Nothing,
            untold: Vec::new(),
            reading: 0,
            gaps: HashMap::new(),
            listening_since: None,
            heard: Instant::now(),
        };
        for quote in cache.quotes().await? {
            market.row_times.insert(quote.symbol.clone(), quote.time);
            market.quotes.insert(quote.symbol.clone(), Arc::new(quote));
        }
        let mut stored = Vec::new();
        for rule in cache.rules().await? {
            let read = (rule.definition.read(), rule.state.read());
            let (Some(definition), Some(state)): (Option<Rule>, Option<RuleState>) = read else {
                tracing::error!(rule = %rule.id, "a kept rule cannot be read: it is left alone");
                continue;
            };
            stored.push((rule, definition, state));
        }
        let rules = stored.iter().map(|(_, rule, _)| rule);
        market.seed(cache, rules, now).await?;
        for (stored, rule, state) in stored {
            if stored.enabled {
                market.book.insert(stored.id, rule.clone(), state.clone());
            }
            let kept = Kept {
                rule,
                enabled: stored.enabled,
                muted: stored.muted,
                created_at: stored.created_at,
                state,
            };
            market.rules.insert(stored.id, kept);
        }
        for (symbol, to) in cache.judged_to().await? {
            let marks = Marks {
                price: to.price,
                change: to.change,
                volume: to.volume,
                market_cap: to.market_cap,
            };
            market.book.resume(&symbol, marks);
        }
        Ok(market)
    }

    /// Firings of an earlier run that are to be told when a snooze ends.
    pub fn wait_for_snoozes(&mut self, firings: Vec<tidings_cache::Firing>) {
        let firings = firings.into_iter().map(|kept| (kept.id, kept.firing));
        self.snoozed.extend(firings);
    }

    /// Whether there is a rule with that id.
    pub fn has_rule(&self, id: RuleId) -> bool {
        self.rules.contains_key(&id)
    }

    /// Rules that are switched on and have not ended.
    pub fn armed(&self) -> u32 {
        // Those that are switched off are not in the book.
        u32::try_from(self.book.running().count()).unwrap_or(u32::MAX)
    }

    pub(super) fn state_of(&self, id: RuleId) -> RuleState {
        let kept = self.rules.get(&id).map(|kept| kept.state.clone());
        self.book.state(id).or(kept).unwrap_or_default()
    }

    /// The latest quote of a symbol.
    pub(super) fn quote(&self, symbol: &Symbol) -> Option<&Quote> {
        self.quotes.get(symbol).map(AsRef::as_ref)
    }

    /// The latest quotes, by symbol.
    pub fn quotes(&self) -> &HashMap<Symbol, Arc<Quote>> {
        &self.quotes
    }

    /// Up to when a symbol was judged, as the cache keeps it.
    fn judged_to(&self, symbol: &Symbol) -> JudgedTo {
        let marks = self.book.marks(symbol);
        JudgedTo {
            price: marks.price,
            change: marks.change,
            volume: marks.volume,
            market_cap: marks.market_cap,
        }
    }

    /// Holds live ticks from here on, until the reading with this number is judged.
    pub(super) fn hold(&mut self) -> u64 {
        self.held.get_or_insert_default();
        self.gaps.clear();
        self.reading += 1;
        self.reading
    }

    /// Whether everything that was missed has been judged.
    pub(super) const fn has_judged(&self) -> bool {
        self.held.is_none()
    }

    /// Up to when the rows are known of each symbol that an armed rule is about.
    pub(super) fn known_to(&self) -> BTreeMap<Symbol, Timestamp> {
        let symbols: BTreeSet<&Symbol> = self.book.running().map(|rule| &rule.symbol).collect();
        symbols
            .into_iter()
            .filter_map(|symbol| Some((symbol.clone(), *self.row_times.get(symbol)?)))
            .collect()
    }

    /// Whether live ticks were let go of since the newest reading asked last; of others it is no
    /// concern.
    pub(super) fn lost(&mut self, reading: u64) -> Lost {
        if !self.is_newest(reading) {
            return Lost::Nothing;
        }
        std::mem::replace(&mut self.lost, Lost::Nothing)
    }

    /// Whether no other reading began after this one.
    pub(super) const fn is_newest(&self, reading: u64) -> bool {
        self.reading == reading
    }
}

/// What the cache told: these symbols have a new quote.
pub(super) fn note_quotes(core: &Core, symbols: BTreeSet<Symbol>) {
    let due = &core.market_due;
    let mut untold = due.untold.lock().unwrap_or_else(PoisonError::into_inner);
    untold.extend(symbols);
    due.to_tell.notify_one();
}

/// What the cache told: more is known of the past of these symbols.
pub(super) fn note_past(core: &Core, symbols: BTreeSet<Symbol>) {
    let due = &core.market_due;
    let mut untold = (due.untold_past.lock()).unwrap_or_else(PoisonError::into_inner);
    untold.extend(symbols);
    due.to_tell_past.notify_one();
}

/// Keeps and tells on time; runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    tokio::join!(
        keep_on_time(&core),
        tell_on_time(&core),
        tell_past_on_time(&core)
    );
}

async fn keep_on_time(core: &Core) {
    let due = &core.market_due;
    let mut last: Option<Instant> = None;
    loop {
        tokio::select! {
            () = due.pressing.notified() => {}
            () = due.to_keep.notified() => tokio::select! {
                () = due.pressing.notified() => {}
                () = tokio::time::sleep(KEEP_EVERY) => {}
            },
        }
        if last.is_some_and(|last| last.elapsed() < GATHER) {
            tokio::time::sleep(GATHER).await;
        }
        keep_waiting(core).await;
        last = Some(Instant::now());
    }
}

async fn tell_on_time(core: &Core) {
    loop {
        core.market_due.to_tell.notified().await;
        tell_prices(core).await;
        rest(|| core.host.visible()).await;
    }
}

/// Between two tellings: a page that nobody sees, and the tray, have time.
async fn rest(visible: impl Fn() -> bool) {
    for _ in 0..UNSEEN {
        tokio::time::sleep(TELL_EVERY).await;
        if visible() {
            return;
        }
    }
}

async fn tell_past_on_time(core: &Core) {
    loop {
        core.market_due.to_tell_past.notified().await;
        tell_past_prices(core);
        tokio::time::sleep(TELL_PAST_EVERY).await;
    }
}

fn tell_past_prices(core: &Core) {
    let symbols = {
        let untold = &core.market_due.untold_past;
        std::mem::take(&mut *untold.lock().unwrap_or_else(PoisonError::into_inner))
    };
    if !symbols.is_empty() {
        core.emit(api::Event::PriceHistory {
            symbols: symbols.iter().map(Symbol::to_string).collect(),
        });
    }
}

async fn tell_prices(core: &Core) {
    let symbols = {
        let untold = &core.market_due.untold;
        std::mem::take(&mut *untold.lock().unwrap_or_else(PoisonError::into_inner))
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

/// A part of a rule, as the cache keeps it.
pub(super) fn json(part: &impl serde::Serialize) -> Json {
    serde_json::to_string(part)
        .ok()
        .and_then(|text| Json::new(text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
