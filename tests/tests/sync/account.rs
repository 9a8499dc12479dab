//! Signing in and out, several workspaces, the local workspace.

use tidings_contract::{self as api, CodePurpose, Connection, ErrorCode, SendState};
use tidings_testkit::{DEADLINE, alice, mallory, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, credentials};

#[tokio::test(flavor = "multi_thread")]
async fn signed_out_everything_stays_readable_and_what_is_written_waits_for_its_author() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "Before").await;
    app.delivered(&sent).await;

    app.ok(api::SignOut::default()).await;
    app.connection("signed out", |state| *state == Connection::SignedOut)
        .await;
    assert!(
        app.ok(api::GetSnapshot {})
            .await
            .active
            .unwrap()
            .sign_in
            .account()
            .is_none()
    );
    assert_eq!(app.contents(&session).await, ["Before"]);
    let waiting = app.send(&session, "Meanwhile").await;
    assert_eq!(waiting.state, SendState::Queued);
    app.stop().await;

    let app = device.start().await;
    app.connection("still signed out", |state| *state == Connection::SignedOut)
        .await;
    assert_eq!(app.contents(&session).await, ["Before", "Meanwhile"]);
    assert_eq!(project.stored(&session).await, ["Before"]);
    let account = app.ok(credentials(&alice())).await;
    assert_eq!(
        account.account().unwrap().email.as_deref(),
        Some("alice@example.com")
    );
    app.live().await;
    app.sent_everything().await;
    assert_eq!(project.stored(&session).await, ["Before", "Meanwhile"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_gets_at_what_a_workspace_keeps() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "Between us").await;
    app.delivered(&sent).await;
    project.newcomer(&mallory()).await;
    app.ok(api::SignOut::default()).await;
    let refused = app.refused(credentials(&mallory())).await;
    assert_eq!(refused.code, ErrorCode::Refused);
    assert!(
        refused.message.contains("another account"),
        "{}",
        refused.message
    );
    assert_eq!(app.contents(&session).await, ["Between us"]);
    assert!(
        app.ok(api::GetSnapshot {})
            .await
            .active
            .unwrap()
            .sign_in
            .account()
            .is_none()
    );
    app.ok(credentials(&alice())).await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_taken_addresses_are_refused_clearly() {
    let project = Project::start().await;
    project.newcomer(&alice()).await;
    let (_device, app) = new_device(&project).await;
    let mut wrong = credentials(&alice());
    wrong.password.push('!');
    let error = app.refused(wrong).await;
    assert_eq!(error.code, ErrorCode::Credentials);
    let api::SignIn { email, .. } = credentials(&alice());
    let taken = api::SignUp {
        email,
        password: "another long password".into(),
    };
    assert_eq!(app.refused(taken).await.code, ErrorCode::Refused);
    let weak = api::SignUp {
        email: "new@example.com".into(),
        password: "x".into(),
    };
    assert_eq!(app.refused(weak).await.code, ErrorCode::Refused);
}

/// What the mails of [`Project::mailing`] carry.
const CODE: &str = "602214";

fn entered(code: &str, purpose: CodePurpose) -> api::VerifyCode {
    api::VerifyCode {
        email: alice().email.to_owned(),
        code: code.to_owned(),
        purpose,
    }
}

/// Adds the project on a new device.
async fn new_device(project: &Project) -> (Device, Client) {
    let device = Device::new();
    let app = device.start().await;
    let (url, key) = (project.proxy.url(), project.key());
    app.ok(api::AddWorkspace {
        url,
        key,
        name: None,
    })
    .await;
    (device, app)
}

/// Alice's new device, where she made her account and confirmed it.
async fn alices_confirmed_device(project: &Project) -> (Device, Client) {
    let (device, app) = new_device(project).await;
    let api::SignIn { email, password } = credentials(&alice());
    let outcome = app.ok(api::SignUp { email, password }).await;
    assert!(
        matches!(&outcome, api::SignUpOutcome::ConfirmationPending { email } if email == alice().email),
        "{outcome:?}"
    );
    app.ok(entered(CODE, CodePurpose::SignUp)).await;
    app.live().await;
    (device, app)
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_confirm_an_account_and_sign_in_on_other_devices() {
    let project = Project::mailing(CODE).await;
    let (device, app) = new_device(&project).await;
    let api::SignIn { email, password } = credentials(&alice());
    let request = api::RequestCode {
        email: email.clone(),
    };
    let unknown = app.refused(request.clone()).await;
    assert_eq!(unknown.code, ErrorCode::Refused);
    assert!(
        unknown.message.contains("Check the address"),
        "{}",
        unknown.message
    );

    let sign_up = api::SignUp {
        email: email.clone(),
        password,
    };
    app.ok(sign_up).await;
    let early = app.refused(credentials(&alice())).await;
    assert!(
        early.message.contains("not confirmed yet"),
        "{}",
        early.message
    );
    app.ok(api::ResendCode { email }).await;
    let wrong = app.refused(entered("111111", CodePurpose::SignUp)).await;
    assert_eq!(wrong.code, ErrorCode::Credentials);
    assert!(
        wrong.message.contains("ask for a new one"),
        "{}",
        wrong.message
    );
    let account = app.ok(entered(" 602 214 ", CodePurpose::SignUp)).await;
    assert_eq!(
        account.account().unwrap().email.as_deref(),
        Some(alice().email)
    );
    app.live().await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "Confirmed").await;
    app.delivered(&sent).await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;

    let (_tablet, tablet) = new_device(&project).await;
    tablet.ok(request).await;
    tablet.ok(entered(CODE, CodePurpose::SignIn)).await;
    tablet.live().await;
    assert_eq!(tablet.contents(&session).await, ["Confirmed"]);
    let used = tablet.refused(entered(CODE, CodePurpose::SignIn)).await;
    assert_eq!(used.code, ErrorCode::Credentials);
    tablet.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_and_everything_is_still_there() {
    let project = Project::mailing(CODE).await;
    let (device, app) = alices_confirmed_device(&project).await;
    let session = app.session("Plans").await;
    app.ok(api::SignOut::default()).await;
    app.send(&session, "Meanwhile").await;

    let email = alice().email.to_owned();
    app.ok(api::ResetPassword { email }).await;
    app.ok(entered(CODE, CodePurpose::Recovery)).await;
    app.sent_everything().await;
    let set = |password: &str| api::SetPassword {
        password: password.to_owned(),
        code: None,
    };
    let weak = app.refused(set("12345")).await;
    assert!(weak.message.contains("too weak"), "{}", weak.message);
    let same = app.refused(set(alice().password)).await;
    assert!(
        same.message.contains("Choose another one"),
        "{}",
        same.message
    );
    app.ok(set("a brand new password")).await;
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
    assert_eq!(project.stored(&session).await, ["Meanwhile"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lets_nobody_else_into_what_a_workspace_keeps() {
    let project = Project::mailing(CODE).await;
    let (_device, app) = alices_confirmed_device(&project).await;
    app.ok(api::SignOut::default()).await;
    let (_other, mallorys) = new_device(&project).await;
    let api::SignIn { email, password } = credentials(&mallory());
    let sign_up = api::SignUp {
        email: email.clone(),
        password,
    };
    mallorys.ok(sign_up).await;
    let refused = app
        .refused(api::VerifyCode {
            email,
            ..entered(CODE, CodePurpose::SignUp)
        })
        .await;
    assert_eq!(refused.code, ErrorCode::Refused);
    assert!(
        refused.message.contains("another account"),
        "{}",
        refused.message
    );
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert!(snapshot.active.unwrap().sign_in.account().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_signs_out_every_device_or_says_that_it_did_not() {
    let project = Project::mailing(CODE).await;
    let (_device, app) = alices_confirmed_device(&project).await;
    let (_tablet, tablet) = new_device(&project).await;
    tablet.ok(credentials(&alice())).await;
    tablet.live().await;
    let everywhere = api::SignOut {
        scope: api::SignOutScope::Everywhere,
    };

    project.proxy.go_offline();
    app.offline().await;
    let refused = app.refused(everywhere.clone()).await;
    assert_eq!(refused.code, ErrorCode::Offline);
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert!(snapshot.active.unwrap().sign_in.account().is_some());
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;

    app.ok(everywhere).await;
    app.connection("signed out", |state| *state == Connection::SignedOut)
        .await;
    // Long enough for the tablet's access token to have ended.
    project.server.state().hooks().set_clock_offset(2 * 3600);
    project.proxy.go_offline();
    tablet.offline().await;
    project.proxy.heal();
    tablet.ok(api::Connect {}).await;
    tablet
        .connection("signed out", |state| *state == Connection::SignedOut)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ended_by_the_server_asks_to_sign_in_and_loses_nothing() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    project.proxy.go_offline();
    app.offline().await;
    app.send(&session, "Kept").await;
    let phone = project.peer(&alice()).await;
    phone.end_all_sessions().await.unwrap();
    // Long enough away for the access token to have ended.
    project.server.state().hooks().set_clock_offset(2 * 3600);
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.connection("signed out", |state| *state == Connection::SignedOut)
        .await;
    assert_eq!(app.contents(&session).await, ["Kept"]);
    app.ok(credentials(&alice())).await;
    app.sent_everything().await;
    assert_eq!(project.stored(&session).await, ["Kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workspaces_are_kept_apart_and_one_is_in_front() {
    let (home, work) = (Project::start().await, Project::start().await);
    let (device, app) = alices_device(&home).await;
    let first = app.ok(api::GetSnapshot {}).await.active.unwrap().info.id;
    let at_home = app.session("At home").await;
    app.join(&work).await;
    let at_work = app.session("At work").await;
    let titles = |rows: Vec<api::SessionRow>| -> Vec<String> {
        rows.into_iter().filter_map(|row| row.title).collect()
    };
    assert_eq!(titles(app.ok(api::ListSessions {}).await), ["At work"]);
    assert_eq!(
        app.refused(crate::kit::open(&at_home)).await.code,
        ErrorCode::NotFound
    );
    app.ok(api::SelectWorkspace { id: first.clone() }).await;
    app.live().await;
    assert_eq!(titles(app.ok(api::ListSessions {}).await), ["At home"]);
    assert_eq!(
        app.refused(crate::kit::open(&at_work)).await.code,
        ErrorCode::NotFound
    );
    app.stop().await;

    let app = device.start().await;
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert_eq!(snapshot.workspaces.len(), 2);
    assert_eq!(snapshot.active.unwrap().info.id, first);
    app.ok(api::RemoveWorkspace { id: first.clone() }).await;
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert_eq!(snapshot.workspaces.len(), 1);
    let error = app.refused(api::SelectWorkspace { id: first }).await;
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(
        home.service()
            .select("chat_sessions", "")
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_workspace_opens_answers_and_persists_without_a_form() {
    let device = Device::new();
    let app = device.start().await;
    let info = app.ok(api::StartLocal {}).await;
    assert!(info.local);
    app.live().await;
    let snapshot = app.ok(api::GetSnapshot {}).await.active.unwrap();
    assert!(snapshot.simulated_prices && snapshot.sign_in.account().is_some());
    let rows = app
        .until("welcome", api::ListSessions {}, |rows| rows.len() >= 2)
        .await;
    // What was there from the start is no news.
    assert!(rows.iter().all(|row| row.unread == 0), "{rows:?}");
    let session = rows[0].id.clone();
    app.ok(crate::kit::open(&session)).await;
    app.send(&session, "/help").await;
    let page = app.until("an answer", crate::kit::latest(&session), |page| {
        page.rows.last().is_some_and(|row| {
            row.role == api::RoleName::Assistant && row.content.contains("/price")
        })
    });
    let before = page.await.rows.len();
    wait_for("simulated prices", DEADLINE, || async {
        let rows = app.ok(api::GetWatchList {}).await;
        (!rows.is_empty() && rows.iter().all(|row| row.price.is_some())).then_some(())
    })
    .await
    .unwrap();
    app.stop().await;

    let app = device.start().await;
    app.live().await;
    assert_eq!(app.messages(&session).await.len(), before);
    assert_eq!(app.ok(api::StartLocal {}).await.id, info.id);
    let sent = app.send(&session, "Back again").await;
    app.delivered(&sent).await;
}
