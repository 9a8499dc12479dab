//! The first download of a large account, killed while it runs.

use serde_json::{Value, json};
use tidings_contract::{self as api, Event};
use tidings_tests::served::Served;

use crate::{World, wait};

/// Sessions of the account beside those that the program made, and messages in each: more than one
/// request fetches.
const SESSIONS: usize = 12;
const EACH: usize = 320;
/// How often it is killed.
const KILLS: u64 = 3;

/// What was written into the account from elsewhere, long ago.
async fn fill(world: &World) -> Vec<String> {
    let (service, user) = (world.project.service(), world.user().await);
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        let id = uuid::Uuid::new_v4().to_string();
        let session = json!({"id": id, "user_id": user, "title": format!("Old {number}")});
        service.insert("chat_sessions", session).await.unwrap();
        let rows: Vec<Value> = (0..EACH).map(|at| world.old_message(&id, at)).collect();
        let rows = Value::from(rows);
        service.insert("chat_messages", rows).await.unwrap();
        sessions.push(id);
    }
    sessions
}

/// How far the download has come, as it told: messages here, and all there are.
fn told(served: &Served) -> Vec<(u64, u64)> {
    served.told(|event| match event {
        Event::Download { download } => {
            let download = download.as_ref()?;
            Some((download.done, download.total?))
        }
        _ => None,
    })
}

async fn everything_is_here(world: &World, served: &Served, sessions: &[String]) {
    let all = world.stored().await.len() as u64;
    served
        .until("everything", api::GetStorage {}, |storage| {
            storage.messages == all
        })
        .await
        .unwrap();
    for session in sessions {
        let details = api::GetDetails {
            session: session.clone(),
        };
        let complete =
            |details: &api::SessionDetails| details.gaps == 0 && details.messages == EACH as u64;
        let what = "a session without gaps";
        served.until(what, details, complete).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_was_killed_goes_on_where_it_was() {
    let (world, served) = World::start().await;
    served.stop().await.unwrap();
    let sessions = fill(&world).await;
    let mut served = world.served().await;
    let mut here = 0;
    for number in 0..KILLS {
        let (done, total) = wait("a download that went on", async || {
            let told = told(&served);
            told.into_iter().find(|(done, _)| *done > here)
        })
        .await;
        assert!(
            done < total,
            "it was done before it was killed: {done} of {total}"
        );
        // Something of one's own is on its way as well.
        let text = format!("meanwhile {number}");
        world.book.asks(&text);
        let sent = served
            .ok(api::SendMessage {
                session: world.sessions[0].clone(),
                content: text.clone(),
                reply_to: None,
            })
            .await
            .unwrap();
        world.book.was_written(&text, &sent.id);
        served = world
            .kill_by(served, |conn| {
                let count = "SELECT count(*) FROM messages WHERE deleted = 0 AND unsent = 0";
                here = conn
                    .query_row(count, [], |row| row.get::<_, i64>(0))
                    .unwrap()
                    .unsigned_abs();
                assert!(here >= done, "{done} messages were here, {here} are");
            })
            .await;
        // What it says first is what there was.
        let (first, _) = wait("how far it is", async || told(&served).first().copied()).await;
        assert!(
            first >= here,
            "it begins with {first} messages, {here} were here"
        );
    }
    everything_is_here(&world, &served, &sessions).await;
    served.stop().await.unwrap();
    world.judge_files();
}
