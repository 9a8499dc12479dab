use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::{Anchor, Gap, MessageKey, Page, Window};

pub(super) fn key(number: u32) -> MessageKey {
    MessageKey {
        at: at(number.into()),
        id: mid(number.into()),
    }
}

impl Desk {
    /// The server's messages `range` as they are read whole, between the keys, while changes arrive
    /// live.
    pub(super) fn window(
        &self,
        range: std::ops::RangeInclusive<u32>,
        older: Option<MessageKey>,
        newer: Option<MessageKey>,
    ) -> Window {
        Window {
            session: sid("trip"),
            older,
            newer,
            rows: range.map(|n| message(n, &n.to_string()).into()).collect(),
            read: self.read_stamp(),
            verified_at: at(1000),
            live: true,
            apart_from: at(0),
            authenticated: true,
        }
    }

    /// The server's messages `range` were read whole, up to the named ends.
    pub(super) async fn fetched(
        &self,
        range: std::ops::RangeInclusive<u32>,
        older: Option<u32>,
        newer: Option<u32>,
    ) -> crate::IngestReport {
        let window = self.window(range, older.map(key), newer.map(key));
        self.cache.apply_window(window).await.unwrap()
    }

    async fn page(&self, anchor: Anchor, limit: usize) -> (Vec<String>, crate::MessagePage) {
        let page = Page { anchor, limit };
        let page = self.cache.messages(sid("trip"), page).await.unwrap();
        let texts = page
            .rows
            .iter()
            .map(|row| row.message.content.clone())
            .collect();
        (texts, page)
    }
}

/// The gaps of a page that lie where `(before_row, gap)` says.
fn placed(gaps: impl IntoIterator<Item = (usize, Gap)>) -> Vec<crate::PlacedGap> {
    let place = |(before_row, gap)| crate::PlacedGap { before_row, gap };
    gaps.into_iter().map(place).collect()
}

#[tokio::test]
async fn a_new_session_is_one_gap() {
    let desk = Desk::with_trip().await;
    let all = Gap {
        after: None,
        before: None,
    };
    assert_eq!(desk.cache.gaps(sid("trip")).await.unwrap(), [all]);
    let (texts, page) = desk.page(Anchor::Latest, 10).await;
    assert!(texts.is_empty());
    assert_eq!(page.gaps, placed([(0, all)]));
    assert_eq!(page.missing_within(10), Some(all));
}

#[tokio::test]
async fn pages_follow_each_other_to_the_start() {
    let desk = Desk::with_trip().await;
    desk.fetched(1..=10, None, None).await;
    assert!(desk.cache.gaps(sid("trip")).await.unwrap().is_empty());
    let (texts, page) = desk.page(Anchor::Latest, 4).await;
    assert_eq!(texts, ["7", "8", "9", "10"]);
    assert!(page.at_end && !page.at_start);
    assert_eq!(page.gaps, []);
    let (texts, page) = desk.page(Anchor::Before(key(3)), 4).await;
    assert_eq!(texts, ["1", "2"]);
    assert!(page.at_start && page.gaps.is_empty());
    let (texts, page) = desk.page(Anchor::After(key(8)), 4).await;
    assert_eq!(texts, ["9", "10"]);
    assert!(page.at_end && page.gaps.is_empty());
    let (texts, page) = desk.page(Anchor::Around(key(5)), 4).await;
    assert_eq!(texts, ["3", "4", "5", "6"]);
    assert!(!page.at_start && !page.at_end);
}

