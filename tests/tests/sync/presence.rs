//! One's own presence: away without use, and invisible for real.

use std::time::Duration;

use serde_json::Value;
use tidings_contract::{self as api, Event, OwnPresence};
use tidings_testkit::{DEADLINE, bob, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, open};
use crate::people::{enter, row_says};

async fn me(app: &Client) -> String {
    let active = app.ok(api::GetSnapshot {}).await.active.unwrap();
    active.sign_in.account().unwrap().user_id.clone()
}

async fn choose(app: &Client, presence: OwnPresence) {
    app.ok(api::SetPresence { presence }).await;
}

/// Waits until the window is told of one's own presence.
async fn told(app: &Client, wanted: OwnPresence) {
    app.event("one's own presence", |event| match event {
        Event::Presence { presence } if *presence == wanted => Some(()),
        _ => None,
    })
    .await;
}

/// Everything that the window was told of one's own presence.
fn all_told(app: &Client) -> Vec<OwnPresence> {
    app.told(|event| match event {
        Event::Presence { presence } => Some(*presence),
        _ => None,
    })
}

async fn row(project: &Project, table: &str, query: &str) -> Value {
    let mut rows = project.service().select(table, query).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_without_use_are_away_until_the_next_use() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(20);
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    let alice = me(&app).await;
    let bob = project.newcomer(&bob()).await;
    let mut room = enter(&bob, &session).await;
    room.find_here(&alice, |entry| entry["status"] == "online")
        .await
        .unwrap();

    // Each use counts anew.
    device.clock.turn(Duration::from_secs(590));
    app.ok(api::ReportUse {}).await;
    device.clock.turn(Duration::from_secs(590));
    // Longer than some looks take.
    for _ in 0..20 {
        app.ok(api::GetDiagnostics {}).await;
        bob.select("chat_messages", "").await.unwrap();
    }
    assert_eq!(all_told(&app), []);

    device.clock.turn(Duration::from_secs(11));
    told(&app, OwnPresence::Away).await;
    room.find_here(&alice, |entry| entry["status"] == "away")
        .await
        .unwrap();
    row_says(&project, &alice, "away").await;
    let state = app.ok(api::GetSnapshot {}).await.active.unwrap();
    assert_eq!(state.presence, OwnPresence::Away);

    app.ok(api::ReportUse {}).await;
    room.find_here(&alice, |entry| entry["status"] == "online")
        .await
        .unwrap();
    row_says(&project, &alice, "online").await;
    assert_eq!(all_told(&app), [OwnPresence::Away, OwnPresence::Online]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_chosen_stays_without_use_and_with_it() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(20);
    let app = device.start().await;
    app.join(&project).await;
    app.session("Plans").await;
    let alice = me(&app).await;
    row_says(&project, &alice, "online").await;
    for (chosen, status) in [
        (OwnPresence::Invisible, "offline"),
        (OwnPresence::Away, "away"),
    ] {
        app.forget();
        choose(&app, chosen).await;
        row_says(&project, &alice, status).await;
        device.clock.turn(Duration::from_mins(11));
        app.ok(api::ReportUse {}).await;
        assert_eq!(all_told(&app), [chosen]);
    }
    // Choosing is use: nobody is away at once.
    device.clock.turn(Duration::from_mins(11));
    app.forget();
    choose(&app, OwnPresence::Online).await;
    row_says(&project, &alice, "online").await;
    assert_eq!(all_told(&app), [OwnPresence::Online]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_invisible_leaves_no_trace_of_a_visit_also_after_a_restart() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let (plans, notes) = (app.session("Plans").await, app.session("Notes").await);
    let alice = me(&app).await;
    let own = format!("user_id=eq.{alice}");
    wait_for("the row of the newer session", DEADLINE, || async {
        let rows = project.service().select("user_presence", &own).await.ok()?;
        (rows.first()?["session_id"] == notes.as_str()).then_some(())
    })
    .await
    .unwrap();
    let before = row(&project, "user_presence", &own).await;

    choose(&app, OwnPresence::Invisible).await;
    row_says(&project, &alice, "offline").await;
    let hidden = row(&project, "user_presence", &own).await;
    // When and where one was seen last stays as it was.
    assert_eq!(hidden["last_seen"], before["last_seen"]);
    assert_eq!(hidden["session_id"], before["session_id"]);
    let sessions = project.service().select("chat_sessions", "order=id").await;
    let sessions = sessions.unwrap();

    let asked = project.watch();
    visit(&app, &plans).await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    let state = app.ok(api::GetSnapshot {}).await.active.unwrap();
    assert_eq!(state.presence, OwnPresence::Invisible);
    visit(&app, &notes).await;

    let wrote = |line: &&String| line.starts_with("POST");
    assert!(!asked.of("user_presence").iter().any(|line| wrote(&line)));
    assert_eq!(row(&project, "user_presence", &own).await, hidden);
    let now = project.service().select("chat_sessions", "order=id").await;
    assert_eq!(now.unwrap(), sessions);

    // Seen again: the row is the one of the session that is open.
    choose(&app, OwnPresence::Online).await;
    row_says(&project, &alice, "online").await;
    let seen = row(&project, "user_presence", &own).await;
    assert_eq!(seen["session_id"], notes.as_str());
    assert_ne!(seen["last_seen"], hidden["last_seen"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hides_while_no_session_is_open_is_not_there_for_others() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let alice = me(&app).await;
    row_says(&project, &alice, "online").await;
    app.ok(api::CloseSession { session }).await;
    choose(&app, OwnPresence::Invisible).await;
    row_says(&project, &alice, "offline").await;
    app.stop().await;
}

/// Opens a session, and waits until all that follows from it has happened.
async fn visit(app: &Client, session: &str) {
    app.ok(open(session)).await;
    let name = format!("session:{session}");
    app.until("the session's channel", api::GetDiagnostics {}, |now| {
        now.channels
            .iter()
            .any(|channel| channel.name == name && channel.status == api::ChannelStatus::Subscribed)
    })
    .await;
    app.whole(session).await;
}
