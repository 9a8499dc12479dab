//! Opening the file: key, settings, schema, and what to do about a damaged one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{CacheError, Result};
use crate::files::{self, LOG};
use crate::key::{CacheKey, Form};
use crate::migrate::{self, MIGRATIONS, Migration};
use crate::rescue::{self, Moving, Note};
use crate::search::suggest::VOCABULARY;
use crate::types::status::OpenReport;

/// How long a connection waits for another program's lock.
const BUSY: Duration = Duration::from_secs(10);
/// Files up to this size are checked whole at the start (a fraction of a second).
const FULL_CHECK_BYTES: u64 = 32 << 20;
/// `PRAGMA auto_vacuum`: free pages are given back when told to.
const INCREMENTAL: i64 = 2;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;
/// Pages that a reading connection keeps decrypted, in KiB: what scrolling through several sessions
/// reads, and the inner pages of large tables. They are given back when nothing is read
/// ([`crate::Cache`]'s `rest`), and nothing of them outlives a commit.
const READ_PAGES: i64 = 8 << 10;

/// Where a database is and what opens it.
#[derive(Clone)]
pub(crate) struct Place {
    pub path: PathBuf,
    pub key: CacheKey,
}

impl Place {
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        files::beside(&self.path, suffix)
    }

    /// Exists when the file was found to be damaged, until another is in its place.
    pub(crate) fn damage_marker(&self) -> PathBuf {
        self.beside(".damaged")
    }

    /// Holds a fingerprint of the key, to tell a wrong key from a damaged file.
    fn key_check(&self) -> PathBuf {
        self.beside(".key-check")
    }
}

/// Who may use the database at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Several connections, which share the log's index in a file.
    Shared,
    /// This connection alone, which keeps the index in its memory: it needs no room on the disk.
    Alone,
}

/// An open database.
pub(crate) struct Opened {
    pub conn: Connection,
    pub report: OpenReport,
    pub sharing: Sharing,
}

/// What the file beside the database tells of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyCheck {
    /// It is the right one.
    Right,
    /// It is another one.
    Wrong,
    /// Nothing: there is no such file, or nothing readable in it.
    Silent,
}

/// Opens the database for the writer, new or not, sound or not.
pub(crate) fn open_writer(place: &Place) -> Result<Opened> {
    open_with(place, MIGRATIONS)
}

pub(crate) fn open_with(place: &Place, steps: &[Migration]) -> Result<Opened> {
    if let Some(directory) = place.path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut report = OpenReport::default();
    let mut damage = None;
    match rescue::note(place)? {
        Some(Note::Moving(moving)) => {
            rescue::finish(place, &moving)?;
            tell(&mut report, place, &moving);
        }
        Some(Note::Damaged(reason)) => damage = Some(reason),
        None => {}
    }
    let size = files::size(&place.path)?;
    let key = check_key(place)?;
    if size > 0 && key == KeyCheck::Wrong {
        return Err(CacheError::WrongKey);
    }
    let was_here = key != KeyCheck::Silent;
    report.created = size == 0;
    if size == 0 && was_here {
        // A cache was here and is gone: so is what had not been sent.
        report.salvage_incomplete = true;
        if damage.is_none() && files::size(&place.beside(LOG))? > 0 {
            // SQLite would delete the log, which is all that is left.
            damage = Some("the database is gone, and its log is there".to_owned());
        }
    }
    let opened = match damage {
        Some(reason) => Err(CacheError::Damaged(reason)),
        None => open_or_alone(place, steps, size),
    };
    let (conn, migrated_from, sharing) = match opened {
        Err(CacheError::Damaged(reason)) if size > 0 && !was_here => {
            tracing::warn!(%reason, "the cache does not open");
            return Err(CacheError::WrongKey);
        }
        Err(CacheError::Damaged(reason)) => {
            tracing::error!(%reason, "the cache is damaged and set aside");
            let moving = rescue::replace(place, steps, &reason)?;
            tell(&mut report, place, &moving);
            let (conn, migrated_from) = open_sound(place, steps, Sharing::Shared)?;
            (conn, migrated_from, Sharing::Shared)
        }
        opened => opened?,
    };
    report.migrated_from = migrated_from;
    if key != KeyCheck::Right
        && let Err(error) =
            files::write_durably(&place.key_check(), place.key.fingerprint().as_bytes())
    {
        match CacheError::from(error) {
            // What is here can be read; the next start writes it.
            error if error.is_of_the_disk() && size > 0 => {
                tracing::warn!(%error, "what tells the key was not written");
            }
            error => return Err(error),
        }
    }
    Ok(Opened {
        conn,
        report,
        sharing,
    })
}

