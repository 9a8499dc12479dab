//! What is written outside the window follows the language of the window.

use serde_json::json;
use tidings_contract::{self as api, Event};
use tidings_testkit::{DEADLINE, bob, wait_for};
use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, latest, open};
use crate::market::above;

async fn speak(app: &Client, wording: api::Wording) {
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.wording = wording;
    app.ok(api::SetSettings { settings }).await;
}

const GERMAN: api::Wording = api::Wording {
    language: api::Spoken::De,
    group: '.',
    decimal: ',',
};

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_notifications_are_written_in_the_language_of_the_window() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let (device, app) = alices_device(&project).await;
    app.until("a price", api::GetWatchList {}, |rows| {
        rows.iter().any(|row| row.price.is_some())
    })
    .await;
    let rule = app.ok(above("BTC", "70000")).await;
    assert_eq!(rule.sentence, "Crosses above 70,000");

    app.forget();
    speak(&app, GERMAN).await;
    // Whoever shows the rules reads them again.
    app.event("the rules", |event| {
        matches!(event, Event::Rules { armed: 1 }).then_some(())
    })
    .await;
    let rules = app.ok(api::ListRules {}).await;
    assert_eq!(rules[0].sentence, "Steigt über 70.000");
    let preview = app
        .ok(api::PreviewRule {
            form: rules[0].form.clone(),
        })
        .await;
    assert_eq!(
        preview.arming.as_deref(),
        Some("Unter der Linie: sofort scharf")
    );

    app.ok(api::TestNotification {}).await;
    project.price("BTC", "70100").await;
    let shown = wait_for("the notifications", DEADLINE, || async {
        let shown = device.desk.shown();
        (shown.len() == 2).then_some(shown)
    })
    .await
    .unwrap();
    assert_eq!(shown[0].title, "Tidings kann dich benachrichtigen");
    assert_eq!(shown[1].title, "BTC über 70.000 gestiegen");
    assert!(shown[1].body.starts_with("70.100,00"), "{}", shown[1].body);

    // Switzerland groups in its own way.
    speak(
        &app,
        api::Wording {
            group: '’',
            decimal: '.',
            ..GERMAN
        },
    )
    .await;
    let rules = app.ok(api::ListRules {}).await;
    assert_eq!(rules[0].sentence, "Steigt über 70’000");
    app.stop().await;

    // The next start speaks as the last one did, before a window has said anything.
    let again = device.start().await;
    let rules = again.ok(api::ListRules {}).await;
    assert_eq!(rules[0].sentence, "Steigt über 70’000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_name_or_a_title_is_told_in_german() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Pläne").await;
    let bob = project.newcomer(&bob()).await;
    device.desk.set_focused(false);
    speak(&app, GERMAN).await;
    let say = |name: serde_json::Value| {
        json!({
            "session_id": session, "user_id": bob.user(), "role": "user",
            "content": "Hallo", "metadata": name,
        })
    };
    let shown = |count: usize| {
        let desk = &device.desk;
        async move {
            wait_for("the notification", DEADLINE, || async {
                let shown: Vec<_> = desk.shown();
                shown.into_iter().nth(count - 1).map(|shown| shown.title)
            })
            .await
            .unwrap()
        }
    };
    let service = project.service();
    let row = say(json!({"user_name": "Bob"}));
    service.insert("chat_messages", row).await.unwrap();
    assert_eq!(shown(1).await, "Bob in „Pläne“");

    let mut settings = app.ok(api::GetSettings {}).await;
    settings.previews = false;
    app.ok(api::SetSettings { settings }).await;
    service
        .insert("chat_messages", say(json!({})))
        .await
        .unwrap();
    assert_eq!(shown(2).await, "Neue Nachricht");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_assistant_speaks_as_the_window_does_and_understands_its_figures() {
    let device = Device::new();
    let app = device.start().await;
    speak(&app, GERMAN).await;
    app.ok(api::StartLocal {}).await;
    app.live().await;
    let welcome = |rows: &Vec<api::SessionRow>| {
        rows.iter()
            .any(|row| row.title.as_deref() == Some("Willkommen bei Tidings"))
    };
    let rows = app
        .until("the sessions", api::ListSessions {}, welcome)
        .await;
    let session = rows[0].id.clone();
    app.ok(open(&session)).await;
    app.send(&session, "/alert BTC über 1.000.000").await;
    let answer = |begins: &'static str| {
        app.until("an answer", latest(&session), move |page| {
            page.rows
                .last()
                .is_some_and(|row| row.content.starts_with(begins))
        })
    };
    answer("Der Alarm ist gestellt").await;
    let rules = app
        .until("the rule", api::ListRules {}, |rules| !rules.is_empty())
        .await;
    assert_eq!(rules[0].sentence, "Steigt über 1.000.000");

    let english = api::Wording::default();
    speak(&app, english).await;
    app.send(&session, "/dance").await;
    answer("I do not know /dance").await;
}
