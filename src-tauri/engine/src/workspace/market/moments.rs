//! What time alone brings about: silences, and the ends of snoozes.

use std::sync::Arc;
use std::time::Duration;

use tidings_cache::{FiringId, NewFiring};
use tidings_model::{RuleId, Timestamp};
use tidings_realtime::ChannelStatus;
use tokio::time::Instant;

use super::Market;
use super::judging::{When, note};
use super::keeping::keep;
use crate::workspace::catch_up::server_now;
use crate::workspace::doubt::Clocks;
use crate::workspace::{Core, live, notices, prices};

/// A firing as it is in the cache.
type Kept = (FiringId, NewFiring);

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A table that could not be asked about a silence is asked again after this long.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Looks once a second whether a moment has come, as long as one is to come; runs until the
/// workspace closes.
pub(crate) async fn run(core: Arc<Core>) {
    let mut not_before = Instant::now();
    let mut clocks = Clocks::read(&core);
    loop {
        while !core.market.lock().await.waits_for_a_moment() {
            core.market_due.moments.notified().await;
            clocks = Clocks::read(&core);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let slept = clocks.tell_of_sleep(&core, LOOK_EVERY);
        let now = server_now(&core);
        end_snoozes(&core, now).await;
        if Instant::now() < not_before || !is_due(&core, now).await {
            continue;
        }
        // Nothing was heard; only the table knows whether there was something to hear.
        if prices::read_again(&core, slept).await {
            pass_time(&core, now).await;
        } else {
            not_before = Instant::now() + ASK_AGAIN;
        }
        // The reading itself may have taken long.
        clocks = Clocks::read(&core);
    }
}

/// Whether a moment has come while the feed is heard and everything missed has been judged.
async fn is_due(core: &Core, now: Timestamp) -> bool {
    if core.realtime.status(live::PRICES) != Some(ChannelStatus::Subscribed) {
        return false;
    }
    let market = core.market.lock().await;
    market.held.is_none() && market.book.next_due().is_some_and(|due| due <= now)
}

/// The table was read after `now`: up to then, what has not been judged has not happened.
async fn pass_time(core: &Core, now: Timestamp) {
    let mut market = core.market.lock().await;
    if market.held.is_some() {
        // Another reading is under way, and knows more.
        return;
    }
    let outcome = market.book.at(now);
    let when = When::ListeningSince(market.listening_since);
    note(core, &mut market, outcome, when);
    keep(core, &mut market).await;
}

/// Tells what waited for the end of a snooze. In quiet hours it goes on waiting, for their end.
async fn end_snoozes(core: &Core, now: Timestamp) {
    let mut market = core.market.lock().await;
    if market.snoozed.is_empty() || notices::Gate::now(core) == notices::Gate::Quiet {
        return;
    }
    let firings = std::mem::take(&mut market.snoozed);
    let (still, over): (Vec<_>, Vec<_>) = firings
        .into_iter()
        .partition(|(_, firing)| market.is_snoozed(firing.rule, now));
    market.snoozed = still;
    drop(market);
    let (untold, told) = by_mute(core, over).await;
    notices::snooze_ended(core, told, untold).await;
}

/// Parts firings whose rule is muted by now from the others.
pub(crate) async fn by_mute(core: &Core, firings: Vec<Kept>) -> (Vec<Kept>, Vec<Kept>) {
    let market = core.market.lock().await;
    firings.into_iter().partition(|(_, firing)| {
        let rule = market.rules.get(&firing.rule);
        rule.is_some_and(|kept| kept.muted)
    })
}

impl Market {
    /// Whether time alone may bring something about.
    pub(crate) fn waits_for_a_moment(&self) -> bool {
        !self.snoozed.is_empty() || self.book.next_due().is_some()
    }

    /// Whether firings of a rule wait to be told.
    fn is_snoozed(&self, id: RuleId, now: Timestamp) -> bool {
        self.rules.contains_key(&id)
            && self
                .state_of(id)
                .snoozed_until()
                .is_some_and(|until| until > now)
    }
}
