//! Alerts of every kind, from the feed to the notification.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract::{self as api, Event, FiringMark};
use tidings_local::Options;
use tidings_model::{Clock as _, SystemClock};
use tidings_testkit::{DEADLINE, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device};
use crate::market::{history, told, watched};

/// A rule as the window sends it.
pub fn rule(symbol: &str, condition: Value, more: Value) -> api::SaveRule {
    let mut form = json!({
        "symbol": symbol, "repeat": "every", "cooldown_s": 0, "expires_at": null, "tags": [],
    });
    form["condition"] = condition;
    if let (Value::Object(form), Value::Object(more)) = (&mut form, more) {
        form.extend(more);
    }
    api::SaveRule {
        id: None,
        form: serde_json::from_value(form).unwrap(),
    }
}

pub fn crosses(line: &str) -> api::SaveRule {
    let condition = json!({"kind": "crosses", "price": line, "rearm_percent": "0"});
    rule("BTC", condition, json!({}))
}

pub fn trailing(percent: &str) -> api::SaveRule {
    let condition = json!({"kind": "trailing", "side": "falls", "percent": percent});
    rule("BTC", condition, json!({}))
}

/// Writes a row of the price table over, figures included.
pub async fn row(project: &Project, symbol: &str, mut row: Value) {
    row["last_updated"] = json!(SystemClock.now().to_string());
    let query = format!("symbol=eq.{symbol}");
    let changed = project
        .service()
        .update("crypto_prices", &query, row)
        .await
        .unwrap();
    assert_eq!(changed.len(), 1);
}

async fn first(app: &Client) -> api::RuleRow {
    app.ok(api::ListRules {}).await.remove(0)
}

/// Waits for so many entries in the history, none of which is still being told.
async fn entries(app: &Client, count: usize) -> Vec<api::FiringRow> {
    app.until(
        "the history",
        api::ListFirings {
            limit: 100,
            symbol: None,
            before: None,
        },
        |rows| rows.len() == count && rows.iter().all(|row| row.mark != FiringMark::Pending),
    )
    .await
}

async fn shown(device: &Device, count: usize) -> Vec<String> {
    wait_for("the notifications", DEADLINE, || async {
        (device.shown().len() == count).then_some(())
    })
    .await
    .unwrap();
    device.shown()
}

