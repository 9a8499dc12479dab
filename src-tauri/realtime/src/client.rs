//! The client: handles for its owner, and the one task that owns the socket.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future::BoxFuture;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::channel::{ChannelSpec, PushError};
use crate::config::{Config, Tuning};
use crate::diagnostics::Diagnostics;
use crate::event::ChannelStatus;
use crate::events::{self, EventStream};
use crate::frame::{Json, Payload};
use crate::frame_log::FrameLog;
use crate::pace::Keep;
use crate::presence::Presences;
use crate::protocol::Core;
use crate::socket::{self, Connector, TcpConnector};

/// Why there is no token to join with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Nobody is signed in: channels stop until a token is there.
    #[error("nobody is signed in")]
    SignedOut,
    /// It cannot be had at the moment: the join is tried again.
    #[error("{0}")]
    Unavailable(String),
}

/// Where the user's token comes from. It is asked at each join; the client keeps no copy for later.
pub trait TokenSource: Send + Sync + 'static {
    /// The token to join with; `None` joins with the key of the handshake alone. `refused` is
    /// one that the server called expired or unreadable: another one is needed.
    fn token<'a>(
        &'a self,
        refused: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>>;
}

/// One socket and its channels. Clones share it; it ends with the last clone and handle.
#[derive(Clone)]
pub struct Client(Arc<Owned>);

struct Owned {
    shared: Arc<Shared>,
    stop: CancellationToken,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) struct Shared {
    core: Mutex<Core>,
    pub(crate) wake: Notify,
    pub(crate) log: FrameLog,
}

impl Shared {
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        // Every change of the state is whole before anything can panic.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Now, by the runtime's clock, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Client {
    /// A client over TCP and TLS, on the Tokio runtime that it is called from. It is offline
    /// until [`Client::connect`].
    pub fn start(config: Config, tokens: Arc<dyn TokenSource>) -> (Self, EventStream) {
        Self::start_with(config, tokens, Arc::new(TcpConnector))
    }

    /// A client over whatever byte streams `connector` makes.
    pub fn start_with(
        config: Config,
        tokens: Arc<dyn TokenSource>,
        connector: Arc<dyn Connector>,
    ) -> (Self, EventStream) {
        let (sender, stream) = events::channel(config.event_capacity);
        let stop = CancellationToken::new();
        let core = Mutex::new(Core::new(config.clone()));
        let shared = Arc::new(Shared {
            core,
            wake: Notify::new(),
            log: FrameLog::new(config.vsn),
        });
        let driver = socket::Driver::new(shared.clone(), config, tokens, connector, sender);
        tokio::spawn(driver.run(stop.clone()));
        (Self(Arc::new(Owned { shared, stop })), stream)
    }

    /// The socket is wanted from now on.
    pub fn connect(&self) {
        self.change(Core::connect);
    }

    /// The socket is not wanted any more. Channels stay open, and join again with it.
    pub fn disconnect(&self) {
        self.change(Core::disconnect);
    }

    /// Tries at once, whatever the back-off says, and gives stopped channels another chance.
    pub fn reconnect_now(&self) {
        self.change(Core::reconnect_now);
    }

    /// Asks for proof of life with a short deadline: after a wake, or when in doubt.
    pub fn probe(&self) {
        self.change(Core::probe);
    }

    /// The network changed: the socket has to prove itself, and an attempt begins anew.
    pub fn network_changed(&self) {
        self.change(Core::network_changed);
    }

    /// Changes what may change while the client runs; it counts at once.
    pub fn tune(&self, tuning: &Tuning) {
        self.change(|core, now| core.tune(tuning, now));
    }

    /// A channel is not trusted any more: it is left and joined again, if it is joined.
    pub fn rejoin(&self, name: &str) {
        self.change(|core, now| core.rejoin(name, now));
    }

    /// The user's token is new: every joined channel is told.
    pub fn push_token(&self) {
        self.change(|core, _| core.push_token());
    }

    /// Opens a channel, or becomes one more owner of it. The last handle dropped leaves it.
    pub fn open(&self, spec: ChannelSpec) -> ChannelHandle {
        let name = spec.name.clone();
        self.change(|core, now| core.open(spec, now));
        ChannelHandle {
            client: self.clone(),
            name,
        }
    }

    /// Who is tracked in a channel, as far as the server told it.
    pub fn presence(&self, name: &str) -> Option<Arc<Presences>> {
        self.0.shared.core().presence(name)
    }

    /// A channel's status; `None` if nobody opened it.
    pub fn status(&self, name: &str) -> Option<ChannelStatus> {
        self.0.shared.core().status(name)
    }

    /// A picture of everything.
    pub fn diagnostics(&self) -> Diagnostics {
        self.0.shared.core().diagnostics()
    }

    /// The last frames in both directions, redacted.
    pub fn frame_log(&self) -> &FrameLog {
        &self.0.shared.log
    }

    fn change<T>(&self, change: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let result = change(&mut self.0.shared.core(), now());
        self.0.shared.wake.notify_one();
        result
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// One owner of a channel. Dropping the last one leaves the channel.
#[derive(Debug)]
pub struct ChannelHandle {
    client: Client,
    name: String,
}

impl ChannelHandle {
    /// The channel's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Broadcasts an object to the others, without waiting for anything. Over the rate it waits
    /// for its turn.
    pub fn broadcast<T: Serialize>(&self, event: &str, payload: &T) -> Result<(), PushError> {
        self.say(event, payload, Keep::Each)
    }

    /// Broadcasts a state, of which the others need the newest alone: over the rate it takes the
    /// place of one of the same event that was not sent yet.
    pub fn broadcast_state<T: Serialize>(&self, event: &str, payload: &T) -> Result<(), PushError> {
        self.say(event, payload, Keep::Newest)
    }

    fn say<T: Serialize>(&self, event: &str, payload: &T, keep: Keep) -> Result<(), PushError> {
        let payload = Payload::Json(json(payload)?);
        self.client
            .change(|core, now| core.broadcast(&self.name, event, payload, keep, None, now))
    }

    /// Broadcasts, and waits for the server's word where the channel was opened with
    /// acknowledgements. A timeout means that it is not known whether it arrived.
    pub async fn broadcast_acknowledged(
        &self,
        event: &str,
        payload: Payload,
    ) -> Result<(), PushError> {
        let (answer, answered) = oneshot::channel();
        self.client.change(|core, now| {
            core.broadcast(&self.name, event, payload, Keep::Each, Some(answer), now)
        })?;
        answered.await.unwrap_or(Err(PushError::Disconnected))
    }

    /// What this client is tracked as from now on, over every rejoin. Only the newest counts;
    /// the server's limit and the rate may delay it.
    pub fn track<T: Serialize>(&self, payload: &T) -> Result<(), PushError> {
        let payload = json(payload)?;
        self.client
            .change(|core, now| core.track(&self.name, Some(payload), now))
    }

    /// Is tracked no more.
    pub fn untrack(&self) {
        // Fails only for a channel that is gone, where nothing is tracked.
        let _ = self
            .client
            .change(|core, now| core.track(&self.name, None, now));
    }
}

impl Drop for ChannelHandle {
    fn drop(&mut self) {
        self.client
            .change(|core, now| core.release(&self.name, now));
    }
}

fn json<T: Serialize>(payload: &T) -> Result<Json, PushError> {
    Json::new(payload).map_err(|error| PushError::NotEncodable(error.to_string()))
}
