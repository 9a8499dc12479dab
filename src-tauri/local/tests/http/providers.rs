//! Sign-in by a provider.

use serde_json::{Value, json};
use tidings_local::{AuthBehaviour, Behaviour, Consent, LocalServer, StubProvider};
use url::Url;

use crate::support::{Actor, Told, anon, start};

/// The pair from appendix B of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const HERE: &str = "http://127.0.0.1:4444/callback";

fn behaviour(consent: Consent) -> AuthBehaviour {
    AuthBehaviour {
        stub_provider: Some(StubProvider {
            names: vec!["github".to_owned(), "google".to_owned()],
            consent,
        }),
        redirects: vec!["tidings://signed-in".to_owned()],
        ..AuthBehaviour::default()
    }
}

async fn with(auth: AuthBehaviour) -> LocalServer {
    start(Behaviour {
        auth,
        ..Behaviour::default()
    })
    .await
}

async fn authorize(actor: &Actor, provider: &str, redirect_to: &str) -> Told {
    let path = format!(
        "/auth/v1/authorize?provider={provider}&redirect_to={redirect_to}\
         &code_challenge={CHALLENGE}&code_challenge_method=s256"
    );
    actor.get(&path).await
}

fn location(told: &Told) -> Url {
    assert_eq!(told.status, 302, "{}", told.text);
    Url::parse(told.header("location")).unwrap()
}

