//! Exported files, taken into the local workspace.

use serde_json::{Value, json};
use tidings_contract::{self as api, ErrorCode, ExportFormat};
use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, latest};

/// A device with the local workspace on it.
async fn local() -> (Device, Client) {
    let device = Device::new();
    let app = device.start().await;
    app.ok(api::StartLocal {}).await;
    app.live().await;
    (device, app)
}

async fn exported(app: &Client) -> String {
    let file = api::Export {
        session: None,
        format: ExportFormat::Json,
    };
    std::fs::read_to_string(app.ok(file).await.path).unwrap()
}

fn whole(text: &str) -> api::Import {
    api::Import {
        piece: 0,
        text: text.to_owned(),
        last: true,
    }
}

async fn imported(app: &Client, text: &str) -> api::Imported {
    app.ok(whole(text)).await.imported.unwrap()
}

/// The sessions of a file with their messages, without what is a matter of the computer: how
/// much of them was fetched there, and which account is one's own.
fn content(text: &str, me: &str) -> Vec<Value> {
    let text = text.replace(me, "me");
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut sessions = document["sessions"].as_array().unwrap().clone();
    for entry in &mut sessions {
        let session = entry["session"].as_object_mut().unwrap();
        session.remove("gaps");
        session.remove("complete");
    }
    sessions
}

async fn me(app: &Client) -> String {
    let active = app.ok(api::GetSnapshot {}).await.active.unwrap();
    active.sign_in.account().unwrap().user_id.clone()
}

