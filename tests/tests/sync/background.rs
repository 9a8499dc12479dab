//! What is read while changes arrive live: the rest of a large account, and ranges that may have
//! changed unseen.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract::{self as api, Connection, Event};
use tidings_local::{Behaviour, Options};
use tidings_model::Clock;
use tidings_testkit::{alice, wait_for};
use tidings_tests::peer::Peer;
use tidings_tests::project::Project;

use crate::kit::{Client, Device, credentials, latest, open};
use crate::revisions::{kept, sessions};

const LONG: Duration = Duration::from_mins(2);
/// Sessions of the account, and messages in each.
const SESSIONS: usize = 30;
const EACH: u64 = 200;

async fn project(numbered: bool) -> Project {
    if numbered {
        Project::numbered().await
    } else {
        Project::start().await
    }
}

/// An account with more messages than a first connection reads. The sessions, and when the
/// messages of each were written.
async fn large_account(project: &Project) -> Vec<String> {
    let phone = project.newcomer(&alice()).await;
    filled(&phone, SESSIONS).await
}

/// Sessions with messages of long ago.
async fn filled(phone: &Peer, count: usize) -> Vec<String> {
    let ids = sessions(phone, count).await;
    for (number, id) in ids.iter().enumerate() {
        let day = 1 + number % 28;
        let row = |n: u64| {
            let (minute, second) = (n / 60, n % 60);
            json!({"session_id": id, "user_id": phone.user(), "role": "user",
                "content": format!("message {n}"),
                "created_at": format!("2024-02-{day:02}T10:{minute:02}:{second:02}Z")})
        };
        let rows: Vec<Value> = (0..EACH).map(row).collect();
        phone
            .insert("chat_messages", Value::from(rows))
            .await
            .unwrap();
    }
    ids
}

/// Alice's device, live, with a download that was stopped before its first step.
async fn stopped(project: &Project) -> (Device, Client) {
    let mut device = Device::new();
    device.pace.background = Duration::from_millis(20);
    let app = device.start().await;
    app.add(project).await;
    app.ok(api::PauseDownload { paused: true }).await;
    app.ok(credentials(&alice())).await;
    app.live().await;
    (device, app)
}

/// Looks at all pages of a session, up to its beginning.
async fn scrolled(app: &Client, session: &str) {
    let mut at = api::PageAt::Latest;
    loop {
        let page = app
            .ok(api::GetMessages {
                session: session.to_owned(),
                at,
                limit: 50,
            })
            .await;
        let Some(first) = page.rows.first().filter(|_| page.before != api::Edge::End) else {
            return;
        };
        let message = first.id.clone();
        at = api::PageAt::Before { message };
    }
}

async fn all_here(app: &Client, ids: &[String]) {
    let done = wait_for("everything", LONG, async || {
        for id in ids {
            let session = id.clone();
            let details = app.ok(api::GetDetails { session }).await;
            if details.messages != EACH || details.gaps != 0 {
                return None;
            }
        }
        Some(())
    });
    done.await.unwrap();
}

fn downloads(app: &Client) -> Vec<Option<api::Download>> {
    app.told(|event| match event {
        Event::Download { download } => Some(download.clone()),
        _ => None,
    })
}

