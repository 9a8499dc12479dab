//! Rules as a file, and what they would have done.

use serde_json::{Value, json};
use tidings_contract as api;

use tidings_tests::project::Project;

use crate::alerts::{crosses, row, rule, trailing};
use crate::kit::{Client, alices_device};
use crate::market::{told, watched};

#[tokio::test(flavor = "multi_thread")]
async fn rules_go_into_a_file_and_come_back_equal_and_once() {
    let project = Project::start().await;
    project.price("BTC", "100").await;
    let (_device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let tags = json!({
        "tags": ["long term", "Wächter"], "expires_at": 4_102_444_800_000_i64,
        "message": "At {price}:\n{{sell}} half",
    });
    let all = json!({"kind": "all", "conditions": [
        {"kind": "above", "price": "70000.000000000000000001"},
        {"kind": "new_extreme", "extreme": "either", "window_s": 86400, "rearm_percent": "2"},
    ]});
    let kept = app.ok(rule("BTC", all, tags)).await;
    assert_eq!(kept.form.tags, ["long term", "Wächter"]);
    assert_eq!(
        kept.form.message.as_deref(),
        Some("At {price}:\n{{sell}} half")
    );
    let muted = app.ok(trailing("7.5")).await.id;
    app.ok(api::MuteRule {
        id: muted.clone(),
        muted: true,
    })
    .await;
    // Two that say the same are two.
    let off = app.ok(crosses("90")).await.id;
    app.ok(crosses("90")).await;
    app.ok(api::EnableRule {
        id: off,
        enabled: false,
    })
    .await;
    let before = app.ok(api::ListRules {}).await;
    let first = app.ok(api::ExportRules {}).await;
    assert_eq!(first.rules, 4);
    let text = std::fs::read_to_string(&first.path).unwrap();
    assert_eq!(import(&app, &text).await, (0, 4));

    for row in &before {
        app.ok(api::DeleteRule { id: row.id.clone() }).await;
    }
    assert_eq!(import(&app, &text).await, (4, 0));
    assert_eq!(import(&app, &text).await, (0, 4));
    let after = app.ok(api::ListRules {}).await;
    for (old, new) in before.iter().zip(&after) {
        assert_eq!((&old.id, &old.form), (&new.id, &new.form));
        assert_eq!((old.enabled, old.muted), (new.enabled, new.muted));
    }
    let second = app.ok(api::ExportRules {}).await;
    let rules = |path: &str| {
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["rules"].take()
    };
    assert_eq!(rules(&first.path), rules(&second.path));

    let bad = text.replace("\"7.5\"", "\"100\"");
    let refused = app.refused(piece(&bad)).await;
    assert_eq!(
        refused.message,
        "Alert 2 of the file (BTC): a fall has to be less than 100 percent. Nothing was imported."
    );
    assert_eq!(app.ok(api::ListRules {}).await.len(), 4);
}

fn piece(text: &str) -> api::ImportRules {
    api::ImportRules {
        piece: 0,
        text: text.to_owned(),
        last: true,
    }
}

/// How many were new, and how many were there.
async fn import(app: &Client, text: &str) -> (u64, u64) {
    let imported = app.ok(piece(text)).await.imported.unwrap();
    (imported.rules, imported.known)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_how_often_it_would_have_fired_over_the_prices_kept_here() {
    let project = Project::start().await;
    project.price("BTC", "99").await;
    let (_device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let preview = |form: api::RuleForm| api::PreviewRule { form };
    for price in ["100", "99", "100"] {
        project.price("BTC", price).await;
        told(&app, "BTC", price).await;
        app.forget();
    }
    let line = json!({"kind": "crosses", "price": "99.5", "rearm_percent": "0"});
    let once = rule("BTC", line, json!({"repeat": "once"})).form;
    let kept = app
        .until("the prices in the cache", bitcoin(), |history| {
            history.points.len() == 4
        })
        .await;
    let past = app.ok(preview(once)).await.past.unwrap();
    assert_eq!((past.fired, past.short), (3, true));
    assert_eq!(past.since, kept.points[0].time);
    assert_eq!(past.last, Some(kept.points[3].time));
    let untold = rule("BTC", json!({"kind": "above", "price": "-1"}), json!({}));
    assert!(!app.ok(preview(untold.form)).await.valid);
}

/// What is told of a condition's past, or why it is not known.
async fn past(app: &Client, condition: Value) -> Result<api::RulePast, String> {
    let form = rule("BTC", condition, json!({})).form;
    let preview = app.ok(api::PreviewRule { form }).await;
    assert!(preview.valid, "{preview:?}");
    match (preview.past, preview.past_unknown) {
        (Some(past), None) => Ok(past),
        (None, Some(why)) => Err(why),
        both => panic!("{both:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_of_every_kind_how_often_or_why_nobody_knows() {
    let project = Project::start().await;
    project.price("BTC", "99").await;
    row(&project, "BTC", json!({"volume_24h": null})).await;
    let (_device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let unknown = |what: &str| {
        Err::<api::RulePast, _>(format!(
            "How often it would have fired is not known: {what}"
        ))
    };
    let volume = json!({"kind": "volume", "side": "above", "value": "500"});
    assert_eq!(
        past(&app, volume.clone()).await,
        unknown("no volumes of this symbol are kept here.")
    );
    for (price, volume) in [("100", 400), ("101", 500), ("102", 500), ("103", 400)] {
        row(
            &project,
            "BTC",
            json!({"price": price, "volume_24h": volume}),
        )
        .await;
        told(&app, "BTC", price).await;
    }
    let kept = app
        .until("the prices in the cache", bitcoin(), |history| {
            history.points.len() == 5
        })
        .await;
    let second = kept.points[2].time;
    let of_volume = past(&app, volume.clone()).await.unwrap();
    assert_eq!((of_volume.fired, of_volume.last), (1, Some(second)));
    assert_eq!(
        (of_volume.since, of_volume.short),
        (kept.points[1].time, true)
    );
    let both = json!({"kind": "all", "conditions": [volume, {"kind": "above", "price": "101.5"}]});
    let of_both = past(&app, both).await.unwrap();
    assert_eq!(
        (of_both.fired, of_both.last),
        (1, Some(kept.points[3].time))
    );
    // Prices came all the time, as far as they were heard.
    let silence = past(&app, json!({"kind": "stale", "after_s": 86_400})).await;
    let silence = silence.unwrap();
    assert_eq!((silence.fired, silence.since), (0, kept.points[0].time));

    let cap = json!({"kind": "market_cap", "side": "below", "value": "5"});
    let lacking = unknown("the market cap is not kept.");
    assert_eq!(past(&app, cap.clone()).await, lacking);
    let both = json!({"kind": "all", "conditions": [{"kind": "above", "price": "1"}, cap]});
    assert_eq!(past(&app, both).await, lacking);
    let change = json!({"kind": "change_24h", "side": "below", "percent": "-5"});
    assert_eq!(
        past(&app, change).await,
        unknown("the feed's change over 24 hours is not kept.")
    );
    let elsewhere = rule("ETH", json!({"kind": "stale", "after_s": 60}), json!({}));
    let preview = app
        .ok(api::PreviewRule {
            form: elsewhere.form,
        })
        .await;
    let why = preview.past_unknown.unwrap();
    assert!(
        why.ends_with("no prices of this symbol are kept here."),
        "{why}"
    );
}

fn bitcoin() -> api::GetPriceHistory {
    api::GetPriceHistory {
        symbol: "BTC".to_owned(),
        range: api::PriceRange::Hour,
    }
}
