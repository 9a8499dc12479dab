//! The program in the tray, killed with SIGKILL at forced points of a firing: the lock of its cache
//! and the answers of the desktop's service hold it there.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tidings_cache::FORM;
use tidings_engine::{KeyringSecrets, Secrets as _};
use tidings_testkit::{DEADLINE, Program, Running, TempDir, scratch, wait_for};
use tidings_tests::dbus::{Answer, Bus, Notice, Notifications, Tray};
use tidings_tests::project::Project;
use tidings_tests::webdriver::App;

use crate::{above, at_project, no_desktop};

/// Whose secrets are the program's in the key store.
const SERVICE: &str = "app.tidings.desktop";
/// Two alerts, so that one of them is never told before the other is settled.
const LINES: [&str; 2] = ["70000", "70010"];
const BELOW: &str = "69000";
const BEYOND: &str = "70100";

/// How far a firing has come when the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The price was judged; its commit fails, for the cache is locked.
    Judged,
    /// It is committed; before it calls `Notify`, the program waits for an answer.
    Kept,
    /// `Notify` was called, and is not answered.
    Called,
    /// `Notify` was answered; what notes that waits for the cache's lock.
    Answered,
}

const POINTS: [Point; 4] = [Point::Judged, Point::Kept, Point::Called, Point::Answered];

/// The program's cache, opened beside it.
struct Cache(Connection);

impl Cache {
    /// With the key that the program has put into the key store.
    async fn open(data: &Path) -> Self {
        let folders = std::fs::read_dir(data.join("workspaces")).unwrap();
        let mut folders = folders.map(|entry| entry.unwrap().path());
        let found = folders.find(|path| path.join("cache.db").exists());
        let folder = found.unwrap();
        let id = folder.file_name().unwrap().to_str().unwrap();
        let name = format!("workspace/{id}/cache-key");
        // The key store's client starts a runtime of its own.
        let key = tokio::task::spawn_blocking(move || {
            let store = KeyringSecrets::open(SERVICE).unwrap();
            store.get(&name).unwrap().unwrap()
        });
        let conn = Connection::open(folder.join("cache.db")).unwrap();
        let key = format!("PRAGMA key = \"x'{}'\"; {FORM}", *key.await.unwrap());
        conn.execute_batch(&key).unwrap();
        conn.busy_timeout(Duration::from_secs(5)).unwrap();
        Self(conn)
    }

    /// Keeps everybody else from writing, until it is let go.
    fn lock(&self) {
        self.0.execute_batch("BEGIN IMMEDIATE").unwrap();
    }

    fn unlock(&self) {
        if !self.0.is_autocommit() {
            self.0.execute_batch("ROLLBACK").unwrap();
        }
    }

    /// How many firings there are, and how many of them have still to be told.
    fn firings(&self) -> (u32, u32) {
        let counts = "SELECT count(*), coalesce(sum(pending), 0) FROM firings";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        self.0.query_row(counts, [], row).unwrap()
    }

    async fn has(&self, what: &str, firings: (u32, u32)) {
        let found = wait_for(what, DEADLINE, async || {
            (self.firings() == firings).then_some(())
        });
        let found = found.await;
        found.unwrap_or_else(|error| panic!("{error}: {:?}", self.firings()));
    }

    async fn knows(&self, price: &str) {
        let latest = "SELECT price FROM quotes";
        wait_for("the price in the cache", DEADLINE, async || {
            let known: String = self.0.query_row(latest, [], |row| row.get(0)).ok()?;
            (known == price).then_some(())
        })
        .await
        .unwrap();
    }
}

/// Everything around the program.
struct World {
    desktop: Notifications,
    project: Project,
    cache: Cache,
    data: TempDir,
}

impl World {
    /// Starts the program in the tray.
    fn start(&self) -> Running {
        let app = App::tidings().unwrap();
        let program = Program::new(app.path()).arg("--hidden").arg("--data-dir");
        let program = program.arg(self.data.path()).with_children();
        program.start().unwrap()
    }

