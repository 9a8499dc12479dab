//! Faults that tests inject. A handle inside the process; nothing of it is reachable over
//! the network.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::Message as WsMessage;
use tidings_realtime::frame::{Vsn, Wire};
use tokio::sync::watch;

use super::hub::{Control, Hub};
use crate::store::Change;

/// Makes a running server misbehave in one way at a time.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Hub>);

/// What is switched on.
#[derive(Debug, Default)]
pub(super) struct Switches {
    drop: AtomicUsize,
    duplicate: AtomicUsize,
    swap: AtomicUsize,
    delay: Mutex<Option<Duration>>,
    muted: AtomicBool,
    frozen: watch::Sender<bool>,
    rejection: Mutex<Option<String>>,
    refusal: Mutex<Option<u16>>,
    lacking: Mutex<Option<String>>,
}

/// The most of each that one second had since the server started, also what was refused for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostASecond {
    /// Channels that were to be joined.
    pub joins: usize,
    /// Presence calls.
    pub presence: usize,
    /// Broadcasts.
    pub messages: usize,
}

impl Faults {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    /// How busy the busiest seconds were.
    pub fn most_a_second(&self) -> MostASecond {
        self.0.most_a_second()
    }

    /// Loses the next `count` row changes: nobody is told of them.
    pub fn drop_changes(&self, count: usize) {
        self.0.faults.drop.store(count, Ordering::SeqCst);
    }

    /// Tells the next `count` row changes twice.
    pub fn duplicate_changes(&self, count: usize) {
        self.0.faults.duplicate.store(count, Ordering::SeqCst);
    }

    /// Holds the next row change back until the one after it was told, `count` times.
    pub fn swap_changes(&self, count: usize) {
        self.0.faults.swap.store(count, Ordering::SeqCst);
    }

    /// Tells every row change so much later; `None` ends that.
    pub fn delay_changes(&self, delay: Option<Duration>) {
        *lock(&self.0.faults.delay) = delay;
    }

    /// Leaves heartbeats unanswered.
    pub fn mute_heartbeats(&self, muted: bool) {
        self.0.faults.muted.store(muted, Ordering::SeqCst);
    }

    /// Half-open connections: nothing is read or written, and nothing is closed.
    pub fn freeze(&self, frozen: bool) {
        self.0.faults.frozen.send_replace(frozen);
    }

    /// Refuses every join with this reason; `None` ends that.
    pub fn reject_joins(&self, reason: Option<&str>) {
        *lock(&self.0.faults.rejection) = reason.map(ToOwned::to_owned);
    }

    /// Refuses every handshake with this HTTP status; `None` ends that.
    pub fn refuse_handshakes(&self, status: Option<u16>) {
        *lock(&self.0.faults.refusal) = status;
    }

    /// The table is missing, as while a database is reset: whoever subscribes to it is refused,
    /// with all their bindings. `None` ends that.
    pub fn lack_table(&self, name: Option<&str>) {
        *lock(&self.0.faults.lacking) = name.map(ToOwned::to_owned);
    }

    /// Says "Subscribed to PostgreSQL" again on every channel with live changes.
    pub fn repeat_subscribed(&self) {
        self.0.repeat_subscribed();
    }

    /// Ends every channel with a `system` error and `phx_close`.
    pub fn end_channels(&self, message: &str) {
        self.0
            .control_all(&Control::EndChannels(message.to_owned()));
    }

    /// Ends every channel with `phx_error`.
    pub fn crash_channels(&self) {
        self.0.control_all(&Control::CrashChannels);
    }

    /// Closes every socket with this code.
    pub fn close(&self, code: u16) {
        self.0.control_all(&Control::Close(code));
    }

    /// Says "Server requested disconnect" everywhere, and closes with code 1012.
    pub fn request_disconnect(&self) {
        self.0.control_all(&Control::Disconnect);
    }

    /// Drops every connection without a close frame.
    pub fn abort(&self) {
        self.0.cut_all();
    }

    /// Sends `frame` as it is, valid or not, to every socket that speaks `vsn`.
    pub fn send_raw(&self, vsn: Vsn, frame: Wire) {
        let frame = match frame {
            Wire::Text(text) => WsMessage::Text(text.into()),
            Wire::Binary(bytes) => WsMessage::Binary(bytes),
        };
        self.0.push_raw(vsn, &frame);
    }

    /// How many sockets are connected.
    pub fn sockets(&self) -> usize {
        self.0.sockets()
    }

    /// How many channels are joined.
    pub fn channels(&self) -> usize {
        self.0.channels().0
    }

    /// How many channels receive row changes.
    pub fn live_channels(&self) -> usize {
        self.0.channels().1
    }

    /// How many topics have a channel on them.
    pub fn topics(&self) -> usize {
        self.0.topics()
    }
}

impl Switches {
    /// What becomes of one change: nothing, itself, twice itself, or itself after the next.
    pub async fn bend(
        &self,
        change: Arc<Change>,
        held: &mut Option<Arc<Change>>,
    ) -> VecDeque<Arc<Change>> {
        let delay = *lock(&self.delay);
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        if take_one(&self.drop) {
            return VecDeque::new();
        }
        if held.is_none() && take_one(&self.swap) {
            *held = Some(change);
            return VecDeque::new();
        }
        let copies = if take_one(&self.duplicate) { 2 } else { 1 };
        let mut told: VecDeque<_> = std::iter::repeat_n(change, copies).collect();
        told.extend(held.take());
        told
    }

    /// Whether heartbeats stay unanswered.
    pub fn muted(&self) -> bool {
        self.muted.load(Ordering::SeqCst)
    }

    /// The reason with which every join is refused.
    pub fn rejection(&self) -> Option<String> {
        lock(&self.rejection).clone()
    }

    /// The status with which every handshake is refused.
    pub fn refusal(&self) -> Option<u16> {
        *lock(&self.refusal)
    }

    /// Whether a table is missing.
    pub fn lacks(&self, table: &str) -> bool {
        lock(&self.lacking).as_deref() == Some(table)
    }

    /// Waits until connections are frozen.
    pub async fn frozen(&self) {
        // The sender lives in `self`, so it cannot be gone.
        let _ = self.frozen.subscribe().wait_for(|frozen| *frozen).await;
    }

    /// Waits while connections are frozen.
    pub async fn thawed(&self) {
        let _ = self.frozen.subscribe().wait_for(|frozen| !frozen).await;
    }
}

fn take_one(count: &AtomicUsize) -> bool {
    count
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        })
        .is_ok()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
