//! What a silent server did not tell, and what a sleep hides.

use std::time::Duration;

use tidings_contract::{self as api, Event, FiringMark};
use tidings_testkit::proxy::Direction;

use tidings_tests::project::Project;

use crate::kit::{Client, Device};

/// How many changes are known not to have been told.
async fn untold(app: &Client) -> u64 {
    let counters = app.ok(api::GetDiagnostics {}).await.counters;
    let untold = counters
        .iter()
        .find(|counter| counter.name == "changes not told");
    untold.unwrap().value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_never_told_is_found_and_the_channel_joins_again() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.chat = Duration::from_millis(200);
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    app.whole(&session).await;
    let phone = project.peer(&tidings_testkit::alice()).await;
    let row = |text: &str| {
        serde_json::json!({
            "session_id": session, "user_id": phone.user(), "role": "user", "content": text,
        })
    };

    // A minute passes between the loss and the next reading.
    project.proxy.freeze(Direction::Up);
    project.server.faults().drop_changes(usize::MAX);
    phone
        .insert("chat_messages", row("never told"))
        .await
        .unwrap();
    project.server.state().hooks().set_clock_offset(60);
    app.forget();
    project.proxy.thaw(Direction::Up);
    app.until("the message", crate::kit::latest(&session), |page| {
        page.rows.iter().any(|row| row.content == "never told")
    })
    .await;
    app.until("the count", api::GetDiagnostics {}, |diagnostics| {
        diagnostics
            .counters
            .iter()
            .any(|counter| counter.name == "changes not told" && counter.value == 1)
    })
    .await;
    // It joined again and caught up.
    app.event("joining again", |event| match event {
        Event::Connection {
            connection: api::Connection::Connecting,
        } => Some(()),
        _ => None,
    })
    .await;
    app.live().await;
    project.server.faults().drop_changes(0);
    phone.insert("chat_messages", row("told")).await.unwrap();
    app.until("the next one", crate::kit::latest(&session), |page| {
        page.rows.iter().any(|row| row.content == "told")
    })
    .await;
    assert_eq!(untold(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_armed_alert_does_not_trust_silence() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(100);
    device.pace.quiet_prices = Duration::from_millis(500);
    let app = device.start().await;
    app.join(&project).await;
    app.until("a price", api::GetWatchList {}, |rows| !rows.is_empty())
        .await;
    app.ok(crate::market::above("BTC", "70000")).await;

    project.server.faults().drop_changes(usize::MAX);
    project.price("BTC", "71000").await;
    let fired = app
        .event("the firing", |event| match event {
            Event::Fired { firing } => Some(firing.clone()),
            _ => None,
        })
        .await;
    assert_eq!(fired.price, "71000");
    app.until(
        "told",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        |rows| rows.len() == 1 && rows[0].mark == FiringMark::Notified,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_did_not_outlive_a_sleep_is_found_at_once() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(100);
    let app = device.start().await;
    app.join(&project).await;
    // Nothing arrives any more, and nothing says so: the next heartbeat would be 25 s away, and
    // its deadline another 10 s.
    project.proxy.freeze(Direction::Up);
    project.proxy.freeze(Direction::Down);
    device.clock.turn(Duration::from_hours(1));
    app.offline().await;
    project.proxy.cut();
    project.proxy.heal();
    app.live().await;
}
