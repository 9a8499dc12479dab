//! Writes that are so old that they wait for the user's word.

use std::time::Duration;

use super::*;
use crate::{FailReason, Op, OutboxState, OwnState, SessionChange};

const TWO_DAYS: Duration = Duration::from_hours(48);
const HOUR: i64 = 3600;

async fn states(cache: &Cache) -> Vec<OutboxState> {
    let items = cache.outbox_list().await.unwrap();
    items.into_iter().map(|item| item.state).collect()
}

async fn hold(desk: &Desk, hour: i64) -> usize {
    let held = desk.cache.hold_old(at(hour * HOUR), TWO_DAYS).await;
    held.unwrap()
}

#[tokio::test]
async fn what_was_written_two_days_ago_waits_for_a_word_and_what_follows_it_waits_too() {
    let desk = Desk::with_trip().await;
    let old = desk
        .cache
        .enqueue_message(note("old"), at(0))
        .await
        .unwrap();
    let new = at(40 * HOUR);
    desk.cache.enqueue_message(note("new"), new).await.unwrap();
    assert_eq!(hold(&desk, 48).await, 0);
    assert_eq!(hold(&desk, 49).await, 1);
    assert_eq!(
        states(&desk.cache).await,
        [OutboxState::Held, OutboxState::Queued]
    );
    assert_eq!(desk.cache.next_for(sid("trip")).await.unwrap(), None);
    assert!(desk.cache.sessions_with_work().await.unwrap().is_empty());
    let shown = desk.cache.message(old.message.id).await.unwrap().unwrap();
    assert_eq!(shown.state, Some(OwnState::Held { written: at(0) }));
    let row = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert_eq!((row.held, row.queued, row.failed), (1, 1, 0));

    // It stays so across a restart, and nothing marks it a second time.
    let desk = desk.reopen().await;
    desk.cache.reset_sending().await.unwrap();
    assert_eq!(hold(&desk, 50).await, 0);
    let id = desk.cache.outbox_list().await.unwrap()[0].id;
    let refused = desk.cache.mark_sending(id).await;
    assert!(matches!(refused, Err(crate::CacheError::UnderWay)));

    // Told to be sent, it counts as written now.
    desk.cache.retry(id, at(50 * HOUR)).await.unwrap();
    assert_eq!(hold(&desk, 80).await, 0);
    let next = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    assert_eq!((next.id, next.created_at), (id, at(0)));
    // Both of them, when it has been waiting as long again.
    assert_eq!(hold(&desk, 99).await, 2);
}

#[tokio::test]
async fn a_text_that_was_changed_meanwhile_is_as_old_as_its_change() {
    let desk = Desk::with_trip().await;
    let old = desk
        .cache
        .enqueue_message(note("old"), at(0))
        .await
        .unwrap();
    assert_eq!(hold(&desk, 49).await, 1);
    desk.cache
        .enqueue_edit(old.message.id, "as of now".to_owned(), at(49 * HOUR))
        .await
        .unwrap();
    assert_eq!(states(&desk.cache).await, [OutboxState::Queued]);
    assert_eq!(hold(&desk, 50).await, 0);
}

#[tokio::test]
async fn every_kind_of_change_asks_and_one_word_answers_all() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let facts = [1, 2].map(|n| Incoming::Message {
        row: message(n, "there").into(),
        source,
    });
    desk.cache.ingest(facts.into()).await.unwrap();
    let title = SessionChange {
        title: Some(Some("New title".to_owned())),
        status: None,
    };
    let made = crate::NewSession {
        id: sid("made"),
        user_id: alice(),
        title: None,
        metadata: Json::empty(),
    };
    let cache = &desk.cache;
    cache
        .enqueue_edit(mid(1), "edited".to_owned(), at(0))
        .await
        .unwrap();
    cache.enqueue_delete(mid(2), at(0)).await.unwrap();
    cache
        .enqueue_session_update(sid("trip"), title, at(0))
        .await
        .unwrap();
    cache.enqueue_session_create(made, at(0)).await.unwrap();
    assert_eq!(hold(&desk, 60).await, 4);
    assert_eq!(cache.answer_held(true, at(60 * HOUR)).await.unwrap(), 4);
    assert_eq!(states(cache).await, vec![OutboxState::Queued; 4]);
    assert_eq!(hold(&desk, 120).await, 4);
    assert_eq!(cache.answer_held(false, at(120 * HOUR)).await.unwrap(), 4);
    assert!(states(cache).await.is_empty());
    // What they would have changed is as it was.
    assert_eq!(desk.shown("trip").await, ["there", "there"]);
    let sessions = cache.sessions().await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].session.title.as_deref(), Some("Title of trip"));
}

