//! Sign-in by code.

use serde_json::{Value, json};
use tidings_local::{AuthBehaviour, Behaviour};

use crate::support::{PASSWORD, anon, start};

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
