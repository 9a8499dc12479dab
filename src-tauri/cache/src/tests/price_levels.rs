//! Prices in four levels: nothing is lost from one to the next but detail.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use tidings_model::{Decimal, Quote, Symbol};

use super::*;
use crate::{KeptFrom, PastPrices, PricePoint, PriceStorage};

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// A whole day.
const START: i64 = 1_699_920_000;

fn second(second: i64) -> Timestamp {
    Timestamp::from_millis((START + second) * 1000)
}

fn btc() -> Symbol {
    Symbol::new("BTC").unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn quote(at: i64, price: &str, volume: Option<&str>) -> Quote {
    Quote {
        symbol: btc(),
        price: decimal(price),
        change_24h: None,
        change_percentage_24h: None,
        market_cap: None,
        volume_24h: volume.map(decimal),
        time: second(at),
    }
}

fn point(at: i64, price: &str, low: &str, high: &str, volume: Option<&str>) -> PricePoint {
    PricePoint {
        time: second(at),
        price: decimal(price),
        low: decimal(low),
        high: decimal(high),
        volume: volume.map(decimal),
    }
}

/// Keeps nothing older than these seconds in each level.
fn kept(raw: i64, minutes: i64, hours: i64, days: i64) -> KeptFrom {
    KeptFrom {
        raw: second(raw),
        minutes: second(minutes),
        hours: second(hours),
        days: second(days),
    }
}

async fn fold(cache: &Cache, now: i64, kept: KeptFrom) {
    while cache.cover_prices(second(now)).await.unwrap() {}
    while cache.fold_prices(kept).await.unwrap() {}
}

async fn rows(cache: &Cache) -> [i64; 4] {
    cache
        .read(|conn| {
            let count = |table: &str| {
                let sql = format!("SELECT count(*) FROM {table}");
                conn.query_row(&sql, [], |row| row.get::<_, i64>(0))
            };
            Ok([
                count("ticks")?,
                count("minutes")?,
                count("hours")?,
                count("days")?,
            ])
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn what_each_level_takes_is_told_row_by_row_and_in_whole_pages() {
    let desk = Desk::new().await;
    let cache = &desk.cache;
    let sizes = |found: PriceStorage| [found.raw, found.minutes, found.hours, found.days];
    let empty = sizes(cache.price_storage().await.unwrap());
    assert!(empty.iter().all(|level| level.rows == 0), "{empty:?}");
    // Enough for a tree of several levels.
    let quotes: Vec<_> = (0..20_000)
        .map(|n| quote(n * 7, &format!("{n}.25"), Some("28600000000")))
        .collect();
    cache.record_quotes(quotes).await.unwrap();
    fold(cache, 3 * DAY, kept(HOUR, -DAY, -DAY, -DAY)).await;
    let counted = rows(cache).await;
    let found = sizes(cache.price_storage().await.unwrap());
    assert_eq!(found.map(|level| level.rows.cast_signed()), counted);
    assert!(counted[0] > 10_000 && counted[3] > 0, "{counted:?}");
    // A price with its time and volume takes some twenty to eighty bytes.
    let each = found[0].bytes / found[0].rows;
    assert!((20..80).contains(&each), "{found:?}");
    assert!(found[1].bytes > found[2].bytes && found[2].bytes >= found[3].bytes);
}

async fn all(cache: &Cache, points: usize) -> Vec<PricePoint> {
    let (from, to) = (second(-DAY), second(90 * DAY));
    cache.history(btc(), from, to, points).await.unwrap()
}

#[tokio::test]
async fn prices_apart_show_every_silence_and_no_other_as_far_as_they_are_kept_as_they_came() {
    let desk = Desk::new().await;
    let cache = &desk.cache;
    let came = [0, 10, 40, 69, 70, 100, 129, 189, 190, 400];
    let quotes = came.map(|at| quote(at, "5", None));
    cache.record_quotes(quotes.to_vec()).await.unwrap();
    let apart = async |from: i64, seconds: u64| {
        let apart = Duration::from_secs(seconds);
        let read = cache
            .prices_apart(btc(), second(from), second(500), apart)
            .await;
        let (from, prices) = read.unwrap();
        let times = prices
            .iter()
            .map(|point| point.time.as_millis() / 1000 - START);
        (from, times.collect::<Vec<_>>())
    };
    let whole = apart(-5, 60).await;
    assert_eq!(whole, (second(-5), vec![0, 40, 70, 129, 189, 190, 400]));
    assert_eq!(apart(-5, 1).await.1, came);
    assert_eq!(apart(-5, 1000).await.1, [0, 400]);
    assert_eq!(
        apart(30, 60).await,
        (second(30), vec![40, 70, 129, 189, 190, 400])
    );
    // Of the first minutes there are bars alone.
    fold(cache, DAY, kept(120, -DAY, -DAY, -DAY)).await;
    assert_eq!(apart(-5, 60).await, (second(120), vec![129, 189, 190, 400]));
}

#[tokio::test]
async fn prices_pass_through_every_level_with_their_extremes_and_volume() {
    let desk = Desk::new().await;
    let cache = &desk.cache;
    let quotes = [
        quote(0, "10", None),
        quote(20, "30", Some("700")),
        quote(40, "5", Some("800")),
        quote(59, "12", None),
        quote(130, "7", None),
        quote(HOUR + 1, "40", Some("900")),
        quote(DAY + 5, "6", None),
    ];
    cache.record_quotes(quotes.to_vec()).await.unwrap();
    let now = 3 * DAY;
    // Everything in all its detail, though the bars are made.
    fold(cache, now, kept(-DAY, -DAY, -DAY, -DAY)).await;
    assert_eq!(rows(cache).await, [7, 4, 3, 2]);
    assert_eq!(all(cache, 10_000_000).await.len(), 7);
    // Minutes only.
    fold(cache, now, kept(2 * DAY, -DAY, -DAY, -DAY)).await;
    assert_eq!(rows(cache).await, [0, 4, 3, 2]);
    let minutes = [
        point(59, "12", "5", "30", Some("800")),
        point(130, "7", "7", "7", None),
        point(HOUR + 1, "40", "40", "40", Some("900")),
        point(DAY + 5, "6", "6", "6", None),
    ];
    assert_eq!(all(cache, 10_000_000).await, minutes);
    // Hours for the first day, minutes for the second.
    fold(cache, now, kept(2 * DAY, DAY, -DAY, -DAY)).await;
    assert_eq!(rows(cache).await, [0, 1, 3, 2]);
    let hours = [
        point(130, "7", "5", "30", Some("800")),
        point(HOUR + 1, "40", "40", "40", Some("900")),
        point(DAY + 5, "6", "6", "6", None),
    ];
    assert_eq!(all(cache, 10_000_000).await, hours);
    // Days.
    fold(cache, now, kept(2 * DAY, 2 * DAY, 2 * DAY, -DAY)).await;
    assert_eq!(rows(cache).await, [0, 0, 0, 2]);
    let days = [
        point(HOUR + 1, "40", "5", "40", Some("900")),
        point(DAY + 5, "6", "6", "6", None),
    ];
    assert_eq!(all(cache, 10_000_000).await, days);
    assert_eq!(
        cache.prices_from(btc()).await.unwrap(),
        Some(second(HOUR + 1))
    );
    // And only so many of them.
    fold(cache, now, kept(2 * DAY, 2 * DAY, 2 * DAY, DAY)).await;
    assert_eq!(all(cache, 10_000_000).await, days[1..]);
    // The latest stays whatever is let go.
    assert_eq!(cache.quotes().await.unwrap()[0].price, decimal("6"));
}

#[tokio::test]
async fn a_price_that_comes_late_takes_its_place_in_what_was_folded() {
    let desk = Desk::new().await;
    let cache = &desk.cache;
    cache
        .record_quotes(vec![quote(10, "10", None), quote(2 * DAY, "11", None)])
        .await
        .unwrap();
    fold(cache, 3 * DAY, kept(DAY, DAY, -DAY, -DAY)).await;
    let late = PastPrices {
        symbol: btc(),
        prices: vec![
            (second(5), decimal("99"), Some(decimal("3"))),
            (second(20), decimal("2"), None),
            (second(HOUR + 7), decimal("4"), None),
        ],
        whole: None,
    };
    for _ in 0..2 {
        cache.record_past(late.clone()).await.unwrap();
        fold(cache, 3 * DAY, kept(DAY, DAY, -DAY, -DAY)).await;
        assert_eq!(
            all(cache, 10_000_000).await,
            [
                point(20, "2", "2", "99", Some("3")),
                point(HOUR + 7, "4", "4", "4", None),
                point(2 * DAY, "11", "11", "11", None),
            ]
        );
    }
    // The day has them too.
    fold(cache, 3 * DAY, kept(DAY, DAY, DAY, -DAY)).await;
    assert_eq!(all(cache, 10_000_000).await[0].high, decimal("99"));
    assert_eq!(cache.quotes().await.unwrap()[0].price, decimal("11"));
}

#[tokio::test]
async fn a_year_is_folded_in_steps_and_read_without_its_detail() {
    const EVERY: i64 = HOUR;
    let desk = Desk::new().await;
    let cache = &desk.cache;
    let count = 365 * DAY / EVERY;
    let quotes: Vec<Quote> = (0..count)
        .map(|n| quote(n * EVERY, &(1000 + n % 977).to_string(), None))
        .collect();
    for part in quotes.chunks(5_000) {
        cache.record_quotes(part.to_vec()).await.unwrap();
    }
    let now = second(365 * DAY);
    let mut steps = 0;
    while cache.cover_prices(now).await.unwrap() {
        steps += 1;
    }
    let before = KeptFrom {
        raw: now.minus(Duration::from_hours(48)),
        ..kept(0, 0, 0, 0)
    };
    while cache.fold_prices(before).await.unwrap() {
        steps += 1;
    }
    // 8,760 prices in batches of 5,000, up and away.
    assert!(steps >= 4, "{steps}");
    assert_eq!(rows(cache).await, [48, count, 8760, 365]);
    for (back, most) in [(DAY, 25), (7 * DAY, 169), (30 * DAY, 400), (365 * DAY, 400)] {
        let from = second(365 * DAY - back);
        let points = cache.history(btc(), from, now, 400).await.unwrap();
        assert!(
            points.len() <= most && points.len() > most / 3,
            "{}",
            points.len()
        );
        let low = points.iter().map(|point| &point.low).min().unwrap();
        let high = points.iter().map(|point| &point.high).max().unwrap();
        let first = count - back / EVERY;
        let prices = (first..count).map(|n| 1000 + n % 977);
        assert_eq!(*low, decimal(&prices.clone().min().unwrap().to_string()));
        assert_eq!(*high, decimal(&prices.max().unwrap().to_string()));
    }
}

/// Low, high and last of prices in a range.
fn told(ticks: &BTreeMap<i64, i64>, from: i64, to: i64) -> Option<(i64, i64, i64)> {
    let within: Vec<i64> = ticks.range(from..to).map(|(_, price)| *price).collect();
    let (low, high) = (within.iter().min()?, within.iter().max()?);
    Some((*low, *high, *within.last()?))
}

/// How an example goes on.
#[derive(Debug, Clone)]
enum Step {
    /// Prices, in any order: seconds and amounts.
    Prices(Vec<(i64, i64)>),
    /// Bars are made up to this hour, and each level is kept from these hours on.
    Fold(i64, [i64; 3]),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let span = 5 * DAY;
    let prices = prop::collection::vec((0..span, 1..1000_i64), 1..40);
    let fold = (0..130_i64, [0..130_i64, 0..130_i64, 0..130_i64]);
    prop::collection::vec(
        prop_oneof![
            prices.prop_map(Step::Prices),
            fold.prop_map(|(now, mut kept)| {
                kept.sort_unstable();
                // The finest is let go first.
                kept.reverse();
                Step::Fold(now, kept)
            }),
        ],
        1..8,
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn lows_highs_and_last_prices_are_those_of_all_ticks_whatever_was_folded(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let cache = Cache::in_memory().unwrap();
            let mut ticks: BTreeMap<i64, i64> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Prices(prices) => {
                        // A second has one price: a second one would be a correction.
                        let new: BTreeMap<i64, i64> = prices
                            .into_iter()
                            .filter(|(at, _)| !ticks.contains_key(at))
                            .collect();
                        let quotes = new.iter().map(|(at, amount)| quote(*at, &amount.to_string(), None));
                        cache.record_quotes(quotes.collect()).await.unwrap();
                        ticks.extend(new);
                    }
                    Step::Fold(now, [raw, minutes, hours]) => {
                        let kept = kept(raw * HOUR, minutes * HOUR, hours * HOUR, -DAY);
                        fold(&cache, now * HOUR, kept).await;
                    }
                }
                for day in 0..6 {
                    for (from, to) in [(0, day * DAY), (day * DAY, (day + 1) * DAY)] {
                        for most in [1, 7, 1_000_000] {
                            let end = second(to).minus(Duration::from_micros(1));
                            let points = cache.history(btc(), second(from), end, most).await.unwrap();
                            assert!(points.len() <= most);
                            let read = points.last().map(|last| {
                                let low = points.iter().map(|point| &point.low).min().unwrap();
                                let high = points.iter().map(|point| &point.high).max().unwrap();
                                (low.to_string(), high.to_string(), last.price.to_string())
                            });
                            let expected = told(&ticks, from, to).map(|(low, high, last)| {
                                (low.to_string(), high.to_string(), last.to_string())
                            });
                            assert_eq!(read, expected, "{from}..{to} in {most}");
                        }
                    }
                }
            }
        });
    }
}
