//! Prices are judged, and what comes of it is kept before it is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tidings_alerts::{Effect, Firing, Outcome, Rule, describe};
use tidings_cache::{FiringMark, NewFiring, PriceGap};
use tidings_model::{Quote, RuleId, Symbol, Timestamp};
use tokio::time::Instant;

use super::keeping::{Fired, keep};
use super::{Market, Price, RowKind, json};
use crate::workspace::catch_up::server_now;
use crate::workspace::{Core, notices, prices, rules};

/// Live ticks held while the prices are being read. Beyond it the oldest go: a table updated
/// in place tells their symbol again, and one that keeps its rows is read again.
const HELD: usize = 10_000;

/// Whether there were more live ticks than are held while the prices are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    Nothing,
    Some,
}

/// Whether somebody was listening when it happened.
#[derive(Clone, Copy)]
pub(super) enum When {
    Now,
    Missed,
    /// From then on somebody was.
    ListeningSince(Option<Timestamp>),
}

impl When {
    /// Whether nobody was listening at that time.
    fn missed(self, at: Timestamp) -> bool {
        match self {
            Self::Now => false,
            Self::Missed => true,
            Self::ListeningSince(since) => since.is_some_and(|since| at < since),
        }
    }
}

impl Market {
    /// When a row's price held.
    fn tick_time(&mut self, row: &Price) -> Option<Timestamp> {
        let (quote, known) = (&row.quote, self.row_times.get(&row.quote.symbol).copied());
        match row.kind {
            // It belongs to the history.
            RowKind::New if known.is_some_and(|known| quote.time < known) => {
                return Some(quote.time);
            }
            // It was judged, or another one of the same time was.
            RowKind::Kept if known.is_some_and(|known| quote.time <= known) => return None,
            _ => {}
        }
        self.row_times.insert(quote.symbol.clone(), quote.time);
        if known.is_none_or(|known| quote.time > known) && quote.time > Timestamp::MIN {
            return Some(quote.time);
        }
        // The row as it was read before: nothing has been said since. One that was written anew,
        // at the same price, was said again.
        let told = self.quote(&quote.symbol);
        if row.kind != RowKind::Changed && told.is_some_and(|told| told.price == quote.price) {
            return None;
        }
        Some(row.fallback)
    }

    /// Judges a price, if it is a tick.
    pub(super) fn judge(&mut self, row: Price) -> Option<(Timestamp, Outcome)> {
        let time = self.tick_time(&row)?;
        let mut quote = row.quote;
        quote.time = time;
        let outcome = self.book.tick(&quote.symbol, &quote.tick());
        let quote = Arc::new(quote);
        let newer = self
            .quote(&quote.symbol)
            .is_none_or(|known| quote.time >= known.time);
        if newer {
            self.quotes.insert(quote.symbol.clone(), quote.clone());
        }
        self.waiting.push(quote);
        Some((time, outcome))
    }

    /// Where rows were missed, a silence cannot be told from them: up to the oldest row found,
    /// unless the last price known is still among the rows.
    pub(super) fn note_gaps<'a>(&mut self, rows: impl IntoIterator<Item = &'a Price>) {
        let mut found: HashMap<&Symbol, (&Price, &Price)> = HashMap::new();
        for row in rows {
            let range = found.entry(&row.quote.symbol).or_insert((row, row));
            range.1 = row;
        }
        for (symbol, (oldest, newest)) in found {
            let Some(known) = self.row_times.get(symbol) else {
                continue;
            };
            let told = self.quote(symbol).map(|quote| &quote.price);
            let until = if oldest.quote.time > *known {
                oldest.quote.time
            } else if newest.kind != RowKind::Kept
                && newest.quote.time <= *known
                && (newest.kind == RowKind::Changed || told != Some(&newest.quote.price))
            {
                // Changed in place without a new time.
                newest.fallback
            } else {
                continue;
            };
            let from = self.quote(symbol).map_or(*known, |quote| quote.time);
            if from < until {
                self.gaps.insert(symbol.clone(), PriceGap { from, until });
            }
            let mut gap = self.book.gap(symbol, until);
            self.unkept.take_states(&mut gap);
        }
    }
}

/// A live change of a price row.
pub(crate) async fn live(core: &Core, price: Price) {
    let mut market = core.market.lock().await;
    market.heard = Instant::now();
    if let Some(held) = &mut market.held {
        let full = held.len() == HELD;
        if full {
            held.pop_front();
        }
        held.push_back(price);
        if full {
            market.lost = Lost::Some;
        }
        return;
    }
    judge_all(core, &mut market, [price], When::Now);
    let due = &core.market_due;
    if market.unkept.presses() {
        due.pressing.notify_one();
    } else if !market.waiting.is_empty() {
        due.to_keep.notify_one();
    }
}

/// Judges rows that were missed, oldest first, and keeps how far that came; more is to come. `begun`
/// are the symbols that had rows in this reading before, and the time of their first. Returns the
/// times of the ticks; none when another reading has begun.
pub(crate) async fn judge_missed(
    core: &Core,
    reading: u64,
    rows: Vec<Price>,
    begun: &mut BTreeMap<Symbol, Timestamp>,
    away: bool,
) -> Option<Vec<Timestamp>> {
    let mut market = core.market.lock().await;
    if !market.is_newest(reading) {
        return None;
    }
    let first = rows
        .iter()
        .filter(|row| !begun.contains_key(&row.quote.symbol));
    market.note_gaps(first);
    for row in &rows {
        begun
            .entry(row.quote.symbol.clone())
            .or_insert(row.quote.time);
    }
    let when = if away { When::Missed } else { When::Now };
    let ticks = judge(core, &mut market, rows, when).await;
    if !market.waiting.is_empty() {
        keep(core, &mut market).await;
    }
    Some(ticks)
}

