//! Silences, over prices as they came and the stretches in which nobody listened.

use std::time::Duration;

use tidings_alerts::Rule;
use tidings_cache::{PriceGap, PricePoint};
use tidings_contract as api;
use tidings_model::{Tick, Timestamp};

use super::{BEFORE, POINTS, Replay, SPAN, Unknown, told, unread};
use crate::workspace::{Core, listening};

/// Only prices as they came show a silence: bars have one price for all of their time.
pub(super) async fn work_out(
    core: &Core,
    rule: Rule,
    after_s: u32,
    now: Timestamp,
) -> Result<api::RulePast, Unknown> {
    let wanted = now.minus(SPAN);
    let apart = Duration::from_secs(u64::from(after_s));
    let symbol = || rule.symbol.clone();
    let cache = &core.cache;
    let read = cache.prices_apart(symbol(), wanted, now, apart).await;
    let (kept, prices) = read.map_err(|error| unread(&error))?;
    let before = cache
        .history(symbol(), kept.minus(BEFORE.max(apart)), kept, POINTS)
        .await;
    let before = before.map_err(|error| unread(&error))?.pop();
    let gaps = cache.price_gaps(symbol(), kept, now).await;
    let mut gaps = gaps.map_err(|error| unread(&error))?;
    // The one that goes on is not written down yet.
    gaps.extend(listening::gap_until(core, now).await);
    let oldest = before.as_ref().or(prices.first());
    let from = oldest.ok_or(Unknown::Prices)?.time.max(kept);
    let heard = Heard {
        before,
        prices,
        gaps,
        until: now,
    };
    let fired = tokio::task::spawn_blocking(move || replay(rule, &heard, kept)).await;
    Ok(told(&fired.map_err(|_| Unknown::Unread)?, from, wanted))
}

/// What is known of a feed up to a time.
struct Heard {
    /// The last price before.
    before: Option<PricePoint>,
    prices: Vec<PricePoint>,
    gaps: Vec<PriceGap>,
    until: Timestamp,
}

/// The times at which a rule made at `from` would have told.
fn replay(rule: Rule, heard: &Heard, from: Timestamp) -> Vec<Timestamp> {
    let before = heard.before.as_ref().map(tick_of);
    let known = before.iter().map(|tick| (tick.time, tick.price.clone()));
    let mut replay = Replay::new(rule, from, known, before.as_ref());
    let mut gaps = heard.gaps.as_slice();
    for price in &heard.prices {
        pass(&mut replay, &mut gaps, price.time);
        replay.tick(&tick_of(price));
    }
    pass(&mut replay, &mut gaps, heard.until);
    let outcome = replay.book.at(heard.until);
    replay.note(outcome);
    replay.fired
}

/// Goes over what is not known from before `to`; up to its beginning silences were heard.
fn pass(replay: &mut Replay, gaps: &mut &[PriceGap], to: Timestamp) {
    while let Some((gap, later)) = gaps.split_first() {
        if gap.from >= to {
            return;
        }
        let outcome = replay.book.at(gap.from);
        replay.note(outcome);
        replay.book.gap(&replay.symbol.clone(), gap.until.min(to));
        if gap.until > to {
            return;
        }
        *gaps = later;
    }
}

fn tick_of(point: &PricePoint) -> Tick {
    Tick::new(point.time, point.price.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tidings_model::Decimal;

    const NONE: [i64; 0] = [];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn price(second: i64) -> PricePoint {
        PricePoint {
            time: at(second),
            price: Decimal::from(1),
            low: Decimal::from(1),
            high: Decimal::from(1),
            volume: None,
        }
    }

    /// The seconds at which a rule on a minute of silence would have told.
    fn fired(before: Option<i64>, prices: &[i64], gaps: &[(i64, i64)], until: i64) -> Vec<i64> {
        let json = r#"{"symbol":"BTC","condition":{"kind":"stale","after_s":60},
            "repeat":"every","cooldown_s":0}"#;
        let gaps = gaps.iter().map(|(from, until)| PriceGap {
            from: at(*from),
            until: at(*until),
        });
        let heard = Heard {
            before: before.map(price),
            prices: prices.iter().copied().map(price).collect(),
            gaps: gaps.collect(),
            until: at(until),
        };
        let fired = replay(serde_json::from_str(json).unwrap(), &heard, at(0));
        fired.iter().map(|at| at.as_millis() / 1000).collect()
    }

    #[test]
    fn a_silence_fires_when_it_is_long_enough_also_the_one_that_goes_on() {
        assert_eq!(fired(Some(-5), &[10, 60, 200, 230], &[], 300), [120, 290]);
        assert_eq!(fired(None, &[10, 60], &[], 119), NONE);
    }

    #[test]
    fn a_silence_that_was_there_at_the_start_fires_nothing() {
        assert_eq!(fired(Some(-90), &[50, 200], &[], 201), [110]);
    }

    #[test]
    fn what_nobody_heard_is_no_silence_and_what_was_heard_before_it_is() {
        assert_eq!(fired(None, &[0, 500], &[(30, 490)], 501), NONE);
        assert_eq!(fired(None, &[0, 500], &[(100, 490)], 501), [60]);
        assert_eq!(fired(None, &[0, 500], &[(30, 400)], 501), [460]);
        // A row that was found later, with a time at which nobody listened.
        assert_eq!(fired(None, &[0, 300], &[(30, 400)], 455), NONE);
        assert_eq!(fired(None, &[0, 300], &[(30, 400)], 460), [460]);
        assert_eq!(fired(None, &[0], &[(30, 500)], 500), NONE);
    }
}
