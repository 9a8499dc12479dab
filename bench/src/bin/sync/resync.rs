//! Coming back after an outage, beside a bare download of the rows that were missed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use tidings_bench::bare;
use tidings_bench::figures::{Figures, median};
use tidings_bench::text::{message, session_id, session_of};
use tidings_cache::{CacheKey, Column, PartialMessage};
use tidings_contract::{self as api, Connection as State, Event};
use tidings_model::{Json, MessageId};

use crate::device::{Client, Device};
use crate::project::{self, Project};

/// Sessions, messages in all of them before the outage, and changes missed in it.
const SESSIONS: u64 = 50;
const BEFORE: u64 = 10_000;
const MISSED: u64 = 10_000;
/// Of ten changes, one is an edit of a message from before.
const EDITS: u64 = MISSED / 10;
/// Bytes of a message.
const BYTES: usize = 300;
/// Outages.
const TURNS: u64 = 5;
/// Rows of one answer.
const PAGE: usize = 1_000;

/// Outage after outage: the engine comes back, and a bare program downloads the same rows.
pub async fn compare(figures: &mut Figures) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let project = Project::start(&folder.path().join("project")).await?;
    let device = Device::in_folder(&folder.path().join("device"))?;
    let (url, key) = project.address();
    let mut client = device.start().await?;
    let user = client.join(&url, &key, "resync").await?;
    let sessions: Vec<Value> = (0..SESSIONS)
        .map(|number| project::session(session_id(number).as_str(), &user))
        .collect();
    project.insert("chat_sessions", &sessions).await?;
    project
        .insert("chat_messages", &messages(0..BEFORE, &user))
        .await?;
    held(&client, BEFORE).await?;
    client.stop().await;

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let from = BEFORE + turn * MISSED;
        let to = from + MISSED - EDITS;
        project
            .insert("chat_messages", &messages(from..to, &user))
            .await?;
        edit(&project, turn).await?;

        project.asked();
        let mut client = device.start().await?;
        let came_back = resync(&mut client).await?;
        let asked = project.asked().len();
        let there = client.call(api::GetStorage {}).await?.messages;
        let kept = BEFORE + (turn + 1) * (MISSED - EDITS);
        ensure!(
            there == kept,
            "{there} messages are in the cache, not {kept}"
        );
        client.stop().await;

        let path = folder.path().join(format!("bare-{turn}.db"));
        let bare = download(&project, &path, from, to, turn).await?;
        println!(
            "  turn {} of {TURNS}: back in {:.0} ms ({asked} requests), bare download {:.0} ms",
            turn + 1,
            came_back.as_secs_f64() * 1e3,
            bare.as_secs_f64() * 1e3
        );
        ours.push(came_back.as_secs_f64());
        theirs.push(bare.as_secs_f64());
    }
    figures.at_most(
        "resync after an outage to a bare download of its rows",
        median(ours) / median(theirs),
        1.5,
    );
    Ok(())
}

/// From the first word of the catch-up to being live.
async fn resync(client: &mut Client) -> Result<Duration> {
    client
        .event(|event| match event {
            Event::Connection { connection } => {
                matches!(connection, State::CatchingUp { .. }).then_some(())
            }
            _ => None,
        })
        .await?;
    let began = Instant::now();
    client.live().await?;
    Ok(began.elapsed())
}

