//! A bare WebSocket client, the server it talks to, and named actors.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tidings_local::auth::token::sign;
use tidings_local::realtime::RealtimeBehaviour;
use tidings_local::store::schema;
use tidings_local::store::{Row, StoreError, Value as Cell};
use tidings_local::{Behaviour, LocalServer, Options, Secret, Secrets};
use tidings_model::{Clock, Timestamp};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub const SECRET: &str = "super-secret-jwt-token-with-at-least-32-characters-long";
pub const ALICE: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
pub const BOB: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
/// How long a condition may take to come true.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Answers at once where the real server takes its time.
pub fn quick() -> RealtimeBehaviour {
    RealtimeBehaviour {
        subscribed_delay: Duration::ZERO,
        resubscribed_delay: Duration::ZERO,
        join_error_delay: Duration::ZERO,
        refusal_delay: Duration::ZERO,
        ..RealtimeBehaviour::default()
    }
}

pub async fn start(realtime: RealtimeBehaviour) -> LocalServer {
    start_at(realtime, Arc::new(tidings_model::SystemClock)).await
}

pub async fn start_at(realtime: RealtimeBehaviour, clock: Arc<dyn Clock>) -> LocalServer {
    let secrets = Secrets {
        publishable_key: Secret::new("sb_publishable_test"),
        service_role_key: Secret::new("sb_secret_test"),
        jwt_secret: Secret::new(SECRET),
    };
    LocalServer::start(Options {
        secrets: Some(secrets),
        behaviour: Behaviour {
            realtime,
            ..Behaviour::default()
        },
        clock,
        ..Options::default()
    })
    .await
    .unwrap()
}

/// A token of the signed-in user `sub` that lasts for so many seconds.
pub fn token(sub: &str, seconds: i64) -> String {
    let now = tidings_model::SystemClock.now().as_micros() / 1_000_000;
    sign(
        SECRET,
        &json!({"role": "authenticated", "sub": sub, "iat": now, "exp": now + seconds}),
    )
}

/// One socket. Frames are told as `[join_ref, ref, topic, event, payload]`.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    set_aside: VecDeque<Value>,
    next: u64,
    old: bool,
}

impl Client {
    pub async fn connect(server: &LocalServer) -> Self {
        Self::connect_with(server, "apikey=sb_publishable_test&vsn=2.0.0")
            .await
            .unwrap()
    }

    pub async fn connect_with(
        server: &LocalServer,
        query: &str,
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let address = server.info().url.replacen("http", "ws", 1);
        let (socket, _) = connect_async(format!("{address}/realtime/v1/websocket?{query}")).await?;
        Ok(Self {
            socket,
            set_aside: VecDeque::new(),
            next: 1,
            old: !query.contains("vsn=2.0.0"),
        })
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn send_binary(&mut self, bytes: &[u8]) {
        let bytes = Bytes::copy_from_slice(bytes);
        self.socket.send(Message::Binary(bytes)).await.unwrap();
    }

    /// Sends a message with a fresh reference, and returns it.
    pub async fn push(&mut self, join: &str, topic: &str, event: &str, payload: Value) -> String {
        let reference = self.next.to_string();
        self.next += 1;
        self.send_text(&json!([join, reference, topic, event, payload]).to_string())
            .await;
        reference
    }

    /// Joins `topic` and returns the join's reference and the reply's payload.
    pub async fn join(&mut self, topic: &str, config: Value, token: &str) -> (String, Value) {
        let join = self.next.to_string();
        let payload = json!({"config": config, "access_token": token});
        self.push(&join, topic, "phx_join", payload).await;
        let reply = self.reply(&join).await;
        (join, reply)
    }

    /// Joins and waits until row changes flow.
    pub async fn subscribe(&mut self, topic: &str, bindings: Value, token: &str) -> String {
        let config = json!({"postgres_changes": bindings});
        let (join, reply) = self.join(topic, config, token).await;
        assert_eq!(reply["status"], "ok");
        let system = self.event("system").await;
        assert_eq!(system["message"], "Subscribed to PostgreSQL");
        join
    }

    /// The payload of the reply to `reference`.
    pub async fn reply(&mut self, reference: &str) -> Value {
        self.find(|frame| frame[3] == "phx_reply" && frame[1] == reference)
            .await[4]
            .take()
    }

    /// The payload of the next event of this name.
    pub async fn event(&mut self, name: &str) -> Value {
        self.find(|frame| frame[3] == name).await[4].take()
    }

    /// The next frame for which `wanted` holds; others are set aside.
    pub async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.set_aside.iter().position(&wanted) {
            return self.set_aside.remove(at).unwrap();
        }
        loop {
            let frame = self.receive().await;
            if wanted(&frame) {
                return frame;
            }
            self.set_aside.push_back(frame);
        }
    }

