//! The app's real window, driven as a person drives it, on a desktop whose services the test
//! plays.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod account;
mod chat;
mod delivery;
mod local;
mod lock;
mod look;
mod offline;
mod prices;
mod voice;

use std::path::Path;

use tidings_testkit::alice;
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;

/// Why no window can be opened here, said aloud.
fn no_desktop() -> bool {
    let lacking = tidings_tests::display::lacking();
    if let Some(reason) = lacking {
        println!("SKIPPED: the window: {reason}");
    }
    lacking.is_some()
}

/// A window that is signed in at a project as Alice, with one session open.
async fn at_project(project: &Project, data: &Path) -> Tidings {
    let tidings = Tidings::open(data).await.unwrap();
    tidings
        .connect(&project.proxy.url(), &project.key())
        .await
        .unwrap();
    tidings.sign_up(&alice()).await.unwrap();
    tidings.new_session("Plans").await.unwrap();
    tidings
}
