use reqwest::Method;
use serde_json::json;
use tidings_local::store::StoreError;
use tidings_local::{Behaviour, DatabaseKey, LocalError, LocalServer, Location, Options, Secrets};

use crate::support::{Actor, anon, service, start, user};

fn on_disk(directory: &std::path::Path, key: Option<u8>, secrets: &Secrets) -> Options {
    Options {
        location: Location::Directory(directory.to_owned()),
        database_key: key.map(|byte| DatabaseKey::new([byte; 32])),
        secrets: Some(secrets.clone()),
        ..Options::default()
    }
}

#[tokio::test]
async fn foreign_host_names_are_refused() {
    let server = start(Behaviour::default()).await;
    let nobody = anon(&server);
    for (host, status) in [
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("localhost", 200),
        ("127.0.0.1:1", 200),
    ] {
        for path in ["/rest/v1/chat_sessions", "/auth/v1/health"] {
            let told = nobody.ask(Method::GET, path, &[("host", host)], None).await;
            assert_eq!(told.status, status, "{host}{path}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_needs_only_the_key() {
    let server = start(Behaviour::default()).await;
    let nobody = anon(&server);
    let preflight = [
        ("origin", "http://localhost:5173"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "apikey,authorization,prefer",
        ),
    ];
    let told = nobody
        .ask(Method::OPTIONS, "/rest/v1/chat_sessions", &preflight, None)
        .await;
    assert_eq!(told.status, 204);
    assert_eq!(told.header("access-control-allow-origin"), "*");
    for header in [
        "apikey",
        "authorization",
        "prefer",
        "range",
        "x-retry-count",
    ] {
        assert!(
            told.header("access-control-allow-headers").contains(header),
            "{header}"
        );
    }
    let told = nobody.get("/rest/v1/chat_sessions").await;
    assert!(
        told.header("access-control-expose-headers")
            .contains("Content-Range")
    );
    assert!(!told.header("date").is_empty());
    let keyless = Actor {
        key: "wrong".to_owned(),
        ..nobody.clone()
    };
    for path in ["/rest/v1/chat_sessions", "/auth/v1/settings", "/rest/v1/"] {
        let told = keyless.get(path).await;
        assert_eq!(
            (
                told.status.as_u16(),
                told.header("access-control-allow-origin")
            ),
            (401, "*")
        );
    }
}

#[tokio::test]
async fn paths_that_do_not_exist_are_told_in_json() {
    let server = start(Behaviour::default()).await;
    let nobody = anon(&server);
    for path in ["/", "/storage/v1/nope", "/auth/v1/nope", "/functions/v1/x"] {
        let told = nobody.get(path).await;
        assert_eq!(told.status, 404, "{path}");
        assert!(told.json()["message"].is_string(), "{path}");
    }
    assert!(nobody.get("/rest/v1/").await.json()["definitions"]["chat_messages"].is_object());
}

#[tokio::test]
async fn a_restart_keeps_rows_users_and_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let secrets = Secrets::generate();
    for key in [None, Some(7)] {
        let place = directory.path().join(format!("{key:?}"));
        let options = on_disk(&place, key, &secrets);
        let server = LocalServer::start(options.clone()).await.unwrap();
        let alice = user(&server, "alice").await;
        alice.open("kept").await;
        server.stop().await;
        let server = LocalServer::start(options).await.unwrap();
        let alice = Actor {
            url: server.info().url,
            ..alice
        };
        assert_eq!(
            alice.get("/rest/v1/chat_sessions?select=id").await.text,
            r#"[{"id":"kept"}]"#
        );
        assert_eq!(alice.get("/auth/v1/user").await.status, 200);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_keyed_file_shows_nothing_and_opens_with_its_key_only() {
    let directory = tempfile::tempdir().unwrap();
    let secrets = Secrets::generate();
    let server = LocalServer::start(on_disk(directory.path(), Some(1), &secrets))
        .await
        .unwrap();
    let owner = service(&server);
    let row = json!({"id": "s", "user_id": "u", "title": "a very secret title"});
    assert_eq!(owner.insert("chat_sessions", &row).await.status, 201);
    server.stop().await;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found(b"a very secret title") && !found(b"CREATE TABLE"));
    }
    for key in [None, Some(2)] {
        let refused = LocalServer::start(on_disk(directory.path(), key, &secrets)).await;
        assert!(matches!(
            refused.err(),
            Some(LocalError::Store(StoreError::WrongKey))
        ));
    }
}

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let refused = LocalServer::start(Options {
        listen,
        ..Options::default()
    })
    .await;
    assert!(matches!(refused.err(), Some(LocalError::NotLoopback(_))));
}

#[tokio::test]
async fn secrets_are_not_printed() {
    let server = start(Behaviour::default()).await;
    let info = server.info();
    let printed = format!("{info:?} {:?}", server.state().keys());
    for secret in [
        &info.publishable_key,
        &info.service_role_key,
        &info.jwt_secret,
        &info.anon_key,
    ] {
        assert!(!printed.contains(secret.reveal()));
    }
}
