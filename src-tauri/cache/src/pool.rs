//! One writer, a few read-only connections.

use std::mem::discriminant;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tidings_worker::Worker;
use tokio::sync::{Semaphore, TryAcquireError, broadcast, watch};

use crate::change::{Changes, Committed};
use crate::checkpoint::Checkpointer;
use crate::error::{CacheError, Result};
use crate::store::{self, Place};
use crate::write::{self, Tx};

/// Read-only connections at most; more would only contend for the disk.
const READERS: usize = 3;
/// Writes that may wait for the writer; callers wait when it is full.
const WRITE_QUEUE: usize = 256;
/// Commits a slow subscriber may lag behind before it is told to re-read.
const EVENT_QUEUE: usize = 1024;

/// How surely a commit survives a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// What the server has as well: lost at worst, fetched again.
    Normal,
    /// What exists only here: on the disk before the caller goes on.
    Full,
}

/// What the writer works on.
struct Writer {
    conn: Connection,
    events: broadcast::Sender<Committed>,
    seq: u64,
    /// Whether the start of this run was written down. The first write does it: a disk that
    /// refuses it now can be read all the same.
    begun: bool,
}

impl Writer {
    fn transact<T>(
        &mut self,
        durability: Durability,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        if durability == Durability::Full {
            self.conn.pragma_update(None, "synchronous", "FULL")?;
        }
        let result = self.run(op);
        if durability == Durability::Full {
            self.conn.pragma_update(None, "synchronous", "NORMAL")?;
        }
        let (value, changes) = result?;
        if !changes.is_empty() {
            self.seq += 1;
            let seq = self.seq;
            // No subscriber is no error: the changes are in the cache.
            let _ = self.events.send(Committed { seq, changes });
        }
        Ok(value)
    }

    fn run<T>(&mut self, op: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<(T, Changes)> {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !self.begun {
            write::begin(&mut Tx::new(&transaction))?;
        }
        let mut tx = Tx::new(&transaction);
        let value = op(&mut tx)?;
        let changes = tx.into_changes();
        transaction.commit()?;
        self.begun = true;
        Ok((value, changes))
    }

    /// Writes the start of the run down by itself. What keeps it from being written and leaves
    /// the cache readable is returned.
    fn begin(&mut self) -> Result<Option<CacheError>> {
        match self.run(|_| Ok(())) {
            Err(error) if error.is_of_the_disk() => {
                tracing::warn!(%error, "the cache can be read and not written");
                Ok(Some(error))
            }
            result => result.map(|_| None),
        }
    }
}

/// Where reads go.
pub(crate) enum Readers {
    /// Connections of their own, the one used last first.
    Pool {
        place: Place,
        permits: Arc<Semaphore>,
        idle: Arc<Mutex<Vec<Connection>>>,
    },
    /// The writer's connection: a database in memory has no other, nor has one on a full disk.
    Writer,
}

impl Readers {
    pub(crate) fn pool(place: Place) -> Self {
        Self::Pool {
            place,
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Arc::default(),
        }
    }
}

/// The open database.
pub(crate) struct Pool {
    writer: Worker<Writer>,
    readers: Readers,
    checkpointer: Option<Checkpointer>,
    events: broadcast::Sender<Committed>,
    damage_marker: Option<PathBuf>,
    trouble: watch::Sender<Option<CacheError>>,
    /// Counts what was read on connections of their own.
    reads: watch::Sender<u64>,
}

impl Pool {
    /// Starts the writer on an open connection. `readers` find the same database; `place` is
    /// where it is, unless it is in memory.
    pub(crate) fn start(
        mut conn: Connection,
        readers: Readers,
        place: Option<&Place>,
    ) -> Result<Self> {
        let checkpointer = match &readers {
            Readers::Pool { place, .. } => Some(Checkpointer::new(place.clone())),
            Readers::Writer => None,
        };
        if let Some(checkpointer) = &checkpointer {
            checkpointer.follow(&mut conn)?;
        }
        let (events, _) = broadcast::channel(EVENT_QUEUE);
        let mut writer = Writer {
            conn,
            events: events.clone(),
            seq: 0,
            begun: false,
        };
        let trouble = writer.begin()?;
        Ok(Self {
            writer: Worker::new(writer, WRITE_QUEUE),
            readers,
            checkpointer,
            events,
            damage_marker: place.map(Place::damage_marker),
            trouble: watch::Sender::new(trouble),
            reads: watch::Sender::new(0),
        })
    }

    pub(crate) fn trouble(&self) -> watch::Receiver<Option<CacheError>> {
        self.trouble.subscribe()
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Committed> {
        self.events.subscribe()
    }

    /// Runs `op` in a transaction on the writer. It runs to its end even when the caller goes away.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let written = self
            .writer
            .run(move |writer| writer.transact(durability, op));
        let result = written.await.map_err(|_| CacheError::Closed)?;
        self.note_trouble(result.as_ref().err());
        self.noting_damage(result)
    }

