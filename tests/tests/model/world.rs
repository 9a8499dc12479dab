//! Runs a program: a project, three clients, and what happens to them.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tempfile::TempDir;
use tidings_contract as api;
use tidings_local::Secrets;
use tidings_local::realtime::RealtimeBehaviour;
use tidings_model::Clock as _;
use tidings_testkit::FaultProxy;
use tidings_testkit::proxy::{Answer, Direction};
use tokio::time::{Instant, sleep};

use crate::client::{Client, ModelClock};
use crate::ledger::{Ledger, Who};
use crate::program::{CLIENTS, Cast, Fate, Fault, Op, Program, Project, Write};
use crate::run::Over;
use crate::server::{Server, Way, Which};

pub const ALICE: &str = "alice@example.com";
pub const BOB: &str = "bob@example.com";

pub struct World {
    pub server: Server,
    pub clients: Vec<Client>,
    pub ledger: Ledger,
    pub cast: Cast,
    pub over: Over,
    /// The server's.
    pub clock: Arc<ModelClock>,
    /// Between these times, in microseconds by the server's clock, each client began to count
    /// what is unread.
    pub counts_from: (i64, i64),
    /// Codes of invitations.
    pub invites: Vec<String>,
    alice: String,
    _rows: Option<TempDir>,
}

/// What was on its way when a client first read everything is no history to it.
const BEFORE: Duration = Duration::from_secs(150);
/// A client that is live is about to note it.
const AFTER: Duration = Duration::from_secs(2);
/// When what there is before anybody comes was written: older than a limit of a month, and well
/// before clients begin to count what is unread.
const WEEKS_AGO: Duration = Duration::from_hours(40 * 24);
const TODAY: Duration = Duration::from_hours(1);

