//! One symbol's side of the book: its prices, and who waits for what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tidings_model::{Decimal, RuleId, Tick, Timestamp};

use crate::columns::{Column, Stream};
use crate::history::{Extremes, History, Seen, Sliding, Window};
use crate::index::{Lane, Levelled, Trigger, due, timer};
use crate::levels::{Levels, hundred};
use crate::rule::Rule;
use crate::state::RuleState;
use crate::turn::truths;
use crate::waits::{Hint, Waits, waits};

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) rule: Rule,
    pub(crate) levels: Levels,
    pub(crate) state: RuleState,
    triggers: Vec<Trigger>,
    /// From then on any tick can change it.
    due: Option<Timestamp>,
    /// Then time alone does.
    pub(crate) timer: Option<Timestamp>,
    /// Of two conditions at once, one that was false at the last tick.
    open: usize,
    /// The mark of its stream when the rule came into the book.
    joined: Option<Timestamp>,
}

impl Entry {
    pub(crate) fn new(rule: Rule, levels: Levels, state: RuleState) -> Self {
        Self {
            rule,
            levels,
            state,
            triggers: Vec::new(),
            due: None,
            timer: None,
            open: 0,
            joined: None,
        }
    }

    /// Takes in the ticks that changed nothing.
    pub(crate) fn catch_up(&mut self, market: &Market) {
        let mark = market.mark(self.levels.stream());
        if mark > self.joined {
            self.state.pass(mark);
        }
    }

    /// Its state with the ticks that changed nothing.
    pub(crate) fn caught_up(&self, market: &Market) -> RuleState {
        let mark = market.mark(self.levels.stream());
        let mut state = self.state.clone();
        if mark > self.joined {
            state.pass(mark);
        }
        state
    }