#[tokio::test]
async fn a_page_goes_on_over_a_gap_and_names_it() {
    let desk = Desk::with_trip().await;
    desk.fetched(1..=3, None, Some(3)).await;
    desk.fetched(8..=10, Some(8), None).await;
    let gap = Gap {
        after: Some(key(3)),
        before: Some(key(8)),
    };
    assert_eq!(desk.cache.gaps(sid("trip")).await.unwrap(), [gap]);

    let (texts, page) = desk.page(Anchor::Latest, 10).await;
    assert_eq!(texts, ["1", "2", "3", "8", "9", "10"]);
    assert_eq!(page.gaps, placed([(3, gap)]));
    assert!(page.at_start && page.at_end);
    assert_eq!(page.missing_within(10), Some(gap));
    // At the edge of a page it is named too, and filled only with the page that reaches over it.
    let (texts, page) = desk.page(Anchor::Latest, 3).await;
    assert_eq!(texts, ["8", "9", "10"]);
    assert_eq!(page.gaps, placed([(0, gap)]));
    assert!(!page.at_start);
    assert_eq!(page.missing_within(3), None);
    let (texts, page) = desk.page(Anchor::Before(key(8)), 10).await;
    assert_eq!(texts, ["1", "2", "3"]);
    assert_eq!(page.gaps, placed([(3, gap)]));
    assert!(page.at_start);
    assert_eq!(page.missing_within(10), Some(gap));
    let (texts, page) = desk.page(Anchor::After(key(1)), 10).await;
    assert_eq!(texts, ["2", "3", "8", "9", "10"]);
    assert_eq!(page.gaps, placed([(2, gap)]));
    let (texts, page) = desk.page(Anchor::After(key(3)), 10).await;
    assert_eq!(texts, ["8", "9", "10"]);
    assert_eq!(page.gaps, placed([(0, gap)]));
    for at in [3, 8] {
        let (texts, page) = desk.page(Anchor::Around(key(at)), 10).await;
        assert_eq!(texts, ["1", "2", "3", "8", "9", "10"]);
        assert_eq!(page.gaps, placed([(3, gap)]));
        assert!(page.at_start && page.at_end);
    }

    // The page between fills it.
    desk.fetched(3..=8, Some(3), Some(8)).await;
    assert!(desk.cache.gaps(sid("trip")).await.unwrap().is_empty());
    let desk = desk.reopen().await;
    let (texts, _) = desk.page(Anchor::Latest, 20).await;
    assert_eq!(texts.len(), 10);
}

