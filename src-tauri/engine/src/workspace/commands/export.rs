//! Handing out what is kept, and taking in what the server was given beside the program.

use std::io;

use tidings_cache::{ExportSink, Reread};
use tidings_model::UserId;

use super::{caught, session_id};
use crate::error::Result;
use crate::workspace::{Core, reread};

impl Core {
    /// Hands everything that is kept of one session, or of all, to a sink. What the sink refused
    /// is the inner error.
    pub async fn export<S: ExportSink>(
        &self,
        session: Option<&str>,
        sink: S,
    ) -> Result<io::Result<S>> {
        let session = session.map(session_id).transpose()?;
        Ok(self.cache.export(session, sink).await?)
    }

    /// The account whose messages are kept.
    pub fn kept_for(&self) -> Option<UserId> {
        self.cache.account()
    }

    /// Reads rows by their keys, and returns when they are in the cache.
    pub async fn read_again(&self, rows: Reread) -> Result<()> {
        reread::all(self, rows).await.map_err(caught)
    }
}
