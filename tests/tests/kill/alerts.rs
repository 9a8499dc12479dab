//! Alerts of a program that is killed around a firing.

use serde_json::{Value, json};
use tidings_contract::{self as api, Event, FiringMark};
use tidings_tests::served::Served;

use crate::{Random, World, kills, wait};

/// How far a firing has come when the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The price is in the table, and anything may have come of it.
    Written,
    /// It is in the history.
    Kept,
    /// Its notification was shown.
    Told,
}

const POINTS: [Point; 3] = [Point::Written, Point::Kept, Point::Told];

fn rule(condition: Value) -> api::SaveRule {
    let mut form = json!({
        "symbol": "BTC", "repeat": "every", "cooldown_s": 0, "expires_at": null, "tags": [],
    });
    form["condition"] = condition;
    api::SaveRule {
        id: None,
        form: serde_json::from_value(form).unwrap(),
    }
}

/// Firings of one rule: more within three minutes would pause it.
const FIRINGS: usize = 10;

/// One that fires as the price goes over 100, and one that does as it comes back.
async fn rules(served: &Served) -> (String, String) {
    let line = rule(json!({"kind": "above", "price": "100"}));
    let trail = rule(json!({"kind": "trailing", "side": "falls", "percent": "1"}));
    let line = served.ok(line).await.unwrap().id;
    (line, served.ok(trail).await.unwrap().id)
}

/// Waits until the history has so many entries of a rule, all of which have been told.
async fn told(served: &Served, rule: &str, count: usize) {
    let all = api::ListFirings {
        limit: 500,
        symbol: None,
        before: None,
    };
    let rows = served.until("the history", all, |rows| {
        let own = rows.iter().filter(|row| row.rule == rule);
        own.clone().count() == count
            && own.into_iter().all(|row| {
                matches!(
                    row.mark,
                    FiringMark::Notified | FiringMark::Away | FiringMark::Paused
                )
            })
    });
    let rows = rows.await.unwrap();
    let mut times: Vec<i64> = rows
        .iter()
        .filter(|row| row.rule == rule)
        .map(|row| row.time)
        .collect();
    times.dedup();
    assert_eq!(times.len(), count, "one entry for each firing: {rows:?}");
}

async fn known(served: &Served, price: &str) {
    let symbols = api::ListSymbols {};
    served
        .until("the price", symbols, |rows| {
            rows.iter().any(|row| row.price.as_deref() == Some(price))
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_around_a_firing_each_is_in_the_history_once_and_is_told() {
    let (world, mut served) = World::start().await;
    let mut random = Random::new();
    world.project.price("BTC", "99").await;
    known(&served, "99").await;
    let (mut line, mut trail) = rules(&served).await;
    for number in 0..kills() / 3 {
        let of_these = number % (2 * FIRINGS);
        if number > 0 && of_these == 0 {
            for id in [line, trail] {
                served.ok(api::DeleteRule { id }).await.unwrap();
            }
            (line, trail) = rules(&served).await;
        }
        let (price, own) = if number % 2 == 0 {
            ("101", &line)
        } else {
            ("99", &trail)
        };
        let count = of_these / 2 + 1;
        let point = POINTS[usize::try_from(random.below(3)).unwrap()];
        println!("{number}: {point:?}");
        world.project.price("BTC", price).await;
        match point {
            Point::Written => {}
            Point::Kept => {
                wait("the firing", async || {
                    let fired = served.told(|event| match event {
                        Event::Fired { firing } if firing.rule == *own => Some(()),
                        _ => None,
                    });
                    (!fired.is_empty()).then_some(())
                })
                .await;
            }
            Point::Told => told(&served, own, count).await,
        }
        served = world.kill(served).await;
        told(&served, own, count).await;
        // The other one has seen the price as well.
        known(&served, price).await;
    }
    served.stop().await.unwrap();
}
