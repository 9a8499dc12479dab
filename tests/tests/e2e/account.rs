//! Signing in with more than a password.

use tidings_local::{AuthBehaviour, Behaviour, Consent, Options, StubProvider};
use tidings_testkit::{DEADLINE, alice, scratch, wait_for};
use tidings_tests::browser::{self, Browser, browse};
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;
use tidings_tests::webdriver::App;

use crate::{at_project, no_desktop};

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_added_in_the_settings_and_its_code_asked_for_at_the_next_sign_in() {
    if no_desktop() {
        return;
    }
    let project = Project::start().await;
    let data = scratch().unwrap();
    let tidings = at_project(&project, data.path()).await;
    tidings.say("Said before").await.unwrap();
    tidings
        .message_state("Said before", "delivered")
        .await
        .unwrap();
    let window = &tidings.window;

    window.click("settings-open").await.unwrap();
    window.click("settings-account").await.unwrap();
    window.click("settings-add-factor").await.unwrap();
    window.click("factor-save").await.unwrap();
    window.wait("factor-qr").await.unwrap();
    let key = window.text("factor-key").await.unwrap().replace(' ', "");
    window
        .fill("factor-code", &project.shown_code(&key, 0))
        .await
        .unwrap();
    tidings.enabled("factor-save").await.unwrap();
    window.click("factor-save").await.unwrap();
    window.wait("settings-factor").await.unwrap();

    window.click("settings-sign-out").await.unwrap();
    window.click("settings-close").await.unwrap();
    window.click("banner-sign-in").await.unwrap();
    window.wait("signin-email").await.unwrap();
    window.fill("signin-email", alice().email).await.unwrap();
    window
        .fill("signin-password", alice().password)
        .await
        .unwrap();
    tidings.enabled("signin-submit").await.unwrap();
    window.click("signin-submit").await.unwrap();
    window
        .fill("factor-code", &project.wrong_code(&key))
        .await
        .unwrap();
    tidings.enabled("factor-submit").await.unwrap();
    window.click("factor-submit").await.unwrap();
    let refusal = "return document.querySelector('form [role=alert]')?.textContent ?? null";
    let told = wait_for("a refusal", DEADLINE, async || {
        let told = window.run(refusal, Vec::new()).await.ok()?;
        told.as_str().map(str::to_owned)
    });
    assert!(told.await.unwrap().contains("code"));

    window
        .fill("factor-code", &project.shown_code(&key, 1))
        .await
        .unwrap();
    tidings.enabled("factor-submit").await.unwrap();
    window.click("factor-submit").await.unwrap();
    window.wait_gone("factor-code").await.unwrap();
    tidings.message("Said before").await.unwrap();
    tidings.say("And after").await.unwrap();
    tidings
        .message_state("And after", "delivered")
        .await
        .unwrap();
    tidings.window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_signs_in_and_the_wait_for_it_can_be_given_up() {
    if no_desktop() {
        return;
    }
    let auth = AuthBehaviour {
        stub_provider: Some(StubProvider {
            names: vec!["github".to_owned()],
            consent: Consent::Granted,
        }),
        ..AuthBehaviour::default()
    };
    let project = Project::start_with(Options {
        behaviour: Behaviour {
            auth,
            ..Behaviour::default()
        },
        ..Options::default()
    })
    .await;
    let (data, outside) = (scratch().unwrap(), Browser::new().unwrap());
    let app = App::tidings().unwrap();
    let app = app.env("PATH", outside.path().unwrap());
    let tidings = Tidings::open_with(app, data.path()).await.unwrap();
    let window = &tidings.window;
    tidings
        .connect(&project.proxy.url(), &project.key())
        .await
        .unwrap();

    window.click("provider-github").await.unwrap();
    window.wait("browser-wait").await.unwrap();
    let given_up = outside.opened(1).await.unwrap();
    window.click("browser-cancel").await.unwrap();
    window.wait_gone("browser-wait").await.unwrap();
    window.wait("signin-email").await.unwrap();
    // Whoever comes back all the same finds nobody.
    let back = browser::back(&given_up).unwrap();
    assert_eq!(back.host_str(), Some("127.0.0.1"));
    wait_for("a closed port", DEADLINE, async || {
        browse(back.clone()).await.is_none().then_some(())
    })
    .await
    .unwrap();

    window.click("provider-github").await.unwrap();
    window.wait("browser-wait").await.unwrap();
    let page = browse(outside.opened(2).await.unwrap()).await.unwrap();
    assert!(page.contains("go back to Tidings"), "{page}");
    window.wait("new-session").await.unwrap();
    tidings.cut_text("presence-menu", "github").await.unwrap();
    tidings.new_session("Plans").await.unwrap();
    tidings.say("By the browser").await.unwrap();
    tidings
        .message_state("By the browser", "delivered")
        .await
        .unwrap();
    tidings.window.close().await.unwrap();

    // It is a sign-in like any other: kept, and there again.
    let tidings = Tidings::open(data.path()).await.unwrap();
    tidings.message("By the browser").await.unwrap();
    tidings.cut_text("presence-menu", "github").await.unwrap();
    tidings.window.close().await.unwrap();
}
