//! The book against the definition: whatever happens, every rule ends where judging every
//! tick one by one would have brought it, and a tick costs what it can change.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidings_alerts::{Book, Effect, History, Rule, RuleState, elapse, evaluate};
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

fn simple() -> BoxedStrategy<Value> {
    let range = |kind: &'static str| {
        (900u32..1000, 1u32..100, rearm()).prop_map(move |(low, width, rearm)| {
            json!({"kind": kind, "low": (low / 10).to_string(),
                   "high": ((low + width) / 10 + 1).to_string(), "rearm_percent": rearm})
        })
    };
    let line = prop_oneof![Just("above"), Just("below"), Just("crosses")];
    let way = prop_oneof![Just("up"), Just("down"), Just("either")];
    let side = || prop_oneof![Just("above"), Just("below")];
    let window = || prop_oneof![Just(3u32), Just(10), Just(40)];
    let trail = prop_oneof![Just("falls"), Just("rises")];
    let extreme = prop_oneof![Just("high"), Just("low"), Just("either")];
    let figure = prop_oneof![Just("volume"), Just("market_cap")];
    prop_oneof![
        3 => (line, 92u32..108, rearm()).prop_map(|(kind, price, rearm)| json!({
            "kind": kind, "price": price.to_string(), "rearm_percent": rearm})),
        3 => (1u32..8, window(), way).prop_map(
            |(percent, window, way)| json!({
                "kind": "moves", "percent": percent.to_string(), "window_s": window,
                "direction": way})),
        2 => (side(), -4i32..4, 0u32..2).prop_map(|(side, percent, margin)| json!({
            "kind": "change_24h", "side": side, "percent": percent.to_string(),
            "rearm_points": margin.to_string()})),
        1 => range("leaves_range"),
        1 => range("enters_range"),
        2 => (trail, 1u32..10).prop_map(|(side, percent)| json!({
            "kind": "trailing", "side": side, "percent": percent.to_string()})),
        2 => (extreme, window(), rearm()).prop_map(|(extreme, window, rearm)| json!({
            "kind": "new_extreme", "extreme": extreme, "window_s": window,
            "rearm_percent": rearm})),
        2 => (1u32..5, 0u32..3, prop_oneof![Just("1"), Just("10"), Just("50")]).prop_map(
            |(step, base, rearm)| json!({
                "kind": "step", "step": step.to_string(), "base": base.to_string(),
                "rearm_percent": rearm})),
        3 => (figure, side(), 1u32..6, prop_oneof![Just("0"), Just("25")]).prop_map(
            |(figure, side, value, rearm)| json!({
                "kind": figure, "side": side, "value": value.to_string(),
                "rearm_percent": rearm})),
    ]
    .boxed()
}

/// Those that can stand alone only.
fn condition() -> BoxedStrategy<Value> {
    let within = || {
        simple().prop_filter("true or false at a tick", |condition| {
            !["crosses", "trailing", "step"].contains(&condition["kind"].as_str().unwrap())
        })
    };
    prop_oneof![
        8 => simple(),
        1 => prop_oneof![Just(2u32), Just(5), Just(15)].prop_map(|after| json!({
            "kind": "stale", "after_s": after})),
        3 => (within(), within()).prop_map(|(one, other)| json!({
            "kind": "all", "conditions": [one, other]})),
    ]
    .boxed()
}

fn rule() -> BoxedStrategy<Rule> {
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
        .boxed()
}

