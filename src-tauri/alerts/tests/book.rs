//! The book against the definition: whatever happens, every rule ends where judging every
//! tick one by one would have brought it, and a tick costs what it can change.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidings_alerts::{Book, Effect, History, Rule, RuleState, evaluate};
use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

fn at(seconds: u32) -> Timestamp {
    Timestamp::from_millis(0).plus(Duration::from_secs(u64::from(seconds)))
}

/// Prices on a coarse grid, so that lines and edges are met exactly.
fn price() -> impl Strategy<Value = String> {
    (880u32..1120).prop_map(|tenths| format!("{}.{}", tenths / 10, tenths % 10))
}

fn rearm() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("0"), Just("1"), Just("5")]
}

fn condition() -> impl Strategy<Value = Value> {
    let range = |kind: &'static str| {
        (900u32..1000, 1u32..100, rearm()).prop_map(move |(low, width, rearm)| {
            json!({"kind": kind, "low": (low / 10).to_string(),
                   "high": ((low + width) / 10 + 1).to_string(), "rearm_percent": rearm})
        })
    };
    let line = prop_oneof![Just("above"), Just("below"), Just("crosses")];
    let way = prop_oneof![Just("up"), Just("down"), Just("either")];
    let side = prop_oneof![Just("above"), Just("below")];
    prop_oneof![
        3 => (line, 92u32..108, rearm()).prop_map(|(kind, price, rearm)| json!({
            "kind": kind, "price": price.to_string(), "rearm_percent": rearm})),
        3 => (1u32..8, prop_oneof![Just(3u32), Just(10), Just(40)], way).prop_map(
            |(percent, window, way)| json!({
                "kind": "moves", "percent": percent.to_string(), "window_s": window,
                "direction": way})),
        2 => (side, -4i32..4, 0u32..2).prop_map(|(side, percent, margin)| json!({
            "kind": "change_24h", "side": side, "percent": percent.to_string(),
            "rearm_points": margin.to_string()})),
        1 => range("leaves_range"),
        1 => range("enters_range"),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        condition(),
        prop_oneof![Just("once"), Just("every"), Just("every")],
        prop_oneof![Just(0u32), Just(5), Just(20)],
        prop::option::weighted(0.3, 20u32..200),
        prop_oneof![Just("BTC"), Just("ETH")],
    )
        .prop_map(|(condition, repeat, cooldown, expires, symbol)| {
            serde_json::from_value(json!({
                "symbol": symbol, "condition": condition, "repeat": repeat,
                "cooldown_s": cooldown,
                "expires_at": expires.map(|seconds| at(seconds).to_string()),
            }))
            .unwrap()
        })
}

#[derive(Debug, Clone)]
enum Event {
    /// Steps forward (0 to 6 s) or, now and then, a late row.
    Tick(&'static str, i32, String, Option<i32>),
    Create(Rule),
    /// Condition and all.
    Change(usize, Rule),
    /// Repeat, cooldown and expiry of another rule.
    Retune(usize, Rule),
    Remove(usize),
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let step = prop_oneof![8 => 1i32..6, 1 => Just(0), 2 => -12i32..0];
    let tick = (
        prop_oneof![3 => Just("BTC"), 1 => Just("ETH")],
        step,
        price(),
        prop::option::weighted(0.7, -5i32..5),
    );
    prop_oneof![
        24 => tick.prop_map(|(symbol, step, price, change)| Event::Tick(symbol, step, price, change)),
        4 => rule().prop_map(Event::Create),
        1 => (any::<usize>(), rule()).prop_map(|(which, rule)| Event::Change(which, rule)),
        1 => (any::<usize>(), rule()).prop_map(|(which, rule)| Event::Retune(which, rule)),
        1 => any::<usize>().prop_map(Event::Remove),
        1 => Just(Event::Restart),
    ]
}

/// Every rule judged at every tick, with a history that forgets nothing, next to a book and
/// what a program would have saved of it.
#[derive(Default)]
struct Both {
    naive: BTreeMap<RuleId, (Rule, RuleState)>,
    histories: BTreeMap<String, History>,
    ticks: BTreeMap<String, Vec<Tick>>,
    latest: BTreeMap<String, Tick>,
    book: Book,
    saved: BTreeMap<RuleId, RuleState>,
    now: u32,
}

impl Both {
    fn pick(&self, which: usize) -> Option<RuleId> {
        let place = which.checked_rem(self.naive.len())?;
        self.naive.keys().nth(place).copied()
    }

    fn seed(&mut self, symbol: &Symbol) {
        let known = self.ticks.get(symbol.as_str()).into_iter().flatten();
        self.book
            .seed(symbol, known.map(|tick| (tick.time, tick.price.clone())));
    }

