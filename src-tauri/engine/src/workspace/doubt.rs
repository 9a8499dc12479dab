//! Does not trust silence: reads now and then although changes flow, and after a sleep.
//!
//! A server can lose changes without a word: around a restart of its database, or over a limit.
//! What a channel should have told and did not makes it join again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt as _;
use tidings_model::{MessageId, Timestamp};
use tidings_realtime::ChannelStatus;
use tokio::time::Instant;

use super::catch_up::New;
use super::{Core, live, prices};

/// How often what a workspace must not miss is looked after.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Chat is read again after a time between this and two and a half times as much.
    pub chat: Duration,
    /// With armed alerts, prices are read after this long without a tick.
    pub quiet_prices: Duration,
    /// How often prices and sleep are looked at.
    pub look: Duration,
    /// A channel whose row changes the project refuses joins again after at least this long; a
    /// project that refuses to be read is asked again after about as long.
    pub refused_changes: Duration,
    /// From one request in the background to the next.
    pub background: Duration,
    /// After a catch-up nothing is compared again in the background before a random time within
    /// this: all clients of a project that was away catch up at the same time.
    pub spread: Duration,
    /// Bars of prices are made this often. What the settings do not keep any more goes after one
    /// to two times as much, so that a change can be taken back.
    pub price_levels: Duration,
    /// A disk that refused to be written is tried again after this long.
    pub disk: Duration,
    /// Changes that are held at most while a catch-up runs. With more, all are dropped until it
    /// ends, and another one reads what they told before the connection counts as live.
    pub held: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            chat: Duration::from_mins(2),
            quiet_prices: Duration::from_secs(30),
            look: Duration::from_secs(5),
            refused_changes: Duration::from_secs(30),
            background: Duration::from_millis(500),
            spread: Duration::from_mins(1),
            price_levels: Duration::from_mins(1),
            disk: Duration::from_secs(10),
            held: 20_000,
        }
    }
}

/// The wall clock ran this much further than the program: the machine slept, or the program stood
/// still.
const SLEPT: Duration = Duration::from_secs(10);

/// Both clocks, as they were when they were last looked at.
pub(super) struct Clocks {
    wall: Timestamp,
    steady: Instant,
}

impl Clocks {
    pub(super) fn read(core: &Core) -> Self {
        Self {
            wall: core.now(),
            steady: Instant::now(),
        }
    }

    /// Whether the wall clock was set to an earlier time since they were last looked at.
    fn were_set_back(&self, core: &Core) -> bool {
        self.wall.since(core.now()) > SLEPT
    }

    /// Whether the machine slept since they were last looked at, about `wait` ago.
    pub(super) fn tell_of_sleep(&mut self, core: &Core, wait: Duration) -> bool {
        let before = std::mem::replace(self, Self::read(core));
        let passed = self.steady - before.steady;
        // Whichever clock stands still during sleep, one of the two tells of it.
        self.wall.since(before.wall).saturating_sub(passed) > SLEPT || passed > wait + SLEPT
    }
}

/// Frames are on their way for this long at most: 500 rows of one transaction take 2 s.
pub(super) const ON_THE_WAY: Duration = Duration::from_secs(10);

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    tokio::join!(read_chat(&core), look(&core));
}

async fn read_chat(core: &Core) {
    loop {
        let least = core.pace.chat;
        let wait = rand::rng().random_range(least..=least * 5 / 2);
        tokio::time::sleep(wait).await;
        if signed_in(core) {
            core.sync.check();
        }
    }
}

async fn look(core: &Arc<Core>) {
    let mut clocks = Clocks::read(core);
    let mut read_at = Instant::now();
    loop {
        tokio::time::sleep(core.pace.look).await;
        let set_back = clocks.were_set_back(core);
        let slept = clocks.tell_of_sleep(core, core.pace.look);
        if !signed_in(core) {
            continue;
        }
        if slept {
            woke(core).await;
        } else if set_back {
            // How far it is off now, an answer of the project tells.
            core.sync.check();
        }
        // Switched off, nothing of prices is fetched.
        if core.settings().prices && (slept || quiet(core, read_at).await) {
            read_at = Instant::now();
            prices::read_again(core, slept).await;
        }
    }
}

fn signed_in(core: &Core) -> bool {
    core.tokens.user().is_some()
}

/// Renews the token first, so that no channel joins with one that ran out meanwhile.
async fn woke(core: &Core) {
    tracing::info!("the machine slept: the connection is put to the test");
    if let Err(error) = core.tokens.access_token().await {
        tracing::info!(%error, "no token after the sleep yet");
    }
    core.realtime.probe();
    core.sync.check();
    core.outbox.notify_one();
}

impl Core {
    /// The network is another one than before.
    pub fn network_changed(&self) {
        self.tokens.tell_sign_outs_now();
        if signed_in(self) {
            tracing::info!("the network changed: the connection is put to the test");
            self.realtime.network_changed();
            self.outbox.notify_one();
        }
    }
}

/// Whether an armed alert has waited too long for a tick.
async fn quiet(core: &Core, read_at: Instant) -> bool {
    let subscribed = core.realtime.status(live::PRICES) == Some(ChannelStatus::Subscribed);
    let market = core.market.lock().await;
    // What was missed before it is being read.
    if subscribed && !market.has_judged() {
        return false;
    }
    let heard = market.heard.max(read_at);
    market.armed() > 0 && heard.elapsed() >= core.pace.quiet_prices
}

/// What the last complete reading settles: a message that was written after it and well before
/// the next one, and that the next one finds new, was not told.
#[derive(Debug, Default)]
pub(super) struct Settled(Option<Timestamp>);

impl Settled {
    /// A reading that began then is complete, and changes have flowed ever since.
    pub fn complete(&mut self, began: Timestamp) {
        self.0 = Some(began);
    }

    /// Changes did not flow all the time.
    pub fn interrupted(&mut self) {
        self.0 = None;
    }

    /// Those of the messages new to a reading that should have been told before it.
    pub fn untold(&self, new: &[New], read_at: Timestamp) -> Vec<MessageId> {
        let mut untold = Vec::new();
        for message in new {
            if self.should_have_told(message.written, read_at) {
                untold.push(message.id);
            }
        }
        untold
    }

    fn should_have_told(&self, written: Timestamp, read_at: Timestamp) -> bool {
        self.0
            .is_some_and(|settled| written > settled && written < read_at.minus(ON_THE_WAY))
    }
}

/// The channel did not tell everything.
pub(super) fn missed(core: &Core, channel: &str, count: usize) {
    core.missed.fetch_add(count as u64, Ordering::Relaxed);
    tracing::warn!(channel, count, "changes were not told: joining again");
    core.realtime.rejoin(channel);
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn only_what_there_was_time_to_tell_should_have_been_told() {
        let mut settled = Settled::default();
        assert!(!settled.should_have_told(at(50), at(200)));
        settled.complete(at(100));
        assert!(settled.should_have_told(at(150), at(200)));
        // Read before, still on its way, or not heard all the time.
        assert!(!settled.should_have_told(at(90), at(200)));
        assert!(!settled.should_have_told(at(195), at(200)));
        settled.interrupted();
        assert!(!settled.should_have_told(at(150), at(200)));
    }
}