#[tokio::test]
async fn a_clock_that_was_turned_far_ahead_does_not_let_a_write_go_unasked() {
    let desk = Desk::with_trip().await;
    desk.cache
        .enqueue_message(note("written in the year after"), at(9000 * HOUR))
        .await
        .unwrap();
    // A clock that is a day ahead is no reason to ask.
    desk.cache
        .enqueue_message(note("written tomorrow"), at(25 * HOUR))
        .await
        .unwrap();
    assert_eq!(hold(&desk, 1).await, 1);
    assert_eq!(
        states(&desk.cache).await,
        [OutboxState::Held, OutboxState::Queued]
    );
}

#[tokio::test]
async fn what_the_server_is_known_to_have_does_not_ask() {
    let desk = Desk::with_trip().await;
    let sent = desk
        .cache
        .enqueue_message(note("sent"), at(0))
        .await
        .unwrap();
    let id = desk.cache.outbox_list().await.unwrap()[0].id;
    desk.cache.mark_sending(id).await.unwrap();
    desk.cache.requeue(id).await.unwrap();
    // The answer was lost; a catch-up found the row.
    let source = desk.read();
    let row = sent.message.clone().into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    assert_eq!(hold(&desk, 90).await, 0);
}

#[tokio::test]
async fn writes_of_another_account_are_neither_held_nor_answered() {
    let desk = Desk::with_trip().await;
    desk.cache
        .enqueue_message(note("hers"), at(0))
        .await
        .unwrap();
    let bob = UserId::new("bob").unwrap();
    desk.cache.set_account(bob, at(1)).await.unwrap();
    assert_eq!(hold(&desk, 90).await, 0);
    assert_eq!(desk.cache.answer_held(false, at(1)).await.unwrap(), 0);
    assert!(desk.cache.outbox_list().await.unwrap().is_empty());
    assert!(desk.cache.sessions_with_work().await.unwrap().is_empty());
    desk.cache.set_account(alice(), at(2)).await.unwrap();
    assert_eq!(states(&desk.cache).await, [OutboxState::Queued]);
    assert_eq!(hold(&desk, 90).await, 1);
}

#[tokio::test]
async fn the_text_of_an_edit_that_found_its_message_deleted_is_kept_in_the_draft() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let row = message(1, "there").into();
    let cache = &desk.cache;
    cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    cache
        .set_draft(sid("trip"), Some("begun".to_owned()), at(1))
        .await
        .unwrap();
    cache
        .enqueue_edit(mid(1), "my words".to_owned(), at(2))
        .await
        .unwrap();
    let item = cache.outbox_list().await.unwrap().remove(0);
    assert!(matches!(item.op, Op::EditMessage { .. }));
    cache.mark_sending(item.id).await.unwrap();
    let deletion = Incoming::MessageDeleted {
        id: mid(1),
        source: desk.read(),
    };
    let reason = FailReason {
        code: "deleted".to_owned(),
        message: "Deleted".to_owned(),
    };
    let kept = cache
        .edit_found_deleted(item.id, deletion, reason, at(3))
        .await
        .unwrap();
    assert_eq!(kept.as_deref(), Some("my words"));
    assert!(cache.outbox_list().await.unwrap().is_empty());
    assert!(desk.shown("trip").await.is_empty());
    let draft = cache.draft(sid("trip")).await.unwrap();
    assert_eq!(draft.as_deref(), Some("begun\n\nmy words"));
}

#[tokio::test]
async fn the_text_of_an_edit_stays_in_the_outbox_when_its_session_is_gone() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let row = message(1, "there").into();
    let cache = &desk.cache;
    cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    cache
        .enqueue_edit(mid(1), "my words".to_owned(), at(2))
        .await
        .unwrap();
    let item = cache.outbox_list().await.unwrap().remove(0);
    cache.mark_sending(item.id).await.unwrap();
    let source = desk.read();
    let id = sid("trip");
    cache
        .ingest(vec![Incoming::SessionDeleted {
            id,
            rev: None,
            source,
        }])
        .await
        .unwrap();
    let deletion = Incoming::MessageDeleted {
        id: mid(1),
        source: desk.read(),
    };
    let reason = FailReason {
        code: "deleted".to_owned(),
        message: "Deleted".to_owned(),
    };
    let kept = cache
        .edit_found_deleted(item.id, deletion, reason.clone(), at(3))
        .await
        .unwrap();
    assert_eq!(kept, None);
    assert_eq!(states(cache).await, [OutboxState::Failed(reason)]);
}
