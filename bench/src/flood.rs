//! The server of the comparison with the official client: row changes come from here, as many as a
//! socket takes or at a pace; everything else is passed on to a whole project.
//!
//! `POST /_go/…` says what to send to whoever listens: `prepare/SESSION,SESSION…` writes a flood of
//! messages of these sessions by turns, `prices/SYMBOLS/ROUNDS` one of prices of so many symbols,
//! `flood` sends it, `pace/SESSION` sends some messages at random moments. `hold` has what reads the
//! project wait until a socket is closed: it has none of the rows that are told, and whoever reads it
//! meanwhile takes them away.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::prices;
use crate::project::Project;
use crate::text::{Numbers, word};

/// Changes of the flood.
pub const FLOOD: u64 = 100_000;
/// Changes at a pace, and how many of them a second on average.
pub const PACED: u64 = 600;
const PACE: f64 = 30.0;
/// Bytes of a message's text: with the row's other columns, their names and types the frame is some
/// 1.3 KB.
const TEXT: usize = 300;
/// Sessions of the flood.
pub const SESSIONS: usize = 10;
/// Bytes of a request in which its path ends.
const HEAD: usize = 1_024;

/// What is to be sent.
#[derive(Clone)]
enum Go {
    Prepare(Vec<String>, mpsc::Sender<()>),
    Prices {
        symbols: u32,
        rounds: u32,
        done: mpsc::Sender<()>,
    },
    Flood,
    Pace(String),
}

/// Serves until it is ended. The first line says where: `{"port", "key"}`.
pub async fn serve() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let project = Project::start(folder.path()).await?;
    let (url, key) = project.address();
    let upstream = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "{}",
        json!({"port": listener.local_addr()?.port(), "key": key})
    );
    let (go, _) = broadcast::channel(4);
    let (held, _) = watch::channel(false);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (go, held, upstream) = (go.clone(), held.clone(), upstream.clone());
        tokio::spawn(async move {
            if let Err(error) = route(stream, go, held, &upstream).await {
                eprintln!("server: {error:#}");
            }
        });
    }
}

async fn route(
    mut stream: TcpStream,
    go: broadcast::Sender<Go>,
    held: watch::Sender<bool>,
    upstream: &str,
) -> Result<()> {
    let mut head = [0; HEAD];
    let path = loop {
        let read = stream.peek(&mut head).await?;
        let head = String::from_utf8_lossy(&head[..read]);
        if read == 0 {
            return Ok(());
        }
        if let Some(path) = head.split(' ').nth(1)
            && (head.split(' ').count() > 2 || read == HEAD)
        {
            break path.to_owned();
        }
        tokio::task::yield_now().await;
    };
    if path.starts_with("/realtime/v1/websocket") {
        let ended = Socket::accept(stream).await?.run(go.subscribe()).await;
        held.send_replace(false);
        return ended;
    }
    if let Some(what) = path.strip_prefix("/_go/") {
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await?;
        match what.split_once('/') {
            Some(("prepare", sessions)) => {
                let (done, mut ready) = mpsc::channel(1);
                let sessions = sessions.split(',').map(str::to_owned).collect();
                let _ = go.send(Go::Prepare(sessions, done));
                ready.recv().await.context("nobody listens")?;
            }
            Some(("prices", counts)) => {
                let (symbols, rounds) = counts.split_once('/').context("no rounds")?;
                let (done, mut ready) = mpsc::channel(1);
                let _ = go.send(Go::Prices {
                    symbols: symbols.parse()?,
                    rounds: rounds.parse()?,
                    done,
                });
                ready.recv().await.context("nobody listens")?;
            }
            Some(("pace", session)) => drop(go.send(Go::Pace(session.to_owned()))),
            None if what == "flood" => drop(go.send(Go::Flood)),
            None if what == "hold" => drop(held.send_replace(true)),
            _ => bail!("{what} is nothing to send"),
        }
        let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await?;
        return Ok(stream.shutdown().await?);
    }
    let mut project = TcpStream::connect(upstream).await?;
    project.set_nodelay(true)?;
    let (mut client, mut answers) = stream.split();
    let (mut answered, mut requests) = project.split();
    let ask = async {
        let mut held = held.subscribe();
        let mut part = vec![0; 1 << 14];
        loop {
            let read = client.read(&mut part).await?;
            if read == 0 {
                return anyhow::Ok(());
            }
            held.wait_for(|held| !held).await?;
            requests.write_all(&part[..read]).await?;
        }
    };
    // Whichever end hangs up, the talk is over.
    tokio::select! {
        _ = ask => {}
        _ = copy(&mut answered, &mut answers) => {}
    }
    Ok(())
}

type WebSocket = tokio_tungstenite::WebSocketStream<TcpStream>;

