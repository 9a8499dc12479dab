//! The write-ahead log goes into the file beside the writer: no commit waits until the disk has it.

use std::os::raw::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use tidings_worker::Worker;
use tokio::runtime::Handle;

use crate::error::Result;
use crate::store::{self, Place};

/// Pages of the log from which on it is due: 4 MB.
const DUE_AT: c_int = 1_000;
/// Pages from which on the writer does it itself, and waits: it writes faster than it is done
/// beside it. 32 MB.
const TOO_LONG: c_int = 8_000;

/// Does it on a connection of its own.
#[derive(Clone)]
pub(crate) struct Checkpointer {
    worker: Worker<Own>,
    under_way: Arc<AtomicBool>,
}

/// Where it is done. The connection is opened when it is needed first.
struct Own {
    place: Place,
    conn: Option<Connection>,
}

impl Checkpointer {
    /// One for the database at a place that others have open.
    pub(crate) fn new(place: Place) -> Self {
        Self {
            worker: Worker::new(Own { place, conn: None }, 1),
            under_way: Arc::default(),
        }
    }

    /// Has the commits of a connection see to its log.
    pub(crate) fn follow(&self, writer: &mut Connection) -> Result<()> {
        let checkpointer = self.clone();
        writer.wal_hook(Some(move |log: &'_ mut rusqlite::hooks::Wal, pages| {
            if pages >= TOO_LONG {
                // Whoever keeps it from being done now is done before a later commit.
                let _ = log.checkpoint();
            } else if pages >= DUE_AT {
                checkpointer.begin();
            }
            Ok(())
        }))?;
        Ok(())
    }

    fn begin(&self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.under_way.swap(true, Ordering::SeqCst) {
            return;
        }
        let checkpointer = self.clone();
        runtime.spawn(async move {
            // A closed one has nothing to do: the last connection does it when it goes.
            if let Ok(Err(error)) = checkpointer.worker.run(Own::checkpoint).await {
                tracing::warn!(%error, "the log was not brought into the file");
            }
            checkpointer.under_way.store(false, Ordering::SeqCst);
        });
    }

    /// Ends after what is under way.
    pub(crate) async fn close(&self) {
        self.worker.close().await;
    }
}

impl Own {
    fn checkpoint(&mut self) -> Result<()> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => store::open_checkpointer(&self.place)?,
        };
        let done = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        self.conn = Some(conn);
        Ok(done?)
    }
}
