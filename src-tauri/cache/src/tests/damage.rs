//! Files that were cut short or changed behind the program's back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::{FailReason, NewSession, Op, OutboxState};

const PAGE: usize = 4096;

/// A cache as files: the database, its log when it was not closed, and what waited in it.
struct Files {
    key: CacheKey,
    database: Vec<u8>,
    log: Vec<u8>,
    check: Vec<u8>,
    /// The writes that waited, as their payloads say.
    waiting: BTreeSet<String>,
    /// Those that stand a second time among messages and sessions.
    twice: BTreeSet<String>,
    /// Which pages hold what: the table's or the index's name.
    pages: BTreeMap<u32, String>,
}

fn said(op: &Op) -> String {
    match op {
        Op::InsertMessage(message) => format!("insert {} {}", message.id, message.content),
        Op::CreateSession(session) => format!("create {}", session.id),
        op => format!("{op:?}"),
    }
}

/// A cache of many pages, the outbox on several of them.
async fn files(closed: bool) -> Files {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let facts = (1..300).map(|n| Incoming::Message {
        row: message(n, &format!("message {n} {}", "text ".repeat(40))).into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    while desk.cache.index_some(200).await.unwrap() > 0 {}
    let new = NewSession {
        id: sid("made-here"),
        user_id: alice(),
        title: Some("Made here".to_owned()),
        metadata: Json::empty(),
    };
    desk.cache.enqueue_session_create(new, at(1)).await.unwrap();
    for number in 0..60 {
        // One is longer than a page.
        let text = format!("mine {number} {}", "word ".repeat(number * 20));
        desk.cache
            .enqueue_message(note(&text), at(2))
            .await
            .unwrap();
    }
    for number in 10..25 {
        let text = format!("edited {number}");
        desk.cache
            .enqueue_edit(mid(number), text, at(3))
            .await
            .unwrap();
        desk.cache
            .enqueue_delete(mid(number + 100), at(3))
            .await
            .unwrap();
    }
    let refused = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    let reason = FailReason {
        code: "no".into(),
        message: "No".into(),
    };
    desk.cache.mark_failed(refused.id, reason).await.unwrap();
    let items = desk.cache.outbox_list().await.unwrap();
    let path = desk.dir.path().join("cache.db");
    if closed {
        desk.cache.close().await;
    }
    let read = |suffix: &str| fs::read(desk.dir.path().join(format!("cache.db{suffix}")));
    let files = Files {
        key: desk.key.clone(),
        database: read("").unwrap(),
        log: read("-wal").unwrap_or_default(),
        check: read(".key-check").unwrap(),
        waiting: items.iter().map(|item| said(&item.op)).collect(),
        twice: items
            .iter()
            .filter(|item| matches!(item.op, Op::InsertMessage(_) | Op::CreateSession(_)))
            .map(|item| said(&item.op))
            .collect(),
        pages: pages(&path, &desk.key),
    };
    desk.cache.close().await;
    files
}

/// What each page of the database holds.
fn pages(path: &std::path::Path, key: &CacheKey) -> BTreeMap<u32, String> {
    let flags = rusqlite::OpenFlags::default();
    let conn = crate::store::unlocked(path, flags, key, crate::store::Sharing::Shared).unwrap();
    let mut statement = conn.prepare("SELECT pageno, name FROM dbstat").unwrap();
    let pages = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    pages.collect::<rusqlite::Result<_>>().unwrap()
}

fn closed() -> &'static Files {
    static CLOSED: OnceLock<Files> = OnceLock::new();
    CLOSED.get_or_init(|| run(files(true)))
}

fn left_open() -> &'static Files {
    static LEFT_OPEN: OnceLock<Files> = OnceLock::new();
    LEFT_OPEN.get_or_init(|| run(files(false)))
}

fn run<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    std::thread::spawn(move || runtime.unwrap().block_on(work))
        .join()
        .unwrap()
}

/// What a start finds.
struct Found {
    waiting: BTreeSet<String>,
    report: crate::OpenReport,
}

impl Files {
    /// Starts on these files.
    fn open(&self, database: &[u8], log: &[u8]) -> Found {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("cache.db");
        fs::write(&path, database).unwrap();
        fs::write(dir.path().join("cache.db.key-check"), &self.check).unwrap();
        if !log.is_empty() {
            fs::write(dir.path().join("cache.db-wal"), log).unwrap();
        }
        let key = self.key.clone();
        run(async move {
            let (cache, report) = Cache::open(&path, &key).unwrap();
            cache.set_account(alice(), at(5)).await.unwrap();
            let items = cache.outbox_list().await.unwrap();
            for item in &items {
                assert_ne!(item.state, OutboxState::Sending);
            }
            // It can be used as any other.
            cache.sessions().await.unwrap();
            let row = session("trip", 1).into();
            let read = ReadStamp {
                began: cache.stamp(),
                ended: cache.stamp(),
            };
            let source = Source::Rest(read);
            cache
                .ingest(vec![Incoming::Session { row, source }])
                .await
                .unwrap();
            cache.enqueue_message(note("after"), at(6)).await.unwrap();
            cache.close().await;
            let waiting = items.iter().map(|item| said(&item.op)).collect();
            Found { waiting, report }
        })
    }