/// The welcoming sessions go, so that nothing is there.
async fn emptied(app: &Client) {
    app.until("the first sessions", api::ListSessions {}, |rows| {
        rows.len() == 3
    })
    .await;
    for row in app.ok(api::ListSessions {}).await {
        app.ok(api::DeleteSession { session: row.id }).await;
    }
    app.until("no session", api::ListSessions {}, Vec::is_empty)
        .await;
    app.sent_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_brings_the_same_sessions_and_messages_to_an_empty_workspace_once() {
    let (_old, app) = local().await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "/price ETH").await;
    app.delivered(&sent).await;
    app.until("the answer", latest(&session), |page| page.rows.len() == 2)
        .await;
    for row in app.ok(api::ListSessions {}).await {
        app.ok(crate::kit::open(&row.id)).await;
        app.whole(&row.id).await;
    }
    let first = exported(&app).await;
    assert_eq!(content(&first, "-").len(), 4);

    let (_new, other) = local().await;
    emptied(&other).await;
    let done = imported(&other, &first).await;
    assert_eq!((done.sessions, done.known, done.left_out), (4, 0, 0));
    let second = exported(&other).await;
    assert_eq!(
        content(&second, &me(&other).await),
        content(&first, &me(&app).await)
    );
    let rows = other.ok(latest(&session)).await.rows;
    assert!(rows[0].own);

    let again = imported(&other, &first).await;
    assert_eq!((again.sessions, again.messages), (0, 0));
    assert_eq!(again.known, done.sessions + done.messages);
    let third = exported(&other).await;
    assert_eq!(
        content(&third, &me(&other).await),
        content(&second, &me(&other).await)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_others_keep_their_authors_and_arrive_in_pieces() {
    let (_device, app) = local().await;
    let text = json!({
        "format": "tidings-export", "version": 1, "about": {"account": "alice"},
        "sessions": [{
            "session": {"id": "s-1", "user_id": "bob", "title": "Trip – ✓", "created_at": "2020-01-02T03:04:05.678901Z"},
            "messages": [
                {"id": "018f3b6c-0000-7000-8000-000000000001", "user_id": "bob", "role": "user",
                 "content": "hello", "created_at": "2020-01-02T03:04:05.678901Z"},
                {"id": "018f3b6c-0000-7000-8000-000000000002", "user_id": "alice", "role": "user",
                 "content": "/price ETH", "created_at": "2020-01-02T03:04:06Z"},
                {"id": "018f3b6c-0000-7000-8000-000000000003", "user_id": null, "role": "user",
                 "content": null, "created_at": "2020-01-02T03:04:07Z", "incomplete": true},
            ],
        }],
    })
    .to_string();
    let letters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = letters
        .chunks(100)
        .map(|piece| piece.iter().collect())
        .collect();
    let mut reply = None;
    for (piece, text) in (0..).zip(&pieces) {
        let last = piece as usize + 1 == pieces.len();
        let part = api::Import {
            piece,
            text: text.clone(),
            last,
        };
        reply = app.ok(part).await.imported;
        assert_eq!(reply.is_some(), last);
    }
    let done = reply.unwrap();
    assert_eq!((done.sessions, done.messages, done.left_out), (1, 2, 1));
    let rows = app.messages("s-1").await;
    assert_eq!(rows[0].user_id.as_deref(), Some("bob"));
    assert_eq!(rows[0].created_at, 1_577_934_245_678);
    assert!(!rows[0].own);
    assert!(rows[1].own);
    // Nobody answers what was asked long ago: the next answer is the one to a new question.
    app.ok(crate::kit::open("s-1")).await;
    let asked = app.send("s-1", "/help").await;
    app.delivered(&asked).await;
    let page = app
        .until("an answer", latest("s-1"), |page| page.rows.len() == 4)
        .await;
    assert_eq!(page.rows[2].id, asked.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_is_kept_as_text_and_said_not_to_have_been_sent() {
    // A file with one message that the project has, one that it refused, one that waits, an edit
    // and a deletion that wait, and a title that waits.
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let (session, lost) = (app.session("Plans").await, app.session("Lost").await);
    let mut kept = Vec::new();
    for text in ["Sent", "Before the change", "To be deleted"] {
        let sent = app.send(&session, text).await;
        kept.push(app.delivered(&sent).await.id);
    }
    let query = format!("id=eq.{lost}");
    let bob = project.newcomer(&tidings_testkit::bob()).await;
    let change = json!({"user_id": bob.user()});
    let service = project.service();
    service
        .update("chat_sessions", &query, change)
        .await
        .unwrap();
    let refused = app.send(&lost, "Refused").await;
    app.message("refused", &lost, &refused.id, |row| {
        matches!(row.state, api::SendState::Failed { .. })
    })
    .await;
    project.proxy.go_offline();
    app.offline().await;
    app.send(&session, "Waits").await;
    app.ok(api::EditMessage {
        message: kept[1].clone(),
        content: "After the change".into(),
    })
    .await;
    app.ok(api::DeleteMessage {
        message: kept[2].clone(),
    })
    .await;
    app.ok(api::UpdateSession {
        session: session.clone(),
        title: Some("Other plans".into()),
        status: None,
    })
    .await;
    let file = exported(&app).await;

    let (_new, other) = local().await;
    emptied(&other).await;
    let done = imported(&other, &file).await;
    assert_eq!((done.sessions, done.messages, done.left_out), (2, 5, 0));
    assert_eq!((done.unsent, done.undone), (2, 3));
    // The time of what was not sent is that of the computer, to the second.
    let mut texts = other.contents(&session).await;
    texts.sort();
    assert_eq!(
        texts,
        ["Before the change", "Sent", "To be deleted", "Waits"]
    );
    assert_eq!(other.contents(&lost).await, ["Refused"]);
    assert!(other.ok(api::ListOutbox {}).await.is_empty());
    // Taken along once more it is the same, and all of it counts as sent.
    let second = exported(&other).await;
    let (_third, third) = local().await;
    emptied(&third).await;
    let done = imported(&third, &second).await;
    assert_eq!((done.messages, done.unsent, done.undone), (5, 0, 0));
    assert_eq!(
        content(&exported(&third).await, &me(&third).await),
        content(&second, &me(&other).await)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_imported_is_refused_and_changes_nothing() {
    let (_device, app) = local().await;
    let file = |version: Value, message: Value| {
        json!({"format": "tidings-export", "version": version, "about": {},
            "sessions": [{"session": {"id": "s-1"}, "messages": [message]}]})
        .to_string()
    };
    let good = json!({"id": "018f3b6c-0000-7000-8000-000000000001", "role": "user",
        "content": "x", "created_at": "2020-01-02T03:04:05Z"});
    let with = |name: &str, value: Value| {
        let mut row = good.clone();
        row[name] = value;
        file(json!(1), row)
    };
    let sound = file(json!(1), good.clone());
    for (text, said) in [
        ("", "damaged"),
        ("# Plans", "line 1 column 1"),
        ("{}", "no file that Tidings exported"),
        (
            r#"{"format":"other","version":1}"#,
            "no file that Tidings exported",
        ),
        (
            r#"{"format":7,"version":1}"#,
            "no file that Tidings exported",
        ),
        (&sound[..sound.len() - 2], "damaged"),
        (&file(json!(2), good.clone()), "newer Tidings (version 2"),
        (&with("created_at", json!("soon")), "(line 1)"),
        (&with("created_at", Value::Null), "no created_at"),
        (&with("id", json!("x")), "not a UUID"),
        (&with("role", json!("moderator")), "role"),
        (&sound.replace("\"s-1\"", "7"), "an id is no text"),
        (
            &sound.replace("\"messages\":[", "\n\"messages\":[\n7,"),
            "no object (line 3)",
        ),
    ] {
        let error = app.refused(whole(text)).await;
        assert_eq!(error.code, ErrorCode::Invalid, "{text}");
        assert!(error.message.contains(said), "{text}: {}", error.message);
        assert!(
            error.message.contains("Nothing was imported"),
            "{}",
            error.message
        );
    }
    let out_of_order = api::Import {
        piece: 3,
        ..whole(&sound)
    };
    assert!(app.refused(out_of_order).await.message.contains("in order"));
    let long = "x".repeat((1 << 20) + 1);
    assert!(app.refused(whole(&long)).await.message.contains("at most"));
    let rows = app.ok(api::ListSessions {}).await;
    assert!(rows.iter().all(|row| row.id != "s-1"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_takes_no_file() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let error = app.refused(whole("{}")).await;
    assert_eq!(error.code, ErrorCode::Invalid);
    assert!(
        error.message.contains("into the local workspace"),
        "{}",
        error.message
    );
}