/// A client's socket.
struct Socket {
    socket: WebSocket,
    v2: bool,
    chat: Option<Binding>,
    prices: Option<Binding>,
    flood: Vec<u8>,
}

/// What a client asked to be told of: a table in a channel.
#[derive(Debug, Clone)]
pub struct Binding {
    topic: Value,
    join: Value,
    id: u64,
}

impl Binding {
    /// The frame that tells of a change.
    pub fn frame(&self, v2: bool, data: &Value) -> String {
        let payload = json!({"ids": [self.id], "data": data});
        if v2 {
            json!([self.join, null, self.topic, "postgres_changes", payload]).to_string()
        } else {
            json!({"topic": self.topic, "event": "postgres_changes", "payload": payload, "ref": null})
                .to_string()
        }
    }
}

/// A final text frame whose length takes two bytes (RFC 6455, section 5.2).
pub fn framed(text: &str) -> Result<Vec<u8>> {
    let mut bytes = vec![0x81, 126];
    bytes.extend_from_slice(&u16::try_from(text.len())?.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(bytes)
}

impl Socket {
    async fn accept(stream: TcpStream) -> Result<Self> {
        let mut v2 = false;
        // The refusal's type is given by the library.
        #[allow(clippy::result_large_err)]
        let asked = |request: &Request, response: Response| {
            v2 = request.uri().query().is_some_and(|q| q.contains("vsn=2"));
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, asked).await?;
        Ok(Self {
            socket,
            v2,
            chat: None,
            prices: None,
            flood: Vec::new(),
        })
    }

    async fn run(mut self, mut go: broadcast::Receiver<Go>) -> Result<()> {
        loop {
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.answer(&text).await?,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Ok(()),
                },
                what = go.recv() => {
                    if let Ok(what) = what {
                        self.send(what).await?;
                    }
                }
            }
        }
    }

    async fn answer(&mut self, text: &str) -> Result<()> {
        let frame: Value = serde_json::from_str(text)?;
        let [join, reference, topic, event, payload] = if self.v2 {
            [0, 1, 2, 3, 4].map(|at| frame[at].clone())
        } else {
            ["join_ref", "ref", "topic", "event", "payload"].map(|name| frame[name].clone())
        };
        let v2 = self.v2;
        let write = |event: &str, payload: Value, reference: &Value| {
            let frame = if v2 {
                json!([join, reference, topic, event, payload])
            } else {
                json!({"topic": topic, "event": event, "payload": payload, "ref": reference})
            };
            Message::text(frame.to_string())
        };
        if event == "access_token" || event == "broadcast" {
            return Ok(());
        }
        if event != "phx_join" {
            let ok = json!({"status": "ok", "response": {}});
            self.socket.send(write("phx_reply", ok, &reference)).await?;
            return Ok(());
        }
        let mut bindings = payload["config"]["postgres_changes"].clone();
        for (at, binding) in (1_u64..).zip(bindings.as_array_mut().into_iter().flatten()) {
            binding["id"] = json!(at);
            let asked = Binding {
                topic: topic.clone(),
                join: if v2 { join.clone() } else { Value::Null },
                id: at,
            };
            match binding["table"].as_str() {
                Some("chat_messages") => self.chat = Some(asked),
                Some("crypto_prices") => self.prices = Some(asked),
                _ => {}
            }
        }
        let response = json!({"status": "ok", "response": {"postgres_changes": bindings}});
        self.socket
            .send(write("phx_reply", response, &reference))
            .await?;
        let ready = json!({
            "status": "ok", "extension": "postgres_changes",
            "channel": topic.as_str().unwrap_or_default().trim_start_matches("realtime:"),
            "message": "Subscribed to PostgreSQL",
        });
        Ok(self
            .socket
            .send(write("system", ready, &Value::Null))
            .await?)
    }

    /// Sends it, if it was asked for here.
    async fn send(&mut self, what: Go) -> Result<()> {
        match what {
            Go::Prepare(sessions, done) => {
                let Some(chat) = &self.chat else {
                    return Ok(());
                };
                let frames = sessions.iter().map(|of| Frame::new(self.v2, chat, of));
                let mut frames = frames.collect::<Result<Vec<Frame>>>()?;
                self.flood.clear();
                for n in 0..FLOOD {
                    // The last one is of the first session.
                    let of = usize::try_from(FLOOD - 1 - n)? % frames.len();
                    self.flood.extend_from_slice(frames[of].change(n));
                }
                let _ = done.send(()).await;
            }
            Go::Flood => {
                self.socket.get_mut().write_all(&self.flood).await?;
                self.flood = Vec::new();
            }
            Go::Prices {
                symbols,
                rounds,
                done,
            } => {
                let Some(binding) = &self.prices else {
                    return Ok(());
                };
                self.flood.clear();
                for row in prices::rows(symbols, rounds) {
                    let frame = binding.frame(self.v2, &row.change());
                    self.flood.extend_from_slice(&framed(&frame)?);
                }
                let _ = done.send(()).await;
            }
            Go::Pace(session) => {
                let Some(chat) = &self.chat else {
                    return Ok(());
                };
                let mut frame = Frame::new(self.v2, chat, &session)?;
                let mut numbers = Numbers(7);
                let mut at = Instant::now();
                for n in 0..PACED {
                    let unit = (numbers.below(1_000_000) + 1) as f64 / 1e6;
                    at += Duration::from_secs_f64(-unit.ln() / PACE);
                    sleep_until(at).await;
                    let change = frame.change(FLOOD + n);
                    self.socket.get_mut().write_all(change).await?;
                }
            }
        }
        Ok(())
    }
}

