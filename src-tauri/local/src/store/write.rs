//! The one door for writes: the only writing connection, one transaction after the other.

use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior, params_from_iter};
use tidings_model::{Clock, Timestamp};
use tidings_worker::Worker;
use tokio::sync::broadcast;

use super::change::{Audience, Audiences, Change, ChangeKind};
use super::error::StoreError;
use super::parts::Parts;
use super::read;
use super::value::{Row, Value};

/// Writes that may wait; a caller beyond that waits for its place.
const WAITING: usize = 256;

/// Takes work for the writing connection.
#[derive(Clone)]
pub(super) struct WriteQueue(Worker<Writer>);

struct Writer {
    connection: Connection,
    parts: Parts,
    clock: Arc<dyn Clock>,
    changes: broadcast::Sender<Arc<Change>>,
}

/// A transaction: what is written through it is told after its commit.
pub struct WriteTx<'a> {
    transaction: Transaction<'a>,
    parts: Parts,
    now: Timestamp,
    pending: Vec<(ChangeKind, Option<Row>, Option<Row>)>,
}

impl WriteQueue {
    /// Takes the connection over; it closes with the last clone.
    pub(super) fn start(
        connection: Connection,
        parts: Parts,
        clock: Arc<dyn Clock>,
        changes: broadcast::Sender<Arc<Change>>,
    ) -> Self {
        let writer = Writer {
            connection,
            parts,
            clock,
            changes,
        };
        Self(Worker::new(writer, WAITING))
    }

    /// Runs `work` in a transaction: committed when it returns `Ok`, else rolled back.
    pub(super) async fn transact<T, E>(
        &self,
        work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.send(move |writer| writer.transact(work)).await
    }

    /// Runs `work` with the connection, outside a transaction.
    pub(super) async fn with_connection<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.send(move |writer| work(&writer.connection)).await
    }

    /// Finishes what was asked before and closes the connection; later work is refused.
    pub(super) async fn close(&self) {
        self.0.close().await;
    }

    async fn send<T, E>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.run(work).await.map_err(|_| StoreError::Closed)?
    }
}

impl Writer {
    fn transact<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let mut tx = WriteTx {
            transaction,
            parts: self.parts,
            now: self.clock.now(),
            pending: Vec::new(),
        };
        let result = work(&mut tx)?;
        for change in tx.commit(&*self.clock)? {
            // Nobody listening is no fault.
            let _ = self.changes.send(Arc::new(change));
        }
        Ok(result)
    }
}

impl WriteTx<'_> {
    /// The connection inside the transaction.
    pub fn connection(&self) -> &Connection {
        &self.transaction
    }

    /// The optional parts that there are.
    pub fn parts(&self) -> Parts {
        self.parts
    }

    /// When the transaction began: what `now()` means inside it.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The stored row with this primary key.
    pub fn find(
        &self,
        table: &'static super::schema::Table,
        key: &Value,
    ) -> Result<Option<Row>, StoreError> {
        Ok(read::find(self.connection(), table, key)?)
    }

    /// Stores a new row, constraints already checked.
    pub fn insert(&mut self, row: Row) -> Result<(), StoreError> {
        let names: Vec<&str> = row.table.columns.iter().map(|column| column.name).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({marks})",
            row.table.name,
            names.join(", ")
        );
        self.connection()
            .prepare_cached(&sql)?
            .execute(params_from_iter(&row.values))?;
        self.pending.push((ChangeKind::Insert, Some(row), None));
        Ok(())
    }

    /// Replaces `old` by `new`, constraints already checked.
    pub fn update(&mut self, old: Row, new: Row) -> Result<(), StoreError> {
        let sets: Vec<String> = new
            .table
            .columns
            .iter()
            .map(|column| format!("{} = ?", column.name))
            .collect();
        let key = old.table.key().name;
        let sql = format!(
            "UPDATE {} SET {} WHERE {key} = ?",
            new.table.name,
            sets.join(", ")
        );
        self.connection()
            .prepare_cached(&sql)?
            .execute(params_from_iter(new.values.iter().chain([old.key()])))?;
        self.pending
            .push((ChangeKind::Update, Some(new), Some(old)));
        Ok(())
    }

    /// Deletes `old`.
    pub fn delete(&mut self, old: Row) -> Result<(), StoreError> {
        let sql = format!(
            "DELETE FROM {} WHERE {} = ?",
            old.table.name,
            old.table.key().name
        );
        self.connection()
            .prepare_cached(&sql)?
            .execute([old.key()])?;
        self.pending.push((ChangeKind::Delete, None, Some(old)));
        Ok(())
    }

    fn commit(self, clock: &dyn Clock) -> Result<Vec<Change>, StoreError> {
        let Self {
            transaction,
            pending,
            ..
        } = self;
        let mut audiences = Audiences::new(&transaction);
        let mut changes = Vec::with_capacity(pending.len());
        for (kind, record, old_record) in pending {
            let Some(row) = record.as_ref().or(old_record.as_ref()) else {
                continue;
            };
            let audience = match kind {
                ChangeKind::Delete => Audience::SignedIn,
                ChangeKind::Insert | ChangeKind::Update => audiences.of(row)?,
            };
            changes.push(Change {
                table: row.table,
                kind,
                record,
                old_record,
                commit_timestamp: Timestamp::default(),
                audience,
            });
        }
        drop(audiences);
        transaction.commit()?;
        let committed = clock.now();
        for change in &mut changes {
            change.commit_timestamp = committed;
        }
        Ok(changes)
    }
}
