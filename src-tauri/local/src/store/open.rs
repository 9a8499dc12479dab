//! Opening the database file.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreError;
use super::{functions, schema};
use crate::options::{DatabaseKey, Location};

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
                Some(directory.join("local.db"))
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

    /// The writing connection, the schema in place.
    pub(super) fn writer(&self) -> Result<Connection, StoreError> {
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
    if version > schema::VERSION {
        return Err(StoreError::TooNew(version));
    }
    if version == 0 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(schema::DDL)?;
        transaction.pragma_update(None, "user_version", schema::VERSION)?;
        transaction.commit()?;
    }
    Ok(())
}
