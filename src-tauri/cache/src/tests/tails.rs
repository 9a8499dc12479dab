//! What is known of what comes after a range: only what was heard, or read to the end.

use super::pages::key;
use super::*;
use crate::{Gap, Head, MessageKey, NumberedChanges};

/// Everything up to just after the message `number`.
fn all_up_to(number: u32) -> Gap {
    Gap {
        after: None,
        before: Some(after(number)),
    }
}

fn after(number: u32) -> MessageKey {
    let MessageKey { at, id } = key(number);
    let id = MessageId::from_uuid(uuid::Uuid::from_u128(id.as_uuid().as_u128() + 1));
    MessageKey { at, id }
}

impl Desk {
    async fn tells(&self, number: u32) {
        let row = message(number, "told").into();
        let source = self.inserted(5_000);
        let fact = Incoming::Message { row, source };
        self.cache.ingest(vec![fact]).await.unwrap();
    }

    async fn trip_gaps(&self) -> Vec<Gap> {
        self.cache.gaps(sid("trip")).await.unwrap()
    }

    async fn taken_off(&self) {
        let removed = self.cache.remove_messages(sid("trip"), 2).await.unwrap();
        assert!(removed.more);
        while self
            .cache
            .remove_messages(sid("trip"), 2)
            .await
            .unwrap()
            .more
        {}
    }
}

#[tokio::test]
async fn a_message_with_an_older_time_says_nothing_of_those_that_were_taken_off() {
    let desk = Desk::with_trip().await;
    desk.fetched(1..=5, None, None).await;
    desk.taken_off().await;
    assert_eq!(desk.trip_gaps().await, [all_up_to(5)]);
    desk.tells(2).await;
    assert_eq!(desk.trip_gaps().await, [all_up_to(5)]);
    // One that comes after them all leaves them as missing as they were.
    desk.tells(9).await;
    assert_eq!(desk.trip_gaps().await, [all_up_to(5)]);
    // Read again they are there, and nothing is missing.
    desk.cache.wanted_again(sid("trip")).await.unwrap();
    let window = desk.window(1..=5, None, Some(after(5)));
    desk.cache.apply_window(window).await.unwrap();
    assert_eq!(desk.trip_gaps().await, []);
    assert_eq!(desk.shown("trip").await.len(), 6);
}

#[tokio::test]
async fn a_message_says_nothing_of_a_session_that_was_never_read() {
    let desk = Desk::with_trip().await;
    desk.tells(5).await;
    let all = Gap {
        after: None,
        before: None,
    };
    assert_eq!(desk.trip_gaps().await, [all]);
}

#[tokio::test]
async fn a_stretch_in_the_middle_has_an_end_also_after_the_numbers_were_asked_for() {
    let desk = Desk::with_trip().await;
    let epoch = Some(revisions::EPOCH.to_owned());
    desk.cache.begin_epoch(epoch, at(0)).await.unwrap();
    let stands = NumberedChanges {
        heads: vec![Head {
            session: sid("trip"),
            last_rev: 40,
            gone: false,
        }],
        ..NumberedChanges::default()
    };
    desk.cache.apply_changes(stands).await.unwrap();
    desk.fetched(3..=5, Some(3), Some(5)).await;
    let gaps = desk.trip_gaps().await;
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    desk.cache.live_stopped().await.unwrap();
    desk.cache.caught_up(at(3), true).await.unwrap();
    assert_eq!(desk.trip_gaps().await, gaps);
    // What was read to its end goes on.
    desk.fetched(8..=9, Some(8), None).await;
    desk.cache.live_stopped().await.unwrap();
    assert_eq!(desk.trip_gaps().await.len(), 3);
    desk.cache.caught_up(at(4), true).await.unwrap();
    assert_eq!(desk.trip_gaps().await.len(), 2);
    // So it does after everything was taken off, and over a time away.
    desk.taken_off().await;
    desk.cache.live_stopped().await.unwrap();
    desk.cache.caught_up(at(5), true).await.unwrap();
    assert_eq!(desk.trip_gaps().await, [all_up_to(9)]);
}

#[tokio::test]
async fn a_range_read_over_what_was_taken_off_begins_after_it() {
    let desk = Desk::with_trip().await;
    desk.fetched(1..=5, None, None).await;
    desk.taken_off().await;
    desk.fetched(3..=7, Some(3), None).await;
    assert_eq!(desk.shown("trip").await, ["6", "7"]);
    assert_eq!(desk.trip_gaps().await, [all_up_to(5)]);
}

#[tokio::test]
async fn readings_without_live_changes_follow_each_other_without_a_gap() {
    let desk = Desk::with_trip().await;
    let reading = async |older: Option<i64>, to: i64| {
        let older = older.map(|second| MessageKey {
            at: at(second),
            id: MessageId::from_uuid(uuid::Uuid::nil()),
        });
        let window = crate::Window {
            live: false,
            rows: Vec::new(),
            ..desk.window(1..=1, older, None)
        };
        desk.cache.apply_window(window).await.unwrap();
        let sessions = vec![sid("trip")];
        desk.cache.known_up_to(sessions, at(to)).await.unwrap();
    };
    reading(None, 100).await;
    reading(Some(100), 200).await;
    reading(Some(200), 300).await;
    let end = Gap {
        after: Some(MessageKey {
            at: at(300),
            id: MessageId::from_uuid(uuid::Uuid::nil()),
        }),
        before: None,
    };
    assert_eq!(desk.trip_gaps().await, [end]);
}