/// Conditions, each with a row before the rule, one that does nothing, and one that fires it.
fn kinds() -> Vec<(Value, [Value; 3])> {
    vec![
        (
            json!({"kind": "trailing", "side": "falls", "percent": "5"}),
            [
                json!({"price": 100}),
                json!({"price": 120}),
                json!({"price": 114}),
            ],
        ),
        (
            json!({"kind": "new_extreme", "extreme": "high", "window_s": 3600}),
            [
                json!({"price": 100}),
                json!({"price": 99}),
                json!({"price": 101}),
            ],
        ),
        (
            json!({"kind": "step", "step": "1000", "base": "500"}),
            [
                json!({"price": 1000}),
                json!({"price": 1499}),
                json!({"price": 2500}),
            ],
        ),
        (
            json!({"kind": "volume", "side": "above", "value": "9000000000000000000"}),
            [
                json!({"price": 1, "volume_24h": "8999999999999999999"}),
                json!({"price": 2, "volume_24h": "8999999999999999999"}),
                json!({"price": 3, "volume_24h": "9000000000000000000"}),
            ],
        ),
        (
            json!({"kind": "market_cap", "side": "below", "value": "500"}),
            [
                json!({"price": 1, "market_cap": 600}),
                json!({"price": 2, "market_cap": 501}),
                json!({"price": 3, "market_cap": 500}),
            ],
        ),
        (
            json!({"kind": "all", "conditions": [
                {"kind": "above", "price": "10"},
                {"kind": "change_24h", "side": "above", "percent": "5"},
            ]}),
            [
                json!({"price": 9, "change_percentage_24h": 6}),
                json!({"price": 11, "change_percentage_24h": 4}),
                json!({"price": 10, "change_percentage_24h": 5}),
            ],
        ),
        (
            json!({"kind": "moves", "percent": "10", "window_s": 3600, "direction": "up"}),
            [
                json!({"price": 100}),
                json!({"price": 109}),
                json!({"price": 110}),
            ],
        ),
        (
            json!({"kind": "leaves_range", "low": "90", "high": "110"}),
            [
                json!({"price": 100}),
                json!({"price": 110}),
                json!({"price": 111}),
            ],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_rule_fires_once_at_its_tick() {
    let project = Project::start().await;
    // Each rule has a symbol of its own.
    let kinds = kinds();
    let symbol = |place: usize| format!("K{place}");
    for place in 0..kinds.len() {
        project.price(&symbol(place), "1").await;
    }
    for (place, (_, rows)) in kinds.iter().enumerate() {
        row(&project, &symbol(place), rows[0].clone()).await;
    }
    let (device, app) = alices_device(&project).await;
    app.until("the prices", api::ListSymbols {}, |rows| {
        rows.len() == kinds.len()
    })
    .await;
    for (place, (condition, _)) in kinds.iter().enumerate() {
        app.ok(rule(&symbol(place), condition.clone(), json!({})))
            .await;
    }
    for step in 1..3 {
        for (place, (_, rows)) in kinds.iter().enumerate() {
            row(&project, &symbol(place), rows[step].clone()).await;
            let price = rows[step]["price"].to_string();
            told(&app, &symbol(place), &price).await;
        }
        let fired = if step == 1 { 0 } else { kinds.len() };
        let rows = entries(&app, fired).await;
        assert!(rows.iter().all(|row| row.mark == FiringMark::Notified));
    }
    let mut titles = shown(&device, kinds.len()).await;
    titles.sort_unstable();
    assert_eq!(
        titles,
        [
            "K0 fell 5.0\u{202f}% from its high",
            "K1 made a new 1 h high",
            "K2 crossed above 2,500, 2 steps of 1,000 at once",
            "K3 24 h volume went above 9,000,000,000,000,000,000",
            "K4 market cap went below 500",
            "K5 now above 10 and 24 h change above +5\u{202f}%",
            "K6 moved +10.0\u{202f}%",
            "K7 left 90 – 110",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snoozed_rule_tells_when_the_snooze_ends_also_after_a_restart() {
    let project = Project::start().await;
    project.price("BTC", "99").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let id = app.ok(crosses("100")).await.id;
    let snooze = |snooze| api::SnoozeRule {
        id: id.clone(),
        snooze,
    };
    for bad in [
        api::Snooze::Minutes { minutes: 0 },
        api::Snooze::Until { at: 1 },
    ] {
        assert_eq!(app.refused(snooze(bad)).await.code, api::ErrorCode::Invalid);
    }
    let row = app.ok(snooze(api::Snooze::Minutes { minutes: 15 })).await;
    assert!(row.snoozed_until.is_some() && row.enabled);
    for price in ["100", "99"] {
        project.price("BTC", price).await;
        told(&app, "BTC", price).await;
    }
    let rows = entries(&app, 2).await;
    assert!(rows.iter().all(|row| row.mark == FiringMark::Snoozed));
    assert!(device.shown().is_empty());
    app.stop().await;

    let app = device.start().await;
    app.live().await;
    assert_eq!(first(&app).await.snoozed_until, row.snoozed_until);
    project.price("BTC", "100").await;
    entries(&app, 3).await;
    assert!(device.shown().is_empty());
    let awake = app.ok(snooze(api::Snooze::Wake)).await;
    assert_eq!(awake.snoozed_until, None);
    assert_eq!(shown(&device, 1).await, ["3 alerts while snoozed"]);
    // Told once: not again by a restart, and what follows is told as itself.
    project.price("BTC", "99").await;
    entries(&app, 4).await;
    assert_eq!(shown(&device, 2).await[1], "BTC crossed below 100");
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert_eq!(device.shown().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_ends_by_the_clock_and_one_firing_is_told_as_itself() {
    let device = Device::new();
    // An hour that passes for the computer passes for the project as well.
    let project = Project::start_with(Options {
        clock: device.clock.clone(),
        ..Options::default()
    })
    .await;
    project.price("BTC", "99").await;
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    let id = app.ok(crosses("100")).await.id;
    let until = SystemClock.now().as_millis() + 3_600_000;
    let snooze = api::Snooze::Until { at: until };
    let row = app.ok(api::SnoozeRule { id, snooze }).await;
    assert_eq!(row.snoozed_until, Some(until));
    project.price("BTC", "100").await;
    let rows = entries(&app, 1).await;
    assert_eq!(rows[0].mark, FiringMark::Snoozed);
    assert!(device.shown().is_empty());
    device.clock.turn(Duration::from_mins(61));
    assert_eq!(shown(&device, 1).await, ["BTC crossed above 100"]);
    assert_eq!(first(&app).await.snoozed_until, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_muted_rule_is_noted_and_tells_nothing() {
    let project = Project::start().await;
    project.price("BTC", "99").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let id = app.ok(crosses("100")).await.id;
    let mute = |muted| api::MuteRule {
        id: id.clone(),
        muted,
    };
    assert!(app.ok(mute(true)).await.muted);
    project.price("BTC", "100").await;
    assert_eq!(entries(&app, 1).await[0].mark, FiringMark::Muted);
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert!(first(&app).await.muted && device.shown().is_empty());
    assert!(!app.ok(mute(false)).await.muted);
    project.price("BTC", "99").await;
    entries(&app, 2).await;
    assert_eq!(shown(&device, 1).await, ["BTC crossed below 100"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fires_too_often_is_paused_says_why_and_can_be_resumed() {
    const MANY: usize = 15;
    let project = Project::start().await;
    project.price("BTC", "99").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let id = app.ok(crosses("100")).await.id;
    for turn in 0..=MANY {
        let price = if turn % 2 == 0 { "100" } else { "99" };
        project.price("BTC", price).await;
        told(&app, "BTC", price).await;
        app.forget();
    }
    let rows = entries(&app, MANY).await;
    assert_eq!(rows[0].mark, FiringMark::Paused);
    assert!(rows[1..].iter().all(|row| row.mark == FiringMark::Notified));
    shown(&device, MANY).await;
    let last = device.desk.shown().pop().unwrap();
    let reason = "Paused after 15 alerts within 3 min";
    assert!(last.body.ends_with(reason), "{last:?}");
    app.stop().await;

    let app = device.start().await;
    app.live().await;
    let paused = first(&app).await;
    let why = paused.paused.unwrap();
    assert_eq!((why.reason.as_str(), why.at), (reason, rows[0].time));
    assert!(paused.enabled);
    assert_eq!(app.ok(api::GetSnapshot {}).await.active.unwrap().armed, 0);
    let resumed = app.ok(api::EnableRule { id, enabled: true }).await;
    assert_eq!((resumed.paused, resumed.off_since), (None, None));
    project.price("BTC", "101").await;
    entries(&app, MANY + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_whose_time_is_over_fires_nothing_until_it_is_given_more() {
    let project = Project::start().await;
    project.price("BTC", "99").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let until = |end: Option<i64>, id| api::SaveRule {
        id,
        form: api::RuleForm {
            expires_at: end,
            ..crosses("100").form
        },
    };
    let end = SystemClock.now().as_millis() + 3_600_000;
    let id = app.ok(until(Some(end), None)).await.id;
    project.price("BTC", "100").await;
    entries(&app, 1).await;
    // The next tick is later than this.
    let over = app.ok(until(Some(SystemClock.now().as_millis()), Some(id.clone())));
    assert!(!over.await.expired);
    project.price("BTC", "98").await;
    told(&app, "BTC", "98").await;
    app.stop().await;

    let app = device.start().await;
    app.live().await;
    assert!(first(&app).await.expired);
    project.price("BTC", "101").await;
    told(&app, "BTC", "101").await;
    assert_eq!(history(&app).await.len(), 1);
    // It goes on from where it stood: above its line.
    let renewed = app.ok(until(None, Some(id))).await;
    assert!(!renewed.expired && renewed.enabled);
    project.price("BTC", "97").await;
    entries(&app, 2).await;
    assert_eq!(
        shown(&device, 2).await,
        ["BTC crossed above 100", "BTC crossed below 100"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_follows_the_price_is_shown_as_it_moves_and_outlives_the_program() {
    let project = Project::start().await;
    project.price("BTC", "100").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let made = app.ok(trailing("5")).await;
    assert_eq!(made.waits_for.below.as_deref(), Some("95"));
    assert_eq!(made.distance_percent.as_deref(), Some("-5.0"));
    app.forget();
    project.price("BTC", "120").await;
    let moved = app
        .event("the trigger", |event| match event {
            Event::RuleWaits { rules } => Some(rules[0].clone()),
            _ => None,
        })
        .await;
    assert_eq!(moved.id, made.id);
    assert_eq!(moved.waits_for.below.as_deref(), Some("114"));
    project.price("BTC", "118").await;
    told(&app, "BTC", "118").await;
    app.stop().await;

    let app = device.start().await;
    app.live().await;
    let row = first(&app).await;
    assert_eq!(row.waits_for.below.as_deref(), Some("114"));
    assert!(history(&app).await.is_empty());
    app.stop().await;
    project.price("BTC", "113").await;
    let app = device.start().await;
    let rows = entries(&app, 1).await;
    assert_eq!(rows[0].mark, FiringMark::Away);
    // It is armed anew from there.
    let row = first(&app).await;
    assert_eq!(row.waits_for.below.as_deref(), Some("107.35"));
    shown(&device, 1).await;
}

/// Sets a price and waits until it is known here, however it was found. Its time.
async fn price_found(project: &Project, app: &Client, price: &str) -> i64 {
    project.price("BTC", price).await;
    let rows = app.until("the price", api::GetWatchList {}, |rows| {
        rows.iter().any(|row| row.price.as_deref() == Some(price))
    });
    rows.await[0].time.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_is_told_once_and_a_price_ends_it() {
    const AFTER: i64 = 2;
    let project = Project::start().await;
    project.price("BTC", "100").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let stale = json!({"kind": "stale", "after_s": AFTER});
    app.ok(rule("BTC", stale, json!({}))).await;
    for price in ["101", "102"] {
        let since = price_found(&project, &app, price).await;
        let firings = api::ListFirings {
            limit: 100,
            symbol: None,
            before: None,
        };
        let rows = app.until("the silence", firings, |rows| {
            rows.iter()
                .any(|row| row.time == since + AFTER * 1_000 && row.mark == FiringMark::Notified)
        });
        assert_eq!(rows.await[0].title, "BTC without a price for 2 s");
    }
    let rows = history(&app).await;
    let mut times: Vec<i64> = rows.iter().map(|row| row.time).collect();
    times.dedup();
    assert_eq!(times.len(), rows.len(), "each silence once: {rows:?}");
    shown(&device, rows.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_the_server_did_not_tell_is_no_silence() {
    // Long enough for a slow start, and shorter than any other reading of the prices.
    const AFTER: i64 = 8;
    let project = Project::start().await;
    project.price("BTC", "100").await;
    let (_device, app) = alices_device(&project).await;
    let mut prices = vec![watched(&app, "BTC").await.time.unwrap()];
    let stale = json!({"kind": "stale", "after_s": AFTER});
    app.ok(rule("BTC", stale, json!({}))).await;
    // The table has them: it is asked before a silence is told.
    project.server.faults().drop_changes(usize::MAX);
    prices.push(price_found(&project, &app, "101").await);
    for silence in history(&app).await {
        let within = (silence.time - AFTER * 1_000 + 1)..=silence.time;
        let found = prices.iter().find(|price| within.contains(*price));
        assert_eq!(found, None, "{silence:?} although {prices:?}");
    }
}
