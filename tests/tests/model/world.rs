//! Runs a program: a project, three clients, and what happens to them.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use tidings_contract::{self as api, ApiError, ErrorCode, SendState};
use tidings_local::Secrets;
use tidings_testkit::FaultProxy;
use tidings_testkit::proxy::Direction;
use tokio::time::{Instant, sleep};

use crate::client::{Client, ModelClock};
use crate::ledger::{Ledger, Who};
use crate::program::{Act, CLIENTS, Cast, Fate, Fault, Op, Program, Write};
use crate::run::Over;
use crate::server::{Server, Way, Which};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

pub struct World {
    pub server: Server,
    pub clients: Vec<Client>,
    pub ledger: Ledger,
    pub cast: Cast,
    pub over: Over,
    /// Changes may be told long after they were made.
    late: bool,
    alice: String,
    _rows: Option<TempDir>,
}

/// Files of a program: in memory where the system has such a place.
fn folder() -> TempDir {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        TempDir::with_prefix_in("tidings-model-", shared).unwrap()
    } else {
        TempDir::with_prefix("tidings-model-").unwrap()
    }
}

impl World {
    /// A project with accounts, and three clients that are live.
    pub async fn new(program: &Program, over: Over) -> Result<Self, String> {
        static SECRETS: OnceLock<Secrets> = OnceLock::new();
        let cast = program.cast;
        let tcp = over == Over::Tcp;
        let begin = Instant::now();
        let rows = program.restarts().then(folder);
        let server = Server::start(
            cast.parts,
            SECRETS.get_or_init(Secrets::generate).clone(),
            rows.as_ref().map(TempDir::path),
            ModelClock::new(begin, 0),
            tcp,
        )
        .await;
        let alice = server.user(ALICE).await;
        let bob = server.user(BOB).await;
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let proxy = match &server.way {
                Way::Door(_) => FaultProxy::in_memory(server.dial()),
                Way::Tcp => FaultProxy::start(address(&server)).await.unwrap(),
            };
            let clock = ModelClock::new(begin, cast.clocks[number]);
            let bobs = cast.bob && number == CLIENTS - 1;
            let (user, email) = if bobs { (&bob, BOB) } else { (&alice, ALICE) };
            let url = if tcp { proxy.url() } else { server.url() };
            let mut client = Client::new(folder(), clock, proxy, over, user.clone());
            client.join(&url, &server.key(), email).await?;
            slow(&client.proxy, cast.latency);
            clients.push(client);
        }
        let world = Self {
            server,
            clients,
            ledger: Ledger::default(),
            cast,
            over,
            late: false,
            alice,
            _rows: rows,
        };
        world.all_live().await?;
        Ok(world)
    }

    /// Waits until every client is live.
    pub async fn all_live(&self) -> Result<(), String> {
        let begin = Instant::now();
        for (number, client) in self.clients.iter().enumerate() {
            while !client.is_live().await {
                if begin.elapsed() > Duration::from_mins(20) {
                    let state = client.call(api::GetDiagnostics {}).await;
                    return Err(format!("client {number} does not become live: {state:#?}"));
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    pub async fn step(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Client(who, act) => self.act(who, act).await?,
            Op::Befalls(who, fate) => self.befall(who, fate).await?,
            Op::Others(write) => self.write(write).await,
            Op::Server(fault) => self.fault(fault).await,
            Op::Wait(millis) => sleep(self.over.wait(millis)).await,
        }
        if !self.late {
            for client in &mut self.clients {
                client.look().await;
            }
        }
        Ok(())
    }

    async fn act(&mut self, who: usize, act: Act) -> Result<(), String> {
        if !self.clients[who].runs() {
            return Ok(());
        }
        let by = Who::Client(who);
        let done = match act {
            Act::Send { session } => {
                let Some(session) = self.session(who, session).await? else {
                    return Ok(());
                };
                let (_, content) = self.ledger.text(by);
                let args = api::SendMessage {
                    session: session.clone(),
                    content: content.clone(),
                    reply_to: None,
                };
                let sent = self.clients[who].call(args).await;
                sent.map(|row| {
                    let user = &self.clients[who].user;
                    self.ledger.add(row.id, &session, by, user, &content);
                })
            }
            Act::Edit { message } => {
                let Some(message) = self.own_message(who, message) else {
                    return Ok(());
                };
                let (_, text) = self.ledger.text(by);
                let content = format!("{} changed to {text}", self.ledger.messages[&message].word);
                let args = api::EditMessage {
                    message: message.clone(),
                    content: content.clone(),
                };
                let edited = self.clients[who].call(args).await;
                edited.map(|_| self.ledger.edited(&message, by, content))
            }
            Act::Delete { message } => {
                let Some(message) = self.own_message(who, message) else {
                    return Ok(());
                };
                let args = api::DeleteMessage {
                    message: message.clone(),
                };
                let deleted = self.clients[who].call(args).await;
                deleted.map(|_| self.ledger.deleted(&message, by))
            }
            Act::CreateSession => {
                let (_, title) = self.ledger.text(by);
                let args = api::CreateSession { title: Some(title) };
                self.clients[who].call(args).await.map(drop)
            }
            Act::Title { session } => {
                let title = self.ledger.text(by).1;
                self.update_session(who, session, Some(title), None).await?
            }
            Act::Archive { session } => {
                let status = Some(api::SessionStatusName::Archived);
                self.update_session(who, session, None, status).await?
            }
            Act::DeleteSession { session } => {
                let Some(session) = self.session(who, session).await? else {
                    return Ok(());
                };
                let args = api::DeleteSession {
                    session: session.clone(),
                };
                let deleted = self.clients[who].call(args).await;
                deleted.map(|_| {
                    self.ledger.deleted_sessions.insert(session);
                })
            }
            Act::Open { session } => {
                let Some(session) = self.session(who, session).await? else {
                    return Ok(());
                };
                let args = api::OpenSession { session };
                self.clients[who].call(args).await.map(drop)
            }
            Act::ReadAll { session } => {
                let Some(session) = self.session(who, session).await? else {
                    return Ok(());
                };
                crate::oracle::pages(&self.clients[who], &session)
                    .await
                    .map(drop)
            }
            Act::Retry { change } => {
                let Some(message) = self.failed(who, change).await? else {
                    return Ok(());
                };
                self.ledger.touched(&message);
                let args = api::RetryMessage { message };
                self.clients[who].call(args).await.map(drop)
            }
            Act::Discard { change } => {
                let Some(message) = self.failed(who, change).await? else {
                    return Ok(());
                };
                self.ledger.touched(&message);
                let args = api::DiscardMessage { message };
                self.clients[who].call(args).await.map(drop)
            }
            Act::Disconnect => {
                self.clients[who].in_trouble();
                self.clients[who].call(api::Disconnect {}).await.map(drop)
            }
            Act::Connect => self.clients[who].call(api::Connect {}).await.map(drop),
        };
        match done {
            // Refused at once and in words: deleted meanwhile, not here, without access.
            Err(error) if expected(&error) => Ok(()),
            Err(error) => Err(format!("client {who} was asked {act:?}: {error:?}")),
            Ok(()) => Ok(()),
        }
    }

    async fn update_session(
        &mut self,
        who: usize,
        session: usize,
        title: Option<String>,
        status: Option<api::SessionStatusName>,
    ) -> Result<Result<(), ApiError>, String> {
        let Some(session) = self.session(who, session).await? else {
            return Ok(Ok(()));
        };
        let args = api::UpdateSession {
            session,
            title,
            status,
        };
        Ok(self.clients[who].call(args).await.map(drop))
    }

    /// One of the sessions that a client shows.
    async fn session(&self, who: usize, number: usize) -> Result<Option<String>, String> {
        let listed = self.clients[who].call(api::ListSessions {}).await;
        let mut rows = listed.map_err(|error| format!("client {who} lists nothing: {error:?}"))?;
        // In an order that a program can rely on.
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(rows
            .get(number % rows.len().max(1))
            .map(|row| row.id.clone()))
    }

    fn own_message(&self, who: usize, number: usize) -> Option<String> {
        self.ledger.pick(number, Some(&self.clients[who].user))
    }

    /// The message of one of the changes that failed.
    async fn failed(&self, who: usize, number: usize) -> Result<Option<String>, String> {
        let listed = self.clients[who].call(api::ListOutbox {}).await;
        let rows = listed.map_err(|error| format!("client {who} has no outbox: {error:?}"))?;
        let failed: Vec<String> = rows
            .into_iter()
            .filter(|row| matches!(row.state, SendState::Failed { .. }))
            .filter_map(|row| row.message)
            .collect();
        Ok(failed.get(number % failed.len().max(1)).cloned())
    }

    async fn befall(&mut self, who: usize, fate: Fate) -> Result<(), String> {
        let latency = self.cast.latency;
        let client = &mut self.clients[who];
        match fate {
            Fate::Online => client.connected = true,
            Fate::Offline
            | Fate::LosesAnswers
            | Fate::FrozenUp
            | Fate::FrozenDown
            | Fate::Truncated(_) => client.connected = false,
            _ => {}
        }
        match fate {
            Fate::Started => {
                client.start().await?;
                return Ok(());
            }
            Fate::Online => {
                client.proxy.heal();
                client.proxy.cut();
                slow(&client.proxy, latency);
            }
            Fate::Offline => client.proxy.go_offline(),
            Fate::Cut => client.proxy.cut(),
            Fate::LosesAnswers => client.proxy.lose(Direction::Down),
            Fate::FrozenUp => client.proxy.freeze(Direction::Up),
            Fate::FrozenDown => client.proxy.freeze(Direction::Down),
            Fate::Truncated(bytes) => client.proxy.truncate(Direction::Down, bytes),
            Fate::Slow(millis) => {
                let millis = self.over.wait(millis).as_millis().try_into().unwrap();
                slow(&client.proxy, millis);
            }
            Fate::Killed => client.kill().await,
            Fate::Stopped => client.stop().await,
            Fate::Clock(off) => client.clock.set(off),
            Fate::NetworkChanged => client.network_changed().await,
        }
        self.clients[who].in_trouble();
        Ok(())
    }

    async fn write(&mut self, write: Write) {
        match write {
            Write::Messages {
                session,
                count,
                late,
            } => {
                let Some(session) = self.stored_session(session).await else {
                    return;
                };
                let texts: Vec<String> = (0..count)
                    .map(|_| self.ledger.text(Who::Others).1)
                    .collect();
                let late = Duration::from_secs(late.unsigned_abs());
                let added = self
                    .server
                    .add_messages(&session, Some(&self.alice), texts.clone(), late)
                    .await;
                for (id, text) in added.into_iter().zip(texts) {
                    let alice = self.alice.clone();
                    self.ledger.add(id, &session, Who::Others, &alice, &text);
                }
            }
            Write::Edit { message } => {
                if let Some(id) = self.ledger.pick(message, None) {
                    let text = self.ledger.text(Who::Others).1;
                    let text = format!("{} changed to {text}", self.ledger.messages[&id].word);
                    if self
                        .server
                        .set(Which::Messages, &id, "content", &text)
                        .await
                    {
                        self.ledger.edited(&id, Who::Others, text);
                    }
                }
            }
            Write::Delete { message } => {
                if let Some(id) = self.ledger.pick(message, None)
                    && self.server.delete(Which::Messages, &id).await
                {
                    self.ledger.deleted(&id, Who::Others);
                }
            }
            Write::Session => {
                let title = self.ledger.text(Who::Others).1;
                self.server.add_session(&self.alice, &title).await;
            }
            Write::Title { session } => {
                if let Some(session) = self.stored_session(session).await {
                    let title = self.ledger.text(Who::Others).1;
                    self.server
                        .set(Which::Sessions, &session, "title", &title)
                        .await;
                }
            }
            Write::DeleteSession { session } => {
                if let Some(session) = self.stored_session(session).await
                    && self.server.delete(Which::Sessions, &session).await
                {
                    self.ledger.deleted_sessions.insert(session);
                }
            }
        }
    }

    async fn stored_session(&self, number: usize) -> Option<String> {
        let all = self.server.sessions().await;
        all.keys().nth(number % all.len().max(1)).cloned()
    }

    async fn fault(&mut self, fault: Fault) {
        if fault == Fault::Restart {
            self.server.restart().await;
            if let Way::Tcp = self.server.way {
                for client in &self.clients {
                    client.proxy.set_upstream(address(&self.server));
                }
            }
        } else {
            self.server.fault(fault);
        }
        self.late |= matches!(fault, Fault::Swap(_) | Fault::DelayChanges(_));
        for client in &mut self.clients {
            client.in_trouble();
        }
    }

    /// Takes every fault back and has every client running and connecting.
    pub async fn heal(&mut self) -> Result<(), String> {
        self.server.heal();
        for (number, client) in self.clients.iter_mut().enumerate() {
            client.proxy.heal();
            client.proxy.cut();
            client.connected = true;
            client.in_trouble();
            client
                .start()
                .await
                .map_err(|error| format!("client {number}: {error}"))?;
            let connect = client.call(api::Connect {}).await;
            connect.map_err(|error| format!("client {number} does not connect: {error:?}"))?;
        }
        Ok(())
    }

    /// Others write one more message into each session.
    pub async fn last_words(&mut self) {
        for session in self.server.sessions().await.into_keys() {
            let text = self.ledger.text(Who::Others).1;
            let added = self
                .server
                .add_messages(&session, None, vec![text.clone()], Duration::ZERO)
                .await;
            for id in added {
                self.ledger.add(id, &session, Who::Others, "", &text);
            }
        }
    }

    pub async fn stop(mut self) {
        for client in &mut self.clients {
            client.stop().await;
        }
        self.server.stop().await;
    }
}

/// What a user may be told of what cannot be done.
fn expected(error: &ApiError) -> bool {
    matches!(
        error.code,
        ErrorCode::NotFound | ErrorCode::Invalid | ErrorCode::Offline
    )
}

fn slow(proxy: &FaultProxy, millis: u64) {
    for direction in [Direction::Up, Direction::Down] {
        proxy.delay(direction, Duration::from_millis(millis));
    }
}

fn address(server: &Server) -> std::net::SocketAddr {
    server
        .url()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap()
}
