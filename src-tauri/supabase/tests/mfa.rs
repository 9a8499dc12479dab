//! Second factors, against the local workspace's own server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::local::{auth, device, start};
use common::{Answer, Server, within};
use serde_json::{Value, json};
use tidings_local::{AuthBehaviour, LocalServer, auth::totp};
use tidings_model::Timestamp;
use tidings_supabase::{
    Assurance, AuthState, Class, Error, Factor, MemoryStore, Scope, Secret, SessionStore as _,
    TokenManager,
};

const ALICE: &str = "alice@example.org";
const PASSWORD: &str = "correct horse";

/// The app that shows Alice's codes.
struct Phone {
    factor: String,
    secret: Secret,
}

impl Phone {
    /// The code so many steps from now.
    fn code(&self, server: &LocalServer, steps: i64) -> Secret {
        let now = server.state().clock().now().as_micros();
        let at = Timestamp::from_micros(now + steps * totp::PERIOD * 1_000_000);
        totp::code(self.secret.expose(), at).unwrap().into()
    }

    /// A code that counts neither now nor soon.
    fn wrong(&self, server: &LocalServer) -> Secret {
        let good: Vec<_> = (-2..=2).map(|steps| self.code(server, steps)).collect();
        let mut codes = (0..10).map(|digit| Secret::new(digit.to_string().repeat(6)));
        codes.find(|code| !good.contains(code)).unwrap()
    }
}

/// Alice's desk, with her phone as second factor. The code of now is used up.
async fn enrolled(server: &LocalServer) -> (TokenManager, Arc<MemoryStore>, Phone) {
    let (desk, store) = device(server).await;
    desk.sign_up(ALICE, &PASSWORD.into()).await.unwrap();
    let made = desk.enrol("Phone", "Tidings").await.unwrap();
    let phone = Phone {
        factor: made.factor,
        secret: made.secret,
    };
    desk.verify_factor(&phone.factor, &phone.code(server, 0))
        .await
        .unwrap();
    (desk, store, phone)
}

async fn signed_in(server: &LocalServer) -> (TokenManager, Arc<MemoryStore>) {
    let (tokens, store) = device(server).await;
    tokens
        .sign_in_password(ALICE, &PASSWORD.into())
        .await
        .unwrap();
    (tokens, store)
}

fn waits(tokens: &TokenManager) -> bool {
    matches!(&*tokens.state().borrow(), AuthState::SecondFactor { .. })
}