    /// The next frame in the order of arrival.
    pub async fn next(&mut self) -> Value {
        match self.set_aside.pop_front() {
            Some(frame) => frame,
            None => self.receive().await,
        }
    }

    /// What has arrived when everything sent before has been answered.
    pub async fn drain(&mut self) -> Vec<Value> {
        let reference = format!("drain-{}", self.next);
        self.next += 1;
        let beat = if self.old {
            json!({"topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": reference})
        } else {
            json!([null, reference, "phoenix", "heartbeat", {}])
        };
        self.send_text(&beat.to_string()).await;
        self.find(|frame| frame[2] == "phoenix" && frame[1] == reference.as_str())
            .await;
        self.set_aside.drain(..).collect()
    }

    /// The text of the next text frame of this event, as it came.
    pub async fn raw(&mut self, event: &str) -> String {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await;
            match message.expect("a frame within the deadline") {
                Some(Ok(Message::Text(text))) if read_text(&text)[3] == event => {
                    return text.to_string();
                }
                Some(Ok(_)) => {}
                other => panic!("the connection ended: {other:?}"),
            }
        }
    }

    async fn receive(&mut self) -> Value {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await;
            match message.expect("a frame within the deadline") {
                Some(Ok(Message::Text(text))) => return read_text(&text),
                Some(Ok(Message::Binary(bytes))) => return read_binary(&bytes),
                Some(Ok(_)) => {}
                other => panic!("the connection ended: {other:?}"),
            }
        }
    }

    /// How the connection ends: the code of the close frame, or none when there was none.
    pub async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match timeout(DEADLINE, self.socket.next())
                .await
                .expect("the end within the deadline")
            {
                Some(Ok(Message::Close(frame))) => {
                    code = frame.map(|CloseFrame { code, .. }| code.into());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return code,
            }
        }
    }

    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
    }
}

/// A frame of either version as a version 2 array.
pub fn read_text(text: &str) -> Value {
    let mut frame: Value = serde_json::from_str(text).unwrap();
    if frame.is_array() {
        return frame;
    }
    let mut take = |name: &str| frame.get_mut(name).map_or(Value::Null, Value::take);
    json!([
        take("join_ref"),
        take("ref"),
        take("topic"),
        take("event"),
        take("payload")
    ])
}

/// A binary frame, as text where it is text.
pub fn read_binary(bytes: &[u8]) -> Value {
    json!([null, null, null, "binary", String::from_utf8_lossy(bytes)])
}

/// Waits until `holds`, which changes by itself.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, waiting).await.expect(what);
}

/// A row with the defaults of its table and these values.
pub fn row(table: &str, values: &Value) -> Row {
    let table = schema::table(table).unwrap();
    let now = tidings_model::SystemClock.now();
    let values = table
        .columns
        .iter()
        .map(|column| match values.get(column.name) {
            None => Cell::default_of(column, now),
            Some(value) => {
                let raw = serde_json::value::to_raw_value(value).unwrap();
                Cell::from_json(column.kind, &raw, now).unwrap()
            }
        })
        .collect();
    Row { table, values }
}

/// Writes through the store, as REST does.
pub async fn insert(server: &LocalServer, table: &str, values: Value) -> Row {
    let row = row(table, &values);
    let stored = row.clone();
    write(server, move |tx| tx.insert(stored)).await;
    row
}

pub async fn update(server: &LocalServer, old: &Row, changes: &Value) -> Row {
    let mut new = old.clone();
    for (column, cell) in old.table.columns.iter().zip(&mut new.values) {
        if let Some(value) = changes.get(column.name) {
            let raw = serde_json::value::to_raw_value(value).unwrap();
            *cell = Cell::from_json(column.kind, &raw, Timestamp::default()).unwrap();
        }
    }
    let (before, after) = (old.clone(), new.clone());
    write(server, move |tx| tx.update(before, after)).await;
    new
}

pub async fn delete(server: &LocalServer, row: &Row) {
    let row = row.clone();
    write(server, move |tx| tx.delete(row)).await;
}

pub async fn write(
    server: &LocalServer,
    work: impl FnOnce(&mut tidings_local::store::WriteTx<'_>) -> Result<(), StoreError> + Send + 'static,
) {
    server.state().store().write(work).await.unwrap();
}

/// A session of `user`, whose messages only that user sees.
pub async fn session(server: &LocalServer, id: &str, user: &str) {
    insert(server, "chat_sessions", json!({"id": id, "user_id": user})).await;
}

pub async fn message(server: &LocalServer, session: &str, user: &str, content: &str) -> Row {
    insert(
        server,
        "chat_messages",
        json!({"session_id": session, "user_id": user, "content": content, "role": "user"}),
    )
    .await
}
