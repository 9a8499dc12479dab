//! Mutes, mentions, what comes together, and what is done about a notification.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tidings_contract::{self as api, Event, FiringMark, SessionNotify};
use tidings_engine::{Notification, NotificationAction, Pressed};
use tidings_model::Clock as _;
use tidings_testkit::DEADLINE;
use tidings_tests::project::Project;

use crate::desktop::AloneWith;
use crate::kit::{Client, Device, latest};
use crate::market::{above, told, watched};
use crate::notices::Talk;

/// A computer that looks often at what it holds.
pub fn quick() -> Device {
    let mut device = Device::new();
    device.pace.look = Duration::from_millis(50);
    device
}

pub async fn fires(project: &Project, app: &Client, price: &str, mark: FiringMark) {
    project.price("BTC", price).await;
    app.until(
        "the firing",
        api::ListFirings {
            limit: 10,
            symbol: None,
            before: None,
        },
        |rows| {
            rows.first()
                .is_some_and(|row| row.price == price && row.mark == mark)
        },
    )
    .await;
}

pub async fn unread(app: &Client, count: u32) {
    app.until("unread messages", api::ListSessions {}, |rows| {
        rows.iter().map(|row| row.unread).sum::<u32>() == count
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_alerts_than_wait_for_a_stuck_desktop_are_told_once_it_answers() {
    /// More than wait for the desktop.
    const MANY: usize = 280;
    let project = Project::start().await;
    project.price("BTC", "10000").await;
    let device = quick();
    let (let_go, free) = tokio::sync::watch::channel(false);
    // Shows nothing until it is let go.
    let (show, mut shown) = tokio::sync::mpsc::unbounded_channel();
    let stuck = AloneWith(move |notification: Notification| {
        let (show, mut free) = (show.clone(), free.clone());
        async move {
            free.wait_for(|free| *free).await.unwrap();
            show.send(notification.title).unwrap();
            api::NotificationReport {
                shown: true,
                reason: None,
            }
        }
    });
    let app = device.start_on(Arc::new(stuck)).await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    for step in 1..=MANY {
        app.ok(above("BTC", &format!("{}", 10_000 + step))).await;
    }
    for step in 1..=MANY {
        let price = format!("{}", 10_000 + step);
        fires(&project, &app, &price, FiringMark::Pending).await;
    }
    assert!(shown.is_empty());
    let_go.send(true).unwrap();
    // Each is shown alone, or counted in a title that stands for several.
    let (mut told, mut together) = (0, 0);
    while told < MANY {
        let title = tokio::time::timeout(DEADLINE, shown.recv()).await;
        let title = title.unwrap().unwrap();
        let several = title.strip_suffix(" alerts").map(str::parse::<usize>);
        together += usize::from(several.is_some());
        told += several.map_or(1, Result::unwrap);
    }
    assert_eq!(told, MANY);
    assert!(together >= 1);
    let all = api::ListFirings {
        limit: 500,
        symbol: None,
        before: None,
    };
    app.until("all told", all, |rows| {
        rows.iter().all(|row| row.mark == FiringMark::Notified)
    })
    .await;
    app.stop().await;
    assert!(shown.is_empty());
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

#[tokio::test(flavor = "multi_thread")]
async fn that_the_program_goes_on_in_the_tray_is_said_the_first_time() {
    let device = Device::new();
    let app = device.start().await;
    app.app.window_hidden().await;
    assert_eq!(device.shown(), ["Tidings is still running"]);
    app.app.window_hidden().await;
    app.stop().await;
    let app = device.start().await;
    app.app.window_hidden().await;
    assert_eq!(device.shown().len(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_the_desktop_did_not_take_says_so_in_the_history() {
    let project = Project::start().await;
    project.price("BTC", "69000").await;
    let device = Device::new();
    let refusing = AloneWith(async |_| api::NotificationReport {
        shown: false,
        reason: Some("nobody shows notifications".to_owned()),
    });
    let app = device.start_on(Arc::new(refusing)).await;
    app.join(&project).await;
    watched(&app, "BTC").await;
    app.ok(above("BTC", "70000")).await;
    fires(&project, &app, "70100", FiringMark::Unshown).await;
    let refused = app.refused(api::OpenNotificationSettings {}).await;
    assert_eq!(refused.message, "there are none");
}
