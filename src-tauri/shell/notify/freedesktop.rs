//! Linux: the service `org.freedesktop.Notifications` (Desktop Notifications Specification 1.2),
//! with the answers in place that KDE added to it (`inline-reply`).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tidings_contract::{NotificationReport, NotificationService};
use tidings_engine::{About, Notification, NotificationAbility, NotificationAction, Play, Pressed};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use zbus::{Connection, MatchRule, MessageStream, OwnedVariant, Variant};

use super::{Acted, DEADLINE, gnome, refused};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Notifications that are known by their number; what is done about older ones is not heard.
const KNOWN: usize = 256;
/// Key of a click on the notification itself (specification).
const DEFAULT: &str = "default";
/// Key of the answer in place (KDE).
const INLINE_REPLY: &str = "inline-reply";

/// Shows notifications. Clones share it.
#[derive(Clone)]
pub struct Notifier(Arc<Inner>);

struct Inner {
    acted: mpsc::UnboundedSender<Acted>,
    bus: Mutex<Option<Connection>>,
    shown: Mutex<Shown>,
}

/// What is on the screen, as far as it is known.
#[derive(Default)]
struct Shown(VecDeque<(u32, String, About)>);

impl Shown {
    /// The service's number for our id, so that a newer one replaces the one before it. Ids are of
    /// a workspace.
    fn number(&self, id: &str, about: &About) -> u32 {
        let known = self
            .0
            .iter()
            .rfind(|(_, known, of)| known == id && of.workspace == about.workspace);
        known.map_or(0, |(number, _, _)| *number)
    }

    fn about(&self, number: u32) -> Option<&About> {
        let known = self.0.iter().find(|(known, _, _)| *known == number);
        known.map(|(_, _, about)| about)
    }

    fn add(&mut self, number: u32, notification: Notification) {
        self.remove(number);
        if self.0.len() == KNOWN {
            self.0.pop_front();
        }
        self.0
            .push_back((number, notification.id, notification.about));
    }

    fn remove(&mut self, number: u32) {
        self.0.retain(|(known, _, _)| *known != number);
    }
}

/// What the service can do, by its own words.
struct Able(Vec<String>);

impl Able {
    fn can(&self, what: &str) -> bool {
        self.0.iter().any(|each| each == what)
    }
}

impl Notifier {
    /// A notifier, and what is done about its notifications.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Acted>) {
        let (acted, receiver) = mpsc::unbounded_channel();
        let inner = Inner {
            acted,
            bus: Mutex::default(),
            shown: Mutex::default(),
        };
        (Self(Arc::new(inner)), receiver)
    }

    /// Shows a notification; the future tells whether the desktop took it.
    pub fn show(&self, notification: Notification) -> BoxFuture<'static, NotificationReport> {
        let inner = self.0.clone();
        Box::pin(async move {
            match timeout(DEADLINE, inner.show(notification)).await {
                Ok(Ok(())) => NotificationReport {
                    shown: true,
                    reason: None,
                },
                Ok(Err(error)) => refused(&error.to_string()),
                Err(_) => refused("the desktop did not answer"),
            }
        })
    }

    /// What shows notifications here; `has_settings`: the desktop has a page for them.
    pub fn ability(&self, has_settings: bool) -> BoxFuture<'static, NotificationAbility> {
        let inner = self.0.clone();
        Box::pin(async move {
            let found = timeout(DEADLINE, inner.ability()).await;
            let (service, name, able) = match found {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => {
                    tracing::info!(%error, "nothing shows notifications");
                    (NotificationService::Missing, None, Able(Vec::new()))
                }
                Err(_) => (NotificationService::Missing, None, Able(Vec::new())),
            };
            NotificationAbility {
                service,
                name,
                actions: able.can("actions"),
                reply: able.can(INLINE_REPLY),
                sounds: able.can("sound"),
                own_sound: able.can("sound"),
                has_settings,
            }
        })
    }
}

