use reqwest::Method;
use serde_json::{Value, json};
use tidings_local::Behaviour;

use crate::support::{Actor, anon, service, start, user};

async fn refused(
    actor: &Actor,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> (u16, String, String) {
    let body = body.map(Value::to_string);
    let told = actor
        .ask(method, &format!("/rest/v1/{path}"), &[], body.as_deref())
        .await;
    let json = told.json();
    let keys: Vec<&str> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        ["code", "details", "hint", "message"],
        "{}",
        told.text
    );
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (told.status.as_u16(), text("code"), text("message"))
}

#[tokio::test]
async fn reads_are_refused_as_postgrest_refuses_them() {
    let server = start(Behaviour::default()).await;
    let alice = user(&server, "alice").await;
    for (path, status, code, message) in [
        (
            "todos",
            404,
            "PGRST205",
            "Could not find the table 'public.todos' in the schema cache",
        ),
        (
            "chat_messages?nope=eq.1",
            400,
            "42703",
            "column chat_messages.nope does not exist",
        ),
        (
            "chat_messages?select=nope",
            400,
            "42703",
            "column chat_messages.nope does not exist",
        ),
        (
            "chat_messages?order=nope",
            400,
            "42703",
            "column chat_messages.nope does not exist",
        ),
        (
            "chat_messages?id=eq.abc",
            400,
            "22P02",
            "invalid input syntax for type uuid: \"abc\"",
        ),
        (
            "chat_messages?created_at=gt.soon",
            400,
            "22007",
            "invalid input syntax for type timestamp with time zone: \"soon\"",
        ),
        (
            "crypto_prices?price=gt.much",
            400,
            "22P02",
            "invalid input syntax for type numeric: \"much\"",
        ),
        (
            "crypto_prices?market_cap=gt.99999999999999999999",
            400,
            "22003",
            "value \"99999999999999999999\" is out of range for type bigint",
        ),
        (
            "chat_messages?id=like.a*",
            404,
            "42883",
            "operator does not exist: uuid ~~ unknown",
        ),
        (
            "chat_messages?content=fts.a",
            404,
            "42883",
            "operator does not exist: text @@ unknown",
        ),
        (
            "chat_messages?content=is.true",
            400,
            "42804",
            "argument of IS TRUE must be type boolean, not type text",
        ),
        (
            "chat_messages?content=about.x",
            400,
            "PGRST100",
            "\"failed to parse filter (about.x)\" (line 1, column 1)",
        ),
        (
            "chat_sessions?select=*,chat_messages(*)",
            400,
            "PGRST200",
            "Could not find a relationship between 'chat_sessions' and 'chat_messages' in the schema cache",
        ),
        (
            "chat_sessions?chat_messages.id=eq.1",
            400,
            "PGRST108",
            "'chat_messages' is not an embedded resource in this request",
        ),
        (
            "chat_sessions?select=count()",
            400,
            "PGRST123",
            "Use of aggregate functions is not allowed",
        ),
        (
            "chat_sessions?limit=-1",
            416,
            "PGRST103",
            "Requested range not satisfiable",
        ),
        (
            "rpc/add",
            404,
            "PGRST202",
            "Could not find the function public.add without parameters in the schema cache",
        ),
        (
            "a/b",
            404,
            "PGRST125",
            "Invalid path specified in request URL",
        ),
    ] {
        let told = refused(&alice, Method::GET, path, None).await;
        assert_eq!(
            told,
            (status, code.to_owned(), message.to_owned()),
            "{path}"
        );
    }
    let (status, code, _) = refused(&alice, Method::PUT, "chat_sessions", None).await;
    assert_eq!((status, code.as_str()), (405, "PGRST117"));
    let told = alice
        .ask(
            Method::GET,
            "/rest/v1/chat_sessions",
            &[("accept-profile", "private")],
            None,
        )
        .await;
    assert_eq!(told.refusal(), (406, "PGRST106".to_owned()));
    let told = alice
        .ask(
            Method::GET,
            "/rest/v1/chat_sessions",
            &[("accept", "text/csv")],
            None,
        )
        .await;
    assert_eq!(told.refusal(), (406, "PGRST107".to_owned()));
}

