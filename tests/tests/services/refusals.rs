//! What the server refuses, and how that is classified.

use serde_json::json;
use tidings_supabase::{Class, Error, Http, Query, Rest};
use uuid::Uuid;

use crate::target::{Target, in_session, is};

pub async fn the_rules_refuse_what_is_anothers_and_hide_it(target: &Target) {
    let (alice, mallory) = (
        target.newcomer("alice").await,
        target.newcomer("mallory").await,
    );
    let session = alice.session().await;
    let stored = alice.write(&alice.message(&session, "Between us")).await;
    let here = json!({"user_id": mallory.id, "session_id": session});
    let price = json!({"id": Uuid::new_v4(), "symbol": "BTC", "price": "1"});
    let foreign = mallory.message(&session, "Hello?");
    let refused = [
        mallory
            .rest
            .insert_ignore_duplicates("chat_messages", &foreign)
            .await
            .map(drop),
        mallory
            .rest
            .upsert("user_presence", "user_id", &here)
            .await
            .map(drop),
        mallory
            .rest
            .insert_ignore_duplicates("crypto_prices", &price)
            .await
            .map(drop),
        // What is one's own is not made another's.
        alice
            .rest
            .update(
                "chat_messages",
                &is("id", &stored["id"]),
                &json!({"user_id": mallory.id}),
            )
            .await
            .map(drop),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Some("42501"), "{error}");
        assert_eq!(error.class(), Class::Permanent);
    }
    // The rest is not refused: to Mallory there is nothing.
    let query = Query::new().filter(in_session(&session));
    assert_eq!(
        mallory.rest.count("chat_messages", &query).await.unwrap(),
        0
    );
    let own = is("id", &stored["id"]);
    let changed = mallory
        .rest
        .update("chat_messages", &own, &json!({"content": "x"}))
        .await;
    assert!(changed.unwrap().rows.is_empty());
    let deleted = mallory.rest.delete("chat_messages", &own).await;
    assert!(deleted.unwrap().rows.is_empty());
    assert_eq!(alice.rest.count("chat_messages", &query).await.unwrap(), 1);
}

pub async fn a_broken_constraint_is_for_good_whatever_the_server_calls_it(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    let (first, second) = (
        alice.write(&alice.message(&session, "first")).await,
        alice.write(&alice.message(&session, "second")).await,
    );
    let mut robot = alice.message(&session, "beep");
    robot["role"] = json!("robot");
    let mut empty = alice.message(&session, "");
    empty["content"] = json!(null);
    let insert = async |row| {
        let answer = alice.rest.insert_ignore_duplicates("chat_messages", row);
        answer.await.map(drop)
    };
    let change = json!({"id": first["id"]});
    let cases = [
        (target.check_code, insert(&robot).await),
        ("23502", insert(&empty).await),
        (
            "23505",
            alice
                .rest
                .update("chat_messages", &is("id", &second["id"]), &change)
                .await
                .map(drop),
        ),
    ];
    for (code, refused) in cases {
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert_eq!(error.class(), Class::Permanent, "{error}");
    }
}

pub async fn what_does_not_exist_is_named(target: &Target) {
    let alice = target.newcomer("alice").await;
    let nothing = Query::new();
    let column = Query::new().columns(&["nope"]);
    let text = Query::new().filter(is("id", &json!("no uuid")));
    for (code, table, query) in [
        ("PGRST205", "nope", &nothing),
        ("42703", "chat_messages", &column),
        ("22P02", "chat_messages", &text),
    ] {
        let error = alice.rest.select(table, query).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert_eq!(error.class(), Class::Permanent);
        let missing = (code == "PGRST205").then_some(404);
        assert_eq!(error.status(), missing.or(Some(400)));
    }
}

pub async fn without_a_session_nothing_is_seen_or_written(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    alice.write(&alice.message(&session, "Between us")).await;
    let nobody = target.nobody();
    let seen = nobody.select("chat_messages", &Query::new()).await.unwrap();
    assert!(seen.rows.is_empty());
    let error = nobody
        .insert_ignore_duplicates("chat_messages", &alice.message(&session, "x"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("42501"), "{error}");
    assert_eq!(error.class(), Class::Permanent);
}

pub async fn a_key_of_another_project_is_told_as_such(target: &Target) {
    let project = target.project("sb_publishable_of_another_project");
    let rest = Rest::new(Http::new().unwrap(), project);
    let error = rest
        .select("chat_messages", &Query::new())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::BadKey { .. }), "{error:?}");
    assert_eq!(error.class(), Class::Permanent);
}
