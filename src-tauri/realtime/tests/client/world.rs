//! One client, and the far ends of its sockets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tidings_realtime::frame::{self, Frame, Message, Payload, Sender, Vsn, Wire};
use tidings_realtime::{
    Bytes, ChannelSpec, ChannelStatus, Client, Config, ConnectError, Connector, Event, EventStream,
    Json, Secret, TokenError, TokenSource,
};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Raw;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use url::Url;

pub const SECOND: Duration = Duration::from_secs(1);
/// Nothing that a test waits for takes longer, by the paused clock.
const DEADLINE: Duration = Duration::from_hours(1);

/// Tokens `t1`, `t2`, …: a refused one gets the next.
pub struct Tokens {
    state: Mutex<(u32, Option<TokenError>)>,
    pub refused: Mutex<Vec<Option<String>>>,
}

impl Tokens {
    pub fn set(&self, number: u32) {
        *self.state.lock().unwrap() = (number, None);
    }

    pub fn fail(&self, error: TokenError) {
        self.state.lock().unwrap().1 = Some(error);
    }
}

impl TokenSource for Tokens {
    fn token<'a>(
        &'a self,
        refused: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>> {
        Box::pin(async move {
            self.refused
                .lock()
                .unwrap()
                .push(refused.map(str::to_owned));
            let (number, error) = &mut *self.state.lock().unwrap();
            if let Some(error) = error {
                return Err(error.clone());
            }
            if refused == Some(&format!("t{number}")) {
                *number += 1;
            }
            Ok(Some(format!("t{number}")))
        })
    }
}

/// What the next attempts to connect meet; a socket when nothing is said.
#[derive(Clone)]
pub enum Fate {
    Fails,
    Hangs,
}

struct Line {
    buffer: usize,
    fates: Mutex<VecDeque<Fate>>,
    attempts: mpsc::UnboundedSender<(Instant, Option<DuplexStream>)>,
}

impl Connector for Line {
    fn connect<'a>(&'a self, _: &'a Url) -> BoxFuture<'a, Result<Box<dyn Bytes>, ConnectError>> {
        Box::pin(async move {
            let fate = self.fates.lock().unwrap().pop_front();
            let (ours, theirs) = tokio::io::duplex(self.buffer);
            let theirs = fate.is_none().then_some(theirs);
            self.attempts.send((Instant::now(), theirs)).unwrap();
            match fate {
                None => {
                    let ours: Box<dyn Bytes> = Box::new(ours);
                    Ok(ours)
                }
                Some(Fate::Fails) => Err(ConnectError::Network("no route".into())),
                Some(Fate::Hangs) => std::future::pending().await,
            }
        })
    }
}

pub struct World {
    pub client: Client,
    pub events: EventStream,
    pub tokens: Arc<Tokens>,
    pub began: Instant,
    vsn: Vsn,
    line: Arc<Line>,
    attempts: mpsc::UnboundedReceiver<(Instant, Option<DuplexStream>)>,
}

impl World {
    /// A client that wants to be connected.
    pub fn new(vsn: Vsn) -> Self {
        Self::with(vsn, 1 << 20, |_| {})
    }

    /// As [`World::new`], with sockets that hold `buffer` bytes on their way.
    pub fn with(vsn: Vsn, buffer: usize, change: impl FnOnce(&mut Config)) -> Self {
        let url = "http://project.test".parse().unwrap();
        let mut config = Config::new(url, Secret::new("sb_publishable_k"));
        config.vsn = vsn;
        config.seed = Some(1);
        change(&mut config);
        let tokens = Arc::new(Tokens {
            state: Mutex::new((1, None)),
            refused: Mutex::default(),
        });
        let (sender, attempts) = mpsc::unbounded_channel();
        let line = Arc::new(Line {
            buffer,
            fates: Mutex::default(),
            attempts: sender,
        });
        let began = Instant::now();
        let (client, events) = Client::start_with(config, tokens.clone(), line.clone());
        client.connect();
        Self {
            client,
            events,
            tokens,
            began,
            vsn,
            line,
            attempts,
        }
    }

    pub fn fate(&self, fates: impl IntoIterator<Item = Fate>) {
        self.line.fates.lock().unwrap().extend(fates);
    }

