//! Without a server, and with one that answers too late.

use tidings_contract::{self as api, SendState};
use tidings_testkit::proxy::Direction;
use tidings_testkit::{DEADLINE, wait_for};

use tidings_tests::project::Project;

use crate::kit::{Client, alices_device, latest, open, rows_of};

async fn texts(app: &Client, session: &str) -> Vec<(String, SendState)> {
    let rows = app.messages(session).await;
    rows.into_iter()
        .map(|row| (row.content, row.state))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_seen_stays_readable_without_a_server_also_after_a_restart() {
    let project = Project::start().await;
    project.price("BTC", "68000.5").await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    for text in ["one", "two", "three"] {
        let sent = app.send(&session, text).await;
        app.delivered(&sent).await;
    }
    let quotes = app
        .until("a price", api::GetWatchList {}, |rows| !rows.is_empty())
        .await;
    assert_eq!(quotes[0].price.as_deref(), Some("68000.5"));

    project.proxy.go_offline();
    app.offline().await;
    assert_eq!(app.contents(&session).await, ["one", "two", "three"]);
    app.stop().await;

    let app = device.start().await;
    app.offline().await;
    let rows = app.ok(api::ListSessions {}).await;
    assert_eq!(rows[0].title.as_deref(), Some("Plans"));
    let opened = app
        .ok(api::OpenSession {
            session: session.clone(),
        })
        .await;
    assert_eq!(opened.page.rows.len(), 3);
    assert_eq!(app.contents(&session).await, ["one", "two", "three"]);
    let hits = app
        .ok(api::Search {
            query: "two".into(),
            limit: 10,
            filter: None,
        })
        .await
        .hits;
    assert_eq!(hits.len(), 1);
    let quotes = app.ok(api::GetWatchList {}).await;
    assert_eq!(quotes[0].price.as_deref(), Some("68000.5"));
    assert!(quotes[0].stale);
    let snapshot = app.ok(api::GetSnapshot {}).await.active.unwrap();
    assert_eq!(snapshot.last_session, Some(session));
    assert_eq!(
        snapshot.sign_in.account().unwrap().email.as_deref(),
        Some("alice@example.com")
    );
    assert!(!snapshot.secrets_in_memory);

    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;
    assert!(
        !device.holds("three"),
        "a message stands unencrypted on the disk"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_around_what_may_be_missing_stay_readable_and_the_gap_is_named() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let first = app.send(&session, "one").await;
    app.delivered(&first).await;
    app.event("the live row", |event| {
        rows_of(event, &session)
            .iter()
            .any(|row| row.content == "one" && row.state == SendState::Delivered)
            .then_some(())
    })
    .await;
    app.whole(&session).await;

    // Changes are lost on the way, and then the connection: "between" is never told, and "two" is
    // known from the answer alone.
    project.server.faults().drop_changes(usize::MAX);
    let phone = project.peer(&tidings_testkit::alice()).await;
    let row = serde_json::json!({
        "session_id": session, "user_id": phone.user(), "role": "user", "content": "between",
    });
    phone.insert("chat_messages", row).await.unwrap();
    let second = app.send(&session, "two").await;
    app.delivered(&second).await;
    project.proxy.go_offline();
    app.offline().await;
    app.stop().await;

    let app = device.start().await;
    app.offline().await;
    let page = app.ok(open(&session)).await.page;
    let contents: Vec<_> = page.rows.iter().map(|row| row.content.as_str()).collect();
    assert_eq!(contents, ["one", "two"]);
    assert_eq!(page.gaps, [second.id]);
    assert_eq!((page.before, page.after), (api::Edge::End, api::Edge::End));

    project.server.faults().drop_changes(0);
    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;
    assert_eq!(app.contents(&session).await, ["one", "between", "two"]);
    assert!(app.ok(latest(&session)).await.gaps.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_offline_goes_out_once_and_in_order_when_the_server_is_back() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let first = app.send(&session, "before").await;
    app.delivered(&first).await;

    project.proxy.go_offline();
    app.offline().await;
    for n in 0..5 {
        assert_eq!(
            app.send(&session, &format!("offline {n}")).await.state,
            SendState::Queued
        );
    }
    app.stop().await;
    let app = device.start().await;
    app.offline().await;
    app.send(&session, "after the restart").await;
    let made = app
        .ok(api::CreateSession {
            title: Some("Made offline".into()),
        })
        .await;
    app.send(&made.id, "first in a new session").await;
    let mut expected: Vec<_> = (0..5).map(|n| format!("offline {n}")).collect();
    expected.insert(0, "before".to_owned());
    expected.push("after the restart".to_owned());
    assert_eq!(app.contents(&session).await, expected);
    let waiting = app.ok(api::GetSnapshot {}).await.active.unwrap().outbox;
    assert_eq!((waiting.queued, waiting.failed), (8, 0));

    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.sent_everything().await;
    assert_eq!(project.stored(&session).await, expected);
    assert_eq!(project.stored(&made.id).await, ["first in a new session"]);
    assert_eq!(app.contents(&session).await, expected);
    assert!(
        texts(&app, &session)
            .await
            .iter()
            .all(|(_, state)| *state == SendState::Delivered)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_deletions_made_offline_are_carried_out_when_the_server_is_back() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let mut sent = Vec::new();
    for text in ["keep", "change", "remove"] {
        let row = app.send(&session, text).await;
        sent.push(app.delivered(&row).await.id);
    }
    project.proxy.go_offline();
    app.offline().await;
    let edit = |id: &str, content: &str| api::EditMessage {
        message: id.to_owned(),
        content: content.to_owned(),
    };
    app.ok(edit(&sent[1], "changed")).await;
    app.ok(edit(&sent[1], "changed twice")).await;
    app.ok(api::DeleteMessage {
        message: sent[2].clone(),
    })
    .await;
    // One that was never sent: the edit folds into it, and a deletion takes it back.
    let unsent = app.send(&session, "drfat").await;
    app.ok(edit(&unsent.id, "draft")).await;
    let never = app.send(&session, "never mind").await;
    app.ok(api::DeleteMessage { message: never.id }).await;

    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.sent_everything().await;
    assert_eq!(
        project.stored(&session).await,
        ["keep", "changed twice", "draft"]
    );
    app.live().await;
    assert_eq!(
        app.contents(&session).await,
        ["keep", "changed twice", "draft"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_is_lost_after_the_commit_is_there_once() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    for round in 0..3 {
        let text = format!("once {round}");
        // The request goes through, the answer does not.
        project.proxy.lose(Direction::Down);
        let sent = app.send(&session, &text).await;
        wait_for("the commit", DEADLINE, || async {
            project.stored(&session).await.contains(&text).then_some(())
        })
        .await
        .unwrap();
        project.proxy.cut();
        project.proxy.heal();
        app.ok(api::Connect {}).await;
        app.delivered(&sent).await;
        // Delivered may be known before the channel is subscribed: the next round cuts a live one.
        app.live().await;
    }
    app.sent_everything().await;
    app.live().await;
    let all = ["once 0", "once 1", "once 2"];
    assert_eq!(project.stored(&session).await, all);
    assert_eq!(app.contents(&session).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_meanwhile_is_caught_up_with() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = project.peer(&tidings_testkit::alice()).await;
    let mut ids = Vec::new();
    for text in ["stays", "is changed", "goes"] {
        let row = app.send(&session, text).await;
        ids.push(app.delivered(&row).await.id);
    }
    project.proxy.go_offline();
    app.offline().await;
    let by_id = |n: usize| format!("id=eq.{}", ids[n]);
    let change = serde_json::json!({"content": "was changed"});
    phone
        .update("chat_messages", &by_id(1), change)
        .await
        .unwrap();
    phone.delete("chat_messages", &by_id(2)).await.unwrap();
    let row = serde_json::json!({
        "session_id": session, "user_id": phone.user(), "role": "user", "content": "is new",
    });
    phone.insert("chat_messages", row).await.unwrap();

    project.proxy.heal();
    app.ok(api::Connect {}).await;
    app.live().await;
    let expected = ["stays", "was changed", "is new"];
    assert_eq!(app.contents(&session).await, expected);
}