async fn a_large_account_comes_in_the_background(numbered: bool) {
    let project = project(numbered).await;
    let ids = large_account(&project).await;
    let mut device = Device::new();
    // Nothing of the background happens before the live part is looked at.
    device.pace.background = Duration::from_millis(300);
    let app = device.start().await;
    app.sign_in(&project).await;
    let here: u64 = {
        let mut sum = 0;
        for id in &ids {
            sum += kept(&app, id).await;
        }
        sum
    };
    let all = SESSIONS as u64 * EACH;
    assert!(here < all, "{here} of {all} before it is live");
    // One can read and write meanwhile; what is open comes first.
    let last = ids.last().unwrap();
    app.ok(open(last)).await;
    let sent = app.send(&ids[0], "meanwhile").await;
    app.delivered(&sent).await;
    app.ok(api::DeleteMessage { message: sent.id }).await;
    app.sent_everything().await;
    app.until("a count", api::GetSnapshot {}, |snapshot| {
        let download = snapshot.active.as_ref().and_then(|a| a.download.clone());
        download.is_some_and(|download| download.total.is_some())
    })
    .await;

    app.ok(api::PauseDownload { paused: true }).await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    let paused = app
        .until("still paused", api::GetSnapshot {}, |snapshot| {
            let download = snapshot.active.as_ref().and_then(|a| a.download.clone());
            download.is_some_and(|download| download.paused)
        })
        .await;
    let download = paused.active.unwrap().download.unwrap();
    let total = download.total.unwrap();
    assert!(download.done < total && total == all, "{download:?}");

    app.forget();
    app.ok(api::PauseDownload { paused: false }).await;
    all_here(&app, &ids).await;
    app.event("the end", |event| match event {
        Event::Download { download: None } => Some(()),
        _ => None,
    })
    .await;
    let told: Vec<api::Download> = downloads(&app).into_iter().flatten().collect();
    assert!(!told.is_empty());
    assert!(
        told.windows(2).all(|two| two[0].done <= two[1].done),
        "{told:?}"
    );
    assert_eq!(told.last().unwrap().done, total);
    let state = app.ok(api::GetSnapshot {}).await.active.unwrap().connection;
    assert_eq!(state, Connection::Live);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_large_account_comes_while_it_is_live() {
    a_large_account_comes_in_the_background(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_large_account_with_numbers_comes_while_it_is_live() {
    a_large_account_comes_in_the_background(true).await;
}

async fn a_download_that_was_cut_off_goes_on(numbered: bool) {
    let project = project(numbered).await;
    let ids = large_account(&project).await;
    let mut device = Device::new();
    device.pace.background = Duration::from_millis(150);
    let app = device.start().await;
    app.sign_in(&project).await;
    let download = app
        .event("the beginning", |event| match event {
            Event::Download { download } => download.clone(),
            _ => None,
        })
        .await;
    assert!(download.done < SESSIONS as u64 * EACH, "{download:?}");
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    all_here(&app, &ids).await;
    let first = app.ok(latest(&ids[0])).await;
    assert_eq!(first.rows.len() as u64, EACH);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_download_that_was_cut_off_goes_on_from_where_it_was() {
    a_download_that_was_cut_off_goes_on(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_download_with_numbers_that_was_cut_off_goes_on_from_where_it_was() {
    a_download_that_was_cut_off_goes_on(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_plain_tables_old_ranges_are_compared_again_after_a_time_away() {
    // Half a session in an answer.
    let behaviour = Behaviour {
        max_rows: 100,
        ..Behaviour::default()
    };
    let project = Project::start_with(Options {
        behaviour,
        ..Options::default()
    })
    .await;
    let ids = large_account(&project).await;
    let mut device = Device::new();
    device.pace.background = Duration::from_millis(10);
    let app = device.start().await;
    app.sign_in(&project).await;
    all_here(&app, &ids).await;
    let service = project.service();
    let one = |n: u64| format!("session_id=eq.{}&content=eq.message {n}", ids[3]);
    let has = |page: &api::MessagePage, text: &str| page.rows.iter().any(|it| it.content == text);
    let back = async || {
        project.proxy.heal();
        app.ok(api::Connect {}).await;
        app.live().await;
    };

    project.proxy.go_offline();
    app.offline().await;
    // Hours later, by every clock.
    project.server.state().hooks().set_clock_offset(7_200);
    let edit = json!({"content": "edited"});
    service
        .update("chat_messages", &one(5), edit)
        .await
        .unwrap();
    service.delete("chat_messages", &one(6)).await.unwrap();
    back().await;
    app.until("as it is now", latest(&ids[3]), |page| {
        has(page, "edited") && !has(page, "message 5") && !has(page, "message 6")
    })
    .await;
    // Every part says when it was compared.
    let details = api::GetDetails {
        session: ids[3].clone(),
    };
    let later = Clock::now(&*device.clock).as_millis() + 3_600_000;
    app.until("all compared since", details, |details| {
        let since = |part: &api::HistoryPart| part.verified_at.is_some_and(|at| at > later);
        !details.history.is_empty() && details.history.iter().all(since)
    })
    .await;

    // Minutes later: what was compared a moment ago is compared again.
    project.proxy.go_offline();
    app.offline().await;
    service.delete("chat_messages", &one(7)).await.unwrap();
    back().await;
    app.until("without it", latest(&ids[3]), |page| {
        !has(page, "message 7")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_is_compared_while_the_download_is_stopped() {
    let project = Project::start().await;
    let ids = large_account(&project).await;
    let (_device, app) = stopped(&project).await;
    let missing = async || {
        let snapshot = app.until("what is missing", api::GetSnapshot {}, |snapshot| {
            let download = snapshot.active.as_ref().and_then(|a| a.download.as_ref());
            download.is_some_and(|download| download.paused && download.total.is_some())
        });
        let download = snapshot.await.active.unwrap().download.unwrap();
        download.total.unwrap() - download.done
    };
    let before = missing().await;
    // Of the newest messages, which a first connection reads; far from the newest of all.
    let newest = &ids[27];
    app.until("its messages", latest(newest), |page| {
        page.rows.len() == 200
    })
    .await;
    project.proxy.go_offline();
    app.offline().await;
    // Hours later, by every clock.
    project.server.state().hooks().set_clock_offset(7_200);
    let service = project.service();
    let one = |n: u64| format!("session_id=eq.{newest}&content=eq.message {n}");
    let edit = json!({"content": "edited"});
    service
        .update("chat_messages", &one(50), edit)
        .await
        .unwrap();
    service.delete("chat_messages", &one(60)).await.unwrap();
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;
    app.until("as it is now", latest(newest), |page| {
        let has = |text: &str| page.rows.iter().any(|row| row.content == text);
        has("edited") && !has("message 50") && !has("message 60")
    })
    .await;
    // Of the messages that were counted one is gone.
    let after = missing().await;
    assert!(before - after <= 1, "{before} before, {after} after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_was_stopped_is_not_stopped_once_nothing_is_missing() {
    let project = Project::start().await;
    let phone = project.newcomer(&alice()).await;
    // A little more than a first connection reads.
    let ids = filled(&phone, 6).await;
    let (device, app) = stopped(&project).await;
    app.until("stopped", api::GetSnapshot {}, |snapshot| {
        let download = snapshot.active.as_ref().and_then(|a| a.download.as_ref());
        download.is_some_and(|download| download.paused)
    })
    .await;
    // Scrolling brings what is missing.
    for id in &ids {
        app.ok(open(id)).await;
        scrolled(&app, id).await;
    }
    app.until("nothing to stop", api::GetSnapshot {}, |snapshot| {
        snapshot
            .active
            .as_ref()
            .is_some_and(|it| it.download.is_none())
    })
    .await;
    // What is missing another time comes, though nobody said that it may.
    app.stop().await;
    let more = filled(&phone, 3).await;
    let app = device.start().await;
    app.live().await;
    all_here(&app, &more).await;
}