    /// What is lost without a word would be a lie.
    fn judge(&self, found: &Found) {
        let made_up: Vec<_> = found.waiting.difference(&self.waiting).collect();
        assert!(made_up.is_empty(), "{made_up:?}");
        if found.waiting != self.waiting {
            assert!(found.report.salvage_incomplete, "{:?}", found.report);
        }
    }
}

#[test]
fn a_log_left_behind_is_taken_in() {
    let files = left_open();
    assert!(files.log.len() > 100_000, "the log holds nothing");
    let found = files.open(&files.database, &files.log);
    assert_eq!(found.waiting, files.waiting);
    assert_eq!(found.report, crate::OpenReport::default());
}

#[test]
fn a_log_without_its_database_is_kept_and_its_loss_said() {
    let files = left_open();
    let found = files.open(&[], &files.log);
    assert!(found.report.salvage_incomplete);
    assert!(found.report.set_aside.is_some());
}

#[test]
fn an_unreadable_page_takes_away_only_what_stood_on_it() {
    let files = closed();
    for (page, holds) in &files.pages {
        // Of what the server has as well, a few pages do.
        if !["outbox", "sqlite_schema"].contains(&holds.as_str()) && page % 16 != 0 {
            continue;
        }
        let mut database = files.database.clone();
        let start = (*page as usize - 1) * PAGE;
        database[start + 100] ^= 1;
        let found = files.open(&database, &[]);
        files.judge(&found);
        let lost: Vec<_> = files.waiting.difference(&found.waiting).collect();
        match holds.as_str() {
            // Without the schema nothing can be found.
            "sqlite_schema" if *page == 1 => assert!(found.waiting.is_empty()),
            "sqlite_schema" => {}
            "outbox" => {
                // What was written here stands a second time.
                assert!(
                    lost.iter().all(|what| !files.twice.contains(*what)),
                    "{page}: {lost:?}"
                );
            }
            _ => assert!(lost.is_empty(), "page {page} of {holds}: {lost:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_database_with_changed_bits_opens_and_what_is_lost_is_said(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..4),
    ) {
        let files = closed();
        let mut database = files.database.clone();
        for (at, bit) in flips {
            let at = at.index(database.len());
            database[at] ^= 1 << bit;
        }
        files.judge(&files.open(&database, &[]));
    }

    #[test]
    fn a_database_cut_short_opens_and_what_is_lost_is_said(
        length in any::<prop::sample::Index>(),
        left in any::<bool>(),
    ) {
        let files = if left { left_open() } else { closed() };
        let length = length.index(files.database.len());
        files.judge(&files.open(&files.database[..length], &files.log));
    }

    #[test]
    fn a_damaged_log_is_read_up_to_where_it_is_damaged(
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
        cut in any::<bool>(),
    ) {
        let files = left_open();
        let at = at.index(files.log.len());
        let mut log = files.log.clone();
        if cut {
            log.truncate(at);
        } else {
            log[at] ^= 1 << bit;
        }
        // As SQLite has it: the first frame that is not as it was written ends the log.
        let found = files.open(&files.database, &log);
        prop_assert_eq!(found.report.set_aside, None);
        prop_assert!(found.waiting.is_subset(&files.waiting));
    }
}

#[test]
fn what_tells_the_key_may_be_damaged_too() {
    let files = closed();
    for check in ["", "0123", "not a fingerprint at all"] {
        let damaged = Files {
            check: check.as_bytes().to_vec(),
            key: files.key.clone(),
            database: files.database.clone(),
            log: Vec::new(),
            waiting: files.waiting.clone(),
            twice: BTreeSet::new(),
            pages: BTreeMap::new(),
        };
        let found = damaged.open(&damaged.database, &[]);
        assert_eq!(found.waiting, files.waiting);
        assert_eq!(found.report, crate::OpenReport::default());
    }
}

#[tokio::test]
async fn what_may_have_been_sent_is_not_taken_for_never_sent_after_a_rescue() {
    let desk = Desk::with_trip().await;
    let row = desk
        .cache
        .enqueue_message(note("sent"), at(1))
        .await
        .unwrap();
    let item = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    desk.cache.mark_sending(item.id).await.unwrap();
    desk.cache.close().await;
    fs::write(desk.dir.path().join("cache.db.damaged"), "found").unwrap();
    let (cache, report) = Cache::open(&desk.dir.path().join("cache.db"), &desk.key).unwrap();
    assert_eq!(report.salvaged, 1);
    // A deletion has to go to the server, which may have it.
    let deleted = cache.enqueue_delete(row.message.id, at(2)).await.unwrap();
    assert!(matches!(deleted, crate::Enqueued::Queued(_)), "{deleted:?}");
    assert_eq!(cache.outbox_list().await.unwrap().len(), 2);
}
