//! What each may do, and what becomes of what one may do no more.

use tidings_contract::{self as api, ErrorCode, GuestRole, MemberRoleName, SendState};
use tidings_local::Parts;
use tidings_testkit::{alice, mallory};

use super::{MEMBERS, Person, invite, open, project, remove, role_of, send, shared, shows};

fn failed(state: &SendState) -> Option<(&str, &str)> {
    match state {
        SendState::Failed { code, reason } => Some((code, reason)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_reads_and_does_not_write_with_or_without_a_connection() {
    let project = project(MEMBERS).await;
    let (alice, bob, session) = shared(&project, GuestRole::Reader).await;
    bob.is(MemberRoleName::Reader, &session).await;
    let sent = alice.app.send(&session, "Hear, hear").await;
    bob.app
        .message("what Alice wrote", &session, &sent.id, |_| true)
        .await;
    let refused = bob.app.refused(send(&session, "May I?")).await;
    assert_eq!(refused.code, ErrorCode::Invalid);
    assert!(refused.message.contains("not write"), "{refused}");
    project.proxy.go_offline();
    bob.app.offline().await;
    let refused = bob.app.refused(send(&session, "And now?")).await;
    assert_eq!(refused.code, ErrorCode::Invalid);
    let rename = api::UpdateSession {
        session: session.clone(),
        title: Some("Mine".to_owned()),
        status: None,
    };
    assert_eq!(bob.app.refused(rename).await.code, ErrorCode::NotOwner);
    assert!(bob.app.ok(api::ListOutbox {}).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_changes_counts_at_once() {
    let project = project(MEMBERS).await;
    let (alice, bob, session) = shared(&project, GuestRole::Reader).await;
    bob.is(MemberRoleName::Reader, &session).await;
    bob.app.forget();
    alice
        .app
        .ok(role_of(&session, &bob, GuestRole::Member))
        .await;
    bob.app
        .event("the role told", |event| match event {
            api::Event::Sessions { changed, .. } => changed
                .iter()
                .any(|row| row.id == session && row.role == Some(MemberRoleName::Member))
                .then_some(()),
            _ => None,
        })
        .await;
    let sent = bob.app.send(&session, "Now I may").await;
    bob.app.delivered(&sent).await;
    // And say that one types, which is decided when one joins the channel.
    let typing = api::Typing {
        session: session.clone(),
        typing: true,
    };
    let heard = || async {
        bob.app.ok(typing.clone()).await;
        let told = alice.app.told(|event| match event {
            api::Event::People { people, .. } => people
                .iter()
                .any(|p| p.user_id == bob.id && p.typing)
                .then_some(()),
            _ => None,
        });
        told.into_iter().next()
    };
    tidings_testkit::wait_for("Bob writing", tidings_testkit::DEADLINE, heard)
        .await
        .unwrap();
    alice
        .app
        .ok(role_of(&session, &bob, GuestRole::Reader))
        .await;
    bob.is(MemberRoleName::Reader, &session).await;
    bob.app.refused(send(&session, "No more")).await;
    shows(
        &alice,
        &session,
        &[
            ("alice", MemberRoleName::Owner),
            ("bob", MemberRoleName::Reader),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_changes_the_session_and_who_takes_part() {
    let project = project(Parts::ALL).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let mallory = Person::new(&project, &mallory()).await;
    let code = invite(&alice, &session, GuestRole::Member).await.code;
    mallory.redeem(&code).await;
    bob.session("three people", &session, |row| row.people == 3)
        .await;
    let not_owner = |error: api::ApiError| assert_eq!(error.code, ErrorCode::NotOwner);
    let app = &bob.app;
    let again = api::CreateInvite {
        session: session.clone(),
        role: GuestRole::Member,
        seconds: 3_600,
    };
    not_owner(app.refused(again).await);
    not_owner(app.refused(remove(&session, &mallory)).await);
    not_owner(
        app.refused(role_of(&session, &mallory, GuestRole::Reader))
            .await,
    );
    let delete = api::DeleteSession {
        session: session.clone(),
    };
    not_owner(app.refused(delete).await);
    let leave = api::LeaveSession {
        session: session.clone(),
    };
    let refused = alice.app.refused(leave).await;
    assert_eq!(refused.code, ErrorCode::Invalid);
    // The owner cannot be removed either, and who is gone is not there to be changed.
    let refused = alice.app.refused(remove(&session, &alice)).await;
    assert_eq!(refused.code, ErrorCode::NotFound);
    alice.app.ok(remove(&session, &mallory)).await;
    let refused = alice
        .app
        .refused(role_of(&session, &mallory, GuestRole::Reader))
        .await;
    assert_eq!(refused.code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_deletes_any_message_and_others_their_own() {
    let project = project(MEMBERS).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let hers = alice.app.send(&session, "Hers").await;
    let his = bob.app.send(&session, "His").await;
    for (person, message) in [(&bob, &hers), (&alice, &his)] {
        person
            .app
            .message("the other's message", &session, &message.id, |_| true)
            .await;
    }
    let delete = |message: &api::MessageRow| api::DeleteMessage {
        message: message.id.clone(),
    };
    let edit = |message: &api::MessageRow| api::EditMessage {
        message: message.id.clone(),
        content: "Other".to_owned(),
    };
    assert_eq!(
        bob.app.refused(delete(&hers)).await.code,
        ErrorCode::Invalid
    );
    assert_eq!(alice.app.refused(edit(&his)).await.code, ErrorCode::Invalid);
    alice.app.ok(delete(&his)).await;
    alice.app.sent_everything().await;
    bob.app
        .until("his gone", crate::kit::latest(&session), |page| {
            page.rows.len() == 1 && page.rows[0].content == "Hers"
        })
        .await;
    assert_eq!(project.stored(&session).await, ["Hers"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_the_right_is_lost_fails_with_the_reason_and_its_text() {
    let project = project(MEMBERS).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let first = bob.app.send(&session, "First").await;
    let first = bob.app.delivered(&first).await;
    bob.app.ok(api::Disconnect {}).await;
    bob.app.offline().await;
    let waiting = bob.app.send(&session, "Wait for me").await;
    bob.app
        .ok(api::EditMessage {
            message: first.id.clone(),
            content: "First, edited".to_owned(),
        })
        .await;
    let mut kept = bob.app.contents(&session).await;
    kept.sort();
    assert_eq!(kept, ["First, edited", "Wait for me"]);

    alice.app.ok(remove(&session, &bob)).await;
    bob.app.ok(api::Connect {}).await;
    bob.out_of(&session).await;
    let refused = bob
        .app
        .message("failed", &session, &waiting.id, |row| {
            failed(&row.state).is_some()
        })
        .await;
    assert_eq!(refused.content, "Wait for me");
    let (code, reason) = failed(&refused.state).unwrap();
    assert_eq!(code, "access", "{reason}");
    assert!(reason.contains("kept"), "{reason}");
    let edited = bob
        .app
        .message("the edit failed", &session, &first.id, |row| {
            failed(&row.state).is_some()
        })
        .await;
    assert_eq!(edited.pending_edit.as_deref(), Some("First, edited"));
    assert_eq!(failed(&edited.state).unwrap().0, "access");
    assert_eq!(project.stored(&session).await, ["First"]);

    // Let in again, both can be sent after all.
    let code = invite(&alice, &session, GuestRole::Member).await.code;
    bob.redeem(&code).await;
    for id in [&first.id, &waiting.id] {
        let message = id.clone();
        bob.app.ok(api::RetryMessage { message }).await;
    }
    bob.app.sent_everything().await;
    assert_eq!(
        project.stored(&session).await,
        ["First, edited", "Wait for me"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channel_of_a_new_session_is_joined_once_the_project_has_it() {
    let project = project(MEMBERS).await;
    let alice = Person::new(&project, &alice()).await;
    let mut settings = alice.app.ok(api::GetSettings {}).await;
    settings.realtime.frame_log = true;
    alice.app.ok(api::SetSettings { settings }).await;
    // Opened at once, as the window does.
    let title = Some("Plans".to_owned());
    let made = alice.app.ok(api::CreateSession { title }).await.id;
    alice.app.ok(open(&made)).await;
    alice
        .app
        .event("oneself in it", |event| match event {
            api::Event::People { session, people } if *session == made => {
                people.iter().find(|person| person.own).cloned()
            }
            _ => None,
        })
        .await;

    let log = alice.app.ok(api::GetFrameLog { after: None }).await;
    let joins = log.frames.iter().filter(|frame| {
        frame.direction == api::FrameDirection::Out
            && frame.event == "phx_join"
            && frame.topic.contains(&made)
    });
    assert_eq!(
        joins.count(),
        1,
        "the project was asked before it had the session"
    );
}
