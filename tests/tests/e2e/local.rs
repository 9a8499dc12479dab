//! The local workspace.

use tidings_testkit::scratch;
use tidings_tests::tidings::Tidings;

use crate::no_desktop;

#[tokio::test(flavor = "multi_thread")]
async fn the_local_workspace_answers_and_is_there_again_after_a_restart() {
    if no_desktop() {
        return;
    }
    let data = scratch().unwrap();
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.enter_local().await.unwrap();
    tidings.say("Good morning").await.unwrap();
    tidings
        .message_state("Good morning", "delivered")
        .await
        .unwrap();
    tidings.say("/price BTC").await.unwrap();
    tidings.message("BTC is at").await.unwrap();
    tidings.window.wait("ticker-price").await.unwrap();
    tidings.window.close().await.unwrap();

    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.entered().await.unwrap();
    tidings.message("Good morning").await.unwrap();
    tidings.message("BTC is at").await.unwrap();
    tidings.say("And good evening").await.unwrap();
    tidings
        .message_state("And good evening", "delivered")
        .await
        .unwrap();
    tidings.window.close().await.unwrap();
}