    /// When the next attempt to connect began, and the far end of it.
    pub async fn attempt(&mut self) -> (Instant, Option<DuplexStream>) {
        let attempt = timeout(DEADLINE, self.attempts.recv());
        attempt.await.expect("an attempt to connect").unwrap()
    }

    /// No attempt to connect is made for so long.
    pub async fn no_attempt_for(&mut self, time: Duration) {
        let attempt = timeout(time, self.attempts.recv()).await;
        assert!(attempt.is_err(), "an attempt to connect was made");
    }

    /// The far end of the next socket.
    pub async fn accept(&mut self) -> Peer {
        let (began, stream) = self.attempt().await;
        let mut request = String::new();
        #[allow(clippy::result_large_err, reason = "the library's signature")]
        let note = |asked: &Request, response: Response| -> Result<Response, ErrorResponse> {
            let key = asked.headers().get("x-api-key");
            request = format!("{} {:?}", asked.uri(), key.map(|key| key.to_str().unwrap()));
            Ok(response)
        };
        let stream = stream.expect("an attempt that succeeds");
        let socket = tokio_tungstenite::accept_hdr_async(stream, note)
            .await
            .unwrap();
        Peer {
            socket,
            vsn: self.vsn,
            began,
            request,
            beats: Vec::new(),
            deaf: false,
        }
    }

    /// The far end of a socket on which a channel of that name was joined.
    pub async fn joined(&mut self, spec: ChannelSpec) -> (Peer, tidings_realtime::ChannelHandle) {
        let handle = self.client.open(spec);
        let mut peer = self.accept().await;
        peer.admit().await;
        self.status(handle.name(), |status| *status == ChannelStatus::Joined)
            .await;
        (peer, handle)
    }

    pub async fn event(&mut self) -> Event {
        let event = timeout(DEADLINE, self.events.next());
        event.await.expect("an event").expect("a client")
    }

    /// The first event that `pick` takes; those before it are passed over.
    pub async fn pick<T>(&mut self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(picked) = pick(self.event().await) {
                return picked;
            }
        }
    }

    /// Waits until a channel is told to have such a status.
    pub async fn status(
        &mut self,
        name: &str,
        wanted: impl Fn(&ChannelStatus) -> bool,
    ) -> ChannelStatus {
        self.pick(|event| match event {
            Event::Channel { topic, status } if topic == name && wanted(&status) => Some(status),
            _ => None,
        })
        .await
    }
}

/// A text message of the client, of either version.
#[derive(Debug, Clone)]
pub struct Said {
    pub join_ref: Option<String>,
    pub reference: Option<String>,
    pub topic: String,
    pub event: String,
    pub payload: Value,
    pub at: Instant,
}

/// The far end of one socket.
pub struct Peer {
    socket: WebSocketStream<DuplexStream>,
    vsn: Vsn,
    /// When the attempt began.
    pub began: Instant,
    /// Address and key of the handshake.
    pub request: String,
    /// When heartbeats came.
    pub beats: Vec<Instant>,
    /// Does not answer heartbeats.
    pub deaf: bool,
}

impl Peer {
    /// The next data message as it is; `None` at the end.
    pub async fn raw(&mut self) -> Option<Raw> {
        let message = timeout(DEADLINE, self.socket.next());
        message.await.expect("a message").and_then(Result::ok)
    }

    pub async fn text(&mut self) -> String {
        match self.raw().await {
            Some(Raw::Text(text)) => text.as_str().to_owned(),
            other => panic!("no text: {other:?}"),
        }
    }

    /// The next message that is no heartbeat; heartbeats are answered. `None` at the end.
    pub async fn heard(&mut self) -> Option<Said> {
        loop {
            let Some(Raw::Text(text)) = self.raw().await else {
                return None;
            };
            let Ok(Frame::Message(message)) = frame::decode_text(self.vsn, text.as_str()) else {
                panic!("not a frame: {text}");
            };
            let Payload::Json(payload) = message.payload else {
                panic!("no JSON: {text}");
            };
            let said = Said {
                join_ref: message.join_ref,
                reference: message.reference,
                topic: message.topic,
                event: message.event,
                payload: payload.parse().unwrap(),
                at: Instant::now(),
            };
            if said.topic != "phoenix" {
                return Some(said);
            }
            self.beats.push(said.at);
            if !self.deaf {
                self.ok(&said).await;
            }
        }
    }

