//! A proxy whose network fails on request: over TCP on the loopback, or over byte streams in
//! memory.
//!
//! It stands between a client and a server, both real, and knows nothing of what they say.
//! Every fault can be set and taken back while connections are open.

mod faults;
mod link;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use faults::{Answer, Direction};
use faults::{Faults, Greeting};
use link::Tally;
pub use stream::Dial;
use stream::{Stream, Upstream};

use crate::wait::wait_until;

/// The proxy; it ends, with all its connections, when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    /// Where it listens; nowhere when it is one in memory.
    address: Option<SocketAddr>,
    shared: Arc<Shared>,
    end: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    upstream: Mutex<Upstream>,
    faults: watch::Sender<Faults>,
    /// Cancelled to cut the connections that are open, and replaced for those to come.
    line: Mutex<CancellationToken>,
    tally: watch::Sender<Tally>,
}

/// What went through so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections that clients made, whatever became of them.
    pub made: u64,
    /// Connections passed on to the server and open now.
    pub open: u64,
    /// Connections reset at once ([`FaultProxy::refuse`]), or whose server did not answer.
    pub refused: u64,
    /// Connections answered in the server's place ([`FaultProxy::answer`]).
    pub answered: u64,
    /// Bytes passed from clients to the server.
    pub up: u64,
    /// Bytes passed from the server to clients.
    pub down: u64,
    /// Bytes swallowed, both ways.
    pub lost: u64,
}

impl FaultProxy {
    /// Starts a faultless proxy to a server, on a free port.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no port for the proxy")?;
        let address = listener.local_addr()?;
        let proxy = Self::to(Upstream::Tcp(upstream), Some(address));
        let shared = Arc::clone(&proxy.shared);
        tokio::spawn(link::serve(listener, shared, proxy.end.clone()));
        Ok(proxy)
    }

    /// A faultless proxy in memory, which makes its connections to the server by `dial`. Clients
    /// come through [`FaultProxy::connect`].
    pub fn in_memory(dial: Dial) -> Self {
        Self::to(Upstream::Memory(dial), None)
    }

    fn to(upstream: Upstream, address: Option<SocketAddr>) -> Self {
        let end = CancellationToken::new();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            faults: watch::Sender::new(Faults::default()),
            line: Mutex::new(end.child_token()),
            tally: watch::Sender::new(Tally::default()),
        });
        Self {
            address,
            shared,
            end,
        }
    }

    /// A connection in memory, as a client makes one. Whether it leads anywhere shows when it is
    /// used.
    pub fn connect(&self) -> DuplexStream {
        let (here, there) = tokio::io::duplex(stream::BUFFER);
        link::take(Stream::Memory(there), &self.shared);
        here
    }

    /// Where clients connect.
    ///
    /// # Panics
    /// In memory there is no address.
    #[allow(clippy::expect_used, reason = "a mistake of the test that asks")]
    pub fn address(&self) -> SocketAddr {
        self.address.expect("a proxy in memory has no address")
    }

    /// The same as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Sends new connections to another server, say the same one after a restart.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        *locked(&self.shared.upstream) = Upstream::Tcp(upstream);
    }

    /// Resets every open connection.
    pub fn cut(&self) {
        let fresh = self.end.child_token();
        let old = std::mem::replace(&mut *locked(&self.shared.line), fresh);
        old.cancel();
    }

    /// Resets new connections as soon as they are made. Open ones stay.
    pub fn refuse(&self) {
        self.set(|faults| faults.greeting = Greeting::Reset);
    }

    /// Accepts new connections and says nothing to them. Open ones stay.
    pub fn hang(&self) {
        self.set(|faults| faults.greeting = Greeting::Silence);
    }

    /// Answers the first request of each new connection in the server's place and closes it.
    /// Requests for other paths, and all on open connections, go through.
    pub fn answer(&self, answer: Answer) {
        self.set(|faults| faults.greeting = Greeting::Answer(answer));
    }

    /// As if there were no network: no new connections, and the open ones are cut.
    pub fn go_offline(&self) {
        self.refuse();
        self.cut();
    }

    /// Stops what flows in a direction, without a loss and without closing anything.
    pub fn freeze(&self, direction: Direction) {
        self.set(|faults| faults.flow(direction).frozen = true);
    }

    /// Lets a frozen direction flow on.
    pub fn thaw(&self, direction: Direction) {
        self.set(|faults| faults.flow(direction).frozen = false);
    }

    /// Holds each piece back for a time.
    pub fn delay(&self, direction: Direction, by: Duration) {
        self.set(|faults| faults.flow(direction).delay = by);
    }

    /// Passes no more than so many bytes a second on each connection; 0 passes one at a time.
    pub fn slow(&self, direction: Direction, bytes_per_second: u32) {
        self.set(|faults| faults.flow(direction).bytes_per_second = Some(bytes_per_second));
    }

    /// Swallows what flows in a direction; the sender believes that it arrived.
    pub fn lose(&self, direction: Direction) {
        self.set(|faults| faults.flow(direction).lost = true);
    }

    /// Closes each connection once so many more bytes have gone through in a direction, in the
    /// middle of whatever was being sent.
    pub fn truncate(&self, direction: Direction, after_bytes: u64) {
        self.set(|faults| {
            let flow = faults.flow(direction);
            flow.budget = Some(after_bytes);
            flow.budget_number += 1;
        });
    }

    /// Takes every fault back. What was swallowed is lost, and what was cut stays cut.
    pub fn heal(&self) {
        self.set(Faults::heal);
    }

    /// What went through so far.
    pub fn counts(&self) -> Counts {
        self.shared.tally.borrow().counts
    }

    /// Waits until the counts are as asked; `what` is for the error message.
    pub async fn wait_counts(
        &self,
        what: &str,
        deadline: Duration,
        are: impl Fn(&Counts) -> bool,
    ) -> Result<()> {
        let waited = wait_until(what, deadline, || are(&self.counts())).await;
        waited.with_context(|| format!("{:?}", self.counts()))
    }

    fn set(&self, change: impl FnOnce(&mut Faults)) {
        self.shared.faults.send_modify(change);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
