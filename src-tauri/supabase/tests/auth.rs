//! The calls of Auth against a real HTTP server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use common::{Answer, Server, project, session};
use serde_json::json;
use tidings_local::{Door, LocalServer, Options};
use tidings_supabase::{
    Auth, Bytes, Class, Connecting, Connector, Error, Http, Project, ProjectKey, Scope, Secret,
    SignUp, Timeouts,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn password() -> Secret {
    Secret::new("correct horse")
}

#[tokio::test]
async fn signing_in_shows_the_key_and_never_sends_a_publishable_key_as_a_bearer() {
    let server = Server::start(|_| {
        Answer::json(200, &session(1, 3600)).with("date", "Sun, 22 Nov 2026 10:00:00 GMT")
    })
    .await;
    let got = server
        .auth()
        .sign_in_password("alice@example.org", &password())
        .await
        .unwrap();
    assert_eq!(got.access_token.expose(), "a1");
    assert_eq!(got.expires_in, Duration::from_hours(1));
    assert_eq!(
        (got.user.id.as_str(), got.user.email.as_deref()),
        ("alice", Some("alice@example.org"))
    );
    assert!(got.skew_seconds.is_some());
    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("POST", "/auth/v1/token")
    );
    assert_eq!(seen.query, "grant_type=password");
    assert_eq!(seen.header("apikey"), Some("sb_publishable_test"));
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.header("x-supabase-api-version"), Some("2024-01-01"));
    assert_eq!(
        seen.json(),
        json!({"email": "alice@example.org", "password": "correct horse"})
    );
}

#[tokio::test]
async fn a_legacy_key_speaks_for_itself_too() {
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let key = format!(
        "{}.{}.{}",
        part("{}"),
        part(r#"{"role":"anon"}"#),
        part("s")
    );
    let server = Server::start(|_| Answer::json(200, &json!({"external": {"email": true}}))).await;
    let project = Project::new(&server.url, ProjectKey::parse(&key).unwrap()).unwrap();
    let settings = Auth::new(Http::new().unwrap(), project)
        .settings()
        .await
        .unwrap();
    assert_eq!(settings.external.get("email"), Some(&true));
    let seen = server.seen().remove(0);
    assert_eq!(seen.header("apikey"), Some(key.as_str()));
    assert_eq!(
        seen.header("authorization").unwrap(),
        format!("Bearer {key}")
    );
}

#[tokio::test]
async fn signing_up_gives_a_session_or_a_user_to_be_confirmed() {
    let server = Server::start(|seen| match seen.json()["email"].as_str().unwrap() {
        "now@example.org" => Answer::json(200, &session(1, 3600)),
        "wrapped@example.org" => Answer::json(200, &json!({"user": {"id": "w"}, "session": null})),
        _ => Answer::json(
            200,
            &json!({"id": "bare", "email": "", "role": "authenticated"}),
        ),
    })
    .await;
    let auth = server.auth();
    let now = auth.sign_up("now@example.org", &password()).await.unwrap();
    assert!(matches!(now, SignUp::Session(session) if session.user.id == "alice"));
    let wrapped = auth
        .sign_up("wrapped@example.org", &password())
        .await
        .unwrap();
    assert!(matches!(wrapped, SignUp::ConfirmationPending(user) if user.id == "w"));
    let bare = auth.sign_up("bare@example.org", &password()).await.unwrap();
    assert!(
        matches!(bare, SignUp::ConfirmationPending(user) if user.id == "bare" && user.email.is_none())
    );
}

#[tokio::test]
async fn refusals_keep_their_code_and_class() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/auth/v1/token" => Answer::json(
            400,
            &json!({"code": "invalid_credentials", "message": "Invalid login credentials"}),
        ),
        "/auth/v1/signup" => Answer::json(
            429,
            &json!({"code": "over_request_rate_limit", "message": "Slow down"}),
        ),
        "/auth/v1/settings" => Answer::json(401, &json!({"message": "Invalid API key"})),
        _ => Answer::html(200),
    })
    .await;
    let auth = server.auth();
    let refused = auth.sign_in_password("a", &password()).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("The mail address or the password is wrong")
    );
    assert_eq!(refused.code(), Some("invalid_credentials"));
    assert_eq!(refused.class(), Class::Permanent);
    let busy = auth.sign_up("a", &password()).await.unwrap_err();
    assert_eq!(
        busy.class(),
        Class::Transient {
            retry_after: Some(Duration::from_mins(1))
        }
    );
    assert!(matches!(auth.settings().await, Err(Error::BadKey { .. })));
    let portal = auth.health().await.unwrap_err();
    assert_eq!(portal, Error::NotSupabase { status: 200 });
    assert_eq!(portal.class(), Class::Network);
}

#[tokio::test]
async fn signing_out_names_its_scope() {
    let server = Server::start(|_| Answer {
        status: 204,
        ..Answer::default()
    })
    .await;
    for scope in [Scope::Local, Scope::Global, Scope::Others] {
        server.auth().sign_out("a1", scope).await.unwrap();
    }
    let queries: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.query.clone())
        .collect();
    assert_eq!(queries, ["scope=local", "scope=global", "scope=others"]);
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer a1"));
}

