use super::*;
use crate::{Column, PartialMessage, PartialSession};

#[tokio::test]
async fn a_row_is_told_after_the_commit_and_read_back_whole() {
    let desk = Desk::with_trip().await;
    let mut commits = desk.cache.subscribe();
    let row = message(1, "Hello");
    let source = desk.inserted(1);
    let report = desk
        .cache
        .ingest(vec![Incoming::Message {
            row: row.clone().into(),
            source,
        }])
        .await
        .unwrap();
    assert_eq!(report.changed, 1);
    assert_eq!(report.new_messages, [row.id]);
    assert!(report.reread.is_empty());

    let told = commits.recv().await.unwrap();
    assert!(told.changes.messages[&sid("trip")].contains(&row.id));
    assert!(told.changes.sessions.contains(&sid("trip")));
    let cached = desk.cache.message(row.id).await.unwrap().unwrap();
    assert_eq!(cached.message, row);
    assert_eq!(cached.state, None);
    assert!(!cached.incomplete);

    // The same again changes nothing and is not told.
    let again = Incoming::Message {
        row: row.into(),
        source,
    };
    let report = desk.cache.ingest(vec![again]).await.unwrap();
    assert_eq!(report.changed, 0);
    assert!(commits.try_recv().is_err());
}

#[tokio::test]
async fn a_read_that_began_before_a_frame_arrived_does_not_undo_it() {
    let desk = Desk::with_trip().await;
    let began = desk.cache.stamp();
    let source = desk.changed(5);
    let newer = PartialMessage::from(message(1, "new"));
    let frame = Incoming::Message { row: newer, source };
    desk.cache.ingest(vec![frame]).await.unwrap();
    let ended = desk.cache.stamp();

    let answer = Incoming::Message {
        row: message(1, "old").into(),
        source: Source::Rest(ReadStamp { began, ended }),
    };
    let report = desk.cache.ingest(vec![answer]).await.unwrap();
    assert_eq!(desk.shown("trip").await, ["new"]);
    assert!(report.reread.messages.contains(&mid(1)));

    // The read by key that this asks for wins.
    let source = desk.read();
    let row = message(1, "newest").into();
    let report = desk
        .cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    assert_eq!(desk.shown("trip").await, ["newest"]);
    assert!(report.reread.is_empty());
}

#[tokio::test]
async fn columns_that_a_frame_lacks_are_kept_and_the_row_read_again() {
    let desk = Desk::with_trip().await;
    let source = desk.inserted(1);
    let row = message(1, "a long text").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let mut update = PartialMessage::from(message(1, ""));
    update.content = Column::Absent;
    update.status = "failed".to_owned().into();
    let source = desk.changed(2);
    let report = desk
        .cache
        .ingest(vec![Incoming::Message {
            row: update,
            source,
        }])
        .await
        .unwrap();
    assert!(report.reread.messages.contains(&mid(1)));
    let cached = desk.cache.message(mid(1)).await.unwrap().unwrap();
    assert_eq!(cached.message.content, "a long text");
    assert_eq!(cached.message.status, MessageStatus::Failed);
    assert!(!cached.incomplete);
}

#[tokio::test]
async fn a_row_over_the_limit_is_shown_as_incomplete_until_it_is_read_again() {
    let desk = Desk::with_trip().await;
    let mut big = PartialMessage::from(message(1, ""));
    big.content = Column::Absent;
    big.truncated = true;
    let source = desk.inserted(1);
    let report = desk
        .cache
        .ingest(vec![Incoming::Message { row: big, source }])
        .await
        .unwrap();
    assert!(report.reread.messages.contains(&mid(1)));
    let cached = desk.cache.message(mid(1)).await.unwrap().unwrap();
    assert!(cached.incomplete);

    let source = desk.read();
    let row = message(1, "all of it").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let cached = desk.cache.message(mid(1)).await.unwrap().unwrap();
    assert!(!cached.incomplete);
    assert_eq!(cached.message.content, "all of it");
}

#[tokio::test]
async fn unknown_words_and_nulls_lose_no_row() {
    let desk = Desk::with_trip().await;
    let mut odd = PartialMessage::from(message(1, ""));
    odd.content = Column::Null;
    odd.role = "oracle".to_owned().into();
    odd.status = "pondering".to_owned().into();
    odd.kind = Column::Null;
    odd.metadata = Column::Null;
    odd.created_at = Column::Null;
    odd.user_id = Column::Null;
    let source = desk.read();
    desk.cache
        .ingest(vec![Incoming::Message { row: odd, source }])
        .await
        .unwrap();
    let cached = desk.cache.message(mid(1)).await.unwrap().unwrap();
    assert_eq!(cached.message.content, "");
    assert_eq!(cached.message.role, Role::System);
    assert_eq!(cached.message.status, MessageStatus::Delivered);
    assert!(!cached.incomplete);
}

#[tokio::test]
async fn a_message_of_an_unknown_session_is_kept_and_the_session_asked_for() {
    let desk = Desk::new().await;
    let source = desk.inserted(1);
    let row = message(1, "Who am I with?").into();
    let report = desk
        .cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    assert!(report.reread.sessions.contains(&sid("trip")));
    let listed = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert_eq!(listed.activity, at(1));
    assert_eq!(listed.session.title, None);
    assert_eq!(listed.last_message.unwrap().text, "Who am I with?");
}

