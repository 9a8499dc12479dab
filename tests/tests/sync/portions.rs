//! Plain tables of a project that answers only so much at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tidings_contract as api;
use tidings_testkit::alice;
use tidings_tests::project::Project;

use crate::kit::{Client, Device, latest};
use crate::revisions::sessions;

/// Rows that the project gives at once.
const MOST: u32 = 60;
/// Messages of each session.
const EACH: u64 = 150;

/// Has the project give up what asks for more. Returns how often it did.
fn gives_little(project: &Project) -> Arc<AtomicUsize> {
    let given_up = Arc::new(AtomicUsize::new(0));
    let count = given_up.clone();
    let hooks = project.server.state().hooks();
    hooks.watch_rest(Some(Arc::new(move |method, uri| {
        let reads = method == "GET" && uri.path().ends_with("/chat_messages");
        let query = uri.query().unwrap_or_default();
        let limit = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("limit="));
        let rows: u32 = limit.and_then(|limit| limit.parse().ok())?;
        if !reads || rows <= MOST {
            return None;
        }
        count.fetch_add(1, Ordering::SeqCst);
        // As a gateway does whose time is up.
        Some(StatusCode::GATEWAY_TIMEOUT)
    })));
    given_up
}

async fn all_here(app: &Client, session: &str) {
    let details = api::GetDetails {
        session: session.to_owned(),
    };
    app.until("all of it", details, |details| {
        details.messages == EACH && details.gaps == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_gives_little_at_once_is_asked_for_less() {
    let project = Project::start().await;
    let phone = project.newcomer(&alice()).await;
    let ids = sessions(&phone, 4).await;
    for id in &ids {
        let row = |n: u64| {
            let (minute, second) = (n / 60, n % 60);
            json!({"session_id": id, "user_id": phone.user(), "role": "user",
                "content": format!("message {n}"),
                "created_at": format!("2024-02-01T10:{minute:02}:{second:02}Z")})
        };
        let rows: Vec<Value> = (0..EACH).map(row).collect();
        phone
            .insert("chat_messages", Value::from(rows))
            .await
            .unwrap();
    }
    let given_up = gives_little(&project);
    let mut device = Device::new();
    device.pace.background = std::time::Duration::from_millis(10);
    let app = device.start().await;
    // The first connection reads all of it.
    app.sign_in(&project).await;
    for id in &ids {
        all_here(&app, id).await;
    }
    let asked = given_up.load(Ordering::SeqCst);
    assert!((1..20).contains(&asked), "{asked} times too much");
    // Scrolling and a date ask for as much as a page holds.
    for id in &ids[..2] {
        let remove = api::RemoveFromDevice {
            session: id.clone(),
        };
        app.ok(remove).await;
    }
    let page = app.ok(latest(&ids[0])).await;
    assert_eq!(page.rows.last().unwrap().content, "message 149");
    app.ok(crate::kit::open(&ids[0])).await;
    let found = app
        .ok(api::FindDate {
            session: ids[1].clone(),
            at: 1_706_781_660_000,
        })
        .await;
    let first = found.message.unwrap();
    let around = app
        .ok(api::GetMessages {
            session: ids[1].clone(),
            at: api::PageAt::Around { message: first },
            limit: 10,
        })
        .await;
    let texts: Vec<&str> = around.rows.iter().map(|row| row.content.as_str()).collect();
    assert!(texts.contains(&"message 60"), "{texts:?}");
    for id in &ids[..2] {
        app.ok(crate::kit::open(id)).await;
        all_here(&app, id).await;
    }
    // What one page found out holds for the next.
    app.ok(api::PauseDownload { paused: true }).await;
    let before = given_up.load(Ordering::SeqCst);
    for id in &ids {
        let remove = api::RemoveFromDevice {
            session: id.clone(),
        };
        app.ok(remove).await;
        app.ok(latest(id)).await;
    }
    assert_eq!(given_up.load(Ordering::SeqCst), before);
}
