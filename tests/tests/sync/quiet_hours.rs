//! Quiet hours: what is held in them, and what is told at their end.

use std::time::Duration;

use serde_json::json;
use tidings_contract::{self as api, FiringMark};
use tidings_model::Clock as _;
use tidings_testkit::{DEADLINE, wait_until};
use tidings_tests::project::Project;

use crate::delivery::{fires, quick, unread};
use crate::kit::{Client, Device};
use crate::market::{above, told, watched};
use crate::notices::Talk;

fn minute_of_day(device: &Device, minutes_ahead: i64) -> u16 {
    let minutes = device.clock.now().as_millis().div_euclid(60_000) + minutes_ahead;
    u16::try_from(minutes.rem_euclid(24 * 60)).unwrap()
}

/// Quiet hours of two hours, of which one has passed, or none.
pub async fn quiet(device: &Device, app: &Client, on: bool) {
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.quiet = api::QuietHours {
        on,
        from: minute_of_day(device, -60),
        until: minute_of_day(device, 60),
        days: [true; 7],
        zone: Some("UTC".to_owned()),
    };
    app.ok(api::SetSettings { settings }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_hold_alerts_and_messages_and_tell_them_at_their_end_once() {
    let talk = Talk::start_on(quick()).await;
    let Talk {
        project,
        device,
        app,
        ..
    } = &talk;
    watched(app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    quiet(device, app, true).await;
    fires(project, app, "70100", FiringMark::Quiet).await;
    talk.bob_says("in the night").await;
    talk.bob_says("once more").await;
    unread(app, 2).await;
    assert!(device.desk.shown().is_empty(), "{:?}", device.desk.shown());

    // The program ends and starts again, still in quiet hours; then the machine sleeps.
    let talk = talk.restarted().await;
    let shown = talk.device.desk.shown();
    assert!(shown.is_empty(), "{shown:?}");
    talk.device.clock.turn(Duration::from_hours(3));
    let digest = talk
        .says("Held until now: 1 alert and 2 new messages")
        .await;
    let lines: Vec<_> = digest.body.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("BTC") && lines[0].contains("70,100"));
    assert_eq!(lines[1], "Plans (2): Bob: once more");
    assert_eq!(digest.place, api::Place::Alerts);
    let rows = talk
        .app
        .ok(api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        })
        .await;
    assert_eq!(rows[0].mark, FiringMark::Quiet);

    let shown = talk.restarted().await.device.desk.shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_alerts_and_messages_over_a_restart_until_it_ends_or_is_ended() {
    let talk = Talk::start_on(quick()).await;
    let Talk { project, app, .. } = &talk;
    watched(app, "BTC").await;
    let mut rule = above("BTC", "70000");
    rule.form.cooldown_s = Some(0);
    app.ok(rule).await;
    let pause = |minutes| api::PauseNotifications { minutes };
    let refused = app.refused(pause(Some(10_081))).await;
    assert_eq!(refused.code, api::ErrorCode::Invalid);
    let until = app.ok(pause(Some(60))).await.until;
    assert!(until.is_some());
    fires(project, app, "70100", FiringMark::Quiet).await;
    talk.bob_says("not now").await;
    unread(app, 1).await;

    let talk = talk.restarted().await;
    let Talk {
        project,
        device,
        app,
        ..
    } = &talk;
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert_eq!(snapshot.notifications_paused_until, until);
    assert!(device.desk.shown().is_empty(), "{:?}", device.desk.shown());
    app.forget();
    device.clock.turn(Duration::from_mins(61));
    app.event("the end of it", |event| match event {
        api::Event::NotificationsPaused { until: None } => Some(()),
        _ => None,
    })
    .await;
    talk.says("Held until now: 1 alert and 1 new message").await;

    // Ended by hand, what was held is told as well.
    app.ok(pause(Some(60))).await;
    project.price("BTC", "69000").await;
    told(app, "BTC", "69000").await;
    fires(project, app, "70300", FiringMark::Quiet).await;
    assert_eq!(device.desk.shown().len(), 1, "{:?}", device.desk.shown());
    assert_eq!(app.ok(pause(None)).await.until, None);
    wait_until("the alert", DEADLINE, || device.desk.shown().len() == 2)
        .await
        .unwrap();
    assert!(device.desk.shown()[1].body.contains("70,300"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_alerts_of_one_night_are_one_digest_that_counts_them_and_all_in_the_history() {
    /// More than notifications wait at once.
    const MANY: usize = 300;
    let project = Project::start().await;
    project.price("BTC", "10000").await;
    let device = quick();
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    for step in 1..=MANY {
        app.ok(above("BTC", &format!("{}", 10_000 + step))).await;
    }
    quiet(&device, &app, true).await;
    project.price("BTC", "20000").await;
    let all = api::ListFirings {
        limit: 500,
        symbol: None,
        before: None,
    };
    let of = |mark| {
        move |rows: &Vec<api::FiringRow>| {
            rows.len() == MANY && rows.iter().all(|row| row.mark == mark)
        }
    };
    app.until("all of them held", all.clone(), of(FiringMark::Quiet))
        .await;
    assert!(device.desk.shown().is_empty(), "{:?}", device.desk.shown());
    // A page of the history begins where the one before it ended.
    let (mut read, mut page) = (
        0,
        app.ok(api::ListFirings {
            limit: 100,
            ..all.clone()
        })
        .await,
    );
    while let Some(last) = page.last() {
        read += page.len();
        let before = Some(last.id.clone());
        let next = api::ListFirings {
            limit: 100,
            before,
            ..all.clone()
        };
        page = app.ok(next).await;
    }
    assert_eq!(read, MANY);

    quiet(&device, &app, false).await;
    wait_until("the digest", DEADLINE, || device.desk.shown().len() == 1)
        .await
        .unwrap();
    let digest = device.desk.shown().remove(0);
    assert_eq!(digest.title, format!("Held until now: {MANY} alerts"));
    app.until("none of them lost", all, of(FiringMark::Quiet))
        .await;
    // Told once.
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert_eq!(device.desk.shown().len(), 1, "{:?}", device.desk.shown());
}

/// The only entry of the history: what became of it, and whether it was missed.
async fn entry(app: &Client, mark: FiringMark) -> bool {
    let all = api::ListFirings {
        limit: 10,
        symbol: None,
        before: None,
    };
    let is_it = |rows: &Vec<api::FiringRow>| rows.len() == 1 && rows[0].mark == mark;
    app.until("the firing", all, is_it).await[0].away
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_or_muted_and_missed_as_well_says_both() {
    for (mark, missed) in [
        (FiringMark::Quiet, true),
        (FiringMark::Quiet, false),
        (FiringMark::Muted, true),
    ] {
        let project = Project::start().await;
        project.price("BTC", "69000").await;
        let device = quick();
        let app = device.start().await;
        app.join(&project).await;
        watched(&app, "BTC").await;
        let id = app.ok(above("BTC", "70000")).await.id;
        if mark == FiringMark::Quiet {
            quiet(&device, &app, true).await;
        } else {
            app.ok(api::MuteRule { id, muted: true }).await;
        }
        if missed {
            app.stop().await;
            project.price("BTC", "70100").await;
            let app = device.start().await;
            assert!(entry(&app, mark).await, "{mark:?}");
            app.stop().await;
            // Kept, not only told.
            let app = device.start().await;
            assert!(entry(&app, mark).await, "{mark:?}");
        } else {
            fires(&project, &app, "70100", mark).await;
            assert!(!entry(&app, mark).await, "{mark:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_alert_of_the_quiet_hours_is_told_as_itself_and_what_was_read_is_not() {
    let talk = Talk::start_on(quick()).await;
    let (project, device, app) = (&talk.project, &talk.device, &talk.app);
    watched(app, "BTC").await;
    let rule = app.ok(above("BTC", "70000")).await;
    quiet(device, app, true).await;
    fires(project, app, "70100", FiringMark::Quiet).await;
    talk.bob_says("read at night").await;
    unread(app, 1).await;
    let row = app.messages(&talk.session).await.remove(0);
    let read = api::MarkRead {
        session: talk.session.clone(),
        message: row.id,
    };
    app.ok(read).await;
    quiet(device, app, false).await;
    wait_until("the notification", DEADLINE, || {
        device.desk.shown().len() == 1
    })
    .await
    .unwrap();
    let shown = device.desk.shown().remove(0);
    assert!(shown.title.contains("BTC"), "{shown:?}");
    assert!(!shown.body.contains("read at night"), "{shown:?}");
    assert_eq!(shown.rule, Some(rule.id));
    assert_eq!(shown.actions, ["snooze", "mute", "open_chart"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_muted_or_deleted_rule_did_in_the_night_is_not_told_in_the_morning() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = quick();
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    let mut rules = Vec::new();
    for _ in 0..3 {
        let mut rule = above("BTC", "70000");
        rule.form.cooldown_s = Some(0);
        rules.push(app.ok(rule).await.id);
    }
    // One is snoozed past the beginning of the quiet hours, and fires in its snooze.
    let snooze = api::Snooze::Minutes { minutes: 30 };
    let id = rules[2].clone();
    app.ok(api::SnoozeRule { id, snooze }).await;
    quiet(&device, &app, true).await;
    project.price("BTC", "70100").await;
    let all_fired = |rows: &Vec<api::FiringRow>| rows.len() == 3;
    app.until(
        "the firings",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        all_fired,
    )
    .await;
    let wake = api::Snooze::Wake;
    let id = rules[2].clone();
    app.ok(api::SnoozeRule { id, snooze: wake }).await;
    let id = rules[0].clone();
    app.ok(api::MuteRule { id, muted: true }).await;
    let id = rules[1].clone();
    app.ok(api::DeleteRule { id }).await;
    assert!(device.desk.shown().is_empty());

    quiet(&device, &app, false).await;
    let settled = |rows: &Vec<api::FiringRow>| {
        rows.iter()
            .any(|row| row.rule == rules[0] && row.mark == FiringMark::Muted)
    };
    app.until(
        "the mark",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        settled,
    )
    .await;
    wait_until("the one that was snoozed", DEADLINE, || {
        device.desk.shown().len() == 1
    })
    .await
    .unwrap();
    assert_eq!(
        device.desk.shown()[0].rule.as_ref(),
        Some(&rules[2]),
        "{:?}",
        device.desk.shown()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_quiet_hours_are_refused_and_a_sound_is_one() {
    let device = Device::new();
    let app = device.start().await;
    let mut settings = app.ok(api::GetSettings {}).await;
    settings.quiet.zone = Some("Middle/Earth".to_owned());
    let refused = app.refused(api::SetSettings { settings }).await;
    assert!(refused.message.contains("Middle/Earth"), "{refused:?}");

    let choose = |data: &str| api::ChooseSound {
        name: "bell.ogg".to_owned(),
        data: data.to_owned(),
    };
    let refused = app.refused(choose("bm90IGEgc291bmQ=")).await;
    assert!(refused.message.contains("holds no sound"), "{refused:?}");
    assert!(app.refused(choose("%")).await.message.contains("whole"));
    // "OggS and so on"
    let settings = app.ok(choose("T2dnUyBhbmQgc28gb24=")).await;
    let name = "bell.ogg".to_owned();
    assert_eq!(settings.sound, api::Sound::Own { name });
    assert_eq!(app.ok(api::GetDesktop {}).await.sound_problem, None);
    std::fs::remove_file(device.file("sounds/own.ogg")).unwrap();
    let problem = app.ok(api::GetDesktop {}).await.sound_problem;
    assert_eq!(problem, Some(api::SoundProblem::Gone));
    // It is told all the same, with another sound.
    app.ok(api::TestNotification {}).await;
    let shown = device.desk.shown().remove(0);
    assert!(shown.sounds, "{shown:?}");
    assert_eq!(json!(shown)["rule"], json!(null));
}
