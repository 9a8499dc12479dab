use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tidings_local::{AuthBehaviour, Behaviour, LocalServer};

use crate::support::{Actor, PASSWORD, anon, service, start, user};

const NEW_SHAPE: [(&str, &str); 1] = [("x-supabase-api-version", "2024-01-01")];

fn with(auth: AuthBehaviour) -> Behaviour {
    Behaviour {
        auth,
        ..Behaviour::default()
    }
}

async fn sign_in(server: &LocalServer, name: &str) -> Value {
    let body = json!({"email": format!("{name}@example.com"), "password": PASSWORD});
    let told = anon(server)
        .post("/auth/v1/token?grant_type=password", &body)
        .await;
    assert_eq!(told.status, 200, "{}", told.text);
    told.json()
}

async fn refresh(server: &LocalServer, token: &Value) -> crate::support::Told {
    let body = json!({"refresh_token": token});
    anon(server)
        .post("/auth/v1/token?grant_type=refresh_token", &body)
        .await
}

#[tokio::test]
async fn refusals_come_in_the_shape_that_is_asked_for() {
    let server = start(Behaviour::default()).await;
    let nobody = anon(&server);
    let wrong = json!({"email": "alice@example.com", "password": "wrong"}).to_string();
    let path = "/auth/v1/token?grant_type=password";
    let told = nobody
        .ask(Method::POST, path, &NEW_SHAPE, Some(&wrong))
        .await;
    assert_eq!(told.status, 400);
    assert_eq!(
        told.json(),
        json!({"code": "invalid_credentials", "message": "Invalid login credentials"})
    );
    assert_eq!(told.header("x-sb-error-code"), "invalid_credentials");
    let told = nobody.ask(Method::POST, path, &[], Some(&wrong)).await;
    assert_eq!(
        told.json(),
        json!({"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"})
    );
    let weak = json!({"email": "alice@example.com", "password": "short"}).to_string();
    let told = nobody
        .ask(Method::POST, "/auth/v1/signup", &NEW_SHAPE, Some(&weak))
        .await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["reasons"]),
        (422, &json!(["length"]))
    );
    let told = nobody
        .ask(Method::POST, "/auth/v1/signup", &[], Some(&weak))
        .await;
    assert_eq!(told.json()["weak_password"], json!({"reasons": ["length"]}));
    let told = nobody
        .ask(Method::POST, "/auth/v1/signup", &NEW_SHAPE, Some("{"))
        .await;
    assert_eq!(told.refusal(), (400, "bad_json".to_owned()));
}

#[tokio::test]
async fn a_refresh_token_rotates_and_a_stolen_one_ends_the_session() {
    let server = start(Behaviour::default()).await;
    user(&server, "alice").await;
    let first = sign_in(&server, "alice").await;
    assert_eq!(first["refresh_token"].as_str().unwrap().len(), 12);
    let second = refresh(&server, &first["refresh_token"]).await.json();
    // The answer was lost: the parent of the active token still gives the active one.
    server.state().hooks().set_clock_offset(60);
    let again = refresh(&server, &first["refresh_token"]).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    let third = refresh(&server, &second["refresh_token"]).await.json();
    // Two steps behind, but used a moment ago.
    server.state().hooks().set_clock_offset(5);
    let late = refresh(&server, &first["refresh_token"]).await.json();
    assert_eq!(late["refresh_token"], third["refresh_token"]);
    server.state().hooks().set_clock_offset(120);
    let told = refresh(&server, &first["refresh_token"]).await;
    assert_eq!(told.json()["error_code"], "refresh_token_already_used");
    let told = refresh(&server, &third["refresh_token"]).await;
    assert_eq!(told.json()["error_code"], "refresh_token_not_found");
}

#[tokio::test]
async fn racing_refreshes_end_in_one_chain() {
    let server = start(Behaviour::default()).await;
    user(&server, "alice").await;
    let session = sign_in(&server, "alice").await;
    let (a, b) = tokio::join!(
        refresh(&server, &session["refresh_token"]),
        refresh(&server, &session["refresh_token"])
    );
    assert_eq!(a.json()["refresh_token"], b.json()["refresh_token"]);
    assert_eq!(
        refresh(&server, &b.json()["refresh_token"]).await.status,
        200
    );
}

