//! The door itself: who gets in, what is answered, what is told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use serde_json::{Value, json};
use tidings_engine::{App, AppOptions, MemorySecrets, Network};
use tidings_model::SystemClock;
use tidings_serve::{Desk, ServeError, Server};
use tidings_testkit::{DEADLINE, Program, TempDir, scratch};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

struct Served {
    app: App,
    server: Server,
    _data: TempDir,
}

async fn serve() -> Served {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = scratch().unwrap();
    let ui = data.path().join("ui");
    std::fs::create_dir(&ui).unwrap();
    std::fs::write(
        ui.join("index.html"),
        "<!doctype html><title>Tidings</title>",
    )
    .unwrap();
    let desk = Arc::new(Desk::new());
    let app = App::start(AppOptions {
        data_dir: data.path().to_path_buf(),
        downloads: None,
        secrets: Arc::new(MemorySecrets::default()),
        host: desk.clone(),
        network: Network::default(),
        clock: Arc::new(SystemClock),
        version: "0.0.0".to_owned(),
        default_url: None,
        default_key: None,
        pace: tidings_engine::Pace::default(),
    })
    .await
    .unwrap();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::start(app.clone(), desk, listen, &ui).await.unwrap();
    Served {
        app,
        server,
        _data: data,
    }
}

/// A client that keeps what it did not ask for.
struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    aside: VecDeque<Value>,
    next: u64,
}

impl Client {
    async fn connect(url: &str) -> Self {
        let (socket, _) = connect_async(url).await.unwrap();
        Self {
            socket,
            aside: VecDeque::new(),
            next: 1,
        }
    }

    async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next frame for which `wanted` holds; the others are kept.
    async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.aside.iter().position(&wanted) {
            return self.aside.remove(at).unwrap();
        }
        timeout(DEADLINE, async {
            loop {
                let message = self.socket.next().await.expect("still open").unwrap();
                let Message::Text(text) = message else {
                    continue;
                };
                let frame: Value = serde_json::from_str(&text).unwrap();
                if wanted(&frame) {
                    return frame;
                }
                self.aside.push_back(frame);
            }
        })
        .await
        .expect("a frame in time")
    }

    async fn call(&mut self, command: &str, args: Value) -> Value {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"id": id, "command": command, "args": args}).to_string())
            .await;
        self.find(|frame| frame["id"] == id).await
    }
}

