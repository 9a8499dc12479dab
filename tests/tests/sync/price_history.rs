//! What is kept of prices: read back from a table that keeps its rows, with gaps where it does not.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_contract as api;
use tidings_local::Options;
use tidings_model::{Clock as _, Timestamp};
use tidings_testkit::{DEADLINE, wait_for};
use tidings_tests::project::Project;

use crate::kit::{Client, Device};
use crate::market::{above, history, told, watched};

/// A project whose server goes by the clock of the device, so that both can be turned.
async fn project_of(device: &Device) -> Project {
    Project::start_with(Options {
        clock: device.clock.clone(),
        ..Options::default()
    })
    .await
}

fn row(symbol: &str, at: Timestamp, price: &str) -> Value {
    json!({"symbol": symbol, "price": price, "volume_24h": 1000, "last_updated": at.to_string()})
}

/// Adds rows to the table, as a project does that keeps them all.
async fn add(project: &Project, rows: Vec<Value>) {
    for part in rows.chunks(500) {
        let part = Value::Array(part.to_vec());
        project
            .service()
            .insert("crypto_prices", part)
            .await
            .unwrap();
    }
}

fn back(range: api::PriceRange) -> api::GetPriceHistory {
    api::GetPriceHistory {
        symbol: "BTC".to_owned(),
        range,
    }
}

