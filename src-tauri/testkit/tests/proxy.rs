//! Each fault of the proxy, between a plain client and a server that echoes.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tidings_testkit::proxy::{Answer, Direction};
use tidings_testkit::{DEADLINE, FaultProxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// A server that sends back what it gets, after its own name.
async fn echo(name: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.write_all(name).await;
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    address
}

async fn proxy() -> FaultProxy {
    FaultProxy::start(echo(b"").await).await.unwrap()
}

async fn connect(proxy: &FaultProxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    proxy
        .wait_counts("a connection", DEADLINE, |counts| counts.open > 0)
        .await
        .unwrap();
    stream
}

async fn say(stream: &mut TcpStream, words: &[u8]) {
    stream.write_all(words).await.unwrap();
}

/// Exactly so many bytes.
async fn hear(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut heard = vec![0; length];
    timeout(DEADLINE, stream.read_exact(&mut heard))
        .await
        .unwrap()
        .unwrap();
    heard
}

/// All that comes until the end, or why there was none.
async fn rest(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut heard = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut heard))
        .await
        .unwrap()
        .map(|_| heard)
}

#[tokio::test]
async fn without_faults_everything_arrives_both_ways_and_is_counted() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let words = vec![7; 300_000];
    let (mut from, mut to) = stream.split();
    let (sent, heard) = tokio::join!(
        async {
            to.write_all(&words).await.unwrap();
            to.shutdown().await
        },
        async {
            let mut heard = Vec::new();
            from.read_to_end(&mut heard).await.unwrap();
            heard
        }
    );
    sent.unwrap();
    assert_eq!(heard, words);
    proxy
        .wait_counts("closed", DEADLINE, |counts| counts.open == 0)
        .await
        .unwrap();
    let counts = proxy.counts();
    assert_eq!((counts.made, counts.up, counts.down), (1, 300_000, 300_000));
}

#[tokio::test]
async fn a_cut_resets_what_is_open_and_lets_the_next_one_in() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    say(&mut stream, b"hello").await;
    assert_eq!(hear(&mut stream, 5).await, b"hello");
    proxy.cut();
    assert!(rest(&mut stream).await.is_err());
    proxy
        .wait_counts("cut", DEADLINE, |counts| counts.open == 0)
        .await
        .unwrap();
    let mut again = connect(&proxy).await;
    say(&mut again, b"again").await;
    assert_eq!(hear(&mut again, 5).await, b"again");
}

#[tokio::test]
async fn offline_nothing_new_gets_in_until_it_is_healed() {
    let proxy = proxy().await;
    let mut open = connect(&proxy).await;
    proxy.go_offline();
    assert!(rest(&mut open).await.is_err());
    // The kernel shakes hands for the proxy; the reset follows at once.
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(rest(&mut refused).await.is_err());
    assert_eq!(proxy.counts().refused, 1);
    proxy.heal();
    let mut stream = connect(&proxy).await;
    say(&mut stream, b"back").await;
    assert_eq!(hear(&mut stream, 4).await, b"back");
}

#[tokio::test]
async fn a_frozen_direction_stands_still_and_loses_nothing() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.freeze(Direction::Down);
    say(&mut stream, b"slowly").await;
    proxy
        .wait_counts("up only", DEADLINE, |counts| counts.up == 6)
        .await
        .unwrap();
    assert_eq!(proxy.counts().down, 0);
    proxy.thaw(Direction::Down);
    assert_eq!(hear(&mut stream, 6).await, b"slowly");
}

#[tokio::test]
async fn what_is_lost_never_arrives_and_the_connection_stays() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.lose(Direction::Down);
    say(&mut stream, b"lost").await;
    proxy
        .wait_counts("swallowed", DEADLINE, |counts| counts.lost == 4)
        .await
        .unwrap();
    proxy.heal();
    say(&mut stream, b"kept").await;
    assert_eq!(hear(&mut stream, 4).await, b"kept");
}

