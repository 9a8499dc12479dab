//! What a table that keeps its rows said while the app was away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract::{self as api, FiringMark};
use tidings_model::{Clock as _, SystemClock, Timestamp};
use tidings_testkit::{DEADLINE, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device};
use crate::market::{above, history, watched};

/// More than two pages.
const MISSED: usize = 2_600;

/// Longer than the feed takes.
const AWAY: Duration = Duration::from_hours(1);

/// Rows of a feed that never writes one over, a second apart.
struct Feed {
    first: Timestamp,
}

impl Feed {
    fn at(&self, second: usize) -> Timestamp {
        let after = Duration::from_secs(u64::try_from(second).unwrap());
        Timestamp::from_micros(self.first.as_micros() + i64::try_from(after.as_micros()).unwrap())
    }

    fn row(&self, symbol: &str, second: usize, price: &str) -> Value {
        let last_updated = self.at(second).to_string();
        json!({"symbol": symbol, "price": price, "last_updated": last_updated})
    }

    /// What comes after the first rows. Two of them are of one time.
    fn missed(&self) -> Value {
        let mut rows = vec![self.row("BTC", 200, "69001")];
        rows.extend(self.rows(1));
        Value::Array(rows)
    }

    /// The rows from a second on.
    fn rows(&self, from: usize) -> Vec<Value> {
        let both = |second| {
            let btc = self.row("BTC", second, price(second));
            [btc, self.row("ETH", second, "3500")]
        };
        (from..=MISSED).flat_map(both).collect()
    }
}

/// A price that passes 70,000 at the seconds 300 and 900, and stays below it in all the rows that
/// the newest page has.
fn price(second: usize) -> &'static str {
    match second {
        300..310 => "70010",
        900 => "70001",
        _ => "69000",
    }
}

/// An app with an alert above 70,000 that has seen the feed's first rows.
async fn armed(project: &Project) -> (Device, Client, Feed) {
    let (device, app, feed) = watching(project).await;
    let mut rule = above("BTC", "70000");
    rule.form.cooldown_s = Some(0);
    app.ok(rule).await;
    (device, app, feed)
}

/// An app that has seen the feed's first rows.
async fn watching(project: &Project) -> (Device, Client, Feed) {
    let feed = Feed {
        first: SystemClock.now(),
    };
    for symbol in ["BTC", "ETH"] {
        let first = feed.row(symbol, 0, "69000");
        project
            .service()
            .insert("crypto_prices", first)
            .await
            .unwrap();
    }
    let (device, app) = alices_device(project).await;
    watched(&app, "BTC").await;
    (device, app, feed)
}

/// The app is not running while the feed goes on.
async fn absent(project: &Project) -> (Device, Feed) {
    let (device, app, feed) = armed(project).await;
    app.stop().await;
    goes_on(project, feed.missed()).await;
    device.clock.turn(AWAY);
    (device, feed)
}

/// The time passes on the server, and the feed with it.
async fn goes_on(project: &Project, rows: Value) {
    let seconds = i64::try_from(AWAY.as_secs()).unwrap();
    project.server.state().hooks().set_clock_offset(seconds);
    let service = project.service();
    service.insert("crypto_prices", rows).await.unwrap();
}

/// Both firings, each with the time of its row, and told in one notification.
async fn told_whole(device: &Device, app: &Client, feed: &Feed) {
    let firings = api::ListFirings {
        limit: 10,
        symbol: None,
        before: None,
    };
    app.until("the firings", firings, |rows| rows.len() == 2)
        .await;
    wait_for("the notification", DEADLINE, || async {
        (!device.shown().is_empty()).then_some(())
    })
    .await
    .unwrap();
    let rows = history(app).await;
    let times: Vec<i64> = rows.iter().map(|row| row.time).collect();
    assert_eq!(times, [feed.at(900).as_millis(), feed.at(300).as_millis()]);
    assert!(rows.iter().all(|row| row.mark == FiringMark::Away));
    app.live().await;
    assert_eq!(device.shown(), ["2 alerts while you were away"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_passed_long_before_the_newest_rows_fires_with_its_own_time() {
    let project = Project::start().await;
    let (device, feed) = absent(&project).await;
    let app = device.start().await;
    told_whole(&device, &app, &feed).await;
    // The newest rows alone are read from then on.
    let asked = project.watch();
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    let pages = asked.of("crypto_prices");
    let of_the_past = pages
        .iter()
        .filter(|line| line.contains("last_updated.gte."));
    assert_eq!(of_the_past.count(), 0, "{pages:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_of_what_was_missed_that_breaks_off_goes_on_and_tells_all_of_it_together() {
    let project = Project::start().await;
    let (device, feed) = absent(&project).await;
    // The page after the first one of the past is refused once, and the next one again.
    let asked = Arc::new(AtomicUsize::new(0));
    let pages = asked.clone();
    let hooks = project.server.state();
    hooks.hooks().watch_rest(Some(Arc::new(move |_, uri| {
        let past = uri.to_string().contains("last_updated.gte.");
        let broken = past && matches!(pages.fetch_add(1, Ordering::SeqCst), 1 | 2);
        broken.then_some(503.try_into().unwrap())
    })));
    let app = device.start().await;
    told_whole(&device, &app, &feed).await;
    assert!(asked.load(Ordering::SeqCst) >= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sleep_the_ticks_that_were_missed_are_judged_in_order_and_told_together() {
    let project = Project::start().await;
    let (mut device, app, feed) = armed(&project).await;
    app.stop().await;
    device.pace.look = Duration::from_millis(100);
    let app = device.start().await;
    app.live().await;
    // Asleep nothing is heard.
    project.server.faults().drop_changes(usize::MAX);
    goes_on(&project, feed.missed()).await;
    device.clock.turn(AWAY);
    told_whole(&device, &app, &feed).await;
}

/// How often an alert on a silence of 1,500 seconds of BTC fired over a feed that says nothing between
/// its first rows and the second 2,000, and nothing of BTC before the second `from`.
async fn silences(pruned: bool, from: usize) -> usize {
    let project = Project::start().await;
    let (device, app, feed) = watching(&project).await;
    let mut rule = above("BTC", "70000");
    rule.form.condition =
        serde_json::from_value(json!({"kind": "stale", "after_s": 1500})).unwrap();
    app.ok(rule).await;
    app.stop().await;
    if pruned {
        let old = format!("last_updated=lte.{}", feed.at(0));
        let service = project.service();
        service.delete("crypto_prices", &old).await.unwrap();
    }
    let mut rows = feed.rows(2_000);
    let early = feed.at(from).to_string();
    rows.retain(|row| row["symbol"] != "BTC" || row["last_updated"].as_str() >= Some(&early));
    goes_on(&project, Value::Array(rows)).await;
    device.clock.turn(AWAY);
    let app = device.start().await;
    app.until("the newest price", api::GetWatchList {}, |rows| {
        let newest = feed.at(MISSED).as_millis();
        rows.iter()
            .any(|row| row.symbol == "BTC" && row.time == Some(newest))
    })
    .await;
    app.live().await;
    history(&app).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_shows_in_rows_that_were_kept_and_not_where_they_are_gone() {
    assert_eq!(silences(false, 2_000).await, 1);
    assert_eq!(silences(true, 2_000).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_symbol_that_is_in_the_newest_rows_alone_is_judged_the_same_way() {
    assert_eq!(silences(false, 2_501).await, 1);
    assert_eq!(silences(true, 2_501).await, 0);
}
