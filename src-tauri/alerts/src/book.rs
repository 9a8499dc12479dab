//! Many rules over many symbols.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

use crate::effect::Effect;
use crate::evaluate::{has_fallen, has_risen, step};
use crate::history::{Added, Extremes, History, Sliding, Window};
use crate::index::{Lane, Levelled, Trigger, When, due, meets, triggers};
use crate::levels::{Levels, hundred};
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
}

/// What changing a rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The state to be saved.
    pub state: RuleState,
    /// Whether the change made the rule new.
    pub renewed: bool,
}

#[derive(Debug)]
struct Entry {
    rule: Rule,
    levels: Levels,
    state: RuleState,
    triggers: Vec<Trigger>,
    due: Option<Timestamp>,
    /// The mark of its stream when the rule came into the book.
    joined: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Market {
    history: History,
    price: Levelled,
    change: Levelled,
    moves: BTreeMap<Duration, Moves>,
    price_stream: Stream,
    change_stream: Stream,
}

/// The rules on moves within one length of time.
#[derive(Debug, Default)]
struct Moves {
    sliding: Sliding,
    now: Option<Extremes>,
    rise: Levelled,
    fall: Levelled,
    rules: usize,
}

/// The ticks that are ticks to a rule: all of them, or those with a 24 hour change.
#[derive(Debug, Default)]
struct Stream {
    mark: Option<Timestamp>,
    /// Rules that came since the mark moved. Only to them can a tick be new that is not
    /// later than the mark.
    since: Vec<RuleId>,
    /// Rules without a first tick.
    unstarted: BTreeSet<RuleId>,
    due: BTreeSet<(Timestamp, RuleId)>,
}

impl Book {
    /// A book without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds known prices to a symbol's history without judging them, in any order.
    ///
    /// To be called before rules on moves are put in: a book remembers no further back than
    /// its rules look.
    pub fn seed(
        &mut self,
        symbol: &Symbol,
        prices: impl IntoIterator<Item = (Timestamp, Decimal)>,
    ) {
        let market = self.symbols.entry(symbol.clone()).or_default();
        for (time, price) in prices {
            market.history.add(time, price);
        }
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
            let kept = state.kept_for(&rule);
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
            let Some(entry) = self.rules.get_mut(&id) else {
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

impl Market {
    fn stream(&mut self, levels: &Levels) -> &mut Stream {
        if levels.judges_change() {
            &mut self.change_stream
        } else {
            &mut self.price_stream
        }
    }

    fn stream_of(&self, levels: &Levels) -> &Stream {
        if levels.judges_change() {
            &self.change_stream
        } else {
            &self.price_stream
        }
    }

    /// The rules that this tick may change.
    fn wake(&mut self, tick: &Tick) -> Vec<RuleId> {
        let mut woken = Vec::new();
        for moves in self.moves.values_mut() {
            moves.now = None;
        }
        if self.price_stream.is_new(tick.time) {
            self.price_stream.wake(tick.time, &mut woken);
            self.price
                .wake(&mut woken, |when, level| meets(&tick.price, when, level));
            self.wake_moves(tick, &mut woken);
        } else {
            woken.extend(&self.price_stream.since);
        }
        if let Some(change) = &tick.change_percentage_24h {
            if self.change_stream.is_new(tick.time) {
                self.change_stream.wake(tick.time, &mut woken);
                self.change
                    .wake(&mut woken, |when, level| meets(change, when, level));
            } else {
                woken.extend(&self.change_stream.since);
            }
        }
        woken
    }

    fn wake_moves(&mut self, tick: &Tick, woken: &mut Vec<RuleId>) {
        let newest = self
            .history
            .newest()
            .is_some_and(|newest| newest.time == tick.time);
        for (window, moves) in &mut self.moves {
            // Prices of later times may be known already, after a seed.
            let seen = if newest {
                moves.sliding.advance(&self.history, *window)
            } else {
                self.history.extremes(tick.time.minus(*window), tick.time)
            };
            let Some(seen) = seen else { continue };
            moves.rise.wake(woken, |when, percent| {
                let risen = has_risen(&tick.price, &seen.lowest.price, &(&hundred() + percent));
                risen == (when == When::AtLeast)
            });
            moves.fall.wake(woken, |when, percent| {
                let fallen = has_fallen(&tick.price, &seen.highest.price, &(&hundred() - percent));
                fallen == (when == When::AtLeast)
            });
            moves.now = Some(seen);
        }
    }

    /// Closes a tick: the marks move on, and the history forgets what no rule looks at.
    fn advance(&mut self, tick: &Tick) {
        if self.price_stream.is_new(tick.time) {
            self.price_stream.raise(Some(tick.time));
            let horizon = self.moves.keys().next_back().copied();
            self.history.keep(horizon.unwrap_or_default());
        }
        if tick.change_percentage_24h.is_some() {
            self.change_stream.raise(Some(tick.time));
        }
    }

    fn forget_sliding(&mut self) {
        for moves in self.moves.values_mut() {
            moves.sliding = Sliding::default();
        }
    }

    fn register(&mut self, id: RuleId, entry: &mut Entry) {
        let price = self.history.newest().map(|newest| newest.price.clone());
        entry.triggers = triggers(&entry.levels, &entry.state, price.as_ref());
        entry.due = due(&entry.rule, &entry.state);
        for trigger in &entry.triggers {
            if let Some(lane) = self.lane(trigger.lane) {
                lane.add(trigger.when, trigger.level.clone(), id);
            }
        }
        let unstarted = !entry.state.has_ended() && entry.triggers.is_empty();
        let stream = self.stream(&entry.levels);
        if unstarted {
            stream.unstarted.insert(id);
        }
        if let Some(due) = entry.due {
            stream.due.insert((due, id));
        }
    }

    fn unregister(&mut self, id: RuleId, entry: &mut Entry) {
        for trigger in entry.triggers.drain(..) {
            if let Some(lane) = self.lane(trigger.lane) {
                lane.remove(trigger.when, &trigger.level, id);
            }
        }
        let due = entry.due.take();
        let stream = self.stream(&entry.levels);
        stream.unstarted.remove(&id);
        if let Some(due) = due {
            stream.due.remove(&(due, id));
        }
    }

    fn lane(&mut self, lane: Lane) -> Option<&mut Levelled> {
        match lane {
            Lane::Price => Some(&mut self.price),
            Lane::Change => Some(&mut self.change),
            Lane::Rise(window) => self.moves.get_mut(&window).map(|moves| &mut moves.rise),
            Lane::Fall(window) => self.moves.get_mut(&window).map(|moves| &mut moves.fall),
        }
    }
}

impl Stream {
    fn is_new(&self, time: Timestamp) -> bool {
        self.mark.is_none_or(|mark| time > mark)
    }

    fn raise(&mut self, to: Option<Timestamp>) {
        if to > self.mark {
            self.mark = to;
            self.since.clear();
        }
    }

    fn wake(&self, time: Timestamp, woken: &mut Vec<RuleId>) {
        woken.extend(&self.unstarted);
        let due = self.due.iter().take_while(|(due, _)| *due <= time);
        woken.extend(due.map(|(_, id)| *id));
    }
}

/// The history as one tick sees it: what was worked out for the tick is not worked out again.
struct View<'a> {
    market: &'a Market,
    at: Timestamp,
}

impl Window for View<'_> {
    fn extremes(&self, after: Timestamp, until: Timestamp) -> Option<Extremes> {
        let length = until.since(after);
        let ready = self.market.moves.get(&length).and_then(|moves| {
            if until == self.at {
                moves.now.clone()
            } else {
                None
            }
        });
        ready.or_else(|| self.market.history.extremes(after, until))
    }
}
