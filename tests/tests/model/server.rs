//! The project: the embedded server, others who write into it, and what it holds in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings_local::auth::{Claims, Role};
use tidings_local::realtime::RealtimeBehaviour;
use tidings_local::store::change::ChangeKind;
use tidings_local::store::mutate::{self, OnConflict, Scope};
use tidings_local::store::schema::{Table, TableId};
use tidings_local::store::{Parts, Row, StoreError, Value, read};
use tidings_local::{
    AuthBehaviour, Behaviour, Door, LocalServer, Location, Options, Secrets, WorkspaceOptions,
};
use tidings_model::{Clock, Timestamp};
use tidings_testkit::proxy::Dial;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::program::{Fault, Project};

/// The code in every mail.
pub const CODE: &str = "271828";

/// How long tokens live, unless a program has it otherwise.
const TOKEN_LIFETIME: Duration = Duration::from_mins(10);

/// How clients reach it.
pub enum Way {
    Door(Arc<Mutex<Door>>),
    Tcp,
}

pub struct Server {
    running: Option<LocalServer>,
    options: Options,
    pub way: Way,
    pub parts: Parts,
    arrived: Arc<Mutex<BTreeSet<String>>>,
}

/// A message as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    pub session: String,
    pub content: String,
    pub at: i64,
}

/// A session as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    pub owner: Option<String>,
    pub title: Option<String>,
    pub status: String,
}

impl Server {
    pub async fn start(
        project: Project,
        secrets: Secrets,
        directory: Option<&Path>,
        clock: Arc<dyn Clock>,
        tcp: bool,
        realtime: RealtimeBehaviour,
    ) -> Self {
        let parts = match project {
            Project::Plain => Parts::NONE,
            Project::Sync => Parts {
                sync: true,
                ..Parts::NONE
            },
            Project::All => Parts::ALL,
        };
        let mut options = Options {
            location: directory.map_or(Location::Memory, |path| Location::Directory(path.into())),
            secrets: Some(secrets),
            behaviour: Behaviour {
                auth: AuthBehaviour {
                    fixed_code: Some(CODE.to_owned()),
                    token_lifetime: TOKEN_LIFETIME,
                    ..AuthBehaviour::default()
                },
                realtime,
                ..Behaviour::default()
            },
            workspace: WorkspaceOptions {
                parts,
                ..WorkspaceOptions::default()
            },
            clock,
            ..Options::default()
        };
        let (running, way) = if tcp {
            (LocalServer::start(options.clone()).await.unwrap(), Way::Tcp)
        } else {
            options.listen.set_port(54_321);
            let (running, door) = LocalServer::start_behind_door(options.clone())
                .await
                .unwrap();
            (running, Way::Door(Arc::new(Mutex::new(door))))
        };
        let server = Self {
            running: Some(running),
            options,
            way,
            parts,
            arrived: Arc::default(),
        };
        server.follow();
        server
    }

    /// Notes the messages that come, until the server stops.
    fn follow(&self) {
        let mut changes = self.running().state().store().subscribe();
        let arrived = self.arrived.clone();
        tokio::spawn(async move {
            loop {
                let change = match changes.recv().await {
                    Ok(change) => change,
                    Err(RecvError::Closed) => return,
                    Err(RecvError::Lagged(count)) => panic!("{count} changes went unseen"),
                };
                let came =
                    change.table.id == TableId::Messages && change.kind == ChangeKind::Insert;
                if let Some(row) = change.record.as_ref().filter(|_| came) {
                    let id = row.key().to_text().unwrap();
                    arrived.lock().unwrap().insert(id);
                }
            }
        });
    }

    /// Ids of all messages that came, whatever became of them.
    pub fn arrived(&self) -> BTreeSet<String> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn running(&self) -> &LocalServer {
        self.running.as_ref().unwrap()
    }

    pub fn url(&self) -> String {
        self.running().info().url
    }

    pub fn key(&self) -> String {
        self.running().info().publishable_key.reveal().to_owned()
    }

