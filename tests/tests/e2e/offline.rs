//! Without a server.

use tidings_testkit::{DEADLINE, scratch, wait_for};
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;

use crate::{at_project, no_desktop};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_and_written_survives_the_loss_of_the_server_and_a_restart() {
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    tidings.say("Before the storm").await.unwrap();
    tidings
        .message_state("Before the storm", "delivered")
        .await
        .unwrap();

    project.proxy.go_offline();
    tidings.banner("offline").await.unwrap();
    tidings.say("In the storm").await.unwrap();
    tidings
        .message_state("In the storm", "queued")
        .await
        .unwrap();
    tidings.say("Still in it").await.unwrap();
    tidings
        .message_state("Still in it", "queued")
        .await
        .unwrap();
    tidings.window.wait("outbox-count").await.unwrap();
    tidings.window.close().await.unwrap();

    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.entered().await.unwrap();
    tidings.message("Before the storm").await.unwrap();
    tidings
        .message_state("Still in it", "queued")
        .await
        .unwrap();
    tidings.banner("offline").await.unwrap();

    project.proxy.heal();
    tidings.window.click("try-now").await.unwrap();
    for text in ["In the storm", "Still in it"] {
        tidings.message_state(text, "delivered").await.unwrap();
    }
    let expected = ["Before the storm", "In the storm", "Still in it"];
    let sessions = project.service().select("chat_sessions", "").await.unwrap();
    let session = sessions[0]["id"].as_str().unwrap();
    assert_eq!(project.stored(session).await, expected);
    wait_for("no banner", DEADLINE, async || {
        tidings
            .window
            .all("banner")
            .await
            .ok()?
            .is_empty()
            .then_some(())
    })
    .await
    .unwrap();
    tidings.window.close().await.unwrap();
}
