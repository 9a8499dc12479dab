//! Signing in with a provider, in a browser.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tidings_contract::{self as api, Connection, ErrorCode, SignInState};
use tidings_engine::{Host, Notification, NotificationAbility};
use tidings_local::{AuthBehaviour, Behaviour, Consent, Options, StubProvider};
use tidings_testkit::{DEADLINE, wait_for};
use tidings_tests::browser::{self, browse};
use tidings_tests::project::Project;
use url::Url;

use crate::kit::{Client, Device, alices_device};

/// A desktop with a browser. What it opens is followed wherever it leads, unless its user
/// does something else.
struct Desktop {
    follows: bool,
    opened: Mutex<Vec<Url>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Desktop {
    fn new(follows: bool) -> Arc<Self> {
        Arc::new(Self {
            follows,
            opened: Mutex::default(),
            seen: Arc::default(),
        })
    }

    /// The addresses that were opened, once there are so many.
    async fn opened(&self, count: usize) -> Vec<Url> {
        wait_for("an address in the browser", DEADLINE, || async {
            let opened = self.opened.lock().unwrap().clone();
            (opened.len() >= count).then_some(opened)
        })
        .await
        .unwrap()
    }

    /// The text of the last page, once there is one.
    async fn page(&self) -> String {
        wait_for("a page in the browser", DEADLINE, || async {
            self.seen.lock().unwrap().last().cloned()
        })
        .await
        .unwrap()
    }
}

impl Host for Desktop {
    fn notify(&self, _: Notification) -> BoxFuture<'static, api::NotificationReport> {
        Box::pin(std::future::pending())
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        Box::pin(std::future::pending())
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        Ok(())
    }

    fn autostart(&self) -> Option<bool> {
        None
    }

