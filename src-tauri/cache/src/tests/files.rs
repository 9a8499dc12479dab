use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::*;
use crate::error::CacheError;
use crate::migrate::Migration;
use crate::store::{self, Place};

/// The schema that this version knows.
const KNOWN: u32 = crate::migrate::MIGRATIONS[crate::migrate::MIGRATIONS.len() - 1].version;
/// That of the next version.
const NEXT: u32 = KNOWN + 1;
const SECRET: &str = "the eagle lands at midnight";

fn contains(path: &Path, text: &str) -> bool {
    let bytes = fs::read(path).unwrap();
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

impl Desk {
    fn path(&self) -> PathBuf {
        self.dir.path().join("cache.db")
    }
}

#[tokio::test]
async fn no_text_stands_in_the_clear_on_the_disk() {
    let desk = Desk::with_trip().await;
    desk.cache
        .enqueue_message(note(SECRET), at(1))
        .await
        .unwrap();
    desk.cache
        .set_draft(sid("trip"), Some(SECRET.to_owned()), at(1))
        .await
        .unwrap();
    desk.cache.index_some(10).await.unwrap();
    let check = |dir: &Path| {
        let files: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        assert!(
            files.len() >= 2,
            "the database and what tells its key: {files:?}"
        );
        for file in files {
            for text in [SECRET, "midnight", "SQLite format", "Title of trip"] {
                assert!(!contains(&file, text), "{text:?} in {}", file.display());
            }
            assert!(
                !contains(&file, &desk.key.to_hex()),
                "the key in {}",
                file.display()
            );
        }
    };
    check(desk.dir.path());
    desk.cache.close().await;
    check(desk.dir.path());
    assert!(!format!("{:?}", desk.key).contains(&desk.key.to_hex()[..8]));
}

#[tokio::test]
async fn a_wrong_key_is_told_and_touches_nothing() {
    let desk = Desk::with_trip().await;
    desk.cache.close().await;
    let before = fs::read(desk.path()).unwrap();
    let wrong = Cache::open(&desk.path(), &CacheKey::generate());
    assert!(matches!(wrong, Err(CacheError::WrongKey)));
    // Also when nothing tells what the right key was.
    fs::remove_file(desk.dir.path().join("cache.db.key-check")).unwrap();
    let wrong = Cache::open(&desk.path(), &CacheKey::generate());
    assert!(matches!(wrong, Err(CacheError::WrongKey)));
    assert!(fs::read(desk.path()).unwrap() == before, "the file changed");
    let hex = desk.key.to_hex();
    let (cache, _) = Cache::open(&desk.path(), &CacheKey::from_hex(&hex).unwrap()).unwrap();
    assert_eq!(cache.sessions().await.unwrap().len(), 1);
    assert!(matches!(CacheKey::from_hex("zz"), Err(CacheError::BadKey)));
}

#[tokio::test]
async fn a_cache_of_a_newer_version_is_refused_and_not_touched() {
    let desk = Desk::with_trip().await;
    desk.cache.close().await;
    let place = Place {
        path: desk.path(),
        key: desk.key.clone(),
    };
    let newer = [
        crate::migrate::MIGRATIONS,
        &[Migration {
            version: NEXT,
            sql: "CREATE TABLE later (a INTEGER) STRICT",
        }],
    ]
    .concat();
    let opened = store::open_with(&place, &newer).unwrap();
    assert_eq!(opened.report.migrated_from, Some(KNOWN));
    drop(opened);
    assert!(
        desk.dir
            .path()
            .join(format!("cache.db.before-{KNOWN}"))
            .exists()
    );
    assert!(matches!(
        Cache::open(&desk.path(), &desk.key),
        Err(CacheError::NewerSchema {
            found: NEXT,
            known: KNOWN
        })
    ));
    // The next start with the schema as it should be drops the copy.
    drop(store::open_with(&place, &newer).unwrap());
    assert!(
        !desk
            .dir
            .path()
            .join(format!("cache.db.before-{KNOWN}"))
            .exists()
    );
}

#[tokio::test]
async fn a_cache_of_the_first_version_keeps_what_it_has() {
    let desk = Desk::new().await;
    desk.cache.close().await;
    fs::remove_file(desk.path()).unwrap();
    let place = Place {
        path: desk.path(),
        key: desk.key.clone(),
    };
    let opened = store::open_with(&place, &crate::migrate::MIGRATIONS[..1]).unwrap();
    opened
        .conn
        .execute_batch(
            "INSERT INTO meta (name, value) VALUES ('account', 'alice');
         INSERT INTO users (key, id) VALUES (1, 'alice');
         INSERT INTO sessions (key, id, owner, title, status, last_activity, stamp)
             VALUES (1, 'trip', 1, 'Title of trip', 'active', 7, 7);
         INSERT INTO messages (id, session, author, content, role, created_at, stamp)
             VALUES (x'00000000000000000000000000000007', 1, 1, 'kept', 'user', 7, 7);",
        )
        .unwrap();
    drop(opened);
    let (cache, report) = Cache::open(&desk.path(), &desk.key).unwrap();
    assert_eq!(report.migrated_from, Some(1));
    let desk = Desk { cache, ..desk };
    assert_eq!(desk.shown("trip").await, ["kept"]);
    let trip = desk.cache.session(sid("trip")).await.unwrap().unwrap();
    assert_eq!(
        (trip.role, trip.members),
        (Some(tidings_model::MemberRole::Owner), 0)
    );
}

#[tokio::test]
async fn a_migration_that_fails_half_way_changes_nothing() {
    let desk = Desk::with_trip().await;
    desk.cache
        .enqueue_message(note("unsent"), at(1))
        .await
        .unwrap();
    desk.cache.close().await;
    let place = Place {
        path: desk.path(),
        key: desk.key.clone(),
    };
    let broken = [
        crate::migrate::MIGRATIONS,
        &[Migration {
            version: NEXT,
            sql: "DELETE FROM outbox; ALTER TABLE nothing ADD COLUMN a INTEGER",
        }],
    ]
    .concat();
    let Err(CacheError::Migration { step, backup, .. }) = store::open_with(&place, &broken) else {
        panic!("the migration cannot work")
    };
    assert_eq!(step, NEXT);
    assert!(backup.unwrap().exists());
    let (cache, _) = Cache::open(&desk.path(), &desk.key).unwrap();
    assert_eq!(cache.outbox_list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_outbox_saved() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let facts = (1..400).map(|n| Incoming::Message {
        row: message(n, &"text ".repeat(50)).into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    desk.cache
        .enqueue_message(note("unsent"), at(999))
        .await
        .unwrap();
    desk.cache
        .enqueue_edit(mid(7), "edited".to_owned(), at(999))
        .await
        .unwrap();
    desk.cache
        .set_draft(sid("trip"), Some("draft".to_owned()), at(1))
        .await
        .unwrap();
    desk.cache.close().await;
    // Later pages hold messages; the first ones, the outbox and the schema stay readable.
    let size = fs::metadata(desk.path()).unwrap().len();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(desk.path())
        .unwrap();
    file.seek(SeekFrom::Start(size / 4 * 3 / 4096 * 4096))
        .unwrap();
    file.write_all(&[0x5a; 4096 * 3]).unwrap();
    drop(file);

    let (cache, report) = Cache::open(&desk.path(), &desk.key).unwrap();
    let aside = report.set_aside.expect("set aside");
    assert!(aside.exists());
    assert_eq!(report.salvaged, 2);
    assert_eq!(cache.account(), Some(alice()));
    let desk = Desk { cache, ..desk };
    assert_eq!(desk.shown("trip").await, ["unsent"]);
    assert_eq!(
        desk.cache.draft(sid("trip")).await.unwrap().as_deref(),
        Some("draft")
    );
    assert_eq!(desk.cache.outbox_list().await.unwrap().len(), 2);
    // The message that was edited is known again once it was fetched, with the edit on it.
    let source = desk.read();
    let row = message(7, "original").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    assert_eq!(desk.shown("trip").await, ["edited", "unsent"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_at_all_is_set_aside_too() {
    let desk = Desk::with_trip().await;
    desk.cache
        .enqueue_message(note("lost"), at(1))
        .await
        .unwrap();
    desk.cache.close().await;
    fs::write(desk.path(), vec![7_u8; 8192]).unwrap();
    let (cache, report) = Cache::open(&desk.path(), &desk.key).unwrap();
    assert!(report.set_aside.is_some());
    assert!(report.salvage_incomplete);
    cache.set_account(alice(), at(1)).await.unwrap();
    assert!(cache.sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn damage_found_while_running_is_dealt_with_at_the_next_start() {
    let desk = Desk::with_trip().await;
    desk.cache
        .enqueue_message(note("unsent"), at(1))
        .await
        .unwrap();
    desk.cache.close().await;
    fs::write(desk.dir.path().join("cache.db.damaged"), "found").unwrap();
    let (cache, report) = Cache::open(&desk.path(), &desk.key).unwrap();
    assert!(report.set_aside.is_some());
    assert_eq!((report.salvaged, report.salvage_incomplete), (1, false));
    assert_eq!(cache.outbox_list().await.unwrap().len(), 1);
    cache.close().await;
    let (_, report) = Cache::open(&desk.path(), &desk.key).unwrap();
    assert_eq!(report.set_aside, None);
}

#[tokio::test]
async fn a_closed_cache_says_so() {
    let desk = Desk::with_trip().await;
    desk.cache.close().await;
    assert!(matches!(
        desk.cache.sessions().await,
        Err(CacheError::Closed)
    ));
    let late = desk.cache.set_pinned(sid("trip"), true).await;
    assert!(matches!(late, Err(CacheError::Closed)));
    desk.cache.close().await;
}

#[tokio::test]
async fn stamps_grow_across_restarts() {
    let desk = Desk::new().await;
    let before = desk.cache.stamp();
    let desk = desk.reopen().await;
    assert!(desk.cache.stamp() > before);
}
