//! The rows: one SQLite file (encrypted when a key is given), one writer, a few
//! readers, and every committed change told in commit order.

pub mod change;
mod ddl;
pub mod error;
pub mod functions;
pub mod json;
pub(crate) mod members;
pub mod mutate;
mod open;
mod parts;
pub mod policy;
pub mod read;
pub mod schema;
pub(crate) mod sync;
mod tables;
mod triggers;
pub mod value;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tidings_model::Clock;
use tokio::sync::{Semaphore, broadcast};

pub use change::{Audience, Change, ChangeKind};
pub use error::{PgError, StoreError};
pub use open::DATABASE_FILE;
pub use parts::Parts;
pub use value::{Row, Value};
pub use write::WriteTx;

use crate::options::{DatabaseKey, Location};
use write::WriteQueue;

/// Changes that a slow listener may fall behind before it is told that it lagged.
const CHANGES: usize = 8192;
/// Reading connections at most.
const READERS: usize = 3;

/// Access to the rows; cheap to clone. The database closes when the last clone is gone.
#[derive(Clone)]
pub struct Store {
    writes: WriteQueue,
    readers: Option<Arc<Readers>>,
    changes: broadcast::Sender<Arc<Change>>,
    parts: Parts,
}

struct Readers {
    source: open::Source,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Store {
    /// Opens the database, creating or migrating it, with these optional parts. Blocks; call it
    /// off the runtime.
    pub fn open(
        location: &Location,
        key: Option<&DatabaseKey>,
        parts: Parts,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let source = open::Source::new(location, key)?;
        let connection = source.writer(parts)?;
        let (changes, _) = broadcast::channel(CHANGES);
        let writes = WriteQueue::start(connection, parts, clock, changes.clone());
        let readers = source.has_readers().then(|| {
            Arc::new(Readers {
                source,
                idle: Mutex::default(),
                permits: Semaphore::new(READERS),
            })
        });
        Ok(Self {
            writes,
            readers,
            changes,
            parts,
        })
    }

    /// The optional parts that there are.
    pub fn parts(&self) -> Parts {
        self.parts
    }

    /// Listens to committed changes from here on, in commit order. A listener that falls
    /// behind is told how many it lost (`RecvError::Lagged`).
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Runs `work` in a transaction of the one writer; committed when it returns `Ok`.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writes.transact(work).await
    }

    /// Runs `work` with a reading connection, off the runtime.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Some(readers) = self.readers.clone() else {
            return self.writes.with_connection(work).await;
        };
        let _permit = readers
            .permits
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let pool = Arc::clone(&readers);
        tokio::task::spawn_blocking(move || {
            let idle = pool.idle().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => pool.source.reader()?,
            };
            let result = work(&connection);
            pool.idle().push(connection);
            result
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }
}

impl Store {
    /// Closes the database once everything asked before is done; later work is refused with
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        if let Some(readers) = &self.readers {
            let all = u32::try_from(READERS).unwrap_or(u32::MAX);
            // A closed semaphore is one whose readers are gone already.
            if readers.permits.acquire_many(all).await.is_ok() {
                readers.permits.close();
            }
            readers.idle().clear();
        }
        self.writes.close().await;
    }
}

impl Readers {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
