//! Devices, and the app on them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidings_contract::{self as api, ApiError, Call, Connection, Event, MessageRow, SendState};
use tidings_engine::{
    About, App, AppOptions, Host, MemorySecrets, Network, NotificationAction, Pace, Pressed,
    Secrets, SecretsError,
};
use tidings_model::{Clock, SystemClock, Timestamp};
use tidings_serve::{Desk, Shown};
use tidings_testkit::{Actor, DEADLINE, TempDir, alice, scratch, wait_for};
use tidings_tests::peer::Room;
use tidings_tests::project::Project;
use tokio::task::JoinHandle;

/// Alice's new device with the app on it, signed in and live.
pub async fn alices_device(project: &Project) -> (Device, Client) {
    let device = Device::new();
    let client = device.start().await;
    client.join(project).await;
    (device, client)
}

/// Keeps secrets like the system's key store does, for as long as the device exists.
#[derive(Default)]
pub struct KeyStore {
    kept: MemorySecrets,
    locked: AtomicBool,
}

impl KeyStore {
    /// Refuses everything until it is unlocked.
    pub fn lock(&self, locked: bool) {
        self.locked.store(locked, Ordering::SeqCst);
    }

    fn open(&self) -> Result<&MemorySecrets, SecretsError> {
        if self.locked.load(Ordering::SeqCst) {
            return Err(SecretsError("the collection is locked".to_owned()));
        }
        Ok(&self.kept)
    }
}

impl Secrets for KeyStore {
    fn get(&self, name: &str) -> Result<Option<zeroize::Zeroizing<String>>, SecretsError> {
        self.open()?.get(name)
    }

    fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        self.open()?.set(name, value)
    }

    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.open()?.delete(name)
    }

    fn durable(&self) -> bool {
        true
    }
}

/// A computer: what is on it outlives the app.
pub struct Device {
    data: TempDir,
    pub secrets: Arc<KeyStore>,
    pub desk: Arc<Desk>,
    pub clock: Arc<TurnedClock>,
    pub pace: Pace,
}

/// The computer's clock, which can be turned.
#[derive(Default)]
pub struct TurnedClock(AtomicI64);

impl TurnedClock {
    /// A machine that slept.
    pub fn turn(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// A clock that is so much behind.
    pub fn set_back(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.0.store(-millis, Ordering::SeqCst);
    }

    /// Another day.
    pub fn set(&self, to: Timestamp) {
        let millis = to.as_millis() - SystemClock.now().as_millis();
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        let turned = self.0.load(Ordering::SeqCst);
        Timestamp::from_millis(SystemClock.now().as_millis() + turned)
    }
}

impl Device {
    /// A new one. Nobody looks at its window, so that the desktop is told everything.
    pub fn new() -> Self {
        let desk = Desk::new();
        desk.set_focused(false);
        Self {
            data: scratch().unwrap(),
            secrets: Arc::default(),
            desk: Arc::new(desk),
            clock: Arc::default(),
            // Of these there are few, and nobody waits for chance.
            pace: Pace {
                spread: Duration::ZERO,
                ..Pace::default()
            },
        }
    }

    /// Starts the app.
    pub async fn start(&self) -> Client {
        self.start_on(self.desk.clone()).await
    }

    /// Starts the app on another desktop.
    pub async fn start_on(&self, host: Arc<dyn Host>) -> Client {
        let app = App::start(AppOptions {
            data_dir: self.data.path().to_path_buf(),
            downloads: None,
            secrets: self.secrets.clone(),
            host,
            network: Network::default(),
            clock: self.clock.clone(),
            version: "test".to_owned(),
            default_url: None,
            default_key: None,
            pace: self.pace,
        })
        .await
        .unwrap();
        Client::listen(app)
    }

    /// A secret of a workspace.
    pub fn secret(&self, workspace: &str, name: &str) -> Option<String> {
        let secret = self.secrets.get(&format!("workspace/{workspace}/{name}"));
        secret.unwrap().map(|secret| secret.to_string())
    }

    /// Titles of the notifications shown so far.
    pub fn shown(&self) -> Vec<String> {
        self.desk
            .shown()
            .into_iter()
            .map(|shown| shown.title)
            .collect()
    }

