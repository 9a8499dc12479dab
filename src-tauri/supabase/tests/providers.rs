//! Signing in with a provider: the loopback listener as a browser meets it, and the whole way
//! against the local workspace's own server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::local::{self, auth};
use common::{Answer, Server, within};
use serde_json::json;
use tidings_local::{AuthBehaviour, Consent, LocalServer, StubProvider};
use tidings_supabase::{
    AuthState, Class, Error, Loopback, MemoryStore, Pages, Returned, SessionStore as _,
    TokenManager,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

const LONG: Duration = Duration::from_secs(10);

async fn start(consent: Consent) -> LocalServer {
    let stub = StubProvider {
        names: vec!["github".to_owned()],
        consent,
    };
    local::start(AuthBehaviour {
        stub_provider: Some(stub),
        ..AuthBehaviour::default()
    })
    .await
}

/// A browser that follows every redirect.
async fn browse(url: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What is answered to raw bytes; empty when the connection is closed without an answer.
async fn raw(to: &Url, request: &str) -> String {
    let address = (to.host_str().unwrap(), to.port().unwrap());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

fn host(of: &Url) -> String {
    format!("{}:{}", of.host_str().unwrap(), of.port().unwrap())
}

#[tokio::test]
async fn the_browser_comes_back_and_the_session_is_kept() {
    let server = start(Consent::Granted).await;
    let store = std::sync::Arc::new(MemoryStore::new());
    let tokens = TokenManager::open(auth(&server), store.clone())
        .await
        .unwrap();
    let loopback = Loopback::open(Pages::default()).await.unwrap();
    let flow = tokens
        .auth()
        .begin_with_provider("github", loopback.redirect());
    let url = flow.url().to_string();
    let (returned, (status, page)) = tokio::join!(loopback.wait(LONG), browse(&url));
    assert_eq!(status, 200);
    assert!(page.contains("go back to Tidings"), "{page}");
    let Returned::Code(code) = returned.unwrap() else {
        panic!("a code");
    };
    let session = tokens.auth().exchange_code(&flow, &code).await.unwrap();
    tokens.adopt(session).await.unwrap();
    assert!(matches!(
        &*tokens.state().borrow(),
        AuthState::SignedIn { email: Some(email), .. } if email == "github@stub.local"
    ));
    assert!(store.load().unwrap().is_some());
    let again = tokens.auth().exchange_code(&flow, &code).await.unwrap_err();
    assert_eq!(again.code(), Some("flow_state_not_found"));
    assert!(again.to_string().contains("Try again"), "{again}");
}

#[tokio::test]
async fn a_code_is_of_no_use_without_its_verifier() {
    let server = start(Consent::Granted).await;
    let auth = auth(&server);
    let loopback = Loopback::open(Pages::default()).await.unwrap();
    let flow = auth.begin_with_provider("github", loopback.redirect());
    let mallorys = auth.begin_with_provider("github", loopback.redirect());
    let url = flow.url().to_string();
    let (returned, _) = tokio::join!(loopback.wait(LONG), browse(&url));
    let Returned::Code(code) = returned.unwrap() else {
        panic!("a code");
    };
    let stolen = auth.exchange_code(&mallorys, &code).await.unwrap_err();
    assert_eq!(stolen.code(), Some("bad_code_verifier"));
    server.state().hooks().set_clock_offset(301);
    let late = auth.exchange_code(&flow, &code).await.unwrap_err();
    assert_eq!(late.code(), Some("flow_state_expired"));
    assert_eq!(late.class(), Class::Permanent);
}

#[tokio::test]
async fn a_refusal_in_the_browser_is_told_with_what_to_do() {
    let server = start(Consent::Denied).await;
    let loopback = Loopback::open(Pages::default()).await.unwrap();
    let flow = auth(&server).begin_with_provider("github", loopback.redirect());
    let url = flow.url().to_string();
    let (returned, (_, page)) = tokio::join!(loopback.wait(LONG), browse(&url));
    assert!(page.contains("not signed in"), "{page}");
    let Returned::Refused(error) = returned.unwrap() else {
        panic!("a refusal");
    };
    assert_eq!(error.code(), Some("access_denied"));
    assert!(
        error.to_string().contains("refused in the browser"),
        "{error}"
    );
    assert_eq!(error.class(), Class::Permanent);
}

#[tokio::test]
async fn the_pages_are_in_the_language_that_is_asked_for() {
    let pages = Pages {
        language: "de",
        done: "Fertig.",
        ..Pages::default()
    };
    let loopback = Loopback::open(pages).await.unwrap();
    let back = format!("{}?code=abc", loopback.redirect());
    let (returned, (_, page)) = tokio::join!(loopback.wait(LONG), browse(&back));
    assert_eq!(returned.unwrap(), Returned::Code("abc".to_owned().into()));
    assert!(page.contains(r#"<html lang="de">"#), "{page}");
    assert!(page.contains("<p>Fertig.</p>"), "{page}");
}

#[tokio::test]
async fn strangers_get_nothing_and_change_nothing() {
    let loopback = Loopback::open(Pages::default()).await.unwrap();
    let own = loopback.redirect().clone();
    let (host, path) = (host(&own), own.path().to_owned());
    let waiting = tokio::spawn(loopback.wait(LONG));
    let get = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    for request in [
        get("/favicon.ico", &host),
        get("/signed-in/guess?code=evil", &host),
        get(&format!("{path}/x?code=evil"), &host),
        get(&format!("{path}?code=evil"), "evil.example"),
        get(&format!("{path}?code=evil"), "localhost"),
        format!("GET {path}?code=evil HTTP/1.1\r\n\r\n"),
        format!("GET {path}?code=evil HTTP/1.1\r\nhost: {host}\r\nhost: {host}\r\n\r\n"),
        format!("POST {path}?code=evil HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n"),
        "SSH-2.0-x\r\n\r\n".to_owned(),
    ] {
        let answer = raw(&own, &request).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{request}: {answer}");
        assert!(!waiting.is_finished());
    }
    // One that says nothing, one that says too much, and one that stays.
    assert_eq!(raw(&own, "").await, "");
    let endless = format!("GET /{} HTTP/1.1\r\n", "x".repeat(20_000));
    let mut flood = TcpStream::connect(&*host).await.unwrap();
    // The other side may hang up in the middle.
    let _ = flood.write_all(endless.as_bytes()).await;
    let silent = TcpStream::connect(&*host).await.unwrap();
    let answer = raw(&own, &get(&format!("{path}?code=good"), &host)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("cache-control: no-store"));
    assert!(answer.contains("default-src 'none'"));
    let returned = within(waiting).await.unwrap().unwrap();
    assert_eq!(returned, Returned::Code("good".into()));
    assert!(!format!("{returned:?}").contains("good"));
    drop(silent);
    // One request, and the port is closed.
    assert!(TcpStream::connect(&*host).await.is_err());
}

#[tokio::test]
async fn an_error_is_never_taken_for_a_success_wherever_it_stands() {
    for (query, code) in [
        (
            "error=access_denied&error_description=No&code=x",
            "access_denied",
        ),
        (
            "error=server_error&error_code=unexpected_failure",
            "unexpected_failure",
        ),
        ("error=access_denied&error_code=403", "access_denied"),
    ] {
        let loopback = Loopback::open(Pages::default()).await.unwrap();
        let url = format!("{}?{query}", loopback.redirect());
        let (returned, _) = tokio::join!(loopback.wait(LONG), browse(&url));
        let Returned::Refused(error) = returned.unwrap() else {
            panic!("{query}");
        };
        assert_eq!(error.code(), Some(code), "{query}");
    }
    // In the fragment no server sees it: the page brings it to the query.
    let loopback = Loopback::open(Pages::default()).await.unwrap();
    let own = loopback.redirect().clone();
    let waiting = tokio::spawn(loopback.wait(LONG));
    let (status, page) = browse(own.as_str()).await;
    assert_eq!(status, 200);
    assert!(page.contains("location.hash"), "{page}");
    assert!(!waiting.is_finished());
    browse(&format!("{own}?error=access_denied")).await;
    assert!(matches!(
        within(waiting).await.unwrap().unwrap(),
        Returned::Refused(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_for_ever() {
    let loopback = Loopback::open(Pages::default()).await.unwrap();
    let host = host(loopback.redirect());
    let returned = loopback.wait(Duration::from_mins(5)).await;
    assert_eq!(returned, Err(Error::BrowserTimeout));
    assert!(TcpStream::connect(host).await.is_err());
}

#[tokio::test]
async fn a_wait_that_is_given_up_closes_the_port() {
    let loopback = Loopback::open(Pages::default()).await.unwrap();
    let host = host(loopback.redirect());
    drop(TcpStream::connect(&*host).await.unwrap());
    drop(loopback);
    assert!(TcpStream::connect(host).await.is_err());
}

#[tokio::test]
async fn the_address_and_the_exchange_are_those_of_the_protocol() {
    let server = Server::start(|_| Answer::json(200, &common::session(1, common::HOUR))).await;
    let auth = server.auth();
    let back = Url::parse("http://127.0.0.1:4444/signed-in/x").unwrap();
    let flow = auth.begin_with_provider("github", &back);
    assert_eq!(flow.url().path(), "/auth/v1/authorize");
    let pairs: Vec<_> = flow.url().query_pairs().into_owned().collect();
    let value = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap()
    };
    assert_eq!(value("provider"), "github");
    assert_eq!(value("redirect_to"), back.as_str());
    assert_eq!(value("code_challenge_method"), "s256");
    auth.exchange_code(&flow, &"c".into()).await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.path.as_str(), seen.query.as_str()),
        ("/auth/v1/token", "grant_type=pkce")
    );
    assert_eq!(seen.header("authorization"), None);
    let body = seen.json();
    let verifier = body["code_verifier"].as_str().unwrap();
    assert_eq!(body, json!({"auth_code": "c", "code_verifier": verifier}));
    assert!(!flow.url().as_str().contains(verifier));
    assert!(!format!("{flow:?}").contains(verifier));
    assert_ne!(value("code_challenge"), verifier);
}
