//! What the project refuses, and what is refused before it is asked.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tidings_contract::{self as api, ErrorCode, Event, SendState};
use tidings_testkit::{DEADLINE, alice, bob, mallory, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, credentials};

fn failed(state: &SendState) -> Option<(&str, &str)> {
    match state {
        SendState::Failed { code, reason } => Some((code, reason)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_rules_refuse_is_kept_with_the_reason_and_can_be_tried_again() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let bob = project.newcomer(&bob()).await;
    let service = project.service();
    let query = format!("id=eq.{session}");
    let owner = |user: &str| json!({"user_id": user});
    let phone = project.peer(&alice()).await;
    service
        .update("chat_sessions", &query, owner(bob.user()))
        .await
        .unwrap();

    let first = app.send(&session, "Mine?").await;
    let second = app.send(&session, "Or not?").await;
    for sent in [&first, &second] {
        let refused = app
            .message("failed", &session, &sent.id, |row| {
                failed(&row.state).is_some()
            })
            .await;
        let (code, reason) = failed(&refused.state).unwrap();
        assert_eq!(code, "missing_session");
        assert!(reason.contains("does not show it to you"), "{reason}");
    }
    assert!(project.stored(&session).await.is_empty());
    let outbox = app.ok(api::GetSnapshot {}).await.active.unwrap().outbox;
    assert_eq!((outbox.queued, outbox.failed), (0, 2));

    app.ok(api::DiscardMessage {
        message: second.id.clone(),
    })
    .await;
    service
        .update("chat_sessions", &query, owner(phone.user()))
        .await
        .unwrap();
    app.ok(api::RetryMessage {
        message: first.id.clone(),
    })
    .await;
    app.delivered(&first).await;
    assert_eq!(project.stored(&session).await, ["Mine?"]);
    assert_eq!(app.contents(&session).await, ["Mine?"]);
    app.sent_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_characters_are_sent_and_one_more_is_refused_before_it_is_kept() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let send = |content: String| api::SendMessage {
        session: session.clone(),
        content,
        reply_to: None,
    };
    let error = app.refused(send("ä".repeat(20_001))).await;
    assert_eq!(error.code, ErrorCode::Invalid);
    assert!(error.message.contains("20000"), "{}", error.message);
    let error = app.refused(send("  \n ".to_owned())).await;
    assert_eq!(error.code, ErrorCode::Invalid);
    assert!(app.ok(api::ListOutbox {}).await.is_empty());
    assert!(app.messages(&session).await.is_empty());
    let longest = app.ok(send("ä".repeat(20_000))).await;
    app.delivered(&longest).await;
    assert_eq!(project.stored(&session).await[0].chars().count(), 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_ones_own_messages_can_be_changed() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let row = json!({"session_id": session, "role": "assistant", "content": "I answer."});
    let id = project
        .service()
        .insert("chat_messages", row)
        .await
        .unwrap()["id"]
        .clone();
    let message = id.as_str().unwrap().to_owned();
    app.message("the answer", &session, &message, |row| !row.own)
        .await;
    let edit = api::EditMessage {
        message: message.clone(),
        content: "I obey.".into(),
    };
    assert_eq!(app.refused(edit).await.code, ErrorCode::Invalid);
    assert_eq!(
        app.refused(api::DeleteMessage { message }).await.code,
        ErrorCode::Invalid
    );
    assert_eq!(project.stored(&session).await, ["I answer."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_keys_are_refused_with_the_reason_and_never_kept() {
    let project = Project::start().await;
    let device = Device::new();
    let app = device.start().await;
    let service = project.server.info().service_role_key.reveal().to_owned();
    for (key, reason) in [
        ("sb_secret_0123456789abcdef", "secret key"),
        (service.as_str(), "service_role"),
        ("sbp_0123456789abcdef", "personal access token"),
        ("hello", "not a project key"),
    ] {
        let (url, key) = (project.proxy.url(), key.to_owned());
        let looked = app
            .ok(api::CheckProject {
                url: url.clone(),
                key: key.clone(),
            })
            .await;
        assert!(!looked.usable);
        let item = looked
            .items
            .iter()
            .find(|item| item.check == api::Check::Key)
            .unwrap();
        assert_eq!(item.outcome, api::CheckOutcome::Failed);
        assert!(item.message.contains(reason), "{}", item.message);
        let error = app
            .refused(api::AddWorkspace {
                url,
                key: key.clone(),
                name: None,
            })
            .await;
        assert_eq!(error.code, ErrorCode::Key);
        assert!(error.message.contains(reason), "{}", error.message);
        assert!(!error.message.contains(&key) && !device.holds(&key));
    }
    assert!(app.ok(api::GetSnapshot {}).await.workspaces.is_empty());
    // Nothing was asked of the project with them.
    assert_eq!(project.proxy.counts().made, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_a_wrong_key_and_a_silent_project_are_told_apart() {
    let project = Project::start().await;
    let device = Device::new();
    let app = device.start().await;
    let outcome = |looked: &api::ProjectCheck, check: api::Check| {
        let item = looked
            .items
            .iter()
            .find(|item| item.check == check)
            .unwrap();
        (item.outcome, item.message.clone())
    };
    let look = |url: String, key: String| app.ok(api::CheckProject { url, key });

    let good = look(project.proxy.url(), project.key()).await;
    assert!(good.usable, "{good:#?}");

    for (url, part) in [
        ("", "empty"),
        ("ftp://127.0.0.1", "https://"),
        ("http://example.com", "unprotected"),
        ("https://user:secret@example.com", "password"),
    ] {
        let looked = look(url.to_owned(), project.key()).await;
        let (state, message) = outcome(&looked, api::Check::Reachable);
        assert_eq!(state, api::CheckOutcome::Failed);
        assert!(message.contains(part), "{url}: {message}");
        let add = api::AddWorkspace {
            url: url.to_owned(),
            key: project.key(),
            name: None,
        };
        assert_eq!(app.refused(add).await.code, ErrorCode::Invalid);
    }

    let wrong = look(
        project.proxy.url(),
        "sb_publishable_somebody_elses".to_owned(),
    )
    .await;
    assert_eq!(
        outcome(&wrong, api::Check::Reachable).0,
        api::CheckOutcome::Ok
    );
    assert_eq!(
        outcome(&wrong, api::Check::Key).0,
        api::CheckOutcome::Failed
    );

    project.proxy.go_offline();
    let silent = look(project.proxy.url(), project.key()).await;
    let (state, message) = outcome(&silent, api::Check::Reachable);
    assert_eq!(state, api::CheckOutcome::Failed);
    assert!(message.starts_with("Nothing answers there"), "{message}");
    assert_eq!(
        outcome(&silent, api::Check::Key).0,
        api::CheckOutcome::Unknown
    );

    // It can be added all the same, and signing in says what is wrong.
    let (url, key) = (project.proxy.url(), project.key());
    app.ok(api::AddWorkspace {
        url,
        key,
        name: None,
    })
    .await;
    assert_eq!(
        app.refused(credentials(&alice())).await.code,
        ErrorCode::Offline
    );
    project.proxy.heal();
    let wrong = app.refused(credentials(&mallory())).await;
    assert_eq!(wrong.code, ErrorCode::Credentials);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stops_being_good_is_told_and_nothing_is_lost() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "Kept").await;
    app.delivered(&sent).await;
    app.stop().await;
    // The project is set up anew behind the same address: another key, other accounts.
    let other = Project::start().await;
    let address = other
        .server
        .info()
        .url
        .replace("http://", "")
        .parse()
        .unwrap();
    project.proxy.set_upstream(address);
    let app = device.start().await;
    let bad = |state: &api::Connection| {
        matches!(
            state,
            api::Connection::Refused { .. } | api::Connection::SignedOut
        )
    };
    app.connection("refused", bad).await;
    assert_eq!(app.contents(&session).await, ["Kept"]);
    let waiting = app.send(&session, "Waits").await;
    assert_eq!(waiting.state, SendState::Queued);
    app.stop().await;
    project.proxy.set_upstream(
        project
            .server
            .info()
            .url
            .replace("http://", "")
            .parse()
            .unwrap(),
    );
    let app = device.start().await;
    wait_for("both", DEADLINE, || async {
        (project.stored(&session).await == ["Kept", "Waits"]).then_some(())
    })
    .await
    .unwrap();
    app.sent_everything().await;
}

async fn word_on_the_settings(app: &Client) -> String {
    app.event("a word on the settings", |event| match event {
        Event::Notice { message, .. } => Some(message.clone()),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_are_kept_aside_and_the_first_window_is_told() {
    let device = Device::new();
    std::fs::write(device.file("config.json"), "{ \"settings\": ").unwrap();
    let app = device.start().await;
    let told = word_on_the_settings(&app).await;
    let aside = device.file("config.damaged.json");
    assert!(told.contains(&aside.display().to_string()), "{told}");
    assert!(aside.exists());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_outlive_the_file_that_names_them() {
    let project = Project::start().await;
    let device = Device::new();
    let app = device.start().await;
    app.join(&project).await;
    let before = app.ok(api::GetSnapshot {}).await.workspaces;
    app.stop().await;
    std::fs::write(device.file("config.json"), "").unwrap();
    let app = device.start().await;
    let told = word_on_the_settings(&app).await;
    assert!(told.contains("their copy was taken"), "{told}");
    assert_eq!(app.ok(api::GetSnapshot {}).await.workspaces, before);
    app.live().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_for_a_while_heals_by_itself() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.refused_changes = Duration::from_millis(200);
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    app.whole(&session).await;

    // As after a reset of the database.
    project.server.faults().lack_table(Some("chat_messages"));
    project.server.faults().crash_channels();
    app.connection("the refusal with its reason", |state| match state {
        api::Connection::Refused { reason } => reason.contains("Unable to subscribe"),
        _ => false,
    })
    .await;
    // What is written meanwhile waits, and nobody has to do anything.
    let mine = app.send(&session, "Written meanwhile").await;
    let phone = project.peer(&alice()).await;
    let row = serde_json::json!({
        "session_id": session, "user_id": phone.user(), "role": "user", "content": "And theirs",
    });
    phone.insert("chat_messages", row).await.unwrap();
    project.server.faults().lack_table(None);
    app.live().await;
    app.delivered(&mine).await;
    app.until("theirs", crate::kit::latest(&session), |page| {
        page.rows.iter().any(|row| row.content == "And theirs")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_refuses_to_be_read_for_a_while_heals_by_itself() {
    let mut device = Device::new();
    device.pace.refused_changes = Duration::from_millis(200);
    heals(&device).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_succeeds_ends_a_refusal_to_be_read() {
    let mut device = Device::new();
    // Long before it would be asked again for itself.
    device.pace.refused_changes = Duration::from_mins(10);
    device.pace.chat = Duration::from_millis(200);
    heals(&device).await;
}

/// A project refuses to be read, and then does not any more.
async fn heals(device: &Device) {
    let project = Project::start().await;
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    app.whole(&session).await;

    // As when a grant is missing; the socket stays as it is.
    let hooks = project.server.state().hooks();
    hooks.watch_rest(Some(Arc::new(|method, uri| {
        let messages = method == "GET" && uri.path().ends_with("/chat_messages");
        messages.then_some(StatusCode::FORBIDDEN)
    })));
    project.server.faults().repeat_subscribed();
    app.connection("the refusal with its reason", |state| match state {
        api::Connection::Refused { reason } => reason.contains("refused to be read"),
        _ => false,
    })
    .await;
    let mine = app.send(&session, "Written meanwhile").await;
    app.forget();
    hooks.watch_rest(None);
    app.live().await;
    app.delivered(&mine).await;
    let anew = app.told(|event| match event {
        Event::Connection { connection } => {
            (*connection == api::Connection::Connecting).then_some(())
        }
        _ => None,
    });
    assert!(anew.is_empty(), "nothing connected anew");
}
