//! Reading and writing what is one's own.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidings_model::{Decimal, Timestamp};
use tidings_supabase::{Filter, Insert, Query};
use uuid::Uuid;

use crate::target::{Target, in_session, is, values};

pub async fn an_insert_that_is_repeated_leaves_the_first_and_says_so(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    let message = alice.message(&session, "Once");
    let stored = alice.write(&message).await;
    // The defaults are filled in, and the times can be read.
    assert_eq!(
        (&stored["status"], &stored["message_type"]),
        (&json!("delivered"), &json!("text"))
    );
    let created = time(&stored["created_at"]);
    assert_eq!(created, time(&stored["updated_at"]));

    let mut again = message.clone();
    again["content"] = json!("Twice");
    let answer = alice
        .rest
        .insert_ignore_duplicates("chat_messages", &again)
        .await
        .unwrap();
    assert!(matches!(answer, Insert::AlreadyThere));
    let query = Query::new().filter(in_session(&session));
    let rows = alice.rest.select("chat_messages", &query).await.unwrap();
    assert!(rows.date.is_some());
    let rows = values(&rows);
    assert_eq!((rows.len(), &rows[0]["content"]), (1, &json!("Once")));
}

pub async fn every_text_comes_back_as_it_was_written(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    for content in [
        "héllo 👩‍👩‍👧 漢字 \u{202e}abc",
        "\"quoted\" \\ back, (comma) & {brace}\n\ttab\r\n",
        " ",
        "null",
        "'; drop table chat_messages; --",
        "1+1=2 100% a&b=c#d?e",
    ] {
        let mut message = alice.message(&session, content);
        message["metadata"] = json!({"reply_to": content, "deep": [{"n": 1}, null]});
        let stored = alice.write(&message).await;
        assert_eq!(stored["content"], content);
        assert_eq!(stored["metadata"], message["metadata"]);
        // And it can be asked for by its text.
        let query = Query::new()
            .columns(&["id"])
            .filter(in_session(&session))
            .filter(is("content", &message["content"]).or(Filter::any_of("content", [content])));
        let found = alice.rest.select("chat_messages", &query).await.unwrap();
        assert_eq!(
            values(&found),
            [json!({"id": message["id"]})],
            "{content:?}"
        );
    }
}

pub async fn pages_by_key_reach_every_row_once_even_within_one_instant(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    let mut written = HashSet::new();
    for number in 0..25 {
        // Five to an instant, told apart by a microsecond only.
        let mut message = alice.message(&session, &number.to_string());
        message["id"] = json!(Uuid::new_v4());
        message["created_at"] = json!(format!("2026-11-22T10:57:49.12345{}+00:00", number / 5));
        written.insert(alice.write(&message).await["id"].clone());
    }
    let (mut seen, mut last) = (Vec::<Value>::new(), None::<Value>);
    loop {
        let mut query = Query::new()
            .columns(&["id", "created_at"])
            .filter(in_session(&session))
            .descending("created_at")
            .descending("id")
            .limit(7);
        if let Some(last) = &last {
            let text = |name: &str| last[name].as_str().unwrap();
            let same = is("created_at", &last["created_at"]).and(Filter::lt("id", text("id")));
            query = query.filter(Filter::lt("created_at", text("created_at")).or(same));
        }
        let page = values(&alice.rest.select("chat_messages", &query).await.unwrap());
        let Some(end) = page.last() else { break };
        last = Some(end.clone());
        seen.extend(page);
    }
    let ids: HashSet<Value> = seen.iter().map(|row| row["id"].clone()).collect();
    assert_eq!((seen.len(), &ids), (25, &written));
    let keys: Vec<(Timestamp, Uuid)> = seen
        .iter()
        .map(|row| {
            (
                time(&row["created_at"]),
                row["id"].as_str().unwrap().parse().unwrap(),
            )
        })
        .collect();
    assert!(keys.is_sorted_by(|a, b| a > b), "{keys:?}");
}

