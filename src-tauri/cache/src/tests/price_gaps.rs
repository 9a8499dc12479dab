//! When nobody listened to the prices, and what was read since.

use tidings_model::Symbol;

use super::*;
use crate::{KeptFrom, PastPrices, PriceGap};

fn second(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn stretch(from: i64, until: i64) -> PriceGap {
    PriceGap {
        from: second(from),
        until: second(until),
    }
}

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).unwrap()
}

fn read(name: &str, whole: PriceGap) -> PastPrices {
    PastPrices {
        symbol: symbol(name),
        prices: vec![(whole.from, "5".parse().unwrap(), None)],
        whole: Some(whole),
    }
}

async fn gaps(cache: &Cache, name: &str) -> Vec<PriceGap> {
    let range = (second(0), second(1000));
    cache
        .price_gaps(symbol(name), range.0, range.1)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_gap_stays_until_it_was_read_of_the_symbol_or_of_all() {
    let desk = Desk::new().await;
    let cache = &desk.cache;
    cache.prices_unheard(stretch(-500, 100)).await.unwrap();
    cache.prices_unheard(stretch(300, 400)).await.unwrap();
    assert_eq!(
        gaps(cache, "BTC").await,
        [stretch(0, 100), stretch(300, 400)]
    );
    cache
        .record_past(read("BTC", stretch(350, 400)))
        .await
        .unwrap();
    cache
        .record_past(read("BTC", stretch(320, 350)))
        .await
        .unwrap();
    assert_eq!(
        gaps(cache, "BTC").await,
        [stretch(0, 100), stretch(300, 320)]
    );
    assert_eq!(
        gaps(cache, "ETH").await,
        [stretch(0, 100), stretch(300, 400)]
    );
    cache.prices_read(stretch(50, 350)).await.unwrap();
    let desk = desk.reopen().await;
    let cache = &desk.cache;
    assert_eq!(gaps(cache, "BTC").await, [stretch(0, 50)]);
    assert_eq!(
        gaps(cache, "ETH").await,
        [stretch(0, 50), stretch(350, 400)]
    );
    assert_eq!(cache.prices_heard_to().await.unwrap(), Some(second(400)));
}

#[tokio::test]
async fn the_newest_part_is_missing_first_and_nothing_from_before_the_table_begins() {
    let desk = Desk::new().await;
    let cache = &desk.cache;
    let missing = async |cache: &Cache| {
        let range = (Timestamp::MIN, second(1000));
        cache
            .missing_prices(symbol("BTC"), range.0, range.1)
            .await
            .unwrap()
    };
    assert_eq!(missing(cache).await, None);
    let ever = PriceGap {
        from: Timestamp::MIN,
        until: second(100),
    };
    cache.prices_unheard(ever).await.unwrap();
    cache.prices_unheard(stretch(300, 400)).await.unwrap();
    assert_eq!(missing(cache).await, Some(stretch(300, 400)));
    cache
        .record_past(read("BTC", stretch(340, 400)))
        .await
        .unwrap();
    assert_eq!(missing(cache).await, Some(stretch(300, 340)));
    cache
        .record_past(read("BTC", stretch(300, 340)))
        .await
        .unwrap();
    assert_eq!(missing(cache).await, Some(ever));
    cache
        .record_past(read("BTC", stretch(60, 100)))
        .await
        .unwrap();
    cache.table_begins(symbol("BTC"), second(60)).await.unwrap();
    assert_eq!(missing(cache).await, None);
    // A later one is asked for all the same.
    cache.prices_unheard(stretch(600, 700)).await.unwrap();
    assert_eq!(missing(cache).await, Some(stretch(600, 700)));
}

#[tokio::test]
async fn a_gap_is_forgotten_when_its_time_is_not_kept_as_closely() {
    const DAY: i64 = 86_400;
    let desk = Desk::new().await;
    let cache = &desk.cache;
    cache.prices_unheard(stretch(100, 130)).await.unwrap();
    cache.prices_unheard(stretch(200, 500)).await.unwrap();
    cache
        .record_past(read("BTC", stretch(100, 120)))
        .await
        .unwrap();
    let now = 3 * DAY;
    while cache.cover_prices(second(now)).await.unwrap() {}
    let mut kept = KeptFrom {
        raw: second(DAY),
        minutes: second(-DAY),
        hours: second(-DAY),
        days: second(-DAY),
    };
    cache.fold_prices(kept).await.unwrap();
    assert_eq!(gaps(cache, "ETH").await, [stretch(200, 500)]);
    kept.minutes = second(DAY);
    cache.fold_prices(kept).await.unwrap();
    assert_eq!(gaps(cache, "ETH").await, []);
}
