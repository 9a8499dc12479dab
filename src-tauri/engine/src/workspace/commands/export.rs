//! Handing out what is kept.

use std::io;

use tidings_cache::ExportSink;

use super::session_id;
use crate::error::Result;
use crate::workspace::Core;

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
    pub fn account_id(&self) -> Option<String> {
        self.cache.account().map(|account| account.to_string())
    }
}
