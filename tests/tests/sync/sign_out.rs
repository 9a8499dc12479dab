//! Signing out while the server cannot be told.

use serde_json::Value;
use tidings_contract::{self as api, Connection};
use tidings_local::auth::AuthError;
use tidings_testkit::{DEADLINE, alice, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, credentials};

/// How many sessions the project's Auth has.
async fn sessions(project: &Project) -> i64 {
    let count = project.server.state().store().read(|connection| {
        let sql = "SELECT count(*) FROM auth_sessions";
        Ok::<_, AuthError>(connection.query_row(sql, [], |row| row.get(0))?)
    });
    count.await.unwrap()
}

async fn until_sessions(project: &Project, wanted: i64) {
    wait_for(&format!("{wanted} sessions"), DEADLINE, || async {
        (sessions(project).await == wanted).then_some(())
    })
    .await
    .unwrap();
}

/// The app signed out without a network: the workspace's id, and the token that is left.
async fn signed_out_offline(project: &Project, device: &Device, app: &Client) -> (String, String) {
    let id = app.ok(api::GetSnapshot {}).await.active.unwrap().info.id;
    let kept = device.secret(&id, "session").unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let token = kept["refresh_token"].as_str().unwrap().to_owned();
    project.proxy.go_offline();
    app.offline().await;
    app.ok(api::SignOut::default()).await;
    app.connection("signed out", |state| *state == Connection::SignedOut)
        .await;
    assert_eq!(device.secret(&id, "session"), None);
    assert_eq!(sessions(project).await, 1);
    (id, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_told_of_a_sign_out_once_the_network_is_back() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let (id, token) = signed_out_offline(&project, &device, &app).await;
    // In the key store, and nowhere else.
    let untold = device.secret(&id, "untold-sign-outs").unwrap();
    assert!(untold.contains(&token));
    assert!(!device.holds(&token));
    let told = app.told(|event| serde_json::to_string(event).ok());
    assert!(!told.is_empty() && told.iter().all(|event| !event.contains(&token)));
    app.stop().await;

    let app = device.start().await;
    app.connection("still signed out", |state| *state == Connection::SignedOut)
        .await;
    assert_eq!(sessions(&project).await, 1);
    project.proxy.heal();
    app.network_changed().await;
    until_sessions(&project, 0).await;
    wait_for("nothing left in the key store", DEADLINE, || async {
        device
            .secret(&id, "untold-sign-outs")
            .is_none()
            .then_some(())
    })
    .await
    .unwrap();
    assert_eq!(device.secret(&id, "session"), None);
    app.connection("signed out", |state| *state == Connection::SignedOut)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_after_it_is_not_disturbed() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    signed_out_offline(&project, &device, &app).await;
    project.proxy.heal();
    app.ok(credentials(&alice())).await;
    app.live().await;
    // The old one ends, the new one does not.
    until_sessions(&project, 1).await;
    let sent = app.send(&session, "Back again").await;
    app.delivered(&sent).await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert_eq!(sessions(&project).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_removed_leaves_no_token() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let (id, _) = signed_out_offline(&project, &device, &app).await;
    assert!(device.secret(&id, "untold-sign-outs").is_some());
    app.ok(api::RemoveWorkspace { id: id.clone() }).await;
    for name in ["session", "untold-sign-outs", "cache-key"] {
        assert_eq!(device.secret(&id, name), None, "{name}");
    }
}
