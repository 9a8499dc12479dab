//! A real HTTP server on loopback that answers as a test says, and remembers what it was asked.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod local;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};
use tidings_supabase::{
    Assurance, Auth, Http, MemoryStore, Project, ProjectKey, Secret, SessionStore as _,
    StoredSession, User,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The decoded pairs of the query.
    pub fn pairs(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }
}

/// What to answer.
#[derive(Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub after: Option<Arc<Notify>>,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self {
            status,
            headers,
            body: body.to_string(),
            after: None,
        }
    }

    pub fn html(status: u16) -> Self {
        let headers = vec![("content-type", "text/html".to_owned())];
        Self {
            status,
            headers,
            body: "<html>Welcome to our Wi-Fi</html>".to_owned(),
            after: None,
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Keeps the answer back until told.
    pub fn after(mut self, gate: &Arc<Notify>) -> Self {
        self.after = Some(gate.clone());
        self
    }
}

type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    arrived: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let arrived = Arc::<Notify>::default();
        let state = (
            Arc::<Script>::from(Box::new(script) as Box<Script>),
            seen.clone(),
            arrived.clone(),
        );
        let router = Router::new().fallback(answer).with_state(state);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            seen,
            arrived,
            task,
        }
    }

    /// Everything asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub async fn until(&self, count: usize) {
        let wait = async {
            loop {
                let arrived = self.arrived.notified();
                if self.seen.lock().unwrap().len() >= count {
                    return;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .expect("requests");
    }

    pub fn project(&self) -> Project {
        project(&self.url)
    }

    pub fn auth(&self) -> Auth {
        Auth::new(Http::new().unwrap(), self.project())
    }
}

type Shared = (Arc<Script>, Arc<Mutex<Vec<Seen>>>, Arc<Notify>);

async fn answer(State((script, seen, arrived)): State<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let request = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    seen.lock().unwrap().push(request.clone());
    arrived.notify_waiters();
    let answer = script(&request);
    if let Some(gate) = answer.after {
        gate.notified().await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}

pub fn project(url: &str) -> Project {
    Project::new(url, ProjectKey::parse("sb_publishable_test").unwrap()).unwrap()
}

/// The session that follows the refresh token `r<n>`.
pub fn session(n: u32, expires_in: u64) -> Value {
    json!({
        "access_token": format!("a{n}"), "token_type": "bearer", "expires_in": expires_in,
        "expires_at": 1, "refresh_token": format!("r{n}"),
        "user": {"id": "alice", "email": "alice@example.org", "role": "authenticated"},
    })
}

/// The number of the refresh token that a request shows.
pub fn shown(seen: &Seen) -> u32 {
    seen.json()["refresh_token"].as_str().unwrap()[1..]
        .parse()
        .unwrap()
}

/// The usual lifetime of a token, in seconds.
pub const HOUR: u64 = 3600;

pub fn kept(n: u32) -> StoredSession {
    let user = User {
        id: "alice".to_owned(),
        email: Some("alice@example.org".to_owned()),
        name: None,
    };
    StoredSession {
        refresh_token: Secret::new(format!("r{n}")),
        user,
        assurance: Assurance::Complete,
    }
}

pub fn store_with(n: u32) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    store.save(&kept(n)).unwrap();
    Arc::new(store)
}

/// A server that renews `r<n>` to `r<n+1>`.
pub fn renewing(seen: &Seen) -> Answer {
    Answer::json(200, &session(shown(seen) + 1, HOUR))
}

/// Auth's part of a server that is asked for something else: signs in, and renews.
pub fn signing_in(seen: &Seen) -> Option<Answer> {
    (seen.path == "/auth/v1/token").then(|| {
        let next = if seen.query.contains("refresh") {
            shown(seen) + 1
        } else {
            1
        };
        Answer::json(200, &session(next, HOUR))
    })
}

/// Waits, but not for ever.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("in time")
}
