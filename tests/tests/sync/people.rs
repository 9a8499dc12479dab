//! Presence and typing, both ways, and what is joined at all.

use serde_json::json;
use tidings_contract::{self as api, Event, Person, PersonStatus};
use tidings_local::{Options, Parts, WorkspaceOptions};
use tidings_testkit::proxy::Direction;
use tidings_testkit::{DEADLINE, bob, wait_for};
use tidings_tests::peer::{Peer, Room};

use tidings_tests::project::Project;

use crate::kit::{Client, alices_device, open};

fn people<'a>(event: &'a Event, of: &str) -> &'a [Person] {
    match event {
        Event::People { session, people } if session == of => people,
        _ => &[],
    }
}

/// Waits until somebody is in the session as wanted.
async fn person(
    app: &Client,
    what: &str,
    session: &str,
    user: &str,
    wanted: impl Fn(&Person) -> bool,
) -> Person {
    app.event(what, |event| {
        people(event, session)
            .iter()
            .find(|p| p.user_id == user && wanted(p))
            .cloned()
    })
    .await
}

/// Waits until somebody's row in the table has a status.
pub async fn row_says(project: &Project, user: &str, status: &str) {
    let (service, query) = (project.service(), format!("user_id=eq.{user}"));
    wait_for(&format!("a row that says {status}"), DEADLINE, || async {
        let row = service.select("user_presence", &query).await.ok()?.pop()?;
        (row["status"] == status).then_some(())
    })
    .await
    .unwrap();
}

