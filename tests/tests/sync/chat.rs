//! Messages, both ways.

use serde_json::json;
use tidings_contract::{self as api, Event, SendState};
use tidings_testkit::proxy::Direction;
use tidings_testkit::{alice, bob};

use tidings_tests::project::Project;

use crate::kit::{alices_device, change, rows_of};

#[tokio::test(flavor = "multi_thread")]
async fn what_the_app_writes_changes_and_deletes_reaches_the_second_client() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&alice()).await;
    let mut room = phone.changes("chat_messages").await.unwrap();

    let sent = app.send(&session, "From the desk").await;
    assert_eq!(
        change(&mut room, "INSERT").await,
        (sent.id.clone(), "From the desk".to_owned())
    );
    let sent = app.delivered(&sent).await;
    assert!(sent.own && !sent.edited);

    let content = "From the desk, at noon".to_owned();
    let edit = api::EditMessage {
        message: sent.id.clone(),
        content: content.clone(),
    };
    let pending = app.ok(edit).await;
    assert_eq!(pending.pending_edit.as_ref(), Some(&content));
    assert_eq!(
        change(&mut room, "UPDATE").await,
        (sent.id.clone(), content.clone())
    );
    let edited = app
        .message("the edit", &session, &sent.id, |row| {
            row.pending_edit.is_none()
        })
        .await;
    assert_eq!(edited.content, content);

    app.ok(api::DeleteMessage {
        message: sent.id.clone(),
    })
    .await;
    assert_eq!(change(&mut room, "DELETE").await.0, sent.id);
    app.sent_everything().await;
    assert!(app.messages(&session).await.is_empty());
    assert!(project.stored(&session).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_second_client_writes_changes_and_deletes_is_told() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let bob = project.newcomer(&bob()).await;
    let service = project.service();

    app.forget();
    let row = json!({
        "session_id": session, "user_id": bob.user(), "role": "user",
        "content": "Shall we?", "metadata": {"user_name": "Bob"},
    });
    let id = service.insert("chat_messages", row).await.unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let query = format!("id=eq.{id}");
    let heard = app
        .event("Bob's message", |event| {
            rows_of(event, &session)
                .iter()
                .find(|row| row.id == id)
                .cloned()
        })
        .await;
    assert_eq!(
        (heard.content.as_str(), heard.author.as_deref()),
        ("Shall we?", Some("Bob"))
    );
    assert!(!heard.own);
    assert_eq!(heard.state, SendState::Delivered);
    let listed = app.event("the session's row", |event| match event {
        Event::Sessions { changed, .. } => changed
            .iter()
            .find(|row| row.id == session)
            .and_then(|row| row.snippet.clone())
            .filter(|snippet| snippet.text == "Shall we?"),
        _ => None,
    });
    assert!(!listed.await.own);

    service
        .update("chat_messages", &query, json!({"content": "Shall we go?"}))
        .await
        .unwrap();
    app.event("the edit", |event| {
        rows_of(event, &session)
            .iter()
            .find(|row| row.content == "Shall we go?")
            .cloned()
    })
    .await;

    service.delete("chat_messages", &query).await.unwrap();
    app.event("the deletion", |event| match event {
        Event::Messages { removed, .. } => removed.contains(&id).then_some(()),
        _ => None,
    })
    .await;
    assert!(app.messages(&session).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_made_renamed_archived_and_deleted_elsewhere_are_followed() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let phone = project.peer(&alice()).await;

    let row = json!({"id": "trip", "user_id": phone.user(), "title": "Trip"});
    phone.insert("chat_sessions", row).await.unwrap();
    let is = |wanted: fn(&api::SessionRow) -> bool| {
        move |rows: &Vec<api::SessionRow>| rows.iter().any(|row| row.id == "trip" && wanted(row))
    };
    let named = is(|row| row.title.as_deref() == Some("Trip"));
    app.until("the session", api::ListSessions {}, named).await;
    let change = json!({"title": "Journey", "status": "archived"});
    phone
        .update("chat_sessions", "id=eq.trip", change)
        .await
        .unwrap();
    let archived = is(|row| {
        row.title.as_deref() == Some("Journey") && row.status == api::SessionStatusName::Archived
    });
    app.until("its new state", api::ListSessions {}, archived)
        .await;
    phone.delete("chat_sessions", "id=eq.trip").await.unwrap();
    app.until("its end", api::ListSessions {}, Vec::is_empty)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_renamed_and_deleted_from_here() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    app.send(&session, "To be gone").await;
    let rename = api::UpdateSession {
        session: session.clone(),
        title: Some("Done".into()),
        status: None,
    };
    assert_eq!(app.ok(rename).await.title.as_deref(), Some("Done"));
    app.sent_everything().await;
    let rows = project
        .service()
        .select("chat_sessions", "select=title")
        .await
        .unwrap();
    assert_eq!(rows, [json!({"title": "Done"})]);
    app.ok(api::DeleteSession {
        session: session.clone(),
    })
    .await;
    app.sent_everything().await;
    assert!(
        project
            .service()
            .select("chat_sessions", "")
            .await
            .unwrap()
            .is_empty()
    );
    app.until("its end", api::ListSessions {}, Vec::is_empty)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_queued_then_sending_then_delivered() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    app.forget();
    // The server's answer is held back, so that each state lasts.
    project.proxy.freeze(Direction::Down);
    let sent = app.send(&session, "Slowly").await;
    assert_eq!(sent.state, SendState::Queued);
    let is = |state: SendState| {
        let (id, session) = (sent.id.clone(), session.clone());
        move |event: &Event| {
            let rows = rows_of(event, &session);
            rows.iter()
                .any(|row| row.id == id && row.state == state)
                .then_some(())
        }
    };
    app.event("sending", is(SendState::Sending)).await;
    assert_eq!(app.ok(api::ListOutbox {}).await.len(), 1);
    project.proxy.thaw(Direction::Down);
    app.event("delivered", is(SendState::Delivered)).await;
    let states = app.told(|event| {
        let rows = rows_of(event, &session).iter();
        rows.filter(|row| row.id == sent.id)
            .map(|row| row.state.clone())
            .next_back()
    });
    let order = |state: &SendState| match state {
        SendState::Queued => 0,
        SendState::Sending => 1,
        SendState::Delivered => 2,
        SendState::Failed { .. } | SendState::Held { .. } => 3,
    };
    assert!(states.iter().map(order).is_sorted(), "{states:?}");
    assert_eq!(project.stored(&session).await, ["Slowly"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_messages_are_fetched_when_asked_for_and_nothing_is_skipped() {
    const ALL: usize = 1_700;
    let project = Project::start().await;
    let phone = project.newcomer(&alice()).await;
    phone
        .insert(
            "chat_sessions",
            json!({"id": "long", "user_id": phone.user(), "title": "Long"}),
        )
        .await
        .unwrap();
    let start = 1_700_000_000_000_i64;
    let rows: Vec<_> = (0..ALL)
        .map(|n| {
            let at = tidings_model::Timestamp::from_millis(start + i64::try_from(n).unwrap());
            json!({
                "session_id": "long", "user_id": phone.user(), "role": "user",
                "content": format!("message {n}"), "created_at": at.to_string(),
            })
        })
        .collect();
    for rows in rows.chunks(500) {
        phone.insert("chat_messages", json!(rows)).await.unwrap();
    }
    let device = crate::kit::Device::new();
    let app = device.start().await;
    app.sign_in(&project).await;

    let mut page = app
        .ok(api::OpenSession {
            session: "long".into(),
        })
        .await
        .page;
    assert_eq!(page.after, api::Edge::End);
    let mut seen: Vec<String> = page
        .rows
        .iter()
        .rev()
        .map(|row| row.content.clone())
        .collect();
    while page.before != api::Edge::End {
        let at = api::PageAt::Before {
            message: page.rows[0].id.clone(),
        };
        page = app
            .ok(api::GetMessages {
                session: "long".into(),
                at,
                limit: 200,
            })
            .await;
        assert!(
            !page.rows.is_empty(),
            "a page after {} is empty",
            seen.len()
        );
        seen.extend(page.rows.iter().rev().map(|row| row.content.clone()));
    }
    let all: Vec<String> = (0..ALL).rev().map(|n| format!("message {n}")).collect();
    assert_eq!(seen, all);
}
