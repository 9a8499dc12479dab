//! The words of the tray's menu.

use tidings_contract::Connection;
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

/// Switches notifications on while they are off, and off while they are on.
pub(super) const fn toggle(language: Language, muted: bool) -> &'static str {
    if muted {
        pick(
            language,
            "Turn notifications on",
            "Benachrichtigungen einschalten",
        )
    } else {
        pick(
            language,
            "Turn notifications off",
            "Benachrichtigungen ausschalten",
        )
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
