//! Losing a session, and coming back to it.

use tidings_contract::{self as api, Edge, ErrorCode, GuestRole, MemberRoleName};
use tidings_local::Parts;

use super::{MEMBERS, invite, project, remove, send, shared, shows};
use crate::kit::{latest, open};

async fn removed_while_looking(parts: Parts) {
    let project = project(parts).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    for text in ["One", "Two"] {
        let sent = alice.app.send(&session, text).await;
        bob.app.message(text, &session, &sent.id, |_| true).await;
    }
    bob.app.forget();
    alice.app.ok(remove(&session, &bob)).await;
    // Told, not found out at the next reading.
    bob.app
        .event("the loss told", |event| match event {
            api::Event::Sessions { changed, .. } => changed
                .iter()
                .any(|row| row.id == session && row.no_access)
                .then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(bob.app.contents(&session).await, ["One", "Two"]);
    let refused = bob.app.refused(send(&session, "Hello?")).await;
    assert_eq!(refused.code, ErrorCode::Invalid);
    // The channel of the session is left.
    bob.app
        .until("the channel left", api::GetDiagnostics {}, |state| {
            let of_session = format!("session:{session}");
            state
                .channels
                .iter()
                .all(|channel| channel.name != of_session)
        })
        .await;
    shows(&alice, &session, &[("alice", MemberRoleName::Owner)]).await;

    // What happens meanwhile is not known, and is there afterwards; what is gone is gone. (While he
    // listens he is told of deletions all the same: they reach everybody.)
    bob.app.ok(api::Disconnect {}).await;
    bob.app.offline().await;
    let row = alice.app.messages(&session).await.remove(0);
    alice.app.ok(api::DeleteMessage { message: row.id }).await;
    let edited = alice.app.messages(&session).await.remove(0);
    alice
        .app
        .ok(api::EditMessage {
            message: edited.id,
            content: "Two, edited".to_owned(),
        })
        .await;
    for text in ["Three", "Four"] {
        let sent = alice.app.send(&session, text).await;
        alice.app.delivered(&sent).await;
    }
    alice.app.sent_everything().await;
    bob.app.ok(api::Connect {}).await;
    bob.app.live().await;
    assert_eq!(bob.app.contents(&session).await, ["One", "Two"]);

    let code = invite(&alice, &session, GuestRole::Member).await.code;
    bob.redeem(&code).await;
    let page = bob
        .app
        .until("all of it", latest(&session), |page| {
            page.rows.len() == 3 && page.before == Edge::End
        })
        .await;
    let contents: Vec<_> = page.rows.iter().map(|row| row.content.as_str()).collect();
    assert_eq!(contents, ["Two, edited", "Three", "Four"]);
    bob.session("access", &session, |row| !row.no_access).await;
    let sent = bob.app.send(&session, "Back").await;
    bob.app.delivered(&sent).await;
    alice
        .app
        .message("Bob is back", &session, &sent.id, |_| true)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_keeps_what_was_read_and_comes_back_to_all_of_it() {
    removed_while_looking(MEMBERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_sync_part_as_well_it_is_kept_and_comes_back_just_the_same() {
    removed_while_looking(Parts::ALL).await;
}

async fn removed_while_away(parts: Parts) {
    let project = project(parts).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let sent = alice.app.send(&session, "One").await;
    bob.app.message("One", &session, &sent.id, |_| true).await;
    shows(
        &bob,
        &session,
        &[
            ("alice", MemberRoleName::Owner),
            ("bob", MemberRoleName::Member),
        ],
    )
    .await;
    let removal = remove(&session, &bob);
    bob.app.stop().await;
    alice.app.ok(removal).await;
    let app = bob.device.start().await;
    app.ok(open(&session)).await;
    // Two complete lists lack it: that of the sessions, and that of the members.
    app.live().await;
    let row = app.ok(api::ListSessions {}).await.pop().unwrap();
    assert_eq!((row.id.as_str(), row.no_access), (session.as_str(), true));
    assert_eq!(app.contents(&session).await, ["One"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_while_away_finds_out_on_coming_back() {
    removed_while_away(MEMBERS).await;
}

/// The session came after one catch-up and went before the next: no number tells of it.
#[tokio::test(flavor = "multi_thread")]
async fn with_the_sync_part_as_well_who_was_removed_while_away_finds_out() {
    removed_while_away(Parts::ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_keeps_what_was_read_until_it_is_removed_from_the_computer() {
    let project = project(MEMBERS).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let sent = bob.app.send(&session, "Goodbye").await;
    bob.app.delivered(&sent).await;
    let leave = api::LeaveSession {
        session: session.clone(),
    };
    bob.app.ok(leave.clone()).await;
    let row = bob.app.ok(api::ListSessions {}).await.pop().unwrap();
    assert!(row.no_access);
    assert_eq!(bob.app.contents(&session).await, ["Goodbye"]);
    shows(&alice, &session, &[("alice", MemberRoleName::Owner)]).await;
    // Leaving twice is no mistake.
    bob.app.ok(leave).await;
    let away = api::DeleteSession {
        session: session.clone(),
    };
    bob.app.ok(away).await;
    assert!(bob.app.ok(api::ListSessions {}).await.is_empty());
    assert_eq!(project.stored(&session).await, ["Goodbye"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_session_that_its_owner_deletes_is_gone_for_all() {
    let project = project(Parts::ALL).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    alice
        .app
        .ok(api::DeleteSession {
            session: session.clone(),
        })
        .await;
    bob.app
        .until("gone", api::ListSessions {}, Vec::is_empty)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_does_not_publish_its_members_keeps_its_chat_live() {
    let project = project(MEMBERS).await;
    let table = "chat_session_members";
    project.server.faults().lack_table(Some(table));
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let sent = alice.app.send(&session, "One").await;
    bob.app.message("One", &session, &sent.id, |_| true).await;
    let asked = bob.app.ok(api::GetDiagnostics {}).await;
    let chat = asked.channels.iter().find(|channel| channel.name == "chat");
    let bindings = &chat.unwrap().bindings;
    assert!(bindings.iter().all(|binding| binding.table != table));
    // Who was removed is not told, and finds out when catching up.
    alice.app.ok(remove(&session, &bob)).await;
    bob.app.ok(api::Disconnect {}).await;
    bob.app.offline().await;
    bob.app.ok(api::Connect {}).await;
    bob.out_of(&session).await;
}
