//! What was held in quiet hours, killed before their end.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tidings_contract::{self as api, Event, FiringMark};
use tidings_testkit::bob;
use tidings_tests::served::Served;

use crate::{World, wait};

/// Switches quiet hours of two hours around now on, or off.
async fn quiet(served: &Served, on: bool) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let minute = since.as_secs() / 60;
    let of_day = |minute: u64| u16::try_from(minute % (24 * 60)).unwrap();
    let mut settings = served.ok(api::GetSettings {}).await.unwrap();
    settings.quiet = api::QuietHours {
        on,
        from: of_day(minute + 24 * 60 - 60),
        until: of_day(minute + 60),
        days: [true; 7],
        zone: Some("UTC".to_owned()),
    };
    served.ok(api::SetSettings { settings }).await.unwrap();
}

/// What was told in the window, which counts as being in front: titles and texts.
fn told(served: &Served) -> Vec<(String, String)> {
    served.told(|event| match event {
        Event::Told { title, body, .. } => Some((title.clone(), body.clone())),
        _ => None,
    })
}

/// Bob writes into the first session.
async fn bob_writes(world: &World, user: &str, text: &str) {
    let id = uuid::Uuid::new_v4().to_string();
    world.book.others_may_write(&id, text);
    let row = json!({
        "id": id, "session_id": world.sessions[0], "user_id": user, "role": "user",
        "content": text, "metadata": {"user_name": "Bob"},
    });
    let service = world.project.service();
    service.insert("chat_messages", row).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_when_the_program_was_killed_is_told_once_at_the_end() {
    let (world, served) = World::start().await;
    world.project.price("BTC", "69000").await;
    served
        .until("a price", api::ListSymbols {}, |rows| {
            rows.iter().any(|row| row.price.is_some())
        })
        .await
        .unwrap();
    let form = api::RuleForm {
        symbol: "BTC".to_owned(),
        condition: api::ConditionForm::Above {
            price: "70000".to_owned(),
            rearm_percent: None,
        },
        repeat: api::RepeatForm::Every,
        cooldown_s: None,
        expires_at: None,
        tags: Vec::new(),
        message: None,
    };
    served.ok(api::SaveRule { id: None, form }).await.unwrap();
    quiet(&served, true).await;
    let peer = world.project.newcomer(&bob()).await;
    bob_writes(&world, peer.user(), "in the night").await;
    world.project.price("BTC", "70100").await;
    served
        .until(
            "the firing",
            api::ListFirings {
                limit: 9,
                symbol: None,
                before: None,
            },
            |rows| rows.len() == 1 && rows[0].mark == FiringMark::Quiet,
        )
        .await
        .unwrap();
    served
        .until("the message", api::ListSessions {}, |rows| {
            rows.iter().any(|row| row.unread == 1)
        })
        .await
        .unwrap();

    let served = world.kill(served).await;
    assert!(told(&served).is_empty(), "{:?}", told(&served));
    quiet(&served, false).await;
    wait("the digest", async || {
        let told = told(&served);
        matches!(&told[..], [(title, _)] if title == "Held until now: 1 alert and 1 new message")
            .then_some(())
    })
    .await;
    // One thing is told after the other: once the next is, it is noted that this was.
    bob_writes(&world, peer.user(), "in the morning").await;
    wait("the next message", async || {
        let told = told(&served);
        told.iter()
            .any(|(_, body)| body.contains("in the morning"))
            .then_some(())
    })
    .await;
    let served = world.kill(served).await;
    // The last may be told again: the program may have ended before it was noted.
    let again = told(&served);
    let of_night = |(title, body): &(String, String)| {
        title.contains("quiet hours") || body.contains("in the night") || body.contains("BTC")
    };
    assert!(!again.iter().any(of_night), "{again:?}");
    served.stop().await.unwrap();
}
