//! Codes by mail and new passwords, against the local workspace's own server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::local::{auth, device, start};
use common::{Answer, Server};
use serde_json::json;
use tidings_local::{AuthBehaviour, LocalServer};
use tidings_supabase::{
    AuthState, Class, Error, Purpose, Scope, Secret, SessionStore as _, SignUp, TokenManager,
};

const ALICE: &str = "alice@example.org";
const CODE: &str = "602214";

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

/// A server that confirms addresses, and whose mails all carry [`CODE`].
async fn mailing() -> LocalServer {
    start(AuthBehaviour {
        confirm_email: true,
        fixed_code: Some(CODE.to_owned()),
        ..AuthBehaviour::default()
    })
    .await
}

/// Signs in with a code.
async fn enter(tokens: &TokenManager, purpose: Purpose) {
    let session = tokens.auth().verify(ALICE, &secret(CODE), purpose).await;
    tokens.adopt(session.unwrap()).await.unwrap();
}

/// Alice has an account with a confirmed address.
async fn registered(server: &LocalServer) {
    let auth = auth(server);
    auth.sign_up(ALICE, &secret("correct horse")).await.unwrap();
    auth.verify(ALICE, &secret(CODE), Purpose::SignUp)
        .await
        .unwrap();
}

fn says(error: &Error, code: &str, words: &str) {
    assert_eq!(error.code(), Some(code), "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn a_sign_up_is_confirmed_by_its_code_and_the_session_is_kept() {
    let server = mailing().await;
    let (tokens, store) = device(&server).await;
    let password = secret("correct horse");
    let pending = tokens.sign_up(ALICE, &password).await.unwrap();
    assert!(matches!(pending, SignUp::ConfirmationPending(_)));
    let early = tokens.sign_in_password(ALICE, &password).await.unwrap_err();
    says(&early, "email_not_confirmed", "Ask for a code");
    assert_eq!(store.load().unwrap(), None);

    tokens.auth().resend(ALICE).await.unwrap();
    enter(&tokens, Purpose::SignUp).await;
    assert!(matches!(
        &*tokens.state().borrow(),
        AuthState::SignedIn { email, .. } if email.as_deref() == Some(ALICE)
    ));
    let kept = store.load().unwrap().unwrap();
    assert_eq!(kept.user, tokens.verify().await.unwrap());
    let reopened = TokenManager::open(auth(&server), store).await.unwrap();
    assert_eq!(reopened.verify().await.unwrap(), kept.user);
    tokens.sign_in_password(ALICE, &password).await.unwrap();
}

#[tokio::test]
async fn a_code_signs_in_once_and_only_for_what_it_was_sent() {
    let server = mailing().await;
    registered(&server).await;
    let auth = auth(&server);
    auth.request_code(ALICE, false).await.unwrap();
    let refused = |code: &'static str, purpose| {
        let auth = auth.clone();
        async move {
            auth.verify(ALICE, &secret(code), purpose)
                .await
                .unwrap_err()
        }
    };
    for error in [
        refused("000000", Purpose::SignIn).await,
        refused(CODE, Purpose::Recovery).await,
    ] {
        says(&error, "otp_expired", "ask for a new one");
        assert_eq!(error.class(), Class::Permanent);
        assert!(!format!("{error} {error:?}").contains(CODE));
    }
    let session = auth.verify(ALICE, &secret(CODE), Purpose::SignIn).await;
    assert_eq!(session.unwrap().user.email.as_deref(), Some(ALICE));
    says(
        &refused(CODE, Purpose::SignIn).await,
        "otp_expired",
        "ask for a new one",
    );
}

