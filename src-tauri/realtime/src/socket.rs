//! The one task that owns the socket: it moves bytes and carries out what the protocol says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use rustls::crypto::ring;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Raw, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::classify::ConnectError;
use crate::client::{Shared, TokenError, TokenSource, now};
use crate::config::{Config, Secret};
use crate::events::EventSender;
use crate::frame::Wire;
use crate::protocol::Output;

/// Time for the goodbye of a socket that is not wanted any more.
const GOODBYE: Duration = Duration::from_secs(2);
/// Messages that are read one after another while they are there.
const AT_ONCE: usize = 32;
/// Room for what is read from a socket at once: it is cleared before each reading, which finds a few
/// frames as a rule.
const READ_BYTES: usize = 16 * 1024;
/// Words of an error body that are kept.
const MESSAGE_CHARS: usize = 300;

/// A connection that carries bytes both ways.
pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// Makes the byte stream under the WebSocket. TLS, where the address asks for it, comes on top.
pub trait Connector: Send + Sync + 'static {
    /// Connects to the host and port of `url`.
    fn connect<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn Bytes>, ConnectError>>;
}

/// Connects over TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpConnector;

impl Connector for TcpConnector {
    fn connect<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn Bytes>, ConnectError>> {
        Box::pin(async move {
            // Without its query, which may hold the key.
            let address = || {
                let address = format!("{}://{}", url.scheme(), url.authority());
                ConnectError::Address(format!("{address} is not an address to connect to"))
            };
            let host = url.host_str().ok_or_else(address)?.trim_matches(['[', ']']);
            let port = url.port_or_known_default().ok_or_else(address)?;
            let failed = |error: std::io::Error| ConnectError::Network(error.to_string());
            let addresses: Vec<_> = tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| ConnectError::of_lookup(&error))?
                .collect();
            let stream = TcpStream::connect(&addresses[..]).await.map_err(failed)?;
            // Small frames go out at once; a system without the option sends them a little later.
            let _ = stream.set_nodelay(true);
            let stream: Box<dyn Bytes> = Box::new(stream);
            Ok(stream)
        })
    }
}

type Socket = WebSocketStream<MaybeTlsStream<Box<dyn Bytes>>>;
type Attempt = AbortOnDropHandle<Result<Socket, ConnectError>>;
type TokenAnswer = (u64, Result<Option<String>, TokenError>);

/// An open socket: one half is read by the driver, the other is written by a task of its own,
/// so that a peer who does not read cannot stop the clockwork.
struct Open {
    reader: SplitStream<Socket>,
    writer: mpsc::Sender<Raw>,
    /// Ends the writing task at once.
    abort: CancellationToken,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.abort.cancel();
    }
}

pub(crate) struct Driver {
    shared: Arc<Shared>,
    config: Config,
    tokens: Arc<dyn TokenSource>,
    connector: Arc<dyn Connector>,
    events: EventSender,
    open: Option<Open>,
    attempt: Option<Attempt>,
    reading: JoinSet<TokenAnswer>,
}

/// What the driver waits for.
enum Happened {
    Wake,
    Due,
    Connected(Box<Result<Socket, ConnectError>>),
    Received(Option<Result<Raw, tungstenite::Error>>),
    Token(TokenAnswer),
}

