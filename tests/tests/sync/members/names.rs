//! What people are called.

use tidings_contract::{self as api, GuestRole, MemberRoleName};
use tidings_local::Parts;
use tidings_testkit::{DEADLINE, wait_for};

use super::{MEMBERS, project, shared, shows};

fn named(name: &str) -> api::SetName {
    api::SetName {
        name: name.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_stands_above_all_messages_of_its_owner() {
    let project = project(MEMBERS).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let sent = bob.app.send(&session, "Who am I?").await;
    bob.app.delivered(&sent).await;
    let by = |name: &'static str| move |row: &api::MessageRow| row.author.as_deref() == Some(name);
    alice
        .app
        .message("bob's message", &session, &sent.id, by("bob"))
        .await;
    alice.app.forget();
    bob.app.ok(named("Robert")).await;
    // The profile follows, and who looks at the session hears of it through presence.
    let service = project.service();
    let query = format!("user_id=eq.{}", bob.id);
    wait_for("the profile", DEADLINE, || async {
        let row = service.select("chat_profiles", &query).await.ok()?.pop()?;
        (row["display_name"] == "Robert").then_some(())
    })
    .await
    .unwrap();
    alice
        .app
        .message("the same message", &session, &sent.id, by("Robert"))
        .await;
    alice
        .app
        .event("told to read again", |event| match event {
            api::Event::Messages { reread: true, .. } => Some(()),
            _ => None,
        })
        .await;
    alice
        .session("the name in the list", &session, |row| {
            row.snippet
                .as_ref()
                .is_some_and(|s| s.author.as_deref() == Some("Robert"))
        })
        .await;
    shows(
        &alice,
        &session,
        &[
            ("alice", MemberRoleName::Owner),
            ("Robert", MemberRoleName::Member),
        ],
    )
    .await;

    // And it is there without a connection, after a new start.
    alice.app.stop().await;
    project.proxy.go_offline();
    let app = alice.device.start().await;
    let row = app.messages(&session).await.remove(0);
    assert_eq!(row.author.as_deref(), Some("Robert"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_profile_goes_by_the_name_in_the_message_or_a_short_id() {
    let project = project(Parts::ALL).await;
    let (alice, _bob, session) = shared(&project, GuestRole::Member).await;
    let service = project.service();
    let carol = "018f3b6c-0000-7000-8000-00000000cafe";
    let message = |content: &str, metadata: serde_json::Value| {
        serde_json::json!({
            "id": uuid::Uuid::now_v7(), "session_id": session, "user_id": carol, "role": "user",
            "content": content, "metadata": metadata,
        })
    };
    for row in [
        message("named", serde_json::json!({"user_name": "Carol"})),
        message("nameless", serde_json::json!({})),
    ] {
        service.insert("chat_messages", row).await.unwrap();
    }
    let page = alice
        .app
        .until("both messages", crate::kit::latest(&session), |page| {
            page.rows.len() == 2
        })
        .await;
    let author = |content: &str| {
        let row = page.rows.iter().find(|row| row.content == content);
        row.unwrap().author.clone().unwrap()
    };
    assert_eq!(
        (author("named").as_str(), author("nameless").as_str()),
        ("Carol", "…cafe")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_does_not_know_the_new_name_yet_leaves_the_profile_alone() {
    let project = project(MEMBERS).await;
    let (_alice, bob, _session) = shared(&project, GuestRole::Member).await;
    let service = project.service();
    let query = format!("user_id=eq.{}", bob.id);
    let written = |name: &'static str| {
        let (service, query) = (&service, &query);
        wait_for(name, DEADLINE, move || async move {
            let row = service.select("chat_profiles", query).await.ok()?.pop()?;
            (row["display_name"] == name).then_some(())
        })
    };
    written("bob").await.unwrap();
    // As another device of his would write it.
    let renamed = serde_json::json!({"display_name": "Robert"});
    service
        .update("chat_profiles", &query, renamed)
        .await
        .unwrap();
    bob.app.stop().await;
    let app = bob.device.start().await;
    app.live().await;
    // His own later change counts.
    written("Robert").await.unwrap();
    app.ok(named("Bobby")).await;
    written("Bobby").await.unwrap();
}
