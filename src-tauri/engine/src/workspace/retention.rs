//! Keeps messages on this computer for as long as the settings say, in the background: in small
//! steps, between which everybody else has a turn.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_cache::{Cache, CacheError, Limit, Removal};
use tidings_contract as api;
use tidings_model::{SessionId, Timestamp};
use tokio::sync::Notify;

use super::Core;
use super::catch_up::server_now;

/// Messages removed in one transaction.
const BATCH: usize = 200;
/// Pages given back to the disk in one transaction.
const PAGES: u32 = 256;
/// How often what has become too old is looked for.
const EVERY: Duration = Duration::from_hours(1);
/// A twelfth of a year.
const MONTH: Duration = Duration::from_hours(365 * 24 / 12);
/// Name of the fact that says what was removed last.
const CLEANED: &str = "retention_cleaned";

/// What the task is asked for beside its own rounds.
#[derive(Default)]
pub(super) struct Requests {
    tidy: Notify,
}

impl Requests {
    /// Something was removed: its space can be given back.
    pub fn tidy(&self) {
        self.tidy.notify_one();
    }
}

/// What was removed last, as kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Kept {
    at: Timestamp,
    messages: u64,
    bytes: u64,
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut settings = core.settings.clone();
    let mut connection = core.state.watch();
    let mut followed = settings.borrow_and_update().retention;
    let mut round = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = round.tick() => clean(&core, false).await,
            // Once it is live, the server has told its time, and what was missed is here.
            Ok(()) = connection.changed() => if core.state.is_live() {
                clean(&core, false).await;
            },
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = settings.borrow_and_update().retention;
                if std::mem::replace(&mut followed, now) != now {
                    clean(&core, true).await;
                }
            }
            () = core.retention.tidy.notified() => {
                if let Err(error) = give_back(&core.cache).await {
                    tracing::warn!(%error, "free space was not given back");
                }
            }
        }
    }
}

/// Removes what is not to be kept. `told`: somebody waits to hear what it was.
async fn clean(core: &Core, told: bool) {
    let cleaned = match remove(core).await {
        Ok(cleaned) => cleaned,
        Err(error) => {
            tracing::warn!(%error, "old messages were not removed");
            return;
        }
    };
    match cleaned {
        Some(cleaned) if told => core.emit(api::Event::Notice {
            level: api::NoticeLevel::Info,
            message: format!(
                "{} messages were removed from this computer, which gave back {}. They stay in your project.",
                cleaned.messages,
                megabytes(cleaned.bytes)
            ),
        }),
        _ => {}
    }
}

async fn remove(core: &Core) -> Result<Option<Kept>, CacheError> {
    // Files of voice messages make room before messages do.
    core.cache.trim_voice_files(core.voice_limit()).await?;
    let Some(before) = cutoff(core, core.settings().retention).await? else {
        return Ok(None);
    };
    let size = used(&core.cache).await?;
    let mut messages = 0;
    for (session, _) in core.cache.removable(before).await? {
        loop {
            if is_open(core, &session).await {
                break;
            }
            let step = core.cache.remove_old(session.clone(), before, BATCH).await;
            let step = match step {
                Ok(step) => step,
                // Deleted meanwhile.
                Err(CacheError::NotFound(_)) => break,
                Err(error) => return Err(error),
            };
            messages += step.messages;
            if !step.more {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    if messages == 0 {
        return Ok(None);
    }
    give_back(&core.cache).await?;
    let kept = Kept {
        at: core.now(),
        messages,
        bytes: size.saturating_sub(used(&core.cache).await?),
    };
    let text = serde_json::to_string(&kept).unwrap_or_default();
    core.cache.set_meta(CLEANED, Some(text)).await?;
    tracing::info!(messages, bytes = kept.bytes, "old messages were removed");
    Ok(Some(kept))
}

/// Before when messages are too old to be kept. A clock that was turned removes nothing: until the
/// server has told its time in this run, age counts for nothing.
pub(super) fn age_limit(core: &Core) -> Option<Timestamp> {
    let api::Retention::Months { months } = core.settings().retention else {
        return None;
    };
    core.skew_ms()?;
    Some(server_now(core).minus(MONTH * months))
}

/// Before when messages are not kept.
async fn cutoff(core: &Core, retention: api::Retention) -> Result<Option<Timestamp>, CacheError> {
    match retention {
        api::Retention::Everything => Ok(None),
        api::Retention::Months { .. } => Ok(age_limit(core)),
        api::Retention::Size { mib } => {
            let most = u64::from(mib) << 20;
            if core.cache.cutoff(Limit::Bytes(most)).await?.is_none() {
                return Ok(None);
            }
            // Some room, or every new message would be a reason to remove another.
            core.cache.cutoff(Limit::Bytes(most / 20 * 19)).await
        }
    }
}

/// What a retention would remove now, of sessions that are not open.
pub(super) async fn preview(core: &Core, retention: api::Retention) -> Result<Removal, CacheError> {
    let before = match retention {
        // Told in advance it may go by the clock of this computer.
        api::Retention::Months { months } => Some(server_now(core).minus(MONTH * months)),
        _ => cutoff(core, retention).await?,
    };
    let mut sum = Removal::default();
    if let Some(before) = before {
        for (session, removal) in core.cache.removable(before).await? {
            if !is_open(core, &session).await {
                sum.add(removal);
            }
        }
    }
    Ok(sum)
}

/// Takes all messages of a session off this computer.
pub(super) async fn remove_session(
    core: &Core,
    session: &SessionId,
) -> Result<Removal, CacheError> {
    let mut sum = Removal {
        sessions: 1,
        ..Removal::default()
    };
    loop {
        let step = core.cache.remove_messages(session.clone(), BATCH).await;
        let step = match step {
            Ok(step) => step,
            // Written meanwhile: it stays, and the rest is as good as removed.
            Err(CacheError::UnsentWork { .. }) if sum.messages > 0 => break,
            Err(error) => return Err(error),
        };
        sum.messages += step.messages;
        sum.bytes += step.bytes;
        if !step.more {
            break;
        }
        tokio::task::yield_now().await;
    }
    core.retention.tidy();
    Ok(sum)
}

/// What was removed last.
pub(super) async fn cleaned(core: &Core) -> Result<Option<api::Cleaned>, CacheError> {
    let kept = core.cache.get_meta(CLEANED).await?;
    let kept = kept.and_then(|text| serde_json::from_str::<Kept>(&text).ok());
    Ok(kept.map(|kept| api::Cleaned {
        at: kept.at.as_millis(),
        messages: kept.messages,
        bytes: kept.bytes,
    }))
}

/// Has the index let go of what was removed, and the file of what is free.
async fn give_back(cache: &Cache) -> Result<(), CacheError> {
    while cache.tidy_index().await? {
        tokio::task::yield_now().await;
    }
    let mut free = u64::MAX;
    loop {
        let left = cache.shrink(PAGES).await?;
        // A file that cannot shrink keeps its free pages, and uses them again.
        if left == 0 || left >= free {
            return Ok(());
        }
        free = left;
        tokio::task::yield_now().await;
    }
}

async fn used(cache: &Cache) -> Result<u64, CacheError> {
    let storage = cache.storage().await?;
    Ok(storage.database_bytes)
}

async fn is_open(core: &Core, session: &SessionId) -> bool {
    let open = core.open.lock().await;
    open.as_ref().is_some_and(|open| open.id == *session)
}

/// A size in words.
fn megabytes(bytes: u64) -> String {
    let tenths = (bytes * 10).div_ceil(1 << 20);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
