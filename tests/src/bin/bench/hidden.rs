//! The program with its window closed to the tray: how soon an alert is told, and what prices cost.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tidings_model::{Clock as _, SystemClock};
use tidings_testkit::{alice, scratch, wait_for};
use tidings_tests::dbus::{Bus, Notifications, Tray};
use tidings_tests::peer::Room;
use tidings_tests::process::Process;
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;
use tidings_tests::webdriver::App;

use crate::{DEADLINE, Measure, percentile};

/// Alerts, each on a symbol of its own.
const ALERTS: usize = 300;
/// Symbols whose prices flow.
const SYMBOLS: usize = 50;
/// How long the processor's time is counted.
const COUNTED: Duration = Duration::from_secs(30);
/// Between two writes of prices: ten a second.
const BETWEEN: Duration = Duration::from_millis(100);

/// Percent of one core.
const CPU_AIM: f64 = 1.0;

/// When each symbol's change came over a socket.
type Heard = Arc<Mutex<HashMap<String, Instant>>>;

/// Measures both, in one window.
pub async fn measure(app: &Path) -> Result<Vec<Measure>> {
    let bus = Bus::session()?;
    let desktop = Notifications::start(&bus).await?;
    let _tray = Tray::start(&bus).await?;
    let project = Project::start().await;
    let service = project.service();
    let first = (0..ALERTS).map(|n| price(&alert_symbol(n), "99"));
    let feed = (0..SYMBOLS).map(|n| price(&feed_symbol(n), "50"));
    let rows = Value::Array(first.chain(feed).collect());
    service.insert("crypto_prices", rows).await?;

    let data = scratch()?;
    let tidings = Tidings::open_with(App::at(app), data.path()).await?;
    tidings
        .connect(&project.proxy.url(), &project.key())
        .await?;
    tidings.sign_up(&alice()).await?;
    tidings.new_session("Plans").await?;
    let symbols: Vec<String> = (0..SYMBOLS).map(feed_symbol).collect();
    let watched = json!({"symbols": symbols});
    tidings.ask("set_watch_list", watched).await?;
    for n in 0..ALERTS {
        tidings.ask("save_rule", rule(&alert_symbol(n))).await?;
    }
    tidings.close_to_tray().await?;

    let mut measures = told(&project, &desktop, &bus).await?;
    measures.extend(cost(&project, Process::running(app)?).await?);
    tidings.window.close().await?;
    Ok(measures)
}

/// From the frame that says a price to the desktop's call, for alerts that come one by one; and what
/// such a call takes by itself.
async fn told(project: &Project, desktop: &Notifications, bus: &Bus) -> Result<Vec<Measure>> {
    let heard = Heard::default();
    let room = project.service().changes("crypto_prices").await?;
    let listening = tokio::spawn(listen(room, heard.clone()));
    let mut own = Vec::new();
    for n in 0..ALERTS {
        let symbol = alert_symbol(n);
        project.price(&symbol, "101").await;
        let notice = desktop
            .wait("the alert", DEADLINE, |notice| {
                notice.summary.contains(&symbol)
            })
            .await?;
        let frame = wait_for("the frame", DEADLINE, async || {
            locked(&heard).get(&symbol).copied()
        });
        // The other socket may have been served first.
        own.push(millis(notice.at.saturating_duration_since(frame.await?)));
    }
    listening.abort();
    let connection = bus.connect().await?;
    let mut bare = Vec::new();
    for n in 0..ALERTS {
        let summary = format!("bare {n}");
        let hints: HashMap<&str, zbus::Variant<'_>> = HashMap::new();
        let actions: [&str; 4] = ["default", "Open", "snooze", "Snooze"];
        let arguments = (
            "Tidings",
            0_u32,
            "",
            &summary,
            "A text",
            &actions[..],
            hints,
            -1_i32,
        );
        let began = Instant::now();
        connection
            .call_method(
                Some("org.freedesktop.Notifications"),
                "/org/freedesktop/Notifications",
                Some("org.freedesktop.Notifications"),
                "Notify",
                &arguments,
            )
            .await?;
        let came = desktop
            .all()
            .into_iter()
            .rfind(|notice| notice.summary == summary);
        let came = came.context("the service lost a call")?;
        bare.push(millis(came.at.saturating_duration_since(began)));
    }
    let of = |values: &[f64], percent| percentile(values.iter().copied(), percent);
    Ok(vec![
        Measure::plain("frame to Notify, p50", of(&own, 50), "ms"),
        Measure::plain("frame to Notify, p99", of(&own, 99), "ms"),
        Measure::plain("a bare Notify, p50", of(&bare, 50), "ms"),
        Measure::plain("a bare Notify, p99", of(&bare, 99), "ms"),
        Measure::plain(
            "frame to Notify, p99, to a bare Notify",
            of(&own, 99) / of(&bare, 99),
            "ratio",
        ),
    ])
}

/// What the processor does for prices that nobody looks at.
async fn cost(project: &Project, process: Process) -> Result<Vec<Measure>> {
    let share = |name, value| Measure {
        aim: Some(CPU_AIM),
        ..Measure::plain(name, value, "% of a core")
    };
    process.at_rest(DEADLINE).await?;
    let idle = process.share_of_core(COUNTED).await?;
    let mut turn = 0;
    let together = while_prices_flow(project, 1, &mut turn, process).await?;
    let each = while_prices_flow(project, SYMBOLS, &mut turn, process).await?;
    Ok(vec![
        share("hidden, no prices", idle),
        share("hidden, 50 symbols, 10 prices/s in all", together),
        share("hidden, 50 symbols, 10 prices/s each", each),
    ])
}

/// Counts while so many of the symbols are written at once, in turn.
async fn while_prices_flow(
    project: &Project,
    at_once: usize,
    turn: &mut usize,
    process: Process,
) -> Result<f64> {
    let feed = async {
        let service = project.service();
        let mut due = tokio::time::interval(BETWEEN);
        loop {
            due.tick().await;
            let rows = (0..at_once).map(|_| {
                *turn += 1;
                price(
                    &feed_symbol(*turn % SYMBOLS),
                    &format!("{}.5", 50 + *turn % 7),
                )
            });
            let rows = Value::Array(rows.collect());
            service.insert("crypto_prices", rows).await?;
        }
    };
    tokio::select! {
        share = process.share_of_core(COUNTED) => share,
        failed = feed => failed,
    }
}

async fn listen(mut room: Room, heard: Heard) {
    while let Ok(change) = room.change("UPDATE").await {
        let symbol = change["record"]["symbol"].as_str().unwrap_or_default();
        locked(&heard).insert(symbol.to_owned(), Instant::now());
    }
}

fn rule(symbol: &str) -> Value {
    let condition = json!({"kind": "above", "price": "100", "rearm_percent": null});
    let form = json!({
        "symbol": symbol, "condition": condition, "repeat": "once", "cooldown_s": null,
        "expires_at": null, "tags": [], "message": null,
    });
    json!({"id": null, "form": form})
}

fn price(symbol: &str, price: &str) -> Value {
    let now = SystemClock.now().to_string();
    json!({"symbol": symbol, "price": price, "last_updated": now})
}

fn alert_symbol(n: usize) -> String {
    format!("ALERT{n:03}")
}

fn feed_symbol(n: usize) -> String {
    format!("FEED{n:02}")
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn locked(heard: &Heard) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