    /// Runs `op` on a read-only connection, within one snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let result = match &self.readers {
            Readers::Writer => self.read_on_writer(op).await,
            Readers::Pool {
                place,
                permits,
                idle,
            } => {
                let permit = Arc::clone(permits)
                    .acquire_owned()
                    .await
                    .map_err(|_| CacheError::Closed)?;
                self.reads
                    .send_modify(|reads| *reads = reads.wrapping_add(1));
                let (place, idle) = (place.clone(), Arc::clone(idle));
                let task = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    let last = lock(&idle).pop();
                    let mut conn = match last {
                        Some(conn) => conn,
                        None => store::open_reader(&place)?,
                    };
                    let value = snapshot(&mut conn, op);
                    lock(&idle).push(conn);
                    value
                });
                task.await.map_err(|_| CacheError::Closed)?
            }
        };
        self.noting_damage(result)
    }

    /// The same for a short `op` that follows a commit: on the writer's connection where that has
    /// nothing else to do. It has the changed pages in memory, in clear; the others forget all of
    /// theirs with each commit, and read and decrypt them again.
    pub(crate) async fn read_after_commit<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.writer.is_idle() {
            let result = self.read_on_writer(op).await;
            self.noting_damage(result)
        } else {
            self.read(op).await
        }
    }

    /// Waits until something was read on a connection of its own, and then nothing for so long;
    /// then these connections give back their pages, of which the next commit would make nothing.
    pub(crate) async fn rest(&self, quiet: Duration) -> Result<()> {
        let mut reads = self.reads.subscribe();
        // Both fail only without a sender, which is here.
        let _ = reads.changed().await;
        let Readers::Pool { permits, idle, .. } = &self.readers else {
            return Ok(());
        };
        let readers = u32::try_from(READERS).unwrap_or(1);
        let all = loop {
            while tokio::time::timeout(quiet, reads.changed()).await.is_ok() {}
            // Nobody waits for this: a long read goes on, and others beside it.
            match Arc::clone(permits).try_acquire_many_owned(readers) {
                Ok(all) => break all,
                Err(TryAcquireError::NoPermits) => {}
                Err(TryAcquireError::Closed) => return Err(CacheError::Closed),
            }
        };
        let idle = Arc::clone(idle);
        let task = tokio::task::spawn_blocking(move || {
            let _all = all;
            for conn in lock(&idle).iter() {
                conn.execute_batch("PRAGMA shrink_memory")?;
            }
            Ok(())
        });
        task.await.map_err(|_| CacheError::Closed)?
    }

    async fn read_on_writer<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let read = self
            .writer
            .run(move |writer| snapshot(&mut writer.conn, op));
        read.await.map_err(|_| CacheError::Closed)?
    }

    /// Ends the writer after what is queued, and closes all connections.
    pub(crate) async fn close(&self) {
        self.close_others().await;
        self.writer.close().await;
    }

    /// Ends as a crash would: what is under way is finished, what is queued is not done.
    pub(crate) async fn abandon(&self) {
        self.writer.abandon().await;
        self.close_others().await;
    }

    /// What others do ends first, so that the last connection can fold the log into the file.
    async fn close_others(&self) {
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.close().await;
        }
        if let Readers::Pool { permits, idle, .. } = &self.readers
            && let Ok(all) = permits
                .acquire_many(u32::try_from(READERS).unwrap_or(1))
                .await
        {
            permits.close();
            lock(idle).clear();
            drop(all);
        }
    }

    /// Keeps what the last write met: trouble with the disk, or, when it succeeded, none.
    fn note_trouble(&self, met: Option<&CacheError>) {
        let now = match met {
            None => None,
            Some(error) if error.is_of_the_disk() => Some(error),
            // Damage stays until the next start; anything else says nothing of the disk.
            Some(_) => return,
        };
        self.trouble.send_if_modified(|known| match (&*known, now) {
            (Some(CacheError::Damaged(_)), _) | (None, None) => false,
            (Some(known), Some(now)) if discriminant(known) == discriminant(now) => false,
            _ => {
                *known = now.cloned();
                true
            }
        });
    }

    /// Leaves a note for the next start when the file turns out to be damaged.
    fn noting_damage<T>(&self, result: Result<T>) -> Result<T> {
        if let (Err(CacheError::Damaged(reason)), Some(marker)) = (&result, &self.damage_marker) {
            tracing::error!(%reason, "the cache is damaged");
            self.trouble
                .send_replace(Some(CacheError::Damaged(reason.clone())));
            if let Err(error) = std::fs::write(marker, reason) {
                tracing::error!(%error, "the note about the damaged cache could not be written");
            }
        }
        result
    }
}

fn snapshot<T>(conn: &mut Connection, op: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let value = op(&transaction);
    // Nothing was written; ending the snapshot cannot lose anything.
    let _ = transaction.finish();
    value
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // The list of idle connections is valid whenever a holder could panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
