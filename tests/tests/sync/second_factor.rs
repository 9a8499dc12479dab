//! Second factors: enrolling an app, signing in with its codes, removing it.

use tidings_contract::{self as api, Connection, ErrorCode, SignInState};
use tidings_testkit::alice;
use tidings_tests::project::Project;

use crate::kit::{Client, Device, alices_device, credentials};

/// The app that shows Alice's codes.
struct Phone {
    factor: String,
    secret: String,
}

impl Phone {
    /// The code so many steps from now, by the server's clock.
    fn code(&self, project: &Project, steps: i64) -> String {
        project.shown_code(&self.secret, steps)
    }

    /// A code that counts neither now nor soon.
    fn wrong(&self, project: &Project) -> String {
        project.wrong_code(&self.secret)
    }

    fn shows(&self, code: impl Into<String>) -> api::VerifyFactor {
        api::VerifyFactor {
            factor: self.factor.clone(),
            code: code.into(),
        }
    }
}

/// Makes Alice's phone the second factor. The code of now is used up.
async fn enrol(app: &Client, project: &Project) -> Phone {
    let made = app
        .ok(api::EnrolFactor {
            name: " Phone ".to_owned(),
        })
        .await;
    let phone = Phone {
        factor: made.factor,
        secret: made.secret,
    };
    let done = app.ok(phone.shows(phone.code(project, 0))).await;
    assert!(done.account().is_some(), "{done:?}");
    phone
}

async fn state(app: &Client) -> SignInState {
    app.ok(api::GetSnapshot {}).await.active.unwrap().sign_in
}

async fn signed_out(app: &Client) {
    app.connection("signed out", |state| *state == Connection::SignedOut)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_asked_for_before_anything_is_opened_and_a_wrong_one_loses_nothing() {
    let project = Project::start().await;
    let (desk, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = enrol(&app, &project).await;
    app.live().await;
    let sent = app.send(&session, "Before").await;
    app.delivered(&sent).await;
    assert!(!desk.holds(&phone.secret));

    let tablet = Device::new();
    let client = tablet.start().await;
    client.add(&project).await;
    let asked = client.ok(credentials(&alice())).await;
    let SignInState::SecondFactor { email, factors } = &asked else {
        panic!("{asked:?}");
    };
    assert_eq!(email.as_deref(), Some(alice().email));
    assert_eq!(
        (factors[0].id.as_str(), factors[0].name.as_deref()),
        (phone.factor.as_str(), Some("Phone"))
    );
    let told = client.event("the missing code", |event| match event {
        api::Event::Account {
            sign_in: SignInState::SecondFactor { factors, .. },
        } => Some(factors.clone()),
        _ => None,
    });
    assert_eq!(&told.await, factors);
    signed_out(&client).await;
    assert!(client.ok(api::ListSessions {}).await.is_empty());

    let wrong = client.refused(phone.shows(phone.wrong(&project))).await;
    assert_eq!(wrong.code, ErrorCode::Credentials);
    assert!(wrong.message.contains("shows next"), "{}", wrong.message);
    assert_eq!(state(&client).await, asked);
    // It outlives the program as well.
    client.stop().await;
    let client = tablet.start().await;
    assert_eq!(state(&client).await, asked);
    signed_out(&client).await;

    let code = phone.code(&project, 1);
    let (left, right) = code.split_at(3);
    let done = client.ok(phone.shows(format!(" {left} {right} "))).await;
    assert_eq!(
        done.account().unwrap().email.as_deref(),
        Some(alice().email)
    );
    client.live().await;
    assert_eq!(client.contents(&session).await, ["Before"]);
    client.stop().await;
    let client = tablet.start().await;
    client.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_waits_for_the_code_of_its_author() {
    let project = Project::start().await;
    let (_desk, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = enrol(&app, &project).await;
    app.ok(api::SignOut::default()).await;
    app.send(&session, "Meanwhile").await;
    app.ok(credentials(&alice())).await;
    signed_out(&app).await;
    // Asked to connect all the same, it does not.
    app.ok(api::Connect {}).await;
    assert_eq!(app.contents(&session).await, ["Meanwhile"]);
    assert!(project.stored(&session).await.is_empty());

    app.ok(phone.shows(phone.code(&project, 1))).await;
    app.sent_everything().await;
    assert_eq!(project.stored(&session).await, ["Meanwhile"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_code_goes_back_and_everything_stays() {
    let project = Project::start().await;
    let (_desk, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let phone = enrol(&app, &project).await;
    app.ok(api::SignOut::default()).await;
    app.ok(credentials(&alice())).await;
    // Also without the server.
    project.proxy.go_offline();
    let offline = app.refused(phone.shows(phone.code(&project, 1))).await;
    assert_eq!(offline.code, ErrorCode::Offline);
    app.ok(api::SignOut::default()).await;
    assert_eq!(state(&app).await, SignInState::SignedOut);
    assert!(app.contents(&session).await.is_empty());
    project.proxy.heal();
    let late = app.refused(phone.shows(phone.code(&project, 1))).await;
    assert_eq!(late.code, ErrorCode::SignedOut);
    app.ok(credentials(&alice())).await;
    app.ok(phone.shows(phone.code(&project, 1))).await;
    app.live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn factors_are_listed_named_once_and_removed() {
    let project = Project::start().await;
    let (_desk, app) = alices_device(&project).await;
    assert!(app.ok(api::ListFactors {}).await.is_empty());
    let nameless = app.refused(api::EnrolFactor { name: " ".into() }).await;
    assert_eq!(nameless.code, ErrorCode::Invalid);
    let enrolment = api::EnrolFactor {
        name: "Phone".into(),
    };
    // Given up once, it can be begun again.
    let given_up = app.ok(enrolment.clone()).await;
    assert!(app.ok(api::ListFactors {}).await.is_empty());
    let phone = enrol(&app, &project).await;
    assert_ne!(given_up.secret, phone.secret);
    assert!(given_up.qr_size >= 21 && given_up.qr_path.starts_with('M'));
    let rows = app.ok(api::ListFactors {}).await;
    assert_eq!(
        rows,
        [api::FactorRow {
            id: phone.factor.clone(),
            name: Some("Phone".into())
        }]
    );
    let taken = app.refused(enrolment).await;
    assert!(taken.message.contains("another name"), "{}", taken.message);
    app.live().await;

    let removed = api::RemoveFactor {
        factor: phone.factor.clone(),
    };
    app.ok(removed.clone()).await;
    assert!(app.ok(api::ListFactors {}).await.is_empty());
    let gone = app.refused(removed).await;
    assert_eq!(gone.code, ErrorCode::Refused);
    app.ok(api::SignOut::default()).await;
    let entered = app.ok(credentials(&alice())).await;
    assert!(entered.account().is_some(), "{entered:?}");
    app.live().await;
}