impl Inner {
    async fn show(self: &Arc<Self>, notification: Notification) -> zbus::Result<()> {
        let bus = self.bus().await?;
        let able = Able(call(&bus, "GetCapabilities", &()).await?);
        // Held until the number is known: what is done meanwhile is heard after that.
        let mut shown = self.shown.lock().await;
        let number: u32 = {
            let buttons = buttons(&notification, &able);
            let buttons: Vec<&str> = buttons.iter().map(String::as_str).collect();
            let body = if able.can("body-markup") {
                as_markup(&notification.body)
            } else {
                notification.body.clone()
            };
            let arguments = (
                "Tidings",
                shown.number(&notification.id, &notification.about),
                "tidings",
                notification.title.as_str(),
                body.as_str(),
                buttons.as_slice(),
                hints(&notification),
                -1_i32,
            );
            call(&bus, "Notify", &arguments).await?
        };
        shown.add(number, notification);
        Ok(())
    }

    async fn ability(
        self: &Arc<Self>,
    ) -> zbus::Result<(NotificationService, Option<String>, Able)> {
        let bus = self.bus().await?;
        let (name, _, _, _): (String, String, String, String) =
            call(&bus, "GetServerInformation", &()).await?;
        let able = Able(call(&bus, "GetCapabilities", &()).await?);
        let service = if is_inhibited(&bus).await {
            NotificationService::Inhibited
        } else if name == gnome::SERVICE {
            let asked = tokio::task::spawn_blocking(gnome::service);
            asked.await.unwrap_or(NotificationService::Available)
        } else {
            NotificationService::Available
        };
        Ok((service, Some(name), able))
    }

    /// The connection to the session's bus; the first call makes it, and listens on it.
    async fn bus(self: &Arc<Self>) -> zbus::Result<Connection> {
        let mut held = self.bus.lock().await;
        if let Some(bus) = held.as_ref() {
            return Ok(bus.clone());
        }
        let bus = Connection::session().await?;
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .path(PATH)
            .interface(NAME)
            .build()?;
        let signals = MessageStream::for_match_rule(rule, &bus, None).await?;
        tokio::spawn(self.clone().listen(signals));
        *held = Some(bus.clone());
        Ok(bus)
    }

    /// Hears what is done about notifications, until the connection ends.
    async fn listen(self: Arc<Self>, mut signals: MessageStream) {
        while let Some(Ok(signal)) = signals.next().await {
            let Some(member) = signal.header().member().map(ToString::to_string) else {
                continue;
            };
            let body = signal.body();
            match member.as_str() {
                "ActionInvoked" => {
                    if let Ok((number, key)) = body.deserialize::<(u32, String)>() {
                        self.tell(number, pressed(&key)).await;
                    }
                }
                "NotificationReplied" => {
                    if let Ok((number, text)) = body.deserialize::<(u32, String)>() {
                        self.tell(number, Some(Pressed::Reply(text))).await;
                    }
                }
                "NotificationClosed" => {
                    if let Ok((number, _)) = body.deserialize::<(u32, u32)>() {
                        self.shown.lock().await.remove(number);
                    }
                }
                _ => {}
            }
        }
        // The bus went away: the next notification looks for it anew.
        self.bus.lock().await.take();
    }

    async fn tell(&self, number: u32, pressed: Option<Pressed>) {
        let about = self.shown.lock().await.about(number).cloned();
        if let (Some(about), Some(pressed)) = (about, pressed) {
            // Nobody listens any more when the program ends.
            let _ = self.acted.send(Acted { about, pressed });
        }
    }
}