/// The prices were read: judges what was missed, then what was held meanwhile. `away`: it was
/// missed while nobody was listening. `whole`: the symbols of which nothing is missing before
/// these rows. Returns the times of the ticks that were missed; none when another reading has
/// begun, and nothing is let go of.
pub(crate) async fn release(
    core: &Core,
    reading: u64,
    missed: Vec<Price>,
    whole: &BTreeSet<Symbol>,
    away: bool,
) -> Option<Vec<Timestamp>> {
    let mut market = core.market.lock().await;
    if !market.is_newest(reading) {
        return None;
    }
    let apart = missed
        .iter()
        .filter(|row| !whole.contains(&row.quote.symbol));
    market.note_gaps(apart);
    let missed = prices::news(missed, &market.row_times);
    let when = if away { When::Missed } else { When::Now };
    if away {
        market.listening_since = Some(server_now(core));
    }
    let ticks = judge(core, &mut market, missed, when).await;
    let held = market.held.take().unwrap_or_default();
    tell(core, &mut market);
    judge(core, &mut market, held, When::Now).await;
    Some(ticks)
}

/// Has told what fired, in the order of its time.
fn tell(core: &Core, market: &mut Market) {
    let mut fired = std::mem::take(&mut market.untold);
    if !fired.is_empty() {
        fired.sort_by_key(|(_, fired)| fired.firing.time);
        notices::fired(core, fired);
    }
}

/// Judges prices in order, and keeps at once what came of them. Returns the times of those that
/// were ticks.
async fn judge(
    core: &Core,
    market: &mut Market,
    prices: impl IntoIterator<Item = Price>,
    when: When,
) -> Vec<Timestamp> {
    let ticks = judge_all(core, market, prices, when);
    if market.unkept.presses() {
        keep(core, market).await;
    } else if !market.waiting.is_empty() {
        core.market_due.to_keep.notify_one();
    }
    ticks
}

/// Judges prices in order; what came of them is to be kept. Returns the times of those that were
/// ticks.
fn judge_all(
    core: &Core,
    market: &mut Market,
    prices: impl IntoIterator<Item = Price>,
    when: When,
) -> Vec<Timestamp> {
    let mut ticks = Vec::new();
    for price in prices {
        if let Some((time, outcome)) = market.judge(price) {
            ticks.push(time);
            note(core, market, outcome, when);
        }
    }
    ticks
}

/// Takes down what came of a tick, or of the passing of time, to be kept.
pub(super) fn note(core: &Core, market: &mut Market, mut outcome: Outcome, when: When) {
    market.unkept.take_states(&mut outcome);
    if outcome.effects.is_empty() {
        return;
    }
    let gate = notices::Gate::now(core);
    for (id, effect) in outcome.effects {
        let Some(kept) = market.rules.get(&id) else {
            continue;
        };
        let untold = kept.muted || gate == notices::Gate::Shut;
        let (firing, mark) = match effect {
            Effect::Fired(firing) | Effect::Snoozed(firing) if untold => {
                (firing, FiringMark::Muted)
            }
            Effect::Fired(firing) if gate == notices::Gate::Quiet => (firing, FiringMark::Quiet),
            Effect::Fired(firing) if when.missed(firing.time) => (firing, FiringMark::Away),
            Effect::Fired(firing) => (firing, FiringMark::Notified),
            Effect::Snoozed(firing) => (firing, FiringMark::Snoozed),
            Effect::Suppressed(firing) => (firing, FiringMark::Suppressed),
            Effect::Paused(pause) => {
                // It follows the firing that was one too many.
                let mut firings = market.unkept.firings.iter_mut().rev();
                if let Some(last) = firings.find(|fired| fired.new.rule == id) {
                    last.pause = Some(pause);
                    if matches!(last.new.mark, FiringMark::Notified | FiringMark::Away) {
                        last.new.mark = FiringMark::Paused;
                    }
                }
                continue;
            }
            Effect::Done | Effect::Expired => continue,
        };
        // Of a tick that fired it is the quote: a late one fires nothing.
        let quote = market.quote(&kept.rule.symbol);
        let gap = market.gaps.get(&kept.rule.symbol);
        let unknown = gap.filter(|gap| gap.until == firing.time).copied();
        market.unkept.firings.push(Fired {
            new: NewFiring {
                unknown,
                away: when.missed(firing.time),
                ..new_firing(core, &kept.rule, id, &firing, quote, mark)
            },
            firing,
            pause: None,
        });
    }
}

fn new_firing(
    core: &Core,
    rule: &Rule,
    id: RuleId,
    firing: &Firing,
    quote: Option<&Quote>,
    mark: FiringMark,
) -> NewFiring {
    NewFiring {
        rule: id,
        symbol: rule.symbol.clone(),
        sentence: describe::title(rule, firing, &core.locale()),
        condition: Some(json(&rule.condition)),
        unknown: None,
        away: false,
        message: rules::told(core, rule, firing, quote),
        price: firing.price.clone(),
        source_time: firing.time,
        fired_at: core.now(),
        mark,
        pending: match mark {
            FiringMark::Notified | FiringMark::Away | FiringMark::Snoozed | FiringMark::Quiet => {
                true
            }
            FiringMark::Suppressed
            | FiringMark::Muted
            | FiringMark::Unshown
            | FiringMark::Paused => false,
        },
    }
}
