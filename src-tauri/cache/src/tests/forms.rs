//! Files of before, whose pages are proved in another way than those of new ones.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::*;
use crate::error::CacheError;
use crate::key::Form;
use crate::migrate::{self, MIGRATIONS};
use crate::store::{self, Sharing};

/// The forms in which a file can be read.
fn readable(path: &Path, key: &CacheKey) -> Vec<Form> {
    let reads = |form: &Form| {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch("PRAGMA cipher_log_level = NONE")
            .unwrap();
        key.unlock(&conn, *form).unwrap();
        conn.execute_batch("SELECT count(*) FROM sqlite_schema")
            .is_ok()
    };
    Form::ALL.into_iter().filter(reads).collect()
}

/// A desk whose cache an older version made, one step of the schema before this one.
fn of_before() -> (TempDir, CacheKey) {
    let dir = TempDir::new().unwrap();
    let key = CacheKey::generate();
    let mut conn = Connection::open(dir.path().join("cache.db")).unwrap();
    key.unlock(&conn, Form::Sha512).unwrap();
    conn.execute_batch("PRAGMA auto_vacuum = 2; PRAGMA journal_mode = WAL")
        .unwrap();
    let (_, steps) = MIGRATIONS.split_last().unwrap();
    migrate::migrate(&mut conn, None, steps).unwrap();
    (dir, key)
}

async fn write(cache: &Cache) {
    cache.set_account(alice(), at(0)).await.unwrap();
    let read = ReadStamp {
        began: cache.stamp(),
        ended: cache.stamp(),
    };
    let source = Source::Rest(read);
    let row = session("trip", 1).into();
    let first = Incoming::Session { row, source };
    let messages = (1..100).map(|n| Incoming::Message {
        row: message(n, &format!("message {n}")).into(),
        source,
    });
    let facts = std::iter::once(first).chain(messages);
    cache.ingest(facts.collect()).await.unwrap();
    let draft = Some("And bring".to_owned());
    cache.set_draft(sid("trip"), draft, at(1)).await.unwrap();
}

#[tokio::test]
async fn a_new_file_is_proved_by_sha_256() {
    let desk = Desk::with_trip().await;
    let path = desk.dir.path().join("cache.db");
    assert_eq!(readable(&path, &desk.key), [Form::Sha256]);
    desk.cache.close().await;
    assert_eq!(readable(&path, &desk.key), [Form::Sha256]);
}

#[tokio::test]
async fn a_file_of_before_is_brought_up_to_date_and_used_as_it_is() {
    let (dir, key) = of_before();
    let path = dir.path().join("cache.db");
    assert_eq!(readable(&path, &key), [Form::Sha512]);
    let (cache, report) = Cache::open(&path, &key).unwrap();
    let newest = MIGRATIONS.last().unwrap().version;
    assert_eq!(report.migrated_from, Some(newest - 1));
    assert_eq!(report.set_aside, None);
    let backup = dir.path().join(format!("cache.db.before-{}", newest - 1));
    let flags = OpenFlags::default();
    let copy = store::unlocked(&backup, flags, &key, Sharing::Shared).unwrap();
    assert_eq!(migrate::version(&copy).unwrap(), newest - 1);
    write(&cache).await;
    // The log alone has most of it now.
    assert_eq!(readable(&path, &key), [Form::Sha512]);
    let desk = Desk { cache, key, dir };
    assert_eq!(desk.shown("trip").await.len(), 99);
    let desk = desk.reopen().await;
    assert_eq!(desk.shown("trip").await.len(), 99);
    assert_eq!(readable(&path, &desk.key), [Form::Sha512]);
    desk.cache.close().await;
    std::fs::remove_file(desk.dir.path().join("cache.db.key-check")).unwrap();
    let wrong = Cache::open(&path, &CacheKey::generate());
    assert!(matches!(wrong, Err(CacheError::WrongKey)));
}

#[tokio::test]
async fn what_is_saved_from_a_damaged_file_of_before_is_in_a_new_one() {
    let (dir, key) = of_before();
    let path = dir.path().join("cache.db");
    let (cache, _) = Cache::open(&path, &key).unwrap();
    write(&cache).await;
    let unsent = cache.enqueue_message(note("unsent"), at(2)).await;
    unsent.unwrap();
    cache.close().await;
    std::fs::write(dir.path().join("cache.db.damaged"), "found").unwrap();
    let (cache, report) = Cache::open(&path, &key).unwrap();
    let aside = report.set_aside.unwrap();
    assert_eq!((report.salvaged, report.salvage_incomplete), (1, false));
    let draft = cache.draft(sid("trip")).await.unwrap();
    assert_eq!(draft.as_deref(), Some("And bring"));
    cache.close().await;
    assert_eq!(readable(&aside, &key), [Form::Sha512]);
    assert_eq!(readable(&path, &key), [Form::Sha256]);
}
