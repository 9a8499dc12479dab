//! What rules look back at, out of the cache.

use std::collections::BTreeSet;
use std::time::Duration;

use tidings_alerts::Rule;
use tidings_cache::{Cache, PricePoint};
use tidings_model::{Decimal, Symbol, Timestamp};

use super::Market;
use crate::error::Result;

/// How many points one length of time is known by at most.
const POINTS: usize = 20_000;
const DAY: Duration = Duration::from_hours(24);

impl Market {
    /// Gives the book the prices that rules look back at from the last one known: each length of
    /// time of a symbol once, the short ones in all their detail.
    pub(crate) async fn seed(
        &mut self,
        cache: &Cache,
        rules: impl IntoIterator<Item = &Rule>,
        now: Timestamp,
    ) -> Result<()> {
        let looks = rules.into_iter().filter_map(|rule| {
            let back = rule.condition.looks_back()?;
            Some((rule.symbol.clone(), back))
        });
        let looks: BTreeSet<(Symbol, Duration)> = looks.collect();
        for (symbol, back) in looks {
            self.seed_one(cache, symbol, back, now).await?;
        }
        Ok(())
    }

    async fn seed_one(
        &mut self,
        cache: &Cache,
        symbol: Symbol,
        window: Duration,
        now: Timestamp,
    ) -> Result<()> {
        let last = self.quote(&symbol).map(|quote| quote.time);
        let last = last.map_or(now, |last| last.min(now));
        let mut points = Vec::new();
        // The price that held at the window's far end counts, however old it is.
        for back in [window * 2, DAY, DAY * 30, DAY * 400] {
            let from = last.minus(back.max(window));
            points = cache.history(symbol.clone(), from, now, POINTS).await?;
            let oldest = points.first().map(|point| point.time);
            if oldest.is_some_and(|oldest| oldest <= last.minus(window)) {
                break;
            }
        }
        self.book.seed(&symbol, prices_of(&points));
        Ok(())
    }
}

/// The prices that points stand for. Of several prices that were joined the extremes are known,
/// and not which was first: a rise has its low before its high, as most have. They count from just
/// before the end of their time.
pub(crate) fn prices_of(points: &[PricePoint]) -> Vec<(Timestamp, Decimal)> {
    let mut prices: Vec<(Timestamp, Decimal)> = Vec::with_capacity(points.len());
    for point in points {
        let before = prices.last().map(|(_, price)| price);
        let rises = before.is_none_or(|before| point.price >= *before);
        let (first, second) = if rises {
            (&point.low, &point.high)
        } else {
            (&point.high, &point.low)
        };
        for (extreme, micros) in [(first, 2), (second, 1)] {
            if *extreme != point.price {
                let at = point.time.minus(Duration::from_micros(micros));
                prices.push((at, extreme.clone()));
            }
        }
        prices.push((point.time, point.price.clone()));
    }
    prices
}
