//! What was held or missed, told together on the desktop with the window closed to the tray.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tidings_testkit::{DEADLINE, TempDir, bob, scratch, wait_for};
use tidings_tests::dbus::{Bus, Notice, Notifications, Tray};
use tidings_tests::process::Process;
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;
use tidings_tests::webdriver::App;

use crate::{above, at_project, no_desktop, sessions};

const LINES: [&str; 3] = ["70000", "70010", "70020"];
const BEYOND: &str = "70100";

/// The program in the tray, with three alerts and two sessions.
struct Evening {
    desktop: Notifications,
    _tray: Tray,
    project: Project,
    tidings: Tidings,
    sessions: Vec<String>,
    bob: String,
    _data: TempDir,
}

impl Evening {
    async fn start() -> Self {
        let bus = Bus::session().unwrap();
        let desktop = Notifications::start(&bus).await.unwrap();
        let tray = Tray::start(&bus).await.unwrap();
        let project = Project::start().await;
        project.price("BTC", "69000").await;
        let data = scratch().unwrap();
        let tidings = at_project(&project, data.path()).await;
        tidings.new_session("Notes").await.unwrap();
        tidings.ticker("BTC", "69,000").await.unwrap();
        for line in LINES {
            tidings.ask("save_rule", above(line)).await.unwrap();
        }
        let peer = project.newcomer(&bob()).await;
        let sessions = sessions(&project, 2).await;
        let sessions = sessions.iter().map(|row| row["id"].as_str().unwrap());
        let evening = Self {
            sessions: sessions.map(str::to_owned).collect(),
            bob: peer.user().to_owned(),
            desktop,
            _tray: tray,
            project,
            tidings,
            _data: data,
        };
        evening.tidings.close_to_tray().await.unwrap();
        evening.told(&["Tidings is still running"]).await;
        evening
    }

    /// Bob writes into a session, by its place among the titles.
    async fn bob_writes(&self, session: usize, text: &str) {
        let row = json!({
            "session_id": self.sessions[session], "user_id": self.bob, "role": "user",
            "content": text, "metadata": {"user_name": "Bob"},
        });
        let service = self.project.service();
        service.insert("chat_messages", row).await.unwrap();
    }

    /// Waits until the page would be answered so.
    async fn until(&self, what: &str, command: &str, args: Value, wanted: impl Fn(&Value) -> bool) {
        wait_for(what, DEADLINE, async || {
            let answer = self.tidings.ask(command, args.clone()).await.ok()?;
            wanted(&answer).then_some(())
        })
        .await
        .unwrap();
    }

    /// Waits until all three alerts stand in the history with a mark.
    async fn fired(&self, mark: &str) {
        let all = json!({"limit": 10, "symbol": null, "before": null});
        let wanted = |answer: &Value| {
            let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            rows.len() == LINES.len() && rows.iter().all(|row| row["mark"] == mark)
        };
        self.until("the firings", "firings", all, wanted).await;
    }

    /// Waits until so many messages are unread.
    async fn unread(&self, count: u64) {
        let wanted = |answer: &Value| {
            let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            let unread = rows.iter().filter_map(|row| row["unread"].as_u64());
            unread.sum::<u64>() == count
        };
        let sessions = json!({});
        self.until("unread messages", "sessions", sessions, wanted)
            .await;
    }

