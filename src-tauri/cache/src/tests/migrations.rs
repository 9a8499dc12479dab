//! From every earlier schema, with rows in every table, to the newest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::migrate::{self, MIGRATIONS, Migration};
use crate::store::{self, Place, Sharing};
use crate::{Firing, FiringMark};

/// Rows for the tables that each step makes, as the version of that step wrote them: kept as they
/// are once they are here. A step that only changes tables has the rows that show the change, or
/// none, which has to be said.
const ROWS: &[(u32, &str)] = &[
    (1, include_str!("rows/0001.sql")),
    (2, include_str!("rows/0002.sql")),
    (3, include_str!("rows/0003.sql")),
    (4, include_str!("rows/0004.sql")),
    (5, include_str!("rows/0005.sql")),
    (6, include_str!("rows/0006.sql")),
    (7, include_str!("rows/0007.sql")),
    (8, include_str!("rows/0008.sql")),
    (9, include_str!("rows/0009.sql")),
    (10, include_str!("rows/0010.sql")),
    (11, include_str!("rows/0011.sql")),
    (12, include_str!("rows/0012.sql")),
    (13, include_str!("rows/0013.sql")),
    (14, include_str!("rows/0014.sql")),
    (15, include_str!("rows/0015.sql")),
    (16, include_str!("rows/0016.sql")),
    (17, include_str!("rows/0017.sql")),
];

fn place(dir: &TempDir) -> Place {
    Place {
        path: dir.path().join("cache.db"),
        key: CacheKey::generate(),
    }
}

/// The steps up to a version.
fn up_to(version: u32) -> Vec<Migration> {
    let steps = MIGRATIONS.iter().copied();
    steps.filter(|step| step.version <= version).collect()
}

/// A cache as a version left it, with the rows of all steps up to it.
fn old(place: &Place, version: u32) -> Connection {
    let opened = store::open_with(place, &up_to(version)).unwrap();
    for (of, rows) in ROWS {
        if *of <= version {
            opened.conn.execute_batch(rows).unwrap();
        }
    }
    opened.conn
}

/// How many rows each table has.
fn counts(conn: &Connection) -> BTreeMap<String, i64> {
    tables(conn)
        .into_iter()
        .map(|table| {
            let sql = format!("SELECT count(*) FROM \"{table}\"");
            let count = conn.query_row(&sql, [], |row| row.get(0)).unwrap();
            (table, count)
        })
        .collect()
}

/// How many rows each table has once the words of all messages are in the index.
fn indexed(mut conn: Connection) -> BTreeMap<String, i64> {
    let transaction = conn.transaction().unwrap();
    let mut tx = crate::write::Tx::new(&transaction);
    while crate::write::index::index_some(&mut tx, 2).unwrap() > 0 {}
    transaction.commit().unwrap();
    counts(&conn)
}

/// The tables of the cache: not those that an index keeps for itself.
fn tables(conn: &Connection) -> BTreeSet<String> {
    let mut statement = conn
        .prepare(
            "SELECT name FROM pragma_table_list
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_%'",
        )
        .unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<rusqlite::Result<_>>().unwrap()
}

fn judge(conn: &Connection) {
    let verdict: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let dangling = conn
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap();
    assert_eq!(dangling, 0);
}

#[test]
fn every_step_has_rows_to_be_tested_with() {
    for step in MIGRATIONS {
        assert!(
            ROWS.iter().any(|(version, _)| *version == step.version),
            "step {0} has no rows: write cache/src/tests/rows/{0:04}.sql with a row for each table \
             that it makes, and name it in ROWS",
            step.version
        );
    }
    for step in MIGRATIONS {
        let dir = TempDir::new().unwrap();
        let conn = old(&place(&dir), step.version);
        for (table, count) in counts(&conn) {
            assert!(
                count > 0,
                "no rows for {table}, which step {} has",
                step.version
            );
        }
        judge(&conn);
    }
}

#[tokio::test]
async fn a_cache_of_every_earlier_version_is_brought_up_to_date_with_all_its_rows() {
    for step in MIGRATIONS {
        let dir = TempDir::new().unwrap();
        let place = place(&dir);
        let conn = old(&place, step.version);
        let before = counts(&conn);
        drop(conn);
        let opened = store::open_with(&place, MIGRATIONS).unwrap();
        let newest = MIGRATIONS.last().unwrap().version;
        let migrated = (step.version < newest).then_some(step.version);
        assert_eq!(opened.report.migrated_from, migrated);
        assert_eq!(migrate::version(&opened.conn).unwrap(), newest);
        judge(&opened.conn);
        // What an index of before had is in the new one once it has been brought up to date.
        let after = indexed(opened.conn);
        for (table, count) in before {
            if table == "to_index" {
                continue;
            }
            let now = after.get(&table).copied();
            assert!(now >= Some(count), "{table}: {count} rows became {now:?}");
        }
        let backup = dir.path().join(format!("cache.db.before-{}", step.version));
        assert_eq!(backup.exists(), migrated.is_some());
        if migrated.is_some() {
            let flags = rusqlite::OpenFlags::default();
            let conn = store::unlocked(&backup, flags, &place.key, Sharing::Shared).unwrap();
            assert_eq!(migrate::version(&conn).unwrap(), step.version);
            judge(&conn);
        }
        reads(&place.path, &place.key, step.version).await;
    }
}

