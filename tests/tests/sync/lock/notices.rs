//! What goes on behind a closed lock.

use serde_json::json;
use tidings_contract::{self as api, Event, Place};
use tidings_engine::{NotificationAction, Pressed};

use super::{PASSPHRASE, locked, unlock};
use crate::alerts::rule;
use crate::kit::latest;
use crate::notices::Talk;

fn above(price: &str) -> api::SaveRule {
    let condition = json!({"kind": "above", "price": price});
    rule(
        "BTC",
        condition,
        json!({"message": "sell what Bob gave me"}),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_messages_are_told_without_what_anybody_wrote() {
    let talk = Talk::start().await;
    talk.app.ok(above("70000")).await;
    // The window is in front: locked, nobody sees what it would show.
    talk.device.desk.set_focused(true);
    locked(&talk.app).await;
    talk.bob_says("between us").await;
    let shown = talk.says("New message").await;
    assert_eq!(
        (shown.body.as_str(), &shown.actions[..]),
        ("", &["open_session"][..])
    );
    talk.project.price("BTC", "70001").await;
    let shown = talk.says("BTC crossed above 70,000").await;
    assert_eq!(shown.actions, ["open_chart"]);
    for told in talk.device.desk.shown() {
        assert!(!format!("{told:?}").contains("between us"));
        assert!(!format!("{told:?}").contains("Bob gave me"));
    }
    talk.app.ok(unlock(PASSPHRASE)).await;
    assert_eq!(talk.app.contents(&talk.session).await, ["between us"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_window_is_told_anything_but_the_lock_until_it_is_open() {
    let talk = Talk::start().await;
    talk.app.send(&talk.session, "before").await;
    locked(&talk.app).await;
    talk.app
        .event("the lock", |event| match event {
            Event::Lock { lock } => (lock.stage == api::LockStage::Locked).then_some(()),
            _ => None,
        })
        .await;
    talk.app.forget();
    talk.bob_says("while locked").await;
    talk.project.price("BTC", "69500").await;
    talk.says("New message").await;
    assert_eq!(
        talk.app.told(|event| Some(format!("{event:?}"))),
        Vec::<String>::new()
    );
    talk.app.ok(unlock(PASSPHRASE)).await;
    talk.app
        .until("both", latest(&talk.session), |page| page.rows.len() == 2)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_leads_there_once_it_is_open_and_does_nothing_before() {
    let talk = Talk::start().await;
    // One that was shown before the lock has all its buttons.
    talk.bob_says("first").await;
    let shown = talk.says("Bob in Plans").await;
    assert!(shown.actions.contains(&"reply"));
    locked(&talk.app).await;
    talk.app.forget();
    let place = shown.place.clone();
    talk.app
        .acts(place.clone(), Pressed::Reply("from the street".to_owned()))
        .await;
    talk.app.presses(&shown, NotificationAction::MarkRead).await;
    talk.app.acts(place.clone(), Pressed::Notification).await;
    let told = talk.app.told(|event| match event {
        Event::Lock { .. } => None,
        other => Some(format!("{other:?}")),
    });
    assert!(told.is_empty(), "{told:?}");
    talk.app.ok(unlock(PASSPHRASE)).await;
    let there = talk.app.event("the place", |event| match event {
        Event::Show { place } => Some(place.clone()),
        _ => None,
    });
    assert_eq!(there.await, place);
    assert!(matches!(place, Place::Session { .. }));
    let notice = talk.app.event("why it was not done", |event| match event {
        Event::Notice { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert!(notice.await.contains("locked"));
    assert_eq!(talk.app.contents(&talk.session).await, ["first"]);
    let rows = talk.app.ok(api::ListSessions {}).await;
    assert_eq!(rows.iter().map(|row| row.unread).sum::<u32>(), 1);
}
