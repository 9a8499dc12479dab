use std::sync::Arc;

use super::*;
use crate::{Evaluation, FiringMark, JudgedTo, NewFiring, PriceGap, StoredRule};
use tidings_model::{Decimal, Json, Quote, RuleId, Symbol};

fn btc() -> Symbol {
    Symbol::new("BTC").unwrap()
}

fn price(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn quote(second: i64, text: &str) -> Quote {
    Quote {
        symbol: btc(),
        price: price(text),
        change_24h: None,
        change_percentage_24h: Some(price("-1.50")),
        market_cap: None,
        volume_24h: Some(price("9223372036854775807")),
        time: at(second),
    }
}

fn rule() -> StoredRule {
    StoredRule {
        id: RuleId::from_uuid(uuid::Uuid::from_u128(1)),
        symbol: btc(),
        definition: Json::new(r#"{"above":"70000"}"#).unwrap(),
        state: Json::empty(),
        enabled: true,
        muted: false,
        created_at: at(1),
        updated_at: at(1),
    }
}

fn firing(pending: bool) -> NewFiring {
    NewFiring {
        rule: rule().id,
        symbol: btc(),
        sentence: "BTC is above 70,000".to_owned(),
        condition: Some(Json::new(r#"{"kind":"above","price":"70000"}"#).unwrap()),
        unknown: Some(PriceGap {
            from: at(1),
            until: at(3),
        }),
        message: Some("Sell half at 70,000.10".to_owned()),
        price: price("70000.10"),
        source_time: at(3),
        fired_at: at(4),
        away: true,
        mark: FiringMark::Notified,
        pending,
    }
}

/// Judged up to second 3; the last tick with a change came earlier.
fn judged(change: Option<i64>) -> JudgedTo {
    JudgedTo {
        price: Some(at(3)),
        change: change.map(at),
        volume: Some(at(3)),
        market_cap: None,
    }
}

#[tokio::test]
async fn what_waits_for_the_end_of_a_snooze_is_told_no_more_when_its_rule_is_deleted() {
    let desk = Desk::new().await;
    desk.cache.save_rule(rule()).await.unwrap();
    let snoozed = NewFiring {
        mark: FiringMark::Snoozed,
        ..firing(true)
    };
    let evaluation = Evaluation {
        firings: vec![snoozed, firing(true)],
        ..Evaluation::default()
    };
    let ids = desk.cache.commit_evaluation(evaluation).await.unwrap();
    desk.cache.delete_rule(rule().id).await.unwrap();
    let pending = desk.cache.pending_notifications().await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].id, ids[1]);
    let history = desk.cache.firings(10, None).await.unwrap();
    assert_eq!(history[1].firing.mark, FiringMark::Snoozed);
}

#[tokio::test]
async fn firings_of_a_quiet_symbol_are_found_behind_those_of_a_busy_one() {
    let desk = Desk::new().await;
    let quiet = Symbol::new("USDC").unwrap();
    let rare = NewFiring {
        symbol: quiet.clone(),
        message: None,
        ..firing(false)
    };
    let mut firings = vec![rare.clone()];
    firings.extend(std::iter::repeat_n(firing(false), 600));
    firings.push(rare);
    let evaluation = Evaluation {
        firings,
        ..Evaluation::default()
    };
    let ids = desk.cache.commit_evaluation(evaluation).await.unwrap();
    let found = desk
        .cache
        .firings_of(quiet.clone(), 500, None)
        .await
        .unwrap();
    let found: Vec<_> = found.iter().map(|each| each.id).collect();
    assert_eq!(found, [ids[601], ids[0]]);
    let older = desk.cache.firings_of(quiet, 1, Some(ids[601])).await;
    assert_eq!(older.unwrap()[0].id, ids[0]);
    let busy = desk.cache.firings_of(btc(), 500, None).await.unwrap();
    assert_eq!(busy.len(), 500);
    let before = Some(busy[499].id);
    let rest = desk.cache.firings_of(btc(), 500, before).await.unwrap();
    assert_eq!(rest.len(), 100);
    assert_eq!(busy[0].firing, firing(false));
    let unknown = Symbol::new("NONE").unwrap();
    assert!(
        desk.cache
            .firings_of(unknown, 10, None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn rules_come_all_or_none_and_keep_that_they_are_muted() {
    let desk = Desk::new().await;
    let other = StoredRule {
        id: RuleId::from_uuid(uuid::Uuid::from_u128(2)),
        muted: true,
        ..rule()
    };
    let rules = vec![rule(), other.clone()];
    desk.cache.save_rules(rules.clone()).await.unwrap();
    let desk = desk.reopen().await;
    assert_eq!(desk.cache.rules().await.unwrap(), rules);
}

#[tokio::test]
async fn an_evaluation_is_recorded_at_once_and_told_until_it_was_shown() {
    let desk = Desk::new().await;
    desk.cache.save_rule(rule()).await.unwrap();
    let mut commits = desk.cache.subscribe();
    let state = Json::new(r#"{"armed":false}"#).unwrap();
    let evaluation = Evaluation {
        states: vec![(rule().id, state.clone())],
        followed: Vec::new(),
        judged_to: vec![(btc(), judged(Some(2)))],
        quotes: vec![Arc::new(quote(3, "70000.10"))],
        firings: vec![firing(true), firing(false)],
    };
    let ids = desk.cache.commit_evaluation(evaluation).await.unwrap();
    let told = commits.recv().await.unwrap().changes;
    assert!(told.rules && told.firings && told.quotes.contains(&btc()));

    let desk = desk.reopen().await;
    assert_eq!(desk.cache.rules().await.unwrap()[0].state, state);
    let known = desk.cache.judged_to().await.unwrap();
    assert_eq!(known, [(btc(), judged(Some(2)))]);
    let pending = desk.cache.pending_notifications().await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].id, ids[0]);
    desk.cache.mark_notified(vec![ids[0]]).await.unwrap();
    assert!(desk.cache.pending_notifications().await.unwrap().is_empty());
    // Settled, it stays what it was.
    desk.cache
        .mark_instead(vec![ids[0]], FiringMark::Unshown)
        .await
        .unwrap();
    desk.cache.delete_rule(rule().id).await.unwrap();
    let history = desk.cache.firings(10, None).await.unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[1].firing, firing(false));
    let refused = Evaluation {
        firings: vec![firing(true)],
        ..Evaluation::default()
    };
    let refused_ids = desk.cache.commit_evaluation(refused).await.unwrap();
    desk.cache
        .mark_instead(refused_ids, FiringMark::Unshown)
        .await
        .unwrap();
    let last = &desk.cache.firings(1, None).await.unwrap()[0].firing;
    assert_eq!((last.mark, last.pending), (FiringMark::Unshown, false));
    let older = desk.cache.firings(10, Some(ids[1])).await.unwrap();
    assert_eq!(older.len(), 1);
}

#[tokio::test]
async fn prices_keep_every_digit_and_an_old_quote_is_history_only() {
    let desk = Desk::new().await;
    let exact = "67890.123456789012345678901234567890";
    desk.cache
        .record_quotes(vec![quote(5, exact)])
        .await
        .unwrap();
    desk.cache.record_quotes(vec![quote(2, "1")]).await.unwrap();
    let quotes = desk.cache.quotes().await.unwrap();
    assert_eq!(quotes, [quote(5, exact)]);
    assert_eq!(quotes[0].price.to_string(), exact);
    let history = desk.cache.history(btc(), at(0), at(9), 10).await.unwrap();
    assert_eq!(history.len(), 2);
}

#[tokio::test]
async fn of_quotes_that_come_together_the_newest_is_the_latest_and_of_one_time_the_last() {
    let desk = Desk::new().await;
    let eth = Quote {
        symbol: Symbol::new("ETH").unwrap(),
        ..quote(4, "7")
    };
    let together = vec![
        quote(5, "50"),
        eth.clone(),
        quote(8, "80"),
        quote(8, "81"),
        quote(6, "60"),
    ];
    desk.cache.record_quotes(together).await.unwrap();
    let mut quotes = desk.cache.quotes().await.unwrap();
    quotes.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    assert_eq!(quotes, [quote(8, "81"), eth]);
    let history = desk.cache.history(btc(), at(0), at(9), 10).await.unwrap();
    let prices: Vec<String> = history
        .iter()
        .map(|point| point.price.to_string())
        .collect();
    assert_eq!(prices, ["50", "60", "81"]);
    desk.cache
        .record_quotes(vec![quote(7, "70")])
        .await
        .unwrap();
    assert!(desk.cache.quotes().await.unwrap().contains(&quote(8, "81")));
}

#[tokio::test]
async fn the_watch_list_keeps_its_order() {
    let desk = Desk::new().await;
    let list: Vec<Symbol> = ["SOL", "BTC", "ETH"]
        .map(|s| Symbol::new(s).unwrap())
        .to_vec();
    desk.cache.set_watch_list(list.clone()).await.unwrap();
    let desk = desk.reopen().await;
    assert_eq!(desk.cache.watch_list().await.unwrap(), list);
    desk.cache.set_watch_list(vec![btc()]).await.unwrap();
    assert_eq!(desk.cache.watch_list().await.unwrap(), [btc()]);
}

#[tokio::test]
async fn facts_of_the_caller_are_kept_by_name() {
    let desk = Desk::new().await;
    desk.cache
        .set_meta("digest", Some("abc".to_owned()))
        .await
        .unwrap();
    assert_eq!(
        desk.cache.get_meta("digest").await.unwrap().as_deref(),
        Some("abc")
    );
    desk.cache.set_meta("digest", None).await.unwrap();
    assert_eq!(desk.cache.get_meta("digest").await.unwrap(), None);
    assert!(desk.cache.set_meta("account", None).await.is_err());
}
