//! What the program says outside its window, in the language of the window.

use tidings_model::Language;

use crate::host::NotificationAction;

/// Title of what is told about several firings at once; `many` is more than one.
pub(crate) fn while_away(language: Language, many: usize) -> String {
    match language {
        Language::English => format!("{many} alerts while you were away"),
        Language::German => format!("{many} Preisalarme, während du weg warst"),
    }
}

/// Title of what is told about several firings at the end of a snooze; `many` is more than one.
pub(crate) fn while_snoozed(language: Language, many: usize) -> String {
    match language {
        Language::English => format!("{many} alerts while snoozed"),
        Language::German => format!("{many} Preisalarme in der Ruhezeit"),
    }
}

/// Title of a message's notification.
pub(crate) fn author_in(language: Language, author: &str, session: &str) -> String {
    match language {
        Language::English => format!("{author} in {session}"),
        // The first is a person, the second a title that may be anything: quoted.
        Language::German => format!("{author} in „{session}“"),
    }
}

/// Everything that a notification about a message says while previews are off.
pub(crate) const fn new_message(language: Language) -> &'static str {
    match language {
        Language::English => "New message",
        Language::German => "Neue Nachricht",
    }
}

/// The author of a message of the assistant.
pub(crate) const fn assistant(language: Language) -> &'static str {
    match language {
        Language::English => "Assistant",
        Language::German => "Assistent",
    }
}

/// The author of a message that names none.
pub(crate) const fn someone(language: Language) -> &'static str {
    match language {
        Language::English => "Someone",
        Language::German => "Jemand",
    }
}

/// A session without a title.
pub(crate) const fn untitled(language: Language) -> &'static str {
    match language {
        Language::English => "Untitled",
        Language::German => "Ohne Titel",
    }
}

/// Title and text of the test notification.
pub(crate) const fn test_notification(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::English => ("Tidings can notify you", "This is how an alert will look."),
        Language::German => (
            "Tidings kann dich benachrichtigen",
            "So wird ein Preisalarm aussehen.",
        ),
    }
}

impl NotificationAction {
    /// Label of the button.
    pub const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::OpenChart, Language::English) => "Open chart",
            (Self::OpenChart, Language::German) => "Kurs öffnen",
            (Self::OpenSession, Language::English) => "Open",
            (Self::OpenSession, Language::German) => "Öffnen",
            (Self::MarkRead, Language::English) => "Mark as read",
            (Self::MarkRead, Language::German) => "Als gelesen markieren",
        }
    }
}
