//! The worked examples of `docs/alerts.md`, read from the page: what stands there is what happens.
//!
//! Each is played three times: to the definition (`evaluate`, `elapse`), to a book, and to a book
//! that is put away and taken up again after everything that happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tidings_alerts::{Book, Direction, Effect, Firing, History, Rule, RuleState, elapse, evaluate};
use tidings_model::{Decimal, RuleId, Tick, Timestamp};

const PAGE: &str = include_str!("../../../docs/alerts.md");
/// The kinds whose meaning is held by examples, and by how many at least.
const KINDS: [&str; 7] = [
    "trailing",
    "new_extreme",
    "step",
    "volume",
    "market_cap",
    "stale",
    "all",
];
const EXAMPLES: usize = 10;

/// One row of the page.
struct Example {
    shows: String,
    rule: Rule,
    /// Whether the row says when the rule is made.
    made: bool,
    events: Vec<Happening>,
}

/// One thing that happens, and what the page says comes of it.
struct Happening {
    text: String,
    event: Event,
    effects: String,
    waits: Option<String>,
}

enum Event {
    Tick(Tick),
    Now(Timestamp),
    Made(Timestamp),
    Gap(Timestamp),
    Snooze(Timestamp),
}

fn at(seconds: &str) -> Timestamp {
    Timestamp::from_millis(0).plus(Duration::from_secs(seconds.parse().unwrap()))
}

/// The rows below the headings of the examples, by kind.
fn examples() -> BTreeMap<String, Vec<Example>> {
    let (_, part) = PAGE.split_once("## Worked examples").expect("a chapter");
    let mut found: BTreeMap<String, Vec<Example>> = BTreeMap::new();
    let mut kind = "";
    for line in part.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            kind = heading.split('`').nth(1).expect("a kind");
        } else if line.starts_with("| ") && !line.starts_with("| what") && !line.starts_with("| -")
        {
            found
                .entry(kind.to_owned())
                .or_default()
                .push(example(kind, line));
        }
    }
    found
}

fn example(kind: &str, line: &str) -> Example {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [shows, condition, settings, events] = cells.as_slice() else {
        panic!("not a row of an example: {line}");
    };
    let mut condition: Value = serde_json::from_str(condition.trim_matches('`')).unwrap();
    condition["kind"] = kind.into();
    let mut rule =
        json!({"symbol": "BTC", "condition": condition, "repeat": "every", "cooldown_s": 0});
    for setting in settings.split(", ").filter(|setting| !setting.is_empty()) {
        match setting.split_once(' ') {
            Some(("cooldown", seconds)) => {
                rule["cooldown_s"] = seconds.parse::<u32>().unwrap().into();
            }
            Some(("expires", seconds)) => rule["expires_at"] = at(seconds).to_string().into(),
            None if setting == "once" => rule["repeat"] = "once".into(),
            _ => panic!("{shows}: what is {setting:?}?"),
        }
    }
    let events: Vec<Happening> = events.split("; ").map(happening).collect();
    Example {
        shows: (*shows).to_owned(),
        rule: serde_json::from_value(rule).unwrap(),
        made: events
            .iter()
            .any(|happening| matches!(happening.event, Event::Made(_))),
        events,
    }
}

fn happening(text: &str) -> Happening {
    let (before, rest) = text.split_once("**").unwrap_or((text, ""));
    let (effects, after) = rest.split_once("**").unwrap_or(("", ""));
    let (plain, waits) = match (before.split_once('('), after.split_once('(')) {
        (Some((plain, waits)), _) => (plain, Some(waits)),
        (None, Some((_, waits))) => (before, Some(waits)),
        (None, None) => (before, None),
    };
    let words: Vec<&str> = plain.split_whitespace().collect();
    let event = match words.as_slice() {
        ["made", when] => Event::Made(at(when)),
        ["gap", when] => Event::Gap(at(when)),
        ["snooze", when] => Event::Snooze(at(when)),
        [when, "–"] => Event::Now(at(when)),
        [when, price, figures @ ..] => {
            let mut tick = Tick::new(at(when), price.parse().unwrap());
            for figure in figures {
                let (name, value) = figure.split_once('=').unwrap();
                let value: Decimal = value.parse().unwrap();
                match name {
                    "c" => tick.change_percentage_24h = Some(value),
                    "v" => tick.volume_24h = Some(value),
                    "m" => tick.market_cap = Some(value),
                    _ => panic!("{text}: what is {name}?"),
                }
            }
            Event::Tick(tick)
        }
        _ => panic!("what happens in {text:?}?"),
    };
    Happening {
        text: text.to_owned(),
        event,
        effects: effects.to_owned(),
        waits: waits.map(|waits| waits.trim().trim_end_matches(')').to_owned()),
    }
}

