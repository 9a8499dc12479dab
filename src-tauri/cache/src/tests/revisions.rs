//! Where changes have numbers, these say what is newer.

use super::*;
use crate::{Head, NumberedChanges, PartialMessage, PartialSession};

pub(super) const EPOCH: &str = "018f3b6c-0000-7000-8000-0000000000e0";

impl Desk {
    /// Alice's cache with a session whose changes are numbered from now on.
    async fn numbered() -> Self {
        let desk = Self::with_trip().await;
        desk.count_anew(EPOCH).await;
        desk
    }

    async fn count_anew(&self, epoch: &str) {
        let epoch = Some(epoch.to_owned());
        self.cache.begin_epoch(epoch, at(0)).await.unwrap();
    }

    async fn take(&self, fact: Incoming) -> crate::IngestReport {
        self.cache.ingest(vec![fact]).await.unwrap()
    }

    async fn stands_at(&self, session: &str) -> Option<i64> {
        let heads = self.cache.heads().await.unwrap();
        let head = heads.iter().find(|head| head.session == sid(session));
        head.map(|head| head.last_rev)
    }

    async fn stand(&self, heads: Vec<Head>) {
        let changes = NumberedChanges {
            heads,
            ..NumberedChanges::default()
        };
        self.cache.apply_changes(changes).await.unwrap();
    }
}

pub(super) fn numbered(rev: i64, content: &str) -> PartialMessage {
    PartialMessage {
        rev: Some(rev),
        ..message(1, content).into()
    }
}

fn row(rev: i64, content: &str, source: Source) -> Incoming {
    let row = numbered(rev, content);
    Incoming::Message { row, source }
}

fn moved(rev: i64, content: &str, session: &str, source: Source) -> Incoming {
    let mut row = numbered(rev, content);
    row.session_id = sid(session).into();
    Incoming::Message { row, source }
}

pub(super) fn left(rev: i64, session: &str, source: Source) -> Incoming {
    Incoming::MessageLeft {
        id: mid(1),
        session: sid(session),
        rev,
        source,
    }
}

fn head(session: &str, last_rev: i64) -> Head {
    Head {
        session: sid(session),
        last_rev,
        gone: false,
    }
}

#[tokio::test]
async fn the_higher_number_shows_and_nothing_is_read_again() {
    let desk = Desk::numbered().await;
    let began = desk.cache.stamp();
    let report = desk.take(row(4, "fourth", desk.changed(9))).await;
    assert!(report.reread.is_empty());
    // An answer that was under way all the time, and a frame that comes last.
    let ended = desk.cache.stamp();
    let read = Source::Rest(ReadStamp { began, ended });
    let report = desk.take(row(5, "fifth", read)).await;
    assert!(report.reread.is_empty());
    assert_eq!(desk.shown("trip").await, ["fifth"]);
    let report = desk.take(row(3, "third", desk.changed(20))).await;
    assert!(report.reread.is_empty());
    assert_eq!(desk.shown("trip").await, ["fifth"]);
}

#[tokio::test]
async fn a_deletion_yields_to_a_higher_number_alone() {
    let desk = Desk::numbered().await;
    desk.take(left(6, "trip", desk.read())).await;
    desk.take(row(5, "ghost", desk.changed(9))).await;
    assert!(desk.shown("trip").await.is_empty());
    desk.take(row(7, "moved back", desk.read())).await;
    assert_eq!(desk.shown("trip").await, ["moved back"]);
    desk.take(left(6, "trip", desk.read())).await;
    assert_eq!(desk.shown("trip").await, ["moved back"]);
}

#[tokio::test]
async fn a_message_that_moved_is_where_it_went_whatever_is_heard_first() {
    for tombstone_first in [true, false] {
        let desk = Desk::numbered().await;
        let source = desk.read();
        let other = PartialSession::from(session("other", 1));
        desk.take(Incoming::Session { row: other, source }).await;
        desk.take(row(10, "here", desk.read())).await;
        let (arrives, leaves) = (desk.read(), desk.read());
        let arrives = moved(3, "there", "other", arrives);
        let leaves = left(11, "trip", leaves);
        let facts = if tombstone_first {
            [leaves, arrives]
        } else {
            [arrives, leaves]
        };
        for fact in facts {
            desk.take(fact).await;
        }
        assert!(desk.shown("trip").await.is_empty());
        assert_eq!(desk.shown("other").await, ["there"]);
        // What was under way says nothing any more.
        desk.take(row(10, "here", desk.changed(99))).await;
        assert_eq!(desk.shown("other").await, ["there"]);
    }
}

