//! What the program says outside its window, in the language of the window.

use tidings_model::Language;
use tidings_supabase::Pages;

use crate::host::NotificationAction;

/// What the browser shows after a sign-in with a provider.
pub(crate) fn sign_in_pages(language: Language) -> Pages {
    match language {
        Language::English => Pages::default(),
        Language::German => Pages {
            language: "de",
            done: "Du kannst diese Seite schließen und zu Tidings zurückkehren.",
            refused: "Du wurdest nicht angemeldet: Du kannst diese Seite schließen und zu Tidings \
                      zurückkehren.",
            nothing: "Hier ist nichts.",
        },
    }
}

/// Title of what is told about several firings at once; `many` is more than one.
pub(crate) fn while_away(language: Language, many: usize) -> String {
    match language {
        Language::English => format!("{many} alerts while you were away"),
        Language::German => format!("{many} Preisalarme, während du weg warst"),
    }
}

/// What is not known before an alert that fired; times of day.
pub(crate) fn unknown_between(language: Language, from: &str, until: &str) -> String {
    match language {
        Language::English => format!("Prices between {from} and {until} are not known."),
        Language::German => format!("Kurse zwischen {from} und {until} sind nicht bekannt."),
    }
}

/// What is not known before an alert that fired: a day or more.
pub(crate) fn unknown_for_days(language: Language, days: u64) -> String {
    match (language, days) {
        (Language::English, 1) => "Prices of more than a day before are not known.".to_owned(),
        (Language::English, days) => format!("Prices of {days} days before are not known."),
        (Language::German, 1) => {
            "Kurse von mehr als einem Tag davor sind nicht bekannt.".to_owned()
        }
        (Language::German, days) => format!("Kurse von {days} Tagen davor sind nicht bekannt."),
    }
}

/// Title of what is told about several firings at the end of a snooze; `many` is more than one.
pub(crate) fn while_snoozed(language: Language, many: usize) -> String {
    match language {
        Language::English => format!("{many} alerts while snoozed"),
        Language::German => format!("{many} Preisalarme während der Pause"),
    }
}

/// Title of what is told about firings and messages at once, after a run that could not tell them.
pub(crate) fn away_both(language: Language, alerts: usize, messages: usize) -> String {
    let said = alerts_and_messages(language, alerts, messages);
    match language {
        Language::English => format!("{said} while you were away"),
        Language::German => format!("{said}, während du weg warst"),
    }
}

/// Title of what is told when the quiet hours, or a pause, end. `alerts` is one or more.
pub(crate) fn held_until_now(language: Language, alerts: usize, messages: usize) -> String {
    let said = alerts_and_messages(language, alerts, messages);
    match language {
        Language::English => format!("Held until now: {said}"),
        Language::German => format!("Bis jetzt zurückgehalten: {said}"),
    }
}

/// How many there are of both; messages may be none.
pub(crate) fn alerts_and_messages(language: Language, alerts: usize, messages: usize) -> String {
    let counted = count_alerts(language, alerts);
    let more = count_messages(language, messages);
    match (messages, language) {
        (0, _) => counted,
        (_, Language::English) => format!("{counted} and {more}"),
        (_, Language::German) => format!("{counted} und {more}"),
    }
}

/// Title of what is told about messages of several sessions.
pub(crate) fn messages_in(language: Language, messages: usize, sessions: usize) -> String {
    let said = new_messages(language, messages);
    match language {
        Language::English => format!("{said} in {sessions} sessions"),
        Language::German => format!("{said} in {sessions} Unterhaltungen"),
    }
}

/// Title of what is told about several messages of one session.
pub(crate) fn many_in(language: Language, messages: usize, session: &str) -> String {
    let said = new_messages(language, messages);
    match language {
        Language::English => format!("{said} in {session}"),
        Language::German => format!("{said} in „{session}“"),
    }
}

/// How many messages there are; `many` is more than one.
pub(crate) fn new_messages(language: Language, many: usize) -> String {
    match language {
        Language::English => format!("{many} new messages"),
        Language::German => format!("{many} neue Nachrichten"),
    }
}

/// Last line of a digest that is cut.
pub(crate) fn and_more(language: Language, more: usize) -> String {
    match language {
        Language::English => format!("and {more} more"),
        Language::German => format!("und {more} weitere"),
    }
}

fn count_alerts(language: Language, alerts: usize) -> String {
    match (language, alerts) {
        (Language::English, 1) => "1 alert".to_owned(),
        (Language::English, many) => format!("{many} alerts"),
        (Language::German, 1) => "1 Preisalarm".to_owned(),
        (Language::German, many) => format!("{many} Preisalarme"),
    }
}

fn count_messages(language: Language, messages: usize) -> String {
    match (language, messages) {
        (Language::English, 1) => "1 new message".to_owned(),
        (Language::German, 1) => "1 neue Nachricht".to_owned(),
        (_, many) => new_messages(language, many),
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

/// Title and text of what is said when the window is closed to the tray for the first time.
pub(crate) const fn in_the_tray(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::English => (
            "Tidings is still running",
            "Alerts and messages keep coming. Open or quit it from its icon in the tray.",
        ),
        Language::German => (
            "Tidings läuft weiter",
            "Preisalarme und Nachrichten kommen weiterhin. Öffnen und beenden lässt es sich über \
             sein Symbol im Infobereich.",
        ),
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
            (Self::Reply, Language::English) => "Reply",
            (Self::Reply, Language::German) => "Antworten",
            (Self::Snooze, Language::English) => "Snooze 15 min",
            (Self::Snooze, Language::German) => "15 Min. Ruhe",
            (Self::Mute, Language::English) => "Mute",
            (Self::Mute, Language::German) => "Stummschalten",
            (Self::MarkRead, Language::English) => "Mark as read",
            (Self::MarkRead, Language::German) => "Als gelesen markieren",
        }
    }
}
