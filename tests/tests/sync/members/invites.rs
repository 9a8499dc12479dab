//! How people come in, and what strangers see.

use serde_json::json;
use tidings_contract::{self as api, ErrorCode, Event, GuestRole, MemberRoleName};
use tidings_local::Parts;
use tidings_testkit::proxy::Direction;
use tidings_testkit::{alice, bob, mallory};
use tidings_tests::project::Project;

use super::{MEMBERS, Person, invite, project, send, shared, shown, shows};
use crate::kit::open;

async fn they_chat(parts: Parts) {
    let project = project(parts).await;
    let alice = Person::new(&project, &alice()).await;
    let bob = Person::new(&project, &bob()).await;
    let session = alice.app.session("Plans").await;
    let written = alice.app.send(&session, "Who comes?").await;
    alice.app.delivered(&written).await;

    let made = invite(&alice, &session, GuestRole::Member).await;
    let open_ones = api::ListInvites {
        session: session.clone(),
    };
    let listed = alice.app.ok(open_ones.clone()).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0].id, listed[0].role, listed[0].expires_at),
        (&made.id, GuestRole::Member, made.expires_at)
    );

    // As it may have been copied from a letter.
    let code = format!(" {}-{} \n", &made.code[..16], &made.code[16..]).to_uppercase();
    let row = bob.redeem(&code).await;
    assert_eq!(
        (row.id.as_str(), row.role, row.people),
        (session.as_str(), Some(MemberRoleName::Member), 2)
    );
    bob.app.whole(&session).await;
    assert_eq!(bob.app.contents(&session).await, ["Who comes?"]);

    let answer = bob.app.send(&session, "I do").await;
    bob.app.delivered(&answer).await;
    let heard = alice
        .app
        .message("Bob's answer", &session, &answer.id, |_| true)
        .await;
    assert_eq!((heard.author.as_deref(), heard.own), (Some("bob"), false));
    alice
        .session("two people", &session, |row| row.people == 2)
        .await;
    let both = [
        ("alice", MemberRoleName::Owner),
        ("bob", MemberRoleName::Member),
    ];
    shows(&alice, &session, &both).await;
    shows(&bob, &session, &both).await;

    // Each sees that the other is there.
    for (person, other) in [(&alice, &bob), (&bob, &alice)] {
        let listed = api::ListParticipants {
            session: session.clone(),
        };
        person
            .app
            .until("the other there", listed, |listed| {
                listed.iter().any(|p| {
                    p.user_id == other.id
                        && p.status == Some(api::PersonStatus::Online)
                        && p.devices == 1
                })
            })
            .await;
    }
    bob.app
        .ok(api::Typing {
            session: session.clone(),
            typing: true,
        })
        .await;
    alice
        .app
        .event("Bob writing", |event| match event {
            Event::People { people, .. } => people
                .iter()
                .any(|p| p.user_id == bob.id && p.typing)
                .then_some(()),
            _ => None,
        })
        .await;
    assert!(alice.app.ok(open_ones).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_redeems_an_invitation_takes_part_from_then_on() {
    they_chat(MEMBERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_sync_part_as_well_they_take_part_just_the_same() {
    they_chat(Parts::ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_unknown_used_withdrawn_or_too_late_says_so() {
    let project = project(Parts::ALL).await;
    let (alice, _bob, session) = shared(&project, GuestRole::Member).await;
    let mallory = Person::new(&project, &mallory()).await;
    let code = |code: &str| api::RedeemInvite {
        code: code.to_owned(),
    };
    let refused = mallory.app.refused(code("0123456789abcdef")).await;
    assert_eq!(refused.code, ErrorCode::InviteUnknown);
    assert_eq!(
        mallory.app.refused(code(" ")).await.code,
        ErrorCode::Invalid
    );

    let used = invite(&alice, &session, GuestRole::Reader).await;
    let withdrawn = invite(&alice, &session, GuestRole::Reader).await;
    let late = invite(&alice, &session, GuestRole::Reader).await;
    let withdraw = api::WithdrawInvite {
        invite: withdrawn.id.clone(),
    };
    alice.app.ok(withdraw.clone()).await;
    let again = alice.app.refused(withdraw).await;
    assert_eq!(again.code, ErrorCode::NotFound);
    let refused = mallory.app.refused(code(&withdrawn.code)).await;
    assert_eq!(refused.code, ErrorCode::InviteUnknown);

    let service = project.service();
    let query = |id: &str| format!("id=eq.{id}");
    let past = json!({"expires_at": "2020-01-01T00:00:00Z"});
    service
        .update("chat_session_invites", &query(&late.id), past)
        .await
        .unwrap();
    let refused = mallory.app.refused(code(&late.code)).await;
    assert_eq!(refused.code, ErrorCode::InviteExpired);
    let spent = json!({"redeemed_at": "2026-01-01T00:00:00Z", "redeemed_by": "carol"});
    service
        .update("chat_session_invites", &query(&used.id), spent)
        .await
        .unwrap();
    let refused = mallory.app.refused(code(&used.code)).await;
    assert_eq!(refused.code, ErrorCode::InviteUsed);
    assert!(mallory.app.ok(api::ListSessions {}).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn redeeming_can_be_repeated_after_a_lost_answer() {
    let project = project(Parts::ALL).await;
    let alice = Person::new(&project, &alice()).await;
    let bob = Person::new(&project, &bob()).await;
    let session = alice.app.session("Plans").await;
    let made = invite(&alice, &session, GuestRole::Member).await;

    project.proxy.lose(Direction::Down);
    let redeem = api::RedeemInvite {
        code: made.code.clone(),
    };
    let redeeming = bob.app.call(redeem.clone());
    let heal = async {
        // Redeemed, and the answer does not come.
        let service = project.service();
        let spent = || async {
            let query = format!("id=eq.{}&redeemed_by=eq.{}", made.id, bob.id);
            service
                .select("chat_session_invites", &query)
                .await
                .ok()?
                .pop()
        };
        tidings_testkit::wait_for("the code spent", tidings_testkit::DEADLINE, spent)
            .await
            .unwrap();
        project.proxy.cut();
        project.proxy.heal();
    };
    let (lost, ()) = tokio::join!(redeeming, heal);
    let lost = lost.unwrap_err();
    assert_eq!(lost.code, ErrorCode::Offline);
    assert!(lost.message.contains("again does no harm"), "{lost}");

    // A connection that was cut may be noticed with the next request on it.
    let redeemed = |row: &tidings_contract::SessionRow| row.role == Some(MemberRoleName::Member);
    bob.app.until("redeemed", redeem, redeemed).await;
    bob.app.live().await;
    let sent = bob.app.send(&session, "In").await;
    bob.app.delivered(&sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_redeemed_on_one_device_appears_on_the_other() {
    let project = project(MEMBERS).await;
    let alice = Person::new(&project, &alice()).await;
    let bob = Person::new(&project, &bob()).await;
    let laptop = crate::kit::Device::new();
    let laptop = laptop.start().await;
    laptop.add(&project).await;
    laptop
        .ok(crate::kit::credentials(&tidings_testkit::bob()))
        .await;
    laptop.live().await;
    let session = alice.app.session("Plans").await;
    let written = alice.app.send(&session, "Who comes?").await;
    alice.app.delivered(&written).await;
    let made = invite(&alice, &session, GuestRole::Reader).await;
    bob.redeem(&made.code).await;
    // With its newest message, though nobody looks at it there.
    laptop
        .until("the session on the laptop", api::ListSessions {}, |rows| {
            rows.iter().any(|row| {
                row.id == session
                    && row.role == Some(MemberRoleName::Reader)
                    && row.snippet.as_ref().is_some_and(|s| s.text == "Who comes?")
            })
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_sees_nothing_of_a_shared_session() {
    let project = project(Parts::ALL).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    let mallory = Person::new(&project, &mallory()).await;
    let sent = bob.app.send(&session, "Between us").await;
    bob.app.delivered(&sent).await;
    // Something of her own comes after all that she could have been told.
    let own = mallory.app.session("Hers").await;
    let note = mallory.app.send(&own, "Alone").await;
    mallory.app.delivered(&note).await;
    let sessions = mallory.app.ok(api::ListSessions {}).await;
    assert_eq!(sessions.len(), 1);
    assert_eq!(
        (sessions[0].id.as_str(), sessions[0].people),
        (own.as_str(), 1)
    );
    let found = api::Search {
        query: "Between".to_owned(),
        limit: 10,
        filter: None,
    };
    assert!(mallory.app.ok(found).await.hits.is_empty());
    let peer = project.peer(&tidings_testkit::mallory()).await;
    let wanted = json!({"private": true, "presence": {"enabled": true, "key": mallory.id}});
    let joined = peer.join(&format!("session:{session}"), wanted).await;
    assert!(joined.is_err(), "a stranger on the channel");
    assert!(peer.select("chat_profiles", "").await.unwrap().len() <= 1);
    let refused = mallory.app.refused(open(&session)).await;
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert_eq!(shown(&alice, &session).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_project_without_the_part_nothing_can_be_shared() {
    let project = Project::start().await;
    let alice = Person::new(&project, &alice()).await;
    let session = alice.app.session("Plans").await;
    let state = alice.app.ok(api::GetSnapshot {}).await.active.unwrap();
    assert!(!state.shares);
    let row = alice.app.ok(api::ListSessions {}).await.pop().unwrap();
    assert_eq!((row.role, row.people), (None, 0));
    let made = api::CreateInvite {
        session: session.clone(),
        role: GuestRole::Member,
        seconds: 3_600,
    };
    assert_eq!(alice.app.refused(made).await.code, ErrorCode::NotShared);
    let code = "0123456789abcdef".to_owned();
    let refused = alice.app.refused(api::RedeemInvite { code }).await;
    assert_eq!(refused.code, ErrorCode::NotShared);
    let sent = alice.app.ok(send(&session, "As ever")).await;
    alice.app.delivered(&sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_nothing_of_it_is_queued() {
    let project = project(Parts::ALL).await;
    let (alice, bob, session) = shared(&project, GuestRole::Member).await;
    // By their profiles: what they say on the channel is not heard any more.
    let close = api::CloseSession {
        session: session.clone(),
    };
    alice.app.ok(close).await;
    shows(
        &alice,
        &session,
        &[
            ("alice", MemberRoleName::Owner),
            ("bob", MemberRoleName::Member),
        ],
    )
    .await;
    project.proxy.go_offline();
    alice.app.offline().await;
    let made = api::CreateInvite {
        session: session.clone(),
        role: GuestRole::Member,
        seconds: 3_600,
    };
    let refused = alice.app.refused(made).await;
    assert_eq!(refused.code, ErrorCode::Offline);
    assert!(refused.message.contains("Nothing was changed"), "{refused}");
    let refused = alice.app.refused(super::remove(&session, &bob)).await;
    assert_eq!(refused.code, ErrorCode::Offline);
    assert!(alice.app.ok(api::ListOutbox {}).await.is_empty());
    // Who takes part is known all the same, also after a start without a connection.
    alice.app.stop().await;
    let app = alice.device.start().await;
    let listed = api::ListParticipants {
        session: session.clone(),
    };
    let listed = app.ok(listed).await;
    let names: Vec<_> = listed.iter().map(|p| (p.name.as_str(), p.role)).collect();
    assert_eq!(
        names,
        [
            ("alice", MemberRoleName::Owner),
            ("bob", MemberRoleName::Member)
        ]
    );
    assert!(listed.iter().all(|p| p.status.is_none()));
    app.stop().await;
}