#[tokio::test]
async fn a_session_without_a_lifetime_counts_by_the_servers_clock() {
    let server = Server::start(|_| {
        let mut body = session(1, 0);
        body.as_object_mut().unwrap().remove("expires_in");
        // 2026-11-22T10:10:00Z
        body["expires_at"] = json!(1_795_342_200);
        Answer::json(200, &body).with("date", "Sun, 22 Nov 2026 10:00:00 GMT")
    })
    .await;
    let got = server.auth().refresh(&"r0".into()).await.unwrap();
    assert_eq!(got.expires_in, Duration::from_mins(10));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start(|_| Answer::json(200, &session(1, 3600))).await;
    let there = format!("{}/login", other.url);
    let server = Server::start(move |_| {
        Answer {
            status: 302,
            ..Answer::default()
        }
        .with("location", there.clone())
    })
    .await;
    let error = server
        .auth()
        .sign_in_password("a", &password())
        .await
        .unwrap_err();
    assert_eq!(error, Error::NotSupabase { status: 302 });
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn no_answer_is_no_network_and_says_nothing_of_the_request() {
    // Nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let auth = Auth::new(Http::new().unwrap(), project(&format!("http://{address}")));
    let error = auth
        .sign_in_password("alice@example.org", &password())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Network { timed_out: false, message } if !message.contains("grant_type")),
        "{error:?}"
    );

    // Broken off in the middle of an answer.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let half = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        assert!(socket.read(&mut buffer).await.unwrap() > 0);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"acc";
        socket.write_all(head.as_bytes()).await.unwrap();
    });
    let auth = Auth::new(Http::new().unwrap(), project(&format!("http://{address}")));
    let error = auth.sign_in_password("a", &password()).await.unwrap_err();
    half.await.unwrap();
    assert_eq!(error.class(), Class::Network, "{error:?}");

    // Accepts, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let short = Timeouts {
        total: Duration::from_millis(100),
        ..Timeouts::default()
    };
    let auth = Auth::new(
        Http::with(short).unwrap(),
        project(&format!("http://{address}")),
    );
    let error = auth.sign_in_password("a", &password()).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Network {
                timed_out: true,
                ..
            }
        ),
        "{error:?}"
    );
}

/// Leads to a server of the same process.
struct Through(Door);

impl Connector for Through {
    fn connect<'a>(&'a self, _: &'a url::Url) -> Connecting<'a> {
        Box::pin(async {
            let stream: Box<dyn Bytes> = Box::new(self.0.connect().await?);
            Ok(stream)
        })
    }
}

/// Makes streams whose other ends do as they are told.
struct Ends(fn(tokio::io::DuplexStream));

impl Connector for Ends {
    fn connect<'a>(&'a self, _: &'a url::Url) -> Connecting<'a> {
        let (here, there) = tokio::io::duplex(1024);
        (self.0)(there);
        let stream: io::Result<Box<dyn Bytes>> = Ok(Box::new(here));
        Box::pin(std::future::ready(stream))
    }
}

#[tokio::test]
async fn requests_go_over_streams_that_somebody_else_makes() {
    let (server, door) = LocalServer::start_behind_door(Options::default())
        .await
        .unwrap();
    let info = server.info();
    let key = ProjectKey::parse(info.publishable_key.reveal()).unwrap();
    let http = Http::over(Arc::new(Through(door)), Timeouts::default());
    let project = Project::new(&info.url, key.clone()).unwrap();
    let auth = Auth::new(http.clone(), project);
    assert!(auth.settings().await.is_ok());
    let error = auth
        .sign_in_password("alice@example.org", &password())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("invalid_credentials"));

    // Nothing there speaks TLS, and nothing is sent in the clear instead.
    let encrypted = Project::new("https://127.0.0.1", key).unwrap();
    let error = Auth::new(http, encrypted).settings().await.unwrap_err();
    assert!(matches!(error, Error::Setup(_)), "{error:?}");

    server.stop().await;
    let error = auth.settings().await.unwrap_err();
    assert_eq!(error.class(), Class::Network, "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_early_or_stays_silent_is_the_network() {
    let ask = |end: fn(tokio::io::DuplexStream)| {
        let http = Http::over(Arc::new(Ends(end)), Timeouts::default());
        let auth = Auth::new(http, project("http://127.0.0.1"));
        async move { auth.settings().await.unwrap_err() }
    };
    for end in [drop as fn(tokio::io::DuplexStream), |mut stream| {
        tokio::spawn(async move {
            let half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{";
            stream.write_all(half).await.unwrap();
        });
    }] {
        let error = ask(end).await;
        assert!(
            matches!(
                error,
                Error::Network {
                    timed_out: false,
                    ..
                }
            ),
            "{error:?}"
        );
    }
    // Read, and not answered.
    let error = ask(|mut stream| {
        tokio::spawn(async move {
            let mut request = Vec::new();
            stream.read_to_end(&mut request).await.unwrap();
        });
    })
    .await;
    assert!(
        matches!(
            error,
            Error::Network {
                timed_out: true,
                ..
            }
        ),
        "{error:?}"
    );
}
