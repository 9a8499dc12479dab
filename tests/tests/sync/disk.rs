//! A disk that fails, a cache that is damaged or of another version, keys that are lost or locked:
//! what whoever uses the program is told, and what still works.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tidings_cache::FORM;
use tidings_contract::{self as api, ErrorCode, Event, NoticeLevel, SendState};
use tidings_disk::Disk;
use tidings_engine::Secrets as _;
use tidings_tests::project::Project;

use crate::kit::{Client, Device};
use crate::market::{above, history, told, watched};

/// Alice's device on a disk of its own, with a session in which two messages are delivered and
/// one waits, the app ended and the network away.
struct Desk {
    project: Project,
    device: Device,
    disk: Disk,
    session: String,
    workspace: String,
}

impl Desk {
    async fn new() -> Self {
        let project = Project::start().await;
        let mut device = Device::new();
        device.pace.disk = Duration::from_millis(100);
        let disk = Disk::mount(&device.file("")).unwrap();
        let app = device.start().await;
        app.join(&project).await;
        let session = app.session("Plans").await;
        for text in ["one", "two"] {
            let sent = app.send(&session, text).await;
            app.delivered(&sent).await;
        }
        project.proxy.go_offline();
        app.offline().await;
        app.send(&session, "three").await;
        let workspace = app.ok(api::GetSnapshot {}).await.workspaces[0].id.clone();
        app.stop().await;
        Self {
            project,
            device,
            disk,
            session,
            workspace,
        }
    }

    fn cache(&self) -> PathBuf {
        let folder = self.device.file("workspaces").join(&self.workspace);
        folder.join("cache.db")
    }

    /// The cache's file, past the app.
    fn open_cache(&self) -> rusqlite::Connection {
        let conn = rusqlite::Connection::open(self.cache()).unwrap();
        let key = self.device.secret(&self.workspace, "cache-key").unwrap();
        conn.execute_batch(&format!("PRAGMA key = \"x'{key}'\"; {FORM}"))
            .unwrap();
        conn
    }

    fn secret(&self, name: &str) -> String {
        format!("workspace/{}/{name}", self.workspace)
    }

    /// The workspace is open again, and everything comes through.
    async fn comes_through(&self, app: &Client) {
        self.project.proxy.heal();
        app.live().await;
        app.sent_everything().await;
        assert_eq!(
            self.project.stored(&self.session).await,
            ["one", "two", "three"]
        );
        assert_eq!(app.contents(&self.session).await, ["one", "two", "three"]);
    }

    async fn select(&self, app: &Client) {
        let id = self.workspace.clone();
        app.ok(api::SelectWorkspace { id }).await;
    }
}

/// Waits for a notice that says all of this, and returns it.
async fn notice(app: &Client, level: NoticeLevel, parts: &[&str]) -> String {
    app.event(&format!("{parts:?}"), |event| match event {
        Event::Notice { level: at, message } if *at == level => parts
            .iter()
            .all(|part| message.contains(part))
            .then(|| message.clone()),
        _ => None,
    })
    .await
}

