//! What is read while changes arrive live: the rest of a large account, and ranges that may have
//! changed unseen.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract::{self as api, Connection, Event};
use tidings_local::{Behaviour, Options};
use tidings_model::Clock;
use tidings_testkit::{alice, wait_for};
use tidings_tests::project::Project;

use crate::kit::{Client, Device, latest, open};
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
    let ids = sessions(&phone, SESSIONS).await;
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
