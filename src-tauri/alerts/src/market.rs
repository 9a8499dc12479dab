//! One symbol's side of the book: its prices, and who waits for what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tidings_model::{RuleId, Tick, Timestamp};

use crate::evaluate::{has_fallen, has_risen};
use crate::history::{Extremes, History, Sliding, Window};
use crate::index::{Lane, Levelled, Trigger, When, due, meets, triggers};
use crate::levels::{Levels, hundred};
use crate::rule::Rule;
use crate::state::RuleState;

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) rule: Rule,
    pub(crate) levels: Levels,
    pub(crate) state: RuleState,
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) due: Option<Timestamp>,
    /// The mark of its stream when the rule came into the book.
    pub(crate) joined: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(crate) struct Market {
    pub(crate) history: History,
    price: Levelled,
    change: Levelled,
    pub(crate) moves: BTreeMap<Duration, Moves>,
    pub(crate) price_stream: Stream,
    pub(crate) change_stream: Stream,
}

/// The rules on moves within one length of time.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    sliding: Sliding,
    now: Option<Extremes>,
    rise: Levelled,
    fall: Levelled,
    pub(crate) rules: usize,
}

/// The ticks that are ticks to a rule: all of them, or those with a 24 hour change.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) mark: Option<Timestamp>,
    /// Rules that came since the mark moved. Only to them can a tick be new that is not
    /// later than the mark.
    pub(crate) since: Vec<RuleId>,
    /// Rules without a first tick.
    unstarted: BTreeSet<RuleId>,
    due: BTreeSet<(Timestamp, RuleId)>,
}

impl Market {
    pub(crate) fn stream(&mut self, levels: &Levels) -> &mut Stream {
        if levels.judges_change() {
            &mut self.change_stream
        } else {
            &mut self.price_stream
        }
    }

    pub(crate) fn stream_of(&self, levels: &Levels) -> &Stream {
        if levels.judges_change() {
            &self.change_stream
        } else {
            &self.price_stream
        }
    }

    /// The rules that this tick may change.
    pub(crate) fn wake(&mut self, tick: &Tick) -> Vec<RuleId> {
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
    pub(crate) fn advance(&mut self, tick: &Tick) {
        if self.price_stream.is_new(tick.time) {
            self.price_stream.raise(Some(tick.time));
            let horizon = self.moves.keys().next_back().copied();
            self.history.keep(horizon.unwrap_or_default());
        }
        if tick.change_percentage_24h.is_some() {
            self.change_stream.raise(Some(tick.time));
        }
    }

    pub(crate) fn forget_sliding(&mut self) {
        for moves in self.moves.values_mut() {
            moves.sliding = Sliding::default();
        }
    }

    pub(crate) fn register(&mut self, id: RuleId, entry: &mut Entry) {
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

    pub(crate) fn unregister(&mut self, id: RuleId, entry: &mut Entry) {
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

    pub(crate) fn raise(&mut self, to: Option<Timestamp>) {
        if to > self.mark {
            self.mark = to;
            self.since.clear();
        }
    }

    pub(crate) fn wake(&self, time: Timestamp, woken: &mut Vec<RuleId>) {
        woken.extend(&self.unstarted);
        let due = self.due.iter().take_while(|(due, _)| *due <= time);
        woken.extend(due.map(|(_, id)| *id));
    }
}

/// The history as one tick sees it: what was worked out for the tick is not worked out again.
pub(crate) struct View<'a> {
    pub(crate) market: &'a Market,
    pub(crate) at: Timestamp,
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
