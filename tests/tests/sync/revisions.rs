//! Catching up with a project that numbers its changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract as api;
use tidings_testkit::{alice, bob, wait_for};
use tidings_tests::peer::Peer;
use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, latest};

/// Long enough for ten thousand rows on a slow and shared machine.
const LONG: Duration = Duration::from_mins(2);

/// Rows of messages, in a session.
pub fn rows(session: &str, user: &str, texts: impl Iterator<Item = String>) -> Value {
    let row = |content| json!({"session_id": session, "user_id": user, "role": "user", "content": content});
    Value::from(texts.map(row).collect::<Vec<Value>>())
}

/// Sessions of somebody, made by their other device.
pub async fn sessions(phone: &Peer, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count)
        .map(|_| uuid::Uuid::now_v7().to_string())
        .collect();
    let made: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "user_id": phone.user(), "title": id, "status": "active"}))
        .collect();
    phone
        .insert("chat_sessions", Value::from(made))
        .await
        .unwrap();
    ids
}

/// How many messages of a session are here.
pub async fn kept(app: &Client, session: &str) -> u64 {
    let session = session.to_owned();
    app.ok(api::GetDetails { session }).await.messages
}

async fn away(project: &Project, app: &Client) {
    project.proxy.go_offline();
    app.offline().await;
}