    /// Notes what it waits for after a tick.
    pub(crate) fn note_open(&mut self, tick: &Tick, window: &dyn Window) {
        if let Levels::All(parts) = &self.levels {
            let [one, _] = truths(parts, tick, window);
            self.open = usize::from(one);
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Market {
    pub(crate) history: History,
    price: Levelled,
    figures: [Levelled; Column::ALL.len()],
    windows: BTreeMap<Duration, Windowed>,
    queues: [Queue; Stream::ALL.len()],
}

/// The rules on the extremes of one length of time.
#[derive(Debug, Default)]
struct Windowed {
    sliding: Sliding,
    /// What the tick being judged sees.
    seen: Option<Seen>,
    rise: Levelled,
    fall: Levelled,
    high: Levelled,
    low: Levelled,
    rules: usize,
}

/// Who waits for the ticks of one stream.
#[derive(Debug, Default)]
struct Queue {
    mark: Option<Timestamp>,
    /// Rules that came since the mark moved. Only to them can a tick be new that is not
    /// later than the mark.
    since: Vec<RuleId>,
    /// Rules that any tick can change: those without a first one, for example.
    any: BTreeSet<RuleId>,
    due: BTreeSet<(Timestamp, RuleId)>,
}

impl Market {
    fn queue(&mut self, levels: &Levels) -> &mut Queue {
        &mut self.queues[levels.stream().place()]
    }

    /// Up to when a stream's ticks were judged.
    pub(crate) fn mark(&self, stream: Stream) -> Option<Timestamp> {
        self.queues[stream.place()].mark
    }

    pub(crate) fn raise(&mut self, stream: Stream, to: Option<Timestamp>) {
        self.queues[stream.place()].raise(to);
    }

    /// How far back its rules look.
    pub(crate) fn horizon(&self) -> Option<Duration> {
        self.windows.keys().next_back().copied()
    }

    /// Takes a rule in.
    pub(crate) fn join(&mut self, id: RuleId, entry: &mut Entry) {
        for window in entry.levels.windows() {
            self.windows.entry(window).or_default().rules += 1;
        }
        let queue = self.queue(&entry.levels);
        queue.since.push(id);
        entry.joined = queue.mark;
        self.register(id, entry);
    }

    /// Lets a rule go.
    pub(crate) fn leave(&mut self, id: RuleId, entry: &mut Entry) {
        self.unregister(id, entry);
        for window in entry.levels.windows() {
            if let Some(rules) = self.windows.get_mut(&window) {
                rules.rules -= 1;
                if rules.rules == 0 {
                    self.windows.remove(&window);
                }
            }
        }
    }

    /// The rules that this tick may change.
    pub(crate) fn wake(&mut self, tick: &Tick) -> Vec<RuleId> {
        let mut woken = Vec::new();
        for windowed in self.windows.values_mut() {
            windowed.seen = None;
        }
        let mut is_new = false;
        for stream in Stream::ALL.into_iter().filter(|stream| stream.has(tick)) {
            let queue = &self.queues[stream.place()];
            if queue.is_new(tick.time) {
                is_new = true;
                queue.wake(tick.time, &mut woken);
            } else {
                woken.extend(&queue.since);
            }
        }
        if is_new {
            self.price
                .wake(&mut woken, |when, level| when.holds(tick.price.cmp(level)));
            for (column, lane) in Column::ALL.into_iter().zip(&self.figures) {
                if let Some(figure) = column.of(tick) {
                    lane.wake(&mut woken, |when, level| when.holds(figure.cmp(level)));
                }
            }
            self.wake_windows(tick, &mut woken);
        }
        woken
    }

    fn wake_windows(&mut self, tick: &Tick, woken: &mut Vec<RuleId>) {
        let newest = self
            .history
            .newest()
            .is_some_and(|newest| newest.time == tick.time);
        for (window, windowed) in &mut self.windows {
            let seen = if newest {
                windowed.sliding.advance(&self.history, *window)
            } else {
                // Prices of later times are known already.
                let after = tick.time.minus(*window);
                let now = self.history.extremes(after, tick.time);
                now.map(|now| Seen {
                    before: self.history.before(after, tick.time),
                    now,
                })
            };
            if let Some(seen) = seen {
                windowed.wake(&tick.price, &seen, woken);
                windowed.seen = Some(seen);
            }
        }
    }

    /// Closes a tick: the marks move on, and the history forgets what no rule looks at.
    pub(crate) fn advance(&mut self, tick: &Tick) {
        if self.queues[Stream::Prices.place()].is_new(tick.time) {
            self.history.keep(self.horizon().unwrap_or_default());
        }
        for stream in Stream::ALL.into_iter().filter(|stream| stream.has(tick)) {
            self.raise(stream, Some(tick.time));
        }
    }

    pub(crate) fn forget_sliding(&mut self) {
        for windowed in self.windows.values_mut() {
            windowed.sliding = Sliding::default();
        }
    }

    pub(crate) fn register(&mut self, id: RuleId, entry: &mut Entry) {
        let hint = Hint {
            price: self.history.newest().map(|newest| &newest.price),
            open: entry.open,
        };
        let waits = waits(&entry.levels, &entry.state, hint);
        entry.due = due(&entry.levels, &entry.rule, &entry.state);
        entry.timer = timer(&entry.levels, &entry.rule, &entry.state);
        let due = entry.due.map(|due| (due, id));
        let queue = self.queue(&entry.levels);
        queue.due.extend(due);
        match waits {
            Waits::Nothing => {}
            Waits::AnyTick => {
                queue.any.insert(id);
            }
            Waits::For(triggers) => {
                entry.triggers = triggers;
                for trigger in &entry.triggers {
                    if let Some(lane) = self.lane(trigger.lane) {
                        lane.add(trigger.when, trigger.level.clone(), id);
                    }
                }
            }
        }
    }

    pub(crate) fn unregister(&mut self, id: RuleId, entry: &mut Entry) {
        for trigger in entry.triggers.drain(..) {
            if let Some(lane) = self.lane(trigger.lane) {
                lane.remove(trigger.when, &trigger.level, id);
            }
        }
        let due = entry.due.take();
        let queue = self.queue(&entry.levels);
        queue.any.remove(&id);
        if let Some(due) = due {
            queue.due.remove(&(due, id));
        }
    }

    fn lane(&mut self, lane: Lane) -> Option<&mut Levelled> {
        let (window, lane): (Duration, fn(&mut Windowed) -> &mut Levelled) = match lane {
            Lane::Price => return Some(&mut self.price),
            Lane::Figure(column) => return Some(&mut self.figures[column as usize]),
            Lane::Rise(window) => (window, |windowed| &mut windowed.rise),
            Lane::Fall(window) => (window, |windowed| &mut windowed.fall),
            Lane::High(window) => (window, |windowed| &mut windowed.high),
            Lane::Low(window) => (window, |windowed| &mut windowed.low),
        };
        self.windows.get_mut(&window).map(lane)
    }
}

impl Windowed {
    fn wake(&self, price: &Decimal, seen: &Seen, woken: &mut Vec<RuleId>) {
        let (lowest, highest) = (&seen.now.lowest.price, &seen.now.highest.price);
        let hundredfold = price * &hundred();
        self.rise.wake(woken, |when, percent| {
            when.holds(hundredfold.cmp(&(lowest * &(&hundred() + percent))))
        });
        self.fall.wake(woken, |when, percent| {
            when.holds((highest * &(&hundred() - percent)).cmp(&hundredfold))
        });
        if let Some(before) = &seen.before {
            self.high.wake(woken, |_, _| *price > before.highest.price);
            self.low.wake(woken, |_, _| *price < before.lowest.price);
        }
    }
}

impl Queue {
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
        woken.extend(&self.any);
        let due = self.due.iter().take_while(|(due, _)| *due <= time);
        woken.extend(due.map(|(_, id)| *id));
    }
}

/// The history as one tick sees it: what was worked out for the tick is not worked out again.
pub(crate) struct View<'a> {
    pub(crate) market: &'a Market,
    pub(crate) at: Timestamp,
}

impl View<'_> {
    fn seen(&self, after: Timestamp, at: Timestamp) -> Option<&Seen> {
        if at != self.at {
            return None;
        }
        self.market.windows.get(&at.since(after))?.seen.as_ref()
    }
}

impl Window for View<'_> {
    fn extremes(&self, after: Timestamp, until: Timestamp) -> Option<Extremes> {
        match self.seen(after, until) {
            Some(seen) => Some(seen.now.clone()),
            None => self.market.history.extremes(after, until),
        }
    }

    fn before(&self, after: Timestamp, at: Timestamp) -> Option<Extremes> {
        match self.seen(after, at) {
            Some(seen) => seen.before.clone(),
            None => self.market.history.before(after, at),
        }
    }
}
