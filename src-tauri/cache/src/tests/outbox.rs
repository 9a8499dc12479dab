use super::*;
use crate::{
    CacheError, Enqueued, FailReason, NewSession, Op, OutboxId, OutboxState, OwnState,
    SessionChange,
};

fn refusal() -> FailReason {
    FailReason {
        code: "42501".to_owned(),
        message: "Not allowed".to_owned(),
    }
}

async fn only(cache: &Cache) -> crate::OutboxItem {
    let mut items = cache.outbox_list().await.unwrap();
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
}

async fn deliver(desk: &Desk, id: OutboxId) {
    let item = desk.cache.outbox_item(id).await.unwrap().unwrap();
    desk.cache.mark_sending(id).await.unwrap();
    let source = Source::OwnWrite(desk.read_stamp());
    let answer = match item.op {
        Op::InsertMessage(row) => vec![Incoming::Message {
            row: row.into(),
            source,
        }],
        Op::EditMessage { id, content } => {
            let mut row = desk.cache.message(id).await.unwrap().unwrap().message;
            row.content = content;
            vec![Incoming::Message {
                row: row.into(),
                source,
            }]
        }
        Op::DeleteMessage { id } => vec![Incoming::MessageDeleted { id, source }],
        Op::CreateSession(row) => vec![Incoming::Session {
            row: row.into(),
            source,
        }],
        Op::UpdateSession { .. } => vec![],
        Op::DeleteSession => vec![Incoming::SessionDeleted {
            id: item.session,
            rev: None,
            source,
        }],
    };
    desk.cache.mark_delivered(id, answer).await.unwrap();
}

