//! Points on a message's way that can be seen from outside.

use tidings_contract::{self as api, Event, SendState};
use tidings_testkit::proxy::Direction;
use tidings_tests::served::Served;

use crate::{Random, World, wait};

/// How far a message has come when the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// `send_message` was answered; there is no connection.
    Queued,
    /// The request has left, and the network holds it.
    Sent,
    /// The server has stored it; the network holds the answer, and what is told live.
    Answered,
    /// The program has told that it is delivered.
    Committed,
    /// The search finds it.
    Indexed,
}

pub const POINTS: [Point; 5] = [
    Point::Queued,
    Point::Sent,
    Point::Answered,
    Point::Committed,
    Point::Indexed,
];

/// Writes a message and waits until it has come to a point.
pub async fn reach(
    world: &World,
    served: &Served,
    point: Point,
    number: usize,
    random: &mut Random,
) {
    let session = &world.sessions[number % world.sessions.len()];
    let network = &world.project.proxy;
    match point {
        Point::Queued => network.go_offline(),
        Point::Sent => network.freeze(Direction::Up),
        Point::Answered => network.freeze(Direction::Down),
        Point::Committed | Point::Indexed => {}
    }
    let mark = format!("kill{number}");
    let text = format!("{mark} {point:?}");
    world.book.asks(&text);
    let sent = served
        .ok(api::SendMessage {
            session: session.clone(),
            content: text.clone(),
            reply_to: None,
        })
        .await
        .unwrap();
    world.book.was_written(&text, &sent.id);
    match point {
        Point::Queued => {
            // An edit of what waits is part of it.
            if random.below(2) == 0 {
                let content = format!("{text}, edited");
                world.book.asks_to_edit(&sent.id, &content);
                let message = sent.id.clone();
                let edit = api::EditMessage {
                    message,
                    content: content.clone(),
                };
                served.ok(edit).await.unwrap();
                world.book.was_edited(&sent.id, &content);
            }
        }
        Point::Sent => {
            let is_under_way =
                |rows: &Vec<api::OutboxRow>| rows.iter().any(|row| row.state == SendState::Sending);
            served
                .until("a message under way", api::ListOutbox {}, is_under_way)
                .await
                .unwrap();
            // Cut, the request is lost; else it arrives when the network flows again, after
            // the program that sent it is gone.
            if random.below(2) == 0 {
                network.cut();
            }
        }
        Point::Answered => {
            let service = world.project.service();
            let query = format!("id=eq.{}", sent.id);
            wait("the message on the server", async || {
                let rows = service.select("chat_messages", &query).await.ok()?;
                (!rows.is_empty()).then_some(())
            })
            .await;
        }
        Point::Committed => {
            // Rows are told of the session that is open.
            let open = api::OpenSession {
                session: session.clone(),
            };
            served.ok(open).await.unwrap();
            let page = api::GetMessages {
                session: session.clone(),
                at: api::PageAt::Latest,
                limit: 20,
            };
            let is_delivered =
                |row: &api::MessageRow| row.id == sent.id && row.state == SendState::Delivered;
            let told = |event: &Event| match event {
                Event::Messages { changed, .. } => changed.iter().any(is_delivered).then_some(()),
                _ => None,
            };
            wait("the word that it is delivered", async || {
                if !served.told(told).is_empty() {
                    return Some(());
                }
                // It was delivered before the session was open.
                let page = served.ok(page.clone()).await.ok()?;
                page.rows.iter().any(is_delivered).then_some(())
            })
            .await;
        }
        Point::Indexed => {
            let search = api::Search {
                query: mark.clone(),
                limit: 5,
                filter: None,
            };
            served
                .until("it in the search", search, |reply| {
                    reply.hits.iter().any(|hit| hit.message == sent.id)
                })
                .await
                .unwrap();
        }
    }
}