fn is_in(tokens: &TokenManager) -> bool {
    matches!(&*tokens.state().borrow(), AuthState::SignedIn { .. })
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

#[tokio::test]
async fn an_app_that_was_enrolled_is_asked_for_at_the_next_sign_in() {
    let server = start(AuthBehaviour::default()).await;
    let (desk, _, phone) = enrolled(&server).await;
    assert!(is_in(&desk));
    assert_eq!(claims(&desk.access_token().await.unwrap())["aal"], "aal2");

    let (tablet, store) = signed_in(&server).await;
    let factors = vec![Factor {
        id: phone.factor.clone(),
        name: Some("Phone".to_owned()),
    }];
    assert_eq!(
        *tablet.state().borrow(),
        AuthState::SecondFactor {
            email: Some(ALICE.to_owned()),
            factors: factors.clone(),
        }
    );
    // Nothing is opened meanwhile.
    assert_eq!(tablet.user(), None);
    assert!(tablet.subscribe().borrow().is_none());
    assert_eq!(tablet.access_token().await, Err(Error::SecondFactor));
    assert_eq!(Error::SecondFactor.class(), Class::SignedOut);
    let kept = store.load().unwrap().unwrap();
    assert_eq!(kept.assurance, Assurance::SecondFactor(factors));

    let code = phone.code(&server, 1);
    let user = tablet.verify_factor(&phone.factor, &code).await.unwrap();
    assert!(is_in(&tablet));
    assert_eq!(tablet.user(), Some(user));
    assert_eq!(claims(&tablet.access_token().await.unwrap())["aal"], "aal2");
    let kept = store.load().unwrap().unwrap();
    assert_eq!(kept.assurance, Assurance::Complete);
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_wrong_code_says_so_and_loses_nothing() {
    let server = start(AuthBehaviour::default()).await;
    let (_, _, phone) = enrolled(&server).await;
    let (tablet, store) = signed_in(&server).await;
    let before = store.load().unwrap();
    for _ in 0..3 {
        let wrong = phone.wrong(&server);
        let error = tablet
            .verify_factor(&phone.factor, &wrong)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("mfa_verification_failed"));
        assert_eq!(error.class(), Class::Permanent);
        assert!(error.to_string().contains("shows next"), "{error}");
        assert!(!format!("{error} {error:?}").contains(wrong.expose()));
        assert!(waits(&tablet));
    }
    assert_eq!(store.load().unwrap(), before);
    let code = phone.code(&server, 1);
    tablet.verify_factor(&phone.factor, &code).await.unwrap();
    assert!(is_in(&tablet));
}

#[tokio::test]
async fn the_wait_for_a_code_outlives_a_restart_and_the_token() {
    let server = start(AuthBehaviour::default()).await;
    let (_, _, phone) = enrolled(&server).await;
    let (_, store) = signed_in(&server).await;
    let again = TokenManager::open(auth(&server), store.clone())
        .await
        .unwrap();
    assert!(waits(&again));
    assert_eq!(again.access_token().await, Err(Error::SecondFactor));
    // Hours later: the token is over, the session is not.
    server.state().hooks().set_clock_offset(7_200);
    let code = phone.code(&server, 0);
    again.verify_factor(&phone.factor, &code).await.unwrap();
    assert!(is_in(&again));
    let later = TokenManager::open(auth(&server), store).await.unwrap();
    assert!(is_in(&later));
    assert_eq!(claims(&later.access_token().await.unwrap())["aal"], "aal2");
}

#[tokio::test]
async fn whoever_has_no_code_signs_out_and_is_forgotten() {
    let server = start(AuthBehaviour::default()).await;
    let (desk, _, phone) = enrolled(&server).await;
    let (tablet, store) = signed_in(&server).await;
    tablet.sign_out(Scope::Local).await.unwrap();
    assert_eq!(*tablet.state().borrow(), AuthState::SignedOut);
    assert_eq!(store.load().unwrap(), None);
    let code = phone.code(&server, 1);
    let late = tablet.verify_factor(&phone.factor, &code).await;
    assert_eq!(late, Err(Error::SignedOut));
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_factor_is_removed_and_asked_for_no_more() {
    let server = start(AuthBehaviour::default()).await;
    let (desk, _, phone) = enrolled(&server).await;
    let (tablet, _) = signed_in(&server).await;
    desk.unenrol(&phone.factor).await.unwrap();
    assert!(desk.factors().await.unwrap().verified.is_empty());
    assert_eq!(claims(&desk.access_token().await.unwrap())["aal"], "aal1");
    assert!(is_in(&desk));
    let (lent, _) = signed_in(&server).await;
    assert!(is_in(&lent));
    // Who waits for a code of it learns that none is asked for.
    let code = phone.code(&server, 1);
    tablet.verify_factor(&phone.factor, &code).await.unwrap();
    assert!(is_in(&tablet));
}

#[tokio::test]
async fn an_enrolment_that_was_given_up_is_in_nobodys_way() {
    let server = start(AuthBehaviour::default()).await;
    let (desk, _, phone) = enrolled(&server).await;
    let same = desk.enrol("Phone", "Tidings").await.unwrap_err();
    assert_eq!(same.code(), Some("mfa_factor_name_conflict"));
    assert!(same.to_string().contains("another name"), "{same}");
    let first = desk.enrol("Tablet", "Tidings").await.unwrap();
    let second = desk.enrol("Tablet", "Tidings").await.unwrap();
    assert_ne!(first.secret, second.secret);
    assert!(!format!("{second:?}").contains(second.secret.expose()));
    let factors = desk.factors().await.unwrap();
    let id = |factor: &Factor| factor.id.clone();
    assert_eq!(
        factors.verified.iter().map(id).collect::<Vec<_>>(),
        [phone.factor]
    );
    assert_eq!(
        factors.unverified.iter().map(id).collect::<Vec<_>>(),
        [second.factor]
    );
}

#[tokio::test]
async fn a_session_that_asks_for_more_since_is_asked_for_a_code() {
    // Such as another server's, that does not end sessions when a factor is added.
    let user = json!({"id": "alice", "email": ALICE, "factors": [
        {"id": "f", "friendly_name": "Phone", "factor_type": "totp", "status": "verified"},
    ]});
    let token = {
        use base64::Engine as _;
        let claims = json!({"aal": "aal1"}).to_string();
        let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
        format!("x.{part}.y")
    };
    let server = Server::start(move |seen| {
        let mut session = common::session(common::shown(seen) + 1, common::HOUR);
        session["user"] = user.clone();
        session["access_token"] = json!(token);
        Answer::json(200, &session)
    })
    .await;
    let store = common::store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    assert!(is_in(&tokens));
    assert_eq!(
        within(tokens.access_token()).await,
        Err(Error::SecondFactor)
    );
    assert!(waits(&tokens));
    let kept = store.load().unwrap().unwrap();
    assert_eq!(kept.refresh_token, Secret::new("r2"));
    assert!(matches!(kept.assurance, Assurance::SecondFactor(_)));
}

#[tokio::test]
async fn the_calls_are_those_of_the_protocol() {
    let server = Server::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/auth/v1/factors") => Answer::json(
            200,
            &json!({"id": "f", "type": "totp", "totp": {"secret": "S", "uri": "otpauth://totp/x"}}),
        ),
        ("POST", "/auth/v1/factors/f/challenge") => Answer::json(200, &json!({"id": "c"})),
        ("POST", _) => Answer::json(200, &common::session(1, common::HOUR)),
        _ => Answer::json(200, &json!({"id": "f"})),
    })
    .await;
    let auth = server.auth();
    let made = auth.enrol("a1", "Phone", "Tidings").await.unwrap();
    let challenge = auth.challenge("a1", &made.factor).await.unwrap();
    auth.answer_challenge("a1", &made.factor, &challenge, &"602214".into())
        .await
        .unwrap();
    auth.unenrol("a1", &made.factor).await.unwrap();
    auth.factors("a1").await.unwrap();
    let seen = server.seen();
    let calls: Vec<_> = seen
        .iter()
        .map(|seen| {
            assert_eq!(seen.header("authorization"), Some("Bearer a1"));
            let body = (!seen.body.is_empty()).then(|| seen.json());
            (seen.method.as_str(), seen.path.as_str(), body)
        })
        .collect();
    assert_eq!(
        calls,
        [
            (
                "POST",
                "/auth/v1/factors",
                Some(json!({"factor_type": "totp", "friendly_name": "Phone", "issuer": "Tidings"}))
            ),
            ("POST", "/auth/v1/factors/f/challenge", Some(json!({}))),
            (
                "POST",
                "/auth/v1/factors/f/verify",
                Some(json!({"challenge_id": "c", "code": "602214"}))
            ),
            ("DELETE", "/auth/v1/factors/f", None),
            ("GET", "/auth/v1/user", None),
        ]
    );
}

