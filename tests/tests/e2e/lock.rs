//! The lock in the real window.

use tidings_testkit::{DEADLINE, scratch};
use tidings_tests::dbus::{Bus, Tray};
use tidings_tests::tidings::Tidings;

use crate::no_desktop;

const SECRET: &str = "The cake is at Bob's";
const PASSPHRASE: &str = "correct horse";

async fn locked(tidings: &Tidings) {
    tidings.window.wait("lock-passphrase").await.unwrap();
    let page = "return document.documentElement.outerHTML";
    let page = tidings.window.run(page, Vec::new()).await.unwrap();
    assert!(!page.as_str().unwrap().contains(SECRET), "{page}");
}

async fn try_passphrase(tidings: &Tidings, passphrase: &str) {
    let window = &tidings.window;
    window.fill("lock-passphrase", passphrase).await.unwrap();
    tidings.enabled("lock-unlock").await.unwrap();
    window.click("lock-unlock").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_window_is_behind_the_lock_once_it_was_closed_to_the_tray() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let tray = Tray::start(&bus).await.unwrap();
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    tidings.say(SECRET).await.unwrap();
    tidings.message_state(SECRET, "delivered").await.unwrap();

    let window = &tidings.window;
    window.click("settings-open").await.unwrap();
    window.click("settings-privacy").await.unwrap();
    window.click("passphrase-set").await.unwrap();
    window.fill("passphrase-new", PASSPHRASE).await.unwrap();
    window.fill("passphrase-again", PASSPHRASE).await.unwrap();
    tidings.enabled("passphrase-save").await.unwrap();
    window.click("passphrase-save").await.unwrap();
    window.wait("lock-now").await.unwrap();
    window.click("setting-lock_when_hidden").await.unwrap();
    window.click("settings-close").await.unwrap();
    tidings.message(SECRET).await.unwrap();

    let item = tray.wait_item(DEADLINE).await.unwrap();
    tidings.close_to_tray().await.unwrap();
    item.wait_menu("the lock", DEADLINE, |menu| {
        menu.labels().contains(&"Locked")
    })
    .await
    .unwrap();
    item.click("Open Tidings").await.unwrap();
    tidings.shown().await.unwrap();
    locked(&tidings).await;
    try_passphrase(&tidings, "wrong horse").await;
    tidings
        .window
        .wait_text("locked", |text| {
            text.contains("This is not the passphrase.")
        })
        .await
        .unwrap();
    try_passphrase(&tidings, PASSPHRASE).await;
    tidings.message(SECRET).await.unwrap();
    tidings.window.close().await.unwrap();

    // It is kept in the key store: the next start asks for it.
    let tidings = Tidings::open(data.path()).await.unwrap();
    locked(&tidings).await;
    try_passphrase(&tidings, PASSPHRASE).await;
    tidings.entered().await.unwrap();
    tidings.message(SECRET).await.unwrap();
    tidings.window.close().await.unwrap();
}
