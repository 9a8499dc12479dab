//! Codes: to sign in, and to change the password.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tidings_local::{AuthBehaviour, Behaviour};

use crate::support::{PASSWORD, anon, start, user};

fn behaviour() -> Behaviour {
    let auth = AuthBehaviour {
        confirm_email: true,
        fixed_code: Some("123456".to_owned()),
        ..AuthBehaviour::default()
    };
    Behaviour {
        auth,
        ..Behaviour::default()
    }
}

fn code(kind: &str, token: &str) -> Value {
    json!({"type": kind, "email": "alice@example.com", "token": token})
}

#[tokio::test]
async fn an_address_is_confirmed_by_the_code() {
    let server = start(behaviour()).await;
    let nobody = anon(&server);
    let who = json!({"email": "Alice@example.com", "password": PASSWORD});
    let told = nobody.post("/auth/v1/signup", &who).await.json();
    assert_eq!(
        (told["email"].as_str(), &told["access_token"]),
        (Some("alice@example.com"), &Value::Null)
    );
    let sign_in = "/auth/v1/token?grant_type=password";
    assert_eq!(
        nobody.post(sign_in, &who).await.json()["error_code"],
        "email_not_confirmed"
    );
    let told = nobody
        .post("/auth/v1/verify", &code("signup", "654321"))
        .await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["error_code"]),
        (403, &json!("otp_expired"))
    );
    let session = nobody
        .post("/auth/v1/verify", &code("signup", "123456"))
        .await
        .json();
    assert!(session["access_token"].is_string());
    // A code is good once.
    let told = nobody
        .post("/auth/v1/verify", &code("signup", "123456"))
        .await;
    assert_eq!(told.json()["error_code"], "otp_expired");
    assert_eq!(nobody.post(sign_in, &who).await.status, 200);
    // Who is known already is not told.
    let told = nobody.post("/auth/v1/signup", &who).await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["identities"]),
        (200, &json!([]))
    );
}

#[tokio::test]
async fn a_code_signs_in_until_it_is_too_old() {
    let server = start(behaviour()).await;
    let nobody = anon(&server);
    let unknown = json!({"email": "alice@example.com", "create_user": false});
    assert_eq!(
        nobody.post("/auth/v1/otp", &unknown).await.json()["error_code"],
        "otp_disabled"
    );
    let known = json!({"email": "alice@example.com"});
    assert_eq!(nobody.post("/auth/v1/otp", &known).await.status, 200);
    assert_eq!(
        nobody
            .post("/auth/v1/verify", &code("email", "123456"))
            .await
            .status,
        200
    );
    assert_eq!(nobody.post("/auth/v1/recover", &known).await.status, 200);
    server.state().hooks().set_clock_offset(3_601);
    let told = nobody
        .post("/auth/v1/verify", &code("recovery", "123456"))
        .await;
    assert_eq!(told.json()["error_code"], "otp_expired");
}

#[tokio::test]
async fn without_a_fixed_code_there_are_no_codes() {
    let server = start(Behaviour::default()).await;
    let nobody = anon(&server);
    let who = json!({"email": "alice@example.com"});
    assert_eq!(
        nobody.post("/auth/v1/otp", &who).await.json()["error_code"],
        "otp_disabled"
    );
    let told = nobody.post("/auth/v1/verify", &code("email", "")).await;
    assert_eq!(told.json()["error_code"], "otp_expired");
    let told = nobody.get("/auth/v1/authorize?provider=github").await;
    assert_eq!(told.json()["error_code"], "validation_failed");
}

#[tokio::test]
async fn an_old_session_changes_the_password_with_a_code_alone() {
    let mut behaviour = behaviour();
    behaviour.auth.confirm_email = false;
    behaviour.auth.secure_password_change = true;
    // Longer than this test's clock is turned.
    behaviour.auth.token_lifetime = Duration::from_hours(48);
    let server = start(behaviour).await;
    let alice = user(&server, "alice").await;
    let change = async |body: Value| {
        let told = alice
            .ask(Method::PUT, "/auth/v1/user", &[], Some(&body.to_string()))
            .await;
        let code = told.json()["error_code"].as_str().map(str::to_owned);
        (told.status.as_u16(), code.unwrap_or_default())
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    let changed = || refused(200, "");
    // Within a day of the sign-in nothing is asked for.
    assert_eq!(change(json!({"password": "second one"})).await, changed());

    server.state().hooks().set_clock_offset(86_401);
    let third = json!({"password": "third one"});
    let needed = refused(400, "reauthentication_needed");
    assert_eq!(change(third.clone()).await, needed);
    assert_eq!(change(json!({"data": {"theme": "dark"}})).await, changed());
    let with = |nonce: &str| json!({"password": "third one", "nonce": nonce});
    let bad = refused(422, "reauthentication_not_valid");
    // The right code, which nobody asked for.
    assert_eq!(change(with("123456")).await, bad);
    assert_eq!(alice.get("/auth/v1/reauthenticate").await.status, 200);
    // It signs nobody in.
    let told = anon(&server)
        .post("/auth/v1/verify", &code("email", "123456"))
        .await;
    assert_eq!(told.json()["error_code"], "otp_expired");
    assert_eq!(change(with("654321")).await, bad);
    // What is refused for another reason leaves the code good.
    let same = json!({"password": "second one", "nonce": "123456"});
    assert_eq!(change(same).await, refused(422, "same_password"));
    assert_eq!(change(with("123456")).await, changed());
    let fourth = json!({"password": "fourth one", "nonce": "123456"});
    assert_eq!(change(fourth.clone()).await, bad);

    assert_eq!(alice.get("/auth/v1/reauthenticate").await.status, 200);
    server.state().hooks().set_clock_offset(86_401 + 3_601);
    assert_eq!(change(fourth).await, bad);
    let told = anon(&server).get("/auth/v1/reauthenticate").await;
    assert_eq!(told.status, 401);
}