/// A parameter of the query.
fn given(url: &Url, name: &str) -> Option<String> {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

async fn exchange(actor: &Actor, code: &str, verifier: &str) -> Told {
    let body = json!({"auth_code": code, "code_verifier": verifier});
    actor.post("/auth/v1/token?grant_type=pkce", &body).await
}

fn refusal(told: &Told) -> (u16, Value) {
    (told.status.as_u16(), told.json()["error_code"].clone())
}

#[tokio::test]
async fn a_provider_sends_back_a_code_that_only_its_verifier_opens_and_once() {
    let server = with(behaviour(Consent::Granted)).await;
    let nobody = anon(&server);
    let url = location(&authorize(&nobody, "github", &format!("{HERE}?own=x")).await);
    assert_eq!((url.port(), url.path()), (Some(4444), "/callback"));
    assert_eq!(given(&url, "own").as_deref(), Some("x"));
    let code = given(&url, "code").unwrap();
    let wrong = exchange(&nobody, &code, &"guess".repeat(10)).await;
    assert_eq!(refusal(&wrong), (400, json!("bad_code_verifier")));
    let session = exchange(&nobody, &code, VERIFIER).await.json();
    assert_eq!(session["user"]["app_metadata"]["provider"], "github");
    assert_eq!(session["user"]["email"], "github@stub.local");
    let again = exchange(&nobody, &code, VERIFIER).await;
    assert_eq!(refusal(&again), (404, json!("flow_state_not_found")));
}

#[tokio::test]
async fn a_code_that_is_too_old_is_worth_nothing() {
    let server = with(behaviour(Consent::Granted)).await;
    let nobody = anon(&server);
    let url = location(&authorize(&nobody, "github", HERE).await);
    server.state().hooks().set_clock_offset(301);
    let told = exchange(&nobody, &given(&url, "code").unwrap(), VERIFIER).await;
    assert_eq!(refusal(&told), (403, json!("flow_state_expired")));
}

#[tokio::test]
async fn a_page_asks_and_either_answer_leads_back() {
    let server = with(behaviour(Consent::Asked)).await;
    let nobody = anon(&server);
    for (answer, parameter) in [("code=granted", "code"), ("error=access_denied", "error")] {
        let page = location(&authorize(&nobody, "google", HERE).await);
        let path = format!("{}?{}", page.path(), page.query().unwrap());
        let html = nobody.get(&path).await;
        assert!(html.header("content-type").starts_with("text/html"));
        assert!(html.text.contains("google@stub.local"), "{}", html.text);
        assert!(html.text.contains(answer));
        let state = given(&page, "state").unwrap();
        let callback = format!("/auth/v1/callback?state={state}&{answer}");
        let url = location(&nobody.get(&callback).await);
        assert_eq!((url.port(), url.path()), (Some(4444), "/callback"));
        assert!(given(&url, parameter).is_some(), "{url}");
        // The same answer again leads nowhere.
        let url = location(&nobody.get(&callback).await);
        assert!(url.as_str().starts_with(&nobody.url), "{url}");
        assert_eq!(
            given(&url, "error_code").as_deref(),
            Some("bad_oauth_state")
        );
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_query_and_in_the_fragment() {
    let server = with(behaviour(Consent::Denied)).await;
    let url = location(&authorize(&anon(&server), "github", HERE).await);
    assert_eq!(given(&url, "error").as_deref(), Some("access_denied"));
    assert!(given(&url, "error_description").unwrap().contains("denied"));
    assert!(url.fragment().unwrap().contains("error=access_denied"));
    let server = with(AuthBehaviour {
        signup: false,
        ..behaviour(Consent::Granted)
    })
    .await;
    let url = location(&authorize(&anon(&server), "github", HERE).await);
    assert_eq!(
        (given(&url, "error"), given(&url, "error_code")),
        (
            Some("access_denied".to_owned()),
            Some("signup_disabled".to_owned())
        )
    );
}

#[tokio::test]
async fn providers_are_those_that_the_settings_name() {
    let server = with(behaviour(Consent::Granted)).await;
    let nobody = anon(&server);
    let external = nobody.get("/auth/v1/settings").await.json()["external"].clone();
    assert_eq!(
        (&external["github"], &external["apple"]),
        (&json!(true), &json!(false))
    );
    for unknown in ["apple", "", "%3Cb%3E"] {
        let told = authorize(&nobody, unknown, HERE).await;
        assert_eq!(
            refusal(&told),
            (400, json!("validation_failed")),
            "{unknown}"
        );
    }
    let without = start(Behaviour::default()).await;
    let told = authorize(&anon(&without), "github", HERE).await;
    assert_eq!(refusal(&told), (400, json!("validation_failed")));
}

#[tokio::test]
async fn a_challenge_has_a_method_and_a_length() {
    let server = with(behaviour(Consent::Granted)).await;
    let nobody = anon(&server);
    let short = "x".repeat(42);
    for query in [
        format!("code_challenge={CHALLENGE}"),
        "code_challenge_method=s256".to_owned(),
        format!("code_challenge={CHALLENGE}&code_challenge_method=md5"),
        format!("code_challenge={short}&code_challenge_method=s256"),
        format!("code_challenge={short}%2F&code_challenge_method=s256"),
    ] {
        let path = format!("/auth/v1/authorize?provider=github&redirect_to={HERE}&{query}");
        let told = nobody.get(&path).await;
        assert_eq!(refusal(&told), (400, json!("validation_failed")), "{query}");
    }
    // Without any, the session itself comes back, where servers do not see it.
    let path = format!("/auth/v1/authorize?provider=github&redirect_to={HERE}");
    let url = location(&nobody.get(&path).await);
    assert_eq!(url.query(), None);
    assert!(url.fragment().unwrap().contains("access_token="));
}

#[tokio::test]
async fn a_browser_is_not_sent_to_strangers() {
    let server = with(behaviour(Consent::Granted)).await;
    let nobody = anon(&server);
    for stranger in [
        "https://evil.example/",
        "http://localhost:4444/",
        "http://127.0.0.1.evil.example/",
        "tidings://signed-in/elsewhere",
        "javascript:alert(1)",
    ] {
        let url = location(&authorize(&nobody, "github", stranger).await);
        assert!(url.as_str().starts_with(&nobody.url), "{url}");
    }
    for own in [HERE, "http://[::1]:4444/callback", "tidings://signed-in"] {
        let url = location(&authorize(&nobody, "github", own).await);
        assert!(url.as_str().starts_with(own), "{url}");
    }
}
