//! Bad input: rows too large or out of shape, frames that cannot be read, refusals for a while.

use std::time::Instant;

use serde_json::{Value, json};
use tidings_contract::{self as api, Connection, Event, SendState};
use tidings_realtime::frame::{Vsn, Wire};
use tidings_testkit::proxy::{Answer, Direction};
use tidings_testkit::{DEADLINE, alice, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, alices_device, latest, rows_of};

async fn counter(app: &Client, name: &str) -> u64 {
    let counters = app.ok(api::GetDiagnostics {}).await.counters;
    counters
        .iter()
        .find(|counter| counter.name == name)
        .unwrap()
        .value
}

fn raw(project: &Project, text: &str) {
    project
        .server
        .faults()
        .send_raw(Vsn::V2, Wire::Text(text.to_owned()));
}

/// A change of `chat_messages` on the channel `chat`, in the form that names no binding.
fn forged(project: &Project, kind: &str, record: &Value) {
    let data = json!({
        "schema": "public", "table": "chat_messages", "type": kind,
        "commit_timestamp": "2099-01-01T00:00:00Z", "columns": [], "errors": null,
        "record": record, "old_record": {},
    });
    raw(
        project,
        &json!([null, null, "realtime:chat", kind, data]).to_string(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_over_one_megabyte_is_shown_as_incomplete_and_read_again() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&alice()).await;
    app.forget();
    // Slow enough for the row to be seen before it is there.
    project.proxy.slow(Direction::Down, 1_500_000);
    let content = "long ".repeat(230_000);
    let row = json!({
        "session_id": session, "user_id": phone.user(), "role": "user", "content": content,
    });
    let id = phone.insert("chat_messages", row).await.unwrap()["id"].clone();
    app.event("the incomplete row", |event| {
        rows_of(event, &session)
            .iter()
            .any(|row| row.id == id && row.incomplete)
            .then_some(())
    })
    .await;
    let whole = |row: &api::MessageRow| !row.incomplete && row.content.len() == content.len();
    app.event("the whole row", |event| {
        rows_of(event, &session)
            .iter()
            .any(|row| row.id == id && whole(row))
            .then_some(())
    })
    .await;
    project.proxy.heal();
    assert!(whole(&app.messages(&session).await[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_cannot_be_read_are_counted_and_change_nothing() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let (unknown, unreadable) = (
        counter(&app, "unknown frames").await,
        counter(&app, "unreadable frames").await,
    );
    for frame in [
        "",
        "{",
        "[]",
        "null",
        "[1,2,3]",
        r#"{"topic":"realtime:chat"}"#,
    ] {
        raw(&project, frame);
    }
    project
        .server
        .faults()
        .send_raw(Vsn::V2, Wire::Binary(vec![4, 255].into()));
    raw(&project, r#"[null,null,"realtime:chat","a_new_event",{}]"#);
    project
        .server
        .faults()
        .send_raw(Vsn::V2, Wire::Binary(vec![99, 0, 0].into()));
    app.until("the count", api::GetDiagnostics {}, |now| {
        let value = |name: &str| now.counters.iter().find(|c| c.name == name).unwrap().value;
        value("unreadable frames") >= unreadable + 7 && value("unknown frames") >= unknown + 2
    })
    .await;
    assert_eq!(counter(&app, "reconnects").await, 0);
    let sent = app.send(&session, "Still here").await;
    app.delivered(&sent).await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_with_missing_or_extra_columns_are_taken_in_and_impossible_ones_are_read_again() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "As it was").await;
    let sent = app.delivered(&sent).await;
    // Another column than we know, and most of ours missing: what is missing is kept.
    project.server.faults().drop_changes(1);
    let query = format!("id=eq.{}", sent.id);
    let change = json!({"content": "Changed"});
    project
        .service()
        .update("chat_messages", &query, change)
        .await
        .unwrap();
    forged(
        &project,
        "UPDATE",
        &json!({"id": sent.id, "content": "Changed", "stars": [1, {}]}),
    );
    let row = app
        .message("the change", &session, &sent.id, |row| {
            row.content == "Changed"
        })
        .await;
    assert_eq!(
        (row.created_at, &row.user_id, row.own),
        (sent.created_at, &sent.user_id, true)
    );

    for record in [
        json!({"content": "no id"}),
        json!({"id": "not-a-uuid", "session_id": session, "content": "bad id"}),
        json!({"id": uuid::Uuid::now_v7(), "session_id": session, "created_at": "soon"}),
        json!({"id": uuid::Uuid::now_v7(), "session_id": {"a": 1}}),
        json!([1, 2, 3]),
        Value::Null,
    ] {
        forged(&project, "INSERT", &record);
    }
    // What the server has is what counts.
    let truth = app.until("the server's rows", latest(&session), |page| {
        page.rows.len() == 1 && page.rows[0].content == "Changed"
    });
    truth.await;
    app.live().await;
    let next = app.send(&session, "Goes on").await;
    app.delivered(&next).await;
    assert_eq!(app.contents(&session).await, ["Changed", "Goes on"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_doubled_and_swapped_changes_come_out_right() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&alice()).await;
    let faults = project.server.faults();
    let say = |content: String| {
        let row = json!({
            "session_id": session, "user_id": phone.user(), "role": "user", "content": content,
        });
        phone.insert("chat_messages", row)
    };
    faults.duplicate_changes(3);
    let mut expected = Vec::new();
    for n in 0..3 {
        expected.push(format!("twice {n}"));
        say(format!("twice {n}")).await.unwrap();
    }
    faults.swap_changes(1);
    for n in 0..2 {
        expected.push(format!("swapped {n}"));
        say(format!("swapped {n}")).await.unwrap();
    }
    app.until("five", latest(&session), |page| page.rows.len() == 5)
        .await;
    assert_eq!(app.contents(&session).await, expected);
    // A change that is lost is found by the next catch-up.
    faults.drop_changes(1);
    expected.push("lost".to_owned());
    say("lost".to_owned()).await.unwrap();
    expected.push("heard".to_owned());
    say("heard".to_owned()).await.unwrap();
    app.until("the one that was heard", latest(&session), |page| {
        page.rows.iter().any(|row| row.content == "heard")
    })
    .await;
    faults.close(1011);
    app.until("the one that was lost", latest(&session), |page| {
        page.rows.len() == 7
    })
    .await;
    assert_eq!(app.contents(&session).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_a_while_is_waited_out() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let busy = Answer::status(503)
        .path("/rest/v1/")
        // A connection is asked once, at its first request: one that began with this would pass.
        .path("/auth/v1/")
        .header("Retry-After", "1");
    project.proxy.answer(busy);
    project.proxy.cut();
    let sent = app.send(&session, "Patience").await;
    project
        .proxy
        .wait_counts("a refused request", DEADLINE, |counts| counts.answered > 0)
        .await
        .unwrap();
    let row = app.messages(&session).await.remove(0);
    assert!(
        matches!(row.state, SendState::Queued | SendState::Sending),
        "{:?}",
        row.state
    );
    project.proxy.heal();
    app.delivered(&sent).await;
    assert_eq!(project.stored(&session).await, ["Patience"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answering_is_noticed_and_returned_to() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    project.server.faults().crash_channels();
    let sent = app.send(&session, "Through a crash").await;
    app.delivered(&sent).await;
    app.live().await;
    project.server.faults().abort();
    let phone = project.peer(&alice()).await;
    let row = json!({
        "session_id": session, "user_id": phone.user(), "role": "user", "content": "Meanwhile",
    });
    phone.insert("chat_messages", row).await.unwrap();
    app.until("both", latest(&session), |page| page.rows.len() == 2)
        .await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_without_a_time_is_not_hammered_and_nothing_is_lost() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let state = project.server.state();
    let hooks = state.hooks();
    let refused = |count: u64| async move {
        wait_for("refusals", DEADLINE, || async move {
            (hooks.refused_by_limit() >= count).then_some(())
        })
        .await
        .unwrap();
    };
    hooks.limit_rest(true);
    let began = Instant::now();
    let first = app.send(&session, "One").await;
    refused(2).await;
    // Neither more to send nor a new connection, which is caught up with, asks any sooner.
    let second = app.send(&session, "Two").await;
    app.forget();
    app.ok(api::Connect {}).await;
    app.event("a catch-up", |event| match event {
        Event::Connection { connection } => {
            matches!(connection, Connection::CatchingUp { .. }).then_some(())
        }
        _ => None,
    })
    .await;
    refused(3).await;
    // A few may have been on their way together when the limit came; after that there are never
    // two rounds in a second. (How the waits grow is tested where they are made.)
    let (count, passed) = (hooks.refused_by_limit(), began.elapsed());
    assert!(
        count <= 4 + 2 * passed.as_secs(),
        "{count} refusals in {passed:?}"
    );
    for sent in [&first, &second] {
        app.message("waiting", &session, &sent.id, |row| {
            matches!(row.state, SendState::Queued | SendState::Sending)
        })
        .await;
    }

    hooks.limit_rest(false);
    app.live().await;
    app.sent_everything().await;
    assert_eq!(project.stored(&session).await, ["One", "Two"]);
}
