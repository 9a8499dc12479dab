//! Searching all sessions.

use fantoccini::key::Key;
use tidings_testkit::{DEADLINE, scratch, wait_for};
use tidings_tests::tidings::Tidings;

use crate::no_desktop;

/// The words that are marked in the context of the chosen hit.
const MARKED: &str = "
    const marks = document.querySelectorAll('[data-testid=context] [aria-current] mark');
    return [...marks].map((mark) => mark.textContent.trim()).join(' ');";

const FOCUSED: &str = "return document.activeElement?.dataset.testid ?? ''";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_searched_by_keys_is_read_in_its_context_and_opened() {
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    tidings.new_session("Garden").await.unwrap();
    tidings.say("The basin is full").await.unwrap();
    tidings.message("The basin is full").await.unwrap();
    tidings.new_session("Kitchen").await.unwrap();

    let window = &tidings.window;
    let search = format!("{}{}f", char::from(Key::Control), char::from(Key::Shift));
    let focused = window.client().active_element().await.unwrap();
    focused.send_keys(&search).await.unwrap();
    window.wait("search-field").await.unwrap();
    window.type_into("search-field", "basni").await.unwrap();
    let meant = window.wait_text("suggestion", |text| text == "basin").await;
    meant.unwrap();
    window.click("suggestion").await.unwrap();
    window.wait("result").await.unwrap();
    wait_for("the hit in its context", DEADLINE, async || {
        let marked = window.run(MARKED, Vec::new()).await.ok()?;
        (marked == "basin").then_some(())
    })
    .await
    .unwrap();
    let enter = char::from(Key::Enter).to_string();
    window.type_into("search-field", &enter).await.unwrap();
    wait_for("the focus on the hit", DEADLINE, async || {
        let focused = window.run(FOCUSED, Vec::new()).await.ok()?;
        (focused == "result").then_some(())
    })
    .await
    .unwrap();
    window.press(Key::Enter).await.unwrap();
    window.wait_gone("results").await.unwrap();
    tidings.message("The basin is full").await.unwrap();
    tidings.window.close().await.unwrap();
}