#[tokio::test]
async fn a_refresh_token_from_before_the_code_buys_nothing() {
    let server = start(AuthBehaviour::default()).await;
    let (_, _, phone) = enrolled(&server).await;
    let (tablet, store) = signed_in(&server).await;
    let before = store.load().unwrap().unwrap().refresh_token;
    let code = phone.code(&server, 1);
    tablet.verify_factor(&phone.factor, &code).await.unwrap();
    let stolen = auth(&server).refresh(&before).await.unwrap_err();
    assert_eq!(stolen.code(), Some("refresh_token_not_found"));
    tablet.verify().await.unwrap();
    let after = store.load().unwrap().unwrap().refresh_token;
    assert_ne!(before, after);
}

#[tokio::test]
async fn a_device_without_a_code_is_asked_to_sign_in_again() {
    let server = start(AuthBehaviour::default()).await;
    let (desk, _) = device(&server).await;
    desk.sign_up(ALICE, &PASSWORD.into()).await.unwrap();
    let (tablet, store) = signed_in(&server).await;
    assert!(is_in(&tablet));
    let made = desk.enrol("Phone", "Tidings").await.unwrap();
    let phone = Phone {
        factor: made.factor,
        secret: made.secret,
    };
    let code = phone.code(&server, 0);
    desk.verify_factor(&phone.factor, &code).await.unwrap();
    assert_eq!(tablet.verify().await, Err(Error::SignedOut));
    assert!(matches!(
        &*tablet.state().borrow(),
        AuthState::Expired { email: Some(email), .. } if email == ALICE
    ));
    assert_eq!(store.load().unwrap(), None);
    tablet
        .sign_in_password(ALICE, &PASSWORD.into())
        .await
        .unwrap();
    assert!(waits(&tablet));
}

