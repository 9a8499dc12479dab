//! The engine at a server that has no Realtime.

use std::sync::Arc;

use tidings_contract::{self as api, Call, Connection};
use tidings_engine::{App, AppOptions, MemorySecrets, Network};
use tidings_model::SystemClock;
use tidings_serve::Desk;
use tidings_testkit::{DEADLINE, scratch, wait_for};
use uuid::Uuid;

use crate::target::Target;

#[tokio::test(flavor = "multi_thread")]
async fn a_project_without_realtime_is_told_as_such_and_what_is_written_is_kept() {
    let Some(target) = Target::lite() else { return };
    let folder = scratch().unwrap();
    let app = App::start(AppOptions {
        data_dir: folder.path().to_path_buf(),
        downloads: None,
        secrets: Arc::new(MemorySecrets::default()),
        host: Arc::new(Desk::new()),
        network: Network::default(),
        clock: Arc::new(SystemClock),
        version: "test".to_owned(),
        default_url: None,
        default_key: None,
        pace: tidings_engine::Pace::default(),
    })
    .await
    .unwrap();

    ok(
        &app,
        api::AddWorkspace {
            url: target.url.clone(),
            key: target.key.clone(),
            name: None,
        },
    )
    .await;
    let email = format!("alice-{}@example.com", Uuid::new_v4());
    ok(
        &app,
        api::SignUp {
            email: email.clone(),
            password: Uuid::new_v4().to_string(),
        },
    )
    .await;
    let reason = wait_for("a reason why nothing is live", DEADLINE, async || {
        let active = ok(&app, api::GetSnapshot {}).await.active?;
        assert_ne!(active.connection, Connection::Live);
        match active.connection {
            Connection::Refused { reason } => Some(reason),
            _ => None,
        }
    });
    let reason = reason.await.unwrap();
    assert!(
        reason.starts_with("No Realtime service answers at this address."),
        "{reason}"
    );
    let active = ok(&app, api::GetSnapshot {}).await.active.unwrap();
    assert_eq!(active.sign_in.account().unwrap().email, Some(email));
    let session = ok(
        &app,
        api::CreateSession {
            title: Some("Plans".to_owned()),
        },
    )
    .await
    .id;
    let sent = ok(
        &app,
        api::SendMessage {
            session: session.clone(),
            content: "Kept".to_owned(),
            reply_to: None,
        },
    )
    .await;
    let page = api::GetMessages {
        session,
        at: api::PageAt::Latest,
        limit: 10,
    };
    let rows = ok(&app, page).await.rows;
    assert_eq!((rows.len(), &rows[0].id), (1, &sent.id));
    assert_eq!(rows[0].state, api::SendState::Queued);
    ok(&app, api::SignOut::default()).await;
    app.stop().await;
}

async fn ok<C: Call>(app: &App, args: C) -> C::Reply {
    let reply = app.call(args.into()).await;
    let reply = reply.unwrap_or_else(|error| panic!("{}: {error:?}", C::NAME));
    serde_json::from_str(reply.get()).unwrap()
}
