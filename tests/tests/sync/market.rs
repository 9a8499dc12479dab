//! Prices and alerts, up to the notification.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tidings_contract::{self as api, ConditionForm, Event, FiringMark, RepeatForm};
use tidings_model::{Clock as _, SystemClock};
use tidings_testkit::{DEADLINE, wait_for};

use tidings_tests::project::Project;

use crate::desktop::AloneWith;
use crate::kit::{Client, Device, alices_device};

pub fn above(symbol: &str, price: &str) -> api::SaveRule {
    let condition = ConditionForm::Above {
        price: price.to_owned(),
        rearm_percent: None,
    };
    let form = api::RuleForm {
        symbol: symbol.to_owned(),
        condition,
        repeat: RepeatForm::Every,
        cooldown_s: None,
        expires_at: None,
        tags: Vec::new(),
        message: None,
    };
    api::SaveRule { id: None, form }
}

/// Waits until the windows have been told a price.
pub async fn told(app: &Client, symbol: &str, price: &str) {
    app.event(&format!("{symbol} at {price}"), |event| match event {
        Event::Prices { quotes } => quotes
            .iter()
            .any(|quote| quote.symbol == symbol && quote.price.as_deref() == Some(price))
            .then_some(()),
        _ => None,
    })
    .await;
}

/// Two hours later, there and here, prices are written over.
async fn hours_later(project: &Project, device: &Device, prices: &[(&str, &str)]) {
    const HOURS: Duration = Duration::from_hours(2);
    let seconds = i64::try_from(HOURS.as_secs()).unwrap();
    project.server.state().hooks().set_clock_offset(seconds);
    device.clock.turn(HOURS);
    let last_updated = device.clock.now().to_string();
    for (symbol, price) in prices {
        let row = json!({"price": price, "last_updated": last_updated});
        let (service, which) = (project.service(), format!("symbol=eq.{symbol}"));
        let rows = service.update("crypto_prices", &which, row).await;
        assert_eq!(rows.unwrap().len(), 1);
    }
}

pub async fn watched(app: &Client, symbol: &str) -> api::QuoteRow {
    let rows = app.until("a watched price", api::GetWatchList {}, |rows| {
        rows.iter()
            .any(|row| row.symbol == symbol && row.price.is_some())
    });
    rows.await
        .into_iter()
        .find(|row| row.symbol == symbol)
        .unwrap()
}