/// Effects in the words of the page. `time`: that of the tick or of the call.
fn said(effects: &[Effect], time: Timestamp) -> String {
    let firing = |verb: &str, firing: &Firing| {
        let mut text = verb.to_owned();
        match firing.direction {
            Direction::Up => text.push_str(" up"),
            Direction::Down => text.push_str(" down"),
            Direction::Both => text.push_str(" both"),
            Direction::True => {}
        }
        if let Some(steps) = firing
            .steps
            .as_ref()
            .filter(|steps| **steps != Decimal::from(1))
        {
            write!(text, " ×{steps}").unwrap();
        }
        if firing.is_delayed() {
            text.push_str(" still");
        }
        if firing.time != time {
            write!(text, " at {}", firing.time.as_millis() / 1000).unwrap();
        }
        text
    };
    let words: Vec<String> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Fired(it) => firing("fires", it),
            Effect::Snoozed(it) => firing("snoozed", it),
            Effect::Suppressed(it) => firing("suppressed", it),
            Effect::Done => "done".to_owned(),
            Effect::Expired => "expired".to_owned(),
            Effect::Paused(_) => "paused".to_owned(),
        })
        .collect();
    words.join(", ")
}

fn waits(state: &RuleState) -> String {
    let waits = state.waits_for();
    let below = waits.below.map(|price| format!("≤ {price}"));
    let above = waits.above.map(|price| format!("≥ {price}"));
    below
        .into_iter()
        .chain(above)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Something that an example can be played to.
trait Player {
    fn made(&mut self, when: Timestamp);
    fn tick(&mut self, tick: &Tick) -> Vec<Effect>;
    fn now(&mut self, now: Timestamp) -> Vec<Effect>;
    fn gap(&mut self, until: Timestamp);
    fn snooze(&mut self, until: Timestamp);
    fn state(&self) -> RuleState;
}

/// The definition, with a history that forgets nothing.
struct Defined {
    rule: Rule,
    state: Option<RuleState>,
    history: History,
    latest: Option<Tick>,
}

impl Player for Defined {
    fn made(&mut self, when: Timestamp) {
        let latest = self.latest.as_ref();
        self.state = Some(RuleState::created(&self.rule, when, latest, &self.history));
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Effect> {
        self.history.add(tick.time, tick.price.clone());
        self.latest = Some(tick.clone());
        match &mut self.state {
            Some(state) => evaluate(&self.rule, state, tick, &self.history),
            None => Vec::new(),
        }
    }

    fn now(&mut self, now: Timestamp) -> Vec<Effect> {
        let state = self.state.as_mut().unwrap();
        elapse(&self.rule, state, now, &self.history)
    }

    fn gap(&mut self, until: Timestamp) {
        self.state.as_mut().unwrap().gap(until);
    }

    fn snooze(&mut self, until: Timestamp) {
        self.state.as_mut().unwrap().snooze(Some(until));
    }

    fn state(&self) -> RuleState {
        self.state.clone().unwrap_or_default()
    }
}

/// A book with one rule.
struct Booked {
    rule: Rule,
    id: RuleId,
    book: Book,
    known: Vec<Tick>,
    /// Whether it is put away and taken up again after everything that happens.
    restarts: bool,
    saved: Option<RuleState>,
}

impl Booked {
    fn new(rule: &Rule, made: bool, restarts: bool) -> Self {
        let mut booked = Self {
            rule: rule.clone(),
            id: RuleId::mint(),
            book: Book::new(),
            known: Vec::new(),
            restarts,
            saved: None,
        };
        if !made {
            booked.saved = Some(RuleState::new());
            booked
                .book
                .insert(booked.id, rule.clone(), RuleState::new());
        }
        booked
    }

    fn seed(&mut self) {
        let known = self.known.iter();
        let prices = known.map(|tick| (tick.time, tick.price.clone()));
        self.book.seed(&self.rule.symbol, prices);
    }

    fn restart(&mut self) {
        if !self.restarts {
            return;
        }
        let marks = self.book.marks(&self.rule.symbol);
        self.book = Book::new();
        self.seed();
        if let Some(saved) = &self.saved {
            let text = serde_json::to_string(saved).unwrap();
            let state = serde_json::from_str(&text).unwrap();
            self.book.insert(self.id, self.rule.clone(), state);
        }
        self.book.resume(&self.rule.symbol, marks);
    }

    fn take(&mut self, outcome: tidings_alerts::Outcome) -> Vec<Effect> {
        for (_, state) in outcome.changed {
            self.saved = Some(state);
        }
        self.restart();
        outcome
            .effects
            .into_iter()
            .map(|(_, effect)| effect)
            .collect()
    }
}

impl Player for Booked {
    fn made(&mut self, when: Timestamp) {
        self.seed();
        let latest = self.known.last();
        let state = self.book.create(self.id, self.rule.clone(), when, latest);
        self.saved = Some(state);
        self.restart();
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Effect> {
        self.known.push(tick.clone());
        let outcome = self.book.tick(&self.rule.symbol, tick);
        self.take(outcome)
    }

    fn now(&mut self, now: Timestamp) -> Vec<Effect> {
        let due = self.book.next_due();
        let outcome = self.book.at(now);
        let nothing = outcome.effects.is_empty() && outcome.changed.is_empty();
        assert!(
            nothing || due.is_some_and(|due| due <= now),
            "due {due:?}, done at {now}"
        );
        self.take(outcome)
    }

    fn gap(&mut self, until: Timestamp) {
        let outcome = self.book.gap(&self.rule.symbol, until);
        self.take(outcome);
    }

    fn snooze(&mut self, until: Timestamp) {
        self.saved = self.book.snooze(self.id, Some(until));
        self.restart();
    }

    fn state(&self) -> RuleState {
        self.book.state(self.id).unwrap_or_default()
    }
}

fn play(example: &Example, player: &mut dyn Player, who: &str) {
    for Happening {
        text,
        event,
        effects,
        waits: expected,
    } in &example.events
    {
        let found = match event {
            Event::Tick(tick) => said(&player.tick(tick), tick.time),
            Event::Now(now) => said(&player.now(*now), *now),
            Event::Made(when) => {
                player.made(*when);
                String::new()
            }
            Event::Gap(until) => {
                player.gap(*until);
                String::new()
            }
            Event::Snooze(until) => {
                player.snooze(*until);
                String::new()
            }
        };
        let place = format!("{}, {who}, at {text:?}", example.shows);
        assert_eq!(found, *effects, "{place}");
        if let Some(expected) = expected {
            assert_eq!(waits(&player.state()), *expected, "{place}");
        }
    }
}

#[test]
fn every_example_of_the_page_happens_as_it_says() {
    for (kind, examples) in examples() {
        for example in examples {
            println!("{kind}: {}", example.shows);
            let mut defined = Defined {
                rule: example.rule.clone(),
                state: (!example.made).then(RuleState::new),
                history: History::new(),
                latest: None,
            };
            play(&example, &mut defined, "by the definition");
            let mut booked = Booked::new(&example.rule, example.made, false);
            play(&example, &mut booked, "in a book");
            assert_eq!(booked.state(), defined.state(), "{}", example.shows);
            let mut restarted = Booked::new(&example.rule, example.made, true);
            play(&example, &mut restarted, "in a book taken up again");
            assert_eq!(restarted.state(), defined.state(), "{}", example.shows);
        }
    }
}

#[test]
fn every_further_kind_has_its_examples_and_each_says_what_comes_of_it() {
    let found = examples();
    for kind in KINDS {
        let of_kind = found.get(kind).map_or(0, Vec::len);
        assert!(of_kind >= EXAMPLES, "{kind} has {of_kind} examples");
    }
    for example in found.values().flatten() {
        let told = example.events.iter().any(|it| !it.effects.is_empty());
        assert!(told, "nothing happens in {:?}", example.shows);
    }
}
