//! Quiet hours, mutes, mentions, what comes together, and what is done about a notification.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use tidings_contract::{self as api, Event, FiringMark, SessionNotify};
use tidings_engine::{Host, Notification, NotificationAbility, NotificationAction, Pressed};
use tidings_model::Clock as _;
use tidings_testkit::{DEADLINE, wait_until};
use tidings_tests::project::Project;

use crate::kit::{Client, Device, latest};
use crate::market::{above, told, watched};
use crate::notices::Talk;

/// A computer that looks often at what it holds.
fn quick() -> Device {
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(50);
    device
}

fn minute_of_day(device: &Device, minutes_ahead: i64) -> u16 {
    let minutes = device.clock.now().as_millis().div_euclid(60_000) + minutes_ahead;
    u16::try_from(minutes.rem_euclid(24 * 60)).unwrap()
}

/// Quiet hours of two hours, of which one has passed, or none.
async fn quiet(device: &Device, app: &Client, on: bool) {
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

async fn fires(project: &Project, app: &Client, price: &str, mark: FiringMark) {
    project.price("BTC", price).await;
    app.until("the firing", api::ListFirings { limit: 10 }, |rows| {
        rows.first()
            .is_some_and(|row| row.price == price && row.mark == mark)
    })
    .await;
}

async fn unread(app: &Client, count: u32) {
    app.until("unread messages", api::ListSessions {}, |rows| {
        rows.iter().map(|row| row.unread).sum::<u32>() == count
    })
    .await;
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
    let Talk {
        project,
        device,
        app,
        session,
        bob,
    } = talk;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert!(device.desk.shown().is_empty(), "{:?}", device.desk.shown());
    device.clock.turn(Duration::from_hours(3));
    let talk = Talk {
        project,
        device,
        app,
        session,
        bob,
    };
    let digest = talk
        .says("In quiet hours: 1 alert and 2 new messages")
        .await;
    let lines: Vec<_> = digest.body.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("BTC") && lines[0].contains("70,100"));
    assert_eq!(lines[1], "Plans (2): Bob: once more");
    assert_eq!(digest.place, api::Place::Alerts);
    let rows = talk.app.ok(api::ListFirings { limit: 10 }).await;
    assert_eq!(rows[0].mark, FiringMark::Quiet);

    let Talk { device, app, .. } = talk;
    app.stop().await;
    let app = device.start().await;
    app.live().await;
    assert_eq!(device.desk.shown().len(), 1, "{:?}", device.desk.shown());
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
async fn the_buttons_of_an_alert_snooze_its_rule_and_mute_it() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = quick();
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    let mut rule = above("BTC", "70000");
    rule.form.cooldown_s = Some(0);
    let rule = app.ok(rule).await;
    fires(&project, &app, "70100", FiringMark::Notified).await;
    let shown = device.desk.shown().remove(0);
    assert_eq!(shown.rule.as_ref(), Some(&rule.id));
    app.forget();
    app.presses(&shown, NotificationAction::Snooze).await;
    app.event("the news of it", |event| match event {
        Event::Rules { .. } => Some(()),
        _ => None,
    })
    .await;
    let row = app.ok(api::ListRules {}).await.remove(0);
    let minutes = tidings_model::Clock::now(&*device.clock).as_millis() / 60_000;
    let until = row.snoozed_until.unwrap() / 60_000;
    assert!((14..=16).contains(&(until - minutes)), "{row:?}");
    project.price("BTC", "69000").await;
    told(&app, "BTC", "69000").await;
    fires(&project, &app, "70200", FiringMark::Snoozed).await;
    assert_eq!(device.desk.shown().len(), 1);

    app.presses(&shown, NotificationAction::Mute).await;
    let row = app.ok(api::ListRules {}).await.remove(0);
    assert!(row.muted, "{row:?}");
    project.price("BTC", "69000").await;
    told(&app, "BTC", "69000").await;
    fires(&project, &app, "70300", FiringMark::Muted).await;
    assert_eq!(device.desk.shown().len(), 1);
    // Of a rule that is gone nothing can be pressed any more, and that is said.
    app.ok(api::DeleteRule { id: rule.id }).await;
    app.presses(&shown, NotificationAction::Snooze).await;
    app.event("a word about it", |event| match event {
        Event::Notice { .. } => Some(()),
        _ => None,
    })
    .await;
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
    app.until("the firings", api::ListFirings { limit: 10 }, all_fired)
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
    app.until("the mark", api::ListFirings { limit: 10 }, settled)
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
async fn alerts_can_be_muted_for_a_time_which_outlives_the_program() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = quick();
    let app = device.start().await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    let mut rule = above("BTC", "70000");
    rule.form.cooldown_s = Some(0);
    app.ok(rule).await;
    let refused = app.refused(api::MuteAlerts { minutes: Some(0) }).await;
    assert_eq!(refused.code, api::ErrorCode::Invalid);
    let until = app.ok(api::MuteAlerts { minutes: Some(60) }).await.until;
    assert!(until.is_some());
    fires(&project, &app, "70100", FiringMark::Muted).await;
    app.stop().await;

    let app = device.start().await;
    app.live().await;
    let snapshot = app.ok(api::GetSnapshot {}).await;
    assert_eq!(snapshot.alerts_muted_until, until);
    assert!(device.desk.shown().is_empty());
    app.forget();
    device.clock.turn(Duration::from_mins(61));
    app.event("the end of it", |event| match event {
        Event::AlertsMuted { until: None } => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(app.ok(api::GetSnapshot {}).await.alerts_muted_until, None);
    // Resumed by hand it ends as well.
    app.ok(api::MuteAlerts { minutes: Some(60) }).await;
    let resumed = app.ok(api::MuteAlerts { minutes: None }).await;
    assert_eq!(resumed.until, None);
    project.price("BTC", "69000").await;
    told(&app, "BTC", "69000").await;
    fires(&project, &app, "70200", FiringMark::Notified).await;
    assert_eq!(device.desk.shown().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_can_notify_of_what_names_oneself_alone() {
    let talk = Talk::start().await;
    let other = talk.app.session("Elsewhere").await;
    let notify = api::NotifySession {
        session: talk.session.clone(),
        notify: SessionNotify::Mentions,
    };
    talk.app.ok(notify).await;
    talk.bob_says("nobody in particular").await;
    talk.bob_says("@ALICE, are you there?").await;
    assert_eq!(talk.bodies(1).await, ["@ALICE, are you there?"]);
    talk.bob_says("malice").await;
    talk.bob_says_in(&other, "heard all the same").await;
    assert_eq!(talk.bodies(2).await[1], "heard all the same");
    let rows = talk.app.ok(api::ListSessions {}).await;
    let row = rows.iter().find(|row| row.id == talk.session).unwrap();
    assert_eq!((row.notify, row.unread), (SessionNotify::Mentions, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_in_a_session_is_one_notification_that_counts() {
    let talk = Talk::start().await;
    // In one transaction, so that they come as fast as anything can.
    let now = talk.device.clock.now();
    let rows: Vec<_> = (1..=20)
        .map(|n| {
            let mut row = talk.bobs(&talk.session, &format!("message {n}"));
            row["created_at"] = json!(now.plus(Duration::from_millis(n)));
            row
        })
        .collect();
    let service = talk.project.service();
    service.insert("chat_messages", json!(rows)).await.unwrap();
    let last = talk.says("20 new messages in Plans").await;
    assert_eq!(
        last.body,
        "Bob: message 18\nBob: message 19\nBob: message 20"
    );
    let shown = talk.device.desk.shown();
    assert!(shown.len() < 20, "{}", shown.len());
    assert!(shown.iter().all(|each| each.id == shown[0].id));
    // Read, it begins anew.
    let read = api::MarkRead {
        session: talk.session.clone(),
        message: talk.app.messages(&talk.session).await[19].id.clone(),
    };
    talk.app.ok(read).await;
    talk.bob_says("and another").await;
    assert_eq!(talk.says("Bob in Plans").await.body, "and another");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_the_machine_slept_is_told_together() {
    let talk = Talk::start().await;
    let other = talk.app.session("Elsewhere").await;
    talk.project.proxy.go_offline();
    talk.app.offline().await;
    for n in 1..=3 {
        talk.bob_says(&format!("plan {n}")).await;
    }
    talk.bob_says_in(&other, "first").await;
    talk.bob_says_in(&other, "second").await;
    talk.project.proxy.heal();
    let shown = talk.says("5 new messages in 2 sessions").await;
    assert_eq!(
        shown.body,
        "Plans (3): Bob: plan 3\nElsewhere (2): Bob: second"
    );
    let api::Place::Session { session, .. } = shown.place else {
        panic!("{shown:?}")
    };
    assert_eq!(session, other);
    talk.app.live().await;
    talk.bob_says("live again").await;
    let shown = talk.says("Bob in Plans").await;
    assert_eq!(shown.body, "live again");
    assert_eq!(talk.device.desk.shown().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_front_of_the_window_it_is_told_there() {
    let talk = Talk::start().await;
    let other = talk.app.session("Elsewhere").await;
    watched(&talk.app, "BTC").await;
    talk.app.ok(above("BTC", "70000")).await;
    talk.device.desk.set_focused(true);
    talk.bob_says("beside what is open").await;
    let place = |wanted: &'static str| {
        move |event: &Event| match event {
            Event::Told { title, place, .. } if title.contains(wanted) => Some(place.clone()),
            _ => None,
        }
    };
    let told = talk.app.event("the message", place("Bob in Plans")).await;
    assert!(matches!(told, api::Place::Session { session, .. } if session == talk.session));
    fires(&talk.project, &talk.app, "70100", FiringMark::Notified).await;
    talk.app.event("the alert", place("BTC")).await;
    talk.bob_says_in(&other, "in the open session").await;
    talk.app
        .until("it in the list", latest(&other), |page| {
            page.rows.len() == 1
        })
        .await;
    talk.bob_says("beside it again").await;
    talk.app
        .event("the next", place("2 new messages in Plans"))
        .await;
    assert!(talk.app.told(place("Elsewhere")).is_empty());
    assert!(talk.device.desk.shown().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_a_notification_is_sent_and_the_session_read() {
    let talk = Talk::start().await;
    talk.bob_says("coming?").await;
    let shown = talk.says("Bob in Plans").await;
    let reply = Pressed::Reply("On my way".to_owned());
    talk.app.acts(shown.place, reply).await;
    talk.app.sent_everything().await;
    assert_eq!(
        talk.project.stored(&talk.session).await,
        ["coming?", "On my way"]
    );
    unread(&talk.app, 0).await;

    talk.bob_says("and Carol?").await;
    assert_eq!(talk.bodies(2).await[1], "and Carol?");
    let shown = talk.says("Bob in Plans").await;
    let read = Pressed::Button(NotificationAction::MarkRead);
    talk.app.acts(shown.place.clone(), read).await;
    unread(&talk.app, 0).await;
    talk.app.forget();
    talk.app
        .acts(shown.place.clone(), Pressed::Notification)
        .await;
    let place = shown.place;
    talk.app
        .event("the place", |event| match event {
            Event::Show { place: shown } if *shown == place => Some(()),
            _ => None,
        })
        .await;
}

/// A desktop that shows nothing.
struct Refusing;

impl Host for Refusing {
    fn notify(&self, _: Notification) -> BoxFuture<'static, api::NotificationReport> {
        Box::pin(std::future::ready(api::NotificationReport {
            shown: false,
            reason: Some("nobody shows notifications".to_owned()),
        }))
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        Box::pin(std::future::pending())
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        Err("there are none".to_owned())
    }

    fn autostart(&self) -> Option<bool> {
        None
    }

    fn set_autostart(&self, _: bool) -> Result<(), String> {
        Err("no".to_owned())
    }

    fn open_link(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn focused(&self) -> bool {
        false
    }

    fn has_tray(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_the_desktop_did_not_take_says_so_in_the_history() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = Device::new();
    let app = device.start_on(Arc::new(Refusing)).await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    fires(&project, &app, "70100", FiringMark::Unshown).await;
    let refused = app.refused(api::OpenNotificationSettings {}).await;
    assert_eq!(refused.message, "there are none");
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
