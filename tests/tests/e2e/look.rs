//! How large everything in the window is shown.

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
    assert!(fits.is_ok(), "{width} px wide; it was {last:?}");
}
