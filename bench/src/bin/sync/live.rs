//! Changes from the socket into the encrypted cache and out as events, beside the official client,
//! which only receives them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tidings_bench::figures::{Figures, median, percentile};
use tidings_contract::{self as api, Event};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use tidings_bench::device::{Client, Device};
use tidings_bench::flood::{self, FLOOD, PACED, Told};

/// Turns of each.
const TURNS: usize = 5;

/// What the engine reads of sessions that are new is read by then.
const READ_BY_THEN: Duration = Duration::from_secs(2);

/// What one client measured in one turn.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    /// Changes a second, from the word to send them to the last one.
    per_second: f64,
    /// From the server's write to the client's word, in microseconds, at random moments.
    p50: f64,
    p99: f64,
}

/// Both by turns.
pub async fn compare(figures: &mut Figures) -> Result<()> {
    let own = std::env::current_exe()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/received.mjs");
    let mut server = Command::new(&own)
        .arg("server")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = server.stdout.take().context("the server has no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    let told = Told::read(&line.context("the server ended")?)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 1..=TURNS {
        for name in ["tidings", "realtime-js"] {
            let mut command = if name == "tidings" {
                let mut command = Command::new(&own);
                command.arg("client");
                command
            } else {
                let mut command = Command::new("node");
                command.arg(script);
                command
            };
            let output = command
                .args([&told.port, &told.key])
                .stderr(Stdio::inherit())
                .kill_on_drop(true)
                .output()
                .await?;
            let text = String::from_utf8_lossy(&output.stdout);
            let last = text.lines().last().unwrap_or_default();
            let one: Measured =
                serde_json::from_str(last).with_context(|| format!("{name} said {text:?}"))?;
            println!(
                "  turn {turn} of {TURNS}: {name:<12} {:>7.0} changes a second, p50 {:>6.0} µs, p99 {:>6.0} µs",
                one.per_second, one.p50, one.p99
            );
            let all = if name == "tidings" {
                &mut ours
            } else {
                &mut theirs
            };
            all.push(one);
        }
    }
    let ratio = |pick: fn(&Measured) -> f64| {
        median(ours.iter().map(pick)) / median(theirs.iter().map(pick))
    };
    figures.at_least(
        "changes a second into the cache to realtime-js receiving",
        ratio(|one| one.per_second),
        1.0,
    );
    figures.at_most(
        "p99 from the server's write to the event to realtime-js",
        ratio(|one| one.p99),
        1.2,
    );
    Ok(())
}

/// The engine's turn.
pub async fn client(port: &str, key: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let device = Device::in_folder(folder.path())?;
    let mut client = device.start().await?;
    let http = reqwest::Client::new();
    let name = format!("turn-{}", uuid::Uuid::new_v4());
    client
        .join(&format!("http://127.0.0.1:{port}"), key, &name)
        .await?;
    let mut sessions = Vec::new();
    for _ in 0..flood::SESSIONS {
        let session = client.call(api::CreateSession { title: None }).await?;
        sessions.push(session.id);
    }
    let session = sessions[0].clone();
    while unsent(&client).await? {
        client
            .event(|event| matches!(event, Event::Outbox { .. }).then_some(()))
            .await?;
    }
    client
        .call(api::OpenSession {
            session: session.clone(),
        })
        .await?;
    tokio::time::sleep(READ_BY_THEN).await;
    flood::go(&http, port, "hold").await?;

    flood::go(&http, port, &format!("prepare/{}", sessions.join(","))).await?;
    let began = Instant::now();
    flood::go(&http, port, "flood").await?;
    client
        .event(|event| {
            rows(event)
                .any(|row| flood::number(&row.id) == Some(FLOOD - 1))
                .then_some(())
        })
        .await?;
    let per_second = FLOOD as f64 / began.elapsed().as_secs_f64();

    // The rest is measured while nothing else is to be done.
    while client.call(api::GetStorage {}).await?.unindexed > 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let stored = client.call(api::GetStorage {}).await?.messages;
    ensure!(
        stored == FLOOD,
        "{stored} of {FLOOD} changes are in the cache"
    );

    flood::go(&http, port, &format!("pace/{session}")).await?;
    let mut waits = Vec::new();
    while waits.len() < usize::try_from(PACED)? {
        let told = client.events.next().await.context("the engine ended")?;
        let now = flood::now();
        for row in rows(&told.event) {
            if flood::number(&row.id) >= Some(FLOOD) {
                let sent = flood::sent(&row.content).context("no time of sending")?;
                waits.push(now.saturating_sub(sent) as f64);
            }
        }
    }
    client.stop().await;
    let measured = Measured {
        per_second,
        p50: percentile(&mut waits, 50),
        p99: percentile(&mut waits, 99),
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// Whether anything waits to be sent.
async fn unsent(client: &Client) -> Result<bool> {
    let snapshot = client.call(api::GetSnapshot {}).await?;
    let active = snapshot.active.context("no workspace")?;
    Ok(active.outbox.queued > 0)
}

/// Messages that an event tells.
fn rows(event: &Event) -> impl Iterator<Item = &api::MessageRow> {
    let rows = match event {
        Event::Messages { changed, .. } => changed.as_slice(),
        _ => &[],
    };
    rows.iter()
}
