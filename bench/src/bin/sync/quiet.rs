//! Coming back when nothing changed, and the memory that a large cache takes.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidings_bench::figures::{Figures, median, memory};
use tidings_bench::text::{message, place_in_session, session_id};
use tidings_cache::{Cache, Head, Incoming, NumberedChanges, PartialSession, ReadStamp, Source};
use tidings_contract as api;
use tidings_model::{Clock as _, SessionId, SystemClock, UserId};

use tidings_bench::device::Device;
use tidings_bench::project::{self, Project};

/// Messages of a session.
const A_SESSION: u64 = 200;
/// Bytes of a message.
const BYTES: usize = 300;
/// Rows of one transaction.
const BATCH: u64 = 2_000;
/// Starts whose memory is compared.
const STARTS: usize = 3;
/// The engine gives memory back after ten seconds without a read.
const AT_REST: Duration = Duration::from_secs(12);

/// A row of `chat_sync_heads`.
#[derive(Deserialize)]
struct HeadRow {
    session_id: String,
    last_rev: i64,
}

/// What is read of a listed session.
#[derive(Deserialize)]
struct Listed<'t> {
    id: &'t str,
}

pub async fn compare(messages: u64, figures: &mut Figures) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let sessions = (messages / A_SESSION).max(1);
    let project = Project::start(&folder.path().join("project")).await?;
    let (url, key) = project.address();
    let empty = folder.path().join("empty");
    let mut client = Device::in_folder(&empty)?.start().await?;
    client.join(&url, &key, "nobody").await?;
    client.stop().await;
    let full = folder.path().join("full");
    let device = Device::in_folder(&full)?;
    let mut client = device.start().await?;
    let user = client.join(&url, &key, "everybody").await?;
    client.stop().await;
    println!("  writing {messages} messages in {sessions} sessions into a project");
    fill_project(&project, &user, messages, sessions).await?;
    println!("  and into a cache");
    fill_cache(&project, &device, &user, messages, sessions).await?;

    project.asked();
    let back = started(&full).await?;
    let asked: Vec<String> = project.asked();
    let chat: Vec<&String> = asked.iter().filter(|it| it.contains("chat_")).collect();
    println!("  asked while catching up: {asked:?}");
    ensure!(
        back.sessions == sessions,
        "{} sessions are listed",
        back.sessions
    );
    let file = std::fs::metadata(device.cache()?.0)?.len();
    figures.at_most(
        "requests to catch up when nothing changed",
        chat.len() as f64,
        1.0,
    );
    figures.note(
        "start and catch-up: read of the cache's file",
        100.0 * back.read as f64 / file as f64,
        "%",
        Some(1.0),
        None,
    );

    let mut ratios = Vec::new();
    for _ in 0..STARTS {
        let (small, large) = (started(&empty).await?, started(&full).await?);
        let (small, large) = (small.memory, large.memory);
        println!("  memory of the backend: {large:.1} MiB, empty {small:.1} MiB");
        ratios.push(large / small);
    }
    let name = format!("memory of the backend, {messages} messages to none");
    figures.at_most(&name, median(ratios), 1.3);
    Ok(())
}

async fn fill_project(project: &Project, user: &str, messages: u64, sessions: u64) -> Result<()> {
    let rows: Vec<Value> = (0..sessions)
        .map(|number| project::session(session_id(number).as_str(), user))
        .collect();
    project.insert("chat_sessions", &rows).await?;
    let mut at = 0;
    while at < messages {
        let end = (at + BATCH).min(messages);
        let rows: Vec<Value> = (at..end)
            .map(|number| project::message(&message(number, sessions, BYTES), user))
            .collect();
        project.insert("chat_messages", &rows).await?;
        at = end;
    }
    Ok(())
}

