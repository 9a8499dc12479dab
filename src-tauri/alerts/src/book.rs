//! Many rules over many symbols.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

use crate::columns::{Column, Stream};
use crate::effect::Effect;
use crate::evaluate::{judge, judge_time};
use crate::history::{Added, History};
use crate::levels::Levels;
use crate::market::{Entry, Market, View};
use crate::marks::Marks;
use crate::pause;
use crate::rule::Rule;
use crate::state::RuleState;

/// All enabled rules, and the price history that they judge by.
///
/// A tick costs what the rules cost that it can change; the others are not looked at. To the
/// outside every rule behaves as if [`crate::evaluate`] had judged every tick.
///
/// A disabled rule is not in the book. Enabling it is [`Book::create`], which makes it new.
#[derive(Debug, Default)]
pub struct Book {
    rules: HashMap<RuleId, Entry>,
    symbols: HashMap<Symbol, Market>,
    /// The moments at which time alone changes a rule, or earlier ones.
    timers: BTreeSet<(Timestamp, RuleId)>,
    /// Nobody is told, so nobody is told too often.
    replaying: bool,
}

/// What a tick did, or the passing of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What came of it, by rule in the order of their ids.
    pub effects: Vec<(RuleId, Effect)>,
    /// The rules whose state has to be saved, with their new states.
    pub changed: Vec<(RuleId, RuleState)>,
    /// Those of them that did no more than follow the price ([`crate::WaitsFor`] moved along).
    pub followed: Vec<RuleId>,
    /// How many rules it was put to; the others could not change.
    pub judged: usize,
}

/// What changing a rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The state to be saved.
    pub state: RuleState,
    /// Whether the change made the rule new.
    pub renewed: bool,
}

impl Book {
    /// A book without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// A book without rules for recorded prices: it says when conditions come true, and pauses
    /// no rule for firing too often.
    pub fn for_replay() -> Self {
        Self {
            replaying: true,
            ..Self::default()
        }
    }

    /// Adds known prices to a symbol's history without judging them, in the order they came.
    /// They count as known before any that the book has seen itself.
    ///
    /// To be called before rules are put in that look back
    /// ([`crate::Condition::looks_back`]): a book remembers no further back than its rules look.
    pub fn seed(
        &mut self,
        symbol: &Symbol,
        prices: impl IntoIterator<Item = (Timestamp, Decimal)>,
    ) {
        let market = self.symbols.entry(symbol.clone()).or_default();
        let mut history = History::new();
        for (time, price) in prices {
            history.add(time, price);
        }
        for seen in market.history.ticks() {
            history.add(seen.time, seen.price.clone());
        }
        market.history = history;
        market.forget_sliding();
    }

    /// Puts in a rule with a state saved earlier.
    pub fn insert(&mut self, id: RuleId, rule: Rule, state: RuleState) {
        self.remove(id);
        let market = self.symbols.entry(rule.symbol.clone()).or_default();
        let levels = Levels::of(&rule.condition);
        let mut entry = Entry::new(rule, levels, state);
        market.join(id, &mut entry);
        self.timers.extend(entry.timer.map(|at| (at, id)));
        self.rules.insert(id, entry);
    }

    /// Puts in a rule made at `at`, or made new by enabling it. The latest known price, if
    /// any, is its first tick. Returns the state to be saved.
    pub fn create(
        &mut self,
        id: RuleId,
        rule: Rule,
        at: Timestamp,
        latest: Option<&Tick>,
    ) -> RuleState {
        let empty = History::new();
        let history = self.symbols.get(&rule.symbol).map(|market| &market.history);
        let state = RuleState::created(&rule, at, latest, history.unwrap_or(&empty));
        self.insert(id, rule, state.clone());
        state
    }

