//! How the live connection behaves: as the settings say, through what a server does, and what is
//! to be seen of it.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract::{self as api, ChannelStatus, Connection, ErrorCode, FrameDirection};
use tidings_testkit::proxy::Direction;
use tidings_testkit::{DEADLINE, alice, bob, wait_for};
use tidings_tests::project::Project;
use tokio::runtime::Handle;

use crate::kit::{Client, Device, alices_device, latest};

async fn set(app: &Client, change: impl FnOnce(&mut api::Settings)) {
    let mut settings = app.ok(api::GetSettings {}).await;
    change(&mut settings);
    let set = api::SetSettings {
        settings: settings.clone(),
    };
    settings.revision += 1;
    assert_eq!(app.ok(set).await, settings);
}

fn count(diagnostics: &api::Diagnostics, name: &str) -> u64 {
    let counter = diagnostics.counters.iter().find(|it| it.name == name);
    counter.unwrap_or_else(|| panic!("no {name}")).value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_out_of_its_range_is_refused_with_what_is_allowed() {
    let device = Device::new();
    let app = device.start().await;
    let before = app.ok(api::GetSettings {}).await;
    let mut settings = before.clone();
    settings.realtime.heartbeat_ms = 90_000;
    let error = app.refused(api::SetSettings { settings }).await;
    assert_eq!(error.code, ErrorCode::Invalid);
    assert_eq!(error.message, "The time between heartbeats is 5 to 50 s.");
    assert_eq!(app.ok(api::GetSettings {}).await, before);

    set(&app, |settings| settings.realtime.heartbeat_ms = 12_500).await;
    app.stop().await;
    let app = device.start().await;
    let kept = app.ok(api::GetSettings {}).await;
    assert_eq!(kept.realtime.heartbeat_ms, 12_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_over_the_rate_waits_and_the_newest_goes() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let bob = project.newcomer(&bob()).await;
    let joined = format!("session:{session}");
    let config = json!({"presence": {"enabled": true, "key": bob.user()}, "broadcast": {}});
    let mut room = bob.join(&joined, config).await.unwrap();
    app.until("the session's channel", api::GetDiagnostics {}, |now| {
        now.channels
            .iter()
            .any(|it| it.name == joined && it.status == ChannelStatus::Subscribed)
    })
    .await;

    set(&app, |settings| settings.realtime.events_per_second = 1).await;
    // The rate counts once the workspace has heard of it.
    let replaced = wait_for("a state that was replaced", DEADLINE, || async {
        for typing in [true, false] {
            let session = session.clone();
            app.ok(api::Typing { session, typing }).await;
        }
        let now = app.ok(api::GetDiagnostics {}).await;
        let counted = ["waited for their turn", "replaced by a newer state"];
        counted
            .iter()
            .all(|name| count(&now, name) > 0)
            .then_some(())
    });
    replaced.await.unwrap();
    // The last word is that nobody writes.
    room.find("broadcast", |told| told["payload"]["typing"] == false)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_whom_only_a_row_tells_leave_when_it_is_old() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    set(&app, |settings| {
        settings.realtime.presence_timeout_ms = 60_000;
    })
    .await;
    let carol = json!({"user_id": "carol", "session_id": session, "status": "online"});
    project
        .service()
        .insert("user_presence", carol)
        .await
        .unwrap();
    let details = api::GetDetails {
        session: session.clone(),
    };
    let there = |details: &api::SessionDetails| details.people.iter().any(|p| p.user_id == "carol");
    app.until("Carol", details.clone(), there).await;
    device.clock.turn(Duration::from_secs(40));
    assert!(there(&app.ok(details.clone()).await), "within the timeout");
    device.clock.turn(Duration::from_secs(30));
    app.until("Carol gone", details.clone(), |now| !there(now))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_shown_with_what_they_ask_for_and_why_they_are_in_trouble() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.refused_changes = Duration::from_mins(1);
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    let now = app
        .until("all channels", api::GetDiagnostics {}, |now| {
            now.channels.len() == 3
                && now
                    .channels
                    .iter()
                    .all(|it| it.status == ChannelStatus::Subscribed)
        })
        .await;
    let binding = |table: &str, filter: Option<String>| api::BindingState {
        schema: "public".to_owned(),
        table: table.to_owned(),
        event: "*".to_owned(),
        filter,
    };
    let bindings = |now: &api::Diagnostics, name: &str| {
        let channel = now.channels.iter().find(|it| it.name == name).unwrap();
        channel.bindings.clone()
    };
    assert_eq!(
        bindings(&now, "chat"),
        [
            binding("chat_sessions", None),
            binding("chat_messages", None)
        ]
    );
    assert_eq!(
        bindings(&now, &format!("session:{session}")),
        [binding(
            "user_presence",
            Some(format!("session_id=eq.{session}"))
        )]
    );

    project.server.faults().lack_table(Some("crypto_prices"));
    project.server.faults().crash_channels();
    let in_trouble = |it: &api::ChannelState| {
        let reason = it.reason.as_deref().unwrap_or_default();
        it.name == "prices"
            && it.status == ChannelStatus::Errored
            && reason.starts_with("Unable to subscribe")
    };
    let now = app
        .until("the trouble", api::GetDiagnostics {}, |now| {
            now.channels.iter().any(in_trouble)
        })
        .await;
    let prices = now.channels.iter().find(|it| in_trouble(it)).unwrap();
    let wait = prices.retry_at.unwrap() - tidings_model::Clock::now(&*device.clock).as_millis();
    assert!((30_000..=241_000).contains(&wait), "{wait}");
    // The rest works on.
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frame_log_is_off_until_asked_for_and_holds_nothing_of_anybody() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let all = api::GetFrameLog { after: None };
    let log = app.ok(all.clone()).await;
    assert!(!log.on && log.frames.is_empty());

    set(&app, |settings| settings.realtime.frame_log = true).await;
    app.ok(api::Connect {}).await;
    let sent = app.send(&session, "meet me at the usual place").await;
    app.delivered(&sent).await;
    let bob = project.newcomer(&bob()).await;
    let service = project.service();
    let row = json!({"session_id": session, "user_id": bob.user(), "role": "user",
        "content": "the password is swordfish"});
    service.insert("chat_messages", row).await.unwrap();
    app.until("the rows in the log", all.clone(), |log| {
        log.frames
            .iter()
            .filter(|frame| frame.payload.contains("chat_messages"))
            .any(|frame| frame.event == "postgres_changes" && frame.payload.contains("INSERT"))
    })
    .await;
    let log = app.ok(all.clone()).await;
    assert!(log.on);
    assert!(log.frames.iter().any(|frame| {
        frame.direction == FrameDirection::Out
            && frame.event == "phx_join"
            && frame.payload.contains("\"access_token\":\"[token]\"")
    }));
    let newest = log.frames.last().unwrap().number;
    let after = app
        .ok(api::GetFrameLog {
            after: Some(newest),
        })
        .await;
    assert!(after.frames.iter().all(|frame| frame.number > newest));

    let saved = app.ok(api::SaveFrameLog {}).await;
    assert!(saved.path.contains("tidings-frames-"), "{}", saved.path);
    let text = std::fs::read_to_string(&saved.path).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() > log.frames.len());
    let me = app.ok(api::GetSnapshot {}).await.active.unwrap();
    let me = me.sign_in.account().unwrap().user_id.clone();
    for secret in [
        "usual place",
        "swordfish",
        alice().email,
        alice().password,
        &me,
        bob.user(),
        &project.key(),
        "eyJ",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }

    set(&app, |settings| settings.realtime.frame_log = false).await;
    app.until("an empty log", all, |log| !log.on && log.frames.is_empty())
        .await;
    drop(device);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_subscribed_is_caught_up_with() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    app.whole(&session).await;
    let phone = project.peer(&alice()).await;
    // As when the replication slot is made anew: what was written before it is never told.
    project.server.faults().drop_changes(1);
    let row = json!({"session_id": session, "user_id": phone.user(), "role": "user",
        "content": "in the hole"});
    phone.insert("chat_messages", row).await.unwrap();
    project.server.faults().repeat_subscribed();
    app.until("the message", latest(&session), |page| {
        page.rows.iter().any(|row| row.content == "in the hole")
    })
    .await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_commits_after_rows_with_a_later_time_is_caught_up_with() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    app.whole(&session).await;
    let known = app.send(&session, "written later, there first").await;
    app.delivered(&known).await;
    // Its transaction began a minute ago and ends now; nobody is told.
    let begun = tidings_model::Clock::now(&*device.clock).minus(Duration::from_mins(1));
    let phone = project.peer(&alice()).await;
    project.server.faults().drop_changes(1);
    let row = json!({"session_id": session, "user_id": phone.user(), "role": "user",
        "content": "written first, there later", "created_at": begun.to_string()});
    let service = project.service();
    service.insert("chat_messages", row).await.unwrap();
    project.server.faults().repeat_subscribed();
    app.until(
        "both, in the order of their times",
        latest(&session),
        |page| {
            let contents: Vec<&str> = page.rows.iter().map(|row| row.content.as_str()).collect();
            contents == ["written first, there later", "written later, there first"]
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thousands_of_rows_at_once_none_is_missing() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.chat = Duration::from_millis(500);
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    app.whole(&session).await;
    let phone = project.peer(&alice()).await;
    let rows: Vec<Value> = (0..3000)
        .map(|n| {
            json!({"session_id": session, "user_id": phone.user(), "role": "user",
                "content": format!("row {n}")})
        })
        .collect();
    // Of one transaction the server tells a part.
    project.server.faults().drop_changes(2000);
    phone
        .insert("chat_messages", Value::from(rows))
        .await
        .unwrap();
    let details = api::GetDetails {
        session: session.clone(),
    };
    app.until("all of them", details, |details| {
        details.messages == 3000 && details.gaps == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_leaves_every_channel_and_does_not_come_back() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    app.session("Plans").await;
    assert!(project.server.faults().channels() >= 2);
    app.ok(api::SignOut {
        scope: api::SignOutScope::ThisDevice,
    })
    .await;
    let gone = wait_for("no channel and no socket", DEADLINE, || async {
        let faults = project.server.faults();
        (faults.channels() == 0 && faults.sockets() == 0).then_some(())
    });
    gone.await.unwrap();
    let now = app.ok(api::GetDiagnostics {}).await;
    assert!(now.channels.is_empty(), "{now:?}");
    assert_eq!(now.connection, Connection::SignedOut);
    // By hand neither: there is nobody to connect for.
    app.ok(api::Connect {}).await;
    assert_eq!(project.server.faults().sockets(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_during_a_sleep_is_renewed_and_joined_with() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(100);
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    // Two hours pass for everybody else; the program's own clock stood still.
    project.proxy.freeze(Direction::Up);
    project.proxy.freeze(Direction::Down);
    project.server.state().hooks().set_clock_offset(7200);
    device.clock.turn(Duration::from_hours(2));
    app.offline().await;
    project.proxy.cut();
    project.proxy.heal();
    app.live().await;
    let sent = app.send(&session, "awake").await;
    app.delivered(&sent).await;
    let now = app.ok(api::GetDiagnostics {}).await;
    let good = now
        .channels
        .iter()
        .find(|it| it.name == "chat")
        .map(|it| it.status);
    assert_eq!(good, Some(ChannelStatus::Subscribed), "{now:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_with_too_many_users_is_left_alone_for_long_and_that_is_said() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    project.server.faults().refuse_handshakes(Some(429));
    project.server.faults().abort();
    let now = app
        .until("the limit", api::GetDiagnostics {}, |now| {
            matches!(&now.connection, Connection::Offline { reason: Some(reason), .. }
                if reason.contains("429"))
        })
        .await;
    let Connection::Offline { retry_at, .. } = now.connection else {
        unreachable!();
    };
    let wait = retry_at.unwrap() - tidings_model::Clock::now(&*device.clock).as_millis();
    assert!((25_000..=61_000).contains(&wait), "{wait}");
    // By hand it is tried at once.
    project.server.faults().refuse_handshakes(None);
    app.ok(api::Connect {}).await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_project_is_told_as_such_and_comes_back() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    project.server.faults().refuse_handshakes(Some(540));
    project.server.faults().abort();
    app.connection("the pause", |state| {
        matches!(state, Connection::Offline { reason: Some(reason), project: Some(api::ProjectTrouble::Paused), .. }
            if reason.starts_with("the project is paused"))
    })
    .await;
    project.server.faults().refuse_handshakes(None);
    app.ok(api::Connect {}).await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_app_leaves_no_task_behind() {
    let project = Project::start().await;
    // What starts once in a process has started.
    let (device, app) = alices_device(&project).await;
    app.stop().await;
    drop(device);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let settled = wait_for("no connection left", DEADLINE, || async {
        (project.server.faults().sockets() == 0).then_some(())
    });
    settled.await.unwrap();
    let before = tasks();
    for _ in 0..3 {
        let device = Device::new();
        let app = device.start().await;
        app.sign_in(&project).await;
        app.session("Plans").await;
        app.stop().await;
    }
    let gone = wait_for("as many tasks as before", DEADLINE, || async {
        (tasks() <= before).then_some(())
    });
    if let Err(error) = gone.await {
        panic!("{error}: {before} before, {} now", tasks());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_another_network_broke_is_found_and_made_anew() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    // Nothing arrives any more, and nothing says so.
    project.proxy.freeze(Direction::Up);
    project.proxy.freeze(Direction::Down);
    app.network_changed().await;
    // By its deadline of 4 s: the next heartbeat would be up to 25 s away.
    app.offline().await;
    project.proxy.cut();
    project.proxy.heal();
    app.network_changed().await;
    app.live().await;
    let sent = app.send(&session, "from another network").await;
    app.delivered(&sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_in_a_channel_that_cannot_be_joined_is_told_over_http() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    app.session("Other plans").await;
    let bob = project.newcomer(&bob()).await;
    let name = format!("session:{session}");
    let mut room = bob.join(&name, json!({"broadcast": {}})).await.unwrap();

    let reason = "UnableToConnectToProject: no database";
    project.server.faults().reject_joins(Some(reason));
    app.ok(crate::kit::open(&session)).await;
    app.ok(api::Typing {
        session: session.clone(),
        typing: true,
    })
    .await;
    let told = room
        .find("broadcast", |told| told["event"] == "typing")
        .await
        .unwrap();
    assert_eq!(told["payload"]["typing"], true);
    let now = app.ok(api::GetDiagnostics {}).await;
    let joined = now
        .channels
        .iter()
        .any(|it| it.name == name && it.status == ChannelStatus::Subscribed);
    assert!(!joined, "{now:?}");
}
