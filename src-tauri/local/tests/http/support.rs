//! A server, someone who asks, and what they are told.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tidings_local::{Behaviour, LocalServer, Options};
use tidings_model::Timestamp;

/// How long a condition may take to come true.
pub const DEADLINE: Duration = Duration::from_secs(10);
pub const PASSWORD: &str = "correct horse";
/// 2026-11-22T10:57:49.685164Z
pub const NOW: Timestamp = Timestamp::from_micros(1_795_345_069_685_164);

/// Who asks: a key, and maybe a token.
#[derive(Clone)]
pub struct Actor {
    pub client: reqwest::Client,
    pub url: String,
    pub key: String,
    pub token: Option<String>,
    pub id: String,
}

#[derive(Debug)]
pub struct Told {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Told {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status and `code`.
    pub fn refusal(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), code)
    }
}

pub async fn start(behaviour: Behaviour) -> LocalServer {
    LocalServer::start(Options {
        behaviour,
        ..Options::default()
    })
    .await
    .unwrap()
}

pub fn anon(server: &LocalServer) -> Actor {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let info = server.info();
    Actor {
        client: reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap(),
        url: info.url,
        key: info.publishable_key.reveal().to_owned(),
        token: None,
        id: String::new(),
    }
}

pub fn service(server: &LocalServer) -> Actor {
    Actor {
        key: server.info().service_role_key.reveal().to_owned(),
        ..anon(server)
    }
}

pub async fn user(server: &LocalServer, name: &str) -> Actor {
    let nobody = anon(server);
    let body = json!({"email": format!("{name}@example.com"), "password": PASSWORD});
    let told = nobody.post("/auth/v1/signup", &body).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let session = told.json();
    Actor {
        token: Some(session["access_token"].as_str().unwrap().to_owned()),
        id: session["user"]["id"].as_str().unwrap().to_owned(),
        ..nobody
    }
}

impl Actor {
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Told {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .header("apikey", &self.key);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_owned());
        }
        let response = tokio::time::timeout(DEADLINE, request.send())
            .await
            .unwrap()
            .unwrap();
        Told {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Told {
        self.ask(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Told {
        self.ask(Method::POST, path, &[], Some(&body.to_string()))
            .await
    }

    /// Inserts and wants the rows back.
    pub async fn insert(&self, table: &str, body: &Value) -> Told {
        self.write(Method::POST, table, body).await
    }

    /// Writes and wants the rows back.
    pub async fn write(&self, method: Method, path: &str, body: &Value) -> Told {
        let path = format!("/rest/v1/{path}");
        let prefer = [("prefer", "return=representation")];
        self.ask(method, &path, &prefer, Some(&body.to_string()))
            .await
    }

    /// Opens a session of one's own.
    pub async fn open(&self, id: &str) {
        let told = self
            .insert("chat_sessions", &json!({"id": id, "user_id": self.id}))
            .await;
        assert_eq!(told.status, 201, "{}", told.text);
    }
}