fn tell(report: &mut OpenReport, place: &Place, moving: &Moving) {
    report.set_aside = Some(moving.aside(place));
    report.salvaged = moving.saved;
    report.salvage_incomplete |= moving.incomplete;
}

/// Opens what is there; on a full disk for this connection alone, so that it can be read.
fn open_or_alone(
    place: &Place,
    steps: &[Migration],
    size: u64,
) -> Result<(Connection, Option<u32>, Sharing)> {
    let sharing = Sharing::Shared;
    match open_sound(place, steps, sharing) {
        Err(CacheError::DiskFull) if size > 0 => {
            tracing::warn!("the disk is full: the cache is opened for one connection");
            let (conn, migrated_from) = open_sound(place, steps, Sharing::Alone)?;
            Ok((conn, migrated_from, Sharing::Alone))
        }
        opened => opened.map(|(conn, migrated_from)| (conn, migrated_from, sharing)),
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
    let conn = unlocked(&place.path, flags, &place.key, Sharing::Shared)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // Negative: in KiB.
    conn.pragma_update(None, "cache_size", -READ_PAGES)?;
    conn.execute_batch(VOCABULARY)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// A connection that brings the log of a database that is open already into its file, and does
/// nothing else.
pub(crate) fn open_checkpointer(place: &Place) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = unlocked(&place.path, flags, &place.key, Sharing::Shared)?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(conn)
}

/// Opens a file with its key, in whichever form it is.
///
/// # Errors
/// Its first page cannot be read: the key is another one, or it is damaged.
pub(crate) fn unlocked(
    path: &Path,
    flags: OpenFlags,
    key: &CacheKey,
    sharing: Sharing,
) -> Result<Connection> {
    let mut unreadable = None;
    // SQLCipher answers nothing more on a connection that met an unreadable page.
    for form in Form::ALL {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY)?;
        // It would write to the standard error by itself.
        conn.execute_batch("PRAGMA cipher_log_level = NONE")?;
        key.unlock(&conn, form)?;
        if sharing == Sharing::Alone {
            conn.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
        }
        // An attempt leaves the log as it is.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // The first read is what proves the key and the form.
        let read = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        });
        match read {
            Ok(_) => {
                conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
                return Ok(conn);
            }
            Err(error) => match CacheError::from(error) {
                error @ CacheError::Damaged(_) => unreadable = unreadable.or(Some(error)),
                error => return Err(error),
            },
        }
    }
    // There is a form, so there was an attempt.
    Err(unreadable.unwrap_or(CacheError::WrongKey))
}

/// Opens a database that is expected to be sound, or makes it. Also returns the schema that it
/// had, if it was brought up to date.
pub(crate) fn open_sound(
    place: &Place,
    steps: &[Migration],
    sharing: Sharing,
) -> Result<(Connection, Option<u32>)> {
    let size = files::size(&place.path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = unlocked(&place.path, flags, &place.key, sharing)?;
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

fn auto_vacuum(conn: &Connection) -> Result<i64> {
    Ok(conn.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?)
}

/// Has the file keep what it takes to give space back bit by bit. One made before that was so is
/// written anew, once; when that fails (a full disk, say), it stays as it is, and its free pages
/// are used again instead.
fn give_back_space(conn: &Connection) -> Result<()> {
    if auto_vacuum(conn)? != INCREMENTAL {
        conn.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
        if let Err(error) = conn.execute_batch("VACUUM") {
            tracing::warn!(%error, "the cache keeps its free space");
        }
    }
    Ok(())
}

/// Brings everything from the log into the database's file, on the disk.
pub(crate) fn fold_log(conn: &Connection) -> Result<()> {
    let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(CacheError::InUse);
    }
    Ok(())
}

fn configure(conn: &Connection) -> Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Counts for a new file only, and only before anything is written to it. Where it is so already,
    // saying it again would write, and a cache on a full disk is there to be read.
    if auto_vacuum(conn)? != INCREMENTAL {
        conn.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    }
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.execute_batch(VOCABULARY)?;
    Ok(())
}

/// Whether the key is the one that the cache was made with.
fn check_key(place: &Place) -> Result<KeyCheck> {
    let known = match std::fs::read(place.key_check()) {
        Ok(known) => known,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(KeyCheck::Silent),
        Err(error) => return Err(error.into()),
    };
    let known = known.trim_ascii();
    Ok(if known == place.key.fingerprint().as_bytes() {
        KeyCheck::Right
    } else if CacheKey::is_fingerprint(known) {
        KeyCheck::Wrong
    } else {
        // Cut short or overwritten: it says nothing of the key.
        KeyCheck::Silent
    })
}
