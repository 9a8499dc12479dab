//! Plain SQLite on a disk that fails.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use rusqlite::{Connection, ErrorCode};
use tempfile::TempDir;
use tidings_disk::{Disk, Fate};

fn database() -> (TempDir, Disk, Connection) {
    let folder = TempDir::new().unwrap();
    let disk = Disk::mount(folder.path()).unwrap();
    let conn = open(&folder);
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        .unwrap();
    conn.execute_batch("CREATE TABLE t (a TEXT)").unwrap();
    (folder, disk, conn)
}

fn open(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("t.db")).unwrap()
}

fn rows(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .unwrap()
}

fn insert(conn: &Connection, text: &str) -> rusqlite::Result<usize> {
    conn.execute("INSERT INTO t VALUES (?1)", [text])
}

#[test]
fn what_was_synced_outlives_the_power_and_what_was_not_need_not() {
    let (folder, disk, conn) = database();
    insert(&conn, "synced").unwrap();
    conn.pragma_update(None, "synchronous", "NORMAL").unwrap();
    insert(&conn, "not synced").unwrap();
    assert_eq!(rows(&conn), 2);
    disk.cut();
    assert!(insert(&conn, "too late").is_err());
    assert!(disk.restore(|| Fate::Lost).is_err(), "a file is open");
    drop(conn);
    disk.restore(|| Fate::Lost).unwrap();
    let conn = open(&folder);
    assert_eq!(rows(&conn), 1);
}

#[test]
fn what_was_not_synced_may_be_there_all_the_same_or_half_of_it() {
    for (fate, left) in [(Fate::Kept, 2), (Fate::Torn(0b101), 1)] {
        let (folder, disk, conn) = database();
        insert(&conn, "synced").unwrap();
        conn.pragma_update(None, "synchronous", "NORMAL").unwrap();
        insert(&conn, &"not synced ".repeat(200)).unwrap();
        disk.cut();
        drop(conn);
        disk.restore(|| fate).unwrap();
        let conn = open(&folder);
        assert_eq!(rows(&conn), left, "{fate:?}");
    }
}

#[test]
fn a_new_database_whose_folder_was_not_synced_is_gone() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::mount(folder.path()).unwrap();
    let conn = open(&folder);
    conn.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (a TEXT)")
        .unwrap();
    disk.cut();
    drop(conn);
    disk.restore(|| Fate::Lost).unwrap();
    assert!(!folder.path().join("t.db").exists());
}

#[test]
fn the_power_fails_at_the_step_that_was_asked_for() {
    let (_folder, disk, conn) = database();
    let before = disk.counts();
    insert(&conn, "counted").unwrap();
    let steps = disk.counts();
    let steps = steps.writes + steps.syncs - before.writes - before.syncs;
    disk.cut_after(steps);
    insert(&conn, "the last one").unwrap();
    assert!(!disk.is_cut());
    assert!(insert(&conn, "one too many").is_err());
    assert!(disk.is_cut());
}

#[test]
fn a_full_disk_takes_nothing_more_and_a_read_only_one_nothing() {
    let (_folder, disk, conn) = database();
    disk.set_capacity(Some(disk.used()));
    let refused = insert(&conn, &"long ".repeat(2000)).unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(ErrorCode::DiskFull));
    disk.set_capacity(None);
    insert(&conn, "fits").unwrap();
    disk.set_read_only(true);
    assert!(insert(&conn, "refused").is_err());
    assert_eq!(rows(&conn), 1);
    disk.set_read_only(false);
    insert(&conn, "fits again").unwrap();
    assert_eq!(rows(&conn), 2);
}
