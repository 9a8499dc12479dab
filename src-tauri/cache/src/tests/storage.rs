//! What sessions take on this computer, and what is taken off it.

use std::collections::HashSet;

use super::*;
use crate::{Anchor, CacheError, MessageKey, Page, Window};

impl Desk {
    /// Takes in messages of "trip" with these seconds, as one range that was read whole from the start.
    pub async fn filled(&self, seconds: std::ops::Range<u32>, content: &str) {
        let rows = seconds.map(|n| message(n, content).into());
        let window = Window {
            session: sid("trip"),
            older: None,
            newer: None,
            rows: rows.collect(),
            read: self.read_stamp(),
            verified_at: at(1),
            live: true,
            apart_from: at(0),
            authenticated: true,
        };
        self.cache.apply_window(window).await.unwrap();
    }

    pub async fn add_session(&self, id: &str) {
        let row = session(id, 1).into();
        let source = self.read();
        self.cache
            .ingest(vec![Incoming::Session { row, source }])
            .await
            .unwrap();
    }

    /// What the triggers keep, and what a count over the rows gives.
    async fn sizes_agree(&self) {
        let (kept, counted) = self
            .cache
            .read(|conn| {
                let all = |sql: &str| -> crate::Result<Vec<(i64, i64, i64)>> {
                    let mut statement = conn.prepare(sql)?;
                    let rows = statement
                        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                    Ok(rows.collect::<rusqlite::Result<_>>()?)
                };
                Ok((
                    all("SELECT session, messages, bytes FROM session_sizes
                         WHERE messages <> 0 OR bytes <> 0 ORDER BY session")?,
                    all(
                        "SELECT session, count(*), sum(coalesce(octet_length(content), 0)
                             + coalesce(octet_length(metadata), 0))
                         FROM messages WHERE deleted = 0 AND session IS NOT NULL
                         GROUP BY session ORDER BY session",
                    )?,
                ))
            })
            .await
            .unwrap();
        assert_eq!(kept, counted);
    }

    pub async fn remove_old(&self, session: &str, before: i64, batch: usize) -> u64 {
        let mut messages = 0;
        loop {
            let step = self.cache.remove_old(sid(session), at(before), batch);
            let step = step.await.unwrap();
            messages += step.messages;
            if !step.more {
                return messages;
            }
        }
    }

    async fn gap_before_page(&self, session: &str) -> Option<crate::Gap> {
        let page = Page {
            anchor: Anchor::Latest,
            limit: 1000,
        };
        let page = self.cache.messages(sid(session), page).await.unwrap();
        page.missing_within(1000)
    }
}