/// The same rows, as a first download would have left them.
async fn fill_cache(
    project: &Project,
    device: &Device,
    user: &str,
    messages: u64,
    sessions: u64,
) -> Result<()> {
    let (path, key) = device.cache()?;
    let (cache, _) = Cache::open(&path, &key)?;
    let (now, owner) = (SystemClock.now(), UserId::new(user)?);
    let source = || {
        Source::Rest(ReadStamp {
            began: cache.stamp(),
            ended: cache.stamp(),
        })
    };
    let facts = (0..sessions).map(|number| Incoming::Session {
        row: PartialSession {
            user_id: owner.clone().into(),
            title: format!("Session {number}").into(),
            status: "active".to_owned().into(),
            last_activity: now.into(),
            created_at: now.into(),
            updated_at: now.into(),
            rev: Some(1),
            ..PartialSession::new(session_id(number))
        },
        source: source(),
    });
    cache.ingest(facts.collect()).await?;
    let mut at = 0;
    while at < messages {
        let end = (at + BATCH).min(messages);
        let facts = (at..end).map(|number| {
            let mut row = message(number, sessions, BYTES);
            row.rev = i64::try_from(place_in_session(number, sessions) + 2).ok();
            Incoming::Message {
                row,
                source: source(),
            }
        });
        cache.ingest(facts.collect()).await?;
        at = end;
    }
    while cache.index_some(1_000).await? > 0 {}
    let mut heads = Vec::new();
    loop {
        let path = format!(
            "chat_sync_heads?order=session_id&limit=1000&offset={}",
            heads.len()
        );
        let answer = project.rest(reqwest::Method::GET, &path, None).await?;
        let page: Vec<HeadRow> = serde_json::from_str(&answer)?;
        let done = page.is_empty();
        for row in page {
            heads.push(Head {
                session: SessionId::new(row.session_id)?,
                last_rev: row.last_rev,
                gone: false,
            });
        }
        if done {
            break;
        }
    }
    let whole = heads.iter().map(|head| head.session.clone()).collect();
    cache
        .apply_changes(NumberedChanges {
            heads,
            whole,
            verified_at: now,
            ..NumberedChanges::default()
        })
        .await?;
    cache.close().await;
    Ok(())
}

/// What a start in a process of its own tells.
#[derive(Serialize, Deserialize)]
struct Started {
    /// Bytes that it read from files until it was live.
    read: u64,
    /// Sessions listed.
    sessions: u64,
    /// MiB in the end.
    memory: f64,
}

/// Bytes that this process has read.
fn bytes_read() -> Result<u64> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    Ok(line.context("no rchar")?.trim().parse()?)
}

/// The engine in a process of its own, with what is in a folder.
async fn started(folder: &Path) -> Result<Started> {
    let output = tokio::process::Command::new(std::env::current_exe()?)
        .arg("backend")
        .arg(folder)
        .stderr(std::process::Stdio::inherit())
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("{text:?}"))
}

/// Opens what is in a folder, asks what a window asks first, and tells what that took.
pub async fn backend(folder: &Path) -> Result<()> {
    let before = bytes_read()?;
    let mut client = Device::in_folder(folder)?.start().await?;
    client.live().await?;
    let read = bytes_read()? - before;
    // The rows are for the page: what it makes of them is not the backend's memory.
    let listed = client.ask(api::ListSessions {}).await?;
    let ids = serde_json::from_str::<Vec<Listed<'_>>>(listed.get())?;
    let sessions = ids.len() as u64;
    if let Some(first) = ids.first() {
        let session = first.id.to_owned();
        client
            .ask(api::OpenSession {
                session: session.clone(),
            })
            .await?;
        client
            .ask(api::GetMessages {
                session,
                at: api::PageAt::Latest,
                limit: 60,
            })
            .await?;
    }
    drop(ids);
    drop(listed);
    tokio::time::sleep(AT_REST).await;
    let told = Started {
        read,
        sessions,
        memory: memory("self")?,
    };
    client.stop().await;
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}
