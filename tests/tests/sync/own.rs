//! What one changes of one's own account.

use tidings_contract::{self as api, ErrorCode, Event};
use tidings_local::{AuthBehaviour, Behaviour, Options};
use tidings_testkit::{alice, bob};

use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, credentials};

/// What the mails of the project carry.
const CODE: &str = "602214";

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_with_a_code_where_the_project_asks_for_one() {
    let auth = AuthBehaviour {
        fixed_code: Some(CODE.to_owned()),
        secure_password_change: true,
        ..AuthBehaviour::default()
    };
    let project = Project::start_with(Options {
        behaviour: Behaviour {
            auth,
            ..Behaviour::default()
        },
        ..Options::default()
    })
    .await;
    let (device, app) = alices_device(&project).await;
    project.server.state().hooks().set_clock_offset(25 * 3600);
    let set = |code: Option<&str>| api::SetPassword {
        password: "a brand new password".to_owned(),
        code: code.map(str::to_owned),
    };
    let asked = app.refused(set(None)).await;
    assert_eq!(asked.code, ErrorCode::Reauthentication);
    app.ok(api::RequestPasswordCode {}).await;
    let wrong = app.refused(set(Some("111111"))).await;
    assert_eq!(wrong.code, ErrorCode::Credentials);
    assert!(wrong.message.contains("still the old one"), "{wrong}");
    app.ok(set(Some(" 602 214 "))).await;
    assert!(!device.holds("a brand new password") && !device.holds(CODE));

    app.ok(api::SignOut::default()).await;
    let old = app.refused(credentials(&alice())).await;
    assert_eq!(old.code, ErrorCode::Credentials);
    app.ok(api::SignIn {
        password: "a brand new password".to_owned(),
        ..credentials(&alice())
    })
    .await;
    app.live().await;
}

async fn own_name(app: &Client) -> String {
    let snapshot = app.ok(api::GetSnapshot {}).await;
    let sign_in = snapshot.active.unwrap().sign_in;
    sign_in.account().unwrap().name.clone()
}

fn called(name: &str) -> api::SetName {
    api::SetName {
        name: name.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_reaches_presence_later_messages_and_ones_other_devices() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    assert_eq!(own_name(&app).await, "alice");
    let before = app.send(&session, "Before").await;
    app.delivered(&before).await;
    let bob = project.newcomer(&bob()).await;
    let mut room = crate::people::enter(&bob, &session).await;

    app.forget();
    let renamed = app.ok(called("  Alice Example ")).await;
    assert_eq!(renamed.name, "Alice Example");
    room.find_here(&renamed.user_id, |entry| {
        entry["user_name"] == "Alice Example"
    })
    .await
    .unwrap();
    app.event("the account", |event| match event {
        Event::Account { sign_in } => sign_in.account().filter(|it| **it == renamed).cloned(),
        _ => None,
    })
    .await;
    app.event("one's own name", |event| match event {
        Event::People { people, .. } => people
            .iter()
            .find(|person| person.own && person.name == renamed.name)
            .cloned(),
        _ => None,
    })
    .await;
    let after = app.send(&session, "After").await;
    app.delivered(&after).await;
    let rows = project
        .service()
        .select("chat_messages", "order=created_at")
        .await
        .unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|row| &row["metadata"]["user_name"])
        .collect();
    assert_eq!(names, ["alice", "Alice Example"]);

    for odd in ["", " \u{7} ", "two\nlines", &"x".repeat(61)] {
        let refused = app.refused(called(odd)).await;
        assert_eq!(refused.code, ErrorCode::Invalid, "{odd:?}");
    }
    project.proxy.go_offline();
    app.offline().await;
    let refused = app.refused(called("Nobody")).await;
    assert_eq!(refused.code, ErrorCode::Offline);
    assert_eq!(own_name(&app).await, "Alice Example");
    app.stop().await;
    // Known from the start, without a server.
    let app = device.start().await;
    assert_eq!(own_name(&app).await, "Alice Example");
    project.proxy.heal();

    let other = Device::new();
    let tablet = other.start().await;
    tablet.sign_in(&project).await;
    assert_eq!(own_name(&tablet).await, "Alice Example");
}