#[tokio::test]
async fn being_away_leaves_a_gap_and_what_comes_live_does_not_hide_it() {
    let desk = Desk::with_trip().await;
    desk.fetched(1..=3, None, None).await;
    let source = desk.inserted(4);
    let row = message(4, "4").into();
    let live = Incoming::Message { row, source };
    desk.cache.ingest(vec![live]).await.unwrap();
    assert!(desk.cache.gaps(sid("trip")).await.unwrap().is_empty());

    desk.cache.live_stopped().await.unwrap();
    let away = Gap {
        after: Some(key(4)),
        before: None,
    };
    assert_eq!(desk.cache.gaps(sid("trip")).await.unwrap(), [away]);
    let source = desk.inserted(9);
    let row = message(9, "9").into();
    let live = Incoming::Message { row, source };
    desk.cache.ingest(vec![live]).await.unwrap();
    let gap = Gap {
        after: Some(key(4)),
        before: Some(key(9)),
    };
    // Nor does it say that it is the newest one.
    assert_eq!(desk.cache.gaps(sid("trip")).await.unwrap(), [away]);
    let (texts, page) = desk.page(Anchor::Latest, 10).await;
    assert_eq!(texts, ["1", "2", "3", "4", "9"]);
    assert_eq!(page.gaps, placed([(4, gap)]));

    desk.fetched(3..=9, Some(3), None).await;
    assert!(desk.cache.gaps(sid("trip")).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_old_message_that_changes_live_claims_nothing_about_its_neighbours() {
    let desk = Desk::with_trip().await;
    let source = desk.changed(50);
    let row = message(2, "edited").into();
    let update = Incoming::Message { row, source };
    desk.cache.ingest(vec![update]).await.unwrap();
    let all = Gap {
        after: None,
        before: None,
    };
    assert_eq!(desk.cache.gaps(sid("trip")).await.unwrap(), [all]);
}

#[tokio::test]
async fn an_empty_session_read_whole_is_empty_also_without_a_connection() {
    let desk = Desk::with_trip().await;
    let window = Window {
        session: sid("trip"),
        older: None,
        newer: None,
        rows: Vec::new(),
        read: desk.read_stamp(),
        verified_at: at(1000),
        live: true,
        apart_from: at(0),
        authenticated: true,
    };
    desk.cache.apply_window(window).await.unwrap();
    desk.cache.live_stopped().await.unwrap();
    let (texts, page) = desk.page(Anchor::Latest, 10).await;
    assert!(texts.is_empty());
    assert!(page.gaps.is_empty() && page.at_start && page.at_end);
}

#[tokio::test]
async fn what_a_window_lacks_was_deleted_inside_of_it_only() {
    let desk = Desk::with_trip().await;
    desk.fetched(1..=10, None, None).await;
    desk.cache
        .enqueue_message(note("unsent"), at(5))
        .await
        .unwrap();
    let stamp = desk.read_stamp();
    // Arrives while the range is read: it is newer than the answer.
    let source = desk.inserted(100);
    let row = message(5, "live").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let window = |authenticated| Window {
        session: sid("trip"),
        older: Some(key(4)),
        newer: Some(key(7)),
        rows: vec![message(4, "4").into(), message(7, "7").into()],
        read: stamp,
        verified_at: at(2000),
        live: true,
        apart_from: at(0),
        authenticated,
    };
    desk.cache.apply_window(window(false)).await.unwrap();
    assert_eq!(desk.shown("trip").await.len(), 11);
    let report = desk.cache.apply_window(window(true)).await.unwrap();
    assert_eq!(report.changed, 1);
    assert_eq!(
        desk.shown("trip").await,
        ["1", "2", "3", "4", "live", "7", "8", "9", "10", "unsent"]
    );
    let ranges = desk.cache.verified_ranges(sid("trip")).await.unwrap();
    assert_eq!(ranges.first().unwrap().older, None);
    assert_eq!(ranges.last().unwrap().newer, None);
    assert_eq!(ranges.len(), 3, "{ranges:?}");
    assert_eq!(ranges[1].verified_at, at(2000));
}

#[tokio::test]
async fn a_session_of_which_only_the_newest_time_was_read_is_no_empty_session() {
    let desk = Desk::with_trip().await;
    // The newest messages over all sessions were read down to second 10: none is of this one.
    let window = Window {
        session: sid("trip"),
        older: Some(key(10)),
        newer: None,
        rows: Vec::new(),
        read: desk.read_stamp(),
        verified_at: at(1000),
        live: true,
        apart_from: at(0),
        authenticated: true,
    };
    desk.cache.apply_window(window).await.unwrap();
    let (texts, page) = desk.page(Anchor::Latest, 10).await;
    assert!(texts.is_empty());
    let older = Gap {
        after: None,
        before: Some(key(10)),
    };
    assert_eq!(page.gaps, placed([(0, older)]));
    assert_eq!(page.missing_within(10), Some(older));
}

#[tokio::test]
async fn a_quiet_session_stays_whole_while_others_are_written_in() {
    let desk = Desk::with_trip().await;
    desk.fetched(1..=3, None, None).await;
    desk.cache
        .known_up_to(vec![sid("trip")], at(50))
        .await
        .unwrap();
    desk.cache.live_stopped().await.unwrap();
    // The next catch-up reads from there on.
    let from = MessageKey {
        at: at(50),
        id: MessageId::from_uuid(uuid::Uuid::nil()),
    };
    let window = Window {
        session: sid("trip"),
        older: Some(from),
        newer: None,
        rows: vec![message(60, "60").into()],
        read: desk.read_stamp(),
        verified_at: at(2000),
        live: true,
        apart_from: at(0),
        authenticated: true,
    };
    desk.cache.apply_window(window).await.unwrap();
    let (texts, page) = desk.page(Anchor::Latest, 10).await;
    assert_eq!(texts, ["1", "2", "3", "60"]);
    assert_eq!(page.gaps, []);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_is_given_back_once_nothing_is_read() {
    const QUIET: Duration = Duration::from_secs(10);
    let desk = Desk::with_trip().await;
    let cache = desk.cache.clone();
    let mut resting = tokio::spawn(async move { cache.rest(QUIET).await });
    let began = tokio::time::Instant::now();
    // Without a read there is nothing to give back.
    assert!(timeout(4 * QUIET, &mut resting).await.is_err());
    for _ in 0..3 {
        tokio::time::advance(QUIET / 2).await;
        desk.cache.search("trip".to_owned(), 10).await.unwrap();
    }
    assert!(!resting.is_finished());
    resting.await.unwrap().unwrap();
    assert!(began.elapsed() >= 4 * QUIET + QUIET / 2 * 3 + QUIET);
    desk.cache.search("trip".to_owned(), 10).await.unwrap();
}
