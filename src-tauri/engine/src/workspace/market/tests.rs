//! Rows become ticks.
#![allow(clippy::unwrap_used)]
use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn price(amount: &str, row: i64, fallback: i64, inserted: bool) -> Price {
    Price {
        quote: Quote {
            symbol: Symbol::new("BTC").unwrap(),
            price: amount.parse().unwrap(),
            change_24h: None,
            change_percentage_24h: None,
            market_cap: None,
            volume_24h: None,
            time: at(row),
        },
        fallback: at(fallback),
        inserted,
    }
}

/// The latest price and its time, after prices were judged.
async fn latest(prices: impl IntoIterator<Item = Price>) -> (String, Timestamp) {
    let cache = Cache::in_memory().unwrap();
    let mut market = Market::load(&cache, at(0)).await.unwrap();
    for price in prices {
        market.judge(price);
    }
    let quote = market.quotes.values().next().unwrap();
    (quote.price.to_string(), quote.time)
}

#[tokio::test]
async fn a_row_that_comes_late_is_not_the_latest_price() {
    let prices = [price("10", 100, 100, true), price("5", 50, 200, true)];
    assert_eq!(latest(prices).await, ("10".to_owned(), at(100)));
}

#[tokio::test]
async fn a_row_changed_in_place_without_a_new_time_counts_from_its_commit() {
    let prices = [price("10", 100, 100, true), price("11", 100, 200, false)];
    assert_eq!(latest(prices).await, ("11".to_owned(), at(200)));
}

#[tokio::test]
async fn what_could_not_be_kept_waits_for_the_next_time() {
    let cache = Cache::in_memory().unwrap();
    let mut market = Market::load(&cache, at(0)).await.unwrap();
    market.judge(price("10", 100, 100, true));
    assert_eq!(market.evaluation(), market.evaluation());
    assert_eq!(market.evaluation().quotes.len(), 1);
}

#[tokio::test]
async fn a_rule_on_moves_knows_the_price_that_held_before_a_long_gap() {
    let cache = Cache::in_memory().unwrap();
    let now = at(1_000_000);
    let mut first = Market::load(&cache, now).await.unwrap();
    let long_ago = 1_000_000 - 36_000;
    first.judge(price("10", long_ago - 3_000, 0, true));
    first.judge(price("20", long_ago, 0, true));
    cache.commit_evaluation(first.evaluation()).await.unwrap();
    let mut market = Market::load(&cache, now).await.unwrap();
    let rule: Rule = serde_json::from_str(
        r#"{"symbol":"BTC","condition":{"kind":"moves","percent":"1","window_s":60,"direction":"up"}}"#,
    )
    .unwrap();
    market.seed(&cache, &rule, now).await.unwrap();
    let symbol = Symbol::new("BTC").unwrap();
    let known = market.book.history(&symbol).unwrap().ticks().count();
    assert_eq!(known, 2);
}
