//! Ticker, alerts, tray, notifications.

use tidings_testkit::{DEADLINE, scratch, wait_for};
use tidings_tests::dbus::{Bus, Notifications, Tray};
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;

use crate::{at_project, no_desktop};

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_fires_once_with_the_window_closed_to_the_tray() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let desktop = Notifications::start(&bus).await.unwrap();
    let tray = Tray::start(&bus).await.unwrap();
    let project = Project::start().await;
    project.price("BTC", "69000.25").await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    tidings.ticker("BTC", "69,000.25").await.unwrap();
    project.price("BTC", "69100.5").await;
    tidings.ticker("BTC", "69,100.50").await.unwrap();
    tidings.draft_alert("BTC", "70000").await.unwrap();
    let words = "Sell half: {symbol} at {price}";
    let window = &tidings.window;
    window.fill("alert-message", words).await.unwrap();
    let told = |text: &str| text.contains("Sell half: BTC at 70,000.00");
    window
        .wait_text("alert-message-preview", told)
        .await
        .unwrap();
    tidings.save_alert().await.unwrap();

    let item = tray.wait_item(DEADLINE).await.unwrap();
    let says = |text: &'static str| {
        move |menu: &tidings_tests::dbus::MenuItem| {
            menu.labels().iter().any(|label| label.contains(text))
        }
    };
    item.wait_menu("the price", DEADLINE, says("69,100.50"))
        .await
        .unwrap();
    item.wait_menu("the rule", DEADLINE, says("1 alert armed"))
        .await
        .unwrap();

    tidings.close_to_tray().await.unwrap();
    for price in ["69999", "70050", "70100", "70200"] {
        project.price("BTC", price).await;
        let shown = format!("{},{}", &price[..2], &price[2..]);
        item.wait_menu("the new price", DEADLINE, move |menu| {
            menu.labels().iter().any(|label| label.contains(&shown))
        })
        .await
        .unwrap();
    }
    let notice = desktop
        .wait("the alert", DEADLINE, |notice| {
            notice.summary.contains("70,000")
        })
        .await
        .unwrap();
    assert_eq!(notice.app, "Tidings");
    assert!(notice.summary.contains("BTC"), "{notice:?}");
    assert_eq!(notice.body, "Sell half: BTC at 70,050.00");
    assert!(
        ["snooze", "mute", "open_chart"].iter().all(|wanted| {
            let mut keys = notice.actions.iter().map(|(key, _)| key);
            keys.any(|key| key == wanted)
        }),
        "{notice:?}"
    );
    let all = desktop.all();
    let told: Vec<_> = all.iter().map(|each| each.summary.as_str()).collect();
    assert_eq!(told, ["Tidings is still running", notice.summary.as_str()]);

    // A click on it brings the window back, at the chart.
    desktop.click(&notice, "open_chart").await.unwrap();
    tidings.shown().await.unwrap();
    tidings.ticker("BTC", "70,200.00").await.unwrap();
    tidings.window.wait("chart").await.unwrap();
    tidings.tab("alerts").await.unwrap();
    tidings.window.wait("alert-history-row").await.unwrap();
    wait_for("an entry that says it was told", DEADLINE, async || {
        let rows = tidings.window.all("alert-history-row").await.ok()?;
        let [row] = rows.as_slice() else { return None };
        (row.attr("data-mark").await.ok()?? == "notified").then_some(())
    })
    .await
    .unwrap();

    tidings.close_to_tray().await.unwrap();
    item.click("Open Tidings").await.unwrap();
    tidings.shown().await.unwrap();
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pressed_on_an_alert_is_done_while_the_window_is_closed() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let desktop = Notifications::start(&bus).await.unwrap();
    let tray = Tray::start(&bus).await.unwrap();
    let project = Project::start().await;
    project.price("BTC", "69000.25").await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    tidings.ticker("BTC", "69,000.25").await.unwrap();
    for line in ["70000", "70010", "70020"] {
        tidings.draft_alert("BTC", line).await.unwrap();
        // One that fires once is at its end then, and says no more.
        tidings.choose("alert-repeat", "every").await.unwrap();
        tidings.save_alert().await.unwrap();
    }
    tidings.close_to_tray().await.unwrap();
    project.price("BTC", "70050").await;
    let alert = async |line: &str| {
        desktop
            .wait("the alert", DEADLINE, |notice| {
                notice.summary.contains(line)
            })
            .await
            .unwrap()
    };
    // All of them before the window is there: to one that is in front the window tells them.
    let first = alert("70,000").await;
    let second = alert("70,010").await;
    let third = alert("70,020").await;
    desktop.click(&first, "snooze").await.unwrap();
    desktop.click(&second, "mute").await.unwrap();
    let item = tray.wait_item(DEADLINE).await.unwrap();
    item.click("Open Tidings").await.unwrap();
    tidings.shown().await.unwrap();
    tidings.tab("alerts").await.unwrap();
    for state in ["Snoozed until", "Muted"] {
        let says = |text: &str| text.contains(state);
        let window = &tidings.window;
        window.wait_text("alert-state", says).await.unwrap();
    }
    // A click on the notification itself shows what it is about.
    tidings.close_to_tray().await.unwrap();
    desktop.click(&third, "default").await.unwrap();
    tidings.shown().await.unwrap();
    tidings.chart().await.unwrap();
    tidings.window.close().await.unwrap();
}

/// The price on the chart's only line.
async fn on_the_line(tidings: &Tidings, is_it: impl Fn(&str) -> bool) -> String {
    let mut last = None;
    let found = wait_for("the price on the line", DEADLINE, async || {
        let line = tidings.window.wait("chart-line").await.ok()?;
        last = line.attr("data-price").await.ok()?;
        last.clone().filter(|price| is_it(price))
    });
    found
        .await
        .unwrap_or_else(|error| panic!("{error}: {last:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_moves_with_its_line_on_the_chart() {
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    project.price("BTC", "69000.25").await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    for price in ["69100.5", "69050"] {
        project.price("BTC", price).await;
        let shown = format!("{},{}", &price[..2], &price[2..]);
        tidings.ticker("BTC", &shown).await.unwrap();
    }
    tidings.alert_above("BTC", "69150").await.unwrap();
    tidings.tab("market").await.unwrap();
    tidings.window.click("watch-row").await.unwrap();
    tidings.chart().await.unwrap();
    on_the_line(&tidings, |price| price == "69150").await;

    tidings.window.drag("chart-line", 40.0).await.unwrap();
    let lower = on_the_line(&tidings, |price| price != "69150").await;
    assert!(lower.as_str() < "69150", "{lower}");
    // What the rule says is what was saved, and after a start still is.
    let whole = lower.split('.').next().unwrap_or_default();
    let written = format!("{},{}", &whole[..2], &whole[2..]);
    tidings.tab("alerts").await.unwrap();
    tidings.cut_text("alert-row", &written).await.unwrap();
    tidings.window.close().await.unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.entered().await.unwrap();
    tidings.tab("alerts").await.unwrap();
    tidings.cut_text("alert-row", &written).await.unwrap();
    tidings.window.close().await.unwrap();
}
