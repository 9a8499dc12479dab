//! How large everything in the window is shown.

use fantoccini::Locator;
use fantoccini::key::Key;
use tidings_testkit::{DEADLINE, scratch, wait_for};
use tidings_tests::tidings::Tidings;

use crate::no_desktop;

/// What is larger than the usual size, in percent.
const LARGER: [u32; 5] = [110, 125, 150, 175, 200];
const ROOM: &str = "return window.innerWidth";
/// Whether the page is laid out for the room that it has; where it has a part of a pixel, for that.
const FITS: &str = "
    const room = window.innerWidth;
    return document.scrollingElement.scrollWidth <= room + 1
        && matchMedia(`(min-width: ${room - 1}px) and (max-width: ${room + 1}px)`).matches";

/// Where keys go, and what the composer got of them.
const ABOUT_THE_KEYS: &str = "
    const at = document.activeElement;
    const composer = document.querySelector('[data-testid=composer]');
    return [at && at.outerHTML.slice(0, 200), composer && composer.value, document.hasFocus()]";

/// Whether the open menu is where it belongs: below what opened it, and in front.
const MENU_AT_ITS_PLACE: &str = "
    const menu = document.querySelector('[role=menu]');
    if (!menu) return false;
    const opener = document.querySelector('[data-testid=workspace-switcher]');
    const from = opener.getBoundingClientRect();
    const box = menu.getBoundingClientRect();
    const front = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return menu.contains(front)
        && Math.abs(box.top - from.bottom - 4) <= 1
        && Math.abs(box.left - Math.max(8, from.left)) <= 1";

/// Notes what the program refuses to the page.
const NOTE_REFUSALS: &str = "
    window.refusals = [];
    addEventListener('unhandledrejection', (event) => refusals.push(String(event.reason)))";
/// Asks for something that no page may have.
const ASK_TOO_MUCH: &str =
    "void window.__TAURI_INTERNALS__.invoke('plugin:window|set_title', {value: ''})";

#[tokio::test(flavor = "multi_thread")]
async fn the_windows_own_buttons_may_do_what_they_say() {
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    tidings.window.run(NOTE_REFUSALS, Vec::new()).await.unwrap();
    for place in [1, 2] {
        let button = format!(".controls button:nth-child({place})");
        let button = tidings.window.client().find(Locator::Css(&button)).await;
        button.unwrap().click().await.unwrap();
    }
    // What was asked before it has been answered when this is.
    tidings.window.run(ASK_TOO_MUCH, Vec::new()).await.unwrap();
    let refused = wait_for("a refusal", DEADLINE, async || {
        let said = tidings.window.run("return refusals", Vec::new()).await;
        let said: Vec<String> = serde_json::from_value(said.ok()?).ok()?;
        said.iter()
            .any(|why| why.contains("set_title"))
            .then_some(said)
    });
    let refused = refused.await.unwrap();
    assert_eq!(refused.len(), 1, "{refused:?}");
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_twice_its_size_has_half_the_room_also_after_a_restart() {
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    let usual = tidings.window.run(ROOM, Vec::new()).await.unwrap();
    let usual = usual.as_f64().unwrap();
    for percent in LARGER {
        zoom(&tidings, "+").await;
        has_room(&tidings, usual / f64::from(percent) * 100.0).await;
    }
    // There is no larger one.
    zoom(&tidings, "+").await;
    zoom(&tidings, "-").await;
    has_room(&tidings, usual / 1.75).await;
    zoom(&tidings, "+").await;
    has_room(&tidings, usual / 2.0).await;
    tidings.say("Large enough to read").await.unwrap();
    tidings.message("Large enough to read").await.unwrap();
    tidings.window.close().await.unwrap();

    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.entered().await.unwrap();
    has_room(&tidings, usual / 2.0).await;
    zoom(&tidings, "0").await;
    has_room(&tidings, usual).await;
    for percent in [90.0, 80.0] {
        zoom(&tidings, "-").await;
        has_room(&tidings, usual / percent * 100.0).await;
    }
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_opens_at_its_place_in_every_size() {
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    let usual = tidings.window.run(ROOM, Vec::new()).await.unwrap();
    let usual = usual.as_f64().unwrap();
    menu_at_its_place(&tidings).await;
    // The largest at which the sessions are still beside the conversation.
    for (keys, percent) in [("+++", 150.0), ("0--", 80.0)] {
        for key in keys.chars() {
            zoom(&tidings, &key.to_string()).await;
        }
        has_room(&tidings, usual / percent * 100.0).await;
        menu_at_its_place(&tidings).await;
    }
    tidings.window.close().await.unwrap();
}

/// Opens the menu of the workspace with the pointer, looks where it is, and closes it.
async fn menu_at_its_place(tidings: &Tidings) {
    tidings.window.click("workspace-switcher").await.unwrap();
    wait_for("the menu at its place", DEADLINE, async || {
        let placed = tidings.window.run(MENU_AT_ITS_PLACE, Vec::new()).await;
        (placed.ok()? == true).then_some(())
    })
    .await
    .unwrap();
    tidings.window.press(Key::Escape).await.unwrap();
    tidings.window.wait_gone("workspace-choice").await.unwrap();
}

/// Presses a key with Control, wherever the focus is.
async fn zoom(tidings: &Tidings, key: &str) {
    let focused = tidings.window.client().active_element().await.unwrap();
    let keys = format!("{}{key}", char::from(Key::Control));
    focused.send_keys(&keys).await.unwrap();
}

/// Waits until the page has so many of its own pixels in width, and is laid out for them.
async fn has_room(tidings: &Tidings, width: f64) {
    let mut last = None;
    let fits = wait_for("a page of another size", DEADLINE, async || {
        let room = tidings.window.run(ROOM, Vec::new()).await.ok()?.as_f64()?;
        let fits = tidings.window.run(FITS, Vec::new()).await.ok()? == true;
        last = Some((room, fits));
        ((room - width).abs() <= 1.0 && fits).then_some(())
    })
    .await;
    if fits.is_err() {
        let page = tidings.window.run(ABOUT_THE_KEYS, Vec::new()).await;
        panic!("{width} px wide; it was {last:?}, the keys went to {page:?}");
    }
}
