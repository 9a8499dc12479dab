//! A disk that is full, or that nothing can be written to.

use tidings_disk::{Disk, Fate};

use super::*;
use crate::CacheError;

/// Alice's cache on a disk of its own, with three messages that wait.
async fn waiting() -> (Desk, Disk) {
    let dir = TempDir::new().unwrap();
    let drive = Disk::mount(dir.path()).unwrap();
    let key = CacheKey::generate();
    let (cache, _) = Cache::open(&dir.path().join("cache.db"), &key).unwrap();
    cache.set_account(alice(), at(0)).await.unwrap();
    let desk = Desk { cache, key, dir };
    let row = session("trip", 1).into();
    let source = desk.read();
    desk.cache
        .ingest(vec![Incoming::Session { row, source }])
        .await
        .unwrap();
    for text in ["one", "two", "three"] {
        desk.cache.enqueue_message(note(text), at(2)).await.unwrap();
    }
    (desk, drive)
}

fn open(desk: &Desk) -> crate::Result<Cache> {
    Cache::open(&desk.dir.path().join("cache.db"), &desk.key).map(|(cache, _)| cache)
}

fn met(cache: &Cache) -> Option<CacheError> {
    cache.trouble().borrow().clone()
}

#[tokio::test]
async fn on_a_full_disk_everything_can_be_read_and_what_is_not_kept_is_said() {
    let (desk, drive) = waiting().await;
    assert!(met(&desk.cache).is_none());
    drive.set_capacity(Some(drive.used()));
    let long = "long ".repeat(1000);
    let refused = desk.cache.enqueue_message(note(&long), at(3)).await;
    let Err(error @ CacheError::DiskFull) = refused else {
        panic!("{refused:?}")
    };
    let said = error.to_string();
    for part in ["No space left", "is safe", "not kept", "Free some space"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(matches!(met(&desk.cache), Some(CacheError::DiskFull)));
    assert_eq!(desk.shown("trip").await, ["one", "two", "three"]);
    assert!(desk.cache.search("two".into(), 10).await.is_ok());
    // Room again: nothing has to be restarted.
    drive.set_capacity(None);
    desk.cache.try_to_write().await.unwrap();
    assert!(met(&desk.cache).is_none());
    desk.cache
        .enqueue_message(note("four"), at(4))
        .await
        .unwrap();
    let desk = desk.reopen().await;
    assert_eq!(desk.shown("trip").await, ["one", "two", "three", "four"]);
}

#[tokio::test]
async fn a_cache_opens_on_a_disk_without_a_free_byte() {
    let (desk, drive) = waiting().await;
    let first = desk.cache.outbox_list().await.unwrap()[0].id;
    desk.cache.mark_sending(first).await.unwrap();
    desk.cache.close().await;
    drive.set_capacity(Some(drive.used()));
    let cache = open(&desk).unwrap();
    assert!(matches!(met(&cache), Some(CacheError::DiskFull)));
    let desk = Desk { cache, ..desk };
    assert_eq!(desk.cache.account(), Some(alice()));
    assert_eq!(desk.shown("trip").await, ["one", "two", "three"]);
    assert_eq!(desk.cache.outbox_list().await.unwrap().len(), 3);
    let refused = desk.cache.enqueue_message(note("four"), at(4)).await;
    assert!(matches!(refused, Err(CacheError::DiskFull)));
    let stamp = desk.cache.stamp();
    // With room the start is written down after all: what was under way waits again, and no stamp
    // is given out twice.
    drive.set_capacity(None);
    desk.cache
        .enqueue_message(note("four"), at(4))
        .await
        .unwrap();
    assert!(met(&desk.cache).is_none());
    let next = desk.cache.next_for(sid("trip")).await.unwrap().unwrap();
    assert_eq!((next.id, next.attempts), (first, 1));
    let desk = desk.reopen().await;
    assert!(desk.cache.stamp() > stamp);
    assert_eq!(desk.shown("trip").await, ["one", "two", "three", "four"]);
}

#[tokio::test]
async fn at_whatever_byte_the_disk_fills_up_what_was_reported_is_there() {
    for spare in (0..40).map(|piece| piece * 3000) {
        let (desk, drive) = waiting().await;
        drive.set_capacity(Some(drive.used() + spare));
        let mut kept = 3;
        for number in 0..30 {
            let text = format!("{number}: {}", "word ".repeat(200));
            match desk.cache.enqueue_message(note(&text), at(3)).await {
                Ok(_) => kept += 1,
                Err(CacheError::DiskFull) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert!(spare > 0 || kept == 3);
        assert_eq!(desk.cache.outbox_list().await.unwrap().len(), kept);
        desk.cache.close().await;
        let cache = open(&desk).unwrap();
        assert_eq!(cache.outbox_list().await.unwrap().len(), kept);
        cache.close().await;
    }
}

#[tokio::test]
async fn on_a_disk_that_became_read_only_everything_can_be_read() {
    let (desk, drive) = waiting().await;
    desk.shown("trip").await;
    drive.set_read_only(true);
    let refused = desk.cache.enqueue_message(note("four"), at(3)).await;
    let Err(error) = refused else {
        panic!("it was kept")
    };
    assert!(error.is_of_the_disk(), "{error:?}");
    assert!(error.to_string().contains("was not touched"), "{error}");
    assert!(met(&desk.cache).is_some());
    assert_eq!(desk.shown("trip").await, ["one", "two", "three"]);
    drive.set_read_only(false);
    desk.cache
        .enqueue_message(note("four"), at(4))
        .await
        .unwrap();
    assert!(met(&desk.cache).is_none());
}

#[tokio::test]
async fn a_cache_in_a_read_only_folder_says_so_and_loses_nothing() {
    let (desk, drive) = waiting().await;
    desk.cache.close().await;
    drive.set_read_only(true);
    let refused = open(&desk);
    let Err(error @ CacheError::ReadOnly(_)) = refused else {
        panic!("{:?}", refused.err())
    };
    let said = error.to_string();
    assert!(
        said.contains("cannot be written") && said.contains("permissions"),
        "{said}"
    );
    drive.set_read_only(false);
    let cache = open(&desk).unwrap();
    assert_eq!(cache.outbox_list().await.unwrap().len(), 3);
}

/// Replacing a damaged cache needs room, and the power may fail at any point of it.
#[tokio::test]
async fn a_rescue_that_is_interrupted_anywhere_is_taken_up_again() {
    let mut steps = 0;
    loop {
        let (desk, drive) = waiting().await;
        desk.cache.close().await;
        std::fs::write(desk.dir.path().join("cache.db.damaged"), "found").unwrap();
        drive.cut_after(steps);
        let ended = open(&desk);
        let done = ended.is_ok();
        if let Ok(cache) = ended {
            cache.close().await;
        }
        drive.cut();
        drive.restore(|| Fate::Lost).unwrap();
        let cache = open(&desk).unwrap();
        assert_eq!(cache.outbox_list().await.unwrap().len(), 3, "at {steps}");
        assert_eq!(cache.account(), Some(alice()));
        cache.close().await;
        if done {
            break;
        }
        steps += 7;
    }
    assert!(steps > 100, "it ended before anything was written");
}

#[tokio::test]
async fn a_full_disk_leaves_a_damaged_cache_where_it_is() {
    let (desk, drive) = waiting().await;
    desk.cache.close().await;
    std::fs::write(desk.dir.path().join("cache.db.damaged"), "found").unwrap();
    drive.set_capacity(Some(drive.used() + 20_000));
    assert!(matches!(open(&desk), Err(CacheError::DiskFull)));
    drive.set_capacity(None);
    let path = desk.dir.path().join("cache.db");
    let (cache, report) = Cache::open(&path, &desk.key).unwrap();
    assert_eq!((report.salvaged, report.salvage_incomplete), (3, false));
    assert_eq!(cache.outbox_list().await.unwrap().len(), 3);
}
