//! What one does most: the palette by keys, changing and deleting what was written, the ways of a
//! session, going to a day, another language, a narrow window.

use fantoccini::key::Key;
use serde_json::{Value, json};
use tidings_testkit::{DEADLINE, scratch, wait_for};
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;

use crate::{at_project, no_desktop, sessions};

const TITLE: &str = "return document.querySelector('h1')?.textContent.trim() ?? ''";
const THEME: &str = "return document.documentElement.dataset.theme ?? ''";
const LANGUAGE: &str = "return document.documentElement.lang.slice(0, 2)";
const PLACEHOLDER: &str =
    "return document.querySelector('[data-testid=composer]')?.placeholder ?? ''";
/// What the marked message says, which one was led to.
const LED_TO: &str = "
    const marked = document.querySelector('[data-testid=message].marked');
    return marked?.textContent ?? ''";
/// Whether nothing reaches out of the page sideways.
const FITS: &str = "
    const page = document.scrollingElement;
    return page.scrollWidth <= page.clientWidth";

/// A key with Control.
fn control(key: &str) -> String {
    format!("{}{key}", char::from(Key::Control))
}

/// Types wherever the focus is.
async fn type_on(tidings: &Tidings, keys: &str) {
    let focused = tidings.window.client().active_element().await.unwrap();
    focused.send_keys(keys).await.unwrap();
}

/// Waits until a script answers what is wanted.
async fn page_says(tidings: &Tidings, script: &str, wanted: impl Fn(&str) -> bool) {
    let mut last = Value::Null;
    let says = wait_for("what the page says", DEADLINE, async || {
        last = tidings.window.run(script, Vec::new()).await.ok()?;
        last.as_str().is_some_and(&wanted).then_some(())
    })
    .await;
    assert!(says.is_ok(), "the page says {last}");
}

