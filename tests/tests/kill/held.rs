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

/// Titles of what was told in the window, which counts as being in front.
fn told(served: &Served) -> Vec<String> {
    served.told(|event| match event {
        Event::Told { title, .. } => Some(title.clone()),
        _ => None,
    })
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
    };
    served.ok(api::SaveRule { id: None, form }).await.unwrap();
    quiet(&served, true).await;
    let peer = world.project.newcomer(&bob()).await;
    let id = uuid::Uuid::new_v4().to_string();
    world.book.others_may_write(&id, "in the night");
    let row = json!({
        "id": id, "session_id": world.sessions[0], "user_id": peer.user(), "role": "user",
        "content": "in the night", "metadata": {"user_name": "Bob"},
    });
    let service = world.project.service();
    service.insert("chat_messages", row).await.unwrap();
    world.project.price("BTC", "70100").await;
    served
        .until("the firing", api::ListFirings { limit: 9 }, |rows| {
            rows.len() == 1 && rows[0].mark == FiringMark::Quiet
        })
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
        (told(&served) == ["In quiet hours: 1 alert and 1 new message"]).then_some(())
    })
    .await;
    // Told, it is not told by the next run.
    let settled = |rows: &Vec<api::FiringRow>| rows[0].mark == FiringMark::Quiet;
    served
        .until("its mark", api::ListFirings { limit: 9 }, settled)
        .await
        .unwrap();
    let served = world.kill(served).await;
    assert!(told(&served).is_empty(), "{:?}", told(&served));
    served.stop().await.unwrap();
}