async fn call<B, R>(bus: &Connection, method: &'static str, arguments: &B) -> zbus::Result<R>
where
    B: serde::Serialize + zbus::Type,
    R: serde::de::DeserializeOwned + zbus::Type,
{
    let answer = bus
        .call_method(Some(NAME), PATH, Some(NAME), method, arguments)
        .await?;
    answer.body().deserialize()
}

/// Whether the desktop keeps notifications back; KDE says so here, GNOME elsewhere, others do not
/// say.
async fn is_inhibited(bus: &Connection) -> bool {
    const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
    let question = (NAME, "Inhibited");
    let answer = bus
        .call_method(Some(NAME), PATH, Some(PROPERTIES), "Get", &question)
        .await;
    let value = answer.and_then(|answer| answer.body().deserialize::<OwnedVariant>());
    value.is_ok_and(|value| matches!(&*value, Variant::Bool(true)))
}

/// Keys and labels of the buttons that the service can offer, in turn.
fn buttons(notification: &Notification, able: &Able) -> Vec<String> {
    if !able.can("actions") {
        return Vec::new();
    }
    let language = notification.language;
    let mut buttons = vec![
        DEFAULT.to_owned(),
        NotificationAction::OpenSession.label(language).to_owned(),
    ];
    for action in &notification.actions {
        let key = match action {
            NotificationAction::Reply if able.can(INLINE_REPLY) => INLINE_REPLY,
            NotificationAction::Reply => continue,
            action => action.key(),
        };
        buttons.extend([key.to_owned(), action.label(language).to_owned()]);
    }
    buttons
}

fn hints(notification: &Notification) -> HashMap<&'static str, Variant<'static>> {
    let mut hints = HashMap::from([("desktop-entry", Variant::from("tidings"))]);
    match &notification.sound {
        Play::Silent => {
            hints.insert("suppress-sound", Variant::Bool(true));
        }
        Play::File(path) => {
            let path = path.to_string_lossy().into_owned();
            hints.insert("sound-file", Variant::from(path));
            // For services that play themes alone (Sound Naming Specification).
            hints.insert("sound-name", Variant::from("message-new-instant"));
        }
    }
    hints
}

/// Where a body is markup, what people wrote is still text.
fn as_markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What a key of the service means; unknown keys mean nothing.
fn pressed(key: &str) -> Option<Pressed> {
    match key {
        DEFAULT => Some(Pressed::Notification),
        key => NotificationAction::from_key(key).map(Pressed::Button),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tidings_contract::Place;
    use tidings_model::Language;

    use super::*;

    fn notification(sound: Play) -> Notification {
        Notification {
            id: "message/s".to_owned(),
            title: "Bob in Plans".to_owned(),
            body: "coming?".to_owned(),
            language: Language::English,
            actions: vec![NotificationAction::Reply, NotificationAction::MarkRead],
            about: About {
                workspace: None,
                place: Place::Alerts,
                rule: None,
            },
            sound,
        }
    }

    fn able(capabilities: &[&str]) -> Able {
        Able(capabilities.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_people_write_is_no_markup() {
        assert_eq!(
            as_markup("<a href='x'>a & b</a>"),
            "&lt;a href='x'&gt;a &amp; b&lt;/a&gt;"
        );
    }

    #[test]
    fn only_buttons_that_the_service_has_are_offered() {
        let notification = notification(Play::Silent);
        assert!(buttons(&notification, &able(&["body"])).is_empty());
        assert_eq!(
            buttons(&notification, &able(&["actions"])),
            ["default", "Open", "mark_read", "Mark as read"]
        );
        assert_eq!(
            buttons(&notification, &able(&["actions", "inline-reply"])),
            [
                "default",
                "Open",
                "inline-reply",
                "Reply",
                "mark_read",
                "Mark as read"
            ]
        );
    }

    #[test]
    fn a_sound_is_a_file_or_is_suppressed() {
        let silent = hints(&notification(Play::Silent));
        assert_eq!(silent["suppress-sound"], Variant::Bool(true));
        assert!(!silent.contains_key("sound-file"));
        let file = Play::File(PathBuf::from("/data/sounds/chime.wav"));
        let loud = hints(&notification(file));
        assert_eq!(loud["sound-file"], Variant::from("/data/sounds/chime.wav"));
        assert!(!loud.contains_key("suppress-sound"));
    }

    #[test]
    fn what_is_shown_is_known_by_its_number_and_replaced_by_its_id_in_its_workspace() {
        let mut shown = Shown::default();
        let here = notification(Play::Silent).about;
        let mut elsewhere = here.clone();
        elsewhere.workspace = Some(tidings_model::WorkspaceId::mint());
        assert_eq!(shown.number("message/s", &here), 0);
        shown.add(7, notification(Play::Silent));
        shown.add(7, notification(Play::Silent));
        assert_eq!((shown.number("message/s", &here), shown.0.len()), (7, 1));
        assert_eq!(shown.number("message/s", &elsewhere), 0);
        shown.remove(7);
        assert_eq!(shown.number("message/s", &here), 0);
        assert_eq!(shown.about(7), None);
    }

    #[test]
    fn keys_of_the_service_become_what_was_done() {
        assert_eq!(pressed("default"), Some(Pressed::Notification));
        let chart = Pressed::Button(NotificationAction::OpenChart);
        assert_eq!(pressed("open_chart"), Some(chart));
        assert_eq!(pressed("nothing of ours"), None);
    }
}
