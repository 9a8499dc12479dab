//! Opening the file: key, settings, schema, and what to do about a damaged one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};

use crate::error::{CacheError, Result};
use crate::key::CacheKey;
use crate::migrate::{self, MIGRATIONS, Migration};
use crate::salvage;
use crate::types::status::OpenReport;

/// How long a connection waits for another program's lock.
const BUSY: Duration = Duration::from_secs(10);
/// Files up to this size are checked whole at the start (a fraction of a second).
const FULL_CHECK_BYTES: u64 = 32 << 20;
/// `PRAGMA auto_vacuum`: free pages are given back when told to.
const INCREMENTAL: i64 = 2;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

/// Where a database is and what opens it.
#[derive(Clone)]
pub(crate) struct Place {
    pub path: PathBuf,
    pub key: CacheKey,
}

impl Place {
    fn beside(&self, suffix: &str) -> PathBuf {
        beside(&self.path, suffix)
    }

    /// Exists when the file was found to be damaged while it was in use.
    pub(crate) fn damage_marker(&self) -> PathBuf {
        self.beside(".damaged")
    }

    /// Holds a fingerprint of the key, to tell a wrong key from a damaged file.
    fn key_check(&self) -> PathBuf {
        self.beside(".key-check")
    }
}

/// Opens the database for the writer, new or not, sound or not.
pub(crate) fn open_writer(place: &Place) -> Result<(Connection, OpenReport)> {
    open_with(place, MIGRATIONS)
}

pub(crate) fn open_with(place: &Place, steps: &[Migration]) -> Result<(Connection, OpenReport)> {
    if let Some(directory) = place.path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let size = std::fs::metadata(&place.path).map_or(0, |found| found.len());
    if size > 0 {
        check_fingerprint(place)?;
    }
    let known = place.key_check().exists();
    let mut report = OpenReport {
        created: size == 0,
        // A cache was here and is gone: so is what had not been sent.
        salvage_incomplete: size == 0 && known,
        ..OpenReport::default()
    };
    let opened = if place.damage_marker().exists() {
        Err(CacheError::Damaged("noted while it was in use".to_owned()))
    } else {
        open_sound(place, steps, size)
    };
    match opened {
        Ok((conn, migrated_from)) => {
            report.migrated_from = migrated_from;
            remember_fingerprint(place)?;
            Ok((conn, report))
        }
        Err(CacheError::Damaged(reason)) if size > 0 && !known => {
            tracing::warn!(%reason, "the cache does not open");
            Err(CacheError::WrongKey)
        }
        Err(CacheError::Damaged(reason)) => {
            tracing::error!(%reason, "the cache is damaged and set aside");
            let aside = set_aside(place)?;
            let (mut conn, _) = open_sound(place, steps, 0)?;
            let saved = salvage::salvage(&aside, &place.key, &mut conn);
            remember_fingerprint(place)?;
            report.salvaged = saved.outbox;
            report.salvage_incomplete = saved.incomplete;
            report.set_aside = Some(aside);
            Ok((conn, report))
        }
        Err(error) => Err(error),
    }
}

/// A database in memory, with nothing encrypted because nothing is written.
pub(crate) fn open_in_memory() -> Result<Connection> {
    let mut conn = Connection::open_in_memory()?;
    configure(&conn)?;
    migrate::migrate(&mut conn, None, MIGRATIONS)?;
    Ok(conn)
}

/// A read-only connection to a database that is open already.
pub(crate) fn open_reader(place: &Place) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&place.path, flags)?;
    unlock(&conn, &place.key)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// Gives the key and keeps SQLCipher from writing to the standard error by itself.
pub(crate) fn unlock(conn: &Connection, key: &CacheKey) -> Result<()> {
    conn.execute_batch("PRAGMA cipher_log_level = NONE")?;
    key.unlock(conn)?;
    Ok(())
}

fn open_sound(place: &Place, steps: &[Migration], size: u64) -> Result<(Connection, Option<u32>)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(&place.path, flags)?;
    unlock(&conn, &place.key)?;
    // The first read is what proves the key.
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
        row.get::<_, i64>(0)
    })?;
    configure(&conn)?;
    if size > 0 && size <= FULL_CHECK_BYTES {
        let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(CacheError::Damaged(verdict));
        }
    }
    let migrated_from = migrate::migrate(&mut conn, Some(&place.path), steps)?;
    give_back_space(&conn)?;
    Ok((conn, migrated_from))
}

/// Has the file keep what it takes to give space back bit by bit. One made before that was so is
/// written anew, once; when that fails (a full disk, say), it stays as it is, and its free pages
/// are used again instead.
fn give_back_space(conn: &Connection) -> Result<()> {
    let mode: i64 = conn.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
    if mode != INCREMENTAL {
        conn.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
        if let Err(error) = conn.execute_batch("VACUUM") {
            tracing::warn!(%error, "the cache keeps its free space");
        }
    }
    Ok(())
}

fn configure(conn: &Connection) -> Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Counts for a new file only, and only before anything is written to it.
    conn.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Refuses a key that is not the one the cache was made with.
fn check_fingerprint(place: &Place) -> Result<()> {
    match std::fs::read_to_string(place.key_check()) {
        Ok(text) if text.trim() == place.key.fingerprint() => Ok(()),
        Ok(_) => Err(CacheError::WrongKey),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn remember_fingerprint(place: &Place) -> Result<()> {
    let (path, fingerprint) = (place.key_check(), place.key.fingerprint());
    if std::fs::read_to_string(&path).is_ok_and(|known| known == fingerprint) {
        return Ok(());
    }
    Ok(std::fs::write(path, fingerprint)?)
}

/// Moves the file and what belongs to it out of the way. The log goes along: it may hold
/// the newest unsent writes.
fn set_aside(place: &Place) -> Result<PathBuf> {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut target = place.beside(&format!(".damaged-{seconds}"));
    let mut number = 1;
    while target.exists() {
        target = place.beside(&format!(".damaged-{seconds}-{number}"));
        number += 1;
    }
    std::fs::rename(&place.path, &target)?;
    for suffix in ["-wal", "-shm"] {
        let part = place.beside(suffix);
        if part.exists() {
            std::fs::rename(part, beside(&target, suffix))?;
        }
    }
    let marker = place.damage_marker();
    if marker.exists() {
        std::fs::remove_file(marker)?;
    }
    Ok(target)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}
