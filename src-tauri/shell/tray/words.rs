//! The words of the tray's menu.

use tidings_contract::{Connection, OwnPresence};
use tidings_model::Language;

/// How the workspace in front is connected.
pub(super) const fn connection(
    language: Language,
    connection: Option<&Connection>,
) -> &'static str {
    let (english, german) = match connection {
        None => ("No workspace", "Kein Arbeitsbereich"),
        Some(Connection::Offline { .. }) => ("Offline", "Offline"),
        Some(Connection::Connecting) => ("Connecting", "Verbindet"),
        Some(Connection::CatchingUp { .. }) => ("Catching up", "Holt auf"),
        Some(Connection::Live) => ("Connected", "Verbunden"),
        Some(Connection::SignedOut) => ("Signed out", "Abgemeldet"),
        Some(Connection::Refused { .. }) => ("The project refuses", "Das Projekt lehnt ab"),
    };
    pick(language, english, german)
}

/// How many rules are switched on.
pub(super) fn armed(language: Language, armed: u32) -> String {
    match (language, armed) {
        (Language::English, 0) => "No alerts armed".to_owned(),
        (Language::English, 1) => "1 alert armed".to_owned(),
        (Language::English, many) => format!("{many} alerts armed"),
        (Language::German, 0) => "Keine Preisalarme scharf".to_owned(),
        (Language::German, 1) => "1 Preisalarm scharf".to_owned(),
        (Language::German, many) => format!("{many} Preisalarme scharf"),
    }
}

/// Switches notifications on, which are off.
pub(super) const fn turn_on(language: Language) -> &'static str {
    pick(
        language,
        "Turn notifications on",
        "Benachrichtigungen einschalten",
    )
}

/// Mutes alerts.
pub(super) const fn mute(language: Language) -> &'static str {
    pick(
        language,
        "Mute alerts for an hour",
        "Preisalarme eine Stunde stummschalten",
    )
}

/// Has alerts told again, which are muted until a time of day.
pub(super) fn resume(language: Language, until: &str) -> String {
    match language {
        Language::English => format!("Resume alerts (muted until {until})"),
        Language::German => format!("Preisalarme wieder melden (stumm bis {until})"),
    }
}

/// One's own presence.
pub(super) const fn presence(language: Language, presence: OwnPresence) -> &'static str {
    match presence {
        OwnPresence::Online => pick(language, "Online", "Online"),
        OwnPresence::Away => pick(language, "Away", "Abwesend"),
        OwnPresence::Invisible => pick(language, "Invisible", "Unsichtbar"),
    }
}

/// Shows the window, with what is unread.
pub(super) fn show(language: Language, unread: u32) -> String {
    let show = pick(language, "Open Tidings", "Tidings öffnen");
    match unread {
        0 => show.to_owned(),
        many => format!("{show} ({many} {})", pick(language, "unread", "ungelesen")),
    }
}

/// Closes the lock.
pub(super) const fn lock(language: Language) -> &'static str {
    pick(language, "Lock now", "Jetzt sperren")
}

/// What the menu says while the lock is closed.
pub(super) const fn locked(language: Language) -> &'static str {
    pick(language, "Locked", "Gesperrt")
}

/// Ends the program.
pub(super) const fn quit(language: Language) -> &'static str {
    pick(language, "Quit Tidings", "Tidings beenden")
}

/// A symbol without a price.
pub(super) const fn no_price(language: Language) -> &'static str {
    pick(language, "no price yet", "noch kein Kurs")
}

/// A price that is not of now.
pub(super) const fn old(language: Language) -> &'static str {
    pick(language, "(old)", "(alt)")
}

const fn pick(language: Language, english: &'static str, german: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::German => german,
    }
}
