//! Sessions: opened, renewed, ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use tidings_supabase::{
    AuthState, Class, Error, MemoryStore, Query, Scope, Secret, Session, SessionStore as _,
};
use uuid::Uuid;

use crate::target::{Target, in_session, values};
use crate::token::resigned;

pub async fn the_services_say_what_they_are(target: &Target) {
    let settings = target.auth().settings().await.unwrap();
    assert_eq!(settings.external.get("email"), Some(&true));
    assert!(!settings.disable_signup && settings.mailer_autoconfirm);
    target.auth().health().await.unwrap();
}

pub async fn signing_up_signs_in_and_the_password_does_so_again(target: &Target) {
    let alice = target.newcomer("alice").await;
    let signed_in = AuthState::SignedIn {
        user_id: alice.id.clone(),
        email: Some(alice.email.clone()),
        name: None,
    };
    assert_eq!(alice.state(), signed_in);
    assert_eq!(alice.tokens.verify().await.unwrap().id, alice.id);

    let phone = target.open(&Arc::default()).await;
    let user = phone
        .sign_in_password(&alice.email, &alice.password)
        .await
        .unwrap();
    assert_eq!(user.id, alice.id);
    assert_eq!(*phone.state().borrow(), signed_in);
    let session = alice.session().await;
    alice.write(&alice.message(&session, "Hello")).await;
    let query = Query::new().filter(in_session(&session));
    let seen = target
        .rest(&phone)
        .select("chat_messages", &query)
        .await
        .unwrap();
    assert_eq!(values(&seen)[0]["content"], "Hello");
}

pub async fn a_wrong_password_and_a_taken_address_are_told_apart_and_sign_nobody_in(
    target: &Target,
) {
    let alice = target.newcomer("alice").await;
    let store = Arc::new(MemoryStore::new());
    let tokens = target.open(&store).await;
    let wrong = Secret::new("not the password");
    let unknown = format!("nobody-{}@example.com", Uuid::new_v4());
    for email in [&alice.email, &unknown] {
        let error = tokens.sign_in_password(email, &wrong).await.unwrap_err();
        assert_eq!(error.code(), Some("invalid_credentials"), "{error}");
        assert_eq!(error.class(), Class::Permanent);
    }
    let error = tokens.sign_up(&alice.email, &wrong).await.unwrap_err();
    assert_eq!(error.code(), Some("user_already_exists"), "{error}");
    assert_eq!(error.class(), Class::Permanent);
    assert_eq!(*tokens.state().borrow(), AuthState::SignedOut);
    assert_eq!(store.load().unwrap(), None);
}

pub async fn a_renewal_replaces_what_is_kept_and_the_chain_goes_on(target: &Target) {
    let alice = target.newcomer("alice").await;
    let mut used = vec![alice.kept().unwrap()];
    for _ in 0..3 {
        let token = alice.tokens.access_token().await.unwrap();
        alice.tokens.renew(&token).await.unwrap();
        let kept = alice.kept().unwrap();
        assert!(!used.contains(&kept));
        used.push(kept);
    }
    // As the next start of the program finds it.
    let later = target.open(&alice.store).await;
    assert_eq!(later.verify().await.unwrap().id, alice.id);
    assert!(!used.contains(&alice.kept().unwrap()));
}

pub async fn many_callers_at_once_use_a_refresh_token_up_once(target: &Target) {
    let alice = target.newcomer("alice").await;
    let tokens = target.open(&alice.store).await;
    let before = alice.kept().unwrap();
    let answers = join_all((0..8).map(|_| tokens.access_token())).await;
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref() == Ok(first)));
    assert_ne!(alice.kept().unwrap(), before);
    // A server that saw two renewals of one token ends the session at the next ones.
    for _ in 0..2 {
        let again = join_all((0..2).map(|_| tokens.renew(first))).await;
        assert!(again.iter().all(Result::is_ok), "{again:?}");
        let token = tokens.access_token().await.unwrap();
        tokens.renew(&token).await.unwrap();
    }
    assert_eq!(tokens.verify().await.unwrap().id, alice.id);
}

pub async fn an_access_token_that_is_over_or_forged_is_renewed_under_way(target: &Target) {
    let alice = target.newcomer("alice").await;
    let session = alice.session().await;
    let now = seconds(SystemTime::now());
    for (exp, secret) in [
        (now - 100, target.jwt_secret.as_str()),
        (now + 3600, "the secret of another project, long enough"),
    ] {
        let fresh = target
            .auth()
            .sign_in_password(&alice.email, &alice.password)
            .await
            .unwrap();
        let bad = resigned(fresh.access_token.expose(), exp, secret);
        // Adopted as a session that looks good from here.
        let stale = Session {
            access_token: Secret::new(bad.as_str()),
            expires_in: Duration::from_hours(1),
            ..fresh
        };
        alice.tokens.adopt(stale).await.unwrap();
        assert_eq!(alice.tokens.access_token().await.unwrap(), bad);
        let query = Query::new().filter(crate::target::is("id", &session.clone().into()));
        let seen = alice.rest.select("chat_sessions", &query).await.unwrap();
        assert_eq!(seen.rows.len(), 1);
        assert_ne!(alice.tokens.access_token().await.unwrap(), bad);
    }
}

pub async fn a_session_ended_elsewhere_is_over_here(target: &Target) {
    let alice = target.newcomer("alice").await;
    let phone = target.open(&Arc::default()).await;
    phone
        .sign_in_password(&alice.email, &alice.password)
        .await
        .unwrap();
    phone.sign_out(Scope::Others).await.unwrap();
    assert_eq!(phone.verify().await.unwrap().id, alice.id);
    // The access token lives on until it is over; there is no other after it.
    let token = alice.tokens.access_token().await.unwrap();
    assert_eq!(alice.tokens.renew(&token).await, Err(Error::SignedOut));
    assert!(matches!(
        alice.state(),
        AuthState::Expired { user_id, .. } if user_id == alice.id
    ));
    assert!(alice.kept().is_none());
    let read = alice.rest.select("chat_sessions", &Query::new()).await;
    assert_eq!(read.unwrap_err().class(), Class::SignedOut);
}

pub async fn signing_out_leaves_nothing_behind(target: &Target) {
    let alice = target.newcomer("alice").await;
    let kept = alice.kept().unwrap();
    alice.tokens.sign_out(Scope::Local).await.unwrap();
    assert_eq!(alice.state(), AuthState::SignedOut);
    assert!(alice.kept().is_none());
    let error = target.auth().refresh(&kept).await.unwrap_err();
    assert_eq!(error.class(), Class::SignedOut, "{error}");
}

fn seconds(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}