    /// Two hours of quiet around now, or none.
    async fn quiet(&self, on: bool) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let minute = since.as_secs() / 60;
        let of_day = |minute: u64| minute % (24 * 60);
        let mut settings = self.tidings.ask("settings", json!({})).await.unwrap();
        settings["quiet"] = json!({
            "on": on, "from": of_day(minute + 23 * 60), "until": of_day(minute + 60),
            "days": [true, true, true, true, true, true, true], "zone": "UTC",
        });
        let settings = json!({"settings": settings});
        self.tidings.ask("set_settings", settings).await.unwrap();
    }

    /// Waits until the desktop was asked to show these, in any order, and no others.
    async fn told(&self, titles: &[&str]) -> Vec<Notice> {
        let found = wait_for("the notifications", DEADLINE, async || {
            let all = self.desktop.all();
            (all.len() >= titles.len()).then_some(all)
        });
        let all = found
            .await
            .unwrap_or_else(|error| panic!("{error}: {:#?}", self.desktop.all()));
        let mut told: Vec<_> = all.iter().map(|notice| notice.summary.as_str()).collect();
        let mut titles = titles.to_vec();
        told.sort_unstable();
        titles.sort_unstable();
        assert_eq!(told, titles);
        all
    }

    async fn end(self) {
        assert!(!self.tidings.visible().await.unwrap());
        self.tidings.window.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_hold_everything_back_and_tell_it_in_one_notification() {
    const RUNNING: &str = "Tidings is still running";
    const DIGEST: &str = "Held until now: 3 alerts and 2 new messages";
    if no_desktop() {
        return;
    }
    let evening = Evening::start().await;
    evening.quiet(true).await;
    evening.project.price("BTC", BEYOND).await;
    evening.bob_writes(0, "in the night").await;
    evening.bob_writes(1, "once more").await;
    evening.fired("quiet").await;
    evening.unread(2).await;
    evening.told(&[RUNNING]).await;

    evening.quiet(false).await;
    let told = evening.told(&[RUNNING, DIGEST]).await;
    let body = &told[1].body;
    for part in ["70,000", "70,010", "70,020", "in the night", "once more"] {
        assert!(body.contains(part), "{part}: {body}");
    }
    // What comes after it is told by itself: nothing of the night is left.
    evening.bob_writes(1, "in the morning").await;
    let told = evening.told(&[RUNNING, DIGEST, "Bob in Plans"]).await;
    assert!(told[2].body.contains("in the morning"), "{told:?}");
    evening.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sleep_alerts_are_one_notification_and_messages_are_one() {
    if no_desktop() {
        return;
    }
    let evening = Evening::start().await;
    let program = Process::running(App::tidings().unwrap().path()).unwrap();
    program.stand_still().await.unwrap();
    // The connection does not outlive it.
    evening.project.proxy.cut();
    evening.project.price("BTC", BEYOND).await;
    evening.bob_writes(0, "are you there?").await;
    evening.bob_writes(1, "hello").await;
    evening.bob_writes(1, "hello?").await;
    program.wake().await.unwrap();
    let told = evening
        .told(&[
            "Tidings is still running",
            "3 alerts while you were away",
            "3 new messages in 2 sessions",
        ])
        .await;
    let body = |title: &str| {
        let notice = told.iter().find(|notice| notice.summary.contains(title));
        notice.unwrap().body.clone()
    };
    for line in ["70,000", "70,010", "70,020"] {
        assert!(body("alerts").contains(line), "{line}: {told:?}");
    }
    for text in ["are you there?", "hello?"] {
        assert!(body("messages").contains(text), "{text}: {told:?}");
    }
    evening.fired("away").await;
    evening.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_fires_although_the_server_lost_the_change_and_did_not_say_so() {
    /// Armed alerts wait half a minute for a price before the table is read.
    const SILENCE: Duration = Duration::from_secs(90);
    if no_desktop() {
        return;
    }
    let evening = Evening::start().await;
    // As after a restart of the database: the socket stands, and tells no change any more.
    evening.project.server.faults().drop_changes(usize::MAX);
    evening.project.price("BTC", BEYOND).await;
    for line in ["70,000", "70,010", "70,020"] {
        let is_it = |notice: &Notice| notice.summary.contains(line);
        let notice = evening.desktop.wait("the alert", SILENCE, is_it).await;
        assert!(notice.unwrap().body.contains("70,100"));
    }
    evening.fired("notified").await;
    assert_eq!(evening.desktop.all().len(), 1 + LINES.len());
    evening.end().await;
}
