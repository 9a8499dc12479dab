//! Makes the coarser levels of the price history, and lets go of what the settings do not keep, in
//! small steps.

use std::sync::Arc;
use std::time::Duration;

use tidings_cache::{CacheError, KeptFrom};
use tidings_contract as api;
use tidings_model::Timestamp;
use tokio::time::Instant;

use super::Core;
use super::catch_up::server_now;

/// How often what has become too old is looked for.
const EVERY: Duration = Duration::from_hours(1);
/// Most prices are here so long after their time; later ones take their place in the bars.
const LATE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(365 * 24);

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut seen = core.settings().price_keeping;
    let mut folded: Option<(api::PriceKeeping, Instant)> = None;
    loop {
        tokio::time::sleep(core.pace.price_levels).await;
        let wanted = core.settings().price_keeping;
        // A change can be taken back for as long as this takes to come round.
        let settled = std::mem::replace(&mut seen, wanted) == wanted;
        let due = folded.is_none_or(|(by, at)| by != wanted || at.elapsed() >= EVERY);
        match pass(&core, wanted, settled && due).await {
            Ok(true) => folded = Some((wanted, Instant::now())),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the price history was not thinned"),
        }
    }
}

/// Whether everything that is too old is gone.
async fn pass(core: &Core, keeping: api::PriceKeeping, fold: bool) -> Result<bool, CacheError> {
    let now = server_now(core);
    while core.cache.cover_prices(now.minus(LATE)).await? {
        tokio::task::yield_now().await;
    }
    // By a clock that was turned nothing is let go.
    if !fold || core.skew_ms().is_none() {
        return Ok(false);
    }
    let kept = kept_from(keeping, now);
    while core.cache.fold_prices(kept).await? {
        tokio::task::yield_now().await;
    }
    Ok(true)
}

/// Before when each level is not kept.
pub(super) fn kept_from(keeping: api::PriceKeeping, now: Timestamp) -> KeptFrom {
    KeptFrom {
        raw: now.minus(HOUR * keeping.raw_hours),
        minutes: now.minus(DAY * keeping.minute_days),
        hours: now.minus(DAY * keeping.hour_days),
        days: (keeping.day_years).map_or(Timestamp::MIN, |years| now.minus(YEAR * years)),
    }
}
