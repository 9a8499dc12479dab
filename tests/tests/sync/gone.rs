//! What was written into a session that somebody else deleted meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::StatusCode;
use serde_json::json;
use tidings_contract::{self as api, OutboxChange, OutboxRow, SendState};
use tidings_local::{Options, Parts, WorkspaceOptions};
use tidings_testkit::proxy::Direction;
use tidings_testkit::{DEADLINE, alice, wait_for};
use tidings_tests::project::Project;

use crate::kit::{Client, alices_device};

async fn project(parts: Parts) -> Project {
    Project::start_with(Options {
        workspace: WorkspaceOptions {
            parts,
            ..WorkspaceOptions::default()
        },
        ..Options::default()
    })
    .await
}

/// The one change that failed, with the word for the reason.
async fn failed(app: &Client) -> (OutboxRow, String) {
    let code = |row: &OutboxRow| match &row.state {
        SendState::Failed { code, .. } => Some(code.clone()),
        _ => None,
    };
    let rows = app
        .until("a change that failed", api::ListOutbox {}, |rows| {
            rows.len() == 1 && code(&rows[0]).is_some()
        })
        .await;
    (rows[0].clone(), code(&rows[0]).unwrap())
}

async fn a_message_into_a_session_that_is_gone_is_kept(parts: Parts, unheard: bool) {
    let project = project(parts).await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&alice()).await;
    let query = format!("id=eq.{session}");
    if unheard {
        // The session's deletion is not told, so that it is written into as if it were there.
        project.server.faults().drop_changes(1);
        phone.delete("chat_sessions", &query).await.unwrap();
        app.send(&session, "Nowhere else").await;
    } else {
        project.proxy.go_offline();
        app.offline().await;
        app.send(&session, "Nowhere else").await;
        phone.delete("chat_sessions", &query).await.unwrap();
        project.proxy.heal();
        app.ok(api::Connect {}).await;
        app.live().await;
    }
    let (row, code) = failed(&app).await;
    assert_eq!(code, "missing_session", "{row:?}");
    assert_eq!(
        (row.change, row.text.as_str()),
        (OutboxChange::Send, "Nowhere else")
    );
    assert!(project.stored(&session).await.is_empty());
    // Tried again it is as it was.
    app.ok(api::RetryChange { change: row.seq }).await;
    assert_eq!(failed(&app).await.0.text, "Nowhere else");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_into_a_session_that_is_gone_is_kept_whatever_the_project_has() {
    let sync = Parts {
        sync: true,
        ..Parts::NONE
    };
    for parts in [Parts::NONE, sync, Parts::ALL] {
        a_message_into_a_session_that_is_gone_is_kept(parts, true).await;
        a_message_into_a_session_that_is_gone_is_kept(parts, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_arrived_and_was_deleted_is_not_refused() {
    let project = Project::numbered().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    // The answer is lost, and the message deleted before it is sent again.
    project.proxy.lose(Direction::Down);
    let sent = app.send(&session, "Here for a moment").await;
    wait_for("the message on the server", DEADLINE, || async {
        (project.stored(&session).await == ["Here for a moment"]).then_some(())
    })
    .await
    .unwrap();
    let query = format!("id=eq.{}", sent.id);
    let service = project.service();
    service.delete("chat_messages", &query).await.unwrap();
    project.proxy.heal();
    project.proxy.cut();
    app.sent_everything().await;
    assert!(app.messages(&session).await.is_empty());
    assert!(project.stored(&session).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_deleted_before_its_making_was_answered_does_not_look_made() {
    let project = Project::numbered().await;
    let (_device, app) = alices_device(&project).await;
    let phone = project.peer(&alice()).await;
    let away = Arc::new(AtomicBool::new(true));
    let refuses = away.clone();
    let hooks = project.server.state().hooks();
    hooks.watch_rest(Some(Arc::new(move |method, uri| {
        // Of both who write only the app names a conflict.
        let makes = method == "POST" && uri.path().ends_with("/chat_sessions");
        let apps = uri.query().unwrap_or_default().contains("on_conflict");
        (makes && apps && refuses.load(Ordering::SeqCst)).then_some(StatusCode::SERVICE_UNAVAILABLE)
    })));
    let title = Some("Here for a moment".to_owned());
    let made = app.ok(api::CreateSession { title }).await.id;
    app.send(&made, "Nowhere else").await;
    // As if an attempt had arrived and its answer was lost; nothing of it is told.
    project.server.faults().drop_changes(2);
    let row = json!({"id": made, "user_id": phone.user(), "title": "Here for a moment"});
    phone.insert("chat_sessions", row).await.unwrap();
    let query = format!("id=eq.{made}");
    phone.delete("chat_sessions", &query).await.unwrap();
    away.store(false, Ordering::SeqCst);

    let (row, code) = failed(&app).await;
    assert_eq!(code, "missing_session", "{row:?}");
    assert_eq!(row.text, "Nowhere else");
    let listed = app.ok(api::ListSessions {}).await;
    assert!(listed.iter().all(|row| row.id != made), "{listed:?}");
}