    /// The next message, which has to be of that event.
    pub async fn expect(&mut self, event: &str) -> Said {
        let said = self.heard().await.expect("an open socket");
        assert_eq!(said.event, event, "{said:?}");
        said
    }

    /// Nothing but heartbeats for so long.
    pub async fn quiet_for(&mut self, time: Duration) {
        let said = timeout(time, self.heard()).await;
        assert!(said.is_err(), "{said:?}");
    }

    /// The client gives the socket up; how it says so, if it does.
    pub async fn ended(&mut self) -> Option<Raw> {
        loop {
            match self.raw().await {
                Some(Raw::Close(frame)) => return Some(Raw::Close(frame)),
                None => return None,
                Some(_) => {}
            }
        }
    }

    pub async fn send_raw(&mut self, raw: Raw) {
        self.socket.send(raw).await.unwrap();
    }

    pub async fn send(&mut self, text: &str) {
        self.send_raw(Raw::text(text)).await;
    }

    /// Sends a message as the server writes it: without a `join_ref` in version 1.0.0.
    pub async fn say(
        &mut self,
        join_ref: Option<&str>,
        reference: Option<&str>,
        topic: &str,
        event: &str,
        payload: Value,
    ) {
        let join_ref = join_ref.filter(|_| self.vsn == Vsn::V2);
        let message = Message {
            join_ref: join_ref.map(str::to_owned),
            reference: reference.map(str::to_owned),
            topic: topic.to_owned(),
            event: event.to_owned(),
            payload: Payload::Json(Json::new(&payload).unwrap()),
        };
        let wire = frame::encode(self.vsn, Sender::Server, &message.into()).unwrap();
        match wire {
            Wire::Text(text) => self.send(&text).await,
            Wire::Binary(bytes) => self.send_raw(Raw::Binary(bytes)).await,
        }
    }

    pub async fn reply(&mut self, to: &Said, status: &str, response: Value) {
        let payload = json!({"status": status, "response": response});
        let (join_ref, reference) = (to.join_ref.as_deref(), to.reference.as_deref());
        self.say(join_ref, reference, &to.topic, "phx_reply", payload)
            .await;
    }

    pub async fn ok(&mut self, to: &Said) {
        self.reply(to, "ok", json!({})).await;
    }

    pub async fn refuse(&mut self, to: &Said, reason: &str) {
        self.reply(to, "error", json!({"reason": reason})).await;
    }

    /// Waits for a join and admits it; bindings get the ids 101, 102, ….
    pub async fn admit(&mut self) -> Said {
        let join = self.expect("phx_join").await;
        self.admit_as(&join).await;
        join
    }

    pub async fn admit_as(&mut self, join: &Said) {
        let mut bound = join.payload["config"]["postgres_changes"].clone();
        for (binding, id) in bound.as_array_mut().unwrap().iter_mut().zip(101..) {
            binding["id"] = json!(id);
        }
        self.reply(join, "ok", json!({"postgres_changes": bound}))
            .await;
    }

    /// Tells a joined channel something of the server's own.
    pub async fn system(&mut self, join: &Said, extension: &str, status: &str, message: &str) {
        let name = join.topic.strip_prefix("realtime:").unwrap();
        let payload = json!({"extension": extension, "status": status, "message": message,
            "channel": name});
        self.say(
            join.join_ref.as_deref(),
            None,
            &join.topic,
            "system",
            payload,
        )
        .await;
    }

    pub async fn subscribed(&mut self, join: &Said) {
        self.system(join, "postgres_changes", "ok", "Subscribed to PostgreSQL")
            .await;
    }

    /// Ends one incarnation of a channel, by `phx_close` or `phx_error`.
    pub async fn end(&mut self, join: &Said, event: &str) {
        let own = join.join_ref.as_deref();
        self.say(own, own, &join.topic, event, json!({})).await;
    }

    pub async fn close(mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.send_raw(Raw::Close(Some(frame))).await;
        self.ended().await;
    }
}

/// Lets everything happen that can happen without time passing.
pub async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
