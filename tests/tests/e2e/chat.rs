//! Chat with the official client.

use std::path::Path;

use serde_json::{Value, json};
use tidings_testkit::{Actor, DEADLINE, Program, Running, alice, bob, node, scratch, wait_for};
use tidings_tests::project::Project;

use crate::{at_project, no_desktop, sessions};

const PEER: &str = "conformance/peer.mjs";

/// The next line of the peer for which `wanted` holds.
async fn told(peer: &mut Running, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let line = peer.json().await.unwrap();
        if wanted(&line) {
            return line;
        }
    }
}

async fn start_peer(project: &Project, session: &str) -> Running {
    let person = |actor: Actor| json!({"email": actor.email, "password": actor.password});
    let order = json!({
        "url": project.server.info().url,
        "key": project.key(),
        "session": session,
        "reader": person(alice()),
        "guest": person(bob()),
    });
    let mut peer = Program::new(node().unwrap())
        .arg(Path::new(PEER))
        .arg(order.to_string())
        .start()
        .unwrap();
    told(&mut peer, |line| line["ready"] == true).await;
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn code_is_coloured_beside_the_page() {
    const COLOURS: &str = "
        const parts = [...document.querySelectorAll('[data-testid=message] pre span')];
        return parts.map((part) => part.className.split(' ')[0]);";
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    let service = project.service();
    let sessions = sessions(&project, 1).await;
    let row = json!({
        "session_id": sessions[0]["id"], "role": "assistant",
        "content": "```js\nconst one = 1; // the first\n```",
    });
    service.insert("chat_messages", row).await.unwrap();
    tidings.message("const one").await.unwrap();
    let colours = wait_for("colours", DEADLINE, async || {
        let found = tidings.window.run(COLOURS, Vec::new()).await.ok()?;
        (found != json!([])).then_some(found)
    });
    assert_eq!(colours.await.unwrap(), json!(["key", "num", "com"]));
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_and_the_official_client_talk_both_ways() {
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    project.newcomer(&bob()).await;
    tidings.say("Hello, who is there?").await.unwrap();
    tidings.message_state("Hello", "delivered").await.unwrap();
    let sessions = sessions(&project, 1).await;
    let mut peer = start_peer(&project, sessions[0]["id"].as_str().unwrap()).await;

    tidings.say("say It is me").await.unwrap();
    let inserted = |content: &'static str| {
        move |line: &Value| line["change"] == "INSERT" && line["content"] == content
    };
    told(&mut peer, inserted("say It is me")).await;
    tidings.message("It is me").await.unwrap();
    told(&mut peer, inserted("It is me")).await;

    tidings.say("reword It is I").await.unwrap();
    tidings.message("It is I").await.unwrap();
    tidings.message_state("It is I", "delivered").await.unwrap();
    tidings.say("take it back").await.unwrap();
    tidings
        .message_state("take it back", "delivered")
        .await
        .unwrap();
    told(&mut peer, |line| line["change"] == "DELETE").await;
    // The tools of a message come with the pointer.
    tidings.window.click("message").await.unwrap();
    tidings.window.click("message-reply").await.unwrap();
    tidings.say("An answer").await.unwrap();
    tidings.window.wait("message-quote").await.unwrap();

    tidings.say("look busy").await.unwrap();
    let typing = tidings.typing("Bob").await;
    assert!(typing.is_ok(), "{typing:?}; the peer: {}", peer.said());
    // Writing in the window is seen by the others.
    tidings
        .window
        .type_into("composer", "I am wri")
        .await
        .unwrap();
    told(&mut peer, |line| line["typing"]["typing"] == true).await;
    tidings.tab("details").await.unwrap();
    tidings.cut_text("person", "Bob").await.unwrap();
    tidings.window.close().await.unwrap();
    peer.stop().await.unwrap();
}