    /// Changes a rule. Another symbol or condition makes it new, with `at` and `latest` as in
    /// [`Book::create`]; otherwise its state is kept. `None` if the rule is not in the book.
    pub fn update(
        &mut self,
        id: RuleId,
        rule: Rule,
        at: Timestamp,
        latest: Option<&Tick>,
    ) -> Option<Updated> {
        let (old, state) = self.remove(id)?;
        let renewed = !rule.watches_as(&old);
        let state = if renewed {
            self.create(id, rule, at, latest)
        } else {
            let kept = state.kept_for(&rule, at);
            self.insert(id, rule, kept.clone());
            kept
        };
        Some(Updated { state, renewed })
    }

    /// Takes a rule out, with its state.
    pub fn remove(&mut self, id: RuleId) -> Option<(Rule, RuleState)> {
        let state = self.state(id)?;
        let mut entry = self.rules.remove(&id)?;
        if let Some(timer) = entry.timer {
            self.timers.remove(&(timer, id));
        }
        if let Some(market) = self.symbols.get_mut(&entry.rule.symbol) {
            market.leave(id, &mut entry);
        }
        Some((entry.rule, state))
    }

    /// Snoozes a rule until a time, or ends its snooze. Returns the state to be saved; `None` if
    /// the rule is not in the book.
    pub fn snooze(&mut self, id: RuleId, until: Option<Timestamp>) -> Option<RuleState> {
        self.rules.get_mut(&id)?.state.snooze(until);
        self.state(id)
    }

