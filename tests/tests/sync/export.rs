//! What is kept, as files.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidings_contract::{self as api, ErrorCode, ExportFormat};
use tidings_testkit::bob;
use tidings_tests::project::Project;

use crate::kit::{Client, alices_device};

async fn exported(app: &Client, session: Option<&str>, format: ExportFormat) -> api::ExportedFile {
    app.ok(api::Export {
        session: session.map(str::to_owned),
        format,
    })
    .await
}

fn read(file: &api::ExportedFile) -> Value {
    serde_json::from_str(&std::fs::read_to_string(&file.path).unwrap()).unwrap()
}

fn exports(beside: &api::ExportedFile) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(&beside.path).parent().unwrap()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_string_lossy().contains("tidings-export-"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_says_what_the_server_says_and_what_it_does_not_know_yet() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let first = app.send(&session, "# one").await;
    app.delivered(&first).await;
    // With a word and numbers that this program has no use for.
    project
        .service()
        .insert(
            "chat_messages",
            json!({
                "session_id": session, "content": "two", "role": "assistant",
                "metadata": {"n": 0.1, "nested": {"a": [1, null]}},
                "created_at": "2020-01-02T03:04:05.678901Z",
                "updated_at": "2020-01-02T03:04:05.678901Z",
            }),
        )
        .await
        .unwrap();
    app.until("both messages", crate::kit::latest(&session), |page| {
        page.rows.len() == 2
    })
    .await;
    app.whole(&session).await;
    project.proxy.go_offline();
    app.offline().await;
    app.send(&session, "three").await;

    let file = exported(&app, Some(&session), ExportFormat::Json).await;
    assert_eq!((file.sessions, file.messages, file.unsent), (1, 3, 1));
    let document = read(&file);
    assert_eq!(document["format"], "tidings-export");
    assert_eq!(document["version"], 1);
    let server = project.service();
    let stored = server
        .select("chat_messages", "order=created_at,id")
        .await
        .unwrap();
    let rows = document["sessions"][0]["messages"].as_array().unwrap();
    assert_eq!((rows.len(), stored.len()), (3, 2));
    for (row, stored) in rows.iter().zip(&stored) {
        for column in [
            "id",
            "user_id",
            "content",
            "role",
            "status",
            "message_type",
            "metadata",
        ] {
            assert_eq!(row[column], stored[column], "{column}");
        }
        for column in ["created_at", "updated_at"] {
            let time = |value: &Value| -> tidings_model::Timestamp {
                value.as_str().unwrap().parse().unwrap()
            };
            assert_eq!(time(&row[column]), time(&stored[column]), "{column}");
        }
        assert!(row.get("unsent").is_none());
    }
    assert_eq!(rows[2]["content"], "three");
    assert_eq!(rows[2]["unsent"]["change"], "new");
    let own = &document["sessions"][0]["session"];
    assert_eq!(own["id"], session);
    assert_eq!(own["title"], "Plans");
    // Without a connection nobody knows what was written since.
    assert_eq!(own["complete"], false);
    assert_eq!(file.incomplete, 1);
    assert_eq!(own["gaps"][0]["before"], Value::Null);

    let people = exported(&app, None, ExportFormat::Markdown).await;
    let text = std::fs::read_to_string(&people.path).unwrap();
    assert!(text.contains("\n# Plans\n"), "{text}");
    assert!(text.contains("\n\\# one\n"), "{text}");
    assert!(text.contains(" · not sent yet\n\nthree\n"), "{text}");
    assert!(text.contains("Not all of this session is here"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_export_is_a_file_of_its_own_and_a_refused_one_leaves_nothing() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let plans = app.session("Plans").await;
    app.session("Notes").await;
    app.whole(&plans).await;
    let all = exported(&app, None, ExportFormat::Json).await;
    assert_eq!((all.sessions, all.messages), (2, 0));
    let before = std::fs::read(&all.path).unwrap();
    let one = exported(&app, Some(&plans), ExportFormat::Json).await;
    assert_ne!(all.path, one.path);
    assert_eq!((one.sessions, one.incomplete), (1, 0));
    assert_eq!(read(&one)["sessions"][0]["session"]["complete"], true);
    assert_eq!(std::fs::read(&all.path).unwrap(), before);

    let refused = app
        .refused(api::Export {
            session: Some(bob().email.to_owned()),
            format: ExportFormat::Json,
        })
        .await;
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert_eq!(exports(&all).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_session_is_exported_whole_and_in_order() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let server = project.service();
    for start in (0..1_500).step_by(500) {
        let rows: Vec<Value> = (start..start + 500)
            .map(|n| {
                json!({"session_id": session, "content": n.to_string(), "role": "system",
                    "created_at": format!("2024-01-01T00:{:02}:{:02}Z", n / 60, n % 60)})
            })
            .collect();
        server
            .insert("chat_messages", Value::Array(rows))
            .await
            .unwrap();
    }
    let last = app.send(&session, "last").await;
    app.delivered(&last).await;
    app.until(
        "all that was told",
        api::GetDetails {
            session: session.clone(),
        },
        |details| details.messages == 1_501,
    )
    .await;
    let file = exported(&app, Some(&session), ExportFormat::Json).await;
    assert_eq!(file.messages, 1_501);
    let document = read(&file);
    let rows = document["sessions"][0]["messages"].as_array().unwrap();
    let contents: Vec<&str> = rows
        .iter()
        .map(|row| row["content"].as_str().unwrap())
        .collect();
    assert!(
        contents[..1_500]
            .iter()
            .enumerate()
            .all(|(n, text)| *text == n.to_string())
    );
    assert_eq!(contents[1_500], "last");
}
