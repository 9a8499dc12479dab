//! Opening the database file.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreError;
use super::parts::{self, Parts};
use super::{ddl, functions};
use crate::options::{DatabaseKey, Location};

/// Name of the database in the server's directory.
pub const DATABASE_FILE: &str = "local.db";
/// How long a connection waits for another one's lock.
const BUSY: Duration = Duration::from_secs(5);
const CACHED_STATEMENTS: usize = 64;

/// Where connections come from.
pub(super) struct Source {
    file: Option<PathBuf>,
    key: Option<DatabaseKey>,
}

impl Source {
    pub(super) fn new(location: &Location, key: Option<&DatabaseKey>) -> Result<Self, StoreError> {
        let file = match location {
            Location::Memory => None,
            Location::Directory(directory) => {
                std::fs::create_dir_all(directory)?;
                Some(directory.join(DATABASE_FILE))
            }
        };
        Ok(Self {
            file,
            key: key.cloned(),
        })
    }

    /// A database in memory has one connection for everything.
    pub(super) fn has_readers(&self) -> bool {
        self.file.is_some()
    }

    /// The writing connection, the schema in place and the rows as `parts` need them.
    pub(super) fn writer(&self, parts: Parts) -> Result<Connection, StoreError> {
        let mut connection = match &self.file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        self.prepare(&connection)?;
        if self.file.is_some() {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "normal")?;
        }
        migrate(&mut connection)?;
        parts::apply(&mut connection, parts)?;
        Ok(connection)
    }

    /// A connection that can only read.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        let Some(file) = &self.file else {
            return Err(StoreError::Closed);
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        self.prepare(&connection)?;
        Ok(connection)
    }

    fn prepare(&self, connection: &Connection) -> Result<(), StoreError> {
        // SQLCipher would write to the standard error stream by itself; the error is returned.
        connection.pragma_update(None, "cipher_log_level", "NONE")?;
        if let Some(key) = &self.key {
            connection.pragma_update(None, "key", key.pragma())?;
        }
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // The first statement that reads the file is the one that notices a wrong key.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => StoreError::WrongKey,
                _ => StoreError::Database(error),
            })?;
        connection.pragma_update(None, "foreign_keys", true)?;
        functions::register(connection)?;
        Ok(())
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or_default();
    if done > ddl::STEPS.len() {
        return Err(StoreError::TooNew(version));
    }
    for (number, step) in (1_i32..).zip(ddl::STEPS).skip(done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_first_version_is_brought_up_to_date_with_its_rows() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("local.db");
        let first = Connection::open(&file).unwrap();
        functions::register(&first).unwrap();
        first.execute_batch(ddl::STEPS[0]).unwrap();
        first.pragma_update(None, "user_version", 1).unwrap();
        first
            .execute_batch(
                "INSERT INTO auth_users (id, app_metadata, user_metadata, created_at, updated_at) \
                 VALUES ('alice', '{}', '{}', 1, 1);
                 INSERT INTO auth_sessions (id, user_id, method, signed_in_at, created_at) \
                 VALUES ('s', 'alice', 'password', 1, 1);",
            )
            .unwrap();
        drop(first);
        let location = Location::Directory(directory.path().to_path_buf());
        let source = Source::new(&location, None).unwrap();
        for _ in 0..2 {
            let connection = source.writer(Parts::ALL).unwrap();
            let factor: Option<String> = connection
                .query_row("SELECT factor_id FROM auth_sessions", [], |row| row.get(0))
                .unwrap();
            assert_eq!(factor, None);
        }
        source
            .writer(Parts::ALL)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        assert!(matches!(
            source.writer(Parts::ALL),
            Err(StoreError::TooNew(99))
        ));
    }
}