pub async fn a_change_under_a_condition_is_made_once(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    let stored = alice.write(&alice.message(&session, "First words")).await;
    let unchanged = is("id", &stored["id"]).and(is("updated_at", &stored["updated_at"]));
    let change = |content: &str| json!({"content": content, "updated_at": "2031-01-01T00:00:00Z"});
    let first = alice
        .rest
        .update("chat_messages", &unchanged, &change("Better words"))
        .await
        .unwrap();
    assert_eq!(values(&first)[0]["content"], "Better words");
    let second = alice
        .rest
        .update("chat_messages", &unchanged, &change("Lost words"))
        .await
        .unwrap();
    assert!(second.rows.is_empty());
    let query = Query::new().filter(is("id", &stored["id"]));
    let now = values(&alice.rest.select("chat_messages", &query).await.unwrap());
    assert_eq!(now[0]["content"], "Better words");
    assert_eq!(
        time(&now[0]["updated_at"]),
        "2031-01-01T00:00:00Z".parse().unwrap()
    );
}

pub async fn a_delete_tells_what_it_deleted_and_a_count_what_is_left(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    for content in ["one", "two", "three"] {
        alice.write(&alice.message(&session, content)).await;
    }
    let all = Query::new().filter(in_session(&session));
    let count = || alice.rest.count("chat_messages", &all);
    assert_eq!(count().await.unwrap(), 3);
    let two = in_session(&session).and(Filter::eq("content", "two"));
    let deleted = alice.rest.delete("chat_messages", &two).await.unwrap();
    assert_eq!(values(&deleted)[0]["content"], "two");
    let again = alice.rest.delete("chat_messages", &two).await.unwrap();
    assert!(again.rows.is_empty());
    assert_eq!(count().await.unwrap(), 2);
    let page = all.clone().count().ascending("content").limit(1);
    let page = alice.rest.select("chat_messages", &page).await.unwrap();
    assert_eq!((page.rows.len(), page.total), (1, Some(2)));
    let nothing = Query::new().filter(in_session("s-nowhere")).count();
    let nothing = alice.rest.select("chat_messages", &nothing).await.unwrap();
    assert_eq!((nothing.rows.len(), nothing.total), (0, Some(0)));
}

pub async fn presence_is_one_row_that_is_written_over(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    let here = |status: &str| {
        json!({
            "user_id": alice.id,
            "session_id": session,
            "status": status,
            "last_seen": "2026-11-22T10:57:49.5Z",
        })
    };
    for status in ["online", "away"] {
        let row = here(status);
        let rows = alice.rest.upsert("user_presence", "user_id", &row).await;
        assert_eq!(values(&rows.unwrap())[0]["status"], status);
    }
    let query = Query::new().filter(is("user_id", &json!(alice.id))).count();
    let rows = alice.rest.select("user_presence", &query).await.unwrap();
    assert_eq!(rows.total, Some(1));
}

pub async fn prices_and_great_numbers_are_read_without_a_float(target: &Target) {
    #[derive(Deserialize)]
    struct Price<'a> {
        #[serde(borrow)]
        price: &'a RawValue,
        #[serde(borrow)]
        market_cap: &'a RawValue,
    }
    let alice = target.newcomer("alice").await;
    let symbol = format!("T{}", Uuid::new_v4().simple());
    let service = target.service();
    // 0.1 + 0.2 and its like have no exact double; the others have more digits than one.
    let mut prices = vec![("64250.12", "1266000000000"), ("0.00000012", "0")];
    if target.exact {
        prices.push((
            "67890.123456789012345678901234567890",
            "9223372036854775807",
        ));
    }
    for (price, cap) in prices {
        let row = json!({"symbol": symbol, "price": price, "market_cap": cap});
        service.insert("crypto_prices", row).await.unwrap();
        let query = Query::new()
            .columns(&["price", "market_cap"])
            .filter(is("symbol", &json!(symbol)));
        let rows = alice.rest.select("crypto_prices", &query).await.unwrap();
        let read: Price<'_> = serde_json::from_str(rows.rows[0].get()).unwrap();
        let digits = |raw: &RawValue| raw.get().trim_matches('"').parse::<Decimal>().unwrap();
        assert_eq!(digits(read.price), price.parse().unwrap());
        assert_eq!(digits(read.market_cap), cap.parse().unwrap());
        let more = Query::new()
            .filter(is("symbol", &json!(symbol)))
            .filter(Filter::gte("price", price));
        assert_eq!(alice.rest.count("crypto_prices", &more).await.unwrap(), 1);
        service
            .delete("crypto_prices", &format!("symbol=eq.{symbol}"))
            .await
            .unwrap();
    }
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}
