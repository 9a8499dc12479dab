//! The prices of one symbol over time, and the extremes of a part of them.

use std::collections::VecDeque;
use std::time::Duration;

use tidings_model::{Decimal, Timestamp};

use crate::effect::Origin;

/// The least that two times differ by.
const INSTANT: Duration = Duration::from_micros(1);

/// What the judgement of a tick asks of its symbol's history.
pub trait Window {
    /// The extremes over the known ticks in (`after`, `until`] and the price that held at
    /// `after` (the last tick at or before it, however old). Of equal prices the latest.
    /// `None` when nothing is known.
    fn extremes(&self, after: Timestamp, until: Timestamp) -> Option<Extremes>;

    /// The same without the ticks at `at` itself: what a tick at that time is compared with.
    fn before(&self, after: Timestamp, at: Timestamp) -> Option<Extremes> {
        self.extremes(after, at.minus(INSTANT))
    }

    /// The last tick earlier than `at`.
    fn last_before(&self, at: Timestamp) -> Option<Origin> {
        let before = at.minus(INSTANT);
        Some(self.extremes(before, before)?.lowest)
    }
}

/// The lowest and the highest price of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extremes {
    /// The lowest, at its latest.
    pub lowest: Origin,
    /// The highest, at its latest.
    pub highest: Origin,
}

/// Known prices of one symbol in the order of their times; those of one time in the order
/// they came.
#[derive(Debug, Clone, Default)]
pub struct History {
    ticks: VecDeque<Origin>,
    /// How many were forgotten at the front: a tick's number never changes.
    forgotten: u64,
}

impl History {
    /// An empty history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a price, in its place by time. The same time and price again changes nothing.
    /// Returns whether it was added, and as the newest.
    pub fn add(&mut self, time: Timestamp, price: Decimal) -> Added {
        let place = self.ticks.partition_point(|tick| tick.time <= time);
        let same_time = self.ticks.range(..place).rev();
        for tick in same_time.take_while(|tick| tick.time == time) {
            if tick.price == price {
                return Added::Known;
            }
        }
        self.ticks.insert(place, Origin { time, price });
        if place + 1 == self.ticks.len() {
            Added::Newest
        } else {
            Added::Late
        }
    }

    /// Forgets what a window of `length` ending at the newest tick cannot reach.
    pub fn keep(&mut self, length: Duration) {
        let Some(newest) = self.ticks.back() else {
            return;
        };
        let base = self.base(newest.time.minus(length));
        self.ticks.drain(..base);
        self.forgotten += base as u64;
    }

    /// How many prices are held.
    pub fn len(&self) -> usize {
        self.ticks.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.ticks.is_empty()
    }

    /// The prices held, in their order.
    pub fn ticks(&self) -> impl Iterator<Item = &Origin> {
        self.ticks.iter()
    }

    /// The newest price.
    pub fn newest(&self) -> Option<&Origin> {
        self.ticks.back()
    }

    /// The number of the tick that held at `after`, or of the first.
    pub(crate) fn base_number(&self, after: Timestamp) -> u64 {
        self.forgotten + self.base(after) as u64
    }

    /// The ticks from a number on, with their numbers.
    pub(crate) fn numbered(&self, from: u64) -> impl Iterator<Item = (u64, &Origin)> {
        let skip = usize::try_from(from.saturating_sub(self.forgotten)).unwrap_or(usize::MAX);
        let first = self.forgotten + skip as u64;
        (first..).zip(self.ticks.iter().skip(skip))
    }

    fn base(&self, after: Timestamp) -> usize {
        self.ticks
            .partition_point(|tick| tick.time <= after)
            .saturating_sub(1)
    }
}

/// What adding a price did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was there already.
    Known,
    /// It is the newest.
    Newest,
    /// It took its place before newer ones.
    Late,
}

impl Window for History {
    fn extremes(&self, after: Timestamp, until: Timestamp) -> Option<Extremes> {
        let end = self.ticks.partition_point(|tick| tick.time <= until);
        let base = self.base(after);
        let mut ticks = self.ticks.range(base.min(end)..end);
        let first = ticks.next()?;
        let (mut lowest, mut highest) = (first, first);
        for tick in ticks {
            if tick.price <= lowest.price {
                lowest = tick;
            }
            if tick.price >= highest.price {
                highest = tick;
            }
        }
        Some(Extremes {
            lowest: lowest.clone(),
            highest: highest.clone(),
        })
    }
}

/// The extremes of one window length at the newest tick, kept up to date at the cost of
/// what enters and leaves (two monotone queues of candidates).
#[derive(Debug, Default)]
pub(crate) struct Sliding {
    lowest: VecDeque<(u64, Origin)>,
    highest: VecDeque<(u64, Origin)>,
    /// Number of the first tick not taken in yet.
    next: u64,
    /// The newest time so far, and what was known before it.
    newest: Option<(Timestamp, Option<Extremes>)>,
}

/// What a tick sees of a window.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Without the ticks of its own time.
    pub(crate) before: Option<Extremes>,
    /// With them.
    pub(crate) now: Extremes,
}

impl Sliding {
    /// Takes in what `history` has newly at its end and drops what the window has left.
    pub(crate) fn advance(&mut self, history: &History, length: Duration) -> Option<Seen> {
        let newest = history.newest()?.time;
        let base = history.base_number(newest.minus(length));
        let mut ticks = history.numbered(self.next.max(base)).peekable();
        while let Some((number, tick)) = ticks.next_if(|(_, tick)| tick.time < newest) {
            self.take_in(number, tick);
        }
        for candidates in [&mut self.lowest, &mut self.highest] {
            while candidates.front().is_some_and(|(number, _)| *number < base) {
                candidates.pop_front();
            }
        }
        // A second tick of the same time has the same before.
        if self.newest.as_ref().is_none_or(|(time, _)| *time != newest) {
            self.newest = Some((newest, self.extremes()));
        }
        for (number, tick) in ticks {
            self.take_in(number, tick);
        }
        Some(Seen {
            before: self.newest.as_ref().and_then(|(_, before)| before.clone()),
            now: self.extremes()?,
        })
    }

    fn take_in(&mut self, number: u64, tick: &Origin) {
        push(&mut self.lowest, number, tick, |new, old| new <= old);
        push(&mut self.highest, number, tick, |new, old| new >= old);
        self.next = number + 1;
    }

    fn extremes(&self) -> Option<Extremes> {
        Some(Extremes {
            lowest: self.lowest.front()?.1.clone(),
            highest: self.highest.front()?.1.clone(),
        })
    }
}

fn push(
    candidates: &mut VecDeque<(u64, Origin)>,
    number: u64,
    tick: &Origin,
    replaces: impl Fn(&Decimal, &Decimal) -> bool,
) {
    while candidates
        .back()
        .is_some_and(|(_, old)| replaces(&tick.price, &old.price))
    {
        candidates.pop_back();
    }
    candidates.push_back((number, tick.clone()));
}
