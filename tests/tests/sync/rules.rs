//! Rules as a file, and what they would have done.

use serde_json::{Value, json};
use tidings_contract as api;

use tidings_tests::project::Project;

use crate::alerts::{crosses, rule, trailing};
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
    // Kept prices say nothing of figures, and cannot tell a silence.
    for condition in [
        json!({"kind": "volume", "side": "above", "value": "5"}),
        json!({"kind": "stale", "after_s": 5}),
    ] {
        let reply = app
            .ok(preview(rule("BTC", condition, json!({})).form))
            .await;
        assert!(reply.valid && reply.past.is_none(), "{reply:?}");
    }
    let untold = rule("BTC", json!({"kind": "above", "price": "-1"}), json!({}));
    assert!(!app.ok(preview(untold.form)).await.valid);
}

fn bitcoin() -> api::GetPriceHistory {
    api::GetPriceHistory {
        symbol: "BTC".to_owned(),
        range: api::PriceRange::Hour,
    }
}
