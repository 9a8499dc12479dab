//! A limit to what is kept, killed while it takes messages off the computer.

use serde_json::{Value, json};
use tidings_contract::{self as api, Retention};
use tidings_tests::served::Served;

use crate::{World, sent_everything, wait};

/// Messages of long ago: in so many steps that somebody sees it in between.
const OLD: usize = 6_000;
/// Rows in one request of whoever writes them.
const AT_ONCE: usize = 500;

/// An old one of Alice's own. Returns its id.
async fn own_message(world: &World) -> String {
    let (id, text) = (uuid::Uuid::now_v7().to_string(), "What it said");
    world.book.asks(text);
    world.book.was_written(text, &id);
    let row = json!({
        "id": id, "session_id": world.sessions[0], "user_id": world.user().await, "role": "user",
        "content": text, "created_at": "2024-01-31T10:00:00Z",
    });
    let service = world.project.service();
    service.insert("chat_messages", row).await.unwrap();
    id
}

async fn kept(served: &Served) -> u64 {
    served.ok(api::GetStorage {}).await.unwrap().messages
}

fn left(conn: &rusqlite::Connection) -> u64 {
    let count = "SELECT count(*) FROM messages WHERE deleted = 0 AND unsent = 0";
    conn.query_row(count, [], |row| row.get::<_, i64>(0))
        .unwrap()
        .unsigned_abs()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_limit_takes_is_gone_by_steps_and_what_waits_stays() {
    let (world, served) = World::start().await;
    let service = world.project.service();
    for from in (0..OLD).step_by(AT_ONCE) {
        let rows = (from..from + AT_ONCE).map(|at| world.old_message(&world.sessions[0], at));
        let rows = Value::from(rows.collect::<Vec<_>>());
        service.insert("chat_messages", rows).await.unwrap();
    }
    let own = own_message(&world).await;
    let all = OLD as u64 + 1;
    served
        .until("what was written", api::GetStorage {}, |now| {
            now.messages == all
        })
        .await
        .unwrap();
    // It waits where messages are taken away, and as long as there is no network.
    world.project.proxy.go_offline();
    let text = "What waits";
    world.book.asks(text);
    let sent = served
        .ok(api::SendMessage {
            session: world.sessions[0].clone(),
            content: text.to_owned(),
            reply_to: None,
        })
        .await
        .unwrap();
    world.book.was_written(text, &sent.id);
    // So does what is to be changed, however old.
    let content = "What it should have said".to_owned();
    world.book.asks_to_edit(&own, &content);
    let edit = api::EditMessage {
        message: own.clone(),
        content: content.clone(),
    };
    served.ok(edit).await.unwrap();
    world.book.was_edited(&own, &content);
    let mut settings = served.ok(api::GetSettings {}).await.unwrap();
    settings.retention = Retention::Months { months: 1 };
    let before = kept(&served).await;
    served.ok(api::SetSettings { settings }).await.unwrap();
    wait("a step of it", async || {
        (kept(&served).await < before).then_some(())
    })
    .await;
    served.kill().await.unwrap();
    drop(served);
    let mut between = 0;
    world.look_at_files(|conn| between = left(conn));
    println!("{between} of {all} were left when it was killed");
    assert!((3..all).contains(&between), "{between} of {all} were left");
    world.project.proxy.heal();
    let served = world.served().await;
    served.live().await.unwrap();
    // A session's newest message stays in any case, and so do those that waited.
    served
        .until("what stays", api::GetStorage {}, |now| now.messages <= 3)
        .await
        .unwrap();
    sent_everything(&served).await;
    world.judge(&served).await;
    // Nothing is lost: it is fetched by who looks for it.
    let mut at = api::PageAt::Latest;
    let mut seen = 0;
    loop {
        let page = api::GetMessages {
            session: world.sessions[0].clone(),
            at,
            limit: 200,
        };
        let page = served.ok(page).await.unwrap();
        seen += page.rows.len();
        match page.rows.first() {
            Some(first) if page.before != api::Edge::End => {
                let message = first.id.clone();
                at = api::PageAt::Before { message };
            }
            _ => break,
        }
    }
    assert_eq!(seen, OLD + 2);
    served.stop().await.unwrap();
    world.judge_files();
}
