//! Many rules over many symbols.

use std::collections::HashMap;
use std::time::Duration;

use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

use crate::effect::Effect;
use crate::evaluate::step;
use crate::history::{Added, History};
use crate::levels::Levels;
use crate::market::{Entry, Market, View};
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
}

/// Up to when the ticks of a symbol were judged.
///
/// To be saved in the transaction of each tick and given back to [`Book::resume`]: a rule's
/// own state says when it last changed, this says when it was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// The last tick.
    pub price: Option<Timestamp>,
    /// The last tick with a 24 hour change, which alone are ticks to rules on that change.
    pub change: Option<Timestamp>,
}

/// What a tick did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What came of it, by rule in the order of their ids.
    pub effects: Vec<(RuleId, Effect)>,
    /// The rules whose state has to be saved, with their new states.
    pub changed: Vec<(RuleId, RuleState)>,
    /// How many rules the tick was put to; the others could not change.
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

    /// Adds known prices to a symbol's history without judging them, in the order they came.
    /// They count as known before any that the book has seen itself.
    ///
    /// To be called before rules on moves are put in: a book remembers no further back than
    /// its rules look.
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
        if let Some(window) = levels.window() {
            market.moves.entry(window).or_default().rules += 1;
        }
        let stream = market.stream(&levels);
        stream.since.push(id);
        let mut entry = Entry {
            joined: stream.mark,
            rule,
            levels,
            state,
            triggers: Vec::new(),
            due: None,
        };
        market.register(id, &mut entry);
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
        if let Some(market) = self.symbols.get_mut(&entry.rule.symbol) {
            market.unregister(id, &mut entry);
            if let Some(window) = entry.levels.window()
                && let Some(moves) = market.moves.get_mut(&window)
            {
                moves.rules -= 1;
                if moves.rules == 0 {
                    market.moves.remove(&window);
                }
            }
        }
        Some((entry.rule, state))
    }

    /// Says up to when the symbol's ticks were judged before the program closed. To be called
    /// after the saved rules are in and before the first tick.
    pub fn resume(&mut self, symbol: &Symbol, marks: Marks) {
        let market = self.symbols.entry(symbol.clone()).or_default();
        market.price_stream.raise(marks.price);
        market.change_stream.raise(marks.change);
        for entry in self.rules.values_mut() {
            if entry.rule.symbol == *symbol {
                entry.state.pass(market.stream(&entry.levels).mark);
            }
        }
    }

    /// Up to when the symbol's ticks were judged.
    pub fn marks(&self, symbol: &Symbol) -> Marks {
        self.symbols
            .get(symbol)
            .map_or_else(Marks::default, |market| Marks {
                price: market.price_stream.mark,
                change: market.change_stream.mark,
            })
    }

    /// How far back the symbol's rules look, to know what to seed.
    pub fn horizon(&self, symbol: &Symbol) -> Option<Duration> {
        let market = self.symbols.get(symbol)?;
        market.moves.keys().next_back().copied()
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
        let mut state = entry.state.clone();
        let mark = market.stream_of(&entry.levels).mark;
        if mark > entry.joined {
            state.pass(mark);
        }
        Some(state)
    }

    /// The rules, in no order.
    pub fn rules(&self) -> impl Iterator<Item = (RuleId, &Rule)> {
        self.rules.iter().map(|(id, entry)| (*id, &entry.rule))
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
            let mark = market.stream(&entry.levels).mark;
            if mark > entry.joined {
                entry.state.pass(mark);
            }
            let before = entry.state.clone();
            let view = View {
                market,
                at: tick.time,
            };
            outcome.judged += 1;
            let effects = step(&entry.levels, &entry.rule, &mut entry.state, tick, &view);
            market.unregister(id, entry);
            market.register(id, entry);
            outcome
                .effects
                .extend(effects.into_iter().map(|effect| (id, effect)));
            if !entry.state.same_but_seen(&before) {
                outcome.changed.push((id, entry.state.clone()));
            }
        }
        market.advance(tick);
        outcome
    }
}