/// Waits until the only session of a project has a title and a status.
async fn kept(project: &Project, title: &str, status: &str) {
    let service = project.service();
    wait_for(&format!("{title}, {status}"), DEADLINE, async || {
        let rows = service.select("chat_sessions", "select=title,status").await;
        (rows.ok()? == [json!({"title": title, "status": status})]).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_leads_to_a_session_and_to_a_setting_by_keys_alone() {
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    tidings.new_session("Garden").await.unwrap();
    tidings.new_session("Kitchen").await.unwrap();
    page_says(&tidings, TITLE, |title| title == "Kitchen").await;

    let window = &tidings.window;
    for (asked, offered) in [
        ("#Gard", "Garden"),
        (">dark", "Dark theme"),
        (">settings", "Settings"),
    ] {
        type_on(&tidings, &control("k")).await;
        window.wait("palette-input").await.unwrap();
        type_on(&tidings, asked).await;
        tidings.cut_text("palette-option", offered).await.unwrap();
        window.press(Key::Enter).await.unwrap();
        window.wait_gone("palette-input").await.unwrap();
    }
    window.wait("settings").await.unwrap();
    page_says(&tidings, THEME, |theme| theme == "dark").await;
    window.press(Key::Escape).await.unwrap();
    window.wait_gone("settings").await.unwrap();
    page_says(&tidings, TITLE, |title| title == "Garden").await;
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_changed_and_deleted() {
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    let session = sessions(&project, 1).await[0]["id"].clone();
    let session = session.as_str().unwrap();
    let window = &tidings.window;
    tidings.say("Meet at one").await.unwrap();
    tidings
        .message_state("Meet at one", "delivered")
        .await
        .unwrap();
    // The tools of a message come with the pointer.
    window.click("message").await.unwrap();
    window.click("message-edit").await.unwrap();
    window
        .fill("message-edit-box", "Meet at two")
        .await
        .unwrap();
    window.press(Key::Enter).await.unwrap();
    tidings
        .message_state("Meet at two", "delivered")
        .await
        .unwrap();
    tidings.message_gone("Meet at one").await.unwrap();
    assert_eq!(project.stored(session).await, ["Meet at two"]);

    window.click("message").await.unwrap();
    window.click("message-more").await.unwrap();
    window.click("message-delete").await.unwrap();
    window.click("confirm-action").await.unwrap();
    tidings.message_gone("Meet at two").await.unwrap();
    wait_for("the message gone from the project", DEADLINE, async || {
        project.stored(session).await.is_empty().then_some(())
    })
    .await
    .unwrap();
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renamed_archived_and_taken_back() {
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    kept(&project, "Plans", "active").await;
    let window = &tidings.window;
    window.click("session-menu").await.unwrap();
    window.click("session-rename").await.unwrap();
    window.fill("session-name", "Plans for May").await.unwrap();
    window.click("session-create").await.unwrap();
    page_says(&tidings, TITLE, |title| title == "Plans for May").await;
    kept(&project, "Plans for May", "active").await;

    window.click("session-menu").await.unwrap();
    window.click("session-archive").await.unwrap();
    kept(&project, "Plans for May", "archived").await;
    // An archived session is not written in.
    window.wait_gone("composer").await.unwrap();
    window.click("session-menu").await.unwrap();
    window.click("session-archive").await.unwrap();
    kept(&project, "Plans for May", "active").await;
    tidings.say("Here again").await.unwrap();
    tidings
        .message_state("Here again", "delivered")
        .await
        .unwrap();
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_goes_to_a_day_long_ago() {
    const MANY: u32 = 400;
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    let session = sessions(&project, 1).await[0]["id"].clone();
    let row = |content: String, at: String| {
        json!({
            "session_id": session, "role": "assistant", "content": content, "created_at": at,
        })
    };
    let mut rows = vec![row(
        "The first of March".to_owned(),
        "2026-03-01T12:00:00Z".to_owned(),
    )];
    rows.extend((0..MANY).map(|each| {
        let at = format!("2026-04-01T{:02}:{:02}:00Z", each / 60, each % 60);
        row(format!("April, number {each}"), at)
    }));
    let service = project.service();
    service.insert("chat_messages", json!(rows)).await.unwrap();
    tidings
        .message(&format!("April, number {}", MANY - 1))
        .await
        .unwrap();

    let window = &tidings.window;
    window.click("session-menu").await.unwrap();
    window.click("session-date").await.unwrap();
    window.fill("date-field", "2026-03-01").await.unwrap();
    window.press(Key::Enter).await.unwrap();
    window.wait_gone("date-dialog").await.unwrap();
    tidings.message("The first of March").await.unwrap();
    page_says(&tidings, LED_TO, |text| text.contains("The first of March")).await;
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_language_is_there_at_once_and_after_a_restart() {
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    let speaks = async |tidings: &Tidings, language: &str, placeholder: &str| {
        page_says(tidings, LANGUAGE, |said| said == language).await;
        page_says(tidings, PLACEHOLDER, |said| said.contains(placeholder)).await;
    };
    speaks(&tidings, "en", "Message").await;
    type_on(&tidings, &control(",")).await;
    tidings.window.wait("settings").await.unwrap();
    let german = "document.querySelector('[data-testid=language] [data-value=de]').click()";
    tidings.window.wait("language").await.unwrap();
    tidings.window.run(german, Vec::new()).await.unwrap();
    tidings.cut_text("settings", "Einstellungen").await.unwrap();
    tidings.window.press(Key::Escape).await.unwrap();
    tidings.window.wait_gone("settings").await.unwrap();
    speaks(&tidings, "de", "Nachricht").await;
    tidings.window.close().await.unwrap();

    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.entered().await.unwrap();
    speaks(&tidings, "de", "Nachricht").await;
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_window_has_one_column_and_leads_everywhere() {
    const NARROW: (u32, u32) = (480, 640);
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    tidings.new_session("Garden").await.unwrap();
    let window = &tidings.window;
    let (width, height) = NARROW;
    let client = window.client();
    client.set_window_size(width, height).await.unwrap();
    let fits = async || {
        wait_for("a page that fits its window", DEADLINE, async || {
            (window.run(FITS, Vec::new()).await.ok()? == true).then_some(())
        })
        .await
        .unwrap();
    };
    window.click("back").await.unwrap();
    window.wait_gone("composer").await.unwrap();
    fits().await;
    window.click("session-row").await.unwrap();
    tidings.say("From a narrow window").await.unwrap();
    tidings
        .message_state("From a narrow window", "delivered")
        .await
        .unwrap();
    fits().await;
    tidings.tab("market").await.unwrap();
    window.wait("watch-row").await.unwrap();
    fits().await;
    type_on(&tidings, &control(",")).await;
    window.wait("settings").await.unwrap();
    fits().await;
    tidings.window.close().await.unwrap();
}
