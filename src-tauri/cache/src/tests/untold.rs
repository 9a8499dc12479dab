use super::*;
use crate::{FiringMark, MessageKey, Notify};

async fn take(desk: &Desk, rows: Vec<Message>) {
    let source = desk.read();
    let facts = rows.into_iter().map(|row| Incoming::Message {
        row: row.into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
}

async fn untold(desk: &Desk) -> Vec<MessageId> {
    desk.cache.untold_messages().await.unwrap()
}

#[tokio::test]
async fn a_message_of_somebody_else_waits_to_be_told_over_restarts_and_once() {
    let desk = Desk::with_trip().await;
    take(&desk, vec![message(1, "before the first reading ended")]).await;
    desk.cache.set_told_to(at(1)).await.unwrap();
    let mut own = message(2, "mine");
    own.user_id = Some(alice());
    let mut system = message(3, "Alice made this session");
    system.role = Role::System;
    let mut assistant = message(4, "an answer");
    (assistant.role, assistant.user_id) = (Role::Assistant, Some(alice()));
    let fetched = message(0, "history that is fetched");
    take(
        &desk,
        vec![own, system, assistant, fetched, message(5, "b")],
    )
    .await;
    assert_eq!(untold(&desk).await, [mid(4), mid(5)]);

    let desk = desk.reopen().await;
    assert_eq!(untold(&desk).await, [mid(4), mid(5)]);
    desk.cache.messages_told(vec![mid(4)]).await.unwrap();
    // Known already, it is no news, however often it is read.
    take(&desk, vec![message(5, "b")]).await;
    take(&desk, vec![message(4, "an answer, edited")]).await;
    let desk = desk.reopen().await;
    assert_eq!(untold(&desk).await, [mid(5)]);
}

#[tokio::test]
async fn what_comes_while_its_session_is_looked_at_is_not_told() {
    let desk = Desk::with_trip().await;
    desk.cache.set_told_to(at(0)).await.unwrap();
    let mut elsewhere = message(2, "elsewhere");
    elsewhere.session_id = sid("other");
    let source = desk.read();
    let facts = [message(1, "looked at"), elsewhere].map(|row| Incoming::Message {
        row: row.into(),
        source,
    });
    let looking_at = Some(sid("trip"));
    let report = desk.cache.ingest_looking_at(facts.into(), looking_at).await;
    assert_eq!(report.unwrap().new_messages.len(), 2);
    assert_eq!(untold(&desk).await, [mid(2)]);
    take(&desk, vec![message(3, "not any more")]).await;
    assert_eq!(untold(&desk).await, [mid(2), mid(3)]);
}

#[tokio::test]
async fn ones_first_message_of_all_is_not_told_though_it_comes_behind_another() {
    let desk = Desk::new().await;
    desk.cache.set_told_to(at(0)).await.unwrap();
    let mut row = session("trip", 1);
    row.user_id = message(1, "").user_id;
    let (row, source) = (row.into(), desk.read());
    let session = Incoming::Session { row, source };
    desk.cache.ingest(vec![session]).await.unwrap();
    let mut own = message(2, "mine, from the telephone");
    own.user_id = Some(alice());
    take(&desk, vec![message(1, "theirs"), own]).await;
    assert_eq!(untold(&desk).await, [mid(1)]);
}

#[tokio::test]
async fn what_was_read_or_deleted_meanwhile_is_not_told() {
    let desk = Desk::with_trip().await;
    desk.cache.set_told_to(at(0)).await.unwrap();
    take(&desk, (1..=4).map(|n| message(n, "news")).collect()).await;
    let key = MessageKey {
        at: at(2),
        id: mid(2),
    };
    desk.cache.mark_read(sid("trip"), key).await.unwrap();
    let gone = Incoming::MessageDeleted {
        id: mid(3),
        source: desk.changed(9),
    };
    desk.cache.ingest(vec![gone]).await.unwrap();
    assert_eq!(untold(&desk).await, [mid(4)]);
    // The next reading is complete: they are forgotten, what waits stays.
    desk.cache.set_told_to(at(9)).await.unwrap();
    take(
        &desk,
        vec![message(8, "history by now"), message(10, "news")],
    )
    .await;
    assert_eq!(untold(&desk).await, [mid(4), mid(10)]);
    desk.cache.remove_session(sid("trip")).await.unwrap();
    assert!(untold(&desk).await.is_empty());
}

#[tokio::test]
async fn which_messages_notify_is_kept_beside_the_pin() {
    let desk = Desk::with_trip().await;
    let notify = async |desk: &Desk| desk.cache.sessions().await.unwrap()[0].notify;
    assert_eq!(notify(&desk).await, Notify::All);
    for level in [
        Notify::Mentions,
        Notify::Muted,
        Notify::All,
        Notify::Mentions,
    ] {
        desk.cache.set_notify(sid("trip"), level).await.unwrap();
        assert_eq!(notify(&desk).await, level);
    }
    desk.cache.set_pinned(sid("trip"), true).await.unwrap();
    let desk = desk.reopen().await;
    assert_eq!(notify(&desk).await, Notify::Mentions);
    assert!(desk.cache.sessions().await.unwrap()[0].pinned);
}

#[test]
fn every_mark_of_a_firing_is_read_as_it_was_written() {
    for mark in [
        FiringMark::Notified,
        FiringMark::Suppressed,
        FiringMark::Muted,
        FiringMark::Quiet,
        FiringMark::Unshown,
        FiringMark::Away,
    ] {
        assert_eq!(FiringMark::from_word(mark.as_str()), mark);
    }
}
