//! The desktop's services as the tests play them, and the driver of windows, each tried with a
//! plain client. What the app does with them is tested in its own window.
#![cfg(target_os = "linux")]
// The bus calls methods, with values of their own.
#![allow(
    clippy::unwrap_used,
    clippy::unused_self,
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding
)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use serde_json::json;
use tidings_testkit::{DEADLINE, find_on_path, scratch, wait_until};
use tidings_tests::dbus::{Bus, Closed, Notifications, Tray};
use tidings_tests::display;
use tidings_tests::webdriver::App;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::{MatchRule, MessageStream, ObjectPath, OwnedVariant, Variant, interface};

/// A bus for one test alone, or `None` after saying why there is none.
async fn bus() -> Option<Bus> {
    if let Err(error) = find_on_path("dbus-daemon") {
        println!("SKIPPED: native services: {error}");
        return None;
    }
    Some(Bus::private().await.unwrap())
}

const NOTIFICATIONS: &str = "org.freedesktop.Notifications";

async fn notify(client: &zbus::Connection, replaces: u32, summary: &str) -> u32 {
    let hints = HashMap::from([("urgency", Variant::U8(2))]);
    let body = (
        "Tidings",
        replaces,
        "tidings",
        summary,
        "70,012.60",
        ["default", "Open chart", "snooze", "Snooze 15 min"].as_slice(),
        hints,
        -1_i32,
    );
    let path = "/org/freedesktop/Notifications";
    let answer = client
        .call_method(
            Some(NOTIFICATIONS),
            path,
            Some(NOTIFICATIONS),
            "Notify",
            &body,
        )
        .await
        .unwrap();
    answer.body().deserialize().unwrap()
}

#[tokio::test]
async fn a_notification_is_recorded_as_it_was_sent() {
    let Some(bus) = bus().await else { return };
    let service = Notifications::start(&bus).await.unwrap();
    let client = bus.connect().await.unwrap();
    let id = notify(&client, 0, "BTC crossed above 70,000").await;
    let notice = service
        .wait("the alert", DEADLINE, |notice| notice.id == id)
        .await
        .unwrap();
    assert_eq!(notice.app, "Tidings");
    assert_eq!(notice.summary, "BTC crossed above 70,000");
    assert_eq!(notice.body, "70,012.60");
    assert_eq!(notice.hints["urgency"], json!(2));
    assert_eq!(
        notice.actions[1],
        ("snooze".to_owned(), "Snooze 15 min".to_owned())
    );
    assert_eq!(notice.timeout, -1);
    assert_eq!(notify(&client, id, "once more").await, id);
    assert_eq!(service.all()[1].replaces, id);
}

#[tokio::test]
async fn a_pressed_button_and_a_closing_reach_the_program() {
    let Some(bus) = bus().await else { return };
    let service = Notifications::start(&bus).await.unwrap();
    let client = bus.connect().await.unwrap();
    let rule = MatchRule::builder()
        .interface(NOTIFICATIONS)
        .build()
        .unwrap();
    let mut signals = MessageStream::for_match_rule(rule, &client, None)
        .await
        .unwrap();
    let id = notify(&client, 0, "press me").await;
    let notice = service.wait("it", DEADLINE, |_| true).await.unwrap();
    assert!(service.click(&notice, "reply").await.is_err());
    service.click(&notice, "snooze").await.unwrap();

    let pressed = timeout(DEADLINE, signals.next()).await.unwrap();
    let pressed = pressed.unwrap().unwrap();
    assert_eq!(pressed.header().member().unwrap().as_str(), "ActionInvoked");
    let (of, key): (u32, String) = pressed.body().deserialize().unwrap();
    assert_eq!((of, key.as_str()), (id, "snooze"));
    let closed = timeout(DEADLINE, signals.next()).await.unwrap();
    let closed: (u32, u32) = closed.unwrap().unwrap().body().deserialize().unwrap();
    assert_eq!(closed, (id, Closed::Dismissed as u32));
}

