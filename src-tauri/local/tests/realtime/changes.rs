//! Row changes: who is told what.

use serde_json::{Value, json};
use tidings_local::realtime::RealtimeBehaviour;

use crate::client::*;

fn on(table: &str) -> Value {
    json!([{"event": "*", "schema": "public", "table": table}])
}

#[tokio::test]
async fn an_insert_looks_like_the_recorded_one() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    alice
        .subscribe("realtime:chat", on("chat_messages"), &token(ALICE, 60))
        .await;
    session(&server, "s", ALICE).await;
    let stored = message(&server, "s", ALICE, "hello").await;
    let frame = alice.find(|frame| frame[3] == "postgres_changes").await;
    assert_eq!(
        (&frame[0], &frame[1], &frame[2]),
        (&json!(null), &json!(null), &json!("realtime:chat"))
    );
    let data = &frame[4]["data"];
    let keys: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "columns",
            "commit_timestamp",
            "errors",
            "record",
            "schema",
            "table",
            "type"
        ]
    );
    assert_eq!(
        data["record"],
        serde_json::from_str::<Value>(&stored.to_json()).unwrap()
    );
    assert_eq!(data["errors"], Value::Null);
    assert_eq!(data["columns"][0], json!({"name": "id", "type": "uuid"}));
    assert_eq!(
        data["columns"][6],
        json!({"name": "created_at", "type": "timestamptz"})
    );
}

#[tokio::test]
async fn numbers_reach_the_wire_with_every_digit() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    alice
        .subscribe("realtime:px", on("crypto_prices"), &token(ALICE, 60))
        .await;
    let price = "67890.123456789012345678901234567890";
    let mut values = row("crypto_prices", &json!({"symbol": "BTC", "price": 0}));
    values.values[2] = tidings_local::store::Value::Numeric(price.parse().unwrap());
    values.values[5] = tidings_local::store::Value::Int(9_223_372_036_854_775_807);
    let stored = values.clone();
    write(&server, move |tx| tx.insert(stored)).await;
    let text = alice.raw("postgres_changes").await;
    assert!(text.contains(&format!("\"price\":{price}")), "{text}");
    assert!(
        text.contains("\"market_cap\":9223372036854775807"),
        "{text}"
    );
}

#[tokio::test]
async fn only_those_who_may_see_a_row_are_told_and_a_delete_names_the_key_alone() {
    let server = start(quick()).await;
    session(&server, "a", ALICE).await;
    let mut alice = Client::connect(&server).await;
    let mut bob = Client::connect(&server).await;
    let mut nobody = Client::connect(&server).await;
    let mut service = Client::connect_with(&server, "apikey=sb_secret_test&vsn=2.0.0")
        .await
        .unwrap();
    for (client, token) in [
        (&mut alice, token(ALICE, 60)),
        (&mut bob, token(BOB, 60)),
        (&mut nobody, "sb_publishable_test".to_owned()),
        (&mut service, "sb_secret_test".to_owned()),
    ] {
        client
            .subscribe("realtime:chat", on("chat_messages"), &token)
            .await;
    }
    let first = message(&server, "a", ALICE, "secret").await;
    let second = update(&server, &first, &json!({"content": "edited"})).await;
    delete(&server, &second).await;

    let key = json!({"id": first.key().to_text().unwrap()});
    for insider in [&mut alice, &mut service] {
        let insert = insider.event("postgres_changes").await;
        assert_eq!(insert["data"]["type"], "INSERT");
        let update = insider.event("postgres_changes").await;
        assert_eq!(update["data"]["record"]["content"], "edited");
        // Replica identity full: the whole row as it was.
        assert_eq!(update["data"]["old_record"]["content"], "secret");
        let delete = insider.event("postgres_changes").await;
        assert_eq!(delete["data"]["old_record"], key);
        assert!(delete["data"].get("record").is_none());
    }
    for outsider in [&mut bob, &mut nobody] {
        let delete = outsider.event("postgres_changes").await;
        assert_eq!(delete["data"]["type"], "DELETE");
        assert_eq!(delete["data"]["old_record"], key);
    }
}

