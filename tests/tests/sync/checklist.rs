//! The look at a project before it is added: what is wrong is found with the key alone, and told
//! with the SQL that mends it.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::json;
use tidings_contract::{self as api, Check, CheckItem, CheckOutcome, ProjectCheck};
use tidings_local::{Behaviour, Options, Parts, WorkspaceOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use tidings_tests::project::Project;

use crate::kit::{Client, Device};

const TABLES: [&str; 4] = [
    "chat_sessions",
    "chat_messages",
    "user_presence",
    "crypto_prices",
];

async fn look(app: &Client, project: &Project) -> ProjectCheck {
    let (url, key) = (project.proxy.url(), project.key());
    app.ok(api::CheckProject { url, key }).await
}

/// From a device of its own.
async fn look_once(project: &Project) -> ProjectCheck {
    let device = Device::new();
    let app = device.start().await;
    let looked = look(&app, project).await;
    app.stop().await;
    looked
}

fn found(looked: &ProjectCheck, check: Check) -> &CheckItem {
    let item = looked.items.iter().find(|item| item.check == check);
    item.unwrap_or_else(|| panic!("{check:?}: {looked:#?}"))
}

/// What is not as it should be.
fn troubles(looked: &ProjectCheck) -> Vec<(Check, CheckOutcome)> {
    looked
        .items
        .iter()
        .map(|item| (item.check, item.outcome))
        .filter(|(_, outcome)| *outcome != CheckOutcome::Ok)
        .collect()
}

fn behaving(behaviour: Behaviour) -> Options {
    Options {
        behaviour,
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_with_everything_has_every_check_and_nothing_to_mend() {
    let project = Project::start_with(Options {
        workspace: WorkspaceOptions {
            parts: Parts::ALL,
            ..WorkspaceOptions::default()
        },
        ..Options::default()
    })
    .await;
    let looked = look_once(&project).await;
    assert!(looked.usable);
    let checks: Vec<Check> = looked.items.iter().map(|item| item.check).collect();
    assert_eq!(
        checks,
        [
            Check::Reachable,
            Check::Key,
            Check::Tables,
            Check::RowSecurity,
            Check::Realtime,
            Check::Publication,
            Check::SyncPart,
            Check::MembersPart,
            Check::Clock,
        ]
    );
    assert_eq!(troubles(&looked), [], "{looked:#?}");
    assert!(looked.items.iter().all(|item| item.sql.is_none()));
    // The look left nothing behind.
    for table in TABLES {
        assert!(
            project
                .service()
                .select(table, "")
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn optional_parts_that_are_not_there_are_no_failure_and_come_with_their_sql() {
    let project = Project::start().await;
    let looked = look_once(&project).await;
    assert!(looked.usable);
    let absent = [Check::SyncPart, Check::MembersPart];
    assert_eq!(
        troubles(&looked),
        absent.map(|check| (check, CheckOutcome::Absent)),
        "{looked:#?}"
    );
    for (check, brings) in absent
        .into_iter()
        .zip(["chat_sync_heads", "chat_session_members"])
    {
        let sql = found(&looked, check).sql.as_deref().unwrap();
        assert!(sql.contains(&format!("create table if not exists public.{brings}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_keeps_the_project_from_being_added() {
    let project = Project::start_with(behaving(Behaviour {
        missing: vec!["user_presence".to_owned()],
        ..Behaviour::default()
    }))
    .await;
    project.server.faults().lack_table(Some("user_presence"));
    let looked = look_once(&project).await;
    assert!(!looked.usable);
    let tables = found(&looked, Check::Tables);
    assert_eq!(tables.outcome, CheckOutcome::Failed);
    assert!(tables.message.starts_with("Missing: user_presence."));
    let sql = tables.sql.as_deref().unwrap();
    for part in ["create table", "create policy", "alter publication"] {
        assert!(sql.contains(part), "{part}");
    }
    // The others are judged without it.
    assert_eq!(found(&looked, Check::RowSecurity).outcome, CheckOutcome::Ok);
    assert_eq!(found(&looked, Check::Publication).outcome, CheckOutcome::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_published_is_named_with_the_statement_that_adds_it() {
    let project = Project::start().await;
    project.server.faults().lack_table(Some("crypto_prices"));
    let looked = look_once(&project).await;
    let publication = found(&looked, Check::Publication);
    assert_eq!(publication.outcome, CheckOutcome::Failed);
    assert!(publication.message.contains(": crypto_prices."));
    assert_eq!(
        publication.sql.as_deref(),
        Some("alter publication supabase_realtime add table public.crypto_prices;\n")
    );
    assert_eq!(found(&looked, Check::Realtime).outcome, CheckOutcome::Ok);
    // It can be added, and mended later.
    assert!(looked.usable);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_row_level_security_are_found_empty_and_with_rows() {
    let project = Project::start_with(behaving(Behaviour {
        row_security: false,
        ..Behaviour::default()
    }))
    .await;
    let device = Device::new();
    let app = device.start().await;
    for rows in [false, true] {
        if rows {
            let row = json!({"id": "s", "title": "Seen by everybody"});
            project
                .service()
                .insert("chat_sessions", row)
                .await
                .unwrap();
        }
        let looked = look(&app, &project).await;
        let rules = found(&looked, Check::RowSecurity);
        assert_eq!(rules.outcome, CheckOutcome::Failed);
        assert!(rules.message.contains(&TABLES.join(", ")), "{rules:?}");
        assert!(!rules.message.contains("Seen by everybody"));
        let sql = rules.sql.as_deref().unwrap();
        assert!(sql.contains("alter table public.chat_sessions enable row level security;"));
        assert!(looked.usable);
    }
    let kept = project.service().select("chat_sessions", "").await.unwrap();
    assert_eq!(kept.len(), 1);
    for table in &TABLES[1..] {
        assert!(
            project
                .service()
                .select(table, "")
                .await
                .unwrap()
                .is_empty()
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_before_signing_in_is_said_to_be_unknown() {
    let project = Project::start_with(behaving(Behaviour {
        anonymous: false,
        ..Behaviour::default()
    }))
    .await;
    let looked = look_once(&project).await;
    assert!(looked.usable);
    let rules = found(&looked, Check::RowSecurity);
    assert_eq!(rules.outcome, CheckOutcome::Unknown);
    assert!(rules.message.contains("before signing in"), "{rules:?}");
    for check in [Check::SyncPart, Check::MembersPart, Check::Clock] {
        assert_eq!(found(&looked, check).outcome, CheckOutcome::Unknown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_that_are_refused_before_signing_in_say_nothing_of_the_publication() {
    let project = Project::start().await;
    project.server.faults().reject_joins(Some(
        "PrivateOnly: This project only allows private channels",
    ));
    let looked = look_once(&project).await;
    assert!(looked.usable);
    assert_eq!(found(&looked, Check::Realtime).outcome, CheckOutcome::Ok);
    let publication = found(&looked, Check::Publication);
    assert_eq!(publication.outcome, CheckOutcome::Unknown);
    assert!(
        publication.message.contains("private channels"),
        "{publication:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_works_with_a_wrong_clock_is_told_until_it_is_right() {
    let project = Project::start().await;
    let device = Device::new();
    device.clock.turn(Duration::from_mins(30));
    let app = device.start().await;
    app.join(&project).await;
    let behind = |minutes: Option<i64>| {
        move |snapshot: &api::Snapshot| {
            let active = snapshot.active.as_ref();
            active.is_some_and(|active| active.machine.clock_behind == minutes)
        }
    };
    app.until("a fast clock", api::GetSnapshot {}, behind(Some(-30)))
        .await;
    app.event("a fast clock", |event| match event {
        api::Event::Machine { machine } => machine.clock_behind,
        _ => None,
    })
    .await;
    // It is set right: the project is asked without any other reason to.
    device.clock.set_back(Duration::ZERO);
    app.until("a clock that is right", api::GetSnapshot {}, behind(None))
        .await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_by_how_much() {
    let project = Project::start().await;
    let device = Device::new();
    let app = device.start().await;
    device.clock.turn(Duration::from_mins(30));
    let looked = look(&app, &project).await;
    let clock = found(&looked, Check::Clock);
    assert_eq!(clock.outcome, CheckOutcome::Warning);
    assert!(
        clock.message.contains(" minutes fast."),
        "{}",
        clock.message
    );
    device.clock.set_back(Duration::from_mins(30));
    let looked = look(&app, &project).await;
    let clock = found(&looked, Check::Clock);
    assert!(
        clock.message.contains(" minutes slow."),
        "{}",
        clock.message
    );
    assert!(looked.usable);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_looked_for_in_the_schema_that_is_set() {
    let project = Project::start().await;
    let device = Device::new();
    let app = device.start().await;
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.schema = "chat".to_owned();
    app.ok(api::SetSettings { settings }).await;
    // The project offers `public` alone.
    let looked = look(&app, &project).await;
    assert!(!looked.usable);
    let tables = found(&looked, Check::Tables);
    assert_eq!(tables.outcome, CheckOutcome::Failed);
    assert!(tables.message.contains("the schema chat."), "{tables:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_project_is_told_from_a_wrong_key() {
    // What answers for a project that is paused.
    let gateway = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", gateway.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        loop {
            let (mut stream, _) = gateway.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let answer =
                b"HTTP/1.1 540 Project Paused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    let device = Device::new();
    let app = device.start().await;
    let key = "sb_publishable_0123456789abcdef".to_owned();
    let looked = app.ok(api::CheckProject { url, key }).await;
    assert!(!looked.usable);
    let answers = found(&looked, Check::Reachable);
    assert_eq!(answers.outcome, CheckOutcome::Failed);
    assert!(
        answers.message.contains("The project is paused."),
        "{answers:?}"
    );
    assert_eq!(found(&looked, Check::Key).outcome, CheckOutcome::Unknown);
    answering.abort();
    app.stop().await;
}