    /// Says that the symbol's prices before `until` are not known: a silence is counted from
    /// there at the earliest. Returns the states to be saved.
    pub fn gap(&mut self, symbol: &Symbol, until: Timestamp) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(market) = self.symbols.get_mut(symbol) else {
            return outcome;
        };
        for (id, entry) in &mut self.rules {
            if entry.rule.symbol != *symbol {
                continue;
            }
            entry.catch_up(market);
            if entry.state.gap(until) {
                outcome.changed.push((*id, entry.state.clone()));
                refresh(market, &mut self.timers, *id, entry);
            }
        }
        outcome.changed.sort_unstable_by_key(|(id, _)| *id);
        outcome
    }

    /// Says up to when the symbol's ticks were judged before the program closed. To be called
    /// after the saved rules are in and before the first tick.
    pub fn resume(&mut self, symbol: &Symbol, marks: Marks) {
        let market = self.symbols.entry(symbol.clone()).or_default();
        for stream in Stream::ALL {
            market.raise(stream, marks.of(stream));
        }
        for entry in self.rules.values_mut() {
            if entry.rule.symbol == *symbol {
                entry.state.pass(market.mark(entry.levels.stream()));
            }
        }
    }

    /// Up to when the symbol's ticks were judged.
    pub fn marks(&self, symbol: &Symbol) -> Marks {
        self.symbols
            .get(symbol)
            .map_or_else(Marks::default, |market| Marks {
                price: market.mark(Stream::Prices),
                change: market.mark(Stream::Figure(Column::Change)),
                volume: market.mark(Stream::Figure(Column::Volume)),
                market_cap: market.mark(Stream::Figure(Column::MarketCap)),
            })
    }

    /// How far back the windows of the symbol's rules reach.
    pub fn horizon(&self, symbol: &Symbol) -> Option<Duration> {
        self.symbols.get(symbol)?.horizon()
    }

    /// A symbol's known prices, no further back than its rules look.
    pub fn history(&self, symbol: &Symbol) -> Option<&History> {
        self.symbols.get(symbol).map(|market| &market.history)
    }

    /// A rule of the book.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(&id).map(|entry| &entry.rule)
    }

    /// The state of a rule as of the last tick.
    pub fn state(&self, id: RuleId) -> Option<RuleState> {
        let entry = self.rules.get(&id)?;
        let market = self.symbols.get(&entry.rule.symbol)?;
        Some(entry.caught_up(market))
    }

    /// The rules, in no order.
    pub fn rules(&self) -> impl Iterator<Item = (RuleId, &Rule)> {
        self.rules.iter().map(|(id, entry)| (*id, &entry.rule))
    }

    /// The rules that have not ended, in no order.
    pub fn running(&self) -> impl Iterator<Item = &Rule> {
        let running = self.rules.values();
        running
            .filter(|entry| !entry.state.has_ended())
            .map(|entry| &entry.rule)
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Judges a tick and adds it to the history. A tick that is not later than the last one
    /// only goes into the history; one known already changes nothing.
    pub fn tick(&mut self, symbol: &Symbol, tick: &Tick) -> Outcome {
        let Some(market) = self.symbols.get_mut(symbol) else {
            let market = self.symbols.entry(symbol.clone()).or_default();
            market.history.add(tick.time, tick.price.clone());
            market.advance(tick);
            return Outcome::default();
        };
        if market.history.add(tick.time, tick.price.clone()) == Added::Late {
            market.forget_sliding();
        }
        let mut woken = market.wake(tick);
        woken.sort_unstable();
        woken.dedup();

        let mut outcome = Outcome::default();
        for id in woken {
            // A rule that came since the mark may have been removed, or moved to another symbol.
            let entry = self.rules.get_mut(&id);
            let Some(entry) = entry.filter(|entry| entry.rule.symbol == *symbol) else {
                continue;
            };
            entry.catch_up(market);
            let before = entry.state.clone();
            let view = View {
                market,
                at: tick.time,
            };
            let effects = judge(&entry.levels, &entry.rule, &mut entry.state, tick, &view);
            entry.note_open(tick, &view);
            outcome.note(id, entry, &before, effects, self.replaying);
            refresh(market, &mut self.timers, id, entry);
        }
        market.advance(tick);
        outcome
    }

    /// The next moment at which [`Book::at`] may have something to do; there is none before it.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Judges that it is `now`, by the source's clock as far as it is known. To be called while
    /// the feed is heard, and not before missed ticks have been judged.
    pub fn at(&mut self, now: Timestamp) -> Outcome {
        let due = self.timers.iter().take_while(|(at, _)| *at <= now);
        let mut due: Vec<RuleId> = due.map(|(_, id)| *id).collect();
        due.sort_unstable();

        let mut outcome = Outcome::default();
        for id in due {
            let Some(entry) = self.rules.get_mut(&id) else {
                continue;
            };
            let Some(market) = self.symbols.get_mut(&entry.rule.symbol) else {
                continue;
            };
            entry.catch_up(market);
            let before = entry.state.clone();
            let history = &market.history;
            let effects = judge_time(&entry.levels, &entry.rule, &mut entry.state, now, history);
            outcome.note(id, entry, &before, effects, self.replaying);
            refresh(market, &mut self.timers, id, entry);
        }
        outcome
    }
}

impl Outcome {
    /// Notes what came of one rule.
    fn note(
        &mut self,
        id: RuleId,
        entry: &mut Entry,
        before: &RuleState,
        mut effects: Vec<Effect>,
        replaying: bool,
    ) {
        self.judged += 1;
        if !replaying {
            pause::count(&entry.rule, &mut entry.state, &mut effects);
        }
        self.effects
            .extend(effects.into_iter().map(|effect| (id, effect)));
        if !entry.state.same_but_seen(before) {
            if entry.state.only_followed(before) {
                self.followed.push(id);
            }
            self.changed.push((id, entry.state.clone()));
        }
    }
}

/// Has a rule wait for what its state asks for.
fn refresh(
    market: &mut Market,
    timers: &mut BTreeSet<(Timestamp, RuleId)>,
    id: RuleId,
    entry: &mut Entry,
) {
    if let Some(timer) = entry.timer {
        timers.remove(&(timer, id));
    }
    market.unregister(id, entry);
    market.register(id, entry);
    timers.extend(entry.timer.map(|at| (at, id)));
}
