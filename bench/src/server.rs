//! Joins whoever asks, and sends row changes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// Number of the first change: all of them have as many digits.
pub const FIRST: u64 = 1_000_000;
/// Changes of the flood.
pub const FLOOD: u64 = 150_000;
/// Changes at a pace, and how many of them a second.
pub const PACED: u64 = 15_000;
const PACE: u64 = 5_000;
/// Changes at a pace that go out at once.
const BATCH: u64 = 5;
/// Text of each row: with the rest of the frame about 1 KB.
const TEXT: usize = 420;
/// Quiet time before the flood and before the pace, for the client to settle.
const QUIET: Duration = Duration::from_millis(300);

/// Serves until it is ended.
pub async fn run() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("server: {error:#}");
            }
        });
    }
}

/// The port that a server told.
pub async fn port(server: &mut Child) -> Result<String> {
    let output = server.stdout.take().context("the server has no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    line.context("the server ended")
}

/// Now, in microseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(0))
}

async fn serve(stream: TcpStream) -> Result<()> {
    let mut v2 = false;
    // The refusal's type is given by the library.
    #[allow(clippy::result_large_err)]
    let asked = |request: &Request, response: Response| {
        v2 = request.uri().query().is_some_and(|q| q.contains("vsn=2"));
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, asked).await?;
    let (topic, join) = loop {
        let Some(message) = socket.next().await else {
            return Ok(());
        };
        let Message::Text(text) = message? else {
            continue;
        };
        let frame: Value = serde_json::from_str(&text)?;
        let [join_ref, reference, topic, event, payload] = if v2 {
            [0, 1, 2, 3, 4].map(|at| frame[at].clone())
        } else {
            ["join_ref", "ref", "topic", "event", "payload"].map(|name| frame[name].clone())
        };
        let write = |event: &str, payload: Value, reference: &Value| {
            let frame = if v2 {
                json!([join_ref, reference, topic, event, payload])
            } else {
                json!({"topic": topic, "event": event, "payload": payload, "ref": reference})
            };
            Message::text(frame.to_string())
        };
        if event != "phx_join" {
            let ok = json!({"status": "ok", "response": {}});
            socket.send(write("phx_reply", ok, &reference)).await?;
            continue;
        }
        let mut bindings = payload["config"]["postgres_changes"].clone();
        for binding in bindings.as_array_mut().into_iter().flatten() {
            binding["id"] = json!(7);
        }
        let response = json!({"status": "ok", "response": {"postgres_changes": bindings}});
        socket
            .send(write("phx_reply", response, &reference))
            .await?;
        let ready = json!({
            "status": "ok", "extension": "postgres_changes", "channel": "bench",
            "message": "Subscribed to PostgreSQL",
        });
        socket.send(write("system", ready, &Value::Null)).await?;
        break (topic, join_ref);
    };
    let join = if v2 { join } else { Value::Null };
    let mut frame = Frame::new(v2, &topic, &join)?;
    let stream = socket.get_mut();

    // All of it is ready before the first byte goes out: what is measured is the reader.
    let mut flood = Vec::with_capacity(frame.bytes.len() * usize::try_from(FLOOD)?);
    for n in 0..FLOOD {
        flood.extend_from_slice(frame.change(n));
    }
    tokio::time::sleep(QUIET).await;
    stream.write_all(&flood).await?;
    drop(flood);

    // The client answers the flood with a heartbeat or nothing; it has read all of it when what
    // follows comes at its pace.
    tokio::time::sleep(QUIET).await;
    let begin = Instant::now();
    for n in 0..PACED {
        if n % BATCH == 0 {
            sleep_until(begin + Duration::from_micros(n * 1_000_000 / PACE)).await;
        }
        stream.write_all(frame.change(FLOOD + n)).await?;
    }
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}

/// A change's WebSocket frame (RFC 6455, section 5.2), of which a number and a time differ.
struct Frame {
    bytes: Vec<u8>,
    number: usize,
    sent: usize,
}

impl Frame {
    fn new(v2: bool, topic: &Value, join: &Value) -> Result<Self> {
        let text = "a line of a talk about this and that; "
            .repeat(TEXT / 38 + 1)
            .chars()
            .take(TEXT)
            .collect::<String>();
        let column = |name: &str, type_: &str| json!({"name": name, "type": type_});
        let payload = json!({
            "ids": [7],
            "data": {
                "schema": "public", "table": "chat_messages", "type": "INSERT",
                "commit_timestamp": "2026-01-02T03:04:05.678Z", "errors": null,
                "columns": [
                    column("id", "uuid"), column("session_id", "text"), column("content", "text"),
                    column("role", "text"), column("sent", "int8"), column("n", "int8"),
                ],
                "record": {
                    "id": "3a1f4c5e-9a49-4f1e-9c39-2a0a4c3a2b11", "session_id": "bench",
                    "content": text, "role": "user", "sent": now(), "n": FIRST,
                },
            },
        });
        let whole = if v2 {
            json!([join, null, topic, "postgres_changes", payload]).to_string()
        } else {
            json!({"topic": topic, "event": "postgres_changes", "payload": payload, "ref": null})
                .to_string()
        };
        // A final text frame whose length takes two bytes.
        let mut bytes = vec![0x81, 126];
        bytes.extend_from_slice(&u16::try_from(whole.len())?.to_be_bytes());
        let value = |name: &str| -> Result<usize> {
            let at = whole.find(name).context("no such column")?;
            Ok(bytes.len() + at + name.len())
        };
        let (number, sent) = (value(r#""n":"#)?, value(r#""sent":"#)?);
        bytes.extend_from_slice(whole.as_bytes());
        Ok(Self {
            bytes,
            number,
            sent,
        })
    }

    /// The frame of the change with this number, written now.
    fn change(&mut self, n: u64) -> &[u8] {
        for (at, value) in [(self.number, FIRST + n), (self.sent, now())] {
            // Neither gets a digit more while this runs.
            let digits = value.to_string();
            self.bytes[at..at + digits.len()].copy_from_slice(digits.as_bytes());
        }
        &self.bytes
    }
}
