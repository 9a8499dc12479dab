//! The calls of PostgREST against a real HTTP server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use common::{Answer, Seen, Server, signing_in};
use serde_json::json;
use tidings_supabase::{
    Class, Error, Filter, Http, Insert, MemoryStore, Query, Rest, Secret, TokenManager,
};

fn anonymous(server: &Server) -> Rest {
    Rest::new(Http::new().unwrap(), server.project())
}

/// A client that has signed in: its first token is `a1`, the next `a2`, …
async fn signed_in(server: &Server) -> Rest {
    let tokens = TokenManager::open(server.auth(), Arc::new(MemoryStore::new()))
        .await
        .unwrap();
    tokens
        .sign_in_password("alice@example.org", &Secret::new("pw"))
        .await
        .unwrap();
    anonymous(server).with_tokens(tokens)
}

fn asked(server: &Server) -> Vec<Seen> {
    server
        .seen()
        .into_iter()
        .filter(|seen| seen.path.starts_with("/rest/"))
        .collect()
}

#[tokio::test]
async fn a_read_carries_its_query_and_gives_rows_untouched() {
    let row = r#"{"id":9223372036854775807,"price":67890.123456789012345678901234567890}"#;
    let server = Server::start(move |seen| {
        signing_in(seen).unwrap_or_else(|| Answer {
            body: format!("[{row}]"),
            ..Answer::json(206, &json!([]))
                .with("content-range", "0-0/3573")
                .with("date", "Sun, 22 Nov 2026 10:00:00 GMT")
        })
    })
    .await;
    let rest = signed_in(&server).await.with_schema("chat");
    let query = Query::new()
        .columns(&["id", "price"])
        .filter(Filter::eq("symbol", "B+C & Ä"))
        .descending("id")
        .limit(1)
        .count();
    let rows = rest.select("crypto_prices", &query).await.unwrap();
    assert_eq!(rows.rows[0].get(), row);
    assert_eq!(rows.total, Some(3573));
    assert_eq!(
        rows.date
            .unwrap()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs(),
        1_795_341_600
    );
    let seen = asked(&server).remove(0);
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("GET", "/rest/v1/crypto_prices")
    );
    let pairs = seen.pairs();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let expected = [
        ("select", "id,price"),
        ("symbol", "eq.B+C & Ä"),
        ("order", "id.desc"),
        ("limit", "1"),
    ];
    assert_eq!(pairs, expected);
    assert_eq!(seen.header("authorization"), Some("Bearer a1"));
    assert_eq!(seen.header("apikey"), Some("sb_publishable_test"));
    assert_eq!(seen.header("accept-profile"), Some("chat"));
    assert_eq!(seen.header("prefer"), Some("count=exact"));
}

#[tokio::test]
async fn writes_ask_for_the_row_and_say_what_a_duplicate_means() {
    let server = Server::start(
        |seen| match (seen.method.as_str(), seen.body.contains("twice")) {
            ("POST", true) => Answer::json(200, &json!([])),
            ("POST", false) => Answer::json(201, &json!([{"id": "once"}])),
            _ => Answer::json(200, &json!([{"id": "1"}, {"id": "2"}])),
        },
    )
    .await;
    let rest = anonymous(&server).with_schema("public");
    let once = rest
        .insert_ignore_duplicates("t", &json!({"id": "once"}))
        .await
        .unwrap();
    assert!(matches!(once, Insert::Inserted(row) if row.get() == r#"{"id":"once"}"#));
    let twice = rest
        .insert_ignore_duplicates("t", &json!({"id": "twice"}))
        .await
        .unwrap();
    assert!(matches!(twice, Insert::AlreadyThere));
    rest.upsert("user_presence", "user_id", &json!({"user_id": "a"}))
        .await
        .unwrap();
    let filter = Filter::any_of("id", ["1", "2"]);
    assert_eq!(
        rest.update("t", &filter, &json!({"a": 1}))
            .await
            .unwrap()
            .rows
            .len(),
        2
    );
    assert_eq!(rest.delete("t", &filter).await.unwrap().rows.len(), 2);
    let written: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| {
            assert_eq!(seen.header("content-profile"), Some("public"));
            let pairs = seen
                .pairs()
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"));
            let prefer = seen.header("prefer").unwrap().to_owned();
            (
                seen.method.clone(),
                pairs.collect::<Vec<_>>().join("&"),
                prefer,
            )
        })
        .collect();
    let row = |method: &str, query: &str, prefer: &str| {
        (method.to_owned(), query.to_owned(), prefer.to_owned())
    };
    let ignore = "resolution=ignore-duplicates,return=representation";
    let merge = "resolution=merge-duplicates,return=representation";
    let expected = [
        row("POST", "on_conflict=id", ignore),
        row("POST", "on_conflict=id", ignore),
        row("POST", "on_conflict=user_id", merge),
        row("PATCH", "id=in.(1,2)", "return=representation"),
        row("DELETE", "id=in.(1,2)", "return=representation"),
    ];
    assert_eq!(written, expected);
}

#[tokio::test]
async fn a_count_fetches_no_row() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/rest/v1/t" => Answer {
            status: 200,
            ..Answer::default()
        }
        .with("content-range", "*/42"),
        _ => Answer {
            status: 200,
            ..Answer::default()
        },
    })
    .await;
    let rest = anonymous(&server);
    assert_eq!(rest.count("t", &Query::new()).await.unwrap(), 42);
    assert_eq!(server.seen()[0].method, "HEAD");
    assert!(matches!(
        rest.count("other", &Query::new()).await,
        Err(Error::InvalidAnswer(_))
    ));
}