#[tokio::test]
async fn writes_are_refused_as_postgres_refuses_them() {
    let server = start(Behaviour::default()).await;
    let alice = user(&server, "alice").await;
    alice.open("s").await;
    let id = "6f0c2d5c-8a3b-4c1d-9e2f-1a2b3c4d5e6f";
    let good = json!({"id": id, "session_id": "s", "content": "x", "role": "user"});
    assert_eq!(alice.insert("chat_messages", &good).await.status, 201);
    for (change, status, code, message) in [
        (
            json!({"role": "king"}),
            400,
            "23514",
            "new row for relation \"chat_messages\" violates check constraint \"chat_messages_role_check\"",
        ),
        (
            json!({"content": null}),
            400,
            "23502",
            "null value in column \"content\" of relation \"chat_messages\" violates not-null constraint",
        ),
        (
            json!({}),
            409,
            "23505",
            "duplicate key value violates unique constraint \"chat_messages_pkey\"",
        ),
        (
            json!({"id": "x"}),
            400,
            "22P02",
            "invalid input syntax for type uuid: \"x\"",
        ),
        (
            json!({"mood": "good"}),
            400,
            "PGRST204",
            "Could not find the 'mood' column of 'chat_messages' in the schema cache",
        ),
        (
            json!({"session_id": "other"}),
            403,
            "42501",
            "new row violates row-level security policy for table \"chat_messages\"",
        ),
        (
            json!({"user_id": "bob"}),
            403,
            "42501",
            "new row violates row-level security policy for table \"chat_messages\"",
        ),
    ] {
        let mut row = good.clone();
        row.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let told = refused(&alice, Method::POST, "chat_messages", Some(&row)).await;
        assert_eq!(
            told,
            (status, code.to_owned(), message.to_owned()),
            "{change}"
        );
    }
    let owner = service(&server);
    let told = owner.insert("chat_messages", &good).await;
    assert_eq!(
        told.json()["details"],
        format!("Key (id)=({id}) already exists.")
    );
    for broken in ["", "{", "[1]", "\"x\""] {
        let told = alice
            .ask(Method::POST, "/rest/v1/chat_messages", &[], Some(broken))
            .await;
        assert_eq!(told.refusal(), (400, "PGRST102".to_owned()), "{broken}");
    }
    let upsert = [("prefer", "resolution=merge-duplicates")];
    let told = alice
        .ask(
            Method::POST,
            "/rest/v1/chat_messages?on_conflict=content",
            &upsert,
            Some(&good.to_string()),
        )
        .await;
    assert_eq!(told.refusal(), (400, "42P10".to_owned()));
    let twice = json!([good, good]).to_string();
    let told = alice
        .ask(
            Method::POST,
            "/rest/v1/chat_messages",
            &upsert,
            Some(&twice),
        )
        .await;
    assert_eq!(told.refusal(), (500, "21000".to_owned()));
}

#[tokio::test]
async fn tokens_and_keys_decide_who_asks() {
    let server = start(Behaviour::default()).await;
    let alice = user(&server, "alice").await;
    alice.open("s").await;
    let path = "/rest/v1/chat_sessions";
    for (token, code) in [
        ("abc".to_owned(), "PGRST301"),
        ("a.b.c".to_owned(), "PGRST301"),
        (format!("{}x", alice.token.clone().unwrap()), "PGRST301"),
    ] {
        let told = Actor {
            token: Some(token),
            ..alice.clone()
        }
        .get(path)
        .await;
        assert_eq!(told.refusal(), (401, code.to_owned()));
        assert!(
            told.header("www-authenticate")
                .starts_with("Bearer error=\"invalid_token\"")
        );
    }
    server.state().hooks().set_clock_offset(3_600 + 31);
    let told = alice.get(path).await;
    assert_eq!(told.refusal(), (401, "PGRST303".to_owned()));
    assert_eq!(told.json()["message"], "JWT expired");
    server.state().hooks().set_clock_offset(-3_600);
    assert_eq!(
        alice.get(path).await.json()["message"],
        "JWT issued at future"
    );
    server.state().hooks().set_clock_offset(0);
    // A legacy key is sent as the bearer as well; a new key must not count as a token.
    let legacy = server.info().anon_key.reveal().to_owned();
    let key = server.info().publishable_key.reveal().to_owned();
    for (key, token) in [(&legacy, &legacy), (&key, &key), (&legacy, &key)] {
        let told = Actor {
            key: key.clone(),
            token: Some(token.clone()),
            ..anon(&server)
        };
        let expected = if key == token { 200 } else { 401 };
        assert_eq!(told.get(path).await.status, expected);
    }
    let nobody = anon(&server);
    for key in ["", "sb_publishable_wrong"] {
        let told = Actor {
            key: key.to_owned(),
            ..nobody.clone()
        }
        .get(path)
        .await;
        assert_eq!(
            (told.status.as_u16(), &told.json()["message"]),
            (401, &json!("Invalid API key"))
        );
    }
}

#[tokio::test]
async fn anonymous_requests_can_be_refused() {
    let server = start(Behaviour {
        anonymous: false,
        ..Behaviour::default()
    })
    .await;
    let told = anon(&server).get("/rest/v1/chat_sessions").await;
    assert_eq!(told.refusal(), (401, "PGRST302".to_owned()));
}
