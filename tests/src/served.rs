//! The real program `tidings-serve` as a process of its own, and a client of its contract.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tidings_contract::{self as api, ApiError, Call, Connection, Event};
use tidings_testkit::{DEADLINE, Program, Running, binary, wait_for};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::keeper::Keeper;
use crate::project::Project;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a call has no reply.
#[derive(Debug)]
pub enum NoReply {
    /// The program refused.
    Refused(ApiError),
    /// The program is gone, or is going: it may have carried the command out, or not.
    Gone,
}

/// A running program, and everything it has told.
pub struct Served {
    running: tokio::sync::Mutex<Option<Running>>,
    sink: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    events: Mutex<Vec<Event>>,
    /// Frames heard so far.
    heard: watch::Sender<u64>,
}

#[derive(Default)]
struct Waiting {
    last: u64,
    /// None once the socket has ended.
    replies: Option<HashMap<u64, oneshot::Sender<Value>>>,
}

impl Served {
    /// Starts the program on a directory, with a project in front.
    pub async fn start(data: &Path, keeper: &Keeper, project: &Project) -> Result<Self> {
        let mut running = Self::launch(data, keeper, project)?;
        let ready = running.json().await?;
        let address = ready["ws"].as_str().context("no address")?;
        let (socket, _) = connect_async(address).await?;
        let (sink, mut stream) = socket.split();
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting {
                last: 0,
                replies: Some(HashMap::new()),
            }),
            events: Mutex::default(),
            heard: watch::Sender::new(0),
        });
        let hearing = shared.clone();
        tokio::spawn(async move {
            while let Some(Ok(Message::Text(text))) = stream.next().await {
                hearing.hear(&text);
            }
            hearing.waiting().replies = None;
        });
        Ok(Self {
            running: tokio::sync::Mutex::new(Some(running)),
            sink: tokio::sync::Mutex::new(sink),
            shared,
        })
    }

    /// Starts the program on a directory, and does not wait until it is ready.
    pub fn launch(data: &Path, keeper: &Keeper, project: &Project) -> Result<Running> {
        Program::new(binary("tidings-serve")?)
            .arg("--data-dir")
            .arg(data)
            .arg("--secrets-socket")
            .arg(keeper.socket())
            .args(["--url", &project.proxy.url(), "--key", &project.key()])
            .start()
    }

    /// Carries a command out.
    pub async fn call<C: Call>(&self, args: C) -> Result<C::Reply, NoReply> {
        let (id, reply) = self.shared.expect().ok_or(NoReply::Gone)?;
        let args = serde_json::to_value(&args).unwrap_or_default();
        let frame = json!({"id": id, "command": C::NAME, "args": args}).to_string();
        let sent = self.sink.lock().await.send(Message::text(frame)).await;
        sent.map_err(|_| NoReply::Gone)?;
        let mut reply = reply.await.map_err(|_| NoReply::Gone)?;
        if let Ok(error) = serde_json::from_value(reply["error"].take()) {
            return Err(NoReply::Refused(error));
        }
        serde_json::from_value(reply["ok"].take()).map_err(|_| NoReply::Gone)
    }

    /// Carries a command out that has to succeed.
    pub async fn ok<C: Call>(&self, args: C) -> Result<C::Reply> {
        match self.call(args).await {
            Ok(reply) => Ok(reply),
            Err(why) => bail!("{}: {why:?}; {}", C::NAME, self.said().await),
        }
    }

    /// Asks again and again until the answer is as wanted.
    pub async fn until<C: Call + Clone>(
        &self,
        what: &str,
        args: C,
        wanted: impl Fn(&C::Reply) -> bool,
    ) -> Result<C::Reply> {
        let found = wait_for(what, DEADLINE, || async {
            self.call(args.clone()).await.ok().filter(&wanted)
        });
        match found.await {
            Ok(found) => Ok(found),
            Err(error) => {
                let state = self.call(api::GetDiagnostics {}).await;
                let outbox = self.call(api::ListOutbox {}).await;
                bail!("{error}; {state:?}; {outbox:?}; {}", self.said().await)
            }
        }
    }

    /// Waits until it is connected and has caught up.
    pub async fn live(&self) -> Result<()> {
        self.until("live", api::GetSnapshot {}, |snapshot| {
            let active = snapshot.active.as_ref();
            active.is_some_and(|active| active.connection == Connection::Live)
        })
        .await
        .map(drop)
    }

    /// What it told, picked out in order.
    pub fn told<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        let events = self.shared.events.lock();
        let events = events.unwrap_or_else(PoisonError::into_inner);
        events.iter().filter_map(pick).collect()
    }

    /// Returns once so many more frames were heard, or the program is gone.
    pub async fn heard(&self, more: u64) {
        let mut heard = self.shared.heard.subscribe();
        let until = *heard.borrow() + more;
        // An error means that nobody can hear anything any more.
        let _ = tokio::time::timeout(DEADLINE, heard.wait_for(|heard| *heard >= until)).await;
    }

    /// Kills it at once (SIGKILL).
    pub async fn kill(&self) -> Result<()> {
        match self.running.lock().await.take() {
            Some(running) => running.kill().await,
            None => Ok(()),
        }
    }

    /// Asks it to end, and waits.
    pub async fn stop(self) -> Result<()> {
        match self.running.lock().await.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }

    async fn said(&self) -> String {
        let running = self.running.lock().await;
        running.as_ref().map(Running::said).unwrap_or_default()
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self) -> Option<(u64, oneshot::Receiver<Value>)> {
        let mut waiting = self.waiting();
        waiting.last += 1;
        let id = waiting.last;
        let (sender, receiver) = oneshot::channel();
        waiting.replies.as_mut()?.insert(id, sender);
        Some((id, receiver))
    }

    fn hear(&self, text: &str) {
        let Ok(mut frame) = serde_json::from_str::<Value>(text) else {
            return;
        };
        if let Some(id) = frame["id"].as_u64() {
            let mut waiting = self.waiting();
            let reply = waiting.replies.as_mut().and_then(|all| all.remove(&id));
            if let Some(reply) = reply {
                // Whoever gave up waiting needs none.
                let _ = reply.send(frame);
            }
        } else if let Ok(event) = serde_json::from_value(frame["event"]["event"].take()) {
            let events = self.events.lock();
            events.unwrap_or_else(PoisonError::into_inner).push(event);
        }
        self.heard.send_modify(|heard| *heard += 1);
    }
}