    /// Leads to whichever server runs.
    pub fn dial(&self) -> Dial {
        let Way::Door(door) = &self.way else {
            panic!("this one listens on TCP");
        };
        let door = door.clone();
        Arc::new(move || {
            let door = door.lock().unwrap().clone();
            Box::pin(async move { door.connect().await })
        })
    }

    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// Stops and starts again over the same rows.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Starts over the rows of the one that was stopped.
    pub async fn start_again(&mut self) {
        let options = self.options.clone();
        self.running = Some(match &self.way {
            Way::Tcp => LocalServer::start(options).await.unwrap(),
            Way::Door(door) => {
                let (running, new) = LocalServer::start_behind_door(options).await.unwrap();
                *door.lock().unwrap() = new;
                running
            }
        });
        self.follow();
    }

    pub fn fault(&self, fault: Fault) {
        let (server, faults) = (self.running(), self.running().faults());
        match fault {
            Fault::Restart => panic!("restarting is not done in passing"),
            Fault::ShortTokens(seconds) => {
                let lifetime = Duration::from_secs(seconds);
                server.state().hooks().set_token_lifetime(lifetime);
            }
            Fault::EndChannels => faults.end_channels("the database is restarting"),
            Fault::CrashChannels => faults.crash_channels(),
            Fault::CloseSockets => faults.close(1011),
            Fault::Abort => faults.abort(),
            Fault::RepeatSubscribed => faults.repeat_subscribed(),
            Fault::Duplicate(count) => faults.duplicate_changes(count),
            Fault::Swap(count) => faults.swap_changes(count),
            Fault::DelayChanges(millis) => {
                faults.delay_changes(Some(Duration::from_millis(millis)));
            }
        }
    }

    pub fn heal(&self) {
        let faults = self.running().faults();
        faults.duplicate_changes(0);
        faults.swap_changes(0);
        faults.delay_changes(None);
        let hooks = self.running().state().hooks();
        hooks.set_token_lifetime(TOKEN_LIFETIME);
    }

    /// Makes an account and returns its id.
    pub async fn user(&self, email: &str) -> String {
        let info = self.running().info();
        let body = serde_json::json!({"email": email, "email_confirm": true}).to_string();
        let address = info.url.strip_prefix("http://").unwrap();
        let key = info.service_role_key.reveal();
        let request = format!(
            "POST /auth/v1/admin/users HTTP/1.1\r\nHost: {address}\r\napikey: {key}\r\n\
             Authorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = match &self.way {
            Way::Door(_) => exchange(self.dial()().await.unwrap(), &request).await,
            Way::Tcp => {
                let stream = tokio::net::TcpStream::connect(address).await.unwrap();
                exchange(stream, &request).await
            }
        };
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let user: serde_json::Value =
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        user["id"].as_str().unwrap().to_owned()
    }

    /// Others write messages into a session. Returns their ids, none if it is gone.
    pub async fn add_messages(
        &self,
        session: &str,
        author: Option<&str>,
        texts: Vec<String>,
        late: Duration,
    ) -> Vec<String> {
        let (session, author) = (session.to_owned(), author.map(str::to_owned));
        let written = self.write(move |tx| {
            let (table, at) = (tx.parts().messages(), tx.now().minus(late));
            let mut rows = Vec::new();
            for text in texts {
                let mut row = fresh(table, tx.now());
                row.set("id", Value::Uuid(Uuid::now_v7()));
                row.set("session_id", Value::Text(session.clone()));
                let author = author.clone().map_or(Value::Null, Value::Text);
                row.set("user_id", author);
                row.set("role", Value::Text("user".to_owned()));
                row.set("content", Value::Text(text));
                row.set("created_at", Value::Time(at));
                rows.push(row);
            }
            let done = mutate::insert(tx, &service(), rows, &OnConflict::Refuse, false)?;
            Ok(done
                .rows
                .iter()
                .filter_map(|row| row.key().to_text())
                .collect())
        });
        written.await.unwrap_or_default()
    }