    /// Has both alerts fire, and returns once the program stands at the point.
    async fn reach(&self, program: &Running, point: Point, firings: u32) {
        let told = self.desktop.all().len();
        let fire = async || self.project.price("BTC", BEYOND).await;
        match point {
            Point::Judged => {
                self.cache.lock();
                fire().await;
                // Said once the lock was waited for in vain, as whatever else is written before it
                // has to do as well, ten seconds each.
                wait_for("a commit that failed", DEADLINE * 5, async || {
                    program
                        .said()
                        .contains("prices were not kept")
                        .then_some(())
                })
                .await
                .unwrap_or_else(|error| panic!("{error}: {}", program.said()));
                assert_eq!(self.cache.firings(), (firings, 0));
                assert_eq!(self.desktop.all().len(), told);
            }
            Point::Kept | Point::Answered => {
                self.desktop.hold(Some(Answer::Capabilities));
                fire().await;
                let held = self.desktop.wait_held("the question before", DEADLINE);
                held.await.unwrap();
                self.cache.has("both firings", (firings + 2, 2)).await;
                assert_eq!(self.desktop.all().len(), told);
                if point == Point::Answered {
                    self.cache.lock();
                    self.desktop.hold(None);
                    self.tells(told).await;
                    assert_eq!(self.cache.firings(), (firings + 2, 2));
                }
            }
            Point::Called => {
                self.desktop.hold(Some(Answer::Notify));
                fire().await;
                self.tells(told).await;
                assert_eq!(self.cache.firings(), (firings + 2, 2));
            }
        }
    }

    /// Waits for the first notification after so many: one alert by itself.
    async fn tells(&self, after: usize) {
        let notice = self.more(after, 1).await.remove(0);
        assert!(notice.summary.contains("BTC"), "{notice:?}");
    }

    /// Waits until there are so many notifications after the first ones.
    async fn more(&self, after: usize, count: usize) -> Vec<Notice> {
        let found = wait_for("notifications", DEADLINE, async || {
            let all = self.desktop.all();
            (all.len() >= after + count).then(|| all[after..].to_vec())
        });
        let found = found.await;
        found.unwrap_or_else(|error| panic!("{error}: {:#?}", self.desktop.all()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_a_firing_stands_once_in_the_history_and_is_told_in_a_digest() {
    if no_desktop() {
        return;
    }
    let bus = Bus::session().unwrap();
    let desktop = Notifications::start(&bus).await.unwrap();
    let _tray = Tray::start(&bus).await.unwrap();
    let project = Project::start().await;
    project.price("BTC", "68000").await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    tidings.ticker("BTC", "68,000").await.unwrap();
    for line in LINES {
        tidings.ask("save_rule", above(line)).await.unwrap();
    }
    tidings.window.close().await.unwrap();
    let cache = Cache::open(data.path()).await;
    let world = World {
        desktop,
        project,
        cache,
        data,
    };

    let mut program = world.start();
    let mut firings = 0;
    for point in POINTS {
        println!("{point:?}");
        world.project.price("BTC", BELOW).await;
        world.cache.knows(BELOW).await;
        world.reach(&program, point, firings).await;
        program.kill().await.unwrap();
        let told = world.desktop.all().len();
        world.cache.unlock();
        world.desktop.hold(None);

        program = world.start();
        let digest = world.more(told, 1).await.remove(0);
        assert_eq!(digest.summary, "2 alerts while you were away", "{point:?}");
        for line in ["70,000", "70,010"] {
            assert!(digest.body.contains(line), "{point:?}: {digest:?}");
        }
        firings += 2;
        let what = "each firing once, and told";
        world.cache.has(what, (firings, 0)).await;
    }

    // A start with nothing left to tell, and two alerts that are told as ever.
    let told = world.desktop.all().len();
    program.kill().await.unwrap();
    program = world.start();
    world.project.price("BTC", BELOW).await;
    world.cache.knows(BELOW).await;
    world.project.price("BTC", BEYOND).await;
    let both = world.more(told, 2).await;
    let titles: Vec<_> = both.iter().map(|notice| notice.summary.as_str()).collect();
    assert!(
        titles[0].contains("70,000") && titles[1].contains("70,010"),
        "{titles:?}"
    );
    world.cache.has("both", (firings + 2, 0)).await;
    assert_eq!(world.desktop.all().len(), told + 2);
    // Each rule fired once for each time that the price passed its line.
    let passed = u32::try_from(POINTS.len() + 1).unwrap();
    let each = "SELECT count(*), count(DISTINCT source_time) FROM firings GROUP BY rule";
    let mut statement = world.cache.0.prepare(each).unwrap();
    let counts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let counts: Vec<(u32, u32)> = counts.unwrap().map(Result::unwrap).collect();
    assert_eq!(counts, [(passed, passed); 2]);
    program.stop().await.unwrap();
}