#[tokio::test]
async fn an_answer_in_place_and_do_not_disturb_reach_the_program() {
    let Some(bus) = bus().await else { return };
    let service = Notifications::start(&bus).await.unwrap();
    let client = bus.connect().await.unwrap();
    let inhibited = async || {
        let answer = client.call_method(
            Some(NOTIFICATIONS),
            "/org/freedesktop/Notifications",
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &(NOTIFICATIONS, "Inhibited"),
        );
        let value: OwnedVariant = answer.await.unwrap().body().deserialize().unwrap();
        matches!(&*value, Variant::Bool(true))
    };
    assert!(!inhibited().await);
    service.inhibit(true).await.unwrap();
    assert!(inhibited().await);
    // An answer is only offered by programs that ask for it.
    notify(&client, 0, "no answer").await;
    let notice = service.wait("it", DEADLINE, |_| true).await.unwrap();
    assert!(service.reply(&notice, "Yes").await.is_err());
}

/// A program with a tray icon whose menu it changes.
struct Icon;

#[interface(name = "org.kde.StatusNotifierItem")]
impl Icon {
    #[zbus(property)]
    fn title(&self) -> String {
        "Tidings".to_owned()
    }

    #[zbus(property)]
    fn menu(&self) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked("/Menu")
    }
}

#[derive(Clone)]
struct IconMenu {
    price: Arc<Mutex<String>>,
    clicked: Arc<Mutex<Vec<i32>>>,
}

type Node = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

