//! Delivery: what a desktop's notifications can do, the tray, the start with the desktop.

use std::path::PathBuf;

use serde_json::json;
use tidings_testkit::{DEADLINE, bob, scratch, wait_for};
use tidings_tests::dbus::{Bus, Notifications, Tray};
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;

use crate::{at_project, no_desktop, sessions};

/// A notification service with answers in place and sounds, as KDE's is.
async fn service(bus: &Bus) -> Notifications {
    let able = ["actions", "body", "inline-reply", "persistence", "sound"];
    Notifications::with_capabilities(bus, &able).await.unwrap()
}

async fn hidden(tidings: &Tidings) {
    tidings.close_to_tray().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_in_its_notification_with_the_window_closed() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let desktop = service(&bus).await;
    let _tray = Tray::start(&bus).await.unwrap();
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    let peer = project.newcomer(&bob()).await;
    let service = project.service();
    let sessions = sessions(&project, 1).await;
    let session = sessions[0]["id"].as_str().unwrap().to_owned();
    hidden(&tidings).await;
    let row = json!({
        "session_id": session, "user_id": peer.user(), "role": "user",
        "content": "coming?", "metadata": {"user_name": "Bob"},
    });
    service.insert("chat_messages", row).await.unwrap();
    let notice = desktop
        .wait("the message", DEADLINE, |notice| {
            notice.summary == "Bob in Plans"
        })
        .await
        .unwrap();
    let keys: Vec<_> = notice.actions.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        ["default", "open_session", "inline-reply", "mark_read"]
    );
    let sound = notice.hints["sound-file"].as_str().unwrap();
    assert!(std::fs::read(sound).unwrap().starts_with(b"RIFF"));
    desktop.reply(&notice, "On my way").await.unwrap();
    wait_for("the answer on the server", DEADLINE, async || {
        let stored = project.stored(&session).await;
        (stored == ["coming?", "On my way"]).then_some(())
    })
    .await
    .unwrap();
    // Answering needs no window.
    assert!(!tidings.visible().await.unwrap());
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_mutes_alerts_and_chooses_presence() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let desktop = service(&bus).await;
    let tray = Tray::start(&bus).await.unwrap();
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    tidings.ticker("BTC", "69,000").await.unwrap();
    tidings.alert_above("BTC", "70000").await.unwrap();
    let item = tray.wait_item(DEADLINE).await.unwrap();
    let chosen = |label: &'static str| {
        move |menu: &tidings_tests::dbus::MenuItem| {
            menu.find(label).and_then(|entry| entry.checked) == Some(true)
        }
    };
    item.wait_menu("being online", DEADLINE, chosen("Online"))
        .await
        .unwrap();
    item.click("Away").await.unwrap();
    item.wait_menu("being away", DEADLINE, chosen("Away"))
        .await
        .unwrap();
    tidings.window.wait("presence-menu").await.unwrap();
    tidings.cut_text("presence-menu", "Away").await.unwrap();

    item.click("Mute alerts for an hour").await.unwrap();
    let muted = |menu: &tidings_tests::dbus::MenuItem| {
        let labels = menu.labels();
        labels
            .iter()
            .any(|label| label.starts_with("Resume alerts"))
    };
    item.wait_menu("muted alerts", DEADLINE, muted)
        .await
        .unwrap();
    tidings.window.wait("alerts-muted").await.unwrap();
    hidden(&tidings).await;
    project.price("BTC", "70100").await;
    let priced = |menu: &tidings_tests::dbus::MenuItem| {
        menu.labels().iter().any(|label| label.contains("70,100"))
    };
    item.wait_menu("the price", DEADLINE, priced).await.unwrap();
    item.click("Open Tidings").await.unwrap();
    wait_for("a row that says it was muted", DEADLINE, async || {
        let rows = tidings.window.all("alert-history-row").await.ok()?;
        let [row] = rows.as_slice() else { return None };
        (row.attr("data-mark").await.ok()?? == "muted").then_some(())
    })
    .await
    .unwrap();
    let all = desktop.all();
    let told: Vec<_> = all.iter().map(|each| each.summary.as_str()).collect();
    assert_eq!(told, ["Tidings is still running"]);
    tidings.window.click("alerts-muted").await.unwrap();
    tidings.window.wait_gone("alerts-muted").await.unwrap();
    item.wait_menu("alerts that are told", DEADLINE, |menu| {
        menu.find("Mute alerts for an hour").is_some()
    })
    .await
    .unwrap();
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_say_what_the_desktop_does_and_start_with_it() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let desktop = service(&bus).await;
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    let window = &tidings.window;
    let open = async || {
        window.click("settings-open").await.unwrap();
        window.click("settings-alerts").await.unwrap();
        window.wait("setting-autostart").await.unwrap();
    };
    open().await;
    assert!(
        window
            .all("notifications-inhibited")
            .await
            .unwrap()
            .is_empty()
    );
    let config = std::env::var_os("XDG_CONFIG_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".config"),
        PathBuf::from,
    );
    let entry = config.join("autostart/tidings.desktop");
    assert!(!entry.exists());
    window.click("setting-autostart").await.unwrap();
    wait_for("the entry", DEADLINE, async || {
        let text = std::fs::read_to_string(&entry).ok()?;
        let own_data = format!("--hidden --data-dir \"{}\"", data.path().display());
        text.contains(&own_data).then_some(())
    })
    .await
    .unwrap();
    window.click("setting-autostart").await.unwrap();
    wait_for("its end", DEADLINE, async || {
        (!entry.exists()).then_some(())
    })
    .await
    .unwrap();

    // Silence is one, and the test can be heard otherwise.
    window.click("test-notification").await.unwrap();
    let notice = desktop
        .wait("the test", DEADLINE, |notice| {
            notice.summary == "Tidings can notify you"
        })
        .await
        .unwrap();
    assert!(notice.hints.contains_key("sound-file"), "{notice:?}");
    let none = "document.querySelector('[data-value=none]').click()";
    window.run(none, Vec::new()).await.unwrap();
    wait_for("a silent test", DEADLINE, async || {
        window.click("test-notification").await.ok()?;
        let all = desktop.all();
        (all.last()?.hints.get("suppress-sound")? == true).then_some(())
    })
    .await
    .unwrap();

    desktop.inhibit(true).await.unwrap();
    window.click("settings-close").await.unwrap();
    open().await;
    window.wait("notifications-inhibited").await.unwrap();
    drop(desktop);
    window.click("settings-close").await.unwrap();
    open().await;
    window.wait("notifications-missing").await.unwrap();
    tidings.window.close().await.unwrap();
}
