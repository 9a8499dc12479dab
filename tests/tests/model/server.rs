//! The project: the embedded server, others who write into it, and what it holds in the end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings_local::auth::{Claims, Role};
use tidings_local::realtime::RealtimeBehaviour;
use tidings_local::store::change::{Change, ChangeKind};
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
    seen: Arc<Mutex<Seen>>,
}

/// What the server told of.
#[derive(Debug, Default)]
struct Seen {
    arrived: BTreeMap<String, Came>,
    /// Who takes part in which session no more, and how many messages had come until then.
    gone: BTreeMap<(String, String), usize>,
}

/// How a message came.
#[derive(Debug, Clone, Copy)]
pub struct Came {
    /// When it was stored, in microseconds.
    pub at: i64,
    /// How many came before it.
    pub before: usize,
}

/// A message as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    pub session: String,
    pub content: String,
    /// Whose name it bears.
    pub author: Option<String>,
    /// When it was stored, in microseconds.
    pub at: i64,
}

/// A session as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    pub owner: Option<String>,
    /// Who else takes part, and as what.
    pub guests: BTreeMap<String, String>,
    pub title: Option<String>,
    pub status: String,
}

impl Seen {
    fn note(&mut self, change: &Change) {
        let before = self.arrived.len();
        match (change.table.id, change.kind) {
            (TableId::Messages, ChangeKind::Insert) => {
                let row = change.record.as_ref().unwrap();
                let came = Came {
                    at: stored_at(row),
                    before,
                };
                self.arrived.insert(row.key().to_text().unwrap(), came);
            }
            (TableId::Members, ChangeKind::Insert) => {
                self.gone.remove(&stay(change.record.as_ref().unwrap()));
            }
            (TableId::Members, ChangeKind::Delete) => {
                let stay = stay(change.old_record.as_ref().unwrap());
                self.gone.insert(stay, before);
            }
            _ => {}
        }
    }
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
            seen: Arc::default(),
        };
        server.follow();
        server
    }

    /// Notes the messages that come and the people who go, until the server stops.
    fn follow(&self) {
        let mut changes = self.running().state().store().subscribe();
        let seen = self.seen.clone();
        tokio::spawn(async move {
            loop {
                let change = match changes.recv().await {
                    Ok(change) => change,
                    Err(RecvError::Closed) => return,
                    Err(RecvError::Lagged(count)) => panic!("{count} changes went unseen"),
                };
                seen.lock().unwrap().note(&change);
            }
        });
    }

    /// Ids of all messages that came, whatever became of them.
    pub fn arrived(&self) -> BTreeMap<String, Came> {
        self.seen.lock().unwrap().arrived.clone()
    }

    /// How many messages had come when this user ceased to take part in a session; none of who
    /// takes part, or never did.
    pub fn gone(&self, user: &str, session: &str) -> Option<usize> {
        let place = (user.to_owned(), session.to_owned());
        self.seen.lock().unwrap().gone.get(&place).copied()
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
        let members = match self.parts.table("chat_session_members") {
            Some(table) => self.rows(table, "WHERE role <> 'owner'").await,
            None => Vec::new(),
        };
        let guests = |id: &str| {
            let of_session = members
                .iter()
                .filter(|row| text(row, "session_id").as_deref() == Some(id));
            let roles =
                of_session.filter_map(|row| Some((text(row, "user_id")?, text(row, "role")?)));
            roles.collect()
        };
        let rows = self.rows(self.parts.sessions(), "").await;
        let rows = rows.iter().map(|row| {
            let id = row.key().to_text().unwrap();
            let session = StoredSession {
                guests: guests(&id),
                owner: text(row, "user_id"),
                title: text(row, "title"),
                status: text(row, "status").unwrap(),
            };
            (id, session)
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
            author: row.get("user_id").to_text(),
            at: stored_at(row),
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

/// Who takes part, and in which session.
fn stay(member: &Row) -> (String, String) {
    let text = |name: &str| member.get(name).to_text().unwrap();
    (text("user_id"), text("session_id"))
}

fn stored_at(message: &Row) -> i64 {
    match message.get("created_at") {
        Value::Time(at) => at.as_micros(),
        other => panic!("{other:?} is no time"),
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
