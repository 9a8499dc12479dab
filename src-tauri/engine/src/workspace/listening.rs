//! Knows up to when prices were listened to, so that what was not heard is a gap in the history
//! and not a flat line.

use std::sync::Arc;
use std::time::Duration;

use tidings_cache::{Cache, PriceGap};
use tidings_model::Timestamp;
use tidings_realtime::ChannelStatus;
use tokio::time::Instant;

use super::catch_up::server_now;
use super::{Core, live};
use crate::error::Result;

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Between two looks more than this went by only if the machine slept or the feed was away.
const BREAK: Duration = Duration::from_secs(12);
/// How often it is written down; a program that is killed has heard up to so much more.
const WRITE: Duration = Duration::from_secs(30);
/// A connection that ends may have been dead for this long, unless a price came later: a
/// heartbeat, and the wait for its answer.
const DEAD: Duration = Duration::from_secs(35);

/// Up to when prices were listened to.
pub(super) struct Listening(tokio::sync::Mutex<Heard>);

struct Heard {
    /// By the server's clock; none before the first time.
    to: Option<Timestamp>,
    hears: bool,
    written: Instant,
}

impl Listening {
    /// As an earlier run left it. `newest` is the time of the newest price that it kept.
    pub async fn load(cache: &Cache, newest: Option<Timestamp>) -> Result<Self> {
        let to = cache.prices_heard_to().await?;
        Ok(Self(tokio::sync::Mutex::new(Heard {
            // What came after it was written down was heard all the same.
            to: to.max(newest.filter(|_| to.is_some())),
            hears: false,
            written: Instant::now(),
        })))
    }
}

/// Follows the channel; runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let subscribed = core.realtime.status(live::PRICES) == Some(ChannelStatus::Subscribed);
        if !subscribed {
            lost(&core).await;
        } else if core.market.lock().await.has_judged() {
            hears(&core, server_now(&core)).await;
        }
    }
}

/// Prices are heard, at least from `since` on, and have been since the last time it was said; if
/// that is long before, there is a gap between.
pub(super) async fn hears(core: &Core, since: Timestamp) {
    let mut heard = core.listening.0.lock().await;
    let now = server_now(core);
    let unheard = match heard.to {
        None => Some(Timestamp::MIN),
        Some(to) => Some(to).filter(|to| since.since(*to) > BREAK),
    };
    let written = if let Some(from) = unheard {
        core.cache
            .prices_unheard(PriceGap { from, until: since })
            .await
    } else if heard.written.elapsed() >= WRITE {
        core.cache.prices_heard(now).await
    } else {
        heard.to = Some(now);
        heard.hears = true;
        return;
    };
    match written {
        Ok(()) => {
            heard.to = Some(now);
            heard.hears = true;
            heard.written = Instant::now();
            if unheard.is_some() {
                core.past_prices.look_again();
            }
        }
        // Looked at again soon, from the same time on.
        Err(error) => tracing::warn!(%error, "how far prices were heard was not kept"),
    }
}

/// Prices are not heard any more, or were not for a while.
pub(super) async fn lost(core: &Core) {
    let mut heard = core.listening.0.lock().await;
    if !std::mem::replace(&mut heard.hears, false) {
        return;
    }
    let Some(to) = heard.to else { return };
    let last = core.market.lock().await.heard;
    let last = server_now(core).minus(last.elapsed());
    let to = to.min(last.max(to.minus(DEAD)));
    heard.to = Some(to);
    if let Err(error) = core.cache.prices_heard(to).await {
        tracing::warn!(%error, "how far prices were heard was not kept");
    }
}

/// Writes down how far prices were heard: the workspace closes.
pub(super) async fn close(core: &Core) {
    let heard = core.listening.0.lock().await;
    if let Some(to) = heard.to.filter(|_| heard.hears)
        && let Err(error) = core.cache.prices_heard(to).await
    {
        tracing::warn!(%error, "how far prices were heard was not kept");
    }
}

/// The gap that goes on at this moment.
pub(super) async fn gap_until(core: &Core, now: Timestamp) -> Option<PriceGap> {
    let heard = core.listening.0.lock().await;
    let from = heard.to.filter(|_| !heard.hears)?;
    (from < now).then_some(PriceGap { from, until: now })
}
