//! What the page is told. While the window is hidden nobody sees a price: what flows many times a
//! second waits, and only the newest of it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidings_contract::{Event, Numbered, QuoteRow, RuleWaits};
use tidings_engine::Subscription;
use tokio::sync::watch;

/// Tells every event until the engine ends, or `tell` is refused.
pub async fn follow(
    mut events: Subscription,
    mut shown: watch::Receiver<bool>,
    tell: impl Fn(Arc<Numbered>) -> bool,
) {
    let mut waiting = Waiting::default();
    loop {
        let told = tokio::select! {
            event = events.next() => {
                let Some(event) = event else { return };
                if !*shown.borrow() && waiting.takes(&event) {
                    continue;
                }
                waiting.tell(&events, &tell) && tell(event)
            }
            changed = shown.changed() => {
                if changed.is_err() {
                    return;
                }
                !*shown.borrow_and_update() || waiting.tell(&events, &tell)
            }
        };
        if !told {
            return;
        }
    }
}

/// Events in a row, of each thing the newest.
#[derive(Debug, Default)]
struct Waiting {
    /// Numbers of the first and the last.
    range: Option<(u64, u64)>,
    quotes: BTreeMap<String, QuoteRow>,
    waits: BTreeMap<String, RuleWaits>,
    past: BTreeSet<String>,
}

impl Waiting {
    /// Takes an event that can wait; others are to be told after those that do.
    fn takes(&mut self, told: &Numbered) -> bool {
        match &told.event {
            Event::Prices { quotes } => {
                for quote in quotes {
                    let before = self.quotes.insert(quote.symbol.clone(), quote.clone());
                    // The page does not see that one: to its charts it is the past.
                    self.past.extend(before.map(|before| before.symbol));
                }
            }
            Event::RuleWaits { rules } => {
                let rules = rules.iter().cloned();
                self.waits.extend(rules.map(|rule| (rule.id.clone(), rule)));
            }
            Event::PriceHistory { symbols } => self.past.extend(symbols.iter().cloned()),
            _ => return false,
        }
        let first = self.range.map_or(told.seq, |(first, _)| first);
        self.range = Some((first, told.seq));
        true
    }

    /// Tells what waited. Behind the lock a page is told nothing; once it is open it reads anew.
    fn tell(&mut self, events: &Subscription, tell: impl Fn(Arc<Numbered>) -> bool) -> bool {
        let released = self.release();
        !events.may_tell() || released.into_iter().map(Arc::new).all(tell)
    }

    /// What waited, as few events that stand for all of it.
    fn release(&mut self) -> Vec<Numbered> {
        let Self {
            range,
            quotes,
            waits,
            past,
        } = std::mem::take(self);
        let Some((first, last)) = range else {
            return Vec::new();
        };
        let mut events = Vec::new();
        if !quotes.is_empty() {
            let quotes = quotes.into_values().collect();
            events.push(Event::Prices { quotes });
        }
        if !waits.is_empty() {
            let rules = waits.into_values().collect();
            events.push(Event::RuleWaits { rules });
        }
        if !past.is_empty() {
            let symbols = past.into_iter().collect();
            events.push(Event::PriceHistory { symbols });
        }
        // There was one of each kind at least: the numbers suffice, and the last event has the rest.
        let count = events.len();
        let numbered = (first..).zip(events).enumerate();
        numbered
            .map(|(place, (first, event))| {
                let seq = if place + 1 == count { last } else { first };
                let first = (first < seq).then_some(first);
                Numbered { seq, first, event }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Mutex;

    use tidings_engine::{Bus, Locked};

    use super::*;

    fn quote(symbol: &str, price: &str) -> QuoteRow {
        QuoteRow {
            symbol: symbol.to_owned(),
            name: None,
            price: Some(price.to_owned()),
            change_24h: None,
            change_percentage_24h: None,
            market_cap: None,
            volume_24h: None,
            time: Some(0),
            stale: false,
            watched: true,
            spark: Vec::new(),
        }
    }

    fn prices(symbol: &str, price: &str) -> Event {
        let quotes = vec![quote(symbol, price)];
        Event::Prices { quotes }
    }

    fn past(symbol: &str) -> Event {
        let symbols = vec![symbol.to_owned()];
        Event::PriceHistory { symbols }
    }

    /// Numbers, from the first that an event stands for to its own, and what it says.
    fn said(told: &Numbered) -> (u64, u64, String) {
        let words = match &told.event {
            Event::Prices { quotes } => quotes
                .iter()
                .map(|quote| format!("{} {}", quote.symbol, quote.price.as_deref().unwrap()))
                .collect::<Vec<_>>()
                .join(", "),
            Event::PriceHistory { symbols } => format!("past of {}", symbols.join(", ")),
            other => format!("{other:?}"),
        };
        (told.first.unwrap_or(told.seq), told.seq, words)
    }

    /// What a page is told of these events while its window is hidden, and when it is shown.
    async fn told(hidden: Vec<Event>) -> Vec<(u64, u64, String)> {
        let (bus, heard) = (Bus::new(Locked::default()), Mutex::new(Vec::new()));
        let shown = watch::Sender::new(false);
        let events = bus.subscribe();
        for event in hidden {
            bus.emit(event);
        }
        bus.emit(Event::WatchList);
        let (last, receiver) = (bus.last(), shown.subscribe());
        let done = |told: &Numbered| told.seq == last + 1;
        follow(events, receiver, |told| {
            heard.lock().unwrap().push(said(&told));
            if told.seq == last {
                bus.emit(prices("LAST", "1"));
                shown.send_replace(true);
            }
            !done(&told)
        })
        .await;
        heard.into_inner().unwrap()
    }

    #[tokio::test]
    async fn of_prices_nobody_sees_the_newest_is_told_and_the_others_are_the_past() {
        let told = told(vec![
            prices("BTC", "1"),
            prices("ETH", "5"),
            prices("BTC", "2"),
        ]);
        let expected = [
            (1, 1, "BTC 2, ETH 5".to_owned()),
            (2, 3, "past of BTC".to_owned()),
            (4, 4, "WatchList".to_owned()),
            (5, 5, "LAST 1".to_owned()),
        ];
        assert_eq!(told.await, expected);
    }

    #[tokio::test]
    async fn the_numbers_have_no_hole_whatever_waited() {
        let told = told(vec![
            prices("BTC", "1"),
            past("BTC"),
            Event::Resync,
            past("ETH"),
            past("BTC"),
            prices("BTC", "2"),
        ]);
        let expected = [
            (1, 1, "BTC 1".to_owned()),
            (2, 2, "past of BTC".to_owned()),
            (3, 3, "Resync".to_owned()),
            (4, 4, "BTC 2".to_owned()),
            (5, 6, "past of BTC, ETH".to_owned()),
            (7, 7, "WatchList".to_owned()),
            (8, 8, "LAST 1".to_owned()),
        ];
        assert_eq!(told.await, expected);
    }
}