#[tokio::test]
async fn a_renewal_under_way_does_not_undo_the_code() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let held = gate.clone();
    let server = Server::start(move |seen| match seen.path.as_str() {
        "/auth/v1/token" if common::shown(seen) == 1 => {
            Answer::json(200, &common::session(2, common::HOUR))
        }
        // The one that is under way when the code is shown.
        "/auth/v1/token" => Answer::json(
            400,
            &json!({"code": "refresh_token_not_found", "message": "gone"}),
        )
        .after(&held),
        "/auth/v1/factors/f/challenge" => Answer::json(200, &json!({"id": "c"})),
        _ => Answer::json(200, &common::session(9, common::HOUR)),
    })
    .await;
    let store = common::store_with(1);
    let tokens = TokenManager::open(server.auth(), store.clone())
        .await
        .unwrap();
    let first = within(tokens.access_token()).await.unwrap();
    let renewing = {
        let (tokens, first) = (tokens.clone(), first.clone());
        tokio::spawn(async move { tokens.renew(&first).await })
    };
    server.until(2).await;
    within(tokens.verify_factor("f", &"602214".into()))
        .await
        .unwrap();
    gate.notify_one();
    // What the store keeps by now is newer than what was refused: it is tried, and waits, too.
    server.until(5).await;
    gate.notify_one();
    within(renewing).await.unwrap().unwrap_err();
    assert!(is_in(&tokens));
    assert_eq!(within(tokens.access_token()).await.unwrap(), "a9");
    let kept = store.load().unwrap().unwrap();
    assert_eq!(kept.refresh_token, Secret::new("r9"));
}

#[tokio::test]
async fn guessing_ends_soon_and_says_what_to_do() {
    let server = start(AuthBehaviour::default()).await;
    let (_, _, phone) = enrolled(&server).await;
    let (tablet, _) = signed_in(&server).await;
    let wrong = phone.wrong(&server);
    for _ in 0..10 {
        tablet
            .verify_factor(&phone.factor, &wrong)
            .await
            .unwrap_err();
    }
    let code = phone.code(&server, 1);
    let error = tablet
        .verify_factor(&phone.factor, &code)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("over_request_rate_limit"));
    assert!(error.to_string().contains("Wait some minutes"), "{error}");
    assert!(waits(&tablet));
    server.state().hooks().set_clock_offset(301);
    let code = phone.code(&server, 0);
    tablet.verify_factor(&phone.factor, &code).await.unwrap();
}