#[tokio::test]
async fn matching_bindings_are_listed_last_to_first() {
    let server = start(quick()).await;
    session(&server, "x", ALICE).await;
    let mut alice = Client::connect(&server).await;
    let bindings = json!([
        {"event": "INSERT", "schema": "public", "table": "chat_messages", "filter": "session_id=eq.x"},
        {"event": "UPDATE", "schema": "public", "table": "chat_messages", "filter": "session_id=eq.x"},
        {"event": "*", "schema": "public", "table": "chat_messages"},
        {"event": "*", "schema": "public", "table": "chat_messages"},
        {"event": "*", "schema": "public", "table": "crypto_prices"},
        {"event": "*", "schema": "public"},
        {"event": "INSERT", "schema": "*", "table": "chat_messages", "filter": "session_id=in.(x,y)"},
    ]);
    let config = json!({"postgres_changes": bindings});
    let (_, reply) = alice.join("realtime:chat", config, &token(ALICE, 60)).await;
    let told = reply["response"]["postgres_changes"]
        .as_array()
        .unwrap()
        .clone();
    let id = |at: usize| told[at]["id"].clone();
    assert_eq!(id(2), id(3));
    for (asked, told) in bindings.as_array().unwrap().iter().zip(&told) {
        let mut told = told.clone();
        told.as_object_mut().unwrap().remove("id");
        assert_eq!(&told, asked);
    }
    alice.event("system").await;
    let first = message(&server, "x", ALICE, "hello").await;
    let insert = alice.event("postgres_changes").await;
    assert_eq!(insert["ids"], json!([id(6), id(5), id(3), id(2), id(0)]));
    let second = update(&server, &first, &json!({"session_id": "z"})).await;
    // Out of sight: nothing is told of it, so the next is the update back.
    update(&server, &second, &json!({"session_id": "x"})).await;
    let back = alice.event("postgres_changes").await;
    assert_eq!(back["data"]["old_record"]["session_id"], "z");
    assert_eq!(back["ids"], json!([id(5), id(3), id(2), id(1)]));
}

#[tokio::test]
async fn a_filtered_binding_gets_a_delete_only_where_the_old_row_is_known() {
    let server = start(quick()).await;
    session(&server, "s", ALICE).await;
    let mut alice = Client::connect(&server).await;
    let bindings = json!([
        {"event": "DELETE", "schema": "public", "table": "chat_messages", "filter": "session_id=eq.s"},
        {"event": "*", "schema": "public", "table": "crypto_prices", "filter": "symbol=eq.BTC"},
    ]);
    alice
        .subscribe("realtime:chat", bindings, &token(ALICE, 60))
        .await;
    let price = insert(
        &server,
        "crypto_prices",
        json!({"symbol": "BTC", "price": 1}),
    )
    .await;
    assert_eq!(
        alice.event("postgres_changes").await["data"]["type"],
        "INSERT"
    );
    delete(&server, &price).await;
    let row = message(&server, "s", ALICE, "hello").await;
    delete(&server, &row).await;
    let delete = alice.event("postgres_changes").await;
    assert_eq!(delete["data"]["table"], "chat_messages");
    assert_eq!(delete["data"]["type"], "DELETE");
}