/// Waits until so many messages are on the device.
async fn held(client: &Client, count: u64) -> Result<()> {
    let end = Instant::now() + crate::device::DEADLINE;
    while client.call(api::GetStorage {}).await?.messages < count {
        ensure!(Instant::now() < end, "the messages did not arrive");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn messages(numbers: std::ops::Range<u64>, user: &str) -> Vec<Value> {
    numbers
        .map(|number| project::message(&message(number, SESSIONS, BYTES), user))
        .collect()
}

/// The messages from before that a turn edits.
fn edited(turn: u64) -> std::ops::Range<u64> {
    turn * EDITS..(turn + 1) * EDITS
}

async fn edit(project: &Project, turn: u64) -> Result<()> {
    for number in edited(turn) {
        let id = message(number, SESSIONS, BYTES).id;
        let content = format!("edited in turn {turn}: {}", "w ".repeat(BYTES / 2));
        project
            .rest(
                reqwest::Method::PATCH,
                &format!("chat_messages?id=eq.{id}"),
                Some(json!({"content": content})),
            )
            .await?;
    }
    Ok(())
}

/// Downloads the rows of a turn, page after page, into a bare database that has what was there
/// before; returns how long that took.
async fn download(
    project: &Project,
    path: &Path,
    from: u64,
    to: u64,
    turn: u64,
) -> Result<Duration> {
    let key = CacheKey::generate();
    let mut conn = bare::create(path, &key).await?;
    bare::sessions(&conn, SESSIONS)?;
    let here: Vec<(u64, PartialMessage)> = (0..from)
        .filter(|number| !edited(turn).contains(number))
        .map(|number| {
            (
                session_of(number, SESSIONS),
                message(number, SESSIONS, BYTES),
            )
        })
        .collect();
    for rows in here.chunks(PAGE) {
        bare::insert(&mut conn, rows)?;
    }
    let first = at(from);
    let oldest = (at(edited(turn).start), at(edited(turn).end - 1));
    let ranges = [
        format!("created_at=gte.{first}&created_at=lte.{}", at(to - 1)),
        format!("created_at=gte.{}&created_at=lte.{}", oldest.0, oldest.1),
    ];
    let began = Instant::now();
    let mut count = 0;
    for range in ranges {
        let mut after = String::new();
        loop {
            let path = format!("chat_messages?{range}{after}&order=created_at,id&limit={PAGE}");
            let answer = project.rest(reqwest::Method::GET, &path, None).await?;
            let rows: Vec<Row> = serde_json::from_str(&answer)?;
            count += take(&mut conn, &rows)?;
            match rows.last() {
                Some(last) if rows.len() == PAGE => {
                    after = format!("&created_at=gt.{}", encoded(&last.created_at));
                }
                _ => break,
            }
        }
    }
    let spent = began.elapsed();
    ensure!(
        count == MISSED,
        "{count} rows were downloaded, not {MISSED}"
    );
    Ok(spent)
}

/// When a message was written, as an address says it.
fn at(number: u64) -> String {
    match message(number, SESSIONS, BYTES).created_at {
        Column::Value(at) => encoded(&at.to_string()),
        Column::Absent | Column::Null => String::new(),
    }
}

fn encoded(time: &str) -> String {
    time.replace('+', "%2B")
}

/// A row of the answer.
#[derive(serde::Deserialize)]
struct Row {
    id: String,
    session_id: String,
    content: String,
    role: String,
    metadata: Box<serde_json::value::RawValue>,
    created_at: String,
    updated_at: String,
    status: String,
    message_type: String,
    rev: i64,
}

fn take(conn: &mut Connection, rows: &[Row]) -> Result<u64> {
    let rows = rows.iter().map(|row| {
        let number = row.session_id.rsplit('-').next().unwrap_or_default();
        let id: MessageId = row.id.parse().context("an id")?;
        Ok((
            u64::from_str_radix(number, 16)?,
            PartialMessage {
                content: row.content.clone().into(),
                role: row.role.clone().into(),
                metadata: serde_json::from_str::<Json>(row.metadata.get())?.into(),
                created_at: row.created_at.parse::<tidings_model::Timestamp>()?.into(),
                updated_at: row.updated_at.parse::<tidings_model::Timestamp>()?.into(),
                status: row.status.clone().into(),
                kind: row.message_type.clone().into(),
                rev: Some(row.rev),
                ..PartialMessage::new(id)
            },
        ))
    });
    let rows: Vec<(u64, PartialMessage)> = rows.collect::<Result<_>>()?;
    bare::insert(conn, &rows)?;
    Ok(rows.len() as u64)
}
