//! Rows become ticks.
#![allow(clippy::unwrap_used)]
use super::*;
use tidings_alerts::Effect;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn price(amount: &str, row: i64, fallback: i64, inserted: bool) -> Price {
    let kind = if inserted {
        RowKind::New
    } else {
        RowKind::Latest
    };
    of_kind(kind, amount, row, fallback)
}

fn of_kind(kind: RowKind, amount: &str, row: i64, fallback: i64) -> Price {
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
        kind,
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
async fn a_row_written_anew_at_its_price_is_a_tick_and_one_that_is_read_again_is_none() {
    let first = || price("10", 100, 100, true);
    let again = |kind| of_kind(kind, "10", 100, 200);
    let written = latest([first(), again(RowKind::Changed)]).await;
    assert_eq!(written.1, at(200));
    let read = latest([first(), again(RowKind::Latest)]).await;
    assert_eq!(read.1, at(100));
}

#[tokio::test]
async fn rows_that_were_kept_count_from_their_own_times() {
    let kept = |amount, row| of_kind(RowKind::Kept, amount, row, 900);
    // Two of one time say nothing of now.
    let rows = [kept("10", 100), kept("11", 100), kept("12", 101)];
    assert_eq!(latest(rows).await, ("12".to_owned(), at(101)));
    let rows = [kept("12", 101), kept("11", 100)];
    assert_eq!(latest(rows).await, ("12".to_owned(), at(101)));
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
    market.seed(&cache, [&rule], now).await.unwrap();
    let symbol = Symbol::new("BTC").unwrap();
    let known = market.book.history(&symbol).unwrap().ticks().count();
    assert_eq!(known, 2);
}

/// Judges prices; the firings in their order, with the time of each. What came of it waits to be
/// kept.
fn fired(market: &mut Market, prices: impl IntoIterator<Item = Price>) -> Vec<Timestamp> {
    let mut fired = Vec::new();
    for price in prices {
        let Some((_, mut outcome)) = market.judge(price) else {
            continue;
        };
        market.unkept.take_states(&mut outcome);
        for (rule, effect) in outcome.effects {
            if let Effect::Fired(firing) = effect {
                fired.push(firing.time);
                market.unkept.firings.push(taken_down(rule, firing));
            }
        }
    }
    fired
}

fn taken_down(rule: RuleId, firing: tidings_alerts::Firing) -> Fired {
    Fired {
        new: NewFiring {
            rule,
            symbol: Symbol::new("BTC").unwrap(),
            sentence: "It fired".to_owned(),
            condition: None,
            unknown: None,
            message: None,
            price: firing.price.clone(),
            source_time: firing.time,
            fired_at: firing.time,
            away: false,
            mark: tidings_cache::FiringMark::Notified,
            pending: true,
        },
        firing,
        pause: None,
    }
}

fn rows<const N: usize>(prices: [(&str, i64); N]) -> [Price; N] {
    prices.map(|(amount, at)| price(amount, at, at, true))
}

const ABOVE: &str = r#"{"kind":"above","price":"10"}"#;

async fn with_rule(cache: &Cache, condition: &str) -> Market {
    let rule = format!(r#"{{"symbol":"BTC","condition":{condition},"repeat":"every"}}"#);
    let rule: Rule = serde_json::from_str(&rule).unwrap();
    let mut market = Market::load(cache, at(0)).await.unwrap();
    market.save(cache, None, rule, at(0)).await.unwrap();
    market
}

async fn keep(cache: &Cache, market: &mut Market) {
    market.commit(cache).await.unwrap();
}

/// Prices at which firings were kept, oldest first.
async fn kept(cache: &Cache) -> Vec<String> {
    let firings = cache.firings(10, None).await.unwrap();
    let prices = firings.iter().rev().map(|kept| &kept.firing.price);
    prices.map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_was_given_to_the_cache_is_kept_once_though_whoever_gave_it_went_away() {
    let cache = Cache::in_memory().unwrap();
    let mut market = with_rule(&cache, ABOVE).await;
    fired(&mut market, rows([("5", 1), ("11", 2)]));
    {
        let given = std::pin::pin!(market.commit(&cache));
        assert!(futures_util::poll!(given).is_pending());
    }
    // More fires before somebody asks again.
    fired(&mut market, rows([("6", 3_000), ("12", 9_000)]));
    let mut firings = 0;
    while let Some((ids, unkept)) = market.commit(&cache).await.unwrap() {
        assert_eq!(ids.len(), unkept.firings.len());
        firings += ids.len();
    }
    assert_eq!(firings, 2);
    assert_eq!(kept(&cache).await, ["11", "12"]);
}

#[tokio::test]
async fn what_the_cache_gave_back_waits_in_front_of_what_came_after_it() {
    let cache = Cache::in_memory().unwrap();
    let mut market = with_rule(&cache, ABOVE).await;
    let broken = Cache::in_memory().unwrap();
    broken.close().await;
    fired(&mut market, rows([("5", 1), ("11", 2)]));
    {
        let given = std::pin::pin!(market.commit(&broken));
        let _ = futures_util::poll!(given);
    }
    fired(&mut market, rows([("6", 3_000), ("12", 9_000)]));
    assert!(market.commit(&broken).await.is_err());
    market.commit(&cache).await.unwrap();
    assert_eq!(kept(&cache).await, ["11", "12"]);
    let state = market.book.state(*market.rules.keys().next().unwrap());
    let stored = cache.rules().await.unwrap().pop().unwrap().state;
    assert_eq!(stored.read::<RuleState>(), state);
    assert!(market.commit(&cache).await.unwrap().is_none());
}

#[tokio::test]
async fn what_follows_the_price_waits_for_the_next_second_and_a_kill_before_loses_no_firing() {
    let cache = Cache::in_memory().unwrap();
    let mut market = with_rule(
        &cache,
        r#"{"kind":"trailing","side":"falls","percent":"5"}"#,
    )
    .await;
    fired(&mut market, [price("100", 1, 1, true)]);
    assert!(market.unkept.presses(), "the first tick arms it");
    keep(&cache, &mut market).await;
    fired(&mut market, [price("120", 2, 2, true)]);
    assert!(!market.unkept.presses(), "a better price can wait");
    assert_eq!(market.evaluation().followed.len(), 1);

    // Killed: what had not been kept is read again, where the table keeps its rows.
    let mut market = Market::load(&cache, at(3)).await.unwrap();
    let missed = [price("120", 2, 2, true), price("114", 3, 3, true)];
    assert_eq!(fired(&mut market, missed), [at(3)]);
    let evaluation = market.evaluation();
    assert!(
        evaluation.followed.is_empty(),
        "one state of a rule is kept"
    );
    assert_eq!(evaluation.states.len(), 1);
    keep(&cache, &mut market).await;

    // Killed after it: the same rows once more change nothing.
    let mut market = Market::load(&cache, at(4)).await.unwrap();
    let again = [price("120", 2, 2, true), price("114", 3, 3, true)];
    assert_eq!(fired(&mut market, again), []);
}

#[tokio::test]
async fn a_command_takes_the_place_of_a_state_that_waits() {
    let cache = Cache::in_memory().unwrap();
    let mut market = with_rule(
        &cache,
        r#"{"kind":"trailing","side":"falls","percent":"5"}"#,
    )
    .await;
    fired(&mut market, [price("100", 1, 1, true)]);
    keep(&cache, &mut market).await;
    fired(&mut market, [price("120", 2, 2, true)]);
    let id = *market.rules.keys().next().unwrap();
    let until = Some(at(100));
    market.snooze(&cache, id, until, at(2)).await.unwrap();
    keep(&cache, &mut market).await;
    let market = Market::load(&cache, at(3)).await.unwrap();
    let state = market.state_of(id);
    assert_eq!(state.snoozed_until(), until);
    let trigger = state.waits_for().below.map(ToString::to_string);
    assert_eq!(trigger.as_deref(), Some("114"));
}

#[tokio::test]
async fn a_rule_on_a_figure_goes_on_from_the_last_tick_that_had_it() {
    fn volume(amount: &str, second: i64) -> Price {
        let mut row = price("1", second, second, true);
        row.quote.volume_24h = Some(amount.parse().unwrap());
        row
    }
    let cache = Cache::in_memory().unwrap();
    let mut market = with_rule(&cache, r#"{"kind":"volume","side":"above","value":"10"}"#).await;
    let rows = [volume("5", 10), price("2", 20, 20, true)];
    assert_eq!(fired(&mut market, rows), []);
    keep(&cache, &mut market).await;
    let mut market = Market::load(&cache, at(30)).await.unwrap();
    // Late, and yet later than the last one with a volume.
    assert_eq!(fired(&mut market, [volume("12", 15)]), [at(15)]);
}

#[tokio::test]
async fn rows_that_were_missed_are_no_silence_and_a_row_that_still_stands_shows_one() {
    let cache = Cache::in_memory().unwrap();
    let mut market = with_rule(&cache, r#"{"kind":"stale","after_s":60}"#).await;
    fired(&mut market, [price("1", 10, 10, false)]);
    // Changed in place: where it stood between is not known.
    let found = [price("2", 500, 500, false)];
    market.note_gaps(&found);
    assert_eq!(fired(&mut market, found), []);
    // The row as it was: the silence is the table's.
    market.note_gaps(&[price("2", 500, 700, false)]);
    let outcome = market.book.at(at(700));
    let [(_, Effect::Fired(firing))] = &outcome.effects[..] else {
        panic!("{outcome:?}");
    };
    assert_eq!(firing.time, at(560));
}

#[tokio::test]
async fn a_rule_on_new_highs_knows_the_extremes_of_minutes_and_of_points_that_were_joined() {
    const WEEK: i64 = 604_800;
    let cache = Cache::in_memory().unwrap();
    let condition = format!(r#"{{"kind":"new_extreme","extreme":"high","window_s":{WEEK}}}"#);
    let mut market = with_rule(&cache, &condition).await;
    let rows = [("100", 60), ("150", 70), ("110", 80), ("100", 200_000)];
    fired(
        &mut market,
        rows.map(|(amount, at)| price(amount, at, at, true)),
    );
    keep(&cache, &mut market).await;
    while cache.cover_prices(at(180)).await.unwrap() {}
    let kept = tidings_cache::KeptFrom {
        raw: at(180),
        minutes: at(0),
        hours: at(0),
        days: at(0),
    };
    while cache.fold_prices(kept).await.unwrap() {}
    let mut market = Market::load(&cache, at(200_001)).await.unwrap();
    assert_eq!(fired(&mut market, [price("149", 200_010, 0, true)]), []);
    let higher = fired(&mut market, [price("151", 200_020, 0, true)]);
    assert_eq!(higher, [at(200_020)]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_nobody_sees_is_told_once_a_second_and_within_a_quarter_when_it_is_shown() {
    let began = Instant::now();
    rest(|| true).await;
    assert_eq!(began.elapsed(), TELL_EVERY);
    rest(|| false).await;
    assert_eq!(began.elapsed(), TELL_EVERY * 5);
    rest(|| began.elapsed() > TELL_EVERY * 6).await;
    assert_eq!(began.elapsed(), TELL_EVERY * 7);
}
