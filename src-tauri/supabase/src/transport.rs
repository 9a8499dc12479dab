//! What carries a request to the server, and the answer back piece by piece.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes as Piece;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use reqwest::header::{HOST, HeaderMap, HeaderValue};
use reqwest::{Client, Request, Response, redirect};
use rustls::crypto::ring;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use url::Url;

use crate::Error;

/// A connection that carries bytes both ways.
pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A byte stream, once it is connected.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Bytes>>> + Send + 'a>>;

/// Makes byte streams that lead to a server.
pub trait Connector: Send + Sync + 'static {
    /// Connects to the host and port of `url`.
    fn connect<'a>(&'a self, url: &'a Url) -> Connecting<'a>;
}

/// How requests get to the server.
#[derive(Debug, Clone)]
pub(crate) enum Transport {
    Web(Web),
    Streams(Streams),
}

impl Transport {
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Error> {
        match self {
            Self::Web(web) => web.send(request).await,
            // Boxed: every request's future would be as large as this one.
            Self::Streams(streams) => Box::pin(streams.send(request)).await,
        }
    }
}

/// The head of an answer; its body is still on the way.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Body,
}

enum Body {
    Web(Response),
    Stream {
        body: Incoming,
        /// Ends with the answer, read or not.
        _connection: JoinSet<()>,
    },
}

impl Answer {
    /// The next piece of the body; none after the last.
    pub(crate) async fn piece(&mut self) -> Result<Option<Piece>, Error> {
        match &mut self.body {
            Body::Web(response) => response.chunk().await.map_err(network),
            Body::Stream { body, .. } => loop {
                let Some(frame) = body.frame().await else {
                    return Ok(None);
                };
                // What is no piece of the body are trailers, which nobody asked for.
                if let Ok(piece) = frame.map_err(|error| broken(&error))?.into_data() {
                    return Ok(Some(piece));
                }
            },
        }
    }
}

/// Connection pools to the internet and to this machine.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    /// Through the system's proxy, when there is one.
    outward: Client,
    /// To this machine, where a proxy would look for itself.
    local: Client,
}

impl Web {
    /// `connect`: how long opening a connection may take.
    pub(crate) fn new(connect: Duration) -> Result<Self, Error> {
        // Another part of the program may have installed the same provider already.
        let _ = ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .connect_timeout(connect)
                .redirect(redirect::Policy::none())
                .tcp_keepalive(Duration::from_secs(30))
        };
        let outward = builder().build().or_else(|error| {
            // A machine without certificates can still use its local workspace.
            tracing::warn!(%error, "no system certificates: https will be refused");
            builder().tls_certs_only([]).build()
        });
        Ok(Self {
            outward: outward.map_err(|error| Error::Setup(chain(&error)))?,
            local: builder()
                .no_proxy()
                .tls_certs_only([])
                .build()
                .map_err(|error| Error::Setup(chain(&error)))?,
        })
    }

    async fn send(&self, request: Request) -> Result<Answer, Error> {
        // http:// is only ever this machine (see `Project`).
        let client = if request.url().scheme() == "http" {
            &self.local
        } else {
            &self.outward
        };
        let mut response = client.execute(request).await.map_err(network)?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Body::Web(response),
        })
    }
}

/// HTTP/1.1, without TLS, over byte streams that somebody else makes.
#[derive(Clone)]
pub(crate) struct Streams(Arc<dyn Connector>);

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streams")
    }
}

impl Streams {
    pub(crate) fn new(connector: Arc<dyn Connector>) -> Self {
        Self(connector)
    }

    async fn send(&self, request: Request) -> Result<Answer, Error> {
        let url = request.url().clone();
        if url.scheme() != "http" {
            let message = format!("{}: needs TLS, which plain byte streams lack", url.scheme());
            return Err(Error::Setup(message));
        }
        let bytes = self.0.connect(&url).await.map_err(|error| broken(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(bytes))
            .await
            .map_err(|error| broken(&error))?;
        let mut driving = JoinSet::new();
        driving.spawn(async move {
            // What breaks it is told to the one request that it is for.
            let _ = connection.await;
        });
        let answer = sender.send_request(plain(&request, &url)?).await;
        let (head, body) = answer.map_err(|error| broken(&error))?.into_parts();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: Body::Stream {
                body,
                _connection: driving,
            },
        })
    }
}

/// The request as it stands on the wire: the path alone, and the host as a header.
fn plain(request: &Request, url: &Url) -> Result<hyper::Request<Full<Piece>>, Error> {
    let invalid = |error: &dyn fmt::Display| Error::InvalidRequest(error.to_string());
    let body = request
        .body()
        .and_then(reqwest::Body::as_bytes)
        .map(Piece::copy_from_slice);
    let mut plain = hyper::Request::new(Full::new(body.unwrap_or_default()));
    *plain.method_mut() = request.method().clone();
    *plain.headers_mut() = request.headers().clone();
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    *plain.uri_mut() = target.parse().map_err(|error| invalid(&error))?;
    let host = HeaderValue::from_str(url.authority()).map_err(|error| invalid(&error))?;
    plain.headers_mut().insert(HOST, host);
    Ok(plain)
}

fn network(error: reqwest::Error) -> Error {
    if error.is_builder() {
        return Error::InvalidRequest(chain(&error.without_url()));
    }
    let error = error.without_url();
    Error::Network {
        timed_out: error.is_timeout(),
        message: chain(&error),
    }
}

fn broken(error: &dyn std::error::Error) -> Error {
    Error::Network {
        timed_out: false,
        message: chain(error),
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