    /// A file of the app.
    pub fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// Whether a text stands in any file of the app, as it is.
    pub fn holds(&self, text: &str) -> bool {
        let mut folders = vec![self.data.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path)
                    .is_ok_and(|bytes| bytes.windows(text.len()).any(|w| w == text.as_bytes()))
                {
                    return true;
                }
            }
        }
        false
    }
}

/// The app on a device, and everything it has told.
pub struct Client {
    pub app: App,
    told: Arc<Mutex<Vec<Event>>>,
    listening: JoinHandle<()>,
}

impl Client {
    fn listen(app: App) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let mut events = app.events();
        let keep = told.clone();
        let listening = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                keep.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(event.event.clone());
            }
        });
        Self {
            app,
            told,
            listening,
        }
    }

    /// Adds a project and makes Alice's account.
    pub async fn join(&self, project: &Project) {
        self.join_as(project, &alice()).await;
    }

    /// Adds a project and makes somebody's account.
    pub async fn join_as(&self, project: &Project, actor: &Actor) {
        self.add(project).await;
        let (email, password) = (actor.email, actor.password);
        self.ok(api::SignUp {
            email: email.to_owned(),
            password: password.to_owned(),
        })
        .await;
        self.live().await;
    }

    /// Adds a project and signs Alice in, who has an account.
    pub async fn sign_in(&self, project: &Project) {
        self.add(project).await;
        self.ok(credentials(&alice())).await;
        self.live().await;
    }

    /// Adds a project.
    pub async fn add(&self, project: &Project) {
        let (url, key) = (project.proxy.url(), project.key());
        self.ok(api::AddWorkspace {
            url,
            key,
            name: None,
        })
        .await;
    }

    pub async fn call<C: Call>(&self, args: C) -> Result<C::Reply, ApiError> {
        let reply = self.app.call(args.into()).await?;
        Ok(serde_json::from_str(reply.get()).unwrap())
    }

    pub async fn ok<C: Call>(&self, args: C) -> C::Reply {
        self.call(args)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", C::NAME))
    }

    pub async fn refused<C: Call>(&self, args: C) -> ApiError {
        match self.call(args).await {
            Ok(_) => panic!("{} was carried out", C::NAME),
            Err(error) => error,
        }
    }

    /// Somebody does something about a notification.
    pub async fn acts(&self, place: api::Place, pressed: Pressed) {
        let about = About {
            workspace: None,
            place,
            rule: None,
        };
        self.app.notification_action(about, pressed).await;
    }

    /// Presses a button of a notification.
    pub async fn presses(&self, shown: &Shown, button: NotificationAction) {
        let about = About {
            workspace: None,
            place: shown.place.clone(),
            rule: shown.rule.as_ref().map(|rule| rule.parse().unwrap()),
        };
        let pressed = Pressed::Button(button);
        self.app.notification_action(about, pressed).await;
    }

    /// What the system tells of its network.
    pub async fn network_changed(&self) {
        self.app.network_changed().await;
    }

    /// Ends the app in order.
    pub async fn stop(self) {
        self.app.stop().await;
        self.listening.abort();
    }

    /// Forgets what was told so far.
    pub fn forget(&self) {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// What was told since the last [`Client::forget`], picked out in order.
    pub fn told<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().filter_map(pick).collect()
    }

    /// Waits for an event, unless it was told already since the last [`Client::forget`].
    pub async fn event<T>(&self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let found = wait_for(what, DEADLINE, || {
            let found = self.told(&pick).into_iter().next();
            async move { found }
        });
        match found.await {
            Ok(found) => found,
            Err(error) => {
                let state = self.call(api::GetDiagnostics {}).await;
                panic!(
                    "{error}; told: {:#?}; {state:#?}",
                    self.told(|event| Some(event.clone()))
                )
            }
        }
    }

    /// Asks again and again until the answer is as wanted.
    pub async fn until<C: Call + Clone>(
        &self,
        what: &str,
        args: C,
        wanted: impl Fn(&C::Reply) -> bool,
    ) -> C::Reply {
        let found = wait_for(what, DEADLINE, || async {
            self.call(args.clone()).await.ok().filter(&wanted)
        });
        match found.await {
            Ok(found) => found,
            Err(error) => {
                let state = self.call(api::GetDiagnostics {}).await;
                let last = self.app.call(args.into()).await;
                panic!("{error}; last: {last:#?}; {state:#?}")
            }
        }
    }

    pub async fn connection(&self, what: &str, wanted: impl Fn(&Connection) -> bool) {
        self.until(what, api::GetSnapshot {}, |snapshot| {
            snapshot
                .active
                .as_ref()
                .is_some_and(|active| wanted(&active.connection))
        })
        .await;
    }

    pub async fn live(&self) {
        self.connection("live", |state| *state == Connection::Live)
            .await;
    }

    pub async fn offline(&self) {
        self.connection("offline", |state| {
            matches!(state, Connection::Offline { .. })
        })
        .await;
    }

    /// Makes a session, waits until the server has it, and opens it.
    pub async fn session(&self, title: &str) -> String {
        let made = self
            .ok(api::CreateSession {
                title: Some(title.to_owned()),
            })
            .await
            .id;
        self.until("the session on the server", api::ListSessions {}, |rows| {
            rows.iter().any(|row| row.id == made && !row.unsent)
        })
        .await;
        self.ok(api::OpenSession {
            session: made.clone(),
        })
        .await;
        made
    }

    pub async fn send(&self, session: &str, content: &str) -> MessageRow {
        let (session, content) = (session.to_owned(), content.to_owned());
        self.ok(api::SendMessage {
            session,
            content,
            reply_to: None,
        })
        .await
    }

    /// The newest messages of a session.
    pub async fn messages(&self, session: &str) -> Vec<MessageRow> {
        self.ok(latest(session)).await.rows
    }

    pub async fn contents(&self, session: &str) -> Vec<String> {
        self.messages(session)
            .await
            .into_iter()
            .map(|row| row.content)
            .collect()
    }

    /// Waits until nothing is missing between a session's beginning and what comes live.
    pub async fn whole(&self, session: &str) {
        let session = session.to_owned();
        let details = api::GetDetails { session };
        self.until("a session without gaps", details, |details| {
            details.gaps == 0
        })
        .await;
    }

    /// Waits until a message is as wanted, and returns it.
    pub async fn message(
        &self,
        what: &str,
        session: &str,
        id: &str,
        wanted: impl Fn(&MessageRow) -> bool,
    ) -> MessageRow {
        let page = self.until(what, latest(session), |page| {
            page.rows.iter().any(|row| row.id == id && wanted(row))
        });
        page.await
            .rows
            .into_iter()
            .find(|row| row.id == id)
            .unwrap()
    }

    pub async fn delivered(&self, message: &MessageRow) -> MessageRow {
        self.message("delivered", &message.session, &message.id, |row| {
            row.state == SendState::Delivered
        })
        .await
    }

    /// Waits until nothing is left to be sent.
    pub async fn sent_everything(&self) {
        self.until("an empty outbox", api::ListOutbox {}, Vec::is_empty)
            .await;
    }
}

pub fn latest(session: &str) -> api::GetMessages {
    api::GetMessages {
        session: session.to_owned(),
        at: api::PageAt::Latest,
        limit: 200,
    }
}

/// The rows that an event tells of a session.
pub fn rows_of<'a>(event: &'a Event, of: &str) -> &'a [MessageRow] {
    match event {
        Event::Messages {
            session, changed, ..
        } if session == of => changed,
        _ => &[],
    }
}

/// The id that the next change of a kind concerns, with its content.
pub async fn change(room: &mut Room, kind: &str) -> (String, String) {
    let data = room.change(kind).await.unwrap();
    let record = if kind == "DELETE" {
        &data["old_record"]
    } else {
        &data["record"]
    };
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    (text("id"), text("content"))
}

pub fn credentials(actor: &Actor) -> api::SignIn {
    api::SignIn {
        email: actor.email.to_owned(),
        password: actor.password.to_owned(),
    }
}

pub fn open(session: &str) -> api::OpenSession {
    api::OpenSession {
        session: session.to_owned(),
    }
}