pub async fn history(app: &Client) -> Vec<api::FiringRow> {
    app.ok(api::ListFirings {
        limit: 100,
        symbol: None,
        before: None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ticker_follows_the_table_to_the_last_digit() {
    let project = Project::start().await;
    project.price("BTC", "68000.123456789012345678").await;
    project.price("ETH", "3500").await;
    let (_device, app) = alices_device(&project).await;
    assert_eq!(
        watched(&app, "BTC").await.price.as_deref(),
        Some("68000.123456789012345678")
    );
    app.forget();
    project.price("BTC", "68001.000000000000000001").await;
    told(&app, "BTC", "68001.000000000000000001").await;
    let row = watched(&app, "BTC").await;
    assert_eq!(row.name.as_deref(), Some("Bitcoin"));
    assert!(!row.stale);

    let chosen = vec!["ETH".to_owned(), "DOGE".to_owned()];
    let rows = app.ok(api::SetWatchList { symbols: chosen }).await;
    let shown: Vec<_> = rows
        .iter()
        .map(|r| (r.symbol.as_str(), r.price.as_deref()))
        .collect();
    assert_eq!(shown, [("ETH", Some("3500")), ("DOGE", None)]);
    let history = app.until(
        "kept prices",
        api::GetPriceHistory {
            symbol: "BTC".into(),
            range: api::PriceRange::Hour,
        },
        |history| history.points.len() == 2,
    );
    assert_eq!(
        history.await.high.as_deref(),
        Some("68001.000000000000000001")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_above_a_price_notifies_once() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let rule = app.ok(above("BTC", "70000")).await;
    assert!(rule.enabled && !rule.done);
    assert_eq!(app.ok(api::GetSnapshot {}).await.active.unwrap().armed, 1);

    for price in ["69999.99", "70000", "70100", "70500"] {
        project.price("BTC", price).await;
        told(&app, "BTC", price).await;
    }
    let fired = app
        .event("the firing", |event| match event {
            Event::Fired { firing } => Some(firing.clone()),
            _ => None,
        })
        .await;
    assert_eq!(
        (fired.symbol.as_str(), fired.price.as_str()),
        ("BTC", "70000")
    );
    app.until(
        "told",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        |rows| rows.len() == 1 && rows[0].mark == FiringMark::Notified,
    )
    .await;
    assert_eq!(history(&app).await.len(), 1);
    let shown = device.desk.shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(
        shown[0].title.contains("BTC") && shown[0].title.contains("70,000"),
        "{shown:?}"
    );
    assert_eq!(shown[0].actions, ["snooze", "mute", "open_chart"]);
    assert_eq!(
        shown[0].place,
        api::Place::Chart {
            symbol: "BTC".into()
        }
    );
    let rules = app.ok(api::ListRules {}).await;
    assert!(rules[0].last_fired.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_passed_while_the_app_was_away_is_told_on_return_and_once() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    app.stop().await;
    hours_later(&project, &device, &[("BTC", "70250")]).await;

    let app = device.start().await;
    app.until(
        "the firing",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        |rows| rows.len() == 1,
    )
    .await;
    wait_for("its notification", DEADLINE, || async {
        (device.shown().len() == 1).then_some(())
    })
    .await
    .unwrap();
    let fired = history(&app).await.remove(0);
    assert_eq!(fired.mark, FiringMark::Away);
    assert_eq!(fired.condition.as_deref(), Some("Crosses above 70,000"));
    // A row that was written over says nothing of the time between.
    let unknown = fired.unknown.unwrap();
    assert_eq!(unknown.to, fired.time);
    assert!(unknown.from < unknown.to, "{unknown:?}");
    let shown = device.desk.shown().remove(0);
    assert!(shown.body.contains("Prices between "), "{shown:?}");
    assert!(shown.body.ends_with(" are not known."), "{shown:?}");
    app.live().await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    project.price("BTC", "70260").await;
    told(&app, "BTC", "70260").await;
    assert_eq!((history(&app).await.len(), device.shown().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_says_of_each_alert_what_is_not_known_before_it() {
    let project = Project::start().await;
    let (device, app) = {
        project.price("BTC", "69000").await;
        project.price("ETH", "3500").await;
        alices_device(&project).await
    };
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    app.ok(above("ETH", "3600")).await;
    app.stop().await;
    let prices = [("BTC", "70250"), ("ETH", "3700")];
    hours_later(&project, &device, &prices).await;
    let app = device.start().await;
    wait_for("the digest", DEADLINE, || async {
        (!device.shown().is_empty()).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(device.shown(), ["2 alerts while you were away"]);
    let body = device.desk.shown().remove(0).body;
    let mut lines: Vec<_> = body.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{body}");
    for (line, fired) in lines.iter().zip(["BTC crossed above", "ETH crossed above"]) {
        assert!(line.contains(fired), "{body}");
        assert!(line.contains(". Prices between "), "{body}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_written_anew_at_the_same_price_is_a_tick_with_its_own_figures() {
    let project = Project::start().await;
    project.price("USDC", "1.0000").await;
    let (_device, app) = alices_device(&project).await;
    // A plain table sets `last_updated` when a row is inserted, and then leaves it.
    let service = project.service();
    let write = async |volume: &str| {
        let written = json!({"price": "1.0000", "volume_24h": volume});
        let rows = service.update("crypto_prices", "symbol=eq.USDC", written);
        assert_eq!(rows.await.unwrap().len(), 1);
    };
    watched(&app, "USDC").await;
    write("4000").await;
    let shows = |volume: &str, rows: &[api::QuoteRow]| {
        let mut rows = rows.iter();
        rows.any(|row| row.volume_24h.as_deref() == Some(volume))
    };
    let list = api::GetWatchList {};
    let first = app
        .until("the volume", list, |rows| shows("4000", rows))
        .await;
    let mut rule = above("USDC", "2");
    rule.form.condition = ConditionForm::Volume {
        side: api::Side::Above,
        value: "5000".to_owned(),
        rearm_percent: None,
    };
    app.ok(rule).await;
    write("6000").await;
    let firings = api::ListFirings {
        limit: 10,
        symbol: None,
        before: None,
    };
    let rows = app.until("the firing", firings, |rows| rows.len() == 1);
    assert_eq!(rows.await[0].price, "1.0000");
    let told = app.ok(api::GetWatchList {}).await;
    assert!(shows("6000", &told), "{told:?}");
    assert!(told[0].time > first[0].time, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_kept_but_not_told_is_told_by_the_next_start() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = Device::new();
    // The power fails at the moment at which the desktop should show something.
    let cut = AloneWith(async |_| std::panic::resume_unwind(Box::new("the power failed")));
    let app = device.start_on(Arc::new(cut)).await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    project.price("BTC", "70100").await;
    app.until(
        "the firing on the disk",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        |rows| rows.iter().any(|row| row.mark == FiringMark::Pending),
    )
    .await;
    app.stop().await;

    let app = device.start().await;
    app.until(
        "told",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        |rows| rows.len() == 1 && rows[0].mark == FiringMark::Notified,
    )
    .await;
    assert_eq!(device.shown().len(), 1);
    assert!(device.shown()[0].contains("BTC"), "{:?}", device.shown());
    app.live().await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert_eq!(device.shown().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_notifications_off_a_firing_stands_in_the_history_alone() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.notifications = false;
    app.ok(api::SetSettings { settings }).await;
    project.price("BTC", "70001").await;
    app.until(
        "the entry",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        |rows| rows.len() == 1 && rows[0].mark == FiringMark::Muted,
    )
    .await;
    told(&app, "BTC", "70001").await;
    assert!(device.shown().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_changed_switched_off_deleted_and_survive_a_restart() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let preview = app
        .ok(api::PreviewRule {
            form: above("BTC", "70000").form,
        })
        .await;
    assert!(preview.valid && preview.armed_at_once, "{preview:?}");
    let bad = app
        .ok(api::PreviewRule {
            form: above("BTC", "-1").form,
        })
        .await;
    assert!(!bad.valid && bad.problem.is_some());
    assert_eq!(
        app.refused(above("BTC", "none")).await.code,
        api::ErrorCode::Invalid
    );

    let rule = app.ok(above("BTC", "70000")).await;
    assert_eq!(rule.off_since, None);
    let switch = |enabled| api::EnableRule {
        id: rule.id.clone(),
        enabled,
    };
    let now = SystemClock.now().as_millis();
    let off = app.ok(switch(false)).await.off_since;
    assert!(off.is_some_and(|off| (now - 60_000..now + 60_000).contains(&off)));
    // Off it is already.
    assert_eq!(app.ok(switch(false)).await.off_since, off);
    project.price("BTC", "70500").await;
    told(&app, "BTC", "70500").await;
    assert!(history(&app).await.is_empty() && device.shown().is_empty());
    app.stop().await;
    let app = device.start().await;
    let rules = app.ok(api::ListRules {}).await;
    assert_eq!(rules.len(), 1);
    assert_eq!((rules[0].enabled, rules[0].off_since), (false, off));
    let changed = api::SaveRule {
        id: Some(rule.id.clone()),
        ..above("BTC", "71000")
    };
    let changed = app.ok(changed).await;
    assert_eq!((&changed.id, changed.off_since), (&rule.id, off));
    assert_eq!(app.ok(switch(true)).await.off_since, None);
    app.ok(api::DeleteRule { id: rule.id }).await;
    assert!(app.ok(api::ListRules {}).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_makes_no_sense_is_left_out() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let (device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    let service = project.service();
    let row = json!({"price": -1, "last_updated": "2099-01-01T00:00:00Z"});
    service
        .update("crypto_prices", "symbol=eq.BTC", row)
        .await
        .unwrap();
    service
        .insert("crypto_prices", json!({"symbol": "", "price": 5}))
        .await
        .unwrap();
    project.price("BTC", "69001").await;
    told(&app, "BTC", "69001").await;
    assert!(device.shown().is_empty());
    assert_eq!(watched(&app, "BTC").await.price.as_deref(), Some("69001"));
}