/// Now, in microseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(0))
}

/// A change's WebSocket frame (RFC 6455, section 5.2), of which a number and times differ.
struct Frame {
    bytes: Vec<u8>,
    /// Where the id's number, the microseconds of its times, and the time of sending stand.
    id: usize,
    micros: [usize; 3],
    sent: usize,
}

/// Stands for the time of sending, at the beginning of the text.
const SENT: &str = "1000000000000000";
const ID: &str = "00000000-0000-7000-8000-";
const TIME: &str = "2026-01-02T03:04:05.";

impl Frame {
    fn new(v2: bool, chat: &Binding, session: &str) -> Result<Self> {
        let kinds = [
            ("id", "uuid"),
            ("session_id", "uuid"),
            ("user_id", "uuid"),
            ("content", "text"),
            ("role", "text"),
            ("metadata", "jsonb"),
            ("created_at", "timestamptz"),
            ("updated_at", "timestamptz"),
            ("status", "text"),
            ("message_type", "text"),
        ];
        let columns: Vec<Value> = kinds
            .iter()
            .map(|(name, kind)| json!({"name": name, "type": kind}))
            .collect();
        let time = format!("{TIME}000000+00:00");
        let whole = |content: &str| {
            let data = json!({
                "schema": "public", "table": "chat_messages", "type": "INSERT",
                "commit_timestamp": format!("{TIME}000000Z"), "errors": null,
                "columns": columns,
                "record": {
                    "id": format!("{ID}000000000000"), "session_id": session,
                    "user_id": "00000000-0000-4000-8000-00000000000a", "content": content,
                    "role": "assistant", "metadata": {}, "created_at": time,
                    "updated_at": time, "status": "delivered", "message_type": "text",
                },
            });
            chat.frame(v2, &data)
        };
        let mut content = SENT.to_owned();
        let mut numbers = Numbers(1);
        while content.len() < TEXT {
            content.push(' ');
            content.push_str(&word(numbers.below(2_000)));
        }
        content.truncate(TEXT);
        let whole = whole(&content);
        let bytes = framed(&whole)?;
        let begin = bytes.len() - whole.len();
        let mut times = whole.match_indices(TIME);
        let mut time = || times.next().map(|(at, _)| begin + at + TIME.len());
        let micros = [
            time().context("no time")?,
            time().context("no time")?,
            time().context("no time")?,
        ];
        let place = |text: &str| whole.find(text).map(|at| begin + at).context("no place");
        Ok(Self {
            id: place(ID)? + ID.len(),
            micros,
            sent: place(SENT)?,
            bytes,
        })
    }

    /// The frame of the change with this number, written now.
    fn change(&mut self, n: u64) -> &[u8] {
        self.put(self.id, &format!("{n:012}"));
        for at in self.micros {
            self.put(at, &format!("{:06}", n % 1_000_000));
        }
        self.put(self.sent, &now().to_string());
        &self.bytes
    }

    fn put(&mut self, at: usize, text: &str) {
        self.bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
}

/// The number that is part of a message's id.
pub fn number(id: &str) -> Option<u64> {
    id.strip_prefix(ID)?.parse().ok()
}

/// When a message was sent: its text begins with it.
pub fn sent(content: &str) -> Option<u64> {
    content.get(..SENT.len())?.parse().ok()
}

/// What a server told of itself.
pub struct Told {
    pub port: String,
    pub key: String,
}

impl Told {
    /// Reads the first line.
    pub fn read(line: &str) -> Result<Self> {
        let told: Value = serde_json::from_str(line)?;
        Ok(Self {
            port: told["port"].to_string(),
            key: told["key"].as_str().context("no key")?.to_owned(),
        })
    }
}

/// Says what the server is to send.
pub async fn go(http: &reqwest::Client, port: &str, what: &str) -> Result<()> {
    let url = format!("http://127.0.0.1:{port}/_go/{what}");
    http.post(url).send().await?.error_for_status()?;
    Ok(())
}
