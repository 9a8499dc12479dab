//! Setting, changing and removing the passphrase; wrong ones; the start; the way out.

use std::time::Duration;

use tidings_contract::{self as api, ErrorCode, LockProblem, LockStage};
use tidings_tests::project::Project;

use super::{PASSPHRASE, locked, set, stage, unlock, wrong};
use crate::kit::{Device, alices_device};

/// Under which name a computer keeps what checks the passphrase.
fn name_of(device: &Device) -> String {
    let file = std::fs::read_to_string(device.file("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&file).unwrap();
    config["lock"]["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_a_hash_in_the_key_store_and_nowhere_else() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    assert_eq!(stage(&app).await, LockStage::Off);
    assert_eq!(app.refused(api::LockNow {}).await.code, ErrorCode::Invalid);
    let short = api::SetPassphrase {
        current: None,
        passphrase: Some("short".to_owned()),
    };
    assert_eq!(app.refused(short).await.code, ErrorCode::Invalid);
    assert_eq!(stage(&app).await, LockStage::Off);
    set(&app).await;
    let kept = tidings_engine::Secrets::get(&*device.secrets, &name_of(&device));
    assert!(kept.unwrap().unwrap().starts_with("$argon2id$"));
    assert!(!device.holds(PASSPHRASE));
    assert!(!device.holds("$argon2id$"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_and_removing_it_asks_for_the_one_until_now() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    set(&app).await;
    let change = |current: Option<&str>, passphrase: Option<&str>| api::SetPassphrase {
        current: current.map(str::to_owned),
        passphrase: passphrase.map(str::to_owned),
    };
    for current in [None, Some("wrong horse")] {
        for new in [None, Some("battery staple")] {
            let refused = app.refused(change(current, new)).await;
            assert_eq!(refused.code, ErrorCode::Passphrase);
        }
    }
    app.ok(change(Some(PASSPHRASE), Some("battery staple")))
        .await;
    app.ok(api::LockNow {}).await;
    assert_eq!(
        app.refused(unlock(PASSPHRASE)).await.code,
        ErrorCode::Passphrase
    );
    app.ok(unlock("battery staple")).await;
    app.ok(change(Some("battery staple"), None)).await;
    assert_eq!(stage(&app).await, LockStage::Off);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_ones_make_the_next_wait_also_after_a_restart() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    locked(&app).await;
    for _ in 0..5 {
        assert_eq!(wrong(&app).await, ErrorCode::Passphrase);
    }
    // The right one has to wait as well.
    let refused = app.refused(unlock(PASSPHRASE)).await;
    assert_eq!(refused.code, ErrorCode::TooSoon);
    assert!(app.ok(api::GetLockState {}).await.wait_until.is_some());
    app.stop().await;
    let app = device.start().await;
    assert_eq!(
        app.refused(unlock(PASSPHRASE)).await.code,
        ErrorCode::TooSoon
    );
    device.clock.turn(Duration::from_secs(31));
    assert_eq!(wrong(&app).await, ErrorCode::Passphrase);
    // The second wait is twice as long.
    device.clock.turn(Duration::from_secs(31));
    assert_eq!(wrong(&app).await, ErrorCode::TooSoon);
    device.clock.turn(Duration::from_secs(30));
    app.ok(unlock(PASSPHRASE)).await;
    // A right one begins the count anew.
    app.ok(api::LockNow {}).await;
    for _ in 0..4 {
        assert_eq!(wrong(&app).await, ErrorCode::Passphrase);
    }
    app.ok(unlock(PASSPHRASE)).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_the_same_time_are_counted_one_after_the_other() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    locked(&app).await;
    let all = futures_util::future::join_all((0..12).map(|_| wrong(&app))).await;
    let looked_at = all.iter().filter(|code| **code == ErrorCode::Passphrase);
    assert_eq!(looked_at.count(), 5, "{all:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_locked_and_neither_the_file_nor_the_key_store_alone_takes_that_away() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    set(&app).await;
    app.stop().await;

    let app = device.start().await;
    assert_eq!(stage(&app).await, LockStage::Locked);
    assert_eq!(
        app.refused(api::GetSnapshot {}).await.code,
        ErrorCode::Locked
    );
    app.stop().await;

    // Somebody takes the lock out of the file.
    let file = device.file("config.json");
    let whole = std::fs::read_to_string(&file).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&whole).unwrap();
    config.as_object_mut().unwrap().remove("lock").unwrap();
    std::fs::write(&file, config.to_string()).unwrap();
    let app = device.start().await;
    assert_eq!(stage(&app).await, LockStage::Locked);
    app.ok(unlock(PASSPHRASE)).await;
    app.stop().await;

    // Somebody takes it out of the key store.
    std::fs::write(&file, whole).unwrap();
    let secrets: &dyn tidings_engine::Secrets = &*device.secrets;
    let name = name_of(&device);
    let kept = secrets.get(&name).unwrap().unwrap();
    secrets.delete(&name).unwrap();
    let app = device.start().await;
    let state = app.ok(api::GetLockState {}).await;
    assert_eq!(
        (state.stage, state.problem),
        (LockStage::Locked, Some(LockProblem::Lost))
    );
    assert_eq!(
        app.refused(unlock(PASSPHRASE)).await.code,
        ErrorCode::Storage
    );
    assert_eq!(stage(&app).await, LockStage::Locked);
    secrets.set(&name, &kept).unwrap();
    app.ok(unlock(PASSPHRASE)).await;
    app.stop().await;

    // In a directory that was moved it is found under the name that it had before.
    secrets.delete(&name).unwrap();
    secrets.set("lock/passphrase/elsewhere", &kept).unwrap();
    let moved = std::fs::read_to_string(&file).unwrap();
    let moved = moved.replace(&name, "lock/passphrase/elsewhere");
    std::fs::write(&file, moved).unwrap();
    let app = device.start().await;
    let state = app.ok(api::GetLockState {}).await;
    assert_eq!((state.stage, state.problem), (LockStage::Locked, None));
    app.ok(unlock(PASSPHRASE)).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_that_does_not_answer_keeps_it_locked_until_it_does() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    set(&app).await;
    app.stop().await;
    device.secrets.lock(true);
    let app = device.start().await;
    let state = app.ok(api::GetLockState {}).await;
    assert_eq!(
        (state.stage, state.problem),
        (LockStage::Locked, Some(LockProblem::NoKeyStore))
    );
    for _ in 0..7 {
        // Nobody is to blame for that: it does not count as wrong.
        assert_eq!(
            app.refused(unlock(PASSPHRASE)).await.code,
            ErrorCode::Storage
        );
    }
    device.secrets.lock(false);
    app.ok(unlock(PASSPHRASE)).await;
    // What could not be opened at the start is open now.
    app.live().await;
    app.stop().await;

    // The same, and the file does not say that there is a lock: it is found before anything opens.
    let file = device.file("config.json");
    let whole = std::fs::read_to_string(&file).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&whole).unwrap();
    config.as_object_mut().unwrap().remove("lock").unwrap();
    std::fs::write(&file, config.to_string()).unwrap();
    device.secrets.lock(true);
    let app = device.start().await;
    let id = app.ok(api::GetSnapshot {}).await.workspaces[0].id.clone();
    device.secrets.lock(false);
    let select = api::SelectWorkspace { id };
    assert_eq!(app.refused(select).await.code, ErrorCode::Locked);
    assert_eq!(stage(&app).await, LockStage::Locked);
    app.ok(unlock(PASSPHRASE)).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_closes_after_the_minutes_without_use_and_with_the_window() {
    let project = Project::start().await;
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(20);
    let app = device.start().await;
    app.join(&project).await;
    set(&app).await;
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.lock_after = Some(5);
    settings.lock_when_hidden = false;
    app.ok(api::SetSettings {
        settings: settings.clone(),
    })
    .await;
    app.ok(api::ReportUse {}).await;
    device.clock.turn(Duration::from_secs(290));
    app.ok(api::ReportUse {}).await;
    device.clock.turn(Duration::from_secs(290));
    app.app.window_hidden().await;
    assert_eq!(stage(&app).await, LockStage::Open);
    device.clock.turn(Duration::from_secs(11));
    app.until("the lock", api::GetLockState {}, |state| {
        state.stage == LockStage::Locked
    })
    .await;
    app.ok(unlock(PASSPHRASE)).await;
    settings.lock_when_hidden = true;
    settings.lock_after = None;
    app.ok(api::SetSettings { settings }).await;
    app.app.window_hidden().await;
    assert_eq!(stage(&app).await, LockStage::Locked);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_out_removes_everything_here_and_nothing_there() {
    let project = Project::start().await;
    let (device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let message = app.send(&session, "kept by the project").await;
    app.delivered(&message).await;
    assert_eq!(
        app.refused(api::StartOver {}).await.code,
        ErrorCode::Invalid
    );
    project.proxy.go_offline();
    app.offline().await;
    app.send(&session, "never sent").await;
    locked(&app).await;
    let left = app.ok(api::GetLeftBehind {}).await;
    assert_eq!((left.workspaces, left.unsent, left.unread), (1, 1, 0));
    assert!(!left.local);
    project.proxy.heal();
    // What was set aside of an earlier start names the project as well.
    let address = project.proxy.url();
    std::fs::write(device.file("config.damaged.json"), &address).unwrap();
    app.ok(api::StartOver {}).await;
    for name in ["config.json", "config.copy.json", "config.damaged.json"] {
        let text = std::fs::read_to_string(device.file(name)).unwrap_or_default();
        assert!(!text.contains(&address), "{name}: {text}");
    }
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert!(snapshot.workspaces.is_empty() && snapshot.active.is_none());
    assert_eq!(snapshot.lock.stage, LockStage::Off);
    assert!(!device.file("workspaces").exists());
    app.stop().await;

    let app = device.start().await;
    assert_eq!(stage(&app).await, LockStage::Off);
    app.sign_in(&project).await;
    app.ok(crate::kit::open(&session)).await;
    app.whole(&session).await;
    assert_eq!(app.contents(&session).await, ["kept by the project"]);
    app.stop().await;
}
