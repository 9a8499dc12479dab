//! A second client that shares no code with the app's: plain HTTP, and a bare WebSocket.

use std::collections::VecDeque;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tidings_testkit::{Actor, DEADLINE};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Somebody at a project, or its service.
#[derive(Debug, Clone)]
pub struct Peer {
    http: reqwest::Client,
    url: String,
    key: String,
    bearer: String,
    user: Option<String>,
}

impl Peer {
    /// Makes an account.
    pub async fn sign_up(url: &str, key: &str, actor: &Actor) -> Result<Self> {
        Self::authenticate(url, key, "signup", actor).await
    }

    /// Signs in.
    pub async fn sign_in(url: &str, key: &str, actor: &Actor) -> Result<Self> {
        Self::authenticate(url, key, "token?grant_type=password", actor).await
    }

    /// The service, which no policy binds.
    pub fn service(url: &str, key: &str) -> Result<Self> {
        Ok(Self {
            http: http()?,
            url: url.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            bearer: key.to_owned(),
            user: None,
        })
    }

    async fn authenticate(url: &str, key: &str, path: &str, actor: &Actor) -> Result<Self> {
        let mut peer = Self::service(url, key)?;
        let answer = peer
            .http
            .post(format!("{}/auth/v1/{path}", peer.url))
            .header("apikey", key)
            .json(&json!({"email": actor.email, "password": actor.password}))
            .send()
            .await?;
        let session: Value = ok(answer).await?;
        let token = session["access_token"].as_str().context("no token")?;
        token.clone_into(&mut peer.bearer);
        peer.user = session["user"]["id"].as_str().map(str::to_owned);
        Ok(peer)
    }

    /// Signs out everywhere.
    pub async fn end_all_sessions(&self) -> Result<()> {
        let url = format!("{}/auth/v1/logout?scope=global", self.url);
        let request = self
            .http
            .post(url)
            .header("apikey", &self.key)
            .bearer_auth(&self.bearer);
        let answer = request.send().await?;
        if !answer.status().is_success() {
            bail!("{}", answer.status());
        }
        Ok(())
    }

    /// The id of the user signed in; empty for the service.
    pub fn user(&self) -> &str {
        self.user.as_deref().unwrap_or_default()
    }

    /// Rows; `query` is PostgREST's, say `id=eq.1&order=created_at`.
    pub async fn select(&self, table: &str, query: &str) -> Result<Vec<Value>> {
        self.rest(Method::GET, table, query, None).await
    }

    /// Inserts a row and returns it as stored.
    pub async fn insert(&self, table: &str, row: Value) -> Result<Value> {
        let mut rows = self.rest(Method::POST, table, "", Some(row)).await?;
        rows.pop().context("nothing was inserted")
    }

    /// Changes rows and returns them.
    pub async fn update(&self, table: &str, query: &str, change: Value) -> Result<Vec<Value>> {
        self.rest(Method::PATCH, table, query, Some(change)).await
    }

    /// Deletes rows and returns them.
    pub async fn delete(&self, table: &str, query: &str) -> Result<Vec<Value>> {
        self.rest(Method::DELETE, table, query, None).await
    }

    /// Makes a bucket; the service alone may.
    pub async fn make_bucket(&self, name: &str, public: bool) -> Result<()> {
        let body = json!({"name": name, "public": public}).to_string();
        let made = self.storage(Method::POST, "bucket", "application/json", body.into());
        made.await.map(drop)
    }

    /// Stores an object, in the place of one of its name; `path` is `bucket/path`, encoded.
    pub async fn store(&self, path: &str, mime_type: &str, content: Vec<u8>) -> Result<()> {
        let path = format!("object/{path}");
        let stored = self.storage(Method::PUT, &path, mime_type, content);
        stored.await.map(drop)
    }

    /// Removes objects of a bucket.
    pub async fn remove(&self, bucket: &str, names: &[&str]) -> Result<()> {
        let body = json!({"prefixes": names}).to_string();
        let path = format!("object/{bucket}");
        let removed = self.storage(Method::DELETE, &path, "application/json", body.into());
        removed.await.map(drop)
    }

    async fn storage(
        &self,
        method: Method,
        path: &str,
        mime_type: &str,
        body: Vec<u8>,
    ) -> Result<Value> {
        let request = self
            .http
            .request(method, format!("{}/storage/v1/{path}", self.url))
            .header("apikey", &self.key)
            .header("content-type", mime_type)
            .bearer_auth(&self.bearer)
            .body(body);
        ok(request.send().await?).await
    }

    async fn rest(
        &self,
        method: Method,
        table: &str,
        query: &str,
        body: Option<Value>,
    ) -> Result<Vec<Value>> {
        let mut request = self
            .http
            .request(method, format!("{}/rest/v1/{table}?{query}", self.url))
            .header("apikey", &self.key)
            .header("prefer", "return=representation")
            .bearer_auth(&self.bearer);
        if let Some(body) = body {
            request = request.json(&body);
        }
        ok(request.send().await?).await
    }

