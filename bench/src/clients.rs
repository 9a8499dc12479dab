//! The Rust clients that are compared.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use rp_supabase_realtime::ConnectionOptions;
use rp_supabase_realtime::message::ProtocolMessage;
use rp_supabase_realtime::message::postgres_changes::PostgresChange;
use rp_supabase_realtime::realtime::{RealtimeBaseConnection, typed_changes};
use serde::Deserialize;
use tidings_realtime::{
    Binding, ChannelSpec, Client, Config, Event, Secret, TokenError, TokenSource, Vsn,
};
use url::Url;

use crate::server::{FIRST, FLOOD, PACED, now};
use crate::{Measured, allocations};

/// Takes in what a client reads, in either phase.
struct Meter {
    begin: Option<Instant>,
    flooded: Option<f64>,
    allocated: (u64, u64),
    per_frame: (f64, f64),
    waits: Vec<u64>,
    next: u64,
}

impl Meter {
    fn new() -> Self {
        Self {
            begin: None,
            flooded: None,
            allocated: (0, 0),
            per_frame: (0.0, 0.0),
            waits: Vec::with_capacity(usize::try_from(PACED).unwrap_or(0)),
            next: FIRST,
        }
    }

    /// One change was read. True when it was the last.
    fn read(&mut self, n: u64, sent: u64) -> Result<bool> {
        ensure!(n == self.next, "change {n} came in place of {}", self.next);
        self.next += 1;
        let n = n - FIRST;
        if n == 0 {
            self.begin = Some(Instant::now());
            self.allocated = allocations::so_far();
        } else if n == FLOOD - 1 {
            let begin = self.begin.context("no beginning")?;
            let frames = as_f64(FLOOD - 1);
            self.flooded = Some(frames / begin.elapsed().as_secs_f64());
            let (count, bytes) = allocations::so_far();
            self.per_frame = (
                as_f64(count - self.allocated.0) / frames,
                as_f64(bytes - self.allocated.1) / frames,
            );
        } else if n >= FLOOD {
            self.waits.push(now().saturating_sub(sent));
        }
        Ok(n + 1 == FLOOD + PACED)
    }

    fn measured(mut self) -> Result<Measured> {
        self.waits.sort_unstable();
        let at = |share: usize| as_f64(self.waits[self.waits.len() * share / 100]);
        Ok(Measured {
            per_second: self.flooded.context("the flood did not end")?,
            p50: at(50),
            p99: at(99),
            allocations: Some(self.per_frame.0),
            bytes: Some(self.per_frame.1),
        })
    }
}

/// Exact below 2^53, which these counts are.
fn as_f64(count: u64) -> f64 {
    count as f64
}

struct Nobody;

impl TokenSource for Nobody {
    fn token<'a>(
        &'a self,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Tidings' client.
pub async fn tidings(version: &str, port: &str) -> Result<Measured> {
    let url = Url::parse(&format!("http://127.0.0.1:{port}"))?;
    let mut config = Config::new(url, Secret::new("sb_publishable_bench"));
    config.vsn = Vsn::parse(version).context("no such version")?;
    // The others keep whatever comes; here a reader that is this far behind would be told to
    // read everything again.
    config.event_capacity = usize::try_from(FLOOD)?;
    let (client, mut events) = Client::start(config, Arc::new(Nobody));
    client.connect();
    let _channel = client.open(ChannelSpec {
        bindings: vec![Binding::table("public", "chat_messages")],
        ..ChannelSpec::new("bench")
    });
    let mut meter = Meter::new();
    while let Some(event) = events.next().await {
        let Event::Change { change, .. } = event else {
            ensure!(!matches!(event, Event::Lagged), "changes were lost");
            continue;
        };
        let row = change.record.context("a change without a row")?;
        let number = |name: &str| -> Result<u64> {
            let cell = row.get(name).with_context(|| format!("no {name}"))?;
            Ok(cell.as_str().parse()?)
        };
        if meter.read(number("n")?, number("sent")?)? {
            break;
        }
    }
    meter.measured()
}

#[derive(Deserialize)]
struct Row {
    #[allow(dead_code, reason = "decoded as an app would, and not looked at")]
    content: String,
    n: u64,
    sent: u64,
}

/// The crate `rp-supabase-realtime`.
pub async fn rival(port: &str) -> Result<Measured> {
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/realtime/v1/websocket"))?;
    let (mut sender, receiver) = rp_supabase_realtime::futures::channel::mpsc::channel(4);
    let mut join = br#"{"topic":"realtime:bench","event":"phx_join","payload":{"config":{"broadcast":{"self":false,"ack":false},"presence":{"enabled":false,"key":""},"postgres_changes":[{"event":"*","schema":"public","table":"chat_messages"}],"private":false}},"ref":null,"join_ref":null}"#.to_vec();
    let join: ProtocolMessage = rp_supabase_realtime::simd_json::from_slice(&mut join)?;
    let stream = RealtimeBaseConnection::new(url)
        .with_options(ConnectionOptions::default())
        .connect(receiver)
        .await?;
    sender.send(Ok(join)).await?;
    let mut changes = std::pin::pin!(typed_changes::<Row>(stream));
    let mut meter = Meter::new();
    while let Some(change) = changes.next().await {
        let PostgresChange::Insert { record, .. } = change? else {
            continue;
        };
        if meter.read(record.n, record.sent)? {
            break;
        }
    }
    meter.measured()
}
