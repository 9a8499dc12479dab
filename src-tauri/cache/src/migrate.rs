//! Brings the schema up to date: a sorted list, all or nothing, a copy before.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{CacheError, Result};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// The schema version it leads to; steps count up from 1.
    pub version: u32,
    /// What it does.
    pub sql: &'static str,
}

/// All steps, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: include_str!("../../../migrations/0001_cache.sql"),
    },
    Migration {
        version: 2,
        sql: include_str!("../../../migrations/0002_revisions.sql"),
    },
    Migration {
        version: 3,
        sql: include_str!("../../../migrations/0003_members.sql"),
    },
    Migration {
        version: 4,
        sql: include_str!("../../../migrations/0004_storage.sql"),
    },
];

/// The schema version of an open database; 0 when it is new.
pub(crate) fn version(conn: &Connection) -> Result<u32> {
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Applies the steps that are missing. Returns the version found when there were any.
pub(crate) fn migrate(
    conn: &mut Connection,
    path: Option<&Path>,
    steps: &[Migration],
) -> Result<Option<u32>> {
    let found = version(conn)?;
    let known = steps.last().map_or(0, |step| step.version);
    if found > known {
        return Err(CacheError::NewerSchema { found, known });
    }
    if found == known {
        if let Some(path) = path {
            remove_copies(path)?;
        }
        return Ok(None);
    }
    let backup = match path {
        Some(path) if found > 0 => copy(conn, path, found)?,
        _ => PathBuf::new(),
    };
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps.iter().filter(|step| step.version > found) {
        let applied = tx
            .execute_batch(step.sql)
            .and_then(|()| tx.pragma_update(None, "user_version", step.version));
        if let Err(error) = applied {
            return Err(match CacheError::from(error) {
                CacheError::Sqlite(error) => CacheError::Migration {
                    step: step.version,
                    reason: error.to_string(),
                    backup,
                },
                classified => classified,
            });
        }
    }
    tx.commit()?;
    Ok((found > 0).then_some(found))
}

/// Copies the whole file beside itself before it is changed.
fn copy(conn: &Connection, path: &Path, found: u32) -> Result<PathBuf> {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let backup = backup_path(path, found);
    std::fs::copy(path, &backup)?;
    Ok(backup)
}

fn backup_path(path: &Path, found: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-{found}"));
    PathBuf::from(name)
}

/// A start with a current schema has proved the last change good: its copies can go.
fn remove_copies(path: &Path) -> Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let prefix = format!("{}.before-", name.to_string_lossy());
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
