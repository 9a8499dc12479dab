//! A project gets the sync part, loses it, and gets it again while the app runs.

use std::time::Duration;

use serde_json::json;
use tidings_contract as api;
use tidings_local::Options;
use tidings_testkit::{alice, scratch};
use tidings_tests::peer::Peer;
use tidings_tests::project::Project;

use crate::kit::{Client, Device, latest};
use crate::revisions::rows;

/// Alice's device at a project that is kept in a directory.
async fn kept_project(sync: bool) -> (tempfile::TempDir, Options, Project, Device, Client) {
    let directory = scratch().unwrap();
    let options = Project::kept_in(directory.path(), sync);
    let project = Project::start_with(options.clone()).await;
    let mut device = Device::new();
    device.pace.background = Duration::from_millis(20);
    let app = device.start().await;
    app.join(&project).await;
    (directory, options, project, device, app)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_comes_goes_and_comes_again_loses_and_doubles_nothing() {
    let (_directory, options, project, _device, app) = kept_project(false).await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "without numbers").await;
    app.delivered(&sent).await;
    let deleted = app.send(&session, "deleted unseen").await;
    app.delivered(&deleted).await;
    let phone = |project: &Project| {
        let project = (project.server.info().url, project.key());
        async move {
            Peer::sign_in(&project.0, &project.1, &alice())
                .await
                .unwrap()
        }
    };
    let write = async |project: &Project, text: &str| {
        let phone = phone(project).await;
        let row = rows(&session, phone.user(), [text.to_owned()].into_iter());
        phone.insert("chat_messages", row).await.unwrap();
    };
    let shows = async |wanted: &[&str]| {
        app.until("the messages", latest(&session), |page| {
            page.rows
                .iter()
                .map(|row| row.content.as_str())
                .eq(wanted.iter().copied())
        })
        .await;
    };

    let project = project.restart(&options, true).await;
    project
        .service()
        .delete("chat_messages", &format!("id=eq.{}", deleted.id))
        .await
        .unwrap();
    write(&project, "with the part").await;
    app.ok(api::Connect {}).await;
    shows(&["without numbers", "with the part"]).await;
    write(&project, "live with it").await;
    shows(&["without numbers", "with the part", "live with it"]).await;

    let project = project.restart(&options, false).await;
    write(&project, "without it").await;
    app.ok(api::Connect {}).await;
    app.until("four", latest(&session), |page| page.rows.len() == 4)
        .await;
    let edited = format!("session_id=eq.{session}&content=eq.live with it");
    let changed = project
        .service()
        .update(
            "chat_messages",
            &edited,
            json!({"content": "edited without it"}),
        )
        .await
        .unwrap();
    assert_eq!(changed.len(), 1);
    shows(&[
        "without numbers",
        "with the part",
        "edited without it",
        "without it",
    ])
    .await;

    // Numbers begin anew, below those of before.
    let project = project.restart(&options, true).await;
    write(&project, "another epoch").await;
    app.ok(api::Connect {}).await;
    let all = [
        "without numbers",
        "with the part",
        "edited without it",
        "without it",
        "another epoch",
    ];
    shows(&all).await;
    let first = format!("session_id=eq.{session}&content=eq.without numbers");
    project
        .service()
        .update(
            "chat_messages",
            &first,
            json!({"content": "edited at last"}),
        )
        .await
        .unwrap();
    shows(&["edited at last", all[1], all[2], all[3], all[4]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_epoch_that_changed_while_away_are_compared_again() {
    let (_directory, options, project, _device, app) = kept_project(true).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&alice()).await;
    // Old ones, far below what a catch-up by ranges reads.
    let mut old = rows(&session, phone.user(), (0..300).map(|n| format!("old {n}")));
    for row in old.as_array_mut().unwrap() {
        row["created_at"] = json!("2024-01-01T00:00:00Z");
    }
    phone.insert("chat_messages", old).await.unwrap();
    let details = api::GetDetails {
        session: session.clone(),
    };
    app.until("the old ones", details.clone(), |now| {
        now.messages == 300 && now.gaps == 0
    })
    .await;
    let project = project.restart(&options, false).await;
    let service = project.service();
    let some = format!("session_id=eq.{session}&content=like.old 1*");
    let gone = service.delete("chat_messages", &some).await.unwrap().len() as u64;
    assert_eq!(gone, 111);
    let project = project.restart(&options, true).await;
    app.ok(api::Connect {}).await;
    app.until("what is left", details, |now| {
        now.messages == 300 - gone && now.gaps == 0
    })
    .await;
    drop(project);
}
