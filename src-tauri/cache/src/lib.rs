//! The encrypted offline cache of one workspace.
//!
//! One writer, a few read-only connections, one way in for facts from the server
//! ([`Cache::ingest`], [`Cache::apply_window`]). Every change is made in the module `write` and told
//! ([`Cache::subscribe`]) after it was committed. Facts may come twice and in any order: what is
//! newer is defined (see `write::merge`). Writes of one's own wait in the outbox, on the disk,
//! until the server has confirmed them.

mod change;
mod checkpoint;
mod error;
mod files;
mod key;
mod levels;
mod migrate;
mod pool;
mod read;
mod rescue;
mod salvage;
mod search;
mod store;
mod types;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rusqlite::Connection;
use tidings_model::UserId;
use tokio::sync::{broadcast, watch};

use pool::{Durability, Pool, Readers};
use store::{Place, Sharing};
use write::Tx;

pub use change::{Changes, Committed};
pub use error::{CacheError, Result};
pub use key::{CacheKey, FORM};
pub use read::told::Told;
pub use search::tokens::indexed as index_words;
pub use types::alerts::{
    Evaluation, Firing, FiringId, FiringMark, JudgedTo, NewFiring, StoredRule,
};
pub use types::chat::{CachedMessage, Notify, OwnState, SessionSummary, Snippet, UNREAD_CAP};
pub use types::export::{
    ExportSink, ExportedMessage, ExportedSession, MessageChange, SessionWrite, UnsentMessageChange,
    UnsentSessionChange,
};
pub use types::fact::{
    Column, Incoming, IngestReport, PartialMessage, PartialSession, ReadStamp, Reread, Source,
    Stamp,
};
pub use types::heads::{Followed, Head, NumberedChanges, Stretch};
pub use types::members::{Member, MemberRow};
pub use types::outbox::{
    Enqueued, FailReason, NewSession, Op, OutboxId, OutboxItem, OutboxState, SessionChange,
};
pub use types::page::{
    Anchor, Gap, MessageKey, MessagePage, NewMessage, Page, PlacedGap, VerifiedRange, Window,
};
pub use types::prices::{KeptFrom, LevelSize, PastPrices, PriceGap, PricePoint, PriceStorage};
pub use types::search::{SearchFilter, SearchFrom, SearchHit, SearchKind, SearchResults};
pub use types::status::{Limit, OpenReport, Removal, Removed, SessionStorage, StorageStats};
pub use types::voice::{VoiceFile, VoicePlace};

/// Stamps that one opening of the cache can give out: more than a program can use.
const STAMPS_PER_EPOCH: i64 = 1 << 40;

/// The cache of one workspace. Clones share it.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    pool: Pool,
    stamps: AtomicI64,
    account: RwLock<Option<UserId>>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl Cache {
    /// Opens or creates the encrypted cache at `path`. Blocking: call it from a thread that may
    /// wait. A damaged file is set aside and what exists only in it is saved, as far as it can
    /// be read.
    ///
    /// # Errors
    /// [`CacheError::WrongKey`], [`CacheError::NewerSchema`], [`CacheError::Migration`] (each
    /// leaves the file as it was), or what the disk refused. What cannot be written now can be
    /// read all the same: the cache opens, and [`Cache::trouble`] says so.
    pub fn open(path: &Path, key: &CacheKey) -> Result<(Self, OpenReport)> {
        let place = Place {
            path: path.to_owned(),
            key: key.clone(),
        };
        let opened = store::open_writer(&place)?;
        let readers = match opened.sharing {
            Sharing::Shared => Readers::pool(place.clone()),
            Sharing::Alone => Readers::Writer,
        };
        let cache = Self::start(opened.conn, readers, Some(&place))?;
        Ok((cache, opened.report))
    }

    /// A cache that lives in memory only and is gone with its last clone.
    pub fn in_memory() -> Result<Self> {
        Self::start(store::open_in_memory()?, Readers::Writer, None)
    }

    fn start(conn: Connection, readers: Readers, place: Option<&Place>) -> Result<Self> {
        let (epoch, account) = write::beginning(&conn)?;
        Ok(Self(Arc::new(Inner {
            pool: Pool::start(conn, readers, place)?,
            stamps: AtomicI64::new(epoch * STAMPS_PER_EPOCH),
            account: RwLock::new(account),
        })))
    }

    /// Follows the commits. On `Lagged` the reader re-reads what it shows.
    pub fn subscribe(&self) -> broadcast::Receiver<Committed> {
        self.0.pool.subscribe()
    }

    /// The next number of this device's own order of events, greater than all before it,
    /// across restarts. Take one when a live frame arrives, one before a request is sent, and
    /// one when its answer is there.
    pub fn stamp(&self) -> Stamp {
        Stamp(self.0.stamps.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// What keeps the cache from being written, while there is something. It ends with the first
    /// write that succeeds.
    pub fn trouble(&self) -> watch::Receiver<Option<CacheError>> {
        self.0.pool.trouble()
    }

    /// Writes something that changes nothing, surely to the disk: whether it can be written again.
    pub async fn try_to_write(&self) -> Result<()> {
        self.write(Durability::Full, |tx| write::local::touch(tx))
            .await
    }

    /// Waits until something was read and then nothing for so long; what was kept in memory for
    /// further reads is given back then.
    ///
    /// # Errors
    /// [`CacheError::Closed`], and what the database says.
    pub async fn rest(&self, quiet: Duration) -> Result<()> {
        self.0.pool.rest(quiet).await
    }

    /// Ends the writer after what is queued; later calls get [`CacheError::Closed`].
    pub async fn close(&self) {
        self.0.pool.close().await;
    }

    /// Ends as a crash of the program would: what is being written is finished, what waits to be
    /// written is not, and later calls get [`CacheError::Closed`].
    pub async fn abandon(&self) {
        self.0.pool.abandon().await;
    }

    /// The account set last, also by an earlier run.
    pub fn account(&self) -> Option<UserId> {
        let account = self.0.account.read();
        account.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember_account(&self, user: UserId) {
        let account = self.0.account.write();
        *account.unwrap_or_else(PoisonError::into_inner) = Some(user);
    }

    async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.pool.write(durability, op).await
    }

    async fn read_after_commit<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.pool.read_after_commit(op).await
    }

    async fn read<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.pool.read(op).await
    }
}
