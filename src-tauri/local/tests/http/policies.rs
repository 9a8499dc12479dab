//! Every verb, by everybody, on every table.

use reqwest::Method;
use serde_json::{Value, json};
use tidings_local::{Behaviour, LocalServer};

use crate::support::{Actor, anon, service, start, user};

struct Cast {
    _server: LocalServer,
    alice: Actor,
    bob: Actor,
    nobody: Actor,
    owner: Actor,
}

/// Alice has a session with a message, a presence row, and there is a price.
async fn cast() -> Cast {
    let server = start(Behaviour::default()).await;
    let (alice, bob) = (user(&server, "alice").await, user(&server, "bob").await);
    let owner = service(&server);
    alice.open("a").await;
    bob.open("b").await;
    for (actor, table, row) in [
        (
            &alice,
            "chat_messages",
            json!({"session_id": "a", "content": "x", "role": "user"}),
        ),
        (
            &alice,
            "user_presence",
            json!({"user_id": alice.id, "session_id": "a"}),
        ),
        (
            &owner,
            "crypto_prices",
            json!({"symbol": "BTC", "price": 1}),
        ),
    ] {
        let told = actor.insert(table, &row).await;
        assert_eq!(told.status, 201, "{}", told.text);
    }
    let nobody = anon(&server);
    Cast {
        _server: server,
        alice,
        bob,
        nobody,
        owner,
    }
}

/// The row that tells who touched what, and a change of it.
const TARGETS: [(&str, &str, &str); 4] = [
    ("chat_sessions", "id=eq.a", "title"),
    ("chat_messages", "session_id=eq.a", "content"),
    ("user_presence", "session_id=eq.a", "typing_in_session"),
    ("crypto_prices", "symbol=eq.BTC", "symbol"),
];

async fn seen(actor: &Actor, table: &str, filter: &str) -> usize {
    let told = actor.get(&format!("/rest/v1/{table}?{filter}")).await;
    assert_eq!(told.status, 200, "{}", told.text);
    told.json().as_array().unwrap().len()
}

#[tokio::test]
async fn who_reads_what() {
    let cast = cast().await;
    for (table, filter, _) in TARGETS {
        let price = usize::from(table == "crypto_prices");
        assert_eq!(seen(&cast.owner, table, filter).await, 1, "{table}");
        assert_eq!(seen(&cast.alice, table, filter).await, 1, "{table}");
        assert_eq!(seen(&cast.bob, table, filter).await, price, "{table}");
        assert_eq!(seen(&cast.nobody, table, filter).await, 0, "{table}");
    }
}

#[tokio::test]
async fn who_changes_and_deletes_what() {
    let cast = cast().await;
    for (table, filter, column) in TARGETS {
        let path = format!("{table}?{filter}");
        let change = json!({column: "BTC"});
        let own = usize::from(table != "crypto_prices");
        for (name, actor, expected) in [
            ("nobody", &cast.nobody, 0),
            ("bob", &cast.bob, 0),
            ("alice", &cast.alice, own),
            ("owner", &cast.owner, 1),
        ] {
            // No right is no error here: nothing is touched, and that is told.
            let told = actor.write(Method::PATCH, &path, &change).await;
            assert_eq!(told.status, 200, "{name} {table}: {}", told.text);
            assert_eq!(
                told.json().as_array().unwrap().len(),
                expected,
                "{name} {table}"
            );
        }
        for (name, actor, expected) in [
            ("nobody", &cast.nobody, 0),
            ("bob", &cast.bob, 0),
            ("alice", &cast.alice, own),
        ] {
            // The session goes last, or the rest would be out of sight.
            if table == "chat_sessions" && expected == 1 {
                continue;
            }
            let told = actor.write(Method::DELETE, &path, &Value::Null).await;
            assert_eq!(told.status, 200, "{name} {table}: {}", told.text);
            assert_eq!(
                told.json().as_array().unwrap().len(),
                expected,
                "{name} {table}"
            );
        }
    }
}

#[tokio::test]
async fn who_inserts_what() {
    let cast = cast().await;
    let rows = |actor: &Actor, n: usize| {
        [
            (
                "chat_sessions",
                json!({"id": format!("new{n}"), "user_id": actor.id}),
            ),
            (
                "chat_messages",
                json!({"session_id": "b", "content": "x", "role": "user", "user_id": actor.id}),
            ),
            (
                "user_presence",
                json!({"user_id": actor.id, "session_id": "b"}),
            ),
            ("crypto_prices", json!({"symbol": "ETH", "price": 2})),
        ]
    };
    let nobody = Actor {
        id: "nobody".to_owned(),
        ..cast.nobody.clone()
    };
    for (n, (name, actor, statuses)) in [
        ("nobody", &nobody, [401, 401, 401, 401]),
        ("alice", &cast.alice, [201, 403, 403, 403]),
        ("bob", &cast.bob, [201, 201, 201, 403]),
        ("owner", &cast.owner, [201, 201, 201, 201]),
    ]
    .into_iter()
    .enumerate()
    {
        for ((table, row), status) in rows(actor, n).into_iter().zip(statuses) {
            let told = actor.insert(table, &row).await;
            assert_eq!(told.status, status, "{name} {table}: {}", told.text);
            if status != 201 {
                assert_eq!(told.json()["code"], "42501");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_written_into_somebody_elses_name() {
    let cast = cast().await;
    let theirs = json!({"id": "mine", "user_id": cast.bob.id});
    assert_eq!(
        cast.alice.insert("chat_sessions", &theirs).await.refusal(),
        (403, "42501".to_owned())
    );
    // An upsert onto a row out of sight is refused rather than told.
    let taken = json!({"id": "b", "user_id": cast.alice.id, "title": "taken"});
    let told = cast
        .alice
        .ask(
            Method::POST,
            "/rest/v1/chat_sessions",
            &[("prefer", "resolution=merge-duplicates")],
            Some(&taken.to_string()),
        )
        .await;
    assert_eq!(told.refusal(), (403, "42501".to_owned()));
    assert!(
        told.json()["message"]
            .as_str()
            .unwrap()
            .contains("(USING expression)")
    );
    // Giving a session away would hide it from its own writer.
    let given = json!({"user_id": cast.bob.id});
    let told = cast
        .alice
        .write(Method::PATCH, "chat_sessions?id=eq.a", &given)
        .await;
    assert_eq!(told.refusal(), (403, "42501".to_owned()));
    // An assistant's message has no user and is welcome.
    let reply = json!({"session_id": "a", "content": "x", "role": "assistant"});
    assert_eq!(cast.alice.insert("chat_messages", &reply).await.status, 201);
}
