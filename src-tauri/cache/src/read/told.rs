//! What is told of a commit, read at once.

use tidings_model::{MessageId, SessionId};

use super::sessions::Lister;
use super::{messages, outbox};
use crate::Cache;
use crate::error::Result;
use crate::types::chat::{CachedMessage, SessionSummary};
use crate::types::outbox::OutboxItem;

/// What a commit changed, as it is now.
#[derive(Debug)]
pub struct Told {
    /// The sessions asked for, in that order; `None` for those that are not listed.
    pub sessions: Vec<(SessionId, Option<SessionSummary>)>,
    /// The messages asked for; those that are not (or no longer) there are left out.
    pub messages: Vec<CachedMessage>,
    /// Everything of the account that waits, in the order written.
    pub outbox: Vec<OutboxItem>,
}

impl Cache {
    /// Sessions, messages and the outbox in one snapshot, as they are after a commit.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub async fn told(&self, sessions: Vec<SessionId>, messages: Vec<MessageId>) -> Result<Told> {
        let account = self.account();
        self.read_after_commit(move |conn| {
            let lister = Lister::new(conn, account.clone())?;
            let found = sessions.into_iter().map(|id| {
                let summary = lister.one(&id)?;
                Ok((id, summary))
            });
            Ok(Told {
                sessions: found.collect::<Result<_>>()?,
                messages: messages::by_id(conn, &messages, account.as_ref())?,
                outbox: match &account {
                    Some(account) => outbox::list(conn, account, None)?,
                    None => Vec::new(),
                },
            })
        })
        .await
    }
}
