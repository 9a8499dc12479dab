//! The desktop's notification service (Desktop Notifications Specification 1.2).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tidings_testkit::wait_for;
use tokio::sync::watch;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, interface};

use super::Bus;
use super::plain::plain;

const PATH: &str = "/org/freedesktop/Notifications";

/// A notification as the service was asked to show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The number the service gave it.
    pub id: u32,
    /// The notification it took the place of; 0 for none.
    pub replaces: u32,
    /// Name of the program.
    pub app: String,
    /// Name or path of its icon.
    pub icon: String,
    /// First line.
    pub summary: String,
    /// The text below.
    pub body: String,
    /// Keys and labels of the buttons. `default` is the click on the notification itself.
    pub actions: Vec<(String, String)>,
    /// Hints, such as `urgency`.
    pub hints: BTreeMap<String, Value>,
    /// How long to show it, in milliseconds; -1 as the service likes, 0 until dismissed.
    pub timeout: i32,
    /// When the service was asked.
    pub at: Instant,
}

/// Why a notification goes away (numbers of the specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Closed {
    /// Its time was over.
    Expired = 1,
    /// The user dismissed it, or answered it.
    Dismissed = 2,
    /// The program took it back.
    Withdrawn = 3,
}

/// A call whose answer the service can keep back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// What it can do, which the program asks before each notification.
    Capabilities,
    /// The number of a notification that it has taken.
    Notify,
}

/// The service, played by the test; it ends when dropped.
#[derive(Debug)]
pub struct Notifications {
    connection: zbus::Connection,
    seen: Arc<Mutex<Seen>>,
    gate: Gate,
}

/// The answer that is kept back, and how many callers wait for it.
#[derive(Debug, Clone, Default)]
struct Gate(watch::Sender<(Option<Answer>, usize)>);

impl Gate {
    /// Returns once the answer may be given.
    async fn pass(&self, answer: Answer) {
        let mut gate = self.0.subscribe();
        if gate.borrow_and_update().0 != Some(answer) {
            return;
        }
        self.0.send_modify(|(_, waiting)| *waiting += 1);
        // The sender is here.
        let _ = gate.wait_for(|(held, _)| *held != Some(answer)).await;
        self.0.send_modify(|(_, waiting)| *waiting -= 1);
    }
}

#[derive(Debug, Default)]
struct Seen {
    notices: Vec<Notice>,
    withdrawn: Vec<u32>,
    last_id: u32,
}

impl Seen {
    /// Takes a notification, and gives it its number.
    fn take(&mut self, notice: Notice) -> u32 {
        let id = if notice.replaces == 0 {
            self.last_id += 1;
            self.last_id
        } else {
            notice.replaces
        };
        self.notices.push(Notice { id, ..notice });
        id
    }
}

struct Service {
    seen: Arc<Mutex<Seen>>,
    gate: Gate,
    capabilities: Vec<String>,
    /// "Do not disturb", as KDE's service says it.
    inhibited: bool,
}

impl Notifications {
    /// Takes the service's name on the bus, with buttons and body text offered.
    pub async fn start(bus: &Bus) -> Result<Self> {
        Self::with_capabilities(bus, &["actions", "body", "persistence"]).await
    }

    /// The same, offering what is named (`actions`, `body`, …).
    pub async fn with_capabilities(bus: &Bus, capabilities: &[&str]) -> Result<Self> {
        let (seen, gate) = (Arc::default(), Gate::default());
        let service = Service {
            seen: Arc::clone(&seen),
            gate: gate.clone(),
            capabilities: capabilities.iter().map(ToString::to_string).collect(),
            inhibited: false,
        };
        let connection = bus
            .builder()
            .name("org.freedesktop.Notifications")
            .serve_at(PATH, service)
            .build()
            .await
            .context("could not be the notification service")?;
        Ok(Self {
            connection,
            seen,
            gate,
        })
    }

    /// Keeps an answer back from now on, or none.
    pub fn hold(&self, answer: Option<Answer>) {
        self.gate.0.send_modify(|(held, _)| *held = answer);
    }