#[tokio::test]
async fn sizes_follow_every_way_in_which_rows_change() {
    let desk = Desk::with_trip().await;
    desk.add_session("other").await;
    desk.filled(1..20, "some words").await;
    desk.sizes_agree().await;
    // Changed, moved to another session, deleted, deleted with its session, written, taken back.
    let source = desk.read();
    let changed = desk.cache.messages(
        sid("trip"),
        Page {
            anchor: Anchor::Latest,
            limit: 5,
        },
    );
    let rows = changed.await.unwrap().rows;
    let mut longer = rows[0].message.clone();
    longer.content = "some more words than before".to_owned();
    let mut moved = rows[1].message.clone();
    moved.session_id = sid("other");
    let facts = vec![
        Incoming::Message {
            row: longer.into(),
            source,
        },
        Incoming::Message {
            row: moved.into(),
            source,
        },
        Incoming::MessageDeleted {
            id: rows[2].message.id,
            source,
        },
    ];
    desk.cache.ingest(facts).await.unwrap();
    desk.sizes_agree().await;
    let own = desk
        .cache
        .enqueue_message(note("mine"), at(50))
        .await
        .unwrap();
    desk.sizes_agree().await;
    desk.cache
        .enqueue_edit(own.message.id, "mine, and longer".to_owned(), at(51))
        .await
        .unwrap();
    desk.sizes_agree().await;
    desk.cache
        .enqueue_delete(own.message.id, at(52))
        .await
        .unwrap();
    desk.sizes_agree().await;
    let stats = desk.cache.storage().await.unwrap();
    assert_eq!(stats.messages, 18);
    assert_eq!(stats.by_session[0].session, sid("trip"));
    assert_eq!(stats.by_session[1].messages, 1);
    assert_eq!(stats.oldest, Some(at(1)));
    let source = desk.read();
    let id = sid("trip");
    desk.cache
        .ingest(vec![Incoming::SessionDeleted {
            id,
            rev: None,
            source,
        }])
        .await
        .unwrap();
    desk.sizes_agree().await;
    let desk = desk.reopen().await;
    desk.sizes_agree().await;
    assert_eq!(desk.cache.storage().await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_look_at_the_storage_and_its_plan_read_no_message() {
    let desk = Desk::with_trip().await;
    for sql in [
        "SELECT s.id, z.messages, z.bytes FROM session_sizes z JOIN sessions s ON s.key = z.session
         WHERE z.messages > 0 ORDER BY z.bytes DESC, s.id",
        "SELECT count(*) FROM messages WHERE session = ?1 AND deleted = 0 AND unsent = 0
             AND (created_at, id) < (?2, ?3)",
        "SELECT m.created_at / ?1 AS hour, count(*), z.messages, z.bytes
         FROM messages m JOIN session_sizes z ON z.session = m.session
         JOIN sessions s ON s.key = m.session
         WHERE m.deleted = 0 AND m.unsent = 0 AND s.no_access = 0 AND s.missing_lists = 0
         GROUP BY m.session, hour",
    ] {
        let plan = desk
            .cache
            .read(move |conn| {
                let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let count = statement.parameter_count();
                let lines = statement
                    .query_map(rusqlite::params_from_iter(vec![1; count]), |row| {
                        row.get::<_, String>(3)
                    })?
                    .collect::<rusqlite::Result<Vec<_>>>()?;
                Ok(lines.join("\n"))
            })
            .await
            .unwrap();
        for line in plan.lines().filter(|line| line.contains("messages")) {
            assert!(line.contains("COVERING INDEX"), "{plan}");
        }
    }
}

#[tokio::test]
async fn what_was_removed_is_a_gap_and_the_newest_message_stays() {
    let desk = Desk::with_trip().await;
    desk.filled(1..101, "some words").await;
    assert_eq!(desk.gap_before_page("trip").await, None);
    while desk.cache.index_some(50).await.unwrap() > 0 {}
    let told = desk.cache.removable(at(61)).await.unwrap();
    assert_eq!(told[0].1.messages, 60);
    // In several steps, with a restart between them.
    let step = desk
        .cache
        .remove_old(sid("trip"), at(61), 25)
        .await
        .unwrap();
    assert_eq!((step.messages, step.more), (25, true));
    let gap = desk.gap_before_page("trip").await.unwrap();
    assert_eq!(gap.before.map(|key| key.at), Some(at(25)));
    let desk = desk.reopen().await;
    assert_eq!(desk.remove_old("trip", 61, 25).await, 35);
    let gap = desk.gap_before_page("trip").await.unwrap();
    assert_eq!(
        (gap.after, gap.before.map(|key| key.at)),
        (None, Some(at(61)))
    );
    assert_eq!(desk.shown("trip").await.len(), 40);
    let found = desk.cache.search("words".to_owned(), 100).await.unwrap();
    assert_eq!((found.hits.len(), found.total), (40, 40));
    let row = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert!(row.trimmed && !row.bare);
    desk.sizes_agree().await;

    // With a date in the future the newest message is what stays.
    assert_eq!(desk.remove_old("trip", 999, 1000).await, 39);
    let row = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert!(row.last_message.is_some());
    assert!(desk.cache.removable(at(999)).await.unwrap().is_empty());
    // A reading that nobody asked for brings nothing of it back, and does not hide the gap.
    desk.filled(1..101, "some words").await;
    assert_eq!(desk.shown("trip").await.len(), 1);
    let gap = desk.gap_before_page("trip").await.unwrap();
    assert_eq!(gap.before.map(|key| key.at), Some(at(99)));
    // For somebody who looks it is read again, and the gap is closed.
    desk.cache.wanted_again(sid("trip")).await.unwrap();
    desk.filled(1..101, "some words").await;
    assert_eq!(desk.shown("trip").await.len(), 100);
    assert_eq!(desk.gap_before_page("trip").await, None);
    desk.sizes_agree().await;
}

#[tokio::test]
async fn what_is_too_old_to_be_kept_is_not_missing() {
    let desk = Desk::with_trip().await;
    desk.filled(1..101, "some words").await;
    desk.cache
        .remove_old(sid("trip"), at(50), 1000)
        .await
        .unwrap();
    // Somebody looks: from here on nothing says that messages were removed.
    desk.cache.wanted_again(sid("trip")).await.unwrap();
    let left = async |kept_from| {
        let gaps = desk.cache.next_gaps(None, HashSet::new(), 10, kept_from);
        gaps.await.unwrap()
    };
    let nil = |at| MessageKey {
        at,
        id: MessageId::from_uuid(uuid::Uuid::nil()),
    };
    // No further down than what is kept, which may be a little less than there was then.
    let [(_, gap)] = &left(Some(at(40))).await[..] else {
        panic!("one gap is left");
    };
    assert_eq!(gap.older, Some(nil(at(40))));
    assert_eq!(gap.newer.map(|key| key.at), Some(at(50)));
    assert_eq!(left(Some(at(50))).await, []);
    assert_eq!(left(Some(at(60))).await, []);
    // Without a limit all of it is.
    let [(_, gap)] = &left(None).await[..] else {
        panic!("one gap is left");
    };
    assert_eq!(gap.older, None);
    assert_eq!(desk.cache.message_count(Timestamp::MIN).await.unwrap(), 51);
    assert_eq!(desk.cache.message_count(at(91)).await.unwrap(), 10);
}

#[tokio::test]
async fn unsent_work_drafts_and_the_newest_page_of_pinned_sessions_stay() {
    let desk = Desk::with_trip().await;
    desk.filled(1..101, "some words").await;
    let cache = &desk.cache;
    let all = Page {
        anchor: Anchor::Latest,
        limit: 1000,
    };
    let oldest = cache.messages(sid("trip"), all).await.unwrap().rows[0]
        .message
        .clone();
    cache
        .enqueue_edit(oldest.id, "changed offline".to_owned(), at(200))
        .await
        .unwrap();
    cache.enqueue_message(note("mine"), at(1)).await.unwrap();
    cache
        .set_draft(sid("trip"), Some("draft".to_owned()), at(1))
        .await
        .unwrap();
    cache.set_pinned(sid("trip"), true).await.unwrap();
    assert_eq!(cache.removable(at(999)).await.unwrap()[0].1.messages, 40);
    assert_eq!(desk.remove_old("trip", 999, 1000).await, 39);
    let shown = desk.shown("trip").await;
    assert_eq!(shown.len(), 62);
    assert_eq!(shown[0], "changed offline");
    assert_eq!(shown[61], "mine");
    assert_eq!(
        cache.draft(sid("trip")).await.unwrap().as_deref(),
        Some("draft")
    );
    // What stands alone below the gap is marked so.
    let page = cache.messages(sid("trip"), all).await.unwrap();
    let places: Vec<usize> = page.gaps.iter().map(|gap| gap.before_row).collect();
    assert_eq!(places, [0, 1]);
}

#[tokio::test]
async fn one_session_goes_off_this_computer_whole_unless_work_of_it_is_unsent() {
    let desk = Desk::with_trip().await;
    desk.filled(1..51, "some words").await;
    while desk.cache.index_some(50).await.unwrap() > 0 {}
    let cache = &desk.cache;
    let read = MessageKey {
        at: at(50),
        id: mid(50),
    };
    cache.mark_read(sid("trip"), read).await.unwrap();
    cache
        .set_draft(sid("trip"), Some("draft".to_owned()), at(1))
        .await
        .unwrap();
    let own = cache.enqueue_message(note("mine"), at(60)).await.unwrap();
    let refused = cache.remove_messages(sid("trip"), 1000).await;
    assert!(matches!(refused, Err(CacheError::UnsentWork { count: 1 })));
    assert_eq!(desk.shown("trip").await.len(), 51);
    cache.enqueue_delete(own.message.id, at(61)).await.unwrap();

    let removed = cache.remove_messages(sid("trip"), 1000).await.unwrap();
    assert_eq!((removed.messages, removed.more), (50, false));
    let row = cache.session(sid("trip")).await.unwrap().unwrap();
    assert!(row.trimmed && row.bare);
    assert_eq!(row.draft.as_deref(), Some("draft"));
    assert_eq!(row.session.title.as_deref(), Some("Title of trip"));
    assert!(desk.gap_before_page("trip").await.is_some());
    let found = cache.search("words".to_owned(), 10).await.unwrap();
    assert!(found.hits.is_empty());
    assert_eq!(cache.storage().await.unwrap().by_session, []);

    // Somebody looks at it: it is fetched as any other, and nothing of it is unread.
    cache.wanted_again(sid("trip")).await.unwrap();
    desk.filled(1..51, "some words").await;
    let row = cache.session(sid("trip")).await.unwrap().unwrap();
    assert!(!row.trimmed && !row.bare);
    assert_eq!(row.unread, 0);
    // What comes live after a removal stands behind a gap, in which nothing but what was removed is.
    cache.remove_messages(sid("trip"), 1000).await.unwrap();
    let source = desk.inserted(70);
    let row = message(70, "new").into();
    cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    assert_eq!(desk.shown("trip").await, ["new"]);
    let gap = desk.gap_before_page("trip").await.unwrap();
    assert_eq!(gap.before.map(|key| key.at), Some(at(50)));
}

#[tokio::test]
async fn the_size_of_the_index_is_told_without_reading_it() {
    let desk = Desk::with_trip().await;
    let words: Vec<String> = (0..400).map(|n| format!("word{n}")).collect();
    for from in [1, 1001, 2001] {
        let source = desk.read();
        let facts = (from..from + 1000).map(|n| {
            let start = usize::try_from(n).unwrap() % 300;
            let text = words[start..start + 60].join(" ");
            Incoming::Message {
                row: message(n, &text).into(),
                source,
            }
        });
        desk.cache.ingest(facts.collect()).await.unwrap();
        while desk.cache.index_some(200).await.unwrap() > 0 {}
        let real: i64 = desk
            .cache
            .read(|conn| {
                Ok(conn.query_row(
                    "SELECT pgsize FROM dbstat WHERE name = 'search_index_data' AND aggregate = 1",
                    [],
                    |row| row.get(0),
                )?)
            })
            .await
            .unwrap();
        let told = desk.cache.storage().await.unwrap().index_bytes;
        let real = real.unsigned_abs();
        assert!(told.abs_diff(real) < real / 5, "{told} told, {real} there");
    }
}