#[tokio::test]
async fn the_page_comes_with_the_windows_policy() {
    let served = serve().await;
    let url = served.server.url();
    let answer = reqwest::get(url.split('#').next().unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers()[CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'self'"), "{policy}");
    assert!(
        policy.contains(&format!("ws://{}", served.server.address())),
        "{policy}"
    );
    assert!(answer.text().await.unwrap().contains("Tidings"));
    assert!(url.ends_with(&format!("#token={}", served.server.token())));
}

#[tokio::test]
async fn foreign_names_and_origins_are_refused() {
    let served = serve().await;
    let page = format!("http://{}/", served.server.address());
    let client = reqwest::Client::new();
    for (name, value) in [
        (HOST, "evil.example".to_owned()),
        (
            HOST,
            format!("evil.example:{}", served.server.address().port()),
        ),
        (ORIGIN, "https://evil.example".to_owned()),
        (ORIGIN, "null".to_owned()),
    ] {
        let answer = client.get(&page).header(name, &value).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{value}");
    }
    let mut request = served.server.ws().into_client_request().unwrap();
    request
        .headers_mut()
        .insert("origin", "http://evil.example".parse().unwrap());
    let Err(Error::Http(refused)) = connect_async(request).await else {
        panic!("let in")
    };
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn the_socket_asks_for_its_token() {
    let served = serve().await;
    let address = served.server.address();
    for query in ["", "?token=", "?token=0000", "?key=x"] {
        let Err(Error::Http(refused)) = connect_async(format!("ws://{address}/ws{query}")).await
        else {
            panic!("let in with {query:?}");
        };
        assert_eq!(refused.status(), 401, "{query}");
    }
    Client::connect(&served.server.ws()).await;
}

#[tokio::test]
async fn only_a_loopback_address_is_listened_on() {
    let served = serve().await;
    let open: SocketAddr = ([0, 0, 0, 0], 0).into();
    let refused = Server::start(
        served.app.clone(),
        Arc::new(Desk::new()),
        open,
        "ui".as_ref(),
    )
    .await;
    assert!(matches!(refused, Err(ServeError::NotLoopback(_))));
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_the_socket_stays_open() {
    let served = serve().await;
    let mut client = Client::connect(&served.server.ws()).await;
    for frame in [
        "",
        "{",
        "[]",
        "null",
        r#"{"command":"sessions"}"#,
        r#"{"id":[1]}"#,
    ] {
        client.send(frame).await;
        let answer = client.find(|frame| frame["id"].is_null()).await;
        assert_eq!(answer["error"]["code"], "invalid", "{frame}");
    }
    client
        .socket
        .send(Message::Binary(Bytes::from_static(b"\0")))
        .await
        .unwrap();
    let answer = client.find(|frame| frame["id"].is_null()).await;
    assert_eq!(answer["error"]["message"], "Frames are texts.");
    client
        .send(r#"{"id":"x","command":"drop_everything","args":{}}"#)
        .await;
    let answer = client.find(|frame| frame["id"] == "x").await;
    assert_eq!(answer["error"]["code"], "invalid");
    let answer = client.call("sessions", json!({})).await;
    assert_eq!(answer["error"]["code"], "no_workspace");
    let answer = client.call("snapshot", json!({})).await;
    assert_eq!(answer["ok"]["version"], "0.0.0");
}

#[tokio::test]
async fn every_client_is_told_events_and_notifications() {
    let served = serve().await;
    let mut alice = Client::connect(&served.server.ws()).await;
    let mut bob = Client::connect(&served.server.ws()).await;
    let mut settings = alice.call("settings", json!({})).await["ok"].take();
    settings["theme"] = json!("dark");
    alice
        .call("set_settings", json!({"settings": settings}))
        .await;
    let told = bob.find(|frame| !frame["event"].is_null()).await;
    assert_eq!(told["event"]["event"]["type"], "settings");
    assert_eq!(told["event"]["event"]["settings"]["theme"], "dark");
    let seq = told["event"]["seq"].as_u64().unwrap();
    let same = alice.find(|frame| frame["event"]["seq"] == seq).await;
    assert_eq!(same, told);

    let report = alice.call("test_notification", json!({})).await;
    assert_eq!(report["ok"]["shown"], true);
    let shown = bob.find(|frame| !frame["notification"].is_null()).await;
    assert_eq!(shown["notification"]["actions"], json!(["open_chart"]));
    bob.send(r#"{"id":"n","notifications":true}"#).await;
    let listed = bob.find(|frame| frame["id"] == "n").await;
    assert_eq!(listed["ok"], json!([shown["notification"]]));

    alice
        .call("open_link", json!({"url": "https://example.com/"}))
        .await;
    assert_eq!(
        bob.find(|frame| !frame["link"].is_null()).await["link"],
        "https://example.com/"
    );

    alice.send(r#"{"id":"f","focused":false}"#).await;
    assert_eq!(
        alice.find(|frame| frame["id"] == "f").await["ok"],
        json!({})
    );
}

#[tokio::test]
async fn clients_are_told_when_the_server_ends() {
    let served = serve().await;
    let mut client = Client::connect(&served.server.ws()).await;
    // Answered, so the socket is served by now.
    client.call("settings", json!({})).await;
    served.server.stop().await;
    let last = timeout(DEADLINE, async {
        while let Some(Ok(message)) = client.socket.next().await {
            if let Message::Close(frame) = message {
                return frame;
            }
        }
        None
    });
    assert_eq!(
        u16::from(last.await.unwrap().expect("a goodbye").code),
        1001
    );
    served.app.stop().await;
}

#[tokio::test]
async fn the_program_tells_where_serves_the_local_workspace_and_ends_when_asked() {
    let data = scratch().unwrap();
    let mut running = Program::new(env!("CARGO_BIN_EXE_tidings-serve"))
        .arg("--data-dir")
        .arg(data.path())
        .args(["--local", "--secrets", "memory"])
        .start()
        .unwrap();
    let ready = running.json().await.unwrap();
    assert!(
        ready["local"]["url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    for key in ["publishable_key", "service_role_key", "jwt_secret"] {
        assert!(!ready["local"][key].as_str().unwrap().is_empty(), "{key}");
    }
    let mut client = Client::connect(ready["ws"].as_str().unwrap()).await;
    let snapshot = client.call("snapshot", json!({})).await;
    assert_eq!(snapshot["ok"]["active"]["info"]["local"], true);
    let whole = snapshot.to_string();
    for key in ["service_role_key", "jwt_secret", "publishable_key"] {
        assert!(
            !whole.contains(ready["local"][key].as_str().unwrap()),
            "{key} leaked"
        );
    }
    let id = running.id().unwrap();
    let asked = std::process::Command::new("kill")
        .arg(id.to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    assert!(
        running.ended(Duration::from_secs(30)).await.unwrap(),
        "{}",
        running.said()
    );
}
