//! The real program, killed with SIGKILL at named points and at random, and started again.
//!
//! `TIDINGS_KILLS` says how often (40 unless it is set), `TIDINGS_KILL_SEED` which random run it is.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alerts;
mod book;
mod busy;
mod download;
mod held;
mod limit;
mod named;
mod older;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};
use tidings_cache::FORM;
use tidings_contract as api;
use tidings_testkit::{TempDir, alice, scratch, wait_for};
use tidings_tests::keeper::Keeper;
use tidings_tests::project::Project;
use tidings_tests::served::Served;

use book::Book;

/// Kills in all, half of them at named points.
fn kills() -> usize {
    let wanted = std::env::var("TIDINGS_KILLS").ok();
    wanted.map_or(40, |number| {
        number.parse().expect("TIDINGS_KILLS is a number")
    })
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = std::env::var("TIDINGS_KILL_SEED").ok();
        let seed = seed.map_or_else(
            || uuid::Uuid::new_v4().as_u64_pair().0,
            |seed| seed.parse().expect("TIDINGS_KILL_SEED is a number"),
        );
        println!("TIDINGS_KILL_SEED={seed}");
        Self(seed | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Alice's computer, her project, and what she was told.
struct World {
    project: Project,
    keeper: Keeper,
    data: TempDir,
    sessions: Vec<String>,
    book: Book,
}

impl World {
    /// A project with Alice's account and three sessions, and the program that made them.
    async fn start() -> (Self, Served) {
        let project = Project::start().await;
        let (keeper, data) = (Keeper::start().unwrap(), scratch().unwrap());
        let served = Served::start(data.path(), &keeper, &project).await.unwrap();
        let account = api::SignUp {
            email: alice().email.to_owned(),
            password: alice().password.to_owned(),
        };
        served.ok(account).await.unwrap();
        served.live().await.unwrap();
        let mut sessions = Vec::new();
        for title in ["Plans", "Notes", "Work"] {
            let title = Some(title.to_owned());
            let made = served.ok(api::CreateSession { title }).await.unwrap();
            sessions.push(made.id);
        }
        sent_everything(&served).await;
        let world = Self {
            project,
            keeper,
            data,
            sessions,
            book: Book::default(),
        };
        (world, served)
    }

    /// Kills the program, judges what it left, starts it again and waits until it has done what
    /// was left to do, then judges that.
    async fn kill(&self, served: Served) -> Served {
        self.kill_by(served, |_| ()).await
    }

    /// The same, with a look of one's own at what it left.
    async fn kill_by(&self, served: Served, look: impl FnOnce(&Connection)) -> Served {
        served.kill().await.unwrap();
        drop(served);
        self.look_at_files(look);
        self.project.proxy.heal();
        let served = self.served().await;
        served.live().await.unwrap();
        sent_everything(&served).await;
        self.judge(&served).await;
        served
    }

    /// Starts the program.
    async fn served(&self) -> Served {
        Served::start(self.data.path(), &self.keeper, &self.project)
            .await
            .unwrap()
    }

    /// The id of her account.
    async fn user(&self) -> String {
        self.project.peer(&alice()).await.user().to_owned()
    }

    /// A message of years ago, to be written into a session by others.
    fn old_message(&self, session: &str, number: usize) -> Value {
        let (id, text) = (uuid::Uuid::now_v7().to_string(), format!("old {number}"));
        self.book.others_wrote(&id, &text);
        let (hour, minute, second) = (number / 3600, number / 60 % 60, number % 60);
        json!({
            "id": id, "session_id": session, "user_id": "somebody", "role": "user",
            "content": text, "created_at": format!("2024-02-01T{hour:02}:{minute:02}:{second:02}Z"),
        })
    }

    /// The files as a killed program left them open, and are sound; what was written down and is
    /// not on the server waits in the outbox.
    fn judge_files(&self) {
        self.look_at_files(|_| ());
    }

    /// The same, with a look of one's own at the database.
    fn look_at_files(&self, look: impl FnOnce(&Connection)) {
        let copy = scratch().unwrap();
        let database = self.database();
        for suffix in ["", "-wal"] {
            let from = PathBuf::from(format!("{}{suffix}", database.display()));
            if from.exists() {
                std::fs::copy(from, copy.path().join(format!("cache.db{suffix}"))).unwrap();
            }
        }
        let conn = Connection::open(copy.path().join("cache.db")).unwrap();
        let key = self.keeper.secret("/cache-key").unwrap();
        conn.execute_batch(&format!("PRAGMA key = \"x'{key}'\"; {FORM}"))
            .unwrap();
        let verdict: String = conn
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        // What is in the log alone may be missing in the file, which the next check reads.
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        let texts = |sql: &str| -> Vec<String> {
            let mut statement = conn.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        let unreadable = texts("PRAGMA cipher_integrity_check");
        assert!(unreadable.is_empty(), "{unreadable:?}");
        let waiting = texts("SELECT payload FROM outbox WHERE op = 'insert'");
        let known = texts("SELECT lower(hex(id)) FROM messages WHERE unsent = 0");
        for id in self.book.written() {
            let waits = waiting
                .iter()
                .filter(|payload| payload.contains(&id))
                .count();
            let delivered = known.contains(&id.replace('-', ""));
            let gone = self.book.may_be_gone(&id);
            // Told of live before the answer came, it is both.
            assert!(waits <= 1, "{id} would be sent {waits} times");
            assert!(waits == 1 || delivered || gone, "{id} is lost");
        }
        look(&conn);
    }

    fn database(&self) -> PathBuf {
        let workspaces = self.data.path().join("workspaces");
        let folders = std::fs::read_dir(workspaces).unwrap();
        let mut found = folders.map(|folder| folder.unwrap().path().join("cache.db"));
        found.find(|path| Path::exists(path)).unwrap()
    }

    /// All messages of the server, which gives a thousand at once.
    async fn stored(&self) -> Vec<Value> {
        let service = self.project.service();
        let mut rows: Vec<Value> = Vec::new();
        loop {
            let query = format!("select=id,content&order=id&offset={}", rows.len());
            let page = service.select("chat_messages", &query).await.unwrap();
            if page.is_empty() {
                return rows;
            }
            rows.extend(page);
        }
    }

    /// The server has each message once, as it was last said to be, and the program shows what the
    /// server has.
    async fn judge(&self, served: &Served) {
        self.book.judge(&self.stored().await);
        for session in &self.sessions {
            let page = api::GetMessages {
                session: session.clone(),
                at: api::PageAt::Latest,
                limit: 200,
            };
            let query = format!(
                "select=content&session_id=eq.{session}&order=created_at.desc,id.desc&limit=100"
            );
            let service = self.project.service();
            let newest = service.select("chat_messages", &query).await.unwrap();
            let shown = |page: &api::MessagePage| {
                let rows = page.rows.iter().rev().take(newest.len());
                rows.map(|row| Some(row.content.as_str()))
                    .eq(newest.iter().map(|row| row["content"].as_str()))
            };
            served
                .until("what the server has", page, shown)
                .await
                .unwrap();
        }
    }
}

async fn sent_everything(served: &Served) {
    served
        .until("an empty outbox", api::ListOutbox {}, Vec::is_empty)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_named_points_nothing_is_lost_and_nothing_is_there_twice() {
    let (world, mut served) = World::start().await;
    let mut random = Random::new();
    for number in 0..kills() / 2 {
        let point = named::POINTS[number % named::POINTS.len()];
        named::reach(&world, &served, point, number, &mut random).await;
        served = world.kill(served).await;
    }
    served.stop().await.unwrap();
    world.judge_files();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_while_busy_nothing_is_lost_and_nothing_is_there_twice() {
    let (world, mut served) = World::start().await;
    let mut random = Random::new();
    for number in 0..kills() - kills() / 2 {
        served = busy::until_killed(&world, served, number, &mut random).await;
    }
    served.stop().await.unwrap();
    world.judge_files();
}

/// What a named point waits for.
async fn wait<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    wait_for(what, tidings_testkit::DEADLINE, probe)
        .await
        .unwrap()
}
