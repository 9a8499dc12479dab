//! What the engine asks of the desktop it runs on.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use tidings_contract::{NotificationReport, NotificationService, Place};
use tidings_model::{Language, RuleId, WorkspaceId};

/// The desktop: implemented by the shell, by `tidings-serve`, and by tests.
///
/// The calls return at once; what takes time is a future.
pub trait Host: Send + Sync + 'static {
    /// Shows a native notification. Its actions come back through `App::notification_action`.
    /// The future ends within seconds, also when the desktop does not answer.
    fn notify(&self, notification: Notification) -> BoxFuture<'static, NotificationReport>;
    /// Says what shows notifications, and what it can do. The future ends within seconds.
    fn notifications(&self) -> BoxFuture<'static, NotificationAbility>;
    /// Opens the system's own settings of notifications, or says why not.
    fn open_notification_settings(&self) -> Result<(), String>;
    /// Whether the program starts with the desktop; none where that cannot be chosen.
    fn autostart(&self) -> Option<bool>;
    /// Has the program start with the desktop, hidden in the tray where there is one, or not.
    fn set_autostart(&self, on: bool) -> Result<(), String>;
    /// Opens an address outside the program. The scheme has been checked.
    fn open_link(&self, url: &str) -> Result<(), String>;
    /// Whether a window is open, visible and focused.
    fn focused(&self) -> bool;
    /// Whether a page may be seen, in front or behind other windows.
    fn visible(&self) -> bool;
    /// Whether there is a tray to close to.
    fn has_tray(&self) -> bool;
}

/// What shows notifications, as far as the system says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts about one desktop"
)]
pub struct NotificationAbility {
    /// Whether they reach the user.
    pub service: NotificationService,
    /// Its name, if it says one.
    pub name: Option<String>,
    /// They can have buttons.
    pub actions: bool,
    /// They can be answered.
    pub reply: bool,
    /// They make sounds.
    pub sounds: bool,
    /// They can sound like a file of the user's.
    pub own_sound: bool,
    /// `Host::open_notification_settings` opens something.
    pub has_settings: bool,
}

/// A native notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Ours, to recognise it when it is acted on; a later one with the same id replaces it.
    pub id: String,
    /// First line.
    pub title: String,
    /// The text below it.
    pub body: String,
    /// The language of its texts, and of its buttons.
    pub language: Language,
    /// What can be done about it, in order. What the desktop cannot offer it leaves out.
    pub actions: Vec<NotificationAction>,
    /// What it is about.
    pub about: About,
    /// What it sounds like.
    pub sound: Play,
}

/// What a notification is about: comes back with what is done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The workspace that it comes from; none: the program itself.
    pub workspace: Option<WorkspaceId>,
    /// What a click on it shows.
    pub place: Place,
    /// The rule that fired, if one alone did.
    pub rule: Option<RuleId>,
}

/// What a notification sounds like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Play {
    /// Nothing.
    Silent,
    /// A file, where the desktop plays files; else its own sound.
    File(PathBuf),
}

/// A button on a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationAction {
    /// Shows the symbol's chart.
    OpenChart,
    /// Opens the session.
    OpenSession,
    /// Answers in the notification.
    Reply,
    /// Marks the session as read.
    MarkRead,
    /// Holds the rule's notifications for a while.
    Snooze,
    /// Has the rule notify no more.
    Mute,
}

impl NotificationAction {
    const ALL: [Self; 6] = [
        Self::OpenChart,
        Self::OpenSession,
        Self::Reply,
        Self::MarkRead,
        Self::Snooze,
        Self::Mute,
    ];

    /// Whether it changes nothing, and leads into the window.
    pub const fn only_opens(self) -> bool {
        matches!(self, Self::OpenChart | Self::OpenSession)
    }

    /// Key that the desktop gives back.
    pub const fn key(self) -> &'static str {
        match self {
            Self::OpenChart => "open_chart",
            Self::OpenSession => "open_session",
            Self::Reply => "reply",
            Self::MarkRead => "mark_read",
            Self::Snooze => "snooze",
            Self::Mute => "mute",
        }
    }

    /// The action of a key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.key() == key)
    }
}

/// What somebody did about a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// Clicked it as a whole.
    Notification,
    /// Pressed a button of it.
    Button(NotificationAction),
    /// Answered in it.
    Reply(String),
}

impl Pressed {
    /// Whether the window is shown for it.
    pub const fn shows_window(&self) -> bool {
        match self {
            Self::Notification => true,
            Self::Button(button) => button.only_opens(),
            Self::Reply(_) => false,
        }
    }
}
