//! More changes while a catch-up runs than are held.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::{Value, json};
use tidings_contract::{self as api, Connection};
use tidings_testkit::{DEADLINE, alice, wait_for, wait_until};
use tidings_tests::project::Project;

use crate::kit::{Client, Device};

/// Changes that the app holds, and those that are told meanwhile.
const HELD: usize = 5;
const TOLD: usize = 40;

/// Has the server keep the first request for messages of this session waiting. Returns whether it
/// came, and what lets it go.
fn keep_waiting(project: &Project, session: &str) -> (Arc<AtomicBool>, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel();
    let (session, wait) = (session.to_owned(), Mutex::new(Some(wait)));
    let came = Arc::new(AtomicBool::new(false));
    let noted = came.clone();
    let hooks = project.server.state().hooks();
    hooks.watch_rest(Some(Arc::new(move |_, uri| {
        let asked = uri.path().ends_with("chat_messages")
            && uri.query().is_some_and(|query| query.contains(&session));
        let first = wait.lock().unwrap().take_if(|_| asked);
        if let Some(wait) = first {
            noted.store(true, Ordering::SeqCst);
            tokio::task::block_in_place(|| {
                // Whoever asked has given up when nobody lets it go.
                let _ = wait.recv_timeout(DEADLINE);
            });
        }
        None
    })));
    (came, go)
}

async fn frames(app: &Client) -> u64 {
    let now = app.ok(api::GetDiagnostics {}).await;
    let counter = now.counters.iter().find(|it| it.name == "frames in");
    counter.unwrap().value
}

async fn what_was_not_held_is_read_before_it_is_live(numbered: bool) {
    let project = if numbered {
        Project::numbered().await
    } else {
        Project::start().await
    };
    let mut device = Device::new();
    device.pace.held = HELD;
    let app = device.start().await;
    app.join(&project).await;
    let plans = app.session("Plans").await;
    let first = app.send(&plans, "before").await;
    app.delivered(&first).await;
    // Up to here it has read.
    app.ok(api::Disconnect {}).await;
    app.offline().await;
    app.ok(api::Connect {}).await;
    app.live().await;
    let phone = project.peer(&alice()).await;

    // A session that the app knows nothing of, with nothing new in it, is read by itself, after
    // what is new in all of them.
    project.proxy.go_offline();
    app.offline().await;
    let other = uuid::Uuid::new_v4().to_string();
    let row = json!({"id": other, "user_id": phone.user(), "title": "Elsewhere"});
    phone.insert("chat_sessions", row).await.unwrap();
    let row = |session: &str, text: String| json!({"session_id": session, "user_id": phone.user(), "role": "user", "content": text});
    let mut there = row(&other, "there".to_owned());
    there["created_at"] = json!("2024-02-01T10:00:00Z");
    phone.insert("chat_messages", there).await.unwrap();
    let (came, go) = keep_waiting(&project, &other);
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    let asked = || came.load(Ordering::SeqCst);
    wait_until("the last request", DEADLINE, asked)
        .await
        .unwrap();

    let before = frames(&app).await;
    let rows = (0..TOLD).map(|number| row(&plans, format!("meanwhile {number}")));
    let rows = Value::from(rows.collect::<Vec<_>>());
    phone.insert("chat_messages", rows).await.unwrap();
    wait_for("all that was told", DEADLINE, async || {
        (frames(&app).await >= before + TOLD as u64).then_some(())
    })
    .await
    .unwrap();
    go.send(()).unwrap();

    // From the first moment in which it says so.
    let live = |snapshot: &api::Snapshot| {
        let active = snapshot.active.as_ref();
        active.is_some_and(|active| active.connection == Connection::Live)
    };
    wait_for("live", DEADLINE, async || {
        live(&app.ok(api::GetSnapshot {}).await).then_some(())
    })
    .await
    .unwrap();
    let here = app.messages(&plans).await;
    assert_eq!(here.len(), 1 + TOLD, "it is live, and not all is here");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_ranges_what_was_not_held_is_read_before_it_is_live() {
    what_was_not_held_is_read_before_it_is_live(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_numbers_what_was_not_held_is_read_before_it_is_live() {
    what_was_not_held_is_read_before_it_is_live(true).await;
}
