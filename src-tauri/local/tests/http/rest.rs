use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tidings_local::{Behaviour, LocalServer, Options};
use tidings_model::ManualClock;

use crate::support::{Actor, NOW, service, start, user};

async fn alice() -> (LocalServer, Actor) {
    let server = start(Behaviour::default()).await;
    let alice = user(&server, "alice").await;
    alice.open("s").await;
    (server, alice)
}

#[tokio::test]
async fn numbers_keep_every_digit_from_the_body_to_the_answer() {
    let server = start(Behaviour::default()).await;
    let owner = service(&server);
    let body = r#"[{"symbol":"BTC","price":67890.123456789012345678901234567890,"market_cap":9223372036854775807},
                   {"symbol":"ETH","price":"9.50","market_cap":1},
                   {"symbol":"SOL","price":10,"market_cap":-9007199254740993}]"#;
    let prefer = [("prefer", "return=representation")];
    let told = owner
        .ask(Method::POST, "/rest/v1/crypto_prices", &prefer, Some(body))
        .await;
    assert_eq!(told.status, 201, "{}", told.text);
    assert!(
        told.text
            .contains(r#""price":67890.123456789012345678901234567890,"#),
        "{}",
        told.text
    );
    assert!(told.text.contains(r#""market_cap":9223372036854775807"#));
    assert!(told.text.contains(r#""price":9.50,"#));
    let told = owner
        .get("/rest/v1/crypto_prices?select=symbol&order=price.desc")
        .await;
    assert_eq!(
        told.text,
        r#"[{"symbol":"BTC"},{"symbol":"SOL"},{"symbol":"ETH"}]"#
    );
    let told = owner
        .get("/rest/v1/crypto_prices?select=price::text&price=eq.9.5")
        .await;
    assert_eq!(told.text, r#"[{"price":"9.50"}]"#);
    let told = owner
        .get("/rest/v1/crypto_prices?select=cap:market_cap&price=in.(9.500,10.0)&order=symbol")
        .await;
    assert_eq!(told.text, r#"[{"cap":1},{"cap":-9007199254740993}]"#);
    let told = owner
        .get("/rest/v1/crypto_prices?select=symbol&price=gt.67890.12345678901234567890123456788")
        .await;
    assert_eq!(told.text, r#"[{"symbol":"BTC"}]"#);
}

#[tokio::test]
async fn times_are_told_with_offset_and_trimmed_fraction() {
    let clock = Arc::new(ManualClock::at(NOW));
    let server = LocalServer::start(Options {
        clock,
        ..Options::default()
    })
    .await
    .unwrap();
    let owner = service(&server);
    let body = json!({"id": "s", "user_id": "u", "last_activity": "now",
        "updated_at": "2026-11-22T11:57:49.5+01:00"});
    let told = owner
        .insert(
            "chat_sessions?select=created_at,last_activity,updated_at",
            &body,
        )
        .await;
    assert_eq!(
        told.text,
        r#"[{"created_at":"2026-11-22T10:57:49.685164+00:00","last_activity":"2026-11-22T10:57:49.685164+00:00","updated_at":"2026-11-22T10:57:49.5+00:00"}]"#
    );
    let told = owner.get("/rest/v1/chat_sessions?select=updated_at::text&created_at=eq.2026-11-22T10:57:49.685164%2B00:00").await;
    assert_eq!(told.text, r#"[{"updated_at":"2026-11-22 10:57:49.5+00"}]"#);
}

#[tokio::test]
async fn filters_trees_and_paths_select() {
    let (_server, alice) = alice().await;
    let rows = json!([
        {"session_id": "s", "content": "Grüße", "role": "user", "metadata": {"a": {"b": "x"}, "n": 1}},
        {"session_id": "s", "content": "100% (sure), \"yes\"", "role": "assistant", "metadata": {"tags": ["p", "q"]}},
        {"session_id": "s", "content": "back\\slash", "role": "system", "metadata": null}
    ]);
    assert_eq!(alice.insert("chat_messages", &rows).await.status, 201);
    for (query, expected) in [
        ("content=ilike.gr%C3%9C*", 1),
        ("content=like.gr*", 0),
        ("content=like(any).{Gr*,*sure*}", 2),
        ("content=imatch.^gr.{3}$", 1),
        ("content=match.^back", 1),
        ("role=in.(user,system)", 2),
        ("role=not.in.(user,system)", 1),
        ("role=in.()", 0),
        ("metadata=is.null", 1),
        ("metadata=not.is.null", 2),
        ("metadata->a->>b=eq.x", 1),
        ("metadata->n=eq.1", 1),
        ("metadata=cs.{\"tags\":[\"q\"]}", 1),
        ("user_id=isdistinct.nobody", 3),
        ("user_id=neq.nobody", 0),
        (
            "or=(content.eq.\"100%25 (sure), \\\"yes\\\"\",content.eq.\"back\\\\slash\")",
            2,
        ),
        (
            "or=(and(role.eq.user,session_id.eq.s),role.not.neq.system)",
            2,
        ),
        ("and=(role.neq.user,or(role.eq.system,role.eq.user))", 1),
        ("not.or=(role.eq.user,role.eq.system)", 1),
        ("created_at=gte.now&created_at=lt.2020-01-01", 0),
    ] {
        let told = alice
            .get(&format!("/rest/v1/chat_messages?select=id&{query}"))
            .await;
        assert_eq!(told.status, 200, "{query}: {}", told.text);
        assert_eq!(told.json().as_array().unwrap().len(), expected, "{query}");
    }
    let told = alice
        .get("/rest/v1/chat_messages?select=deep:metadata->a->>b,metadata->a&role=eq.user")
        .await;
    assert_eq!(told.text, r#"[{"deep":"x","a":{"b":"x"}}]"#);
}

#[tokio::test]
async fn ranges_and_counts_are_told() {
    let (_server, alice) = alice().await;
    let rows: Vec<_> = (0..5)
        .map(|n| json!({"session_id": "s", "content": n.to_string(), "role": "user"}))
        .collect();
    let told = alice
        .ask(
            Method::POST,
            "/rest/v1/chat_messages",
            &[("prefer", "count=exact,return=minimal")],
            Some(&json!(rows).to_string()),
        )
        .await;
    assert_eq!(
        (told.status.as_u16(), told.header("content-range")),
        (201, "*/5")
    );
    assert_eq!(
        told.header("preference-applied"),
        "return=minimal, count=exact"
    );
    let exact = [("prefer", "count=exact")];
    let path = "/rest/v1/chat_messages?order=content.asc";
    for (query, headers, status, range) in [
        ("&limit=2", &exact[..], 206, "0-1/5"),
        ("&limit=2&offset=4", &exact[..], 206, "4-4/5"),
        ("", &exact[..], 200, "0-4/5"),
        ("&limit=2", &[][..], 200, "0-1/*"),
        (
            "",
            &[("range-unit", "items"), ("range", "1-2")][..],
            200,
            "1-2/*",
        ),
        (
            "",
            &[("range", "3-"), ("prefer", "count=exact")][..],
            206,
            "3-4/5",
        ),
        ("&limit=0", &[][..], 200, "*/*"),
    ] {
        let told = alice
            .ask(Method::GET, &format!("{path}{query}"), headers, None)
            .await;
        assert_eq!(
            (told.status.as_u16(), told.header("content-range")),
            (status, range),
            "{query} {headers:?}"
        );
    }
    let told = alice
        .ask(Method::GET, &format!("{path}&offset=9"), &exact, None)
        .await;
    assert_eq!(told.refusal(), (416, "PGRST103".to_owned()));
    let told = alice.ask(Method::HEAD, path, &exact, None).await;
    assert_eq!(
        (told.header("content-range"), told.text.as_str()),
        ("0-4/5", "")
    );
}

#[tokio::test]
async fn a_read_never_holds_more_than_the_server_allows() {
    let server = start(Behaviour {
        max_rows: 3,
        ..Behaviour::default()
    })
    .await;
    let alice = user(&server, "alice").await;
    for id in ["a", "b", "c", "d"] {
        alice.open(id).await;
    }
    let told = alice.get("/rest/v1/chat_sessions?limit=100").await;
    assert_eq!(told.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn inserts_say_what_they_did() {
    let (_server, alice) = alice().await;
    let id = "6F0C2D5C-8A3B-4C1D-9E2F-1A2B3C4D5E6F";
    let message = json!({"id": id, "session_id": "s", "content": "one", "role": "user"});
    let path = "/rest/v1/chat_messages";
    let headers_only = [("prefer", "return=headers-only")];
    let told = alice
        .ask(
            Method::POST,
            path,
            &headers_only,
            Some(&message.to_string()),
        )
        .await;
    assert_eq!(told.status, 201, "{}", told.text);
    assert_eq!(
        told.header("location"),
        format!("/chat_messages?id=eq.{}", id.to_lowercase())
    );
    // The outbox primitive: again, and nothing changes.
    let again = "return=representation,resolution=ignore-duplicates";
    let other = json!({"id": id, "session_id": "s", "content": "two", "role": "user"});
    let told = alice
        .ask(
            Method::POST,
            "/rest/v1/chat_messages?on_conflict=id",
            &[("prefer", again)],
            Some(&other.to_string()),
        )
        .await;
    assert_eq!((told.status.as_u16(), told.text.as_str()), (201, "[]"));
    assert_eq!(
        told.header("preference-applied"),
        "resolution=ignore-duplicates, return=representation"
    );
    let merge = "return=representation,resolution=merge-duplicates";
    let told = alice
        .ask(
            Method::POST,
            "/rest/v1/chat_messages?select=content,role",
            &[("prefer", merge)],
            Some(&other.to_string()),
        )
        .await;
    assert_eq!(
        (told.status.as_u16(), told.text.as_str()),
        (200, r#"[{"content":"two","role":"user"}]"#)
    );
}

#[tokio::test]
async fn absent_columns_are_null_or_default_as_asked() {
    let (_server, alice) = alice().await;
    let rows = json!([{"session_id": "s", "content": "a", "role": "user", "status": "sending"},
        {"session_id": "s", "content": "b", "role": "user"}])
    .to_string();
    let told = alice
        .ask(Method::POST, "/rest/v1/chat_messages", &[], Some(&rows))
        .await;
    assert_eq!(told.refusal(), (400, "PGRST102".to_owned()));
    let path = "/rest/v1/chat_messages?columns=session_id,content,role,status&select=status";
    for (prefer, second) in [
        (
            "return=representation",
            r#"[{"status":"sending"},{"status":null}]"#,
        ),
        (
            "return=representation,missing=default",
            r#"[{"status":"sending"},{"status":"delivered"}]"#,
        ),
    ] {
        let told = alice
            .ask(Method::POST, path, &[("prefer", prefer)], Some(&rows))
            .await;
        assert_eq!(told.text, second);
    }
}

#[tokio::test]
async fn one_object_is_one_row_or_nothing_happened() {
    let (_server, alice) = alice().await;
    alice.open("t").await;
    let single = [
        ("accept", "application/vnd.pgrst.object+json"),
        ("prefer", "return=representation"),
    ];
    let told = alice
        .ask(
            Method::PATCH,
            "/rest/v1/chat_sessions?id=eq.s",
            &single,
            Some(r#"{"title":"one"}"#),
        )
        .await;
    assert_eq!(told.json()["title"], "one");
    assert!(
        told.header("content-type")
            .starts_with("application/vnd.pgrst.object+json")
    );
    let told = alice
        .ask(
            Method::PATCH,
            "/rest/v1/chat_sessions",
            &single,
            Some(r#"{"title":"both"}"#),
        )
        .await;
    assert_eq!(told.refusal(), (406, "PGRST116".to_owned()));
    assert_eq!(told.json()["details"], "The result contains 2 rows");
    let told = alice.get("/rest/v1/chat_sessions?title=eq.both").await;
    assert_eq!(told.text, "[]");
    let strict = [("prefer", "handling=strict,max-affected=1")];
    let told = alice
        .ask(Method::DELETE, "/rest/v1/chat_sessions", &strict, None)
        .await;
    assert_eq!(told.refusal(), (400, "PGRST124".to_owned()));
    assert_eq!(
        alice
            .get("/rest/v1/chat_sessions")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
