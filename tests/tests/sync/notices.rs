//! Notifications of messages.

use serde_json::json;
use tidings_contract as api;
use tidings_testkit::{DEADLINE, bob, wait_for};
use tidings_tests::peer::Peer;

use tidings_tests::project::Project;

use crate::kit::{Client, Device};

pub struct Talk {
    pub project: Project,
    pub device: Device,
    pub app: Client,
    pub session: String,
    pub bob: Peer,
}

impl Talk {
    pub async fn start() -> Self {
        Self::start_on(Device::new()).await
    }

    pub async fn start_on(device: Device) -> Self {
        let project = Project::start().await;
        project.price("BTC", "69000").await;
        let app = device.start().await;
        app.join(&project).await;
        let session = app.session("Plans").await;
        let bob = project.newcomer(&bob()).await;
        Self {
            project,
            device,
            app,
            session,
            bob,
        }
    }

    /// The same after the program ended and started again, and is live.
    pub async fn restarted(self) -> Self {
        self.app.stop().await;
        let app = self.device.start().await;
        app.live().await;
        Self { app, ..self }
    }

    pub async fn bob_says(&self, content: &str) {
        self.bob_says_in(&self.session, content).await;
    }

    pub async fn bob_says_in(&self, session: &str, content: &str) {
        let row = self.bobs(session, content);
        let service = self.project.service();
        service.insert("chat_messages", row).await.unwrap();
    }

    /// A message of Bob's as a row.
    pub fn bobs(&self, session: &str, content: &str) -> serde_json::Value {
        json!({
            "session_id": session, "user_id": self.bob.user(), "role": "user",
            "content": content, "metadata": {"user_name": "Bob"},
        })
    }

    /// Waits until the newest notification says something.
    pub async fn says(&self, title: &str) -> tidings_serve::Shown {
        wait_for(title, DEADLINE, || async {
            let shown = self.device.desk.shown();
            shown
                .into_iter()
                .next_back()
                .filter(|last| last.title == title)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}: {:#?}", self.device.desk.shown()))
    }

    pub async fn bodies(&self, count: usize) -> Vec<String> {
        wait_for("the notifications", DEADLINE, || async {
            let shown = self.device.desk.shown();
            (shown.len() >= count).then(|| shown.into_iter().map(|shown| shown.body).collect())
        })
        .await
        .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_notifies_unless_its_session_is_in_front_or_muted() {
    let talk = Talk::start().await;
    let front = |focused| talk.device.desk.set_focused(focused);
    front(true);
    talk.bob_says("you are looking at me").await;
    talk.app
        .until("shown", crate::kit::latest(&talk.session), |page| {
            page.rows.len() == 1
        })
        .await;
    front(false);
    talk.bob_says("look here").await;
    assert_eq!(talk.bodies(1).await, ["look here"]);
    let shown = talk.device.desk.shown();
    assert_eq!(shown[0].title, "Bob in Plans");
    assert_eq!(shown[0].actions, ["open_session", "reply", "mark_read"]);

    let notify = |notify| api::NotifySession {
        session: talk.session.clone(),
        notify,
    };
    let other = talk.app.session("Elsewhere").await;
    talk.app.ok(notify(api::SessionNotify::Muted)).await;
    talk.bob_says("not heard").await;
    // Notices go in the order of their messages: this one comes after the one that must not.
    talk.bob_says_in(&other, "heard").await;
    assert_eq!(talk.bodies(2).await, ["look here", "heard"]);
    talk.app.ok(notify(api::SessionNotify::All)).await;
    let mut settings = talk.app.ok(api::GetSettings {}).await;
    settings.previews = false;
    talk.app.ok(api::SetSettings { settings }).await;
    talk.bob_says("between us").await;
    assert_eq!(talk.bodies(3).await, ["look here", "heard", ""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_words_from_elsewhere_and_old_news_do_not_notify() {
    let talk = Talk::start().await;
    talk.device.desk.set_focused(false);
    let phone = talk.project.peer(&tidings_testkit::alice()).await;
    let say = |user: &str, content: &str, at: Option<&str>| {
        let mut row = json!({
            "session_id": talk.session, "user_id": user, "role": "user", "content": content,
        });
        if let Some(at) = at {
            row["created_at"] = json!(at);
        }
        row
    };
    let service = talk.project.service();
    service
        .insert("chat_messages", say(phone.user(), "mine", None))
        .await
        .unwrap();
    let old = say(talk.bob.user(), "old", Some("2020-01-01T00:00:00Z"));
    service.insert("chat_messages", old).await.unwrap();
    talk.bob_says("new").await;
    assert_eq!(talk.bodies(1).await, ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_messages_are_counted_until_they_are_seen_here() {
    let talk = Talk::start().await;
    for text in ["one", "two", "three"] {
        talk.bob_says(text).await;
    }
    let unread =
        |count: u32| move |rows: &Vec<api::SessionRow>| rows.iter().any(|row| row.unread == count);
    talk.app
        .until("three unread", api::ListSessions {}, unread(3))
        .await;
    let rows = talk.app.messages(&talk.session).await;
    let read = |n: usize| api::MarkRead {
        session: talk.session.clone(),
        message: rows[n].id.clone(),
    };
    talk.app.ok(read(1)).await;
    talk.app
        .until("one unread", api::ListSessions {}, unread(1))
        .await;
    let opened = talk
        .app
        .ok(api::OpenSession {
            session: talk.session.clone(),
        })
        .await;
    assert_eq!(opened.first_unread.as_ref(), Some(&rows[2].id));
    talk.app.ok(read(2)).await;
    talk.app.ok(read(0)).await;
    talk.app
        .until("none unread", api::ListSessions {}, unread(0))
        .await;
    // The position is kept.
    let Talk { app, device, .. } = talk;
    app.stop().await;
    let app = device.start().await;
    assert_eq!(app.ok(api::ListSessions {}).await[0].unread, 0);
}
