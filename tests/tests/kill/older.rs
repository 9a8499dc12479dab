//! A cache of the first version, killed while it is brought up to date.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tidings_cache::FORM;
use tidings_contract as api;
use tidings_testkit::scratch;
use tidings_tests::served::Served;

use crate::{World, wait};

/// Messages in it, so that each step takes its time.
const MESSAGES: u64 = 30_000;
/// How often it is killed.
const KILLS: u64 = 5;
const FIRST: &str = include_str!("../../../migrations/0001_cache.sql");
const ROWS: &str = include_str!("../../../src-tauri/cache/src/tests/rows/0001.sql");

/// Makes a cache as the first version left it, of this account.
fn make(file: &Path, key: &str, user: &str) {
    let conn = opened(file, key);
    conn.execute_batch("PRAGMA auto_vacuum = 2; PRAGMA journal_mode = WAL")
        .unwrap();
    conn.execute_batch(FIRST).unwrap();
    let rows = ROWS
        .replace("'alice'", &format!("'{user}'"))
        .replace("\"alice\"", &format!("\"{user}\""));
    conn.execute_batch(&rows).unwrap();
    conn.execute_batch(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MESSAGES})
         INSERT INTO messages (key, id, session, author, content, role, metadata, created_at,
             updated_at, status, kind, read_began, read_ended, stamp)
         SELECT 1000 + n, randomblob(16), 1, 2, 'message ' || n, 'user', '{{}}',
             1600000000000000 + n, 1600000000000000 + n, 'delivered', 'text',
             3298534883331, 3298534883332, 3298534883332 FROM n;
         PRAGMA user_version = 1;
         PRAGMA wal_checkpoint(TRUNCATE)"
    ))
    .unwrap();
}

/// In the form in which the first version made it; it stays so.
fn opened(file: &Path, key: &str) -> Connection {
    let conn = Connection::open(file).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{key}'\""))
        .unwrap();
    conn
}

/// What waits in the outbox.
fn waiting(conn: &Connection) -> BTreeSet<String> {
    let mut statement = conn.prepare("SELECT payload FROM outbox").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", file.display()))
}

fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len())
}

/// Copies the files of a database.
fn copy(from: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let from = beside(from, suffix);
        if from.exists() {
            std::fs::copy(from, beside(to, suffix)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_was_being_brought_up_to_date_is_whole_and_loses_nothing_that_waits() {
    let (world, served) = World::start().await;
    let user = world.user().await;
    served.stop().await.unwrap();
    world.project.proxy.go_offline();
    let (file, key) = (world.database(), world.keeper.secret("/cache-key").unwrap());
    let new = opened(&file, &key);
    new.execute_batch(FORM).unwrap();
    let newest = number(&new, "PRAGMA user_version");
    drop(new);
    let aside = scratch().unwrap();
    let old = aside.path().join("cache.db");
    make(&old, &key, &user);
    let wanted = waiting(&opened(&old, &key));
    let full = size(&old);
    assert_eq!(wanted.len(), 3);

    let mut unfinished = 0;
    for round in 0..KILLS {
        for suffix in ["", "-wal", "-shm", ".before-1"] {
            // The one before may have left it, or not.
            let _ = std::fs::remove_file(beside(&file, suffix));
        }
        std::fs::copy(&old, &file).unwrap();
        let running = Served::launch(world.data.path(), &world.keeper, &world.project).unwrap();
        // From when it has begun, through what it writes.
        let written = full * round / KILLS;
        wait("a step of it", async || {
            let begun = size(&beside(&file, ".before-1")) == full;
            (begun && size(&beside(&file, "-wal")) >= written).then_some(())
        })
        .await;
        running.kill().await.unwrap();

        let left = scratch().unwrap();
        let left = left.path().join("cache.db");
        copy(&file, &left);
        let conn = opened(&left, &key);
        let verdict: String = conn
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        let version = number(&conn, "PRAGMA user_version");
        assert!(version == 1 || version == newest, "half way: {version}");
        unfinished += i64::from(version == 1);
        assert_eq!(waiting(&conn), wanted);
    }
    assert!(unfinished > 0, "it was done each time before it was killed");

    let served = world.served().await;
    let outbox = served.ok(api::ListOutbox {}).await.unwrap();
    assert_eq!(outbox.len(), wanted.len());
    let kept = served.ok(api::GetStorage {}).await.unwrap();
    assert!(kept.messages >= MESSAGES, "{kept:?}");
    served.stop().await.unwrap();
    assert_eq!(number(&opened(&file, &key), "PRAGMA user_version"), newest);
    assert_eq!(waiting(&opened(&file, &key)), wanted);
}
