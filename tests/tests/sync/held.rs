//! What was written long ago asks before it is sent, and nothing that was written is lost.

use std::time::Duration;

use serde_json::json;
use tidings_contract::{self as api, ErrorCode, Event, MessageRow, SendState};
use tidings_testkit::{DEADLINE, alice, bob, wait_for};
use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, credentials, open};

const DAY: Duration = Duration::from_hours(24);

/// A device whose app was started three days ago without a network, and a message that was written
/// then.
async fn written_long_ago(project: &Project) -> (Device, Client, String, MessageRow) {
    let (device, app) = alices_device(project).await;
    let session = app.session("Plans").await;
    app.stop().await;
    project.proxy.go_offline();
    device.clock.set_back(3 * DAY);
    let app = device.start().await;
    app.ok(open(&session)).await;
    let old = app.send(&session, "see you tomorrow").await;
    device.clock.set_back(Duration::ZERO);
    (device, app, session, old)
}

fn is_held(row: &MessageRow) -> bool {
    matches!(row.state, SendState::Held { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_three_days_ago_asks_and_is_sent_or_given_up_as_the_user_says() {
    let project = Project::start().await;
    let (_device, app, session, old) = written_long_ago(&project).await;
    let new = app.send(&session, "or today").await;
    let other = app.ok(api::CreateSession { title: None }).await.id;
    let elsewhere = app.send(&other, "somewhere else").await;
    project.proxy.heal();
    app.ok(api::Connect {}).await;

    let asked = app.message("held", &session, &old.id, is_held).await;
    let SendState::Held { written } = asked.state else {
        panic!("{asked:?}")
    };
    let age = new.created_at - written;
    assert!((age - 3 * 86_400_000).abs() < 3_600_000, "{age} ms");
    // What follows it waits with it, what is in another session does not.
    app.delivered(&elsewhere).await;
    let rows = app.messages(&session).await;
    assert_eq!(rows[1].state, SendState::Queued);
    assert!(project.stored(&session).await.is_empty());
    // What was sent is there before its row of the outbox is gone.
    app.until("the outbox in short", api::GetSnapshot {}, |snapshot| {
        let outbox = snapshot.active.as_ref().map(|active| active.outbox);
        outbox.is_some_and(|outbox| (outbox.held, outbox.queued) == (1, 1))
    })
    .await;
    let listed = app.ok(api::ListSessions {}).await;
    let row = listed.iter().find(|row| row.id == session).unwrap();
    assert_eq!((row.held, row.queued), (1, 1));

    let outbox = app.ok(api::ListOutbox {}).await;
    let change = outbox.iter().find(|row| row.text == old.content).unwrap();
    app.ok(api::RetryChange { change: change.seq }).await;
    app.delivered(&old).await;
    app.delivered(&new).await;
    assert_eq!(
        project.stored(&session).await,
        ["see you tomorrow", "or today"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_word_gives_up_all_that_is_old_and_what_follows_is_sent() {
    let project = Project::start().await;
    let (_device, app, session, old) = written_long_ago(&project).await;
    let new = app.send(&session, "or today").await;
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.message("held", &session, &old.id, is_held).await;
    app.ok(api::AnswerHeld { send: false }).await;
    app.delivered(&new).await;
    assert_eq!(project.stored(&session).await, ["or today"]);
    app.sent_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_turned_by_a_day_makes_nothing_old() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    project.proxy.go_offline();
    app.offline().await;
    device.clock.turn(DAY);
    let first = app.send(&session, "a day ahead").await;
    device.clock.turn(30 * DAY);
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    // By the clock of this computer it is a month old; by the server's it was just written.
    app.delivered(&first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_survives_a_sign_out_and_is_sent_for_its_own_account_alone() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    project.newcomer(&bob()).await;
    project.proxy.go_offline();
    app.offline().await;
    let mine = app.send(&session, "mine").await;
    app.ok(api::SignOut {
        scope: api::SignOutScope::ThisDevice,
    })
    .await;
    project.proxy.heal();
    let refused = app.refused(credentials(&bob())).await;
    assert_eq!(refused.code, ErrorCode::Refused);
    assert!(project.stored(&session).await.is_empty());
    app.ok(credentials(&alice())).await;
    app.delivered(&mine).await;
    assert_eq!(project.stored(&session).await, ["mine"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_message_that_was_deleted_meanwhile_becomes_a_draft() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "first words").await;
    app.delivered(&sent).await;
    project.proxy.go_offline();
    app.offline().await;
    app.ok(api::EditMessage {
        message: sent.id.clone(),
        content: "better words".to_owned(),
    })
    .await;
    let service = project.service();
    service
        .delete("chat_messages", &format!("id=eq.{}", sent.id))
        .await
        .unwrap();
    app.forget();
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    let told = app
        .event("a draft", |event| match event {
            Event::Draft { session, text } => Some((session.clone(), text.clone())),
            _ => None,
        })
        .await;
    assert_eq!(told, (session.clone(), "better words".to_owned()));
    app.event("a notice", |event| match event {
        Event::Notice { message, .. } if message.contains("kept as a draft") => Some(()),
        _ => None,
    })
    .await;
    app.sent_everything().await;
    assert!(app.messages(&session).await.is_empty());
    let opened = app.ok(open(&session)).await;
    assert_eq!(opened.session.draft.as_deref(), Some("better words"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_session_that_failed_can_be_given_up() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let bob = project.newcomer(&bob()).await;
    let service = project.service();
    let query = format!("id=eq.{session}");
    service
        .update("chat_sessions", &query, json!({"user_id": bob.user()}))
        .await
        .unwrap();
    app.ok(api::UpdateSession {
        session: session.clone(),
        title: Some("Mine".to_owned()),
        status: None,
    })
    .await;
    let failed = app
        .until("a failed change", api::ListOutbox {}, |rows| {
            rows.iter()
                .any(|row| matches!(row.state, SendState::Failed { .. }))
        })
        .await;
    app.ok(api::DiscardChange {
        change: failed[0].seq,
    })
    .await;
    assert!(app.ok(api::ListOutbox {}).await.is_empty());
    let listed = app.ok(api::ListSessions {}).await;
    assert_eq!(listed[0].title.as_deref(), Some("Plans"));
    let gone = app
        .refused(api::RetryChange {
            change: failed[0].seq,
        })
        .await;
    assert_eq!(gone.code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn using_a_session_writes_its_last_activity_and_the_list_follows_elsewhere() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let first = app.session("First").await;
    let second = app.session("Second").await;
    let desk = Device::new();
    let elsewhere = desk.start().await;
    elsewhere.sign_in(&project).await;
    let service = project.service();
    let query = format!("id=eq.{first}");
    let long_ago = json!({"last_activity": "2020-01-01T00:00:00Z"});
    service
        .update("chat_sessions", &query, long_ago)
        .await
        .unwrap();
    let order = |ids: [&str; 2]| {
        let ids = ids.map(str::to_owned);
        move |rows: &Vec<api::SessionRow>| rows.iter().map(|row| &row.id).eq(ids.iter())
    };
    elsewhere
        .until(
            "by last activity",
            api::ListSessions {},
            order([&second, &first]),
        )
        .await;

    let sent = app.send(&first, "used").await;
    app.delivered(&sent).await;
    let written = || async {
        let rows = service.select("chat_sessions", &query).await.unwrap();
        let at = rows[0]["last_activity"].as_str().unwrap().to_owned();
        (!at.starts_with("2020")).then_some(())
    };
    wait_for("a last activity of now", DEADLINE, written)
        .await
        .unwrap();
    elsewhere
        .until(
            "the new order",
            api::ListSessions {},
            order([&first, &second]),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_no_last_activity_is_written() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.activity = false;
    app.ok(api::SetSettings { settings }).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&alice()).await;
    let mut room = phone.changes("chat_sessions").await.unwrap();
    let query = format!("id=eq.{session}");
    let before = phone.select("chat_sessions", &query).await.unwrap();
    let sent = app.send(&session, "used").await;
    app.delivered(&sent).await;
    app.ok(api::UpdateSession {
        session: session.clone(),
        title: Some("Renamed".to_owned()),
        status: None,
    })
    .await;
    // The first change of the session is its name, and there its last activity is the old one.
    let change = room.change("UPDATE").await.unwrap();
    assert_eq!(change["record"]["title"], "Renamed");
    assert_eq!(
        change["record"]["last_activity"],
        before[0]["last_activity"]
    );
}
