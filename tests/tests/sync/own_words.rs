//! Notifications of alerts in the user's own words.

use serde_json::json;
use tidings_contract::{self as api, FiringMark, Placeholder};
use tidings_model::Timestamp;
use tidings_testkit::{DEADLINE, wait_until};
use tidings_tests::project::Project;

use crate::alerts::{crosses, rule};
use crate::delivery::{fires, quick};
use crate::kit::{Client, alices_device};
use crate::market::{told, watched};
use crate::quiet_hours::quiet;

/// A rule on a line at 70,000 that says this.
fn says(message: &str) -> api::SaveRule {
    let condition = json!({"kind": "above", "price": "70000"});
    rule(
        "BTC",
        condition,
        json!({"message": message, "tags": ["swing"]}),
    )
}

async fn usually(app: &Client, message: &str) {
    let mut settings = app.ok(api::GetSettings {}).await;
    message.clone_into(&mut settings.alert_message);
    app.ok(api::SetSettings { settings }).await;
}

async fn of_bitcoin(app: &Client) -> Vec<api::FiringRow> {
    let symbol = Some("BTC".to_owned());
    app.ok(api::ListFirings {
        limit: 10,
        symbol,
        before: None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_told_and_kept_in_its_own_words_else_in_those_of_the_settings() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = quick();
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    usually(&app, "Usually: {details}").await;
    let own = says("{symbol} {{long}} at {price}, over {threshold}\n[{tags}] {time} {move}");
    let own = app.ok(own).await;
    app.ok(says("  ")).await;
    project.price("BTC", "70100.5").await;
    wait_until("both", DEADLINE, || device.desk.shown().len() == 2)
        .await
        .unwrap();
    let mut shown = device.desk.shown();
    shown.sort_by_key(|shown| shown.rule.as_ref() != Some(&own.id));
    let rows = of_bitcoin(&app).await;
    let clock = Timestamp::from_millis(rows[0].time).local_clock();
    let said = format!("BTC {{long}} at 70,100.50, over 70,000\n[swing] {clock} –");
    assert_eq!(shown[0].title, "BTC crossed above 70,000");
    assert_eq!(shown[0].body, said);
    let feed = "■ 0.00\u{202f}% in 24 hours";
    assert_eq!(shown[1].body, format!("Usually: 70,100.50, {feed}"));
    let kept = |of: &str| {
        let row = rows.iter().find(|row| row.rule == of).unwrap();
        row.message.clone()
    };
    assert_eq!(kept(&own.id), Some(said));
    // Where nobody wrote anything nothing is kept but what happened.
    usually(&app, "").await;
    let bare = app.ok(crosses("70050")).await;
    project.price("BTC", "70000").await;
    wait_until("the third", DEADLINE, || device.desk.shown().len() == 3)
        .await
        .unwrap();
    let body = format!("70,000.00, {feed}");
    assert_eq!(device.desk.shown()[2].body, body);
    let rows = of_bitcoin(&app).await;
    assert_eq!((&rows[0].rule, &rows[0].message), (&bare.id, &None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_says_later_what_it_would_have_said_then() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = quick();
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    let rule = app.ok(says("Sell half at {price}")).await;
    quiet(&device, &app, true).await;
    fires(&project, &app, "70100", FiringMark::Quiet).await;
    // Rewritten meanwhile, and over a restart.
    let id = Some(rule.id);
    app.ok(api::SaveRule {
        id,
        ..says("Something else")
    })
    .await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    quiet(&device, &app, false).await;
    wait_until("the notification", DEADLINE, || {
        device.desk.shown().len() == 1
    })
    .await
    .unwrap();
    let shown = device.desk.shown().remove(0);
    let rows = of_bitcoin(&app).await;
    let clock = Timestamp::from_millis(rows[0].time).local_clock();
    assert_eq!(shown.title, "BTC crossed above 70,000");
    assert_eq!(shown.body, format!("{clock}: Sell half at 70,100.00"));

    // Of several each has the short line that it always has.
    quiet(&device, &app, true).await;
    app.ok(crosses("70050")).await;
    app.ok(says("Own words")).await;
    for price in ["69000", "70200"] {
        project.price("BTC", price).await;
        told(&app, "BTC", price).await;
    }
    let listed = api::ListFirings {
        limit: 10,
        symbol: None,
        before: None,
    };
    app.until("the firings", listed, |rows| {
        rows.iter()
            .filter(|row| row.message.as_deref() == Some("Own words"))
            .count()
            == 1
            && rows.len() >= 4
    })
    .await;
    quiet(&device, &app, false).await;
    wait_until("the digest", DEADLINE, || device.desk.shown().len() == 2)
        .await
        .unwrap();
    let digest = device.desk.shown().remove(1);
    assert!(digest.title.starts_with("Held until now:"), "{digest:?}");
    assert!(!digest.body.contains("Own words"), "{digest:?}");
    assert!(
        digest.body.contains("BTC crossed above 70,000, 70,200.00"),
        "{digest:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_shown_before_it_is_saved_and_what_is_wrong_with_it_is_said_apart() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let (_device, app) = alices_device(&project).await;
    watched(&app, "BTC").await;
    let preview = async |message: &str| {
        let form = says(message).form;
        app.ok(api::PreviewRule { form }).await
    };
    let told = preview("{symbol} is at {price}").await;
    let shown = told.notification.unwrap();
    assert_eq!(shown.title, "BTC crossed above 70,000");
    assert_eq!(shown.body, "BTC is at 70,000.00");
    let value = |placeholder: Placeholder| {
        let found = shown
            .values
            .iter()
            .find(|each| each.placeholder == placeholder);
        found.unwrap().text.as_str()
    };
    assert_eq!(value(Placeholder::Threshold), "70,000");
    assert_eq!(value(Placeholder::Move), "–");
    let usual = "70,000.00, ■ 0.00\u{202f}% in 24 hours";
    assert_eq!(value(Placeholder::Details), usual);

    let wrong = preview("{prize}").await;
    let problem = wrong.message_problem.unwrap();
    assert!(
        problem.starts_with("{prize} in the text stands for nothing."),
        "{problem}"
    );
    assert!(!wrong.valid && wrong.problem.is_none());
    // The rest is told all the same.
    assert_eq!(
        wrong.arming.as_deref(),
        Some("Below the line: armed at once")
    );
    assert_eq!(wrong.notification.unwrap().body, usual);
    let refused = app.refused(says("{prize}")).await;
    assert_eq!(refused.message, problem);

    usually(&app, "Usually").await;
    assert_eq!(preview("").await.notification.unwrap().body, "Usually");
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.alert_message = "{".to_owned();
    let refused = app.refused(api::SetSettings { settings }).await;
    assert!(refused.message.contains("not closed"), "{refused:?}");
    assert_eq!(app.ok(api::GetSettings {}).await.alert_message, "Usually");
}
