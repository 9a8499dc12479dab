//! What waits to be sent, and the user's word on it.

use tidings_cache::OutboxId;
use tidings_contract as api;

use super::message_id;
use crate::error::{EngineError, Result};
use crate::workspace::catch_up::server_now;
use crate::workspace::{Core, announce, rows};

impl Core {
    /// How many changes wait to be sent, or failed.
    pub async fn unsent(&self) -> Result<usize> {
        Ok(self.cache.outbox_list().await?.len())
    }

    pub async fn retry_message(&self, args: &api::RetryMessage) -> Result<api::Nothing> {
        let id = self.change_of_message(&args.message).await?;
        self.cache.retry(id, server_now(self)).await?;
        Ok(api::Nothing {})
    }

    pub async fn discard_message(&self, args: &api::DiscardMessage) -> Result<api::Nothing> {
        let id = self.change_of_message(&args.message).await?;
        self.cache.discard(id).await?;
        Ok(api::Nothing {})
    }

    async fn change_of_message(&self, message: &str) -> Result<OutboxId> {
        let id = message_id(message)?;
        let outbox = self.cache.outbox_list().await?;
        let change = announce::change_of(&outbox, id);
        change.map(|item| item.id).ok_or_else(|| {
            EngineError::NotFound("Nothing of this message waits to be sent.".to_owned())
        })
    }

    pub async fn retry_change(&self, args: &api::RetryChange) -> Result<api::Nothing> {
        let id = self.change(args.change).await?;
        self.cache.retry(id, server_now(self)).await?;
        Ok(api::Nothing {})
    }

    pub async fn discard_change(&self, args: &api::DiscardChange) -> Result<api::Nothing> {
        let id = self.change(args.change).await?;
        self.cache.discard(id).await?;
        Ok(api::Nothing {})
    }

    pub async fn answer_held(&self, args: &api::AnswerHeld) -> Result<api::Nothing> {
        self.cache.answer_held(args.send, server_now(self)).await?;
        Ok(api::Nothing {})
    }

    /// A change of this account's: those of another are no business of the window's.
    async fn change(&self, number: u64) -> Result<OutboxId> {
        let outbox = self.cache.outbox_list().await?;
        let found = outbox
            .iter()
            .map(|item| item.id)
            .find(|id| u64::try_from(id.as_i64()) == Ok(number));
        found.ok_or_else(|| EngineError::NotFound("This change does not wait any more.".to_owned()))
    }

    pub async fn outbox(&self) -> Result<Vec<api::OutboxRow>> {
        let mut listed = Vec::new();
        for item in self.cache.outbox_list().await? {
            let session = self.cache.session(item.session.clone()).await?;
            listed.push(rows::outbox_row(
                &item,
                session.and_then(|s| s.session.title),
            ));
        }
        Ok(listed)
    }
}