pub async fn enter(peer: &Peer, session: &str) -> Room {
    let config = json!({
        "presence": {"enabled": true, "key": peer.user()},
        "broadcast": {"self": false, "ack": false},
    });
    peer.join(&format!("session:{session}"), config)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_there_and_who_is_writing_is_told_both_ways() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let alice = app
        .ok(api::GetSnapshot {})
        .await
        .active
        .unwrap()
        .sign_in
        .account()
        .cloned()
        .unwrap();
    let bob = project.newcomer(&bob()).await;
    let mut room = enter(&bob, &session).await;

    let me = json!({"user_id": bob.user(), "user_name": "Bob", "status": "online"});
    room.track(me).await.unwrap();
    let seen = person(&app, "Bob", &session, bob.user(), |_| true).await;
    assert_eq!(
        (seen.name.as_str(), seen.status),
        ("Bob", PersonStatus::Online)
    );
    assert!(!seen.own && !seen.typing);
    room.find_here(&alice.user_id, |entry| entry["user_name"] == "alice")
        .await
        .unwrap();

    let typing = |typing: bool| json!({"user_id": bob.user(), "typing": typing});
    room.broadcast("typing", typing(true)).await.unwrap();
    person(&app, "Bob writing", &session, bob.user(), |p| p.typing).await;
    app.forget();
    room.broadcast("typing", typing(false)).await.unwrap();
    person(&app, "Bob not writing", &session, bob.user(), |p| !p.typing).await;

    app.ok(api::Typing {
        session: session.clone(),
        typing: true,
    })
    .await;
    let told = room
        .find("broadcast", |message| message["event"] == "typing")
        .await
        .unwrap();
    assert_eq!(told["payload"]["user_id"], alice.user_id.as_str());
    assert_eq!(told["payload"]["typing"], true);

    // Whoever does not want to be seen writing is not: the next that is told is what came after.
    for (send_typing, typing) in [(false, true), (true, false)] {
        let mut settings = app.ok(api::GetSettings {}).await;
        settings.send_typing = send_typing;
        app.ok(api::SetSettings { settings }).await;
        let session = session.clone();
        app.ok(api::Typing { session, typing }).await;
    }
    let told = room
        .find("broadcast", |message| message["event"] == "typing")
        .await
        .unwrap();
    assert_eq!(told["payload"]["typing"], false);

    app.forget();
    let away = json!({"user_id": bob.user(), "user_name": "Bob", "status": "away"});
    room.track(away).await.unwrap();
    person(&app, "Bob away", &session, bob.user(), |p| {
        p.status == PersonStatus::Away
    })
    .await;

    // A client without the channel says the same in the table.
    let service = project.service();
    let row = json!({
        "user_id": "carol", "session_id": session, "status": "online", "is_typing": true,
        "typing_in_session": session,
    });
    service.insert("user_presence", row).await.unwrap();
    person(&app, "Carol writing", &session, "carol", |p| p.typing).await;

    // And one's own row is there for such clients.
    row_says(&project, &alice.user_id, "online").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_written_once_a_session_opened_at_once_is_at_the_project() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    project.proxy.freeze(Direction::Down);
    let title = Some("New".to_owned());
    let session = app.ok(api::CreateSession { title }).await.id;
    app.ok(open(&session)).await;
    project.proxy.thaw(Direction::Down);
    let service = project.service();
    let row = wait_for("the presence row", DEADLINE, || async {
        service.select("user_presence", "").await.ok()?.pop()
    });
    assert_eq!(row.await.unwrap()["session_id"], session.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_chooses_to_be_invisible_is_not_seen() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let alice = app
        .ok(api::GetSnapshot {})
        .await
        .active
        .unwrap()
        .sign_in
        .account()
        .unwrap()
        .user_id
        .clone();
    let bob = project.newcomer(&bob()).await;
    let mut room = enter(&bob, &session).await;
    room.find_here(&alice, |_| true).await.unwrap();
    row_says(&project, &alice, "online").await;
    app.ok(api::SetPresence {
        presence: api::OwnPresence::Invisible,
    })
    .await;
    room.find("presence_diff", |diff| !diff["leaves"][&alice].is_null())
        .await
        .unwrap();
    row_says(&project, &alice, "offline").await;
    let told = app.told(|event| match event {
        Event::Presence { presence } => Some(*presence),
        _ => None,
    });
    assert_eq!(told, [api::OwnPresence::Invisible]);
}

fn names(diagnostics: &api::Diagnostics) -> Vec<&str> {
    diagnostics
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_neither_joined_nor_written() {
    let project = Project::start().await;
    project.price("BTC", "68000").await;
    let device = crate::kit::Device::new();
    let app = device.start().await;
    let mut settings = app.ok(api::GetSettings {}).await;
    (settings.presence, settings.prices) = (false, false);
    app.ok(api::SetSettings {
        settings: settings.clone(),
    })
    .await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    assert_eq!(names(&app.ok(api::GetDiagnostics {}).await), ["chat"]);
    app.ok(api::Typing {
        session: session.clone(),
        typing: true,
    })
    .await;
    assert!(
        project
            .service()
            .select("user_presence", "")
            .await
            .unwrap()
            .is_empty()
    );
    assert!(app.ok(api::GetWatchList {}).await.is_empty());

    (settings.presence, settings.prices) = (true, true);
    app.ok(api::SetSettings {
        settings: settings.clone(),
    })
    .await;
    let all = ["chat", "prices", &format!("session:{session}")].map(str::to_owned);
    app.until("all channels", api::GetDiagnostics {}, |now| {
        let mut names = names(now);
        names.sort_unstable();
        names == all
            && now
                .channels
                .iter()
                .all(|channel| channel.status == api::ChannelStatus::Subscribed)
    })
    .await;
    app.until("a price", api::GetWatchList {}, |rows| !rows.is_empty())
        .await;

    (settings.presence, settings.prices) = (false, false);
    app.ok(api::SetSettings { settings }).await;
    app.until("chat alone", api::GetDiagnostics {}, |now| {
        names(now) == ["chat"]
    })
    .await;
    // Chat itself never stopped.
    let sent = app.send(&session, "Still here").await;
    app.delivered(&sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_members_part_the_channel_of_a_session_is_private() {
    let project = Project::start_with(Options {
        workspace: WorkspaceOptions {
            parts: Parts::ALL,
            ..WorkspaceOptions::default()
        },
        ..Options::default()
    })
    .await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let bob = project.newcomer(&bob()).await;
    let topic = format!("session:{session}");
    let private = json!({
        "private": true,
        "presence": {"enabled": true, "key": bob.user()},
        "broadcast": {"self": false, "ack": false},
    });
    assert!(
        bob.join(&topic, private.clone()).await.is_err(),
        "a stranger"
    );

    let member = json!({"session_id": session, "user_id": bob.user(), "role": "member"});
    let service = project.service();
    service
        .insert("chat_session_members", member)
        .await
        .unwrap();
    let mut room = bob.join(&topic, private.clone()).await.unwrap();
    let me = json!({"user_id": bob.user(), "user_name": "Bob", "status": "online"});
    room.track(me.clone()).await.unwrap();
    person(&app, "Bob", &session, bob.user(), |_| true).await;

    // Known from the start on the next time, with or without a connection at first.
    drop(room);
    app.stop().await;
    let app = device.start().await;
    app.ok(open(&session)).await;
    let mut room = bob.join(&topic, private).await.unwrap();
    room.track(me).await.unwrap();
    person(&app, "Bob once more", &session, bob.user(), |_| true).await;
}