#[derive(Debug, Clone)]
enum Event {
    /// Steps forward (0 to 6 s) or, now and then, a late row.
    Tick(&'static str, i32, String, [Option<i32>; 3]),
    /// So many ticks, a second apart, to and fro.
    Burst(&'static str, u32),
    /// Time goes on by so many seconds, and is said.
    Wait(u32),
    /// The prices of a symbol up to so many seconds from now are not known.
    Gap(&'static str, u32),
    /// A rule is snoozed for so many seconds; for none, its snooze ends.
    Snooze(usize, u32),
    Create(Rule),
    /// Condition and all.
    Change(usize, Rule),
    /// Repeat, cooldown and expiry of another rule.
    Retune(usize, Rule),
    Remove(usize),
    Restart,
}

fn event() -> BoxedStrategy<Event> {
    let step = prop_oneof![8 => 1i32..6, 1 => Just(0), 2 => -12i32..0];
    let tick = (
        prop_oneof![3 => Just("BTC"), 1 => Just("ETH")],
        step,
        price(),
        [
            prop::option::weighted(0.7, -5i32..5),
            prop::option::weighted(0.6, 0i32..7),
            prop::option::weighted(0.6, 0i32..7),
        ],
    );
    let symbol = || prop_oneof![Just("BTC"), Just("ETH")];
    prop_oneof![
        24 => tick.prop_map(|(symbol, step, price, figures)| {
            Event::Tick(symbol, step, price, figures)
        }),
        1 => (symbol(), 5u32..40).prop_map(|(symbol, count)| Event::Burst(symbol, count)),
        3 => (0u32..12).prop_map(Event::Wait),
        1 => (symbol(), 0u32..9).prop_map(|(symbol, seconds)| Event::Gap(symbol, seconds)),
        1 => (any::<usize>(), 0u32..30).prop_map(|(which, seconds)| Event::Snooze(which, seconds)),
        4 => rule().prop_map(Event::Create),
        1 => (any::<usize>(), rule()).prop_map(|(which, rule)| Event::Change(which, rule)),
        1 => (any::<usize>(), rule()).prop_map(|(which, rule)| Event::Retune(which, rule)),
        1 => any::<usize>().prop_map(Event::Remove),
        1 => Just(Event::Restart),
    ]
    .boxed()
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
            Event::Burst(symbol, count) => {
                let symbol = symbol.parse().unwrap();
                for number in 0..count {
                    self.now += 1;
                    let price = if number % 2 == 0 { 112 } else { 88 };
                    let figure = Some(Decimal::from(i64::from(number % 2 * 9)));
                    self.tick(
                        &symbol,
                        &Tick {
                            change_percentage_24h: figure.clone(),
                            volume_24h: figure.clone(),
                            market_cap: figure,
                            ..Tick::new(at(self.now), Decimal::from(price))
                        },
                    );
                }
            }
            Event::Wait(seconds) => {
                self.now += seconds;
                self.wait();
            }
            Event::Gap(symbol, seconds) => {
                let until = at(self.now + seconds);
                for (rule, state) in self.naive.values_mut() {
                    if rule.symbol.as_str() == symbol {
                        state.gap(until);
                    }
                }
                let outcome = self.book.gap(&symbol.parse().unwrap(), until);
                self.saved.extend(outcome.changed);
                self.compare("a gap");
            }
            Event::Snooze(which, seconds) => {
                if let Some(id) = self.pick(which) {
                    let until = (seconds > 0).then(|| at(self.now + seconds));
                    let (_, state) = self.naive.get_mut(&id).unwrap();
                    state.snooze(until);
                    let snoozed = self.book.snooze(id, until).unwrap();
                    assert_eq!(snoozed, *state);
                    self.saved.insert(id, snoozed);
                }
            }
            Event::Tick(symbol, step, price, figures) => {
                let time = self.now.saturating_add_signed(step);
                self.now = self.now.max(time);
                self.tick(
                    &symbol.parse().unwrap(),
                    &Tick {
                        time: at(time),
                        price: price.parse().unwrap(),
                        change_percentage_24h: figures[0].map(|it| i64::from(it).into()),
                        volume_24h: figures[1].map(|it| i64::from(it).into()),
                        market_cap: figures[2].map(|it| i64::from(it).into()),
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
        self.compare(&format!("{tick:?}"));
    }

    fn wait(&mut self) {
        let (now, empty) = (at(self.now), History::new());
        let mut expected: Vec<(RuleId, Effect)> = Vec::new();
        for (id, (rule, state)) in &mut self.naive {
            let history = self.histories.get(rule.symbol.as_str()).unwrap_or(&empty);
            let effects = elapse(rule, state, now, history);
            expected.extend(effects.into_iter().map(|effect| (*id, effect)));
        }
        let due = self.book.next_due();
        let outcome = self.book.at(now);
        assert_eq!(outcome.effects, expected, "{now}");
        assert!(expected.is_empty() || due.is_some_and(|due| due <= now));
        assert!(self.book.next_due().is_none_or(|due| due > now));
        self.saved.extend(outcome.changed);
        self.compare("time");
    }

    fn compare(&self, after: &str) {
        for (id, (_, state)) in &self.naive {
            let found = self.book.state(*id);
            assert_eq!(found.as_ref(), Some(state), "{id} after {after}");
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

/// A tick with all of the feed's figures.
fn quiet(seconds: u32, price: i64) -> Tick {
    Tick {
        time: at(seconds),
        price: Decimal::from(price),
        change_percentage_24h: Some(Decimal::from(1)),
        volume_24h: Some(Decimal::from(2)),
        market_cap: Some(Decimal::from(3)),
    }
}

/// `count` rules of every kind on one symbol, all far from the prices around 100.
fn far_rules(count: usize) -> Book {
    let mut book = Book::new();
    let first = quiet(0, 100);
    for number in 0..count {
        let far = 10_000 + number;
        let condition = match number % 12 {
            0 => json!({"kind": "above", "price": far.to_string()}),
            1 => json!({"kind": "below", "price": format!("0.{far}")}),
            2 => json!({"kind": "crosses", "price": far.to_string()}),
            3 => json!({"kind": "leaves_range", "low": "1", "high": far.to_string()}),
            4 => json!({"kind": "change_24h", "side": "above", "percent": far.to_string()}),
            5 => json!({"kind": "volume", "side": "above", "value": far.to_string()}),
            6 => json!({"kind": "market_cap", "side": "above", "value": far.to_string()}),
            7 => json!({"kind": "step", "step": far.to_string()}),
            8 => json!({"kind": "stale", "after_s": far}),
            9 => json!({"kind": "all", "conditions": [
                {"kind": "above", "price": "1"}, {"kind": "above", "price": far.to_string()}]}),
            10 => json!({"kind": "all", "conditions": [
                {"kind": "above", "price": far.to_string()},
                {"kind": "volume", "side": "above", "value": "1"}]}),
            _ => json!({"kind": "moves", "percent": (far * 100).to_string(), "window_s": 60,
                "direction": "up"}),
        };
        let rule = serde_json::from_value(json!({"symbol": "BTC", "condition": condition}));
        book.create(RuleId::mint(), rule.unwrap(), at(0), Some(&first));
    }
    book
}

#[test]
fn a_tick_that_can_change_nothing_is_put_to_no_rule_however_many_there_are() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let mut book = far_rules(24_000);
    assert_eq!(book.len(), 24_000);
    // Which of two conditions is false is learned from the first tick that finds the other true.
    let mut learning = book.tick(&symbol, &quiet(1, 90));
    assert!(learning.judged <= 2_000, "{}", learning.judged);
    learning = book.tick(&symbol, &quiet(2, 99));
    assert_eq!(learning.judged, 0);
    for second in 3..50 {
        let tick = quiet(second, 90 + i64::from(second % 20));
        assert_eq!(book.tick(&symbol, &tick).judged, 0);
        assert_eq!(book.at(at(second)).judged, 0);
    }
    // Two lines are reached: 10,000 by `above`, 10,002 by `crosses`; no range is left yet.
    let outcome = book.tick(&symbol, &quiet(100, 10_002));
    assert_eq!(outcome.judged, 2);
    assert_eq!(outcome.changed.len(), 2);
}

#[test]
fn rules_that_follow_the_price_are_woken_by_what_moves_them_alone() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let mut book = Book::new();
    for percent in 1..=50 {
        for condition in [
            json!({"kind": "trailing", "side": "falls", "percent": percent.to_string()}),
            json!({"kind": "new_extreme", "extreme": "high", "window_s": 1000 + percent}),
        ] {
            let rule = json!({"symbol": "BTC", "condition": condition, "repeat": "every"});
            let rule = serde_json::from_value(rule).unwrap();
            book.create(RuleId::mint(), rule, at(0), Some(&quiet(0, 1000)));
        }
    }
    book.seed(&symbol, [(at(0), Decimal::from(1000))]);
    // Ten of the trailing rules have their trigger within a fall of ten percent, and fire.
    assert_eq!(book.tick(&symbol, &quiet(1, 991)).judged, 0);
    assert_eq!(book.tick(&symbol, &quiet(2, 900)).judged, 10);
    // Those ten follow the price from where they fired; the others wait at their own highs.
    assert_eq!(book.tick(&symbol, &quiet(3, 901)).judged, 10);
    // A new high moves all that follow it, and is one to all windows.
    assert_eq!(book.tick(&symbol, &quiet(4, 1001)).judged, 100);
    assert_eq!(book.tick(&symbol, &quiet(5, 1001)).judged, 0);
}

#[test]
fn silences_are_asked_for_when_they_are_due_and_not_at_every_tick() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let mut book = Book::new();
    for after in [60, 120, 600] {
        let rule = json!({"symbol": "BTC", "condition": {"kind": "stale", "after_s": after}});
        let rule = serde_json::from_value(rule).unwrap();
        book.create(RuleId::mint(), rule, at(0), Some(&quiet(0, 1)));
    }
    let mut judged = 0;
    for second in 1..=600 {
        judged += book.tick(&symbol, &quiet(second, 1)).judged;
        judged += book.at(at(second)).judged;
    }
    // Each once in its own time: ten, five and one.
    assert!(judged <= 16, "{judged}");
    assert_eq!(book.at(at(659)).effects, []);
    assert_eq!(book.at(at(660)).effects.len(), 2);
    assert_eq!(book.next_due(), Some(at(720)));
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
        book.tick(&symbol, &Tick::new(at(second), Decimal::from(100)));
    }
    assert_eq!(book.horizon(&symbol), Some(Duration::from_mins(1)));
    assert_eq!(book.history(&symbol).unwrap().len(), 61);
    book.remove(id);
    assert_eq!(book.horizon(&symbol), None);
}
