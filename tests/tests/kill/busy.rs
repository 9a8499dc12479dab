//! A program that is busy in several sessions at once, killed after so many words of it.

use std::sync::Arc;

use serde_json::json;
use tidings_contract as api;
use tidings_tests::served::{NoReply, Served};

use crate::book::Book;
use crate::{Random, World};

/// Frames that the program says before it is killed, at most.
const MOST_FRAMES: u64 = 120;

/// Works in every session, and lets others write, until the program has been killed; returns the
/// one that was started again.
pub async fn until_killed(
    world: &World,
    served: Served,
    round: usize,
    random: &mut Random,
) -> Served {
    let served = Arc::new(served);
    let session = world.sessions[round % world.sessions.len()].clone();
    served.ok(api::OpenSession { session }).await.unwrap();
    let mut writers = Vec::new();
    for session in &world.sessions {
        let (served, book) = (served.clone(), world.book.clone());
        let random = Random(random.below(u64::MAX) | 1);
        let session = session.clone();
        writers.push(tokio::spawn(async move {
            // It ends with the program.
            let Err(NoReply::Gone) = write(&served, &book, &session, round, random).await else {
                panic!("the program refused")
            };
        }));
    }
    let others = others(world, round);
    let frames = 2 + random.below(MOST_FRAMES);
    tokio::select! {
        () = served.heard(frames) => {}
        () = others => {}
    }
    served.kill().await.unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    let served = Arc::into_inner(served).expect("nobody else has it");
    world.kill(served).await
}

/// Writes, changes and deletes in one session until the program is gone.
async fn write(
    served: &Served,
    book: &Book,
    session: &str,
    round: usize,
    mut random: Random,
) -> Result<(), NoReply> {
    let mut own: Vec<String> = Vec::new();
    for number in 0.. {
        let some = match own.len() as u64 {
            0 => None,
            count => Some(own[usize::try_from(random.below(count)).unwrap_or(0)].clone()),
        };
        match (random.below(10), some) {
            (6..8, Some(id)) => {
                let content = format!("{session} {round}.{number}, edited");
                book.asks_to_edit(&id, &content);
                let edit = api::EditMessage {
                    message: id.clone(),
                    content: content.clone(),
                };
                served.call(edit).await?;
                book.was_edited(&id, &content);
            }
            (8, Some(id)) => {
                own.retain(|other| *other != id);
                book.asks_to_delete(&id);
                served
                    .call(api::DeleteMessage {
                        message: id.clone(),
                    })
                    .await?;
                book.was_deleted(&id);
            }
            _ => {
                let content = format!("{session} {round}.{number}");
                book.asks(&content);
                let command = api::SendMessage {
                    session: session.to_owned(),
                    content: content.clone(),
                    reply_to: None,
                };
                let sent = served.call(command).await?;
                book.was_written(&content, &sent.id);
                own.push(sent.id);
            }
        }
    }
    Ok(())
}

/// Others write into the sessions.
async fn others(world: &World, round: usize) {
    let service = world.project.service();
    for number in 0..40 {
        let session = &world.sessions[number % world.sessions.len()];
        let id = uuid::Uuid::now_v7().to_string();
        let content = format!("others {round}.{number}");
        // Written down first: the request may be given up while the server carries it out.
        world.book.others_may_write(&id, &content);
        let row = json!({
            "id": id, "session_id": session, "user_id": "somebody", "role": "user",
            "content": content,
        });
        service.insert("chat_messages", row).await.unwrap();
        world.book.others_wrote(&id, &content);
    }
    std::future::pending::<()>().await;
}
