//! Signing in with more than a password.

use tidings_testkit::{DEADLINE, alice, scratch, wait_for};
use tidings_tests::project::Project;

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