#[tokio::test]
async fn numbers_of_another_epoch_count_no_more() {
    let desk = Desk::numbered().await;
    desk.take(row(500, "before", desk.read())).await;
    desk.take(left(700, "trip", desk.read())).await;
    desk.stand(vec![head("trip", 700)]).await;
    let late = desk.read();
    desk.count_anew("another").await;
    assert_eq!(desk.cache.followed().await.unwrap().unwrap().heads, 0);
    desk.take(row(2, "after", desk.read())).await;
    assert_eq!(desk.shown("trip").await, ["after"]);
    // Read before, and let through now.
    desk.take(row(800, "from before", late)).await;
    assert_eq!(desk.shown("trip").await, ["after"]);
    let desk = desk.reopen().await;
    desk.take(row(1, "older", desk.read())).await;
    assert_eq!(desk.shown("trip").await, ["after"]);
}

#[tokio::test]
async fn without_the_part_numbers_mean_nothing() {
    let desk = Desk::with_trip().await;
    desk.take(row(9, "first", desk.read())).await;
    desk.take(row(1, "second", desk.read())).await;
    assert_eq!(desk.shown("trip").await, ["second"]);
    assert_eq!(desk.cache.followed().await.unwrap(), None);
}

#[tokio::test]
async fn a_session_that_is_gone_stays_gone_for_what_was_under_way() {
    let desk = Desk::numbered().await;
    desk.take(row(4, "seen", desk.read())).await;
    let (id, source) = (sid("trip"), desk.read());
    let rev = Some(6);
    desk.take(Incoming::SessionDeleted { id, rev, source })
        .await;
    assert!(desk.cache.sessions().await.unwrap().is_empty());
    // A frame of before that arrives after it.
    desk.take(row(5, "late", desk.inserted(3))).await;
    assert!(desk.cache.message(mid(1)).await.unwrap().is_none());
    let source = desk.changed(4);
    let mut late = PartialSession::from(session("trip", 1));
    late.rev = Some(3);
    desk.take(Incoming::Session { row: late, source }).await;
    assert!(desk.cache.sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_session_stands_where_its_changes_arrived_without_a_hole() {
    let desk = Desk::numbered().await;
    desk.stand(vec![head("trip", 3)]).await;
    desk.take(row(4, "next", desk.inserted(1))).await;
    assert_eq!(desk.stands_at("trip").await, Some(4));
    // One is missing; what comes ahead of it counts once it is there.
    desk.take(row(6, "ahead", desk.changed(2))).await;
    assert_eq!(desk.stands_at("trip").await, Some(4));
    desk.take(row(5, "the missing one", desk.changed(3))).await;
    assert_eq!(desk.stands_at("trip").await, Some(6));
    // A row that is not whole is not known.
    let mut cut = numbered(7, "");
    cut.content = crate::Column::Absent;
    cut.truncated = true;
    let source = desk.changed(4);
    desk.take(Incoming::Message { row: cut, source }).await;
    assert_eq!(desk.stands_at("trip").await, Some(6));
    // What a read brings says nothing of the numbers below it.
    desk.take(row(7, "whole", desk.read())).await;
    assert_eq!(desk.stands_at("trip").await, Some(6));
    desk.stand(vec![head("trip", 7)]).await;
    desk.stand(vec![head("trip", 2)]).await;
    assert_eq!(desk.stands_at("trip").await, Some(7));
}

#[tokio::test]
async fn what_is_remembered_is_digested_as_the_project_does() {
    let desk = Desk::numbered().await;
    let mut gone = head("älter", 7);
    gone.gone = true;
    desk.stand(vec![head("trip", 12), gone, head("Zoo", 1)])
        .await;
    let followed = desk.cache.followed().await.unwrap().unwrap();
    // printf '3:Zoo:1:f4:trip:12:f6:älter:7:t' | sha256sum
    let hash = "e9e7425c420ad88c3d757fc2236404fb07eea3436e708ab3806c420ca9c57c9f";
    assert_eq!((followed.heads, followed.hash.as_str()), (3, hash));
    assert_eq!(followed.epoch, EPOCH);
    desk.cache.caught_up(at(5), false).await.unwrap();
    let desk = desk.reopen().await;
    let followed = desk.cache.followed().await.unwrap().unwrap();
    assert_eq!((followed.heads, followed.checked_at), (3, Some(at(5))));
}

#[tokio::test]
async fn rows_and_where_a_session_stands_are_kept_together() {
    let desk = Desk::numbered().await;
    let source = desk.read();
    let changes = NumberedChanges {
        facts: vec![row(8, "all there is", source)],
        heads: vec![head("trip", 8)],
        complete: vec![sid("trip")],
        whole: vec![sid("trip")],
        verified_at: at(2),
        live: false,
        unknown: Vec::new(),
    };
    desk.cache.apply_changes(changes).await.unwrap();
    let gaps = desk.cache.gaps(sid("trip")).await.unwrap();
    assert!(gaps.iter().all(|gap| gap.before.is_none()), "{gaps:?}");
    desk.cache.caught_up(at(3), true).await.unwrap();
    assert!(desk.cache.gaps(sid("trip")).await.unwrap().is_empty());
    let desk = desk.reopen().await;
    assert_eq!(desk.stands_at("trip").await, Some(8));
    assert_eq!(desk.cache.gaps(sid("trip")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_whose_first_change_arrives_live_has_no_gap() {
    let desk = Desk::numbered().await;
    let mut first = PartialSession::from(session("new", 1));
    first.rev = Some(1);
    let source = desk.inserted(1);
    desk.take(Incoming::Session { row: first, source }).await;
    assert!(desk.cache.gaps(sid("new")).await.unwrap().is_empty());
    desk.take(moved(2, "hello", "new", desk.inserted(2))).await;
    assert!(desk.cache.gaps(sid("new")).await.unwrap().is_empty());
    assert_eq!(desk.stands_at("new").await, Some(2));
    // One that is older than that may have more.
    let mut other = PartialSession::from(session("other", 1));
    other.rev = Some(7);
    let source = desk.inserted(3);
    desk.take(Incoming::Session { row: other, source }).await;
    assert_eq!(desk.cache.gaps(sid("other")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn after_a_time_away_in_which_nothing_changed_nothing_is_left_to_be_read() {
    let desk = Desk::numbered().await;
    let mut first = PartialSession::from(session("new", 1));
    first.rev = Some(1);
    let source = desk.inserted(1);
    desk.take(Incoming::Session { row: first, source }).await;
    desk.take(moved(2, "hello", "new", desk.inserted(2))).await;
    let left = async || {
        let skip = std::collections::HashSet::from([sid("trip")]);
        desk.cache.next_gaps(None, skip, 10, None).await.unwrap()
    };
    assert_eq!(left().await, []);
    desk.cache.live_stopped().await.unwrap();
    let key = crate::MessageKey {
        at: at(1),
        id: mid(1),
    };
    let gap = crate::Stretch {
        older: Some(key),
        newer: None,
    };
    assert_eq!(left().await, [(sid("new"), gap)]);
    desk.cache.caught_up(at(9), true).await.unwrap();
    assert_eq!(left().await, []);
}

#[tokio::test]
async fn asking_whether_anything_changed_reads_no_message_however_many_are_cached() {
    let desk = Desk::numbered().await;
    let heads = (0..5_000).map(|n| head(&format!("session {n:04}"), n));
    desk.stand(heads.collect()).await;
    let plan = desk
        .cache
        .read(|conn| {
            let mut statement =
                conn.prepare(&format!("EXPLAIN QUERY PLAN {}", crate::read::heads::HEADS))?;
            let lines = statement
                .query_map([], |row| row.get::<_, String>(3))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(lines.join("\n"))
        })
        .await
        .unwrap();
    assert!(
        plan.contains("heads") && !plan.contains("messages"),
        "{plan}"
    );
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    assert_eq!(desk.cache.followed().await.unwrap().unwrap().heads, 5_000);
}
