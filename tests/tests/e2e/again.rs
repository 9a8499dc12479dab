//! The program, started once more while it runs.

use std::path::Path;

use tidings_testkit::{DEADLINE, Running, scratch, wait_for};
use tidings_tests::dbus::{Bus, Tray};
use tidings_tests::tidings::Tidings;
use tidings_tests::webdriver::App;

use crate::no_desktop;

/// Starts the program as the desktop does.
fn start(data: &Path, more: &[&str]) -> Running {
    let app = App::tidings().unwrap().arg("--data-dir");
    let app = app.arg(data.to_str().unwrap());
    more.iter()
        .fold(app, |app, argument| app.arg(*argument))
        .start()
        .unwrap()
}

async fn hands_over(data: &Path, more: &[&str]) {
    let mut second = start(data, more);
    assert!(second.ended(DEADLINE).await.unwrap(), "{}", second.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_with_the_same_data_has_the_first_do_what_it_was_asked_for() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let _tray = Tray::start(&bus).await.unwrap();
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.window.wait("welcome").await.unwrap();
    tidings.close_to_tray().await.unwrap();
    // As the desktop does when somebody signs in.
    hands_over(data.path(), &["--hidden"]).await;
    assert!(!tidings.visible().await.unwrap());
    hands_over(data.path(), &[]).await;
    tidings.shown().await.unwrap();
    tidings.window.wait("welcome").await.unwrap();
    hands_over(data.path(), &["--local"]).await;
    tidings.entered().await.unwrap();
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_data_of_its_own_is_a_program_of_its_own() {
    if no_desktop() {
        return;
    }
    let (data, other) = (scratch().unwrap(), scratch().unwrap());
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.window.wait("welcome").await.unwrap();
    let mut second = start(other.path(), &[]);
    let lock = other.path().join("instance.lock");
    wait_for("the other's data in use", DEADLINE, async || {
        (lock.exists() || !second.is_running()).then_some(())
    })
    .await
    .unwrap();
    assert!(second.is_running(), "{}", second.said());
    // And it is found by a start with its data.
    hands_over(other.path(), &[]).await;
    assert!(second.is_running(), "{}", second.said());
    second.stop().await.unwrap();
    tidings.window.close().await.unwrap();
}
