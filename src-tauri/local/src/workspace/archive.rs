//! Rows of an archive, taken in as they are: keys, authors and times stay.

use serde_json::value::RawValue;
use tidings_model::Timestamp;

use super::{local_user, service};
use crate::state::AppState;
use crate::store::mutate::{self, OnConflict};
use crate::store::schema::{CHAT_MESSAGES, CHAT_SESSIONS, Table};
use crate::store::{PgError, Row, StoreError, Value, WriteTx};

/// A row that may be taken in.
#[derive(Debug, Clone)]
pub struct ArchiveRow(Row);

impl ArchiveRow {
    /// A session, from its columns. Whose it was does not matter: here it is the local user's.
    ///
    /// # Errors
    /// A value that its column does not take.
    pub fn session(columns: &[(&str, &RawValue)], now: Timestamp) -> Result<Self, PgError> {
        read(&CHAT_SESSIONS, columns, now)
    }

    /// A message, from its columns.
    ///
    /// # Errors
    /// A value that its column does not take.
    pub fn message(columns: &[(&str, &RawValue)], now: Timestamp) -> Result<Self, PgError> {
        read(&CHAT_MESSAGES, columns, now)
    }
}

fn read(
    table: &'static Table,
    columns: &[(&str, &RawValue)],
    now: Timestamp,
) -> Result<ArchiveRow, PgError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let given = columns.iter().find(|(name, _)| *name == column.name);
        values.push(match given {
            Some((_, raw)) => Value::from_json(column.kind, raw, now)?,
            None => Value::default_of(column, now),
        });
    }
    let row = Row { table, values };
    mutate::check(&service(), &row)?;
    Ok(ArchiveRow(row))
}

/// What became of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Sessions that were not there.
    pub sessions: u64,
    /// Messages that were not there.
    pub messages: u64,
}

/// Takes rows into a running server, with the rights of the service role: they bear the names of
/// others, which no user may write.
pub struct Archive(AppState);

impl Archive {
    pub(crate) const fn new(state: AppState) -> Self {
        Self(state)
    }

    /// Stores the rows that are not there yet, all or none. Everybody who listens is told of them;
    /// nobody is asked to answer what was written long ago.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn store(&self, rows: Vec<ArchiveRow>) -> Result<Stored, StoreError> {
        self.0
            .store()
            .write(move |tx| {
                let user = local_user(tx)?.id;
                let mut stored = Stored::default();
                let (sessions, messages) = (tx.parts().sessions(), tx.parts().messages());
                for ArchiveRow(row) in rows {
                    if row.table.name == sessions.name {
                        stored.sessions += session(tx, fit(sessions, &row, tx.now()), &user)?;
                    } else {
                        stored.messages += message(tx, fit(messages, &row, tx.now()))?;
                    }
                }
                Ok(stored)
            })
            .await
    }
}

/// The row in a table that may have more columns: those of the optional parts.
fn fit(table: &'static Table, row: &Row, now: Timestamp) -> Row {
    let values = table
        .columns
        .iter()
        .map(|column| match row.table.position(column.name) {
            Some(at) => row.values[at].clone(),
            None => Value::default_of(column, now),
        })
        .collect();
    Row { table, values }
}

fn session(tx: &mut WriteTx<'_>, mut row: Row, user: &str) -> Result<u64, StoreError> {
    row.set("user_id", Value::Text(user.to_owned()));
    insert(tx, row)
}

fn message(tx: &mut WriteTx<'_>, row: Row) -> Result<u64, StoreError> {
    let id = row.key().to_text();
    let new = insert(tx, row)?;
    if new > 0 {
        tx.connection()
            .prepare_cached("DELETE FROM assistant_queue WHERE message_id = ?1")?
            .execute([id])?;
    }
    Ok(new)
}

fn insert(tx: &mut WriteTx<'_>, row: Row) -> Result<u64, StoreError> {
    let done = mutate::insert(tx, &service(), vec![row], &OnConflict::Ignore, false)?;
    Ok(done.new as u64)
}