#[tokio::test]
async fn a_deleted_message_stays_deleted_for_older_facts_only() {
    let desk = Desk::with_trip().await;
    let late = desk.read();
    let source = desk.changed(2);
    desk.cache
        .ingest(vec![Incoming::MessageDeleted { id: mid(1), source }])
        .await
        .unwrap();
    let row = PartialMessage::from(message(1, "ghost"));
    let ghost = Incoming::Message { row, source: late };
    desk.cache.ingest(vec![ghost]).await.unwrap();
    assert!(desk.shown("trip").await.is_empty());

    let source = desk.inserted(3);
    let row = message(1, "back").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    assert_eq!(desk.shown("trip").await, ["back"]);
}

#[tokio::test]
async fn a_deleted_session_takes_its_messages_along_and_its_unsent_ones_stay_in_the_outbox() {
    let desk = Desk::with_trip().await;
    let source = desk.inserted(1);
    let row = message(1, "seen").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    desk.cache
        .enqueue_message(note("unsent"), at(2))
        .await
        .unwrap();
    let source = desk.changed(3);
    let id = sid("trip");
    desk.cache
        .ingest(vec![Incoming::SessionDeleted {
            id,
            rev: None,
            source,
        }])
        .await
        .unwrap();
    assert!(desk.cache.sessions().await.unwrap().is_empty());
    assert!(desk.cache.message(mid(1)).await.unwrap().is_none());
    assert_eq!(desk.cache.outbox_list().await.unwrap().len(), 1);
    let desk = desk.reopen().await;
    assert_eq!(desk.cache.outbox_list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_missing_from_two_complete_lists_is_out_of_reach_and_kept() {
    let desk = Desk::with_trip().await;
    let source = desk.inserted(1);
    let row = message(1, "kept").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let list = |ids: Vec<SessionId>| desk.cache.sessions_listed(ids, desk.read_stamp());
    assert!(list(vec![]).await.unwrap().is_empty());
    assert!(!desk.cache.sessions().await.unwrap()[0].no_access);
    assert_eq!(list(vec![]).await.unwrap(), [sid("trip")]);
    assert!(desk.cache.sessions().await.unwrap()[0].no_access);
    assert_eq!(desk.shown("trip").await, ["kept"]);
    assert!(matches!(
        desk.cache.enqueue_message(note("no"), at(9)).await,
        Err(crate::CacheError::ReadOnlySession)
    ));
    list(vec![sid("trip")]).await.unwrap();
    assert!(!desk.cache.sessions().await.unwrap()[0].no_access);
}

#[tokio::test]
async fn a_session_that_appeared_while_the_list_was_read_is_not_missing_from_it() {
    let desk = Desk::new().await;
    let early = desk.read_stamp();
    let later = ReadStamp {
        began: early.began,
        ended: desk.cache.stamp(),
    };
    let source = desk.inserted(1);
    let row = PartialSession::from(session("trip", 1));
    desk.cache
        .ingest(vec![Incoming::Session { row, source }])
        .await
        .unwrap();
    for _ in 0..3 {
        assert!(
            desk.cache
                .sessions_listed(vec![], later)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn new_messages_are_counted_and_wait_for_the_index_in_whatever_order_they_come() {
    let desk = Desk::with_trip().await;
    let gone = Incoming::MessageDeleted {
        id: mid(3),
        source: desk.changed(9),
    };
    let took = |number: u32, source| Incoming::Message {
        row: message(number, &"é".repeat(usize::try_from(number).unwrap())).into(),
        source,
    };
    let read = desk.read();
    // A greater id first, then smaller ones, one twice, and one that is known to be gone.
    let facts = vec![gone, took(7, read), took(2, read), took(7, read)];
    desk.cache.ingest(facts).await.unwrap();
    let facts = vec![took(3, desk.inserted(8)), took(5, read), took(9, read)];
    desk.cache.ingest(facts).await.unwrap();
    desk.cache
        .enqueue_message(note("mine"), at(10))
        .await
        .unwrap();
    let read = desk.cache.read(|conn| {
        let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok([
            count("SELECT messages FROM session_sizes")?,
            count(
                "SELECT count(*) FROM session_sizes z JOIN (
                     SELECT session, count(*) AS messages,
                         sum(coalesce(octet_length(content), 0) + coalesce(octet_length(metadata), 0))
                             AS bytes
                     FROM messages WHERE deleted = 0 GROUP BY session) m
                 USING (session, messages, bytes)",
            )?,
            count("SELECT count(*) FROM to_index JOIN messages USING (key) WHERE deleted = 0")?,
            // With one, SQLite copies each page before each message.
            count(
                "SELECT count(*) FROM sqlite_schema
                 WHERE type = 'trigger' AND tbl_name = 'messages' AND sql LIKE '%AFTER INSERT%'",
            )?,
        ])
    });
    assert_eq!(read.await.unwrap(), [5, 1, 5, 0]);
}
