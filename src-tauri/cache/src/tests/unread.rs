use super::*;
use crate::{MessageKey, Notify};

#[tokio::test]
async fn unread_is_counted_from_the_position_and_leaves_out_own_messages() {
    let desk = Desk::with_trip().await;
    let mut own = message(3, "mine");
    own.user_id = Some(alice());
    let mut assistant = message(4, "an answer");
    assistant.role = Role::Assistant;
    assistant.user_id = Some(alice());
    let rows = [message(1, "a"), message(2, "b"), own, assistant];
    let source = desk.read();
    let facts = rows.into_iter().map(|row| Incoming::Message {
        row: row.into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    let unread = || async { desk.cache.sessions().await.unwrap()[0].unread };
    assert_eq!(unread().await, 3);

    let mut commits = desk.cache.subscribe();
    let key = MessageKey {
        at: at(2),
        id: mid(2),
    };
    desk.cache.mark_read(sid("trip"), key).await.unwrap();
    assert!(
        commits
            .recv()
            .await
            .unwrap()
            .changes
            .read_positions
            .contains(&sid("trip"))
    );
    assert_eq!(unread().await, 1);
    let first = desk.cache.first_unread(sid("trip")).await.unwrap().unwrap();
    assert_eq!(
        first,
        MessageKey {
            at: at(4),
            id: mid(4)
        }
    );
    // It never moves back.
    let back = MessageKey {
        at: at(1),
        id: mid(1),
    };
    desk.cache.mark_read(sid("trip"), back).await.unwrap();
    assert_eq!(unread().await, 1);
    assert!(commits.try_recv().is_err());
}

/// A cache that was first used at a time, by its computer's clock, with messages of the seconds 5
/// and 15.
async fn first_used(now: Timestamp) -> Desk {
    let dir = TempDir::new().unwrap();
    let key = CacheKey::generate();
    let (cache, _) = Cache::open(&dir.path().join("c.db"), &key).unwrap();
    cache.set_account(alice(), now).await.unwrap();
    let desk = Desk { cache, key, dir };
    let source = desk.read();
    let facts = [5, 15].map(|n| Incoming::Message {
        row: message(n, "x").into(),
        source,
    });
    desk.cache.ingest(facts.to_vec()).await.unwrap();
    desk
}

#[tokio::test]
async fn what_was_written_before_the_first_start_is_no_news() {
    let desk = first_used(at(10)).await;
    // A later start changes nothing of it.
    desk.cache.set_account(alice(), at(0)).await.unwrap();
    assert_eq!(desk.cache.sessions().await.unwrap()[0].unread, 1);
}

#[tokio::test]
async fn unread_counts_by_the_servers_clock_once_it_is_known() {
    // This computer's clock is far ahead.
    let desk = first_used(at(90_000)).await;
    let unread = || async { desk.cache.sessions().await.unwrap()[0].unread };
    assert_eq!(unread().await, 0);
    let mut commits = desk.cache.subscribe();
    let behind = at(10).as_micros() - at(90_000).as_micros();
    desk.cache.set_clock(behind).await.unwrap();
    let told = commits.recv().await.unwrap().changes.read_positions;
    assert!(told.contains(&sid("trip")), "{told:?}");
    assert_eq!(unread().await, 1);
    // The first correction counts.
    desk.cache.set_clock(-behind).await.unwrap();
    assert_eq!(unread().await, 1);
}

#[tokio::test]
async fn the_list_has_pinned_sessions_first_then_the_latest() {
    let desk = Desk::new().await;
    let source = desk.read();
    let facts = [("a", 1), ("b", 3), ("c", 2)].map(|(id, second)| Incoming::Session {
        row: session(id, second).into(),
        source,
    });
    desk.cache.ingest(facts.to_vec()).await.unwrap();
    desk.cache.set_pinned(sid("a"), true).await.unwrap();
    desk.cache
        .set_notify(sid("c"), Notify::Muted)
        .await
        .unwrap();
    desk.cache
        .set_draft(sid("b"), Some("to be".to_owned()), at(1))
        .await
        .unwrap();
    let list = desk.cache.sessions().await.unwrap();
    let ids: Vec<_> = list
        .iter()
        .map(|summary| summary.session.id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(list[0].pinned && list[2].notify == Notify::Muted);
    assert_eq!(list[1].draft.as_deref(), Some("to be"));
    desk.cache.set_draft(sid("b"), None, at(2)).await.unwrap();
    assert_eq!(desk.cache.draft(sid("b")).await.unwrap(), None);
}

#[tokio::test]
async fn a_snippet_is_one_line_of_at_most_200_characters() {
    let desk = Desk::with_trip().await;
    let text = format!("one\n\ntwo {}", "é".repeat(20_000));
    let source = desk.read();
    let row = message(1, &text).into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let list = desk.cache.sessions().await.unwrap();
    let snippet = list[0].last_message.clone().unwrap().text;
    assert!(snippet.starts_with("one two é"));
    assert_eq!(snippet.chars().count(), 200);
}

#[tokio::test]
async fn a_session_taken_off_this_computer_leaves_nothing() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let row = message(1, "secret").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    desk.cache
        .enqueue_message(note("unsent"), at(2))
        .await
        .unwrap();
    desk.cache.index_some(10).await.unwrap();
    desk.cache.remove_session(sid("trip")).await.unwrap();
    assert!(desk.cache.sessions().await.unwrap().is_empty());
    assert!(desk.cache.outbox_list().await.unwrap().is_empty());
    let found = desk.cache.search("secret".to_owned(), 10).await.unwrap();
    assert!(found.hits.is_empty());
    assert_eq!(desk.cache.storage().await.unwrap().messages, 0);
}
