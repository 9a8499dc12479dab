//! What the engine asks of the desktop it runs on.

use futures_util::future::BoxFuture;
use tidings_contract::NotificationReport;
use tidings_model::Language;

/// The desktop: implemented by the shell, by `tidings-serve`, and by tests.
///
/// The calls return at once; what takes time is a future.
pub trait Host: Send + Sync + 'static {
    /// Shows a native notification. Its actions come back through `App::notification_action`.
    /// The future ends within seconds, also when the desktop does not answer.
    fn notify(&self, notification: Notification) -> BoxFuture<'static, NotificationReport>;
    /// Opens an address outside the program. The scheme has been checked.
    fn open_link(&self, url: &str) -> Result<(), String>;
    /// Whether a window is open, visible and focused.
    fn focused(&self) -> bool;
    /// Whether there is a tray to close to.
    fn has_tray(&self) -> bool;
}

/// A native notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Ours, to recognise it when it is acted on.
    pub id: String,
    /// First line.
    pub title: String,
    /// The text below it.
    pub body: String,
    /// The language of its texts, and of its buttons.
    pub language: Language,
    /// What can be done about it, in order.
    pub actions: Vec<NotificationAction>,
    /// What a click on it shows.
    pub place: tidings_contract::Place,
}

/// A button on a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationAction {
    /// Shows the symbol's chart.
    OpenChart,
    /// Opens the session.
    OpenSession,
    /// Marks the session as read.
    MarkRead,
}

impl NotificationAction {
    /// Key that the desktop gives back.
    pub const fn key(self) -> &'static str {
        match self {
            Self::OpenChart => "open_chart",
            Self::OpenSession => "open_session",
            Self::MarkRead => "mark_read",
        }
    }

    /// The action of a key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::OpenChart, Self::OpenSession, Self::MarkRead]
            .into_iter()
            .find(|a| a.key() == key)
    }
}
