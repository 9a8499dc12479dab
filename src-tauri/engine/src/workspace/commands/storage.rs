//! What the workspace keeps on this computer.

use std::collections::HashMap;

use tidings_cache::{LevelSize, Op};
use tidings_contract as api;
use tidings_model::SessionId;

use super::{no_session, session_id};
use crate::error::{EngineError, Result};
use crate::workspace::{Core, people, retention};

impl Core {
    pub async fn storage(&self) -> Result<api::Storage> {
        let stats = self.cache.storage().await?;
        let mut renamed: HashMap<SessionId, Option<String>> = HashMap::new();
        let mut unsent: HashMap<SessionId, u32> = HashMap::new();
        for item in self.cache.outbox_list().await? {
            if let Op::UpdateSession {
                title: Some(title), ..
            } = item.op
            {
                renamed.insert(item.session.clone(), title);
            }
            *unsent.entry(item.session).or_default() += 1;
        }
        let taken = stats.database_bytes - stats.free_bytes.min(stats.database_bytes);
        let sessions = stats.by_session.into_iter().map(|row| api::SessionSize {
            title: renamed.remove(&row.session).unwrap_or(row.title),
            messages: row.messages,
            bytes: share(taken, row.bytes, stats.content_bytes),
            unsent: unsent.get(&row.session).copied().unwrap_or(0),
            session: row.session.to_string(),
        });
        Ok(api::Storage {
            bytes: stats.database_bytes,
            index_bytes: stats.index_bytes.min(taken),
            free_bytes: stats.free_bytes,
            messages: stats.messages,
            unindexed: stats.unindexed,
            oldest: stats.oldest.map(tidings_model::Timestamp::as_millis),
            sessions: sessions.collect(),
            cleaned: retention::cleaned(self).await?,
        })
    }

    pub async fn price_storage(&self) -> Result<api::PriceStorage> {
        let size = |level: LevelSize| api::LevelSize {
            rows: level.rows,
            bytes: level.bytes,
        };
        let found = self.cache.price_storage().await?;
        Ok(api::PriceStorage {
            raw: size(found.raw),
            minutes: size(found.minutes),
            hours: size(found.hours),
            days: size(found.days),
        })
    }

    pub async fn preview_retention(
        &self,
        args: &api::PreviewRetention,
    ) -> Result<api::RemovedHere> {
        if let Some(problem) = args.retention.problem() {
            return Err(EngineError::Invalid(problem));
        }
        let removal = retention::preview(self, args.retention).await?;
        self.removed(removal).await
    }

    pub async fn remove_from_device(
        &self,
        args: &api::RemoveFromDevice,
    ) -> Result<api::RemovedHere> {
        let id = session_id(&args.session)?;
        let known = self.cache.session(id.clone()).await?;
        if known.ok_or_else(no_session)?.no_access {
            return Err(EngineError::Invalid(
                "The project no longer shows this session: what is removed could not be fetched again. Use Remove to let go of it for good."
                    .to_owned(),
            ));
        }
        // What is open would be fetched again at once.
        people::left(self, &id).await;
        let before = self.cache.storage().await?;
        let removal = retention::remove_session(self, &id).await?;
        let taken = before.database_bytes - before.free_bytes.min(before.database_bytes);
        Ok(api::RemovedHere {
            messages: removal.messages,
            bytes: share(taken, removal.bytes, before.content_bytes),
            sessions: removal.sessions,
        })
    }

    /// In bytes of the cache: a message takes more than its text.
    async fn removed(&self, removal: tidings_cache::Removal) -> Result<api::RemovedHere> {
        let stats = self.cache.storage().await?;
        let taken = stats.database_bytes - stats.free_bytes.min(stats.database_bytes);
        Ok(api::RemovedHere {
            messages: removal.messages,
            bytes: share(taken, removal.bytes, stats.content_bytes),
            sessions: removal.sessions,
        })
    }
}

/// The part of `taken` bytes that belongs to `part` of `all` bytes of content.
fn share(taken: u64, part: u64, all: u64) -> u64 {
    let share = u128::from(taken) * u128::from(part) / u128::from(all.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}