#[tokio::test]
async fn a_code_makes_a_user_only_when_told_to() {
    let server = mailing().await;
    let auth = auth(&server);
    let unknown = auth.request_code(ALICE, false).await.unwrap_err();
    says(&unknown, "otp_disabled", "Check the address");
    auth.request_code(ALICE, true).await.unwrap();
    auth.verify(ALICE, &secret(CODE), Purpose::SignIn)
        .await
        .unwrap();

    let silent = start(AuthBehaviour::default()).await;
    let none = self::auth(&silent)
        .request_code(ALICE, true)
        .await
        .unwrap_err();
    says(&none, "otp_disabled", "sign in with a password");
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_new_one() {
    let server = mailing().await;
    registered(&server).await;
    let (tokens, _) = device(&server).await;
    tokens.auth().recover("nobody@example.org").await.unwrap();
    tokens.auth().recover(ALICE).await.unwrap();
    enter(&tokens, Purpose::Recovery).await;

    let weak = tokens
        .set_password(&secret("12345"), None)
        .await
        .unwrap_err();
    says(&weak, "weak_password", "at least 6 characters");
    let same = tokens.set_password(&secret("correct horse"), None).await;
    says(&same.unwrap_err(), "same_password", "Choose another one");
    tokens
        .set_password(&secret("battery staple"), None)
        .await
        .unwrap();
    tokens.verify().await.unwrap();

    let (other, _) = device(&server).await;
    let (old, new) = (secret("correct horse"), secret("battery staple"));
    let refused = other.sign_in_password(ALICE, &old).await.unwrap_err();
    assert_eq!(refused.code(), Some("invalid_credentials"));
    other.sign_in_password(ALICE, &new).await.unwrap();
}

#[tokio::test]
async fn signing_out_ends_this_session_the_others_or_all() {
    let server = mailing().await;
    registered(&server).await;
    let password = secret("correct horse");
    let mut devices = Vec::new();
    for _ in 0..4 {
        let (tokens, store) = device(&server).await;
        tokens.sign_in_password(ALICE, &password).await.unwrap();
        devices.push((tokens, store));
    }
    let [
        (desk, desk_store),
        (phone, _),
        (tablet, tablet_store),
        (lent, lent_store),
    ] = &devices[..]
    else {
        panic!("four devices");
    };
    lent.sign_out(Scope::Local).await.unwrap();
    assert_eq!(lent_store.load().unwrap(), None);
    phone.verify().await.unwrap();

    desk.sign_out(Scope::Others).await.unwrap();
    desk.verify().await.unwrap();
    assert_eq!(phone.verify().await, Err(Error::SignedOut));

    tablet.sign_in_password(ALICE, &password).await.unwrap();
    desk.sign_out(Scope::Global).await.unwrap();
    assert_eq!(*desk.state().borrow(), AuthState::SignedOut);
    assert_eq!(desk_store.load().unwrap(), None);
    assert_eq!(tablet.verify().await, Err(Error::SignedOut));
    assert_eq!(tablet_store.load().unwrap(), None);
    assert_eq!(desk.sign_out(Scope::Global).await, Err(Error::SignedOut));
}

#[tokio::test]
async fn signing_out_everywhere_changes_nothing_unless_the_server_is_told() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/auth/v1/token" => common::renewing(seen),
        _ => Answer::html(502),
    })
    .await;
    let store = common::store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let error = tokens.sign_out(Scope::Global).await.unwrap_err();
    assert!(
        matches!(error.class(), Class::Transient { .. }),
        "{error:?}"
    );
    assert_eq!(store.load().unwrap(), Some(common::kept(2)));
    assert!(matches!(
        *tokens.state().borrow(),
        AuthState::SignedIn { .. }
    ));
}

#[tokio::test]
async fn too_many_mails_are_told_with_what_to_do() {
    let code = "over_email_send_rate_limit";
    let server = Server::start(move |_| {
        let message = "For security purposes, you can only request this after 57 seconds.";
        Answer::json(429, &json!({"code": code, "message": message}))
    })
    .await;
    let error = server.auth().recover(ALICE).await.unwrap_err();
    says(&error, code, "Wait a minute");
    assert!(
        matches!(error.class(), Class::Transient { retry_after: Some(wait) } if wait.as_secs() >= 60)
    );
}