impl Driver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        config: Config,
        tokens: Arc<dyn TokenSource>,
        connector: Arc<dyn Connector>,
        events: EventSender,
    ) -> Self {
        Self {
            shared,
            config,
            tokens,
            connector,
            events,
            open: None,
            attempt: None,
            reading: JoinSet::new(),
        }
    }

    /// Runs until the client is gone.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            self.carry_out();
            self.events.wake();
            let deadline = self.shared.core().deadline(now());
            let happened = tokio::select! {
                () = stop.cancelled() => {
                    // What was asked for last: channels left, and told to be closed.
                    self.carry_out();
                    self.events.wake();
                    self.close(true);
                    return;
                }
                happened = self.wait(deadline) => happened,
            };
            self.take_in(happened);
            self.take_in_more();
        }
    }

    /// Reads what is there already, without asking each time whether anything else happened.
    fn take_in_more(&mut self) {
        for _ in 0..AT_ONCE {
            self.carry_out();
            let Some(received) = read(&mut self.open, &self.events).now_or_never() else {
                return;
            };
            self.take_in(Happened::Received(received));
        }
    }

    async fn wait(&mut self, deadline: Option<std::time::Instant>) -> Happened {
        let Self {
            shared,
            open,
            attempt,
            reading,
            events,
            ..
        } = self;
        tokio::select! {
            () = shared.wake.notified() => Happened::Wake,
            () = until(deadline) => Happened::Due,
            result = outcome(attempt) => Happened::Connected(Box::new(result)),
            received = read(open, events) => Happened::Received(received),
            Some(token) = reading.join_next() => match token {
                Ok(token) => Happened::Token(token),
                // It panicked: the deadline of whoever waits for it tells.
                Err(_) => Happened::Wake,
            },
        }
    }

    fn take_in(&mut self, happened: Happened) {
        let now = now();
        let mut core = self.shared.core();
        match happened {
            Happened::Due => core.tick(now),
            Happened::Token((ticket, token)) => core.token_ready(ticket, token, now),
            Happened::Connected(result) => {
                self.attempt = None;
                if core.gave_up_socket() {
                    // The client changed its mind while this attempt ended: it is not the one
                    // that is waited for.
                    return;
                }
                match *result {
                    Ok(socket) => {
                        let capacity = self.config.send_capacity;
                        self.open = Some(start(socket, capacity, self.shared.clone()));
                        core.opened(now);
                    }
                    Err(error) => core.connect_failed(&error, now),
                }
            }
            Happened::Received(Some(Ok(Raw::Text(text)))) => {
                self.shared.log.text_in(text.as_str());
                core.received_text(text.as_str(), now);
            }
            Happened::Received(Some(Ok(Raw::Binary(bytes)))) => {
                self.shared.log.binary_in(&bytes);
                core.received_binary(&bytes, now);
            }
            Happened::Received(Some(Ok(Raw::Close(frame)))) => {
                self.open = None;
                let (number, reason) = frame.map_or((None, String::new()), |frame| {
                    (Some(u16::from(frame.code)), frame.reason.to_string())
                });
                self.shared.log.closed(number, &reason);
                core.closed(number, &reason, now);
            }
            // Pings are answered below this; they say nothing to the protocol.
            Happened::Wake | Happened::Received(Some(Ok(_))) => {}
            Happened::Received(Some(Err(error))) => {
                self.open = None;
                core.closed(None, &error.to_string(), now);
            }
            Happened::Received(None) => {
                self.open = None;
                core.closed(None, "", now);
            }
        }
    }

    /// Does what the protocol asks for.
    fn carry_out(&mut self) {
        loop {
            let output = self.shared.core().poll();
            match output {
                None => return,
                Some(Output::Event(event)) => {
                    if !self.events.send(event) {
                        self.shared.core().lagged();
                    }
                }
                Some(Output::Send(wire)) => self.send(wire),
                Some(Output::Disconnect { politely }) => self.close(politely),
                Some(Output::Connect { key_in_query }) => {
                    self.close(false);
                    self.attempt = Some(self.begin(key_in_query));
                }
                Some(Output::ReadToken { ticket, refused }) => {
                    let tokens = self.tokens.clone();
                    let deadline = self.config.token_timeout;
                    self.reading.spawn(async move {
                        let token = tokens.token(refused.as_ref().map(Secret::expose));
                        let late =
                            || TokenError::Unavailable("the token was not there in time".into());
                        let token = tokio::time::timeout(deadline, token).await;
                        (ticket, token.unwrap_or_else(|_| Err(late())))
                    });
                }
            }
        }
    }

    fn send(&mut self, wire: Wire) {
        let Some(open) = &self.open else { return };
        self.shared.log.out(&wire);
        let raw = match wire {
            Wire::Text(text) => Raw::Text(Utf8Bytes::from(text)),
            Wire::Binary(bytes) => Raw::Binary(bytes),
        };
        let mut core = self.shared.core();
        if open.writer.try_send(raw).is_ok() {
            core.set_backlog(open.writer.max_capacity() - open.writer.capacity());
            return;
        }
        core.closed(None, "the socket takes nothing any more", now());
        drop(core);
        self.open = None;
    }

    /// Gives up the socket or the attempt.
    fn close(&mut self, politely: bool) {
        self.attempt = None;
        let Some(open) = self.open.take() else { return };
        if politely {
            let writer = open.writer.clone();
            tokio::spawn(async move {
                let goodbye = async {
                    if writer.send(Raw::Close(None)).await.is_ok() {
                        writer.closed().await;
                    }
                };
                let _ = tokio::time::timeout(GOODBYE, goodbye).await;
                drop(open);
            });
        }
    }

    fn begin(&self, key_in_query: bool) -> Attempt {
        let url = self.config.socket_url(key_in_query);
        let key = (!key_in_query).then(|| self.config.apikey.clone());
        let connector = self.connector.clone();
        // On a task of its own: the system's certificates are read on the way.
        AbortOnDropHandle::new(tokio::spawn(async move {
            // Another part of the program may have installed the same provider already.
            let _ = ring::default_provider().install_default();
            let address = |error: String| ConnectError::Address(error);
            let mut request = url
                .as_str()
                .into_client_request()
                .map_err(|error| address(error.to_string()))?;
            if let Some(key) = key {
                let mut value = HeaderValue::from_str(key.expose())
                    .map_err(|_| address("the key has characters that no key has".to_owned()))?;
                value.set_sensitive(true);
                request.headers_mut().insert("x-api-key", value);
            }
            let bytes = connector.connect(&url).await?;
            let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
            let (socket, _) =
                tokio_tungstenite::client_async_tls_with_config(request, bytes, Some(config), None)
                    .await
                    .map_err(failed)?;
            Ok(socket)
        }))
    }
}