/// Files of a program: in memory where the system has such a place.
pub fn folder() -> TempDir {
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
            RealtimeBehaviour::default(),
        )
        .await;
        let alice = server.user(ALICE).await;
        let bob = server.user(BOB).await;
        let clock = ModelClock::new(begin, 0);
        let mut world = Self {
            server,
            clients: Vec::new(),
            ledger: Ledger::default(),
            cast,
            over,
            clock: clock.clone(),
            counts_from: (0, 0),
            invites: Vec::new(),
            alice,
            _rows: rows,
        };
        world.fill(&bob).await;
        let before = clock.now();
        for number in 0..CLIENTS {
            let proxy = match &world.server.way {
                Way::Door(_) => FaultProxy::in_memory(world.server.dial()),
                Way::Tcp => FaultProxy::start(address(&world.server)).await.unwrap(),
            };
            let clock = ModelClock::new(begin, cast.clocks[number]);
            let bobs = cast.bob && number == CLIENTS - 1;
            let (user, email) = if bobs {
                (&bob, BOB)
            } else {
                (&world.alice, ALICE)
            };
            let url = if tcp { proxy.url() } else { world.server.url() };
            let mut client = Client::new(folder(), clock, proxy, over, (user, email));
            client.join(&url, &world.server.key()).await?;
            slow(&client.proxy, cast.latency);
            world.clients.push(client);
        }
        world.all_live().await?;
        world.counts_from = (
            before.minus(BEFORE).as_micros(),
            clock.now().plus(AFTER).as_micros(),
        );
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
        for client in &mut self.clients {
            client.look().await;
        }
        Ok(())
    }

    async fn befall(&mut self, who: usize, fate: Fate) -> Result<(), String> {
        let latency = self.cast.latency;
        let client = &mut self.clients[who];
        match fate {
            Fate::Online => client.connected = true,
            Fate::Offline
            | Fate::WroteLongAgo { .. }
            | Fate::LosesAnswers
            | Fate::FrozenUp
            | Fate::FrozenDown
            | Fate::Refused
            | Fate::Hangs
            | Fate::Answered(_)
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
            Fate::Refused => client.proxy.refuse(),
            Fate::Hangs => client.proxy.hang(),
            Fate::Answered(status) => {
                let answer = Answer::status(status).path("/rest/v1/");
                let body = serde_json::json!({"message": "not now"});
                client.proxy.answer(answer.json(&body));
            }
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
            Fate::Clock(off) => drop(client.clock.set(off)),
            Fate::WroteLongAgo { session } => self.wrote_long_ago(who, session).await?,
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
                alices,
            } => {
                let Some(session) = self.stored_session(session).await else {
                    return;
                };
                let texts: Vec<String> =
                    (0..count).map(|_| self.ledger.text(Who::Others)).collect();
                let late = Duration::from_secs(late.unsigned_abs());
                self.add(&session, alices, texts, late).await;
            }
            Write::Edit { message, times } => {
                let Some(id) = self.ledger.pick(message, None) else {
                    return;
                };
                for _ in 0..times {
                    if self.cast.parts == Project::Plain {
                        // Commit times have milliseconds; within one of them nothing but arrival
                        // orders two states of a row, and that the model turns round.
                        sleep(Duration::from_millis(1)).await;
                    }
                    let text = self.ledger.new_text(&id, Who::Others);
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
                let title = self.ledger.text(Who::Others);
                self.server.add_session(&self.alice, &title).await;
            }
            Write::Title { session } => {
                if let Some(session) = self.stored_session(session).await {
                    let title = self.ledger.text(Who::Others);
                    self.server
                        .set(Which::Sessions, &session, "title", &title)
                        .await;
                }
            }
            Write::DeleteSession { session } => {
                if let Some(session) = self.stored_session(session).await
                    && self.server.delete(Which::Sessions, &session).await
                {
                    self.ledger.session_deleted(session, Who::Others);
                }
            }
        }
    }

    /// Others write into a session, in Alice's name or in nobody's.
    async fn add(&mut self, session: &str, alices: bool, texts: Vec<String>, late: Duration) {
        let alice = alices.then_some(self.alice.as_str());
        let added = self
            .server
            .add_messages(session, alice, texts.clone(), late)
            .await;
        for (id, text) in added.into_iter().zip(texts) {
            let author = alice.unwrap_or_default();
            self.ledger.add(id, session, Who::Others, author, &text);
        }
    }

    /// What was written before anybody came: weeks ago, and today.
    async fn fill(&mut self, bob: &str) {
        let (filled, alice) = (self.cast.filled, self.alice.clone());
        if filled == 0 {
            return;
        }
        let owners = [Some(alice.as_str()), self.cast.bob.then_some(bob)];
        for owner in owners.into_iter().flatten() {
            let title = self.ledger.text(Who::Others);
            let Some(session) = self.server.add_session(owner, &title).await else {
                continue;
            };
            for (count, late) in [(filled / 2, WEEKS_AGO), (filled - filled / 2, TODAY)] {
                for alices in [true, false] {
                    let count = count.div_ceil(2);
                    let texts = (0..count).map(|_| self.ledger.text(Who::Others)).collect();
                    self.add(&session, alices, texts, late).await;
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
        match fault {
            Fault::Restart
            | Fault::EndChannels
            | Fault::CrashChannels
            | Fault::CloseSockets
            | Fault::Abort => {
                for client in &mut self.clients {
                    client.in_trouble();
                }
            }
            Fault::Swap(_)
            | Fault::DelayChanges(_)
            | Fault::ShortTokens(_)
            | Fault::RepeatSubscribed
            | Fault::Duplicate(_) => {}
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
            signed_in(client)
                .await
                .map_err(|error| format!("client {number}: {error}"))?;
            let connect = client.call(api::Connect {}).await;
            connect.map_err(|error| format!("client {number} does not connect: {error:?}"))?;
        }
        Ok(())
    }

    /// Others write one more message into each session. Where there is none they make one: a change
    /// that is told after the next one needs a next one.
    pub async fn last_words(&mut self) {
        if self.server.sessions().await.is_empty() {
            let title = self.ledger.text(Who::Others);
            self.server.add_session(&self.alice, &title).await;
        }
        for session in self.server.sessions().await.into_keys() {
            let text = self.ledger.text(Who::Others);
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

/// Signs a client in again, unless it is.
async fn signed_in(client: &Client) -> Result<(), String> {
    let begin = Instant::now();
    while !client.is_signed_in().await {
        match client.sign_in().await {
            Ok(()) => return Ok(()),
            // Told to wait, for example.
            Err(error) if begin.elapsed() > Duration::from_mins(5) => {
                return Err(format!("it cannot sign in again: {error:?}"));
            }
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
    Ok(())
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
