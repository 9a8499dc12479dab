//! Storms: as many clients as a plan admits lose a project at the same moment, and come back.
//!
//! The server refuses what is over the plan's published limits (protocol.md 1.12), by whole
//! seconds and without the real one's averaging.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tidings_contract::{self as api, Connection};
use tidings_local::Secrets;
use tidings_local::realtime::{MostASecond, Plan, RealtimeBehaviour};
use tidings_testkit::FaultProxy;
use tokio::time::{Instant, sleep};

use crate::client::{Client, ModelClock};
use crate::program::Project;
use crate::run::Over;
use crate::server::Server;
use crate::world::folder;

/// New clients come one after the other.
const ARRIVALS: Duration = Duration::from_millis(150);
/// Sessions of every user.
const SESSIONS: usize = 3;
/// After an outage of any length everybody is live this long after its end: the longest wait
/// between attempts, three joins of which each is answered within seconds, and the time until
/// changes flow.
const BACK_WITHIN: Duration = Duration::from_mins(1);

/// A project and its users, each with one client.
struct Crowd {
    server: Server,
    clients: Vec<Client>,
    /// The session that each client has open.
    open: Vec<String>,
    begin: Instant,
    /// Requests in every second since the server was watched.
    requests: Arc<Mutex<BTreeMap<u64, usize>>>,
    _rows: TempDir,
}

/// How a storm went.
#[derive(Debug)]
struct Storm {
    live_after: Duration,
    requests: usize,
    most: MostASecond,
}

impl Crowd {
    async fn gather(plan: Plan, project: Project, count: usize) -> Self {
        let (begin, rows) = (Instant::now(), folder());
        let server = Server::start(
            project,
            Secrets::generate(),
            Some(rows.path()),
            ModelClock::new(begin, 0),
            false,
            RealtimeBehaviour::hosted(plan),
        )
        .await;
        let mut crowd = Self {
            server,
            clients: Vec::new(),
            open: Vec::new(),
            begin,
            requests: Arc::default(),
            _rows: rows,
        };
        for number in 0..count {
            crowd.arrive(number).await;
            sleep(ARRIVALS).await;
        }
        crowd
    }

    /// One more user, who has one session open.
    async fn arrive(&mut self, number: usize) {
        let email = format!("user{number}@example.com");
        let user = self.server.user(&email).await;
        let mut sessions = Vec::new();
        for session in 0..SESSIONS {
            let title = format!("Session {session}");
            let session = self.server.add_session(&user, &title).await.unwrap();
            self.write(&session, "before").await;
            sessions.push(session);
        }
        let clock = ModelClock::new(self.begin, 0);
        let proxy = FaultProxy::in_memory(self.server.dial());
        let mut client = Client::new(folder(), clock, proxy, Over::Memory, (&user, &email));
        let (url, key) = (self.server.url(), self.server.key());
        client.join(&url, &key).await.unwrap();
        let session = sessions.swap_remove(0);
        open(&client, &session).await;
        self.clients.push(client);
        self.open.push(session);
    }

    async fn write(&self, session: &str, text: &str) {
        let texts = vec![text.to_owned()];
        let added = self
            .server
            .add_messages(session, None, texts, Duration::ZERO);
        assert_eq!(added.await.len(), 1);
    }

    /// Counts the server's requests by the second from now on.
    fn watch(&self) {
        self.requests.lock().unwrap().clear();
        let (begin, requests) = (Instant::now(), self.requests.clone());
        let hooks = self.server.running().state().hooks();
        hooks.watch_rest(Some(Arc::new(move |_, _| {
            let second = begin.elapsed().as_secs();
            *requests.lock().unwrap().entry(second).or_default() += 1;
            None
        })));
    }

    /// Waits until all of these are live; how long that took.
    async fn live(&self, clients: &[Client]) -> Duration {
        let begin = Instant::now();
        for (number, client) in clients.iter().enumerate() {
            while !client.is_live().await {
                if begin.elapsed() > Duration::from_mins(10) {
                    let state = client.call(api::GetDiagnostics {}).await;
                    panic!("client {number} does not become live: {state:#?}");
                }
                sleep(Duration::from_millis(500)).await;
            }
        }
        begin.elapsed()
    }