#[tokio::test]
async fn filters_compare_by_the_type_of_the_column() {
    let server = start(quick()).await;
    let mut alice = Client::connect(&server).await;
    let on = |filter: &str| json!({"event": "INSERT", "schema": "public", "table": "crypto_prices", "filter": filter});
    let filters = [
        "price=gt.9.5",
        "price=lte.10.00",
        "symbol=neq.BTC",
        "symbol=in.(BTC,ETH)",
        "market_cap=gte.9007199254740993",
        "last_updated=lt.2026-01-01T02:00:00+02:00",
    ];
    let bindings: Vec<Value> = filters.iter().map(|filter| on(filter)).collect();
    let config = json!({"postgres_changes": bindings});
    let (_, reply) = alice.join("realtime:px", config, &token(ALICE, 60)).await;
    let ids: Vec<Value> = reply["response"]["postgres_changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].clone())
        .collect();
    alice.event("system").await;
    insert(
        &server,
        "crypto_prices",
        json!({"symbol": "BTC", "price": "10.0", "market_cap": 9_007_199_254_740_992_i64,
            "last_updated": "2025-12-31T23:59:59.999999Z"}),
    )
    .await;
    let matched = alice.event("postgres_changes").await["ids"].clone();
    assert_eq!(matched, json!([ids[5], ids[3], ids[1], ids[0]]));
}

#[tokio::test]
async fn the_newer_grammar_is_there_on_request() {
    let server = start(RealtimeBehaviour {
        extended_filters: true,
        ..quick()
    })
    .await;
    session(&server, "s1", ALICE).await;
    let mut alice = Client::connect(&server).await;
    let on = |filter: &str| json!({"event": "INSERT", "schema": "public", "table": "chat_messages", "filter": filter});
    let bindings: Vec<Value> = [
        "content=like.he%o",
        "content=ilike.HE__O",
        "content=not.like.he%",
        "session_id=in.(s1,s2),role=eq.user",
        "session_id=eq.s1,role=eq.assistant",
        "metadata=is.null",
        "user_id=isdistinct.bob",
    ]
    .map(on)
    .to_vec();
    let config = json!({"postgres_changes": bindings});
    let (_, reply) = alice.join("realtime:c", config, &token(ALICE, 60)).await;
    let list = reply["response"]["postgres_changes"]
        .as_array()
        .unwrap()
        .clone();
    alice.event("system").await;
    message(&server, "s1", ALICE, "hello").await;
    let matched = alice.event("postgres_changes").await["ids"].clone();
    let expected: Vec<&Value> = [6, 3, 1, 0]
        .iter()
        .map(|at: &usize| &list[*at]["id"])
        .collect();
    assert_eq!(matched, json!(expected));
}

#[tokio::test]
async fn a_row_over_a_megabyte_comes_without_its_long_values() {
    let server = start(quick()).await;
    session(&server, "s", ALICE).await;
    let mut alice = Client::connect(&server).await;
    alice
        .subscribe("realtime:chat", on("chat_messages"), &token(ALICE, 60))
        .await;
    message(&server, "s", ALICE, &"x".repeat(1_000_000)).await;
    let fits = alice.event("postgres_changes").await;
    assert_eq!(fits["data"]["errors"], Value::Null);
    assert_eq!(
        fits["data"]["record"]["content"].as_str().unwrap().len(),
        1_000_000
    );
    let large = message(&server, "s", ALICE, &"x".repeat(1_048_576)).await;
    let cut = alice.event("postgres_changes").await;
    assert_eq!(
        cut["data"]["errors"],
        json!(["Error 413: Payload Too Large"])
    );
    let record = cut["data"]["record"].as_object().unwrap();
    assert!(!record.contains_key("content"));
    assert_eq!(record["id"], json!(large.key().to_text().unwrap()));
    assert_eq!(record["session_id"], "s");
}

#[tokio::test]
async fn five_hundred_rows_of_one_transaction_arrive_in_order() {
    let server = start(quick()).await;
    session(&server, "s", ALICE).await;
    let mut alice = Client::connect(&server).await;
    alice
        .subscribe("realtime:chat", on("chat_messages"), &token(ALICE, 60))
        .await;
    let rows: Vec<_> = (0..500)
        .map(|n| {
            row(
                "chat_messages",
                &json!({"session_id": "s", "user_id": ALICE, "content": n.to_string(), "role": "user"}),
            )
        })
        .collect();
    write(&server, move |tx| {
        rows.into_iter().try_for_each(|row| tx.insert(row))
    })
    .await;
    for n in 0..500 {
        let change = alice.event("postgres_changes").await;
        assert_eq!(change["data"]["record"]["content"], n.to_string());
    }
}

#[tokio::test]
async fn over_the_limit_changes_are_dropped_in_silence() {
    let server = start(RealtimeBehaviour {
        changes_per_second: Some(2),
        ..quick()
    })
    .await;
    session(&server, "s", ALICE).await;
    let mut alice = Client::connect(&server).await;
    alice
        .subscribe("realtime:chat", on("chat_messages"), &token(ALICE, 60))
        .await;
    let rows: Vec<_> = (0..9)
        .map(|_| {
            row(
                "chat_messages",
                &json!({"session_id": "s", "content": "x", "role": "user"}),
            )
        })
        .collect();
    write(&server, move |tx| {
        rows.into_iter().try_for_each(|row| tx.insert(row))
    })
    .await;
    alice.event("postgres_changes").await;
    // The session's own insert may have used one of the two.
    let frames = alice.drain().await;
    assert!(frames.len() <= 1, "{frames:?}");
}