    /// Joins a channel, and waits until its row changes flow if `config` asks for some.
    pub async fn join(&self, topic: &str, config: Value) -> Result<Room> {
        let address = self.url.replacen("http", "ws", 1);
        let address = format!(
            "{address}/realtime/v1/websocket?apikey={}&vsn=2.0.0",
            self.key
        );
        let (socket, _) = connect_async(address).await?;
        let mut room = Room {
            socket,
            topic: format!("realtime:{topic}"),
            aside: VecDeque::new(),
            next: 2,
        };
        let changes = config.get("postgres_changes").is_some();
        let join = json!({"config": config, "access_token": self.bearer});
        room.send(json!(["1", "1", room.topic, "phx_join", join]))
            .await?;
        let reply = room.find("phx_reply", |_| true).await?;
        if reply["status"] != "ok" {
            bail!("the join was refused: {reply}");
        }
        if changes {
            room.find("system", |system| system["extension"] == "postgres_changes")
                .await?;
        }
        Ok(room)
    }

    /// Follows every change of a table that this peer may see.
    pub async fn changes(&self, table: &str) -> Result<Room> {
        let bindings = json!([{"event": "*", "schema": "public", "table": table}]);
        self.join(
            &format!("peer-{table}"),
            json!({"postgres_changes": bindings}),
        )
        .await
    }
}

/// One channel on a socket of its own.
pub struct Room {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    topic: String,
    aside: VecDeque<(String, Value)>,
    next: u64,
}

impl Room {
    /// Sends a message.
    pub async fn push(&mut self, event: &str, payload: Value) -> Result<()> {
        let reference = self.next.to_string();
        self.next += 1;
        self.send(json!(["1", reference, self.topic, event, payload]))
            .await
    }

    /// Says that a user is here, with these words.
    pub async fn track(&mut self, meta: Value) -> Result<()> {
        self.push(
            "presence",
            json!({"type": "presence", "event": "track", "payload": meta}),
        )
        .await
    }

    /// Tells the others on the channel.
    pub async fn broadcast(&mut self, event: &str, payload: Value) -> Result<()> {
        let message = json!({"type": "broadcast", "event": event, "payload": payload});
        self.push("broadcast", message).await
    }

    /// The payload of the next message of this event for which `wanted` holds; the others are
    /// kept.
    pub async fn find(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        self.find_where(event, |name, payload| name == event && wanted(payload))
            .await
    }

    /// Waits until this user is here with an entry for which `wanted` holds: among those who were
    /// here on entering, or by coming later.
    pub async fn find_here(&mut self, user: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let is_here = |name: &str, payload: &Value| {
            let people = match name {
                "presence_state" => payload,
                "presence_diff" => &payload["joins"],
                _ => return false,
            };
            let entries = people[user]["metas"].as_array();
            entries.is_some_and(|entries| entries.iter().any(&wanted))
        };
        self.find_where("presence", is_here).await?;
        Ok(())
    }

    async fn find_where(
        &mut self,
        what: &str,
        wanted: impl Fn(&str, &Value) -> bool,
    ) -> Result<Value> {
        let known = self
            .aside
            .iter()
            .position(|(name, payload)| wanted(name, payload));
        if let Some((_, payload)) = known.and_then(|at| self.aside.remove(at)) {
            return Ok(payload);
        }
        let found = timeout(DEADLINE, async {
            loop {
                let message = self.socket.next().await.context("the socket ended")??;
                let Some((name, payload)) = read(&message)? else {
                    continue;
                };
                if wanted(&name, &payload) {
                    return Ok(payload);
                }
                self.aside.push_back((name, payload));
            }
        });
        found
            .await
            .with_context(|| format!("no such {what}; there are {:?}", self.aside))?
    }

    /// The next row change of this kind (`INSERT`, `UPDATE`, `DELETE`): its `data`.
    pub async fn change(&mut self, kind: &str) -> Result<Value> {
        let mut payload = self
            .find("postgres_changes", |payload| {
                payload["data"]["type"] == kind
            })
            .await?;
        Ok(payload["data"].take())
    }

    async fn send(&mut self, frame: Value) -> Result<()> {
        Ok(self.socket.send(Message::text(frame.to_string())).await?)
    }
}

/// Event and payload of a frame, whichever form it has.
fn read(message: &Message) -> Result<Option<(String, Value)>> {
    match message {
        Message::Text(text) => {
            let mut frame: Value = serde_json::from_str(text)?;
            let event = frame[3].as_str().unwrap_or_default().to_owned();
            Ok(Some((event, frame[4].take())))
        }
        // A user's broadcast: kind 4, the lengths of topic, event and metadata, the encoding,
        // then these three and the payload.
        Message::Binary(bytes) if bytes.first() == Some(&4) && bytes.len() > 5 => {
            let length = |at: usize| usize::from(bytes[at]);
            let topic = 5 + length(1);
            let event = topic + length(2);
            let payload = event + length(3);
            let name = bytes.get(topic..event).context("a short frame")?;
            let payload: Value =
                serde_json::from_slice(bytes.get(payload..).context("a short frame")?)?;
            let name = String::from_utf8_lossy(name).into_owned();
            Ok(Some((
                "broadcast".to_owned(),
                json!({"event": name, "payload": payload}),
            )))
        }
        _ => Ok(None),
    }
}

async fn ok<T: serde::de::DeserializeOwned>(answer: reqwest::Response) -> Result<T> {
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("{}: {text}", StatusCode::as_u16(&status));
    }
    serde_json::from_str(&text).with_context(|| text)
}

pub(crate) fn http() -> Result<reqwest::Client> {
    // Another part of the test may have installed the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()?)
}