#[tokio::test]
async fn a_password_is_changed_with_a_code_where_the_project_asks_for_one() {
    let server = start(AuthBehaviour {
        fixed_code: Some(CODE.to_owned()),
        secure_password_change: true,
        ..AuthBehaviour::default()
    })
    .await;
    let (tokens, _) = device(&server).await;
    tokens
        .sign_up(ALICE, &secret("correct horse"))
        .await
        .unwrap();
    // Over a day later the token has ended too, and is renewed on the way.
    server.state().hooks().set_clock_offset(25 * 3600);
    let new = secret("battery staple");
    let needed = tokens.set_password(&new, None).await.unwrap_err();
    says(
        &needed,
        "reauthentication_needed",
        "The old one is still good",
    );
    let set = async |code: &str| tokens.set_password(&new, Some(&secret(code))).await;
    says(
        &set(CODE).await.unwrap_err(),
        "reauthentication_not_valid",
        "ask for a new one",
    );
    tokens.reauthenticate().await.unwrap();
    let wrong = set("000000").await.unwrap_err();
    says(&wrong, "reauthentication_not_valid", "still the old one");
    assert_eq!(wrong.class(), Class::Permanent);
    assert!(!format!("{wrong} {wrong:?}").contains("000000"));
    assert!(matches!(
        *tokens.state().borrow(),
        AuthState::SignedIn { .. }
    ));
    assert_eq!(set(CODE).await.unwrap(), tokens.verify().await.unwrap());
    tokens.sign_in_password(ALICE, &new).await.unwrap();
}

#[tokio::test]
async fn the_calls_are_those_of_the_protocol() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/auth/v1/user" => Answer::json(200, &json!({"id": "alice"})),
        "/auth/v1/verify" => Answer::json(200, &common::session(1, 3600)),
        _ => Answer::json(200, &json!({})),
    })
    .await;
    let auth = server.auth();
    auth.request_code(ALICE, false).await.unwrap();
    auth.recover(ALICE).await.unwrap();
    auth.resend(ALICE).await.unwrap();
    for purpose in [Purpose::SignIn, Purpose::SignUp, Purpose::Recovery] {
        auth.verify(ALICE, &secret(CODE), purpose).await.unwrap();
    }
    auth.set_password("a1", &secret("battery staple"), None)
        .await
        .unwrap();
    auth.set_password("a1", &secret("battery staple"), Some(&secret(CODE)))
        .await
        .unwrap();
    auth.reauthenticate("a1").await.unwrap();
    let seen = server.seen();
    let last = seen.last().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.as_str(), last.body.as_str()),
        ("GET", "/auth/v1/reauthenticate", "")
    );
    assert_eq!(last.header("authorization"), Some("Bearer a1"));
    let calls: Vec<_> = seen[..seen.len() - 1]
        .iter()
        .map(|seen| (seen.method.as_str(), seen.path.as_str(), seen.json()))
        .collect();
    let verify = |kind: &str| json!({"type": kind, "token": CODE, "email": ALICE});
    assert_eq!(
        calls,
        [
            (
                "POST",
                "/auth/v1/otp",
                json!({"email": ALICE, "create_user": false})
            ),
            ("POST", "/auth/v1/recover", json!({"email": ALICE})),
            (
                "POST",
                "/auth/v1/resend",
                json!({"type": "signup", "email": ALICE})
            ),
            ("POST", "/auth/v1/verify", verify("email")),
            ("POST", "/auth/v1/verify", verify("signup")),
            ("POST", "/auth/v1/verify", verify("recovery")),
            (
                "PUT",
                "/auth/v1/user",
                json!({"password": "battery staple"})
            ),
            (
                "PUT",
                "/auth/v1/user",
                json!({"password": "battery staple", "nonce": CODE})
            ),
        ]
    );
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[6].header("authorization"), Some("Bearer a1"));
}