    fn create(&mut self, id: RuleId, rule: Rule) {
        self.seed(&rule.symbol);
        let empty = History::new();
        let symbol = rule.symbol.as_str().to_owned();
        let latest = self.latest.get(&symbol);
        let history = self.histories.get(&symbol).unwrap_or(&empty);
        let state = RuleState::created(&rule, at(self.now), latest, history);
        let made = match self.book.update(id, rule.clone(), at(self.now), latest) {
            Some(updated) => updated.state,
            None => self.book.create(id, rule.clone(), at(self.now), latest),
        };
        assert_eq!(made, state);
        self.saved.insert(id, made);
        self.naive.insert(id, (rule, state));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick(symbol, step, price, change) => {
                let time = self.now.saturating_add_signed(step);
                self.now = self.now.max(time);
                self.tick(
                    &symbol.parse().unwrap(),
                    &Tick {
                        time: at(time),
                        price: price.parse().unwrap(),
                        change_percentage_24h: change.map(|c| c.to_string().parse().unwrap()),
                    },
                );
            }
            Event::Create(rule) => self.create(RuleId::mint(), rule),
            Event::Change(which, rule) => {
                if let Some(id) = self.pick(which) {
                    if self.naive[&id].0.watches_as(&rule) {
                        return;
                    }
                    self.create(id, rule);
                }
            }
            Event::Retune(which, other) => {
                if let Some(id) = self.pick(which) {
                    let (rule, state) = self.naive.get_mut(&id).unwrap();
                    rule.repeat = other.repeat;
                    rule.cooldown_s = other.cooldown_s;
                    rule.expires_at = other.expires_at;
                    *state = state.kept_for(rule, at(self.now));
                    let rule = rule.clone();
                    let updated = self.book.update(id, rule, at(self.now), None).unwrap();
                    assert!(!updated.renewed);
                    self.saved.insert(id, updated.state);
                }
            }
            Event::Remove(which) => {
                if let Some(id) = self.pick(which) {
                    let removed = self.book.remove(id);
                    assert_eq!(removed, self.naive.remove(&id));
                    self.saved.remove(&id);
                }
            }
            Event::Restart => self.restart(),
        }
    }

    fn restart(&mut self) {
        let old = std::mem::take(&mut self.book);
        let symbols: Vec<Symbol> = ["BTC", "ETH"].map(|name| name.parse().unwrap()).into();
        for symbol in &symbols {
            self.seed(symbol);
        }
        for (id, state) in &self.saved {
            let text = serde_json::to_string(state).unwrap();
            let rule = old.rule(*id).unwrap().clone();
            self.book
                .insert(*id, rule, serde_json::from_str(&text).unwrap());
        }
        for symbol in &symbols {
            self.book.resume(symbol, old.marks(symbol));
        }
    }

    fn tick(&mut self, symbol: &Symbol, tick: &Tick) {
        let history = self
            .histories
            .entry(symbol.as_str().to_owned())
            .or_default();
        history.add(tick.time, tick.price.clone());
        self.ticks
            .entry(symbol.as_str().to_owned())
            .or_default()
            .push(tick.clone());
        let mut expected: Vec<(RuleId, Effect)> = Vec::new();
        for (id, (rule, state)) in &mut self.naive {
            if rule.symbol == *symbol {
                let effects = evaluate(rule, state, tick, history);
                expected.extend(effects.into_iter().map(|effect| (*id, effect)));
            }
        }
        let outcome = self.book.tick(symbol, tick);
        assert_eq!(outcome.effects, expected, "{tick:?}");
        self.saved.extend(outcome.changed);
        let latest = self.latest.entry(symbol.as_str().to_owned());
        let latest = latest.or_insert_with(|| tick.clone());
        if tick.time > latest.time {
            *latest = tick.clone();
        }
        for (id, (_, state)) in &self.naive {
            assert_eq!(
                self.book.state(*id).as_ref(),
                Some(state),
                "{id} after {tick:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn the_book_is_every_rule_judged_at_every_tick(
        events in prop::collection::vec(event(), 1..160)
    ) {
        let mut both = Both::default();
        for event in events {
            both.happen(event);
        }
    }
}

/// `count` rules of every kind on one symbol, all far from the prices around 100.
fn far_rules(count: usize) -> Book {
    let mut book = Book::new();
    let first = Tick {
        time: at(0),
        price: Decimal::from(100),
        change_percentage_24h: Some(Decimal::zero()),
    };
    for number in 0..count {
        let far = 10_000 + number;
        let condition = match number % 5 {
            0 => json!({"kind": "above", "price": far.to_string()}),
            1 => json!({"kind": "below", "price": format!("0.{far}")}),
            2 => json!({"kind": "crosses", "price": far.to_string()}),
            3 => json!({"kind": "leaves_range", "low": "1", "high": far.to_string()}),
            _ => json!({"kind": "change_24h", "side": "above", "percent": far.to_string()}),
        };
        let rule = serde_json::from_value(json!({"symbol": "BTC", "condition": condition}));
        book.create(RuleId::mint(), rule.unwrap(), at(0), Some(&first));
    }
    book
}

#[test]
fn a_tick_that_can_change_nothing_is_put_to_no_rule_however_many_there_are() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let mut book = far_rules(20_000);
    assert_eq!(book.len(), 20_000);
    for second in 1..50 {
        let tick = Tick {
            time: at(second),
            price: Decimal::from(90 + i64::from(second % 20)),
            change_percentage_24h: Some(Decimal::from(1)),
        };
        assert_eq!(book.tick(&symbol, &tick).judged, 0);
    }
    let beyond = Tick {
        time: at(100),
        price: Decimal::from(10_002),
        change_percentage_24h: None,
    };
    // Three lines are reached: 10,000 by `above`, 10,002 by `crosses`; no range is left yet.
    let outcome = book.tick(&symbol, &beyond);
    assert_eq!(outcome.judged, 2);
    assert_eq!(outcome.changed.len(), 2);
}

#[test]
fn a_books_history_reaches_as_far_back_as_its_rules_look() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let mut book = Book::new();
    let id = RuleId::mint();
    let rule = json!({"symbol": "BTC", "condition":
        {"kind": "moves", "percent": "50", "window_s": 60, "direction": "up"}});
    book.insert(id, serde_json::from_value(rule).unwrap(), RuleState::new());
    for second in 0..1000 {
        let tick = Tick {
            time: at(second),
            price: Decimal::from(100),
            change_percentage_24h: None,
        };
        book.tick(&symbol, &tick);
    }
    assert_eq!(book.horizon(&symbol), Some(Duration::from_mins(1)));
    assert_eq!(book.history(&symbol).unwrap().len(), 61);
    book.remove(id);
    assert_eq!(book.horizon(&symbol), None);
}
