//! Prices and alerts, up to the notification.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::json;
use tidings_contract::{self as api, ConditionForm, Event, FiringMark, RepeatForm};
use tidings_engine::{Host, Notification, NotificationAbility};
use tidings_testkit::{DEADLINE, wait_for};

use tidings_tests::project::Project;

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
    project.price("BTC", "70250").await;

    let app = device.start().await;
    app.until(
        "the firing",
        api::ListFirings {
            limit: 10,
            symbol: None,
        },
        |rows| rows.len() == 1,
    )
    .await;
    wait_for("its notification", DEADLINE, || async {
        (device.shown().len() == 1).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(history(&app).await[0].mark, FiringMark::Away);
    app.live().await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    project.price("BTC", "70260").await;
    told(&app, "BTC", "70260").await;
    assert_eq!((history(&app).await.len(), device.shown().len()), (1, 1));
}

/// The power fails at the moment at which the desktop should show something.
struct PowerCut;

impl Host for PowerCut {
    fn notify(&self, _: Notification) -> BoxFuture<'static, api::NotificationReport> {
        std::panic::resume_unwind(Box::new("the power failed"));
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        Box::pin(std::future::pending())
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        Ok(())
    }

    fn autostart(&self) -> Option<bool> {
        None
    }

    fn set_autostart(&self, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn open_link(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn focused(&self) -> bool {
        false
    }

    fn has_tray(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_kept_but_not_told_is_told_by_the_next_start() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = Device::new();
    let app = device.start_on(Arc::new(PowerCut)).await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    project.price("BTC", "70100").await;
    app.until(
        "the firing on the disk",
        api::ListFirings {
            limit: 10,
            symbol: None,
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
    app.ok(api::EnableRule {
        id: rule.id.clone(),
        enabled: false,
    })
    .await;
    project.price("BTC", "70500").await;
    told(&app, "BTC", "70500").await;
    assert!(history(&app).await.is_empty() && device.shown().is_empty());
    app.stop().await;
    let app = device.start().await;
    let rules = app.ok(api::ListRules {}).await;
    assert_eq!(rules.len(), 1);
    assert!(!rules[0].enabled);
    let changed = api::SaveRule {
        id: Some(rule.id.clone()),
        ..above("BTC", "71000")
    };
    assert_eq!(app.ok(changed).await.id, rule.id);
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