#[tokio::test]
async fn a_message_is_on_the_disk_before_it_is_sent_and_keeps_its_place_across_restarts() {
    let desk = Desk::with_trip().await;
    for text in ["one", "two", "three"] {
        desk.cache.enqueue_message(note(text), at(5)).await.unwrap();
    }
    let first = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    desk.cache.mark_sending(first.id).await.unwrap();
    assert_eq!(desk.cache.next_for(sid("trip")).await.unwrap(), None);
    assert!(desk.cache.sessions_with_work().await.unwrap().is_empty());

    let desk = desk.reopen().await;
    assert_eq!(desk.cache.account(), Some(alice()));
    assert_eq!(desk.shown("trip").await, ["one", "two", "three"]);
    // What was under way waits again.
    assert_eq!(desk.cache.reset_sending().await.unwrap(), 0);
    assert_eq!(
        desk.cache.sessions_with_work().await.unwrap(),
        [sid("trip")]
    );
    let next = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    assert_eq!((next.id, next.attempts), (first.id, 1));
    deliver(&desk, next.id).await;
    assert_eq!(desk.shown("trip").await, ["one", "two", "three"]);
    let page = crate::Page {
        anchor: crate::Anchor::Latest,
        limit: 10,
    };
    let rows = desk.cache.messages(sid("trip"), page).await.unwrap().rows;
    let states: Vec<_> = rows.into_iter().map(|row| row.state).collect();
    assert_eq!(
        states,
        [None, Some(OwnState::Queued), Some(OwnState::Queued)]
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is_queued() {
    let desk = Desk::with_trip().await;
    let refused = desk.cache.enqueue_message(note(" \n"), at(1)).await;
    assert!(matches!(refused, Err(CacheError::EmptyMessage)));
    let long = "é".repeat(20_001);
    let refused = desk.cache.enqueue_message(note(&long), at(1)).await;
    assert!(matches!(
        refused,
        Err(CacheError::MessageTooLong { chars: 20_001 })
    ));
    let just_fits = "é".repeat(20_000);
    desk.cache
        .enqueue_message(note(&just_fits), at(1))
        .await
        .unwrap();
    only(&desk.cache).await;
}

#[tokio::test]
async fn edits_and_deletions_fold_into_a_message_that_never_left() {
    let desk = Desk::with_trip().await;
    let sent = desk
        .cache
        .enqueue_message(note("draft"), at(1))
        .await
        .unwrap();
    let edit = desk
        .cache
        .enqueue_edit(sent.message.id, "better".to_owned(), at(2))
        .await
        .unwrap();
    let item = only(&desk.cache).await;
    assert_eq!(edit, Enqueued::Folded(item.id));
    let Op::InsertMessage(row) = item.op else {
        panic!("{:?}", item.op)
    };
    assert_eq!(row.content, "better");
    assert_eq!(desk.shown("trip").await, ["better"]);

    let undone = desk
        .cache
        .enqueue_delete(sent.message.id, at(3))
        .await
        .unwrap();
    assert_eq!(undone, Enqueued::Undone);
    assert!(desk.cache.outbox_list().await.unwrap().is_empty());
    assert!(desk.shown("trip").await.is_empty());
}

#[tokio::test]
async fn what_may_have_arrived_is_not_changed_in_place() {
    let desk = Desk::with_trip().await;
    let sent = desk
        .cache
        .enqueue_message(note("first"), at(1))
        .await
        .unwrap();
    let item = only(&desk.cache).await;
    desk.cache.mark_sending(item.id).await.unwrap();
    desk.cache.requeue(item.id).await.unwrap();
    let edit = desk
        .cache
        .enqueue_edit(sent.message.id, "second".to_owned(), at(2))
        .await
        .unwrap();
    let Enqueued::Queued(edit) = edit else {
        panic!("{edit:?}")
    };
    assert_eq!(desk.shown("trip").await, ["second"]);
    deliver(&desk, item.id).await;
    assert_eq!(desk.shown("trip").await, ["second"]);
    let cached = desk.cache.message(sent.message.id).await.unwrap().unwrap();
    assert!(cached.edited_locally);
    deliver(&desk, edit).await;
    let cached = desk.cache.message(sent.message.id).await.unwrap().unwrap();
    assert_eq!(
        (cached.message.content.as_str(), cached.state),
        ("second", None)
    );
}

#[tokio::test]
async fn a_refused_message_is_kept_with_the_reason_and_lets_the_next_one_go() {
    let desk = Desk::with_trip().await;
    let first = desk
        .cache
        .enqueue_message(note("refused"), at(1))
        .await
        .unwrap();
    desk.cache
        .enqueue_message(note("next"), at(2))
        .await
        .unwrap();
    let item = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    desk.cache.mark_sending(item.id).await.unwrap();
    // Edited while it was under way: the text the user wants is what is kept.
    desk.cache
        .enqueue_edit(first.message.id, "refused, edited".to_owned(), at(3))
        .await
        .unwrap();
    desk.cache.mark_failed(item.id, refusal()).await.unwrap();

    let cached = desk.cache.message(first.message.id).await.unwrap().unwrap();
    assert_eq!(cached.state, Some(OwnState::Failed(refusal())));
    assert_eq!(desk.shown("trip").await, ["refused, edited", "next"]);
    let summary = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert_eq!((summary.queued, summary.failed), (1, 1));
    let next = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    assert_ne!(next.id, item.id);

    desk.cache.retry(item.id, at(9)).await.unwrap();
    let again = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    assert_eq!(again.id, item.id);
    desk.cache.discard(item.id).await.unwrap();
    assert_eq!(desk.shown("trip").await, ["next"]);
}

#[tokio::test]
async fn edits_and_deletions_show_at_once_and_come_back_when_discarded() {
    let desk = Desk::with_trip().await;
    let source = desk.inserted(1);
    let row = message(1, "original").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let edit = desk
        .cache
        .enqueue_edit(mid(1), "changed".to_owned(), at(2))
        .await
        .unwrap();
    assert_eq!(desk.shown("trip").await, ["changed"]);
    let Enqueued::Queued(edit) = edit else {
        panic!("{edit:?}")
    };
    // A second edit takes the first one's place.
    let second = desk
        .cache
        .enqueue_edit(mid(1), "changed again".to_owned(), at(2))
        .await
        .unwrap();
    assert_eq!(second, Enqueued::Folded(edit));
    desk.cache.discard(edit).await.unwrap();
    assert_eq!(desk.shown("trip").await, ["original"]);

    let Enqueued::Queued(delete) = desk.cache.enqueue_delete(mid(1), at(3)).await.unwrap() else {
        panic!("queued")
    };
    assert!(desk.shown("trip").await.is_empty());
    desk.cache.mark_sending(delete).await.unwrap();
    assert!(matches!(
        desk.cache.discard(delete).await,
        Err(CacheError::UnderWay)
    ));
    desk.cache.mark_failed(delete, refusal()).await.unwrap();
    assert_eq!(desk.shown("trip").await, ["original"]);
    desk.cache.retry(delete, at(9)).await.unwrap();
    assert!(desk.shown("trip").await.is_empty());
    deliver(&desk, delete).await;
    assert!(desk.shown("trip").await.is_empty());
    assert!(desk.cache.message(mid(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn an_echo_before_the_answer_makes_the_message_delivered() {
    let desk = Desk::with_trip().await;
    let sent = desk
        .cache
        .enqueue_message(note("echo"), at(1))
        .await
        .unwrap();
    let item = only(&desk.cache).await;
    desk.cache.mark_sending(item.id).await.unwrap();
    let began = desk.cache.stamp();
    let mut row = sent.message.clone();
    row.created_at = at(4);
    let source = desk.inserted(4);
    let echo = Incoming::Message {
        row: row.clone().into(),
        source,
    };
    desk.cache.ingest(vec![echo]).await.unwrap();
    let cached = desk.cache.message(row.id).await.unwrap().unwrap();
    assert_eq!((cached.message.created_at, cached.state), (at(4), None));
    assert_eq!(desk.shown("trip").await, ["echo"]);

    let ended = desk.cache.stamp();
    let source = Source::OwnWrite(ReadStamp { began, ended });
    let answer = vec![Incoming::Message {
        row: row.into(),
        source,
    }];
    let report = desk.cache.mark_delivered(item.id, answer).await.unwrap();
    assert!(report.reread.is_empty(), "the echo and the answer agree");
    assert!(desk.cache.outbox_list().await.unwrap().is_empty());
    assert_eq!(desk.shown("trip").await, ["echo"]);
}

#[tokio::test]
async fn the_outbox_belongs_to_its_account() {
    let desk = Desk::with_trip().await;
    desk.cache
        .enqueue_message(note("Alice's"), at(1))
        .await
        .unwrap();
    let mallory = UserId::new("mallory").unwrap();
    desk.cache.set_account(mallory, at(2)).await.unwrap();
    assert!(desk.cache.outbox_list().await.unwrap().is_empty());
    assert!(desk.cache.sessions_with_work().await.unwrap().is_empty());
    assert!(desk.shown("trip").await.is_empty());
    desk.cache.set_account(alice(), at(3)).await.unwrap();
    assert_eq!(desk.shown("trip").await, ["Alice's"]);
    only(&desk.cache).await;
}

#[tokio::test]
async fn sessions_are_made_titled_archived_and_deleted_through_the_outbox() {
    let desk = Desk::new().await;
    let new = NewSession {
        id: sid("trip"),
        user_id: alice(),
        title: None,
        metadata: Json::empty(),
    };
    let create = desk
        .cache
        .enqueue_session_create(new.clone(), at(1))
        .await
        .unwrap();
    let taken = desk.cache.enqueue_session_create(new, at(1)).await;
    assert!(matches!(taken, Err(CacheError::SessionExists)));
    desk.cache
        .enqueue_message(note("inside"), at(2))
        .await
        .unwrap();
    let title = SessionChange {
        title: Some(Some("Trip".to_owned())),
        status: None,
    };
    let folded = desk
        .cache
        .enqueue_session_update(sid("trip"), title, at(3))
        .await
        .unwrap();
    assert_eq!(folded, Enqueued::Folded(create));

    // While the session could not be made, nothing of it is sent.
    desk.cache.mark_sending(create).await.unwrap();
    desk.cache.mark_failed(create, refusal()).await.unwrap();
    assert_eq!(desk.cache.next_for(sid("trip")).await.unwrap(), None);
    desk.cache.retry(create, at(9)).await.unwrap();
    deliver(&desk, create).await;
    let summary = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert_eq!(summary.session.title.as_deref(), Some("Trip"));
    assert!(!summary.unsent);

    let archive = SessionChange {
        title: Some(None),
        status: Some(SessionStatus::Archived),
    };
    desk.cache
        .enqueue_session_update(sid("trip"), archive, at(4))
        .await
        .unwrap();
    let summary = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert_eq!(summary.session.title, None);
    assert_eq!(summary.session.status, SessionStatus::Archived);
    let desk = desk.reopen().await;
    let ops: Vec<Op> = desk
        .cache
        .outbox_list()
        .await
        .unwrap()
        .into_iter()
        .map(|i| i.op)
        .collect();
    assert_eq!(
        ops[1],
        Op::UpdateSession {
            title: Some(None),
            status: Some(SessionStatus::Archived)
        }
    );

    let Enqueued::Queued(delete) = desk
        .cache
        .enqueue_session_delete(sid("trip"), at(5))
        .await
        .unwrap()
    else {
        panic!("queued")
    };
    assert!(desk.cache.sessions().await.unwrap().is_empty());
    assert_eq!(only(&desk.cache).await.id, delete);
    desk.cache.discard(delete).await.unwrap();
    assert_eq!(desk.cache.sessions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_that_never_left_is_undone_by_its_deletion() {
    let desk = Desk::new().await;
    let new = NewSession {
        id: sid("trip"),
        user_id: alice(),
        title: None,
        metadata: Json::empty(),
    };
    desk.cache.enqueue_session_create(new, at(1)).await.unwrap();
    desk.cache
        .enqueue_message(note("inside"), at(2))
        .await
        .unwrap();
    let undone = desk
        .cache
        .enqueue_session_delete(sid("trip"), at(3))
        .await
        .unwrap();
    assert_eq!(undone, Enqueued::Undone);
    assert!(desk.cache.outbox_list().await.unwrap().is_empty());
    assert!(desk.cache.sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_write_that_was_dropped_meanwhile_is_no_error_for_its_sender() {
    let desk = Desk::with_trip().await;
    let gone = OutboxId::from_i64(99);
    desk.cache.requeue(gone).await.unwrap();
    desk.cache.mark_failed(gone, refusal()).await.unwrap();
    desk.cache.mark_delivered(gone, vec![]).await.unwrap();
    assert!(matches!(
        desk.cache.retry(gone, at(9)).await,
        Err(CacheError::NotFound(_))
    ));
}

#[tokio::test]
async fn what_is_changed_after_it_was_looked_at_is_sent_as_it_was_changed() {
    let desk = Desk::with_trip().await;
    let row = desk
        .cache
        .enqueue_message(note("before"), at(1))
        .await
        .unwrap();
    let looked_at = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    let edited = desk
        .cache
        .enqueue_edit(row.message.id, "after".to_owned(), at(2))
        .await
        .unwrap();
    assert_eq!(edited, Enqueued::Folded(looked_at.id));
    let sent = desk.cache.mark_sending(looked_at.id).await.unwrap();
    assert_eq!((sent.attempts, &sent.state), (1, &OutboxState::Sending));
    let Op::InsertMessage(message) = sent.op else {
        panic!("{sent:?}")
    };
    assert_eq!(message.content, "after");
}
