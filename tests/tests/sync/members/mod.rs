//! Sessions with several people: three devices of three people at one project.

mod access;
mod invites;
mod names;
mod rights;

use tidings_contract::{self as api, MemberRoleName, SessionRow};
use tidings_local::{Options, Parts, WorkspaceOptions};
use tidings_testkit::{Actor, alice, bob};
use tidings_tests::project::Project;

use crate::kit::{Client, Device, open};

/// The members part alone.
const MEMBERS: Parts = Parts {
    sync: false,
    members: true,
};

/// A project with these parts.
async fn project(parts: Parts) -> Project {
    Project::start_with(Options {
        workspace: WorkspaceOptions {
            parts,
            ..WorkspaceOptions::default()
        },
        ..Options::default()
    })
    .await
}

/// Somebody with a device of their own.
struct Person {
    device: Device,
    app: Client,
    id: String,
}

impl Person {
    /// A new account, signed in and live.
    async fn new(project: &Project, actor: &Actor) -> Self {
        let device = Device::new();
        let app = device.start().await;
        app.join_as(project, actor).await;
        let id = account(&app).await.user_id;
        Self { device, app, id }
    }

    /// Redeems a code, and opens the session.
    async fn redeem(&self, code: &str) -> SessionRow {
        let code = code.to_owned();
        let row = self.app.ok(api::RedeemInvite { code }).await;
        self.app.ok(open(&row.id)).await;
        row
    }

    /// Waits until a session is as wanted.
    async fn session(&self, what: &str, id: &str, wanted: impl Fn(&SessionRow) -> bool) {
        let all = api::ListSessions {};
        let listed = self.app.until(what, all, |rows| {
            rows.iter().any(|row| row.id == id && wanted(row))
        });
        listed.await;
    }

    /// Waits until one's own role in a session is this.
    async fn is(&self, role: MemberRoleName, session: &str) {
        let what = format!("{role:?}");
        self.session(&what, session, |row| row.role == Some(role))
            .await;
    }

    /// Waits until the session is out of reach.
    async fn out_of(&self, session: &str) {
        self.session("no access", session, |row| row.no_access)
            .await;
    }
}

async fn account(app: &Client) -> api::Account {
    let active = app.ok(api::GetSnapshot {}).await.active.unwrap();
    active.sign_in.account().cloned().unwrap()
}

/// A code for a session, made by its owner.
async fn invite(owner: &Person, session: &str, role: api::GuestRole) -> api::Invite {
    let session = session.to_owned();
    let seconds = 3_600;
    owner
        .app
        .ok(api::CreateInvite {
            session,
            role,
            seconds,
        })
        .await
}

/// Names and roles of those who take part, as somebody's device shows them.
async fn shown(person: &Person, session: &str) -> Vec<(String, MemberRoleName)> {
    let session = session.to_owned();
    let listed = person.app.ok(api::ListParticipants { session }).await;
    listed.into_iter().map(|p| (p.name, p.role)).collect()
}

/// Waits until somebody's device shows just these names and roles.
async fn shows(person: &Person, session: &str, expected: &[(&str, MemberRoleName)]) {
    let wanted: Vec<_> = expected
        .iter()
        .map(|(name, role)| ((*name).to_owned(), *role))
        .collect();
    let listed = api::ListParticipants {
        session: session.to_owned(),
    };
    person
        .app
        .until("those who take part", listed, |listed| {
            let shown: Vec<_> = listed.iter().map(|p| (p.name.clone(), p.role)).collect();
            shown == wanted
        })
        .await;
}

/// Alice's session "Plans", in which Bob takes part; both have it open.
async fn shared(project: &Project, role: api::GuestRole) -> (Person, Person, String) {
    let alice = Person::new(project, &alice()).await;
    let bob = Person::new(project, &bob()).await;
    let session = alice.app.session("Plans").await;
    let invite = invite(&alice, &session, role).await;
    bob.redeem(&invite.code).await;
    (alice, bob, session)
}

fn send(session: &str, content: &str) -> api::SendMessage {
    api::SendMessage {
        session: session.to_owned(),
        content: content.to_owned(),
        reply_to: None,
    }
}

fn role_of(session: &str, user: &Person, role: api::GuestRole) -> api::SetMemberRole {
    api::SetMemberRole {
        session: session.to_owned(),
        user_id: user.id.clone(),
        role,
    }
}

fn remove(session: &str, user: &Person) -> api::RemoveMember {
    api::RemoveMember {
        session: session.to_owned(),
        user_id: user.id.clone(),
    }
}