    /// Everybody is cut off, the server is away for so long, and messages were written meanwhile.
    async fn outage(&mut self, away: Duration) -> Storm {
        if away.is_zero() {
            self.watch();
            self.server.running().faults().abort();
            // Until everybody has noticed.
            sleep(Duration::from_millis(50)).await;
        } else {
            self.server.stop().await;
            sleep(away).await;
            self.server.start_again().await;
            self.watch();
        }
        for session in &self.open {
            self.write(session, "meanwhile").await;
        }
        let live_after = self.live(&self.clients).await;
        // What is told late counts as well.
        sleep(Duration::from_secs(40)).await;
        self.live(&self.clients).await;
        for (client, session) in self.clients.iter().zip(&self.open) {
            let page = api::GetMessages {
                session: session.clone(),
                at: api::PageAt::Latest,
                limit: 50,
            };
            let page = client.call(page).await.unwrap();
            assert_eq!(page.rows.last().unwrap().content, "meanwhile");
        }
        let requests = self.requests.lock().unwrap().values().max().copied();
        Storm {
            live_after,
            requests: requests.unwrap_or_default(),
            most: self.server.running().faults().most_a_second(),
        }
    }

    async fn stop(mut self) {
        for client in &mut self.clients {
            client.stop().await;
        }
        self.server.stop().await;
    }
}

/// Opens a session once the client knows it; one that is not let in never does.
async fn open(client: &Client, session: &str) {
    for _ in 0..100 {
        let open = api::OpenSession {
            session: session.to_owned(),
        };
        match client.call(open).await {
            Ok(_) => return,
            Err(error) => assert_eq!(error.code, api::ErrorCode::NotFound, "{error:?}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// On a paused clock, in a thread with room for unoptimised futures.
fn run(work: impl Future<Output = ()> + Send + 'static) {
    let work = Box::pin(work);
    let thread = thread::Builder::new().stack_size(16 << 20).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(work);
    });
    thread.unwrap().join().unwrap();
}

/// `limit`: of joins and messages a second; `presence`: of presence calls. No limit of requests is
/// published: ours is three a second for two clients.
fn within(storm: &Storm, what: &str, limit: usize, presence: usize, requests: usize) {
    println!("{what}: {storm:?}");
    let MostASecond {
        joins,
        presence: tracked,
        messages,
    } = storm.most;
    assert!(joins > 0, "nobody came");
    assert!(joins <= limit, "{what}: {joins} joins a second");
    assert!(messages <= limit, "{what}: {messages} messages a second");
    assert!(tracked <= presence, "{what}: {tracked} presence calls");
    assert!(
        storm.requests <= requests,
        "{what}: {} requests a second",
        storm.requests
    );
    assert!(storm.live_after <= BACK_WITHIN, "{what}: {storm:?}");
}

/// The client over the plan's limit is told why, asks rarely, and takes the place that becomes
/// free.
async fn one_too_many(crowd: &mut Crowd) {
    let number = crowd.clients.len();
    crowd.arrive(number).await;
    let last = &crowd.clients[number];
    assert!(!last.is_live().await);
    let now = last.call(api::GetDiagnostics {}).await.unwrap();
    let Connection::Offline { reason, .. } = now.connection else {
        panic!("{:?}", now.connection);
    };
    assert!(reason.unwrap().contains("Too many connected users"));
    let next = async || {
        let now = last.call(api::GetDiagnostics {}).await.unwrap();
        let chat = now.channels.into_iter().find(|row| row.name == "chat");
        chat.unwrap().retry_at
    };
    let first = next().await.unwrap();
    let second = loop {
        sleep(Duration::from_secs(1)).await;
        match next().await {
            Some(second) if second != first => break second,
            _ => {}
        }
    };
    assert!(second - first >= 30_000, "{first} {second}");
    assert!(!last.is_live().await);
    crowd.clients[0].stop().await;
    crowd.live(&crowd.clients[number..]).await;
}

#[test]
fn two_hundred_clients_come_back_within_the_limits_of_a_free_project_which_has_no_room_for_more() {
    run(async {
        let mut crowd = Crowd::gather(Plan::Free, Project::Plain, 200).await;
        crowd.live(&crowd.clients).await;
        let cut = crowd.outage(Duration::ZERO).await;
        within(&cut, "200 clients cut off at once", 100, 20, 300);
        let away = crowd.outage(Duration::from_secs(90)).await;
        within(&away, "200 clients, 90 s without the server", 100, 20, 300);
        one_too_many(&mut crowd).await;
        crowd.stop().await;
    });
}

#[test]
#[ignore = "it takes minutes of a processor: cargo xtask soak runs it"]
fn five_hundred_clients_come_back_within_the_limits_of_a_pro_project() {
    run(async {
        let mut crowd = Crowd::gather(Plan::Pro, Project::All, 500).await;
        crowd.live(&crowd.clients).await;
        let cut = crowd.outage(Duration::ZERO).await;
        within(&cut, "500 clients cut off at once", 500, 50, 750);
        let away = crowd.outage(Duration::from_secs(90)).await;
        within(&away, "500 clients, 90 s without the server", 500, 50, 750);
        crowd.stop().await;
    });
}
