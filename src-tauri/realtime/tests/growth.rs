//! What is open and closed again leaves nothing behind: tasks, channels, bytes.
//!
//! A program of its own, because it counts every byte of the process.
#![allow(clippy::unwrap_used)]

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tidings_realtime::{
    Binding, Bytes, ChannelSpec, ChannelStatus, Client, Config, ConnectError, Connector, Event,
    EventStream, Secret, TokenError, TokenSource,
};
use tokio::io::DuplexStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are allocated now.
fn held() -> usize {
    let stats = MEMORY.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

struct Nobody;

impl TokenSource for Nobody {
    fn token<'a>(
        &'a self,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>> {
        Box::pin(async { Ok(Some("a token".to_owned())) })
    }
}

struct Line(mpsc::UnboundedSender<DuplexStream>);

impl Connector for Line {
    fn connect<'a>(&'a self, _: &'a Url) -> BoxFuture<'a, Result<Box<dyn Bytes>, ConnectError>> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            self.0.send(theirs).unwrap();
            let ours: Box<dyn Bytes> = Box::new(ours);
            Ok(ours)
        })
    }
}

/// Admits every join, says that changes flow, and answers the rest.
async fn serve(socket: &mut WebSocketStream<DuplexStream>) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else {
            return;
        };
        let (join_ref, reference, topic, event, body): (
            Option<String>,
            Option<String>,
            String,
            String,
            Value,
        ) = serde_json::from_str(text.as_str()).unwrap();
        let mut bound = body["config"]["postgres_changes"].clone();
        for binding in bound.as_array_mut().into_iter().flatten() {
            binding["id"] = json!(7);
        }
        let reply = json!([join_ref, reference, topic, "phx_reply",
            {"status": "ok", "response": {"postgres_changes": bound}}]);
        let reply = Message::text(reply.to_string());
        if !matches!(event.as_str(), "broadcast" | "access_token") {
            socket.send(reply).await.unwrap();
        }
        if event == "phx_join" {
            let system = json!([join_ref, null, topic, "system", {"extension": "postgres_changes",
                "status": "ok", "message": "Subscribed to PostgreSQL"}]);
            socket
                .send(Message::text(system.to_string()))
                .await
                .unwrap();
        }
        if event == "phx_leave" {
            let close = json!([join_ref, join_ref, topic, "phx_close", {}]);
            socket.send(Message::text(close.to_string())).await.unwrap();
        }
    }
}

fn config() -> Config {
    let url = "http://project.test".parse().unwrap();
    let mut config = Config::new(url, Secret::new("sb_publishable_k"));
    config.seed = Some(1);
    config.events_per_second = 1000;
    config
}

fn spec(name: &str) -> ChannelSpec {
    let mut spec = ChannelSpec::new(name);
    spec.bindings = vec![Binding::table("public", "chat_messages")];
    spec.presence.enabled = true;
    spec
}

async fn until(events: &mut EventStream, wanted: impl Fn(&Event) -> bool) {
    loop {
        let event = tokio::time::timeout(Duration::from_hours(1), events.next());
        if wanted(&event.await.unwrap().unwrap()) {
            return;
        }
    }
}

fn became(event: &Event, name: &str, wanted: &ChannelStatus) -> bool {
    matches!(event, Event::Channel { topic, status } if topic == name && status == wanted)
}

fn settled_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

/// One owner opens a channel, uses it, and lets it go.
async fn round(client: &Client, events: &mut EventStream, number: usize) {
    let name = format!("room {number}");
    let channel = client.open(spec(&name));
    until(events, |event| {
        became(event, &name, &ChannelStatus::Subscribed)
    })
    .await;
    channel.track(&json!({ "n": number })).unwrap();
    channel.broadcast("e", &json!({ "n": number })).unwrap();
    channel.broadcast_state("typing", &json!({})).unwrap();
    drop(channel);
    until(events, |event| became(event, &name, &ChannelStatus::Closed)).await;
    // Until the server's goodbye has come, too.
    while !client.diagnostics().channels.is_empty() {
        tokio::task::yield_now().await;
    }
}

/// What `rounds` of something leave behind, in bytes.
async fn grown(rounds: usize, mut each: impl AsyncFnMut(usize)) -> (usize, usize) {
    let before = held();
    for number in 0..rounds {
        each(number).await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    (held().saturating_sub(before), tasks())
}

/// A buffer that doubled, or a table that grew: never with the number of rounds.
const SLACK: usize = 64 * 1024;

#[test]
fn a_thousand_rounds_leave_nothing_behind() {
    settled_runtime().block_on(async {
        let (sender, mut lines) = mpsc::unbounded_channel();
        let (client, mut events) =
            Client::start_with(config(), Arc::new(Nobody), Arc::new(Line(sender)));
        client.connect();
        let server = tokio::spawn(async move {
            while let Some(line) = lines.recv().await {
                let mut socket = tokio_tungstenite::accept_async(line).await.unwrap();
                serve(&mut socket).await;
            }
        });
        // Everything that is made once is made.
        for number in 0..100 {
            round(&client, &mut events, number).await;
        }
        let before = tasks();
        let (bytes, left) = grown(1000, async |number| {
            round(&client, &mut events, number).await;
        })
        .await;
        assert_eq!(left, before);
        assert!(client.diagnostics().channels.is_empty());
        assert!(bytes < SLACK, "{bytes} bytes more after 1,000 channels");

        // One channel over very many messages.
        let channel = client.open(spec("chat"));
        until(&mut events, |event| {
            became(event, "chat", &ChannelStatus::Subscribed)
        })
        .await;
        let (bytes, left) = grown(20_000, async |number| {
            channel
                .broadcast_state("typing", &json!({ "n": number, "text": "x".repeat(300) }))
                .unwrap();
            tokio::task::yield_now().await;
        })
        .await;
        assert_eq!(left, before);
        assert!(bytes < SLACK, "{bytes} bytes more after 20,000 broadcasts");
        drop(channel);

        // A thousand sockets, each with a channel on it.
        let (bytes, left) = grown(1000, async |_| {
            client.reconnect_now();
            let channel = client.open(spec("room"));
            until(&mut events, |event| {
                became(event, "room", &ChannelStatus::Subscribed)
            })
            .await;
            drop(channel);
            until(&mut events, |event| {
                became(event, "room", &ChannelStatus::Closed)
            })
            .await;
        })
        .await;
        assert_eq!(left, before);
        assert!(bytes < SLACK, "{bytes} bytes more after 1,000 sockets");

        drop((client, events));
        server.await.unwrap();
        assert_eq!(tasks(), 0);
    });
}