#[tokio::test]
async fn a_truncated_connection_ends_in_the_middle_with_what_came_before() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.truncate(Direction::Down, 3);
    say(&mut stream, b"truncated").await;
    assert_eq!(rest(&mut stream).await.unwrap(), b"tru");
}

#[tokio::test]
async fn a_delay_holds_each_piece_back() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let by = Duration::from_millis(120);
    proxy.delay(Direction::Up, by);
    let start = Instant::now();
    say(&mut stream, b"later").await;
    assert_eq!(hear(&mut stream, 5).await, b"later");
    assert!(start.elapsed() >= by);
}

#[tokio::test]
async fn a_slow_direction_takes_its_time() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.slow(Direction::Up, 1_000);
    let start = Instant::now();
    say(&mut stream, &[1; 100]).await;
    assert_eq!(hear(&mut stream, 100).await, [1; 100]);
    assert!(start.elapsed() >= Duration::from_millis(90));
}

#[tokio::test]
async fn an_answer_takes_the_servers_place_for_its_path_only() {
    let proxy = proxy().await;
    for status in [401, 403, 404, 429, 503] {
        let body = serde_json::json!({ "message": "no" });
        let answer = Answer::status(status)
            .header("Retry-After", "2")
            .json(&body);
        proxy.answer(answer.path("/realtime"));
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        say(&mut stream, b"GET /realtime/v1 HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let heard = String::from_utf8(rest(&mut stream).await.unwrap()).unwrap();
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{heard}");
        assert!(heard.contains("Retry-After: 2\r\n"), "{heard}");
        assert!(heard.ends_with("{\"message\":\"no\"}"), "{heard}");
    }
    assert_eq!(proxy.counts().answered, 5);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let head = b"GET /rest/v1 HTTP/1.1\r\n\r\n";
    say(&mut stream, head).await;
    assert_eq!(hear(&mut stream, head.len()).await, head);
}

#[tokio::test]
async fn a_silent_connection_is_made_and_nothing_is_said() {
    let proxy = proxy().await;
    proxy.hang();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    say(&mut stream, b"anybody?").await;
    proxy
        .wait_counts("made", DEADLINE, |counts| counts.made == 1)
        .await
        .unwrap();
    assert_eq!((proxy.counts().open, proxy.counts().up), (0, 0));
    proxy.cut();
    assert!(rest(&mut stream).await.is_err());
}

#[tokio::test]
async fn a_server_may_come_back_elsewhere() {
    let proxy = FaultProxy::start(echo(b"one").await).await.unwrap();
    let mut first = connect(&proxy).await;
    assert_eq!(hear(&mut first, 3).await, b"one");
    proxy.set_upstream(echo(b"two").await);
    proxy.cut();
    let mut second = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(hear(&mut second, 3).await, b"two");
}

#[tokio::test]
async fn in_memory_it_does_the_same() {
    let proxy = FaultProxy::in_memory(Arc::new(|| {
        Box::pin(async {
            let (here, mut there) = tokio::io::duplex(1024);
            tokio::spawn(async move {
                let mut heard = [0; 4];
                while there.read_exact(&mut heard).await.is_ok() {
                    there.write_all(&heard).await.unwrap();
                }
            });
            Ok(here)
        })
    }));
    let mut stream = proxy.connect();
    let mut heard = [0; 4];
    stream.write_all(b"ping").await.unwrap();
    timeout(DEADLINE, stream.read_exact(&mut heard))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&heard, b"ping");

    proxy.lose(Direction::Down);
    stream.write_all(b"lost").await.unwrap();
    proxy
        .wait_counts("the answer's loss", DEADLINE, |counts| counts.lost == 4)
        .await
        .unwrap();
    proxy.heal();
    proxy.go_offline();
    let mut rest = Vec::new();
    let ended = timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
    assert_eq!((ended.unwrap().unwrap(), rest.len()), (0, 0));
    let mut refused = proxy.connect();
    let ended = timeout(DEADLINE, refused.read_to_end(&mut rest)).await;
    assert_eq!(ended.unwrap().unwrap(), 0);
    assert_eq!(proxy.counts().refused, 1);
}
