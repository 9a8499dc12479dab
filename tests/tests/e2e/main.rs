//! The app's real window, driven as a person drives it, on a desktop whose services the test
//! plays.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod account;
mod again;
mod chat;
mod delivery;
mod flows;
mod killed;
mod local;
mod lock;
mod look;
mod offline;
mod prices;
mod search;
mod together;
mod voice;

use std::path::Path;

use serde_json::{Value, json};
use tidings_testkit::{DEADLINE, alice, wait_for};
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;

/// Why no window can be opened here, said aloud.
fn no_desktop() -> bool {
    let lacking = tidings_tests::display::lacking();
    if let Some(reason) = lacking {
        println!("SKIPPED: the window: {reason}");
    }
    lacking.is_some()
}

/// What the page says to make a rule that fires each time that BTC rises to a price.
fn above(price: &str) -> Value {
    let condition = json!({"kind": "above", "price": price, "rearm_percent": null});
    let form = json!({
        "symbol": "BTC", "condition": condition, "repeat": "every", "cooldown_s": 0,
        "expires_at": null, "tags": [], "message": null,
    });
    json!({"id": null, "form": form})
}

/// The sessions that a project has by their titles, once there are so many: what was made in the
/// window is written there a moment later.
async fn sessions(project: &Project, count: usize) -> Vec<Value> {
    let service = project.service();
    wait_for("the sessions in the project", DEADLINE, async || {
        let sessions = service.select("chat_sessions", "order=title").await.ok()?;
        (sessions.len() >= count).then_some(sessions)
    })
    .await
    .unwrap()
}

/// A window that is signed in at a project as Alice, with one session open.
async fn at_project(project: &Project, data: &Path) -> Tidings {
    let tidings = Tidings::open(data).await.unwrap();
    tidings
        .connect(&project.proxy.url(), &project.key())
        .await
        .unwrap();
    tidings.sign_up(&alice()).await.unwrap();
    tidings.new_session("Plans").await.unwrap();
    tidings
}
