//! Files of voice messages that are kept once they were heard.

use super::*;
use crate::{VoiceFile, VoicePlace};

/// As much as one file of these tests takes, ten times.
const MOST: u64 = 1000;

fn place(path: &str) -> VoicePlace {
    VoicePlace {
        bucket: "voice".to_owned(),
        path: path.to_owned(),
    }
}

fn file(size: usize, with: u8) -> VoiceFile {
    VoiceFile {
        mime_type: "audio/ogg".to_owned(),
        content: vec![with; size],
    }
}

impl Desk {
    /// Takes messages of "trip" in, told live.
    async fn told(&self, numbers: std::ops::RangeInclusive<u32>) {
        let facts = numbers.map(|number| Incoming::Message {
            row: message(number, "said").into(),
            source: self.inserted(i64::from(number)),
        });
        self.cache.ingest(facts.collect()).await.unwrap();
    }

    /// Keeps a file of 100 bytes for a message, heard at that second.
    async fn heard(&self, number: u128, second: i64) -> bool {
        let kept =
            self.cache
                .keep_voice_file(mid(number), place("a.ogg"), file(100, 7), at(second), MOST);
        kept.await.unwrap()
    }

    async fn has(&self, number: u128) -> bool {
        let found = self.cache.voice_file(mid(number), place("a.ogg"));
        found.await.unwrap().is_some()
    }

    /// What the session takes, as the triggers keep it.
    async fn bytes(&self) -> u64 {
        self.cache.storage().await.unwrap().content_bytes
    }
}

#[tokio::test]
async fn a_file_is_kept_over_a_restart_and_for_the_place_that_it_came_from() {
    let desk = Desk::with_trip().await;
    desk.told(1..=2).await;
    assert!(desk.heard(1, 10).await);
    let desk = desk.reopen().await;
    let found = desk.cache.voice_file(mid(1), place("a.ogg")).await.unwrap();
    assert_eq!(found, Some(file(100, 7)));
    assert!(!desk.has(2).await);
    let elsewhere = desk.cache.voice_file(mid(1), place("b.ogg")).await.unwrap();
    assert_eq!(elsewhere, None);
    let kept = desk
        .cache
        .keep_voice_file(mid(1), place("b.ogg"), file(50, 8), at(11), MOST);
    assert!(kept.await.unwrap());
    assert!(!desk.has(1).await);
    let found = desk.cache.voice_file(mid(1), place("b.ogg")).await.unwrap();
    assert_eq!(found, Some(file(50, 8)));
}

#[tokio::test]
async fn those_heard_last_are_kept_up_to_the_limit() {
    let desk = Desk::with_trip().await;
    desk.told(1..=12).await;
    for number in 1..=10 {
        assert!(desk.heard(number, i64::try_from(number).unwrap()).await);
    }
    desk.cache.voice_file_heard(mid(1), at(20)).await.unwrap();
    assert!(desk.heard(11, 21).await);
    assert!(!desk.has(2).await, "the one not heard for longest goes");
    for number in [1, 3, 10, 11] {
        assert!(desk.has(number).await, "{number}");
    }
    let large = usize::try_from(MOST).unwrap() + 1;
    let kept = desk
        .cache
        .keep_voice_file(mid(12), place("a.ogg"), file(large, 1), at(22), MOST);
    assert!(!kept.await.unwrap());
    assert!(desk.has(3).await, "nothing went for what is not kept");
    assert_eq!(desk.cache.trim_voice_files(250).await.unwrap(), 8);
    assert!(desk.has(11).await && desk.has(1).await && !desk.has(10).await);
}

#[tokio::test]
async fn a_file_goes_with_its_message_and_counts_while_it_is_there() {
    let desk = Desk::with_trip().await;
    desk.told(1..=3).await;
    let before = desk.bytes().await;
    for number in 1..=3 {
        assert!(desk.heard(number, 10).await);
    }
    assert_eq!(desk.bytes().await, before + 300);

    let deleted = Incoming::MessageDeleted {
        id: mid(1),
        source: desk.changed(20),
    };
    desk.cache.ingest(vec![deleted]).await.unwrap();
    assert!(!desk.has(1).await && desk.has(2).await);
    assert_eq!(desk.bytes().await, (before / 3) * 2 + 200);

    let removed = desk.cache.remove_old(sid("trip"), at(3), 10).await.unwrap();
    assert_eq!((removed.messages, removed.bytes), (1, before / 3 + 100));
    assert!(!desk.has(2).await && desk.has(3).await);

    desk.cache.remove_session(sid("trip")).await.unwrap();
    assert!(!desk.has(3).await);
    let left = desk.cache.read(|conn| {
        let count = "SELECT count(*) FROM voice_files";
        Ok(conn.query_row(count, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.await.unwrap(), 0);
    assert!(!desk.heard(3, 30).await, "nothing is kept for what is gone");
}