#[tokio::test]
async fn a_user_is_told_only_while_the_session_lives() {
    let server = start(Behaviour::default()).await;
    let alice = user(&server, "alice").await;
    assert_eq!(
        alice.get("/auth/v1/user").await.json()["email"],
        "alice@example.com"
    );
    let nobody = anon(&server);
    assert_eq!(
        nobody.get("/auth/v1/user").await.json()["error_code"],
        "no_authorization"
    );
    let forged = Actor {
        token: Some("a.b.c".to_owned()),
        ..alice.clone()
    };
    let told = forged.get("/auth/v1/user").await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["error_code"]),
        (403, &json!("bad_jwt"))
    );
    let key = Actor {
        token: Some(server.info().anon_key.reveal().to_owned()),
        ..nobody
    };
    assert_eq!(
        key.get("/auth/v1/user").await.json()["msg"],
        "invalid claim: missing sub claim"
    );
    assert_eq!(
        alice
            .post("/auth/v1/logout?scope=local", &json!({}))
            .await
            .status,
        204
    );
    let told = alice.get("/auth/v1/user").await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["error_code"]),
        (403, &json!("session_not_found"))
    );
}

#[tokio::test]
async fn the_lifetime_of_tokens_can_be_changed() {
    let auth = AuthBehaviour {
        token_lifetime: Duration::from_mins(2),
        ..AuthBehaviour::default()
    };
    let server = start(Behaviour {
        auth,
        test_hooks: true,
        ..Behaviour::default()
    })
    .await;
    let alice = user(&server, "alice").await;
    assert_eq!(sign_in(&server, "alice").await["expires_in"], 120);
    let owner = service(&server);
    let told = owner
        .post("/_test/token-lifetime", &json!({"seconds": 7}))
        .await;
    assert_eq!(told.status, 204);
    assert_eq!(sign_in(&server, "alice").await["expires_in"], 7);
    assert_eq!(
        owner
            .post("/_test/clock", &json!({"seconds": 121}))
            .await
            .status,
        204
    );
    assert_eq!(
        alice.get("/auth/v1/user").await.json()["error_code"],
        "bad_jwt"
    );
    assert_eq!(
        owner
            .post("/_test/clock", &json!({"seconds": 0}))
            .await
            .status,
        204
    );
    let path = format!("/_test/users/{}/end-sessions", alice.id);
    assert_eq!(owner.post(&path, &json!({})).await.status, 204);
    assert_eq!(
        alice.get("/auth/v1/user").await.json()["error_code"],
        "session_not_found"
    );
    assert_eq!(
        alice
            .post("/_test/clock", &json!({"seconds": 1}))
            .await
            .status,
        403
    );
    let plain = start(Behaviour::default()).await;
    let told = service(&plain)
        .post("/_test/clock", &json!({"seconds": 1}))
        .await;
    assert_eq!(told.status, 404);
}

#[tokio::test]
async fn only_the_service_role_administers_users() {
    let server = start(Behaviour::default()).await;
    let (owner, alice) = (service(&server), user(&server, "alice").await);
    let body = json!({"email": "bob@example.com", "password": PASSWORD, "email_confirm": true,
        "user_metadata": {"name": "Bob"}});
    let told = owner.post("/auth/v1/admin/users", &body).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let bob = told.json();
    assert_eq!(bob["user_metadata"]["name"], "Bob");
    assert_eq!(
        owner.post("/auth/v1/admin/users", &body).await.json()["error_code"],
        "email_exists"
    );
    assert_eq!(sign_in(&server, "bob").await["user"]["id"], bob["id"]);
    let told = alice.post("/auth/v1/admin/users", &body).await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["error_code"]),
        (403, &json!("not_admin"))
    );
    let told = anon(&server).post("/auth/v1/admin/users", &body).await;
    assert_eq!(told.json()["error_code"], "no_authorization");
    let listed = owner.get("/auth/v1/admin/users").await.json();
    assert_eq!(listed["users"].as_array().unwrap().len(), 2);
    let path = format!("/auth/v1/admin/users/{}", bob["id"].as_str().unwrap());
    assert_eq!(
        owner.ask(Method::DELETE, &path, &[], None).await.status,
        200
    );
    assert_eq!(
        owner.get(&path).await.json()["error_code"],
        "user_not_found"
    );
    assert_eq!(
        owner
            .ask(Method::DELETE, "/auth/v1/admin/users/x", &[], None)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn settings_say_what_is_switched() {
    let auth = AuthBehaviour {
        signup: false,
        ..AuthBehaviour::default()
    };
    let server = start(with(auth)).await;
    let nobody = anon(&server);
    assert_eq!(
        nobody.get("/auth/v1/settings").await.json()["disable_signup"],
        true
    );
    assert_eq!(nobody.get("/auth/v1/health").await.status, 200);
    assert_eq!(
        nobody.get("/auth/v1/.well-known/jwks.json").await.json(),
        json!({"keys": []})
    );
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    let told = nobody.post("/auth/v1/signup", &body).await;
    assert_eq!(told.json()["error_code"], "signup_disabled");
}
