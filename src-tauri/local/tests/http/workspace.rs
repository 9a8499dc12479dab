use std::sync::Arc;

use serde_json::{Value, json};
use tidings_local::store::{Change, ChangeKind, schema};
use tidings_local::{LocalServer, LocaleNow, Location, Options, Secrets, WorkspaceOptions};
use tidings_model::Locale;
use tokio::sync::broadcast::Receiver;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::{Actor, DEADLINE, anon};

async fn start(options: Options, workspace: WorkspaceOptions) -> LocalServer {
    LocalServer::start(Options {
        workspace,
        ..options
    })
    .await
    .unwrap()
}

/// The one user, signed in without a form.
async fn you(server: &LocalServer) -> Actor {
    let session = server.sign_in().await.unwrap();
    Actor {
        token: Some(session.access_token.reveal().to_owned()),
        id: session.user["id"].as_str().unwrap().to_owned(),
        ..anon(server)
    }
}

async fn rows(actor: &Actor, path: &str) -> Vec<Value> {
    let told = actor.get(&format!("/rest/v1/{path}")).await;
    assert_eq!(told.status, 200, "{}", told.text);
    told.json().as_array().unwrap().clone()
}

/// Waits for an assistant's message.
async fn answered(changes: &mut Receiver<Arc<Change>>) -> String {
    timeout(DEADLINE, async {
        loop {
            let change = changes.recv().await.unwrap();
            let Some(row) = change
                .record
                .as_ref()
                .filter(|_| change.kind == ChangeKind::Insert)
            else {
                continue;
            };
            if row.get("role").as_str() == Some("assistant") {
                return row.get("content").as_str().unwrap().to_owned();
            }
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_new_workspace_welcomes_its_user_once() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        location: Location::Directory(directory.path().to_owned()),
        secrets: Some(Secrets::generate()),
        ..Options::default()
    };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let server = start(options.clone(), WorkspaceOptions::full(1)).await;
        assert!(server.info().simulated_prices);
        let you = you(&server).await;
        let sessions = rows(&you, "chat_sessions?order=last_activity.desc").await;
        assert_eq!(sessions.len(), 3);
        assert_eq!(sessions[0]["title"], "Welcome to Tidings");
        let messages = rows(&you, "chat_messages").await;
        assert!(messages.iter().all(|message| message["role"] != "user"));
        assert!(
            messages
                .iter()
                .all(|message| !message["content"].as_str().unwrap().contains('!'))
        );
        ids.push((you.id, messages.len()));
        server.stop().await;
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn the_assistant_answers_each_message_once_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        location: Location::Directory(directory.path().to_owned()),
        secrets: Some(Secrets::generate()),
        ..Options::default()
    };
    let full = WorkspaceOptions {
        welcome: false,
        ..WorkspaceOptions::full(1)
    };
    let server = start(options.clone(), full).await;
    let mut changes = server.state().store().subscribe();
    let actor = you(&server).await;
    actor.open("s").await;
    let say = |text: &str| json!({"session_id": "s", "content": text, "role": "user"});
    assert_eq!(
        actor
            .insert("chat_messages", &say("/price BTC"))
            .await
            .status,
        201
    );
    assert!(answered(&mut changes).await.starts_with("BTC is at $"));
    let alert = say("/alert BTC above 70000");
    assert_eq!(actor.insert("chat_messages", &alert).await.status, 201);
    answered(&mut changes).await;
    let replies = rows(
        &actor,
        "chat_messages?role=eq.assistant&order=created_at.desc",
    )
    .await;
    assert_eq!(replies[0]["user_id"], Value::Null);
    assert_eq!(
        replies[0]["metadata"],
        json!({"tidings": {"alert": {"symbol": "BTC", "kind": "above", "price": "70000"}}})
    );
    server.stop().await;

    let server = start(options, full).await;
    let mut changes = server.state().store().subscribe();
    let actor = Actor {
        url: server.info().url,
        ..actor
    };
    assert_eq!(
        actor.insert("chat_messages", &say("/help")).await.status,
        201
    );
    assert!(
        answered(&mut changes)
            .await
            .contains("/alert BTC above 70000")
    );
    let all = rows(&actor, "chat_messages?select=role&order=created_at").await;
    let roles: Vec<&str> = all
        .iter()
        .map(|row| row["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        [
            "user",
            "assistant",
            "user",
            "assistant",
            "user",
            "assistant"
        ]
    );
}

#[tokio::test]
async fn it_speaks_the_language_of_the_window_and_follows_it() {
    let (window, locale) = watch::channel(Locale::GERMAN);
    let options = Options {
        locale: LocaleNow::new(move || *locale.borrow()),
        ..Options::default()
    };
    let server = start(options, WorkspaceOptions::full(1)).await;
    let mut changes = server.state().store().subscribe();
    let actor = you(&server).await;
    let sessions = rows(&actor, "chat_sessions?order=last_activity.desc").await;
    assert_eq!(sessions[0]["title"], "Willkommen bei Tidings");
    actor.open("s").await;
    let say = |text: &str| json!({"session_id": "s", "content": text, "role": "user"});
    let asked = say("/alert BTC über 70.000");
    assert_eq!(actor.insert("chat_messages", &asked).await.status, 201);
    assert!(
        answered(&mut changes)
            .await
            .contains("wenn BTC auf 70.000\u{a0}$ steigt")
    );
    let replies = rows(&actor, "chat_messages?session_id=eq.s&role=eq.assistant").await;
    assert_eq!(
        replies[0]["metadata"],
        json!({"tidings": {"alert": {"symbol": "BTC", "kind": "above", "price": "70000"}}})
    );
    window.send(Locale::ENGLISH).unwrap();
    let asked = say("/price DOGE");
    assert_eq!(actor.insert("chat_messages", &asked).await.status, 201);
    assert!(answered(&mut changes).await.starts_with("I have no price"));
    // What was said stays as it was said.
    let sessions = rows(&actor, "chat_sessions?title=like.Willkommen*").await;
    assert_eq!(sessions.len(), 1);
}

#[tokio::test]
async fn what_was_said_before_the_assistant_was_there_stays_unanswered() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        location: Location::Directory(directory.path().to_owned()),
        secrets: Some(Secrets::generate()),
        ..Options::default()
    };
    let server = start(options.clone(), WorkspaceOptions::default()).await;
    let actor = you(&server).await;
    actor.open("s").await;
    let say = |text: &str| json!({"session_id": "s", "content": text, "role": "user"});
    assert_eq!(
        actor.insert("chat_messages", &say("hello")).await.status,
        201
    );
    server.stop().await;
    let assistant = WorkspaceOptions {
        assistant: true,
        ..WorkspaceOptions::default()
    };
    let server = start(options, assistant).await;
    let mut changes = server.state().store().subscribe();
    let actor = Actor {
        url: server.info().url,
        ..actor
    };
    assert_eq!(
        actor
            .insert("chat_messages", &say("/price BTC"))
            .await
            .status,
        201
    );
    assert_eq!(
        answered(&mut changes).await,
        "There are no prices in this workspace yet."
    );
    assert_eq!(
        rows(&actor, "chat_messages?role=eq.assistant").await.len(),
        1
    );
}

#[tokio::test]
async fn simulated_prices_move_in_place() {
    let feed = WorkspaceOptions {
        simulated_prices: Some(3),
        ..WorkspaceOptions::default()
    };
    let server = start(Options::default(), feed).await;
    let mut changes = server.state().store().subscribe();
    for _ in 0..4 {
        let change = timeout(DEADLINE, changes.recv()).await.unwrap().unwrap();
        assert_eq!(
            (change.table, change.kind),
            (&schema::CRYPTO_PRICES, ChangeKind::Update)
        );
    }
    let prices = rows(&you(&server).await, "crypto_prices?order=symbol").await;
    let symbols: Vec<&str> = prices
        .iter()
        .map(|row| row["symbol"].as_str().unwrap())
        .collect();
    assert_eq!(symbols, ["BTC", "ETH", "LINK", "SOL", "USDC", "XRP"]);
}
