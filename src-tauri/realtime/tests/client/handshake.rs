//! Against a real TCP port, by the real clock: how the server says no.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tidings_realtime::{
    Client, Config, ConnState, Event, EventStream, Refusal, RefusalKind, Secret, TokenError,
    TokenSource,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);

struct Nobody;

impl TokenSource for Nobody {
    fn token<'a>(
        &'a self,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>> {
        Box::pin(async { Ok(None) })
    }
}

/// A server that answers every request with these bytes, and the requests it gets.
async fn server(answer: &'static str) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => break,
                }
            }
            if told.send(String::from_utf8_lossy(&request).into()).is_err() {
                return;
            }
            // The client may hang up first.
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, requests)
}

/// The states that follow an attempt, up to the first that is not an attempt.
async fn meets(scheme: &str, port: u16) -> (ConnState, Client, EventStream) {
    let url = format!("{scheme}://127.0.0.1:{port}").parse().unwrap();
    let mut config = Config::new(url, Secret::new("key"));
    config.seed = Some(1);
    let (client, mut events) = Client::start(config, Arc::new(Nobody));
    client.connect();
    loop {
        match timeout(DEADLINE, events.next()).await.unwrap().unwrap() {
            Event::State(ConnState::Connecting) => {}
            Event::State(state) => return (state, client, events),
            other => panic!("{other:?}"),
        }
    }
}

fn refusal(state: ConnState) -> Refusal {
    match state {
        ConnState::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn wait(state: ConnState) -> (Duration, String) {
    match state {
        ConnState::Waiting { until, reason, .. } => {
            (until.saturating_duration_since(Instant::now()), reason)
        }
        other => panic!("not waiting: {other:?}"),
    }
}

#[tokio::test]
async fn a_key_that_is_refused_is_tried_in_the_query_and_then_told() {
    for (answer, status, message) in [
        (
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 27\r\n\r\n{\"error\":\"bad key, no good\"}",
            401,
            "bad key, no good",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 22\r\n\r\n{\"message\":\"no key\"}  ",
            401,
            "no key",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
            403,
            "",
        ),
    ] {
        let (port, mut requests) = server(answer).await;
        let (state, _client, _events) = meets("http", port).await;
        let told = refusal(state);
        assert_eq!((told.kind, told.status), (RefusalKind::Key, status));
        if status == 403 {
            assert_eq!(told.message, message);
        }
        let first = requests.recv().await.unwrap();
        assert!(
            first.starts_with("GET /realtime/v1/websocket?vsn=2.0.0 "),
            "{first}"
        );
        assert!(first.contains("x-api-key: key\r\n"), "{first}");
        let second = requests.recv().await.unwrap();
        assert!(second.contains("?apikey=key&vsn=2.0.0 "), "{second}");
        assert!(!second.contains("x-api-key"), "{second}");
        assert!(requests.try_recv().is_err(), "a third request");
    }
}

#[tokio::test]
async fn an_address_without_the_service_is_told_apart() {
    for (answer, kind, status) in [
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            RefusalKind::NoProject,
            404,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
            RefusalKind::NotRealtime,
            200,
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
            RefusalKind::NotRealtime,
            302,
        ),
    ] {
        let (port, mut requests) = server(answer).await;
        let (state, _client, _events) = meets("http", port).await;
        let told = refusal(state);
        assert_eq!((told.kind, told.status), (kind, status));
        requests.recv().await.unwrap();
        assert!(requests.try_recv().is_err(), "a second request");
    }
}

#[tokio::test]
async fn limits_and_trouble_are_waited_out() {
    let (port, _requests) =
        server("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n").await;
    let (state, _client, _events) = meets("http", port).await;
    let (time, reason) = wait(state);
    let seconds = time.as_secs();
    assert!((29..=60).contains(&seconds), "{time:?}");
    assert!(reason.contains("429"), "{reason}");

    let answer = "HTTP/1.1 429 Slow\r\nretry-after: 100\r\ncontent-length: 0\r\n\r\n";
    let (port, _requests) = server(answer).await;
    let (state, _client, _events) = meets("http", port).await;
    let seconds = wait(state).0.as_secs();
    assert!((99..=200).contains(&seconds), "{seconds}");

    let (port, _requests) =
        server("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
    let (state, _client, _events) = meets("http", port).await;
    let (time, reason) = wait(state);
    assert!(time <= Duration::from_millis(500), "{time:?}");
    assert!(reason.contains("503"), "{reason}");
}

#[tokio::test]
async fn no_answer_at_all_is_trouble_of_the_network() {
    let (port, _requests) = server("").await;
    let (state, _client, _events) = meets("http", port).await;
    assert!(wait(state).0 <= Duration::from_millis(500));
    // Nobody listens there.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (state, _client, _events) = meets("http", port).await;
    assert!(wait(state).0 <= Duration::from_millis(500));
    // What answers does not speak TLS.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"not TLS\r\n").await;
        }
    });
    let (state, _client, _events) = meets("https", port).await;
    assert!(wait(state).0 <= Duration::from_millis(500));
}
