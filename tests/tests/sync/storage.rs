//! What is kept on this computer, and how what is not comes back.

use serde_json::json;
use tidings_contract::{self as api, Edge, ErrorCode, Event, PageAt, Retention};
use tidings_model::{Clock as _, SystemClock, Timestamp};
use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, latest, open};

const DAY: i64 = 86_400_000;

/// Has the project keep so many messages of that many days ago, a minute apart.
async fn keep(project: &Project, session: &str, days: i64, count: i64) {
    let service = project.service();
    for n in 0..count {
        let at = SystemClock.now().as_millis() - days * DAY + n * 60_000;
        let row = json!({
            "session_id": session,
            "content": format!("words of {days} days ago, {n}"),
            "role": "user",
            "created_at": Timestamp::from_millis(at).to_string(),
        });
        service.insert("chat_messages", row).await.unwrap();
    }
}

async fn here(app: &Client, session: &str) -> u64 {
    let session = session.to_owned();
    app.ok(api::GetDetails { session }).await.messages
}

async fn retain(app: &Client, retention: Retention) {
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.retention = retention;
    app.ok(api::SetSettings { settings }).await;
}

fn before(session: &str, message: &str) -> api::GetMessages {
    api::GetMessages {
        session: session.to_owned(),
        at: PageAt::Before {
            message: message.to_owned(),
        },
        limit: 100,
    }
}