    /// Waits until somebody waits for the answer that is kept back.
    pub async fn wait_held(&self, what: &str, deadline: Duration) -> Result<()> {
        let waits = || async { (self.gate.0.borrow().1 > 0).then_some(()) };
        wait_for(what, deadline, waits).await
    }

    /// All notifications so far, in the order they came.
    pub fn all(&self) -> Vec<Notice> {
        locked(&self.seen).notices.clone()
    }

    /// Numbers of those that the program took back.
    pub fn withdrawn(&self) -> Vec<u32> {
        locked(&self.seen).withdrawn.clone()
    }

    /// Waits for a notification; `what` is for the error message.
    pub async fn wait(
        &self,
        what: &str,
        deadline: Duration,
        is_it: impl Fn(&Notice) -> bool,
    ) -> Result<Notice> {
        let found = wait_for(what, deadline, async || {
            self.all().into_iter().find(|notice| is_it(notice))
        });
        found.await.with_context(|| format!("{:#?}", self.all()))
    }

    /// Presses a button of a notification, which then goes away.
    pub async fn click(&self, notice: &Notice, key: &str) -> Result<()> {
        let offered = notice.actions.iter().any(|(offered, _)| offered == key);
        ensure!(offered, "no button {key:?} on {notice:?}");
        let emitter = self.emitter()?;
        Service::action_invoked(&emitter, notice.id, key).await?;
        self.close(notice, Closed::Dismissed).await
    }

    /// Answers a notification in place, which then goes away.
    pub async fn reply(&self, notice: &Notice, text: &str) -> Result<()> {
        let offered = notice.actions.iter().any(|(key, _)| key == "inline-reply");
        ensure!(offered, "no answer is offered on {notice:?}");
        let emitter = self.emitter()?;
        Service::notification_replied(&emitter, notice.id, text).await?;
        self.close(notice, Closed::Dismissed).await
    }

    /// Keeps notifications back, or lets them through.
    pub async fn inhibit(&self, inhibited: bool) -> Result<()> {
        let service = self
            .connection
            .object_server()
            .interface::<_, Service>(PATH)
            .await?;
        service.get_mut().await.inhibited = inhibited;
        Ok(())
    }

    /// Makes a notification go away.
    pub async fn close(&self, notice: &Notice, why: Closed) -> Result<()> {
        Service::notification_closed(&self.emitter()?, notice.id, why as u32).await?;
        Ok(())
    }

    fn emitter(&self) -> Result<SignalEmitter<'_>> {
        Ok(SignalEmitter::new(&self.connection, PATH)?)
    }
}

// The bus calls methods, with values of their own; their parameters are the specification's.
#[allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    clippy::unused_self
)]
#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    async fn get_capabilities(&self) -> Vec<String> {
        self.gate.pass(Answer::Capabilities).await;
        self.capabilities.clone()
    }

    #[zbus(out_args("name", "vendor", "version", "spec_version"))]
    fn get_server_information(&self) -> (String, String, String, String) {
        let text = ["Tests", "Tidings", "1", "1.2"].map(str::to_owned);
        text.into()
    }

    async fn notify(
        &self,
        app_name: String,
        replaces_id: u32,
        app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        expire_timeout: i32,
    ) -> u32 {
        let id = locked(&self.seen).take(Notice {
            id: 0,
            replaces: replaces_id,
            app: app_name,
            icon: app_icon,
            summary,
            body,
            actions: actions
                .chunks_exact(2)
                .map(|pair| (pair[0].clone(), pair[1].clone()))
                .collect(),
            hints: hints
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect(),
            timeout: expire_timeout,
            at: Instant::now(),
        });
        self.gate.pass(Answer::Notify).await;
        id
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        locked(&self.seen).withdrawn.push(id);
        Self::notification_closed(&emitter, id, Closed::Withdrawn as u32).await?;
        Ok(())
    }

    #[zbus(signal)]
    async fn action_invoked(
        emitter: &SignalEmitter<'_>,
        id: u32,
        action_key: &str,
    ) -> zbus::Result<()>;

    #[zbus(property)]
    fn inhibited(&self) -> bool {
        self.inhibited
    }

    #[zbus(signal)]
    async fn notification_replied(
        emitter: &SignalEmitter<'_>,
        id: u32,
        text: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}

fn locked(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