fn node(id: i32, properties: &[(&str, Variant<'static>)], children: Vec<Node>) -> Node {
    let properties = properties
        .iter()
        .map(|(name, value)| {
            (
                (*name).to_owned(),
                value.try_clone().unwrap().try_into().unwrap(),
            )
        })
        .collect();
    let children = children
        .into_iter()
        .map(|child| Variant::new(child).try_into().unwrap())
        .collect();
    (id, properties, children)
}

#[interface(name = "com.canonical.dbusmenu")]
impl IconMenu {
    fn get_layout(&self, _parent: i32, _depth: i32, _names: Vec<String>) -> (u32, Node) {
        let price = self.price.lock().unwrap().clone();
        let text = |text: &str| ("label", Variant::from(text.to_owned()));
        let pause = node(
            4,
            &[
                text("1 hour"),
                ("toggle-type", Variant::from("checkmark")),
                ("toggle-state", Variant::I32(1)),
            ],
            Vec::new(),
        );
        let children = vec![
            node(1, &[text(&price)], Vec::new()),
            node(2, &[("type", Variant::from("separator"))], Vec::new()),
            node(3, &[text("_Pause alerts")], vec![pause]),
            node(5, &[text("_Quit")], Vec::new()),
        ];
        (1, node(0, &[], children))
    }

    fn about_to_show(&self, _id: i32) -> bool {
        false
    }

    fn event(&self, id: i32, event_id: String, _data: OwnedVariant, _timestamp: u32) {
        assert_eq!(event_id, "clicked");
        self.clicked.lock().unwrap().push(id);
    }

    #[zbus(signal)]
    async fn layout_updated(
        emitter: &SignalEmitter<'_>,
        revision: u32,
        parent: i32,
    ) -> zbus::Result<()>;
}

#[tokio::test]
async fn a_tray_menu_is_read_followed_and_clicked() {
    let Some(bus) = bus().await else { return };
    let tray = Tray::start(&bus).await.unwrap();
    let program = bus.connect().await.unwrap();
    let menu = IconMenu {
        price: Arc::new(Mutex::new("BTC  67,893.40".to_owned())),
        clicked: Arc::default(),
    };
    let objects = program.object_server();
    objects.at("/Icon", Icon).await.unwrap();
    objects.at("/Menu", menu.clone()).await.unwrap();
    let watcher = "org.kde.StatusNotifierWatcher";
    let register = program.call_method(
        Some(watcher),
        "/StatusNotifierWatcher",
        Some(watcher),
        "RegisterStatusNotifierItem",
        &"/Icon",
    );
    register.await.unwrap();

    let item = tray.wait_item(DEADLINE).await.unwrap();
    assert_eq!(item.property("Title").await.unwrap(), json!("Tidings"));
    let shown = item.menu().await.unwrap();
    assert_eq!(
        shown.labels(),
        ["BTC  67,893.40", "-", "Pause alerts", "1 hour", "Quit"]
    );
    assert_eq!(shown.find("1 hour").unwrap().checked, Some(true));

    "BTC  70,012.60".clone_into(&mut menu.price.lock().unwrap());
    item.wait_menu("the new price", DEADLINE, |menu| {
        menu.find("BTC  70,012.60").is_some()
    })
    .await
    .unwrap();

    item.click("Quit").await.unwrap();
    wait_until("the click", DEADLINE, || {
        *menu.clicked.lock().unwrap() == [5]
    })
    .await
    .unwrap();
    assert!(item.click("Restart").await.is_err());

    program.close().await.unwrap();
    wait_until_empty(&tray).await;
}

async fn wait_until_empty(tray: &Tray) {
    tidings_testkit::wait_for("the icon's end", DEADLINE, async || {
        tray.items().await.unwrap().is_empty().then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_picture_of_the_screen_is_a_png() {
    if let Some(why) = display::lacking() {
        println!("SKIPPED: picture of the screen: {why}");
        return;
    }
    let folder = scratch().unwrap();
    let png = folder.path().join("screen.png");
    display::screenshot(&png).await.unwrap();
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG\r\n"));
}

/// WebKitGTK's own small browser, which its packages bring along with the driver.
fn small_browser() -> Option<&'static Path> {
    [
        "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
        "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
        "/usr/libexec/webkit2gtk-4.1/MiniBrowser",
        "/usr/lib/webkit2gtk-4.1/MiniBrowser",
    ]
    .map(Path::new)
    .into_iter()
    .find(|path| path.is_file())
}

const PAGE: &str = r#"<!doctype html><title>page</title>
<input data-testid="field" value="old">
<button data-testid="go" onclick="
  setTimeout(() => {
    const said = document.createElement('p');
    said.dataset.testid = 'said';
    said.textContent = document.querySelector('input').value;
    document.body.append(said);
    this.remove();
  }, 100)">Go</button>"#;

#[tokio::test]
async fn a_window_is_opened_typed_into_clicked_and_pictured() {
    if let Some(why) = display::lacking() {
        println!("SKIPPED: driver of windows: {why}");
        return;
    }
    let Some(browser) = small_browser() else {
        println!("SKIPPED: driver of windows: no MiniBrowser of WebKitGTK 4.1");
        return;
    };
    let folder = scratch().unwrap();
    let page = folder.path().join("page.html");
    std::fs::write(&page, PAGE).unwrap();
    let app = App::at(browser)
        .arg("--automation")
        .env("HOME", folder.path());
    let window = app.open().await.unwrap();
    let url = format!("file://{}", page.display());
    window.client().goto(&url).await.unwrap();

    window.fill("field", "new").await.unwrap();
    window.type_into("field", "er").await.unwrap();
    window.click("go").await.unwrap();
    assert_eq!(window.text("said").await.unwrap(), "newer");
    assert_eq!(
        window
            .wait_text("said", |text| text.len() == 5)
            .await
            .unwrap(),
        "newer"
    );
    window.wait_gone("go").await.unwrap();
    assert_eq!(window.texts("said").await.unwrap(), ["newer"]);
    let sum = window.run("return arguments[0] + 1", vec![json!(2)]).await;
    assert_eq!(sum.unwrap(), json!(3));
    let png = folder.path().join("page.png");
    window.screenshot(&png).await.unwrap();
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG\r\n"));
    window.close().await.unwrap();
}
