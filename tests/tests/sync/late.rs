//! Rows that commit long after the time they carry, while nobody listens.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract as api;
use tidings_testkit::{alice, wait_for};
use tidings_tests::project::Project;

use crate::kit::Device;
use crate::revisions::{kept, sessions};

const LONG: Duration = Duration::from_mins(1);
/// Sessions of the account, and how many one request of the background compares.
const SESSIONS: usize = 45;
const TOGETHER: usize = 20;
/// Messages in each.
const EACH: u64 = 3;

/// On a project with just the four tables nothing tells of it, and catching up passes over it. The
/// comparison in the background finds it, at the latest in the last of its requests.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_commits_after_later_ones_were_read_is_found_by_comparing_once() {
    let project = Project::start().await;
    let phone = project.newcomer(&alice()).await;
    let ids = sessions(&phone, SESSIONS).await;
    let row = |session: &str, time: String| {
        json!({"session_id": session, "user_id": phone.user(), "role": "user",
            "content": time, "created_at": time})
    };
    for id in &ids {
        // Further apart than what the next catch-up reads once more.
        let rows = (0..EACH).map(|n| row(id, format!("2024-02-01T10:{n}0:00Z")));
        let rows = Value::from(rows.collect::<Vec<_>>());
        phone.insert("chat_messages", rows).await.unwrap();
    }
    let mut device = Device::new();
    device.pace.background = Duration::from_millis(20);
    let app = device.start().await;
    app.sign_in(&project).await;
    wait_for("everything", LONG, async || {
        for id in &ids {
            let session = id.clone();
            let details = app.ok(api::GetDetails { session }).await;
            if (details.messages, details.gaps) != (EACH, 0) {
                return None;
            }
        }
        Some(())
    })
    .await
    .unwrap();

    project.proxy.go_offline();
    app.offline().await;
    // In between of what is known, in every session, so that each comparison has one to find.
    for id in &ids {
        let late = row(id, "2024-02-01T10:05:00Z".to_owned());
        phone.insert("chat_messages", late).await.unwrap();
    }
    let asked = project.watch();
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    wait_for("all late rows", LONG, async || {
        for id in &ids {
            if kept(&app, id).await != EACH + 1 {
                return None;
            }
        }
        Some(())
    })
    .await
    .unwrap();
    let compared: Vec<String> = asked
        .of("chat_messages")
        .into_iter()
        .filter(|line| ids.iter().any(|id| line.contains(id.as_str())))
        .collect();
    // Of each session what the catch-up has just read, and what was read before it.
    let (count, most) = (compared.len(), 2 * SESSIONS.div_ceil(TOGETHER));
    println!("{SESSIONS} sessions were compared in {count} requests");
    assert!(count <= most, "{count} requests, not {most}: {compared:#?}");
    app.stop().await;
}