#[tokio::test]
async fn what_would_touch_everything_or_is_too_long_is_never_sent() {
    let server = Server::start(|_| Answer::json(200, &json!([]))).await;
    let rest = anonymous(&server);
    let all = Filter::All(vec![]);
    assert_eq!(
        rest.delete("t", &all).await.unwrap_err(),
        Error::MissingFilter
    );
    assert_eq!(
        rest.update("t", &all, &json!({})).await.unwrap_err(),
        Error::MissingFilter
    );
    let many = Filter::any_of("id", (0..2_000).map(|n| format!("id-{n}")));
    let error = rest
        .select("t", &Query::new().filter(many))
        .await
        .unwrap_err();
    assert_eq!(error, Error::RequestTooLong);
    let schema = anonymous(&server).with_schema("a\nb");
    assert!(matches!(
        schema.select("t", &Query::new()).await,
        Err(Error::InvalidRequest(_))
    ));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_repeated() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| match seen.header("authorization") {
            Some("Bearer a1") => {
                Answer::json(401, &json!({"code": "PGRST303", "message": "JWT expired"}))
            }
            _ => Answer::json(200, &json!([{"id": 1}])),
        })
    })
    .await;
    let rest = signed_in(&server).await;
    let (query, row) = (Query::new(), json!({"id": 1}));
    let (one, two) = tokio::join!(
        rest.select("t", &query),
        rest.insert_ignore_duplicates("t", &row)
    );
    assert_eq!(one.unwrap().rows.len(), 1);
    assert!(matches!(two.unwrap(), Insert::Inserted(_)));
    let refreshes = server
        .seen()
        .iter()
        .filter(|seen| seen.query.contains("refresh"))
        .count();
    assert_eq!(refreshes, 1, "two refusals of one token are one renewal");
    assert_eq!(
        asked(&server).last().unwrap().header("authorization"),
        Some("Bearer a2")
    );
}

#[tokio::test]
async fn a_token_that_stays_refused_fails_without_a_loop_and_without_losing_the_message() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| {
            Answer::json(
                401,
                &json!({"code": "PGRST301", "message": "No suitable key"}),
            )
        })
    })
    .await;
    let rest = signed_in(&server).await;
    let renewals = || {
        let seen = server.seen();
        let renewed = |seen: &&Seen| seen.query.contains("grant_type=refresh_token");
        seen.iter().filter(renewed).count()
    };
    // With the token, then with a new one; after that no call makes another new one.
    for requests in [2, 3, 4] {
        let error = rest.select("t", &Query::new()).await.unwrap_err();
        assert!(
            matches!(
                error.class(),
                Class::Transient {
                    retry_after: Some(_)
                }
            ),
            "{error:?}"
        );
        assert_eq!((asked(&server).len(), renewals()), (requests, 1));
    }
}

#[tokio::test]
async fn a_token_from_the_servers_future_is_shown_again_and_not_renewed() {
    let tries = AtomicU32::new(0);
    let server = Server::start(move |seen| {
        signing_in(seen).unwrap_or_else(|| match tries.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::json(
                401,
                &json!({"code": "PGRST303", "message": "JWT issued at future"}),
            ),
            _ => Answer::json(200, &json!([])),
        })
    })
    .await;
    signed_in(&server)
        .await
        .select("t", &Query::new())
        .await
        .unwrap();
    assert_eq!(asked(&server).len(), 2);
    assert!(
        !server
            .seen()
            .iter()
            .any(|seen| seen.query.contains("refresh"))
    );
}

