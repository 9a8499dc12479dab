//! A voice message that is heard in the real window.

use serde_json::json;
use tidings_testkit::{bob, scratch};
use tidings_tests::project::Project;
use tidings_tests::sound::wav;

use crate::{at_project, no_desktop, sessions};

/// Half a minute.
const SIZE: u32 = 240_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_message_is_played() {
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let service = project.service();
    service.make_bucket("voice", false).await.unwrap();
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    let bob = project.newcomer(&bob()).await;
    bob.store("voice/word.wav", "audio/wav", wav(SIZE))
        .await
        .unwrap();
    let sessions = sessions(&project, 1).await;
    let row = json!({
        "session_id": sessions[0]["id"], "user_id": bob.user(), "role": "user",
        "content": "Half a minute of nothing", "message_type": "voice",
        "metadata": {"file": {"bucket": "voice", "path": "word.wav"}},
    });
    service.insert("chat_messages", row).await.unwrap();

    tidings.message("Half a minute").await.unwrap();
    tidings.window.click("voice-play").await.unwrap();
    // What it says by then: how far it has come, of how long it is.
    tidings
        .window
        .wait_text("voice", |text| {
            text.contains(" of 0:30") && !text.contains("0:00 of")
        })
        .await
        .unwrap();
}
