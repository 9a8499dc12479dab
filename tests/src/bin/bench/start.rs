//! How long a start takes and how much memory the program has at rest, against a blank window.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use tidings_model::{Clock as _, SystemClock, Timestamp};
use tidings_testkit::{TempDir, alice, scratch, wait_for};
use tidings_tests::process::Process;
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;
use tidings_tests::webdriver::{App, Window};

use crate::{DEADLINE, Measure, median};

/// Starts of each program, one after the other in turn; the middle one counts.
const STARTS: usize = 7;
/// Messages in the session that is shown at the start.
const MESSAGES: i64 = 200;

const START_AIM: f64 = 1.3;
const MEMORY_AIM: f64 = 1.3;

/// What one start of a program took.
struct Start {
    /// From the start of the process to the mark, in milliseconds.
    shown: f64,
    /// Memory of all its processes at rest, shared pages counted once, in mebibytes.
    memory: f64,
}

/// Starts both programs in turn. What is told is a ratio: a slow machine is slow for both. Both mark
/// the moment at which their page is on the screen (`shown`): the blank one its first frame, Tidings
/// the messages of the session that was open last.
pub async fn measure(app: &Path, blank: &Path) -> Result<Vec<Measure>> {
    let project = Project::start().await;
    let data = filled(&project).await?;
    let (mut own, mut empty) = (Vec::new(), Vec::new());
    for round in 1..=STARTS {
        let of_blank = start(blank, App::at(blank)).await?;
        let prepared = App::at(app)
            .arg("--data-dir")
            .arg(data.path().display().to_string());
        let of_app = start(app, prepared).await?;
        println!(
            "start {round} of {STARTS}: blank {:.0} ms, {:.0} MiB; Tidings {:.0} ms, {:.0} MiB",
            of_blank.shown, of_blank.memory, of_app.shown, of_app.memory
        );
        empty.push(of_blank);
        own.push(of_app);
    }
    let shown = |starts: &[Start]| median(starts.iter().map(|start| start.shown));
    let memory = |starts: &[Start]| median(starts.iter().map(|start| start.memory));
    Ok(vec![
        Measure::plain("start of a blank window", shown(&empty), "ms"),
        Measure::plain("start to the last session", shown(&own), "ms"),
        Measure::ratio("start", shown(&own) / shown(&empty), START_AIM),
        Measure::plain("memory of a blank window", memory(&empty), "MiB"),
        Measure::plain("memory", memory(&own), "MiB"),
        Measure::ratio("memory (PSS)", memory(&own) / memory(&empty), MEMORY_AIM),
    ])
}

/// A folder of somebody who has used the app: an account, and a session with messages.
async fn filled(project: &Project) -> Result<TempDir> {
    project.price("BTC", "69000.25").await;
    let data = scratch()?;
    let tidings = Tidings::open(data.path()).await?;
    tidings
        .connect(&project.proxy.url(), &project.key())
        .await?;
    tidings.sign_up(&alice()).await?;
    tidings.new_session("Plans").await?;
    tidings.say("The first of many").await?;
    tidings.message_state("The first", "delivered").await?;
    let service = project.service();
    let sessions = service.select("chat_sessions", "select=id").await?;
    let now = SystemClock.now().as_millis();
    let rows: Vec<_> = (1..MESSAGES)
        .map(|n| {
            let content = format!("Message {n} of a talk about this and that.");
            let at = Timestamp::from_millis(now + n);
            json!({
                "session_id": sessions[0]["id"], "role": "assistant", "content": content,
                "created_at": at.to_string(),
            })
        })
        .collect();
    service.insert("chat_messages", json!(rows)).await?;
    tidings
        .message(&format!("Message {} of", MESSAGES - 1))
        .await?;
    tidings.window.close().await?;
    Ok(data)
}

/// Starts a program, and reads what it took.
async fn start(executable: &Path, app: App) -> Result<Start> {
    let window = app.open().await?;
    let process = Process::running(executable)?;
    let shown = wait_for("the mark of a drawn page", DEADLINE, async || {
        mark(&window).await
    })
    .await?;
    process.at_rest(DEADLINE).await?;
    let start = Start {
        shown: shown - process.started()?,
        memory: process.memory()?,
    };
    window.close().await?;
    Ok(start)
}

/// When the page was drawn, in milliseconds since 1970.
async fn mark(window: &Window) -> Option<f64> {
    let script = "const [mark] = performance.getEntriesByName('shown'); \
                  return mark ? performance.timeOrigin + mark.startTime : null";
    window.run(script, Vec::new()).await.ok()?.as_f64()
}