async fn price_history(
    app: &Client,
    what: &str,
    range: api::PriceRange,
    wanted: impl Fn(&api::PriceHistory) -> bool,
) -> api::PriceHistory {
    app.until(what, back(range), wanted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_table_kept_while_the_program_was_closed_is_read_and_judged_once() {
    let device = Device::new();
    let project = project_of(&device).await;
    let long_ago = device.clock.now().minus(Duration::from_mins(30));
    let first = (0..10).map(|n| row("BTC", long_ago.plus(Duration::from_secs(n)), "5"));
    add(&project, first.collect()).await;
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "90")).await;
    let known = price_history(&app, "all of the table", api::PriceRange::Hour, |history| {
        history.points.len() == 10
    })
    .await;
    assert_eq!(known.kept_from, Some(long_ago.as_millis()));
    assert_eq!(known.points[0].volume.as_deref(), Some("1000"));
    assert_eq!(known.to - known.from, 3_600_000);
    app.stop().await;

    // More than one page, with a spike at its far end.
    let closed = device.clock.now();
    device.clock.turn(Duration::from_mins(40));
    let price = |n: u64| if n == 3 { "99" } else { "6" };
    let missed = (1..1_500_u64).map(|n| row("BTC", closed.plus(Duration::from_secs(n)), price(n)));
    add(&project, missed.collect()).await;
    let app = device.start().await;
    app.live().await;
    let now = price_history(&app, "what was missed", api::PriceRange::Day, |history| {
        history.high.as_deref() == Some("99") && history.gaps.is_empty()
    })
    .await;
    assert_eq!(now.low.as_deref(), Some("5"));
    assert_eq!(now.kept_from, Some(long_ago.as_millis()));
    // What is read for the history fires nothing once more.
    assert_eq!(history(&app).await.len(), 1);
    let told_of = app.event("the past was told of", |event| match event {
        api::Event::PriceHistory { symbols } => Some(symbols.clone()),
        _ => None,
    });
    assert!(told_of.await.contains(&"BTC".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_one_row_a_symbol_is_asked_once_and_its_gap_stays() {
    let device = Device::new();
    let project = project_of(&device).await;
    let now = device.clock.now();
    add(&project, vec![row("BTC", now, "5"), row("ETH", now, "1")]).await;
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    price_history(&app, "a first price", api::PriceRange::Hour, |history| {
        history.points.len() == 1
    })
    .await;
    app.stop().await;

    device.clock.turn(Duration::from_mins(20));
    let asked = project.watch();
    let app = device.start().await;
    app.live().await;
    let question = || async {
        let all = asked.of("crypto_prices");
        all.iter()
            .any(|line| line.contains("limit=2"))
            .then_some(())
    };
    wait_for("the question", DEADLINE, question).await.unwrap();
    let chosen = vec!["ETH".to_owned(), "BTC".to_owned()];
    app.ok(api::SetWatchList { symbols: chosen }).await;
    project.price("BTC", "7").await;
    told(&app, "BTC", "7").await;
    let of_past = asked.of("crypto_prices");
    let of_past = of_past.iter().filter(|line| line.contains("symbol=eq."));
    // Once of the table, by the app; the test itself changes a row by its symbol.
    let by_app = of_past.filter(|line| line.contains("GET"));
    assert_eq!(by_app.count(), 1, "{:?}", asked.of("crypto_prices"));
    // What was between the row and the first time that somebody listened is not known either.
    let long = |gap: &&api::PriceGap| gap.to - gap.from >= 1_100_000;
    let shown = price_history(&app, "a gap", api::PriceRange::Hour, |history| {
        history.gaps.iter().filter(long).count() == 1
    })
    .await;
    let gap = shown.gaps.iter().find(long).unwrap();
    assert!(gap.to - gap.from <= 1_300_000, "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_shown_while_offline_and_filled_once_the_table_can_be_read() {
    let device = Device::new();
    let project = project_of(&device).await;
    let start = device.clock.now().minus(Duration::from_mins(10));
    let rows = (0..5).map(|n| row("BTC", start.plus(Duration::from_secs(n)), "5"));
    add(&project, rows.collect()).await;
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    price_history(&app, "prices", api::PriceRange::Hour, |history| {
        history.points.len() == 5 && history.gaps.is_empty()
    })
    .await;
    project.proxy.go_offline();
    app.offline().await;
    let gone = device.clock.now();
    device.clock.turn(Duration::from_mins(15));
    let open = price_history(&app, "an open gap", api::PriceRange::Hour, |history| {
        history.gaps.len() == 1
    })
    .await;
    assert!(open.gaps[0].to >= gone.plus(Duration::from_mins(15)).as_millis());
    let meanwhile = (1..4).map(|n| row("BTC", gone.plus(Duration::from_mins(n)), "8"));
    add(&project, meanwhile.collect()).await;
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    let filled = price_history(&app, "no gap", api::PriceRange::Hour, |history| {
        history.gaps.is_empty() && history.points.len() == 8
    })
    .await;
    assert_eq!(filled.high.as_deref(), Some("8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_settings_do_not_keep_goes_into_the_next_level_with_its_extremes() {
    const HOUR: i64 = 3_600_000;
    let mut device = Device::new();
    device.pace.price_levels = Duration::from_millis(50);
    let project = project_of(&device).await;
    let hour = device.clock.now().as_millis() / HOUR * HOUR - 72 * HOUR;
    let at = |minute: i64| Timestamp::from_millis(hour + minute * 60_000);
    let old = [(5, "10"), (6, "40"), (7, "3"), (8, "12")];
    let old = old.map(|(minute, price)| row("BTC", at(minute), price));
    add(&project, old.to_vec()).await;
    add(&project, vec![row("BTC", device.clock.now(), "11")]).await;
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    let extremes =
        |history: &api::PriceHistory| (history.low.clone().unwrap(), history.high.clone().unwrap());
    let minutes = price_history(&app, "minutes", api::PriceRange::Week, |history| {
        history.points.len() == 5
    })
    .await;
    assert_eq!(extremes(&minutes), ("3".to_owned(), "40".to_owned()));

    let mut settings = app.ok(api::GetSettings {}).await;
    settings.price_keeping.raw_hours = 48;
    settings.price_keeping.minute_days = 1;
    let refused = api::SetSettings {
        settings: settings.clone(),
    };
    let refused = app.refused(refused).await;
    assert!(refused.message.contains("at least as long"), "{refused:?}");
    settings.price_keeping.raw_hours = 24;
    app.ok(api::SetSettings { settings }).await;
    let hours = price_history(&app, "hours", api::PriceRange::Week, |history| {
        history.points.len() == 2
    })
    .await;
    assert_eq!(extremes(&hours), ("3".to_owned(), "40".to_owned()));
    assert_eq!(hours.points[0].price, "12");
    assert_eq!(hours.kept_from, Some(at(8).as_millis()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_project_has_thrown_away_meanwhile_stays_a_gap() {
    let device = Device::new();
    let project = project_of(&device).await;
    let known = device.clock.now();
    let first = (0..5).map(|n| row("BTC", known.minus(Duration::from_secs(n)), "5"));
    add(&project, first.collect()).await;
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    price_history(&app, "prices", api::PriceRange::Hour, |history| {
        history.points.len() == 5
    })
    .await;
    app.stop().await;

    let closed = device.clock.now();
    device.clock.turn(Duration::from_mins(40));
    let kept_from = closed.plus(Duration::from_mins(20));
    let rows = (1..1_300).map(|n| row("BTC", closed.plus(Duration::from_secs(n)), "6"));
    add(&project, rows.collect()).await;
    let thrown_away = format!("last_updated=lt.{kept_from}");
    let service = project.service();
    service.delete("crypto_prices", &thrown_away).await.unwrap();
    let app = device.start().await;
    app.live().await;
    let is_long = |gap: &&api::PriceGap| gap.to - gap.from > 60_000;
    let shown = price_history(&app, "what is left", api::PriceRange::Hour, |history| {
        history.gaps.iter().filter(is_long).count() == 1 && history.points.len() > 100
    })
    .await;
    let gap = shown.gaps.iter().find(is_long).unwrap();
    assert_eq!(gap.to, kept_from.as_millis());
    assert!(gap.from <= closed.plus(Duration::from_secs(2)).as_millis());
    // It is known that there is no more to read.
    let asked = project.watch();
    price_history(&app, "the same", api::PriceRange::Day, |history| {
        history
            .gaps
            .iter()
            .any(|gap| gap.to == kept_from.as_millis())
    })
    .await;
    project.price("ETH", "7").await;
    told(&app, "ETH", "7").await;
    let again = asked.of("crypto_prices");
    let again = again
        .iter()
        .filter(|line| line.contains("last_updated.lte."));
    assert_eq!(again.count(), 0, "{:?}", asked.of("crypto_prices"));
}
