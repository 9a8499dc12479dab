//! Brings the schema up to date: a sorted list, all or nothing, a copy before.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::error::{CacheError, Result};
use crate::{files, store};

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
    Migration {
        version: 5,
        sql: include_str!("../../../migrations/0005_alerts.sql"),
    },
    Migration {
        version: 6,
        sql: include_str!("../../../migrations/0006_delivery.sql"),
    },
    Migration {
        version: 7,
        sql: include_str!("../../../migrations/0007_search.sql"),
    },
    Migration {
        version: 8,
        sql: include_str!("../../../migrations/0008_price_levels.sql"),
    },
    Migration {
        version: 9,
        sql: include_str!("../../../migrations/0009_unread.sql"),
    },
    Migration {
        version: 10,
        sql: include_str!("../../../migrations/0010_messages.sql"),
    },
    Migration {
        version: 11,
        sql: include_str!("../../../migrations/0011_voice_files.sql"),
    },
    Migration {
        version: 12,
        sql: include_str!("../../../migrations/0012_firings.sql"),
    },
    Migration {
        version: 13,
        sql: include_str!("../../../migrations/0013_sessions.sql"),
    },
    Migration {
        version: 14,
        sql: include_str!("../../../migrations/0014_away.sql"),
    },
    Migration {
        version: 15,
        sql: include_str!("../../../migrations/0015_search_order.sql"),
    },
    Migration {
        version: 16,
        sql: include_str!("../../../migrations/0016_tails.sql"),
    },
    Migration {
        version: 17,
        sql: include_str!("../../../migrations/0017_new_messages.sql"),
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
        if let Some(path) = path
            && let Err(error) = remove_copies(path)
        {
            // They take room and do no harm.
            tracing::warn!(%error, "copies of an older cache were not removed");
        }
        return Ok(None);
    }
    let backup = match path {
        Some(path) if found > 0 => Some(copy(conn, path, found)?),
        _ => None,
    };
    // Steps that make a table anew must not take along the rows that refer to it; whether all
    // references hold is checked at the end instead.
    conn.pragma_update(None, "foreign_keys", false)?;
    let applied = apply(conn, steps, found);
    conn.pragma_update(None, "foreign_keys", true)?;
    match applied {
        Ok(()) => Ok((found > 0).then_some(found)),
        Err(Failure::Step { step, reason }) => Err(CacheError::Migration {
            step,
            reason,
            backup,
        }),
        Err(Failure::Classified(error)) => Err(error),
    }
}

/// Why the steps were not applied.
enum Failure {
    /// One of them does not do.
    Step { step: u32, reason: String },
    /// What the disk refused.
    Classified(CacheError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Classified(error.into())
    }
}

fn apply(conn: &mut Connection, steps: &[Migration], found: u32) -> Result<(), Failure> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps.iter().filter(|step| step.version > found) {
        let failed = |reason| Failure::Step {
            step: step.version,
            reason,
        };
        let applied = tx
            .execute_batch(step.sql)
            .and_then(|()| tx.pragma_update(None, "user_version", step.version));
        applied.map_err(|error| match CacheError::from(error) {
            CacheError::Sqlite(error) => failed(error.to_string()),
            classified => Failure::Classified(classified),
        })?;
        if let Some(table) = dangling(&tx)? {
            return Err(failed(format!(
                "rows of {table} refer to rows that are gone"
            )));
        }
    }
    Ok(tx.commit()?)
}

/// A table with a reference that leads nowhere.
fn dangling(conn: &Connection) -> rusqlite::Result<Option<String>> {
    conn.query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()
}

/// Copies the whole file beside itself before it is changed.
fn copy(conn: &Connection, path: &Path, found: u32) -> Result<PathBuf> {
    store::fold_log(conn)?;
    let backup = files::beside(path, &format!(".before-{found}"));
    files::copy_durably(path, &backup)?;
    Ok(backup)
}

/// A start with a current schema has proved the last change good: its copies can go.
fn remove_copies(path: &Path) -> std::io::Result<()> {
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