async fn back(project: &Project, app: &Client) {
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nothing_changed_one_request_says_so() {
    let project = Project::numbered().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    for text in ["one", "two", "three"] {
        let sent = app.send(&session, text).await;
        app.delivered(&sent).await;
    }
    let phone = project.peer(&alice()).await;
    phone
        .insert(
            "chat_messages",
            rows(&session, phone.user(), ["four".to_owned()].into_iter()),
        )
        .await
        .unwrap();
    app.until("the fourth", latest(&session), |page| page.rows.len() == 4)
        .await;
    app.whole(&session).await;
    // What arrived live and what answered own writes is known to be known.
    let asked = project.watch();
    away(&project, &app).await;
    back(&project, &app).await;
    let requests = asked.of("chat_");
    assert_eq!(requests.len(), 1, "{requests:#?}");
    assert!(requests[0].starts_with("GET chat_sync_digest?"));
    app.stop().await;

    asked.forget();
    let app = device.start().await;
    app.live().await;
    let requests = asked.of("chat_");
    assert_eq!(requests.len(), 1, "{requests:#?}");
    app.whole(&session).await;
    assert_eq!(
        app.contents(&session).await,
        ["one", "two", "three", "four"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_missed_changes_over_fifty_sessions_cost_what_changed() {
    let project = Project::numbered().await;
    let (_device, app) = alices_device(&project).await;
    let phone = project.peer(&alice()).await;
    let ids = sessions(&phone, 50).await;
    for id in &ids {
        let texts = (0..20).map(|n| format!("before {n}"));
        phone
            .insert("chat_messages", rows(id, phone.user(), texts))
            .await
            .unwrap();
    }
    app.until("all sessions", api::ListSessions {}, |rows| {
        rows.len() == 50
    })
    .await;
    for id in &ids {
        let known = || async { (kept(&app, id).await == 20).then_some(()) };
        wait_for("what came live", LONG, known).await.unwrap();
    }
    away(&project, &app).await;
    for id in &ids {
        let texts = (0..200).map(|n| format!("missed {n}"));
        phone
            .insert("chat_messages", rows(id, phone.user(), texts))
            .await
            .unwrap();
    }
    app.forget();
    let asked = project.watch();
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    let caught_up = wait_for("live", LONG, async || {
        let snapshot = app.ok(api::GetSnapshot {}).await;
        let active = snapshot.active?;
        (active.connection == api::Connection::Live).then_some(())
    });
    caught_up.await.unwrap();
    for id in &ids {
        assert_eq!(kept(&app, id).await, 220, "{id}");
    }
    // Each number is a change: the count is true, and ends where it said.
    let progress = app.told(|event| match event {
        api::Event::Connection {
            connection: api::Connection::CatchingUp { done, total },
        } if *total > 0 => Some((*done, *total)),
        _ => None,
    });
    let (done, total) = *progress.last().unwrap();
    assert!(done <= total && total >= 10_000, "{progress:?}");
    assert!(
        progress.windows(2).all(|two| two[0].0 <= two[1].0),
        "{progress:?}"
    );
    let mut pages = asked.of("chat_messages");
    pages.retain(|line| line.contains("rev.gt."));
    // Ten at least; of what was under way live a little may be read once more.
    assert!((10..=13).contains(&pages.len()), "{pages:#?}");
    // The tombstones twice, as forty sessions fit into one request; the same for the sessions.
    assert_eq!(asked.of("chat_tombstones").len(), 2);
    assert!(asked.of("chat_").len() < 30, "{:#?}", asked.of("chat_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_edited_deleted_and_moved_while_away_is_as_the_project_has_it() {
    let project = Project::numbered().await;
    let (_device, app) = alices_device(&project).await;
    let here = app.session("Plans").await;
    let there = app.session("Other plans").await;
    let doomed = app.session("Not for long").await;
    let mut sent = Vec::new();
    for text in ["stays", "is edited", "is deleted", "moves"] {
        let message = app.send(&here, text).await;
        sent.push(app.delivered(&message).await.id);
    }
    let last = app.send(&doomed, "gone with its session").await;
    app.delivered(&last).await;
    away(&project, &app).await;
    let service = project.service();
    let one = |index: usize| format!("id=eq.{}", sent[index]);
    service
        .update("chat_messages", &one(1), json!({"content": "was edited"}))
        .await
        .unwrap();
    service.delete("chat_messages", &one(2)).await.unwrap();
    service
        .update("chat_messages", &one(3), json!({"session_id": there}))
        .await
        .unwrap();
    service
        .delete("chat_sessions", &format!("id=eq.{doomed}"))
        .await
        .unwrap();
    // Written long ago by a clock of its own, committed now.
    let mut late = rows(
        &here,
        project.peer(&alice()).await.user(),
        ["late".to_owned()].into_iter(),
    );
    late[0]["created_at"] = json!("2020-01-01T00:00:00Z");
    service.insert("chat_messages", late).await.unwrap();
    back(&project, &app).await;
    assert_eq!(app.contents(&here).await, ["late", "stays", "was edited"]);
    assert_eq!(app.contents(&there).await, ["moves"]);
    let listed = app.ok(api::ListSessions {}).await;
    assert!(listed.iter().all(|row| row.id != doomed), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_changes_of_one_session_than_a_server_gives_at_once_are_all_read() {
    let project = Project::numbered().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&alice()).await;
    away(&project, &app).await;
    let texts = (0..2_500).map(|n| format!("row {n}"));
    phone
        .insert("chat_messages", rows(&session, phone.user(), texts))
        .await
        .unwrap();
    let some = format!("session_id=eq.{session}&content=like.row%201*");
    let deleted = phone.delete("chat_messages", &some).await.unwrap().len();
    assert_eq!(deleted, 1_111);
    back(&project, &app).await;
    assert_eq!(kept(&app, &session).await, 2_500 - 1_111);
    app.whole(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_refuses_so_much_at_once_is_asked_for_less() {
    let project = Project::numbered().await;
    let (_device, app) = alices_device(&project).await;
    let phone = project.peer(&alice()).await;
    let ids = sessions(&phone, 30).await;
    app.until("all sessions", api::ListSessions {}, |rows| {
        rows.len() == 30
    })
    .await;
    away(&project, &app).await;
    for id in &ids {
        let texts = (0..10).map(|n| format!("row {n}"));
        phone
            .insert("chat_messages", rows(id, phone.user(), texts))
            .await
            .unwrap();
    }
    let refusals = Arc::new(AtomicUsize::new(0));
    let count = refusals.clone();
    let busy = AtomicUsize::new(0);
    project
        .server
        .state()
        .hooks()
        .watch_rest(Some(Arc::new(move |method, uri| {
            let query = uri.query().unwrap_or_default();
            let reads = method == "GET" && uri.path().ends_with("/chat_messages");
            let rows: Option<u32> = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("limit="))
                .and_then(|limit| limit.parse().ok());
            // One answer in between is that there are too many requests.
            let status = if uri.to_string().len() > 1_500 {
                414
            } else if reads && rows.is_some_and(|rows| rows > 300) {
                504
            } else if reads && rows.is_some_and(|rows| rows > 100) {
                413
            } else if reads && busy.fetch_add(1, Ordering::SeqCst) == 1 {
                429
            } else {
                return None;
            };
            count.fetch_add(1, Ordering::SeqCst);
            Some(status.try_into().unwrap())
        })));
    back(&project, &app).await;
    for id in &ids {
        assert_eq!(kept(&app, id).await, 10, "{id}");
    }
    assert!((4..40).contains(&refusals.load(Ordering::SeqCst)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_out_of_reach_is_kept_and_right_again_when_it_comes_back() {
    let project = Project::numbered().await;
    let mut device = Device::new();
    device.pace.chat = Duration::from_millis(200);
    device.pace.background = Duration::from_millis(20);
    let app = device.start().await;
    app.join(&project).await;
    let session = app.session("Plans").await;
    let mut sent = Vec::new();
    for text in ["stays", "goes unseen"] {
        let message = app.send(&session, text).await;
        sent.push(app.delivered(&message).await.id);
    }
    let me = project.peer(&alice()).await.user().to_owned();
    let bob = project.newcomer(&bob()).await;
    let service = project.service();
    let query = format!("id=eq.{session}");
    service
        .update("chat_sessions", &query, json!({"user_id": bob.user()}))
        .await
        .unwrap();
    app.until("no access", api::ListSessions {}, |rows| {
        rows.iter().any(|row| row.id == session && row.no_access)
    })
    .await;
    assert_eq!(app.contents(&session).await, ["stays", "goes unseen"]);
    let gone = format!("id=eq.{}", sent[1]);
    service.delete("chat_messages", &gone).await.unwrap();
    service
        .insert(
            "chat_messages",
            rows(&session, bob.user(), ["by Bob".to_owned()].into_iter()),
        )
        .await
        .unwrap();
    service
        .update("chat_sessions", &query, json!({"user_id": me}))
        .await
        .unwrap();
    app.until("access", api::ListSessions {}, |rows| {
        rows.iter().any(|row| row.id == session && !row.no_access)
    })
    .await;
    app.until("what it is now", latest(&session), |page| {
        page.rows
            .iter()
            .map(|row| row.content.as_str())
            .eq(["stays", "by Bob"])
    })
    .await;
    app.whole(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catch_up_that_breaks_off_goes_on_from_where_it_was() {
    let project = Project::numbered().await;
    let (device, app) = alices_device(&project).await;
    let phone = project.peer(&alice()).await;
    let session = app.session("Plans").await;
    away(&project, &app).await;
    app.stop().await;
    let texts = (0..3_000).map(|n| format!("row {n}"));
    phone
        .insert("chat_messages", rows(&session, phone.user(), texts))
        .await
        .unwrap();
    // After the second page nothing is answered any more.
    let asked = Arc::new(AtomicUsize::new(0));
    let pages = asked.clone();
    let hooks = project.server.state();
    hooks.hooks().watch_rest(Some(Arc::new(move |_, uri| {
        let page = uri.path().ends_with("/chat_messages");
        let broken = page && pages.fetch_add(1, Ordering::SeqCst) >= 2;
        broken.then_some(503.try_into().unwrap())
    })));
    project.proxy.heal();
    let app = device.start().await;
    let broke = wait_for("a third page", LONG, async || {
        (asked.load(Ordering::SeqCst) > 2).then_some(())
    });
    broke.await.unwrap();
    // The second one is written while the third one is asked for. Beside the two pages there is what
    // the server was still telling of the 3,000 when the app came.
    let two_pages = wait_for("two pages", LONG, async || {
        let there = kept(&app, &session).await;
        (there >= 2_000).then_some(there)
    });
    let there = two_pages.await.unwrap();
    assert!(there < 3_000, "{there}");
    app.stop().await;

    let asked = project.watch();
    let app = device.start().await;
    app.live().await;
    assert_eq!(kept(&app, &session).await, 3_000);
    let mut pages = asked.of("chat_messages");
    pages.retain(|line| line.contains("rev.gt."));
    assert_eq!(pages.len(), 1, "{pages:#?}");
}