    pub async fn add_session(&self, owner: &str, title: &str) -> Option<String> {
        let (owner, title) = (owner.to_owned(), title.to_owned());
        let written = self.write(move |tx| {
            let mut row = fresh(tx.parts().sessions(), tx.now());
            let id = Uuid::now_v7().to_string();
            row.set("id", Value::Text(id.clone()));
            row.set("user_id", Value::Text(owner));
            row.set("title", Value::Text(title));
            mutate::insert(tx, &service(), vec![row], &OnConflict::Refuse, false)?;
            Ok(id)
        });
        written.await.ok()
    }

    /// Whether there was such a row.
    pub async fn set(&self, table: Which, id: &str, column: &'static str, text: &str) -> bool {
        let (id, text) = (id.to_owned(), text.to_owned());
        let written = self.write(move |tx| {
            let table = table.of(tx.parts());
            let position = table.position(column).unwrap();
            let key = table.key().name;
            let scope = Scope {
                claims: &service(),
                table,
                sql: &format!("{key} = ?"),
                parameters: &[Value::Text(id)],
            };
            let rows = mutate::update(tx, &scope, &[(position, Value::Text(text))])?;
            Ok(!rows.is_empty())
        });
        written.await.unwrap()
    }

    /// Whether there was such a row.
    pub async fn delete(&self, table: Which, id: &str) -> bool {
        let id = id.to_owned();
        let written = self.write(move |tx| {
            let table = table.of(tx.parts());
            let key = table.key().name;
            let scope = Scope {
                claims: &service(),
                table,
                sql: &format!("{key} = ?"),
                parameters: &[Value::Text(id)],
            };
            Ok(!mutate::delete(tx, &scope)?.is_empty())
        });
        written.await.unwrap()
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut tidings_local::store::WriteTx<'_>) -> Result<T, StoreError>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        self.running().state().store().write(work).await
    }

    /// Every session, by its id.
    pub async fn sessions(&self) -> BTreeMap<String, StoredSession> {
        let text = |row: &Row, name: &str| row.get(name).to_text();
        let rows = self.rows(self.parts.sessions(), "").await;
        let rows = rows.iter().map(|row| {
            let session = StoredSession {
                owner: text(row, "user_id"),
                title: text(row, "title"),
                status: text(row, "status").unwrap(),
            };
            (row.key().to_text().unwrap(), session)
        });
        rows.collect()
    }

    /// Every message, in the server's order.
    pub async fn messages(&self) -> Vec<Stored> {
        let rows = self
            .rows(self.parts.messages(), "ORDER BY created_at, id")
            .await;
        let rows = rows.iter().map(|row| Stored {
            id: row.key().to_text().unwrap(),
            session: row.get("session_id").to_text().unwrap(),
            content: row.get("content").to_text().unwrap(),
            at: match row.get("created_at") {
                Value::Time(at) => at.as_millis(),
                other => panic!("{other:?} is no time"),
            },
        });
        rows.collect()
    }

    async fn rows(&self, table: &'static Table, rest: &'static str) -> Vec<Row> {
        let store = self.running().state().store();
        let rows = store.read(move |connection| {
            read::rows(connection, table, rest, []).map_err(StoreError::from)
        });
        rows.await.unwrap()
    }
}

/// Which table.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    Sessions,
    Messages,
}

impl Which {
    fn of(self, parts: Parts) -> &'static Table {
        match self {
            Self::Sessions => parts.sessions(),
            Self::Messages => parts.messages(),
        }
    }
}

fn service() -> Claims {
    Claims::of_role(Role::ServiceRole)
}

fn fresh(table: &'static Table, now: Timestamp) -> Row {
    let columns = table.columns.iter();
    Row {
        table,
        values: columns
            .map(|column| Value::default_of(column, now))
            .collect(),
    }
}

trait Both: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {}
impl Both for DuplexStream {}
impl Both for tokio::net::TcpStream {}

async fn exchange(mut stream: impl Both, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