/// Splits a socket and starts the task that writes.
fn start(socket: Socket, capacity: usize, shared: Arc<Shared>) -> Open {
    let (sink, reader) = socket.split();
    // Heartbeats and joins have room beside the broadcasts that the protocol counts.
    let (writer, queue) = mpsc::channel(capacity.max(1) * 2);
    let abort = CancellationToken::new();
    tokio::spawn(write(sink, queue, shared, abort.clone()));
    Open {
        reader,
        writer,
        abort,
    }
}

async fn write(
    mut sink: SplitSink<Socket, Raw>,
    mut queue: mpsc::Receiver<Raw>,
    shared: Arc<Shared>,
    abort: CancellationToken,
) {
    let write = async {
        while let Some(raw) = queue.recv().await {
            let last = matches!(raw, Raw::Close(_));
            // A failure shows on the reading half, which tells it.
            if sink.send(raw).await.is_err() || last {
                return;
            }
            shared.core().set_backlog(queue.len());
        }
    };
    tokio::select! {
        biased;
        () = abort.cancelled() => {}
        () = write => {}
    }
}

async fn until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

async fn outcome(attempt: &mut Option<Attempt>) -> Result<Socket, ConnectError> {
    match attempt {
        Some(attempt) => attempt
            .await
            .unwrap_or_else(|error| Err(ConnectError::Network(error.to_string()))),
        None => std::future::pending().await,
    }
}

/// The next message, once there is room for what it says.
async fn read(
    open: &mut Option<Open>,
    events: &EventSender,
) -> Option<Result<Raw, tungstenite::Error>> {
    match open {
        Some(open) => {
            events.room().await;
            open.reader.next().await
        }
        None => std::future::pending().await,
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "used as a function in map_err"
)]
fn failed(error: tungstenite::Error) -> ConnectError {
    match error {
        tungstenite::Error::Http(response) => refused(&response),
        tungstenite::Error::Url(error) => ConnectError::Address(error.to_string()),
        other => ConnectError::Network(other.to_string()),
    }
}

fn refused(response: &Response<Option<Vec<u8>>>) -> ConnectError {
    let header = response.headers().get("retry-after");
    let seconds = header
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok());
    ConnectError::Http {
        status: response.status().as_u16(),
        message: response.body().as_deref().map(words).unwrap_or_default(),
        retry_after: seconds.map(Duration::from_secs),
    }
}

/// The `error` or `message` of a JSON body; a body of another kind says nothing to a person.
fn words(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(default)]
        error: Option<String>,
        #[serde(default)]
        message: Option<String>,
    }
    serde_json::from_slice::<Body>(body)
        .ok()
        .and_then(|body| body.error.or(body.message))
        .map(|words| words.chars().take(MESSAGE_CHARS).collect())
        .unwrap_or_default()
}