    fn set_autostart(&self, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn open_link(&self, url: &str) -> Result<(), String> {
        let url: Url = url.parse().unwrap();
        self.opened.lock().unwrap().push(url.clone());
        if self.follows {
            let seen = self.seen.clone();
            tokio::spawn(async move {
                let page = browse(url).await.unwrap_or_default();
                seen.lock().unwrap().push(page);
            });
        }
        Ok(())
    }

    fn focused(&self) -> bool {
        true
    }

    fn visible(&self) -> bool {
        true
    }

    fn has_tray(&self) -> bool {
        false
    }
}

fn back(opened: &Url) -> Url {
    browser::back(opened).unwrap()
}

async fn project(consent: Consent) -> Project {
    let auth = AuthBehaviour {
        stub_provider: Some(StubProvider {
            names: vec!["github".to_owned(), "google".to_owned()],
            consent,
        }),
        ..AuthBehaviour::default()
    };
    Project::start_with(Options {
        behaviour: Behaviour {
            auth,
            ..Behaviour::default()
        },
        ..Options::default()
    })
    .await
}

async fn on(device: &Device, desktop: &Arc<Desktop>, project: &Project) -> Client {
    let app = device.start_on(desktop.clone()).await;
    app.add(project).await;
    app
}

fn github() -> api::SignInWithProvider {
    api::SignInWithProvider {
        provider: "github".to_owned(),
    }
}

async fn state(app: &Client) -> SignInState {
    app.ok(api::GetSnapshot {}).await.active.unwrap().sign_in
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_signs_in_and_the_session_is_kept() {
    let project = project(Consent::Granted).await;
    let (device, desktop) = (Device::new(), Desktop::new(true));
    let app = on(&device, &desktop, &project).await;
    let options = app.ok(api::GetSignInOptions {}).await;
    assert_eq!(options.providers, ["github", "google"]);

    let entered = app.ok(github()).await;
    let account = entered.account().unwrap();
    assert_eq!(account.email.as_deref(), Some("github@stub.local"));
    app.live().await;
    let session = app.session("Plans").await;
    let sent = app.send(&session, "By the browser").await;
    app.delivered(&sent).await;
    let page = desktop.page().await;
    assert!(page.contains("go back to Tidings"), "{page}");
    app.stop().await;

    let app = device.start().await;
    app.live().await;
    assert_eq!(app.contents(&session).await, ["By the browser"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_without_providers_offers_none() {
    let project = Project::start().await;
    let (device, desktop) = (Device::new(), Desktop::new(true));
    let app = on(&device, &desktop, &project).await;
    assert!(app.ok(api::GetSignInOptions {}).await.providers.is_empty());
    let nonsense = api::SignInWithProvider {
        provider: "../x".to_owned(),
    };
    assert_eq!(app.refused(nonsense).await.code, ErrorCode::Invalid);
    assert!(desktop.opened.lock().unwrap().is_empty());
    project.proxy.go_offline();
    let offline = app.refused(api::GetSignInOptions {}).await;
    assert_eq!(offline.code, ErrorCode::Offline);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_the_browser_is_told_and_another_attempt_is_free() {
    let project = project(Consent::Denied).await;
    let (device, desktop) = (Device::new(), Desktop::new(true));
    let app = on(&device, &desktop, &project).await;
    for _ in 0..2 {
        let refused = app.refused(github()).await;
        assert_eq!(refused.code, ErrorCode::Refused);
        assert!(
            refused.message.contains("refused in the browser"),
            "{}",
            refused.message
        );
    }
    assert_eq!(state(&app).await, SignInState::SignedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_when_it_is_given_up_or_begun_again_and_the_port_closes() {
    let project = project(Consent::Granted).await;
    let (device, desktop) = (Device::new(), Desktop::new(false));
    let app = Arc::new(on(&device, &desktop, &project).await);
    let attempt = || {
        let app = app.clone();
        tokio::spawn(async move { app.call(github()).await })
    };
    let first = attempt();
    let one = desktop.opened(1).await.remove(0);
    let second = attempt();
    let error = first.await.unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
    let two = desktop.opened(2).await.remove(1);
    assert_eq!(browse(back(&one)).await, None);
    // Nobody gets in by guessing, nor ends the wait.
    let mut guess = back(&two);
    guess.set_path("/signed-in/guess");
    guess.set_query(Some("code=evil"));
    assert!(browse(guess).await.unwrap().contains("nothing here"));
    app.ok(api::CancelSignIn {}).await;
    let error = second.await.unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
    assert_eq!(browse(back(&two)).await, None);
    assert_eq!(state(&app).await, SignInState::SignedOut);
    app.ok(api::CancelSignIn {}).await;

    // Closing the workspace ends it, too.
    let third = attempt();
    desktop.opened(3).await;
    let id = app.ok(api::GetSnapshot {}).await.active.unwrap().info.id;
    app.ok(api::RemoveWorkspace { id }).await;
    let error = third.await.unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_no_good_signs_nobody_in() {
    let project = project(Consent::Granted).await;
    let (device, desktop) = (Device::new(), Desktop::new(false));
    let app = Arc::new(on(&device, &desktop, &project).await);
    let asking = app.clone();
    let attempt = tokio::spawn(async move { asking.call(github()).await });
    let mut url = back(&desktop.opened(1).await.remove(0));
    url.set_query(Some("code=00000000-0000-0000-0000-000000000000"));
    browse(url).await.unwrap();
    let error = attempt.await.unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::Refused);
    assert!(error.message.contains("Try again"), "{}", error.message);
    assert_eq!(state(&app).await, SignInState::SignedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_lets_nobody_else_into_what_a_workspace_keeps() {
    let project = project(Consent::Granted).await;
    let (device, app) = alices_device(&project).await;
    app.ok(api::SignOut::default()).await;
    app.connection("signed out", |state| *state == Connection::SignedOut)
        .await;
    app.stop().await;
    let desktop = Desktop::new(true);
    let app = device.start_on(desktop.clone()).await;
    let refused = app.refused(github()).await;
    assert_eq!(refused.code, ErrorCode::Refused);
    assert!(
        refused.message.contains("another account"),
        "{}",
        refused.message
    );
    assert_eq!(state(&app).await, SignInState::SignedOut);
}
