//! A project with the sync part, and rows in it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tidings_cache::{Column, PartialMessage};
use tidings_local::{LocalServer, Location, Options, Parts, WorkspaceOptions};
use tidings_model::Timestamp;

/// Rows of one request.
const BULK: usize = 1_000;

/// A running project.
pub struct Project {
    pub server: LocalServer,
    http: reqwest::Client,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Project {
    /// Starts it with nothing in it.
    pub async fn start(folder: &Path) -> Result<Self> {
        let server = LocalServer::start(Options {
            location: Location::Directory(folder.to_owned()),
            workspace: WorkspaceOptions {
                parts: Parts {
                    sync: true,
                    ..Parts::NONE
                },
                ..WorkspaceOptions::default()
            },
            ..Options::default()
        })
        .await?;
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = asked.clone();
        server
            .state()
            .hooks()
            .watch_rest(Some(Arc::new(move |method, uri| {
                let table = uri.path().trim_start_matches("/rest/v1/");
                noted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(format!("{method} {table}"));
                None
            })));
        Ok(Self {
            server,
            http: reqwest::Client::new(),
            asked,
        })
    }

    /// What was asked of REST since this was called last.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Address and clients' key.
    pub fn address(&self) -> (String, String) {
        let info = self.server.info();
        (info.url, info.publishable_key.reveal().to_owned())
    }

    /// Asks REST with the service's key.
    pub async fn rest(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<String> {
        let info = self.server.info();
        let key = info.service_role_key.reveal();
        let mut request = self
            .http
            .request(method, format!("{}/rest/v1/{path}", info.url))
            .header("apikey", key)
            .header("prefer", "return=minimal")
            .bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(text)
    }

    /// Stores rows.
    pub async fn insert(&self, table: &str, rows: &[Value]) -> Result<()> {
        for rows in rows.chunks(BULK) {
            self.rest(reqwest::Method::POST, table, Some(json!(rows)))
                .await?;
        }
        Ok(())
    }
}

/// A session of somebody, as REST takes it.
pub fn session(id: &str, user: &str) -> Value {
    json!({"id": id, "user_id": user, "title": format!("Session {id}")})
}

/// A message of somebody, as REST takes it.
pub fn message(row: &PartialMessage, user: &str) -> Value {
    let time = |column: &Column<Timestamp>| match column {
        Column::Value(at) => at.to_string(),
        Column::Absent | Column::Null => String::new(),
    };
    json!({
        "id": row.id.to_string(),
        "session_id": text(&row.session_id),
        "user_id": user,
        "content": text(&row.content),
        "role": text(&row.role),
        "metadata": {},
        "created_at": time(&row.created_at),
        "updated_at": time(&row.updated_at),
        "status": text(&row.status),
        "message_type": text(&row.kind),
    })
}

fn text<T: ToString>(column: &Column<T>) -> String {
    match column {
        Column::Value(value) => value.to_string(),
        Column::Absent | Column::Null => String::new(),
    }
}