#[tokio::test]
async fn a_refused_row_is_not_a_refused_token() {
    let server = Server::start(|seen| {
        signing_in(seen).unwrap_or_else(|| {
            let message = "new row violates row-level security policy for table \"t\"";
            Answer::json(
                401,
                &json!({"code": "42501", "message": message, "details": null}),
            )
        })
    })
    .await;
    let rest = signed_in(&server).await;
    let error = rest
        .insert_ignore_duplicates("t", &json!({"id": 1}))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.class()),
        (Some("42501"), Class::Permanent)
    );
    assert_eq!(asked(&server).len(), 1);
}

#[tokio::test]
async fn nobody_signed_in_asks_nothing_instead_of_asking_as_anybody() {
    let server = Server::start(|_| Answer::json(200, &json!([]))).await;
    let tokens = TokenManager::open(server.auth(), Arc::new(MemoryStore::new()))
        .await
        .unwrap();
    let rest = anonymous(&server).with_tokens(tokens);
    let error = rest.select("t", &Query::new()).await.unwrap_err();
    assert_eq!(
        (&error, error.class()),
        (&Error::SignedOut, Class::SignedOut)
    );
    assert!(server.seen().is_empty());
}

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_limit_without_a_time_is_asked_ever_more_rarely_by_all_together() {
    let limited = Arc::new(AtomicBool::new(true));
    let flag = limited.clone();
    let server = Server::start(move |seen| {
        signing_in(seen).unwrap_or_else(|| {
            if flag.load(Ordering::SeqCst) {
                Answer::json(429, &json!({"message": "Too many requests"}))
            } else {
                Answer::json(200, &json!([]))
            }
        })
    })
    .await;
    let rest = signed_in(&server).await;
    let everybody: Vec<_> = (0..4).map(|_| rest.clone()).collect();
    let mut last = Duration::ZERO;
    for round in 1..=8 {
        let mut waits = Vec::new();
        for one in &everybody {
            let error = one.select("t", &Query::new()).await.unwrap_err();
            assert_eq!(error.status(), Some(429));
            assert!(error.to_string().contains("by itself"), "{error}");
            waits.push(error.retry_after().unwrap());
        }
        assert_eq!(asked(&server).len(), round, "one request a round");
        assert!(waits.is_sorted_by(|a, b| a >= b), "{waits:?}");
        let bound = Duration::from_secs(1 << round).min(Duration::from_mins(1));
        assert!(waits[0] <= bound, "{waits:?} over {bound:?}");
        last = waits[0];
        pass(last).await;
    }
    assert!(last > Duration::from_secs(29), "{last:?}");

    limited.store(false, Ordering::SeqCst);
    rest.select("t", &Query::new()).await.unwrap();
    limited.store(true, Ordering::SeqCst);
    let error = rest.select("t", &Query::new()).await.unwrap_err();
    assert!(error.retry_after().unwrap() <= Duration::from_secs(2));
}

#[tokio::test]
async fn trouble_on_the_way_is_told_apart() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/rest/v1/busy" => {
            Answer::json(503, &json!({"code": "PGRST001", "message": "x"})).with("retry-after", "7")
        }
        "/rest/v1/gateway" => Answer::html(502),
        "/rest/v1/portal" => Answer::html(200),
        "/rest/v1/missing" => Answer::html(404),
        "/rest/v1/broken" => Answer {
            status: 200,
            body: "[{".to_owned(),
            ..Answer::default()
        },
        "/rest/v1/huge" => Answer {
            body: " ".repeat(65 << 20),
            ..Answer::json(200, &json!([]))
        },
        _ => Answer::json(
            404,
            &json!({"code": "PGRST205", "message": "no such table"}),
        ),
    })
    .await;
    let rest = anonymous(&server);
    let fails = async |table: &str| rest.select(table, &Query::new()).await.unwrap_err();
    let seven = Class::Transient {
        retry_after: Some(Duration::from_secs(7)),
    };
    assert_eq!(fails("busy").await.class(), seven);
    assert_eq!(
        fails("gateway").await.class(),
        Class::Transient { retry_after: None }
    );
    assert_eq!(fails("portal").await, Error::NotSupabase { status: 200 });
    assert_eq!(fails("missing").await, Error::NotSupabase { status: 404 });
    assert!(matches!(fails("broken").await, Error::InvalidAnswer(_)));
    assert_eq!(fails("huge").await, Error::AnswerTooLarge);
    let unknown = fails("unknown").await;
    assert_eq!(
        (unknown.code(), unknown.class()),
        (Some("PGRST205"), Class::Permanent)
    );
}