async fn is_closed(app: &Client) {
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert!(snapshot.active.is_none());
    assert_eq!(snapshot.workspaces.len(), 1);
    let refused = app.refused(api::ListSessions {}).await;
    assert_eq!(refused.code, ErrorCode::NoWorkspace);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_one_reads_is_told_and_goes_on_when_there_is_room() {
    let desk = Desk::new().await;
    let app = desk.device.start().await;
    desk.comes_through(&app).await;
    desk.disk.set_capacity(Some(desk.disk.used()));
    let long = "long ".repeat(2000);
    let command = api::SendMessage {
        session: desk.session.clone(),
        content: long.clone(),
        reply_to: None,
    };
    // What room is left in the log is used up first.
    let refused = loop {
        if let Err(refused) = app.call(command.clone()).await {
            break refused;
        }
    };
    assert_eq!(refused.code, ErrorCode::Storage);
    for part in ["No space left", "was not kept", "Free some space"] {
        assert!(refused.message.contains(part), "{}", refused.message);
    }
    notice(
        &app,
        NoticeLevel::Error,
        &["No space", "can be read", "goes on by itself"],
    )
    .await;
    let told = |wanted: Option<api::DiskProblem>| {
        move |event: &Event| match event {
            Event::Machine { machine } => (machine.disk == wanted).then_some(()),
            _ => None,
        }
    };
    app.event("the disk is full", told(Some(api::DiskProblem::Full)))
        .await;
    let active = app.ok(api::GetSnapshot {}).await.active.unwrap();
    assert_eq!(active.machine.disk, Some(api::DiskProblem::Full));
    assert_eq!(
        app.contents(&desk.session).await[..3],
        ["one", "two", "three"]
    );
    // What comes meanwhile is not kept, and not forgotten.
    let row = json!({"session_id": desk.session, "role": "assistant", "content": "Hello"});
    let service = desk.project.service();
    service.insert("chat_messages", row).await.unwrap();
    desk.disk.set_capacity(None);
    notice(&app, NoticeLevel::Info, &["takes new messages again"]).await;
    app.event("the disk has room", told(None)).await;
    let page = crate::kit::latest(&desk.session);
    app.until("what came meanwhile", page, |page| {
        page.rows.iter().any(|row| row.content == "Hello")
    })
    .await;
    let sent = app.send(&desk.session, "four").await;
    app.delivered(&sent).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_fires_on_a_full_disk_is_not_changed_meanwhile_and_is_kept_when_there_is_room()
 {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let mut device = Device::new();
    device.pace.disk = Duration::from_millis(100);
    let disk = Disk::mount(&device.file("")).unwrap();
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    let rule = app.ok(above("BTC", "70000")).await;
    disk.set_capacity(Some(disk.used()));
    let snooze = |minutes| api::SnoozeRule {
        id: rule.id.clone(),
        snooze: api::Snooze::Minutes { minutes },
    };
    // What room is left in the log is used up first.
    while app.call(snooze(1)).await.is_ok() {}
    disk.set_capacity(None);
    let wake = api::SnoozeRule {
        id: rule.id.clone(),
        snooze: api::Snooze::Wake,
    };
    while app.call(wake.clone()).await.is_err() {}
    disk.set_capacity(Some(0));
    project.price("BTC", "70100").await;
    notice(&app, NoticeLevel::Error, &["An alert fired", "kept yet"]).await;
    app.refused(snooze(15)).await;
    let rules = app.ok(api::ListRules {}).await;
    assert_eq!(rules[0].snoozed_until, None);
    app.refused(api::DeleteRule {
        id: rule.id.clone(),
    })
    .await;
    assert_eq!(app.ok(api::ListRules {}).await.len(), 1);

    disk.set_capacity(None);
    let firings = api::ListFirings {
        limit: 10,
        symbol: None,
        before: None,
    };
    app.until("the firing", firings, |rows| {
        rows.len() == 1 && rows[0].mark == api::FiringMark::Notified
    })
    .await;
    app.ok(snooze(15)).await;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    project.price("BTC", "70200").await;
    told(&app, "BTC", "70200").await;
    assert_eq!(history(&app).await.len(), 1);
    assert_eq!(device.shown().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_starts_on_a_full_disk_and_what_waits_goes_out_when_there_is_room() {
    let desk = Desk::new().await;
    desk.disk.set_capacity(Some(desk.disk.used()));
    let app = desk.device.start().await;
    notice(&app, NoticeLevel::Error, &["No space"]).await;
    assert_eq!(app.ok(api::ListSessions {}).await.len(), 1);
    assert_eq!(app.contents(&desk.session).await, ["one", "two", "three"]);
    let waiting = app.ok(api::ListOutbox {}).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].state, SendState::Queued);
    desk.disk.set_capacity(None);
    notice(&app, NoticeLevel::Info, &["again"]).await;
    desk.comes_through(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_told_and_opens_once_it_can() {
    let desk = Desk::new().await;
    desk.disk.set_read_only(true);
    let app = desk.device.start().await;
    notice(
        &app,
        NoticeLevel::Error,
        &[
            "could not be opened",
            "cannot be written",
            "is safe",
            "permissions",
        ],
    )
    .await;
    is_closed(&app).await;
    desk.disk.set_read_only(false);
    desk.select(&app).await;
    desk.comes_through(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_of_a_newer_version_is_left_alone_and_opens_after_an_update() {
    let desk = Desk::new().await;
    let set_version = |version: u32| {
        let conn = desk.open_cache();
        let was = conn
            .query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))
            .unwrap();
        conn.pragma_update(None, "user_version", version).unwrap();
        was
    };
    let known = set_version(999);
    let app = desk.device.start().await;
    notice(
        &app,
        NoticeLevel::Error,
        &["newer Tidings", "not touched", "update Tidings"],
    )
    .await;
    is_closed(&app).await;
    app.stop().await;
    assert_eq!(set_version(known), 999);
    // The workspace was not forgotten meanwhile.
    let app = desk.device.start().await;
    desk.comes_through(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_a_cache_stays_as_it_is_and_the_project_can_be_read() {
    let desk = Desk::new().await;
    let name = desk.secret("cache-key");
    let key = desk.device.secrets.get(&name).unwrap().unwrap();
    desk.device.secrets.delete(&name).unwrap();
    let before = fs::read(desk.cache()).unwrap();
    desk.project.proxy.heal();
    let app = desk.device.start().await;
    notice(
        &app,
        NoticeLevel::Warning,
        &["not in the key store", "stays as it is", "in memory only"],
    )
    .await;
    app.live().await;
    let snapshot = app.ok(api::GetSnapshot {}).await.active.unwrap();
    assert!(snapshot.secrets_in_memory);
    assert_eq!(app.contents(&desk.session).await, ["one", "two"]);
    app.stop().await;
    assert!(
        fs::read(desk.cache()).unwrap() == before,
        "the cache was touched"
    );
    desk.device.secrets.set(&name, &key).unwrap();
    let app = desk.device.start().await;
    desk.comes_through(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_key_store_is_told_and_opens_without_a_restart() {
    let desk = Desk::new().await;
    desk.device.secrets.lock(true);
    let app = desk.device.start().await;
    notice(
        &app,
        NoticeLevel::Error,
        &["locked", "stays as it is", "Unlock the key store"],
    )
    .await;
    is_closed(&app).await;
    desk.device.secrets.lock(false);
    desk.select(&app).await;
    desk.comes_through(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_damaged_cache_what_waited_goes_out_and_the_rest_is_read_again() {
    let desk = Desk::new().await;
    let conn = desk.open_cache();
    let sql = "SELECT pageno FROM dbstat WHERE name = 'messages'";
    let page: u32 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(conn);
    let mut bytes = fs::read(desk.cache()).unwrap();
    let start = (page as usize - 1) * 4096;
    bytes[start..start + 4096].fill(0x5a);
    fs::write(desk.cache(), bytes).unwrap();
    let app = desk.device.start().await;
    notice(
        &app,
        NoticeLevel::Warning,
        &[
            "damaged",
            "read again from the project",
            "All 1 unsent changes were saved",
        ],
    )
    .await;
    desk.comes_through(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_gone_is_said_to_be_gone() {
    let desk = Desk::new().await;
    fs::remove_file(desk.cache()).unwrap();
    desk.project.proxy.heal();
    let app = desk.device.start().await;
    notice(
        &app,
        NoticeLevel::Warning,
        &["is gone", "read again", "had not been sent are lost"],
    )
    .await;
    app.live().await;
    assert_eq!(app.contents(&desk.session).await, ["one", "two"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_a_local_workspace_stays_as_it_is() {
    let device = Device::new();
    let app = device.start().await;
    let workspace = app.ok(api::StartLocal {}).await.id;
    app.live().await;
    let session = app.session("Diary").await;
    let sent = app.send(&session, "Only here").await;
    app.delivered(&sent).await;
    app.stop().await;
    let name = format!("workspace/{workspace}/local-server");
    let key = device.secrets.get(&name).unwrap().unwrap();
    device.secrets.delete(&name).unwrap();
    let app = device.start().await;
    notice(
        &app,
        NoticeLevel::Error,
        &["not in the key store", "stay as they are", "start afresh"],
    )
    .await;
    is_closed(&app).await;
    assert!(
        device.secrets.get(&name).unwrap().is_none(),
        "a new key was made"
    );
    app.stop().await;
    device.secrets.set(&name, &key).unwrap();
    let app = device.start().await;
    app.live().await;
    assert!(
        app.contents(&session)
            .await
            .contains(&"Only here".to_owned())
    );
    app.stop().await;
}