/// The program reads what the oldest version wrote, brought up to date from `version`.
async fn reads(path: &Path, key: &CacheKey, version: u32) {
    let (cache, _) = Cache::open(path, key).unwrap();
    assert_eq!(cache.account(), Some(alice()));
    let sessions = cache.sessions().await.unwrap();
    assert_eq!(sessions.len(), 2);
    let page = crate::Page {
        anchor: crate::Anchor::Latest,
        limit: 100,
    };
    let page = cache.messages(sid("trip"), page).await.unwrap();
    let shown: Vec<_> = page
        .rows
        .iter()
        .map(|row| row.message.content.as_str())
        .collect();
    assert_eq!(
        shown,
        ["We leave at nine", "See you there", "Written offline"]
    );
    let waiting = cache.outbox_list().await.unwrap();
    assert_eq!(waiting.len(), 3);
    assert_eq!(
        cache.draft(sid("trip")).await.unwrap().as_deref(),
        Some("And bring")
    );
    while cache.index_some(100).await.unwrap() > 0 {}
    let hits = cache.search("nine".into(), 10).await.unwrap().hits;
    assert_eq!(hits.len(), 1);
    assert_eq!(cache.watch_list().await.unwrap().len(), 1);
    assert_eq!(cache.rules().await.unwrap().len(), 1);
    assert!(!cache.firings(10, None).await.unwrap().is_empty());
    let judged = cache.judged_to().await.unwrap();
    let bitcoin = judged.iter().find(|(symbol, _)| symbol.as_str() == "BTC");
    let last = Some(Timestamp::from_micros(1_700_000_006_000_000));
    let judged = bitcoin.unwrap().1;
    assert_eq!(judged.price, last);
    // One time stood for all, until each had its own.
    let each = [judged.change, judged.volume, judged.market_cap];
    assert_eq!(each, if version < 5 { [last; 3] } else { [None; 3] });
    // And it can be written.
    cache
        .enqueue_message(note("after the update"), at(9))
        .await
        .unwrap();
    cache.close().await;
}

#[tokio::test]
async fn the_history_of_a_damaged_cache_of_every_earlier_version_is_saved() {
    /// The version that has firings.
    const FIRST: u32 = 5;
    for step in MIGRATIONS.iter().filter(|step| step.version >= FIRST) {
        let dir = TempDir::new().unwrap();
        let place = place(&dir);
        let conn = old(&place, step.version);
        let before = counts(&conn)["firings"];
        drop(conn);
        std::fs::write(place.damage_marker(), "found by the program").unwrap();
        let (cache, report) = Cache::open(&place.path, &place.key).unwrap();
        assert!(report.set_aside.is_some());
        let firings = cache.firings(100, None).await.unwrap();
        assert_eq!(
            i64::try_from(firings.len()).unwrap(),
            before,
            "of version {}",
            step.version
        );
        cache.close().await;
    }
}

#[tokio::test]
async fn a_firing_that_was_marked_as_missed_still_says_so() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    let conn = old(&place, 12);
    let twice =
        "INSERT INTO firings (rule, symbol, sentence, price, source_time, fired_at, mark, pending)
             SELECT rule, symbol, sentence, price, source_time, fired_at, 'away', 0 FROM firings";
    conn.execute_batch(twice).unwrap();
    drop(conn);
    let (cache, _) = Cache::open(&place.path, &place.key).unwrap();
    let firings = cache.firings(10, None).await.unwrap();
    assert!(firings.iter().any(|each| each.firing.away));
    for Firing { firing, .. } in firings {
        assert_eq!(firing.away, firing.mark == FiringMark::Away, "{firing:?}");
    }
    cache.close().await;
}

#[test]
fn the_newest_range_of_a_followed_session_stays_one_that_goes_on() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    let conn = old(&place, 15);
    conn.execute_batch(
        "DELETE FROM ranges;
         INSERT INTO ranges SELECT key, 10, x'00', 20, x'00', 5, 0 FROM sessions;
         INSERT INTO ranges SELECT key, 30, x'00', 40, x'00', 5, 0 FROM sessions;",
    )
    .unwrap();
    drop(conn);
    let opened = store::open_with(&place, MIGRATIONS).unwrap();
    let mut statement = opened
        .conn
        .prepare(
            "SELECT r.older_at FROM ranges r JOIN sessions s ON s.key = r.session
             JOIN heads h ON h.session_id = s.id WHERE r.live = 2",
        )
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    let going_on: Vec<i64> = rows.collect::<rusqlite::Result<_>>().unwrap();
    assert_eq!(going_on, [30]);
    let others: i64 = opened
        .conn
        .query_row("SELECT count(*) FROM ranges WHERE live = 2", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(others, 1, "a session that is not followed has none");
}

#[tokio::test]
async fn a_table_that_is_made_anew_keeps_the_rows_that_refer_to_it() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    drop(old(&place, MIGRATIONS.last().unwrap().version));
    let next = MIGRATIONS.last().unwrap().version + 1;
    let anew = "CREATE TABLE fresh (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
         INSERT INTO fresh SELECT key, id FROM users; DROP TABLE users;
         ALTER TABLE fresh RENAME TO users;";
    let steps = [
        MIGRATIONS,
        &[Migration {
            version: next,
            sql: anew,
        }],
    ]
    .concat();
    let opened = store::open_with(&place, &steps).unwrap();
    judge(&opened.conn);
    let waiting: i64 = opened
        .conn
        .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
        .unwrap();
    assert_eq!(waiting, 3);
    // One that loses rows others refer to is refused, and nothing of it stays.
    let lossy = "DELETE FROM users WHERE id = 'alice'";
    let more = [
        &steps[..],
        &[Migration {
            version: next + 1,
            sql: lossy,
        }],
    ]
    .concat();
    drop(opened);
    let refused = store::open_with(&place, &more);
    let Err(error @ crate::CacheError::Migration { .. }) = refused.map(|_| ()) else {
        panic!("it was applied")
    };
    let said = error.to_string();
    for part in [
        "brought up to date",
        "as it was before",
        "version of Tidings",
        "copy is at",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let opened = store::open_with(&place, &steps).unwrap();
    judge(&opened.conn);
}