/// A device that has 90 messages of a session: 60 of half a year ago, 30 of last week.
async fn with_old_messages(project: &Project) -> (Device, Client, String) {
    let (device, app) = alices_device(project).await;
    let session = app.session("Plans").await;
    keep(project, &session, 180, 60).await;
    keep(project, &session, 7, 30).await;
    app.until("all of them", latest(&session), |page| {
        page.rows.len() == 90
    })
    .await;
    app.stop().await;
    // From the next start on what is there counts as read.
    let app = device.start().await;
    app.live().await;
    app.whole(&session).await;
    (device, app, session)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_months_are_kept_and_older_messages_come_back_when_one_scrolls_to_them() {
    let project = Project::start().await;
    let (device, app, session) = with_old_messages(&project).await;
    let retention = Retention::Months { months: 3 };
    let told = app.ok(api::PreviewRetention { retention }).await;
    assert_eq!((told.messages, told.sessions), (60, 1));
    assert!(told.bytes > 0);

    app.forget();
    retain(&app, retention).await;
    let notice = app
        .event("what was removed", |event| match event {
            Event::Notice { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await;
    assert!(notice.starts_with("60 messages were removed"), "{notice}");
    assert_eq!(here(&app, &session).await, 30);
    assert_eq!(project.stored(&session).await.len(), 90);
    let storage = app.ok(api::GetStorage {}).await;
    assert_eq!(storage.cleaned.map(|cleaned| cleaned.messages), Some(60));
    assert_eq!(storage.messages, 30);
    let search = api::Search {
        query: "\"180 days ago\"".to_owned(),
        limit: 10,
        filter: None,
    };
    assert!(app.ok(search).await.hits.is_empty());

    // Nobody looks: the next start leaves it as it is.
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert_eq!(here(&app, &session).await, 30);

    // Without a connection what is missing is said to be missing.
    project.proxy.go_offline();
    app.offline().await;
    let page = app.ok(latest(&session)).await;
    assert_eq!((page.rows.len(), page.before), (30, Edge::Gap));
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;
    app.ok(open(&session)).await;
    let page = app
        .until(
            "what was removed",
            before(&session, &page.rows[0].id),
            |page| page.rows.len() == 60,
        )
        .await;
    assert_eq!(page.before, Edge::End);
    app.whole(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_taken_off_this_computer_and_fetched_again_when_it_is_opened() {
    let project = Project::start().await;
    let (device, app, session) = with_old_messages(&project).await;
    let remove = api::RemoveFromDevice {
        session: session.clone(),
    };
    // What exists only here is not removed.
    project.proxy.go_offline();
    app.offline().await;
    let unsent = app.send(&session, "not sent yet").await;
    let refused = app.refused(remove.clone()).await;
    assert_eq!(refused.code, ErrorCode::Invalid);
    assert!(refused.message.contains("not been sent"), "{refused:?}");
    let storage = app.ok(api::GetStorage {}).await;
    assert_eq!(storage.sessions[0].unsent, 1);
    assert_eq!(here(&app, &session).await, 91);
    app.ok(api::DiscardMessage { message: unsent.id }).await;
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;

    let removed = app.ok(remove).await;
    assert_eq!(removed.messages, 90);
    let row = |rows: &Vec<api::SessionRow>| rows.iter().any(|row| row.not_here);
    let listed = app.until("not here", api::ListSessions {}, row).await;
    assert_eq!(listed[0].title.as_deref(), Some("Plans"));
    assert_eq!(project.stored(&session).await.len(), 90);
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert!(app.ok(api::ListSessions {}).await[0].not_here);

    app.ok(open(&session)).await;
    app.until("the newest page", latest(&session), |page| {
        page.rows.len() == 90
    })
    .await;
    app.until("here again", api::ListSessions {}, |rows| !rows[0].not_here)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_told_under_the_titles_that_the_list_shows() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let message = app.send(&session, "Hello").await;
    app.delivered(&message).await;
    project.proxy.go_offline();
    let rename = api::UpdateSession {
        session: session.clone(),
        title: Some("Garden".to_owned()),
        status: None,
    };
    app.ok(rename).await;
    let told = |storage: &api::Storage| -> Vec<_> {
        let rows = storage.sessions.iter();
        rows.map(|row| (row.title.clone(), row.messages, row.unsent))
            .collect()
    };
    let title = Some("Garden".to_owned());
    let storage = app.ok(api::GetStorage {}).await;
    assert_eq!(told(&storage), [(title.clone(), 1, 1)]);
    project.proxy.heal();
    app.until("a title that was sent", api::GetStorage {}, |storage| {
        told(storage) == [(title.clone(), 1, 0)]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retention_out_of_range_is_refused() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    for retention in [
        Retention::Months { months: 0 },
        Retention::Months { months: 121 },
        Retention::Size { mib: 49 },
    ] {
        let mut settings = app.ok(api::GetSettings {}).await;
        settings.retention = retention;
        let refused = app.refused(api::SetSettings { settings }).await;
        assert_eq!(refused.code, ErrorCode::Invalid);
        let refused = app.refused(api::PreviewRetention { retention }).await;
        assert_eq!(refused.code, ErrorCode::Invalid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_not_here_is_fetched_and_without_a_connection_it_is_said() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    for days in [300, 200] {
        keep(&project, &session, days, 3).await;
    }
    keep(&project, &session, 1, 60).await;
    app.stop().await;
    // Another device, that has the newest page alone.
    drop(device);
    let device = Device::new();
    let app = device.start().await;
    app.sign_in(&project).await;
    app.ok(open(&session)).await;
    let remove = api::RemoveFromDevice {
        session: session.clone(),
    };
    app.ok(remove).await;

    let day = |days: i64| api::FindDate {
        session: session.clone(),
        at: SystemClock.now().as_millis() - days * DAY - DAY / 2,
    };
    project.proxy.go_offline();
    app.offline().await;
    let found = app.ok(day(200)).await;
    assert_eq!((found.message, found.certain), (None, false));
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;
    let found = app.ok(day(200)).await;
    assert!(found.certain);
    let message = found.message.unwrap();
    let at = |at| api::GetMessages {
        session: session.clone(),
        at,
        limit: 20,
    };
    // Who only looks fetches nothing.
    let here = PageAt::AroundHere {
        message: message.clone(),
    };
    let page = app.ok(at(here)).await;
    let older = |row: &api::MessageRow| row.content.starts_with("words of 300");
    assert!(!page.rows.iter().any(older), "{:?}", page.rows);
    let around = at(PageAt::Around { message });
    let page = app.ok(around).await;
    let days: Vec<&str> = page.rows.iter().map(|row| &row.content[..12]).collect();
    let first = days
        .iter()
        .position(|text| *text == "words of 200")
        .unwrap();
    assert_eq!(days[..first], ["words of 300"; 3]);
    // A day without messages leads to the next one that has some, one after the last to none.
    let next = app.ok(day(250)).await;
    assert_eq!(next.message, app.ok(day(200)).await.message);
    assert_eq!(app.ok(day(-10)).await.message, None);
}
