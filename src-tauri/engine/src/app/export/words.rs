//! What the format for people says by itself, in the language of the window.

use tidings_model::{Language, Role};

/// Where the file comes from.
pub(super) fn head(language: Language, workspace: &str, moment: &str) -> String {
    match language {
        Language::English => format!(
            "Exported from {workspace} on {moment}. Times are those of the computer that wrote this."
        ),
        Language::German => format!(
            "Exportiert aus {workspace} am {moment}. Zeiten sind die des Computers, der dies \
             geschrieben hat."
        ),
    }
}

/// A session without a title.
pub(super) const fn untitled(language: Language) -> &'static str {
    match language {
        Language::English => "Untitled",
        Language::German => "Ohne Titel",
    }
}

/// Parts of a session are missing: in bold, and what introduces the list of them.
pub(super) const fn incomplete(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::English => (
            "Not all of this session is here.",
            "What was not on the computer:",
        ),
        Language::German => (
            "Diese Unterhaltung ist nicht vollständig.",
            "Was nicht auf dem Computer war:",
        ),
    }
}

/// A change of a session that the project does not have yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Made,
    Edited,
    Deleted,
}

pub(super) const fn change(language: Language, change: Change) -> &'static str {
    match (language, change) {
        (Language::English, Change::Made) => "This session was made here",
        (Language::English, Change::Edited) => "Its title or status was changed here",
        (Language::English, Change::Deleted) => "It was deleted here",
        (Language::German, Change::Made) => "Diese Unterhaltung wurde hier angelegt",
        (Language::German, Change::Edited) => "Ihr Titel oder Status wurde hier geändert",
        (Language::German, Change::Deleted) => "Sie wurde hier gelöscht",
    }
}

pub(super) const fn not_sent_yet(language: Language) -> &'static str {
    match language {
        Language::English => "not sent yet",
        Language::German => "noch nicht gesendet",
    }
}

/// `reason` ends without a dot.
pub(super) fn not_sent(language: Language, reason: &str) -> String {
    match language {
        Language::English => format!("not sent, {reason}"),
        Language::German => format!("nicht gesendet, {reason}"),
    }
}

pub(super) fn deleted_here(language: Language, state: &str) -> String {
    match language {
        Language::English => format!("deleted here: {state}"),
        Language::German => format!("hier gelöscht: {state}"),
    }
}

pub(super) fn changed_here(language: Language, state: &str) -> String {
    match language {
        Language::English => format!("Changed here, {state}:"),
        Language::German => format!("Hier geändert, {state}:"),
    }
}

pub(super) const fn voice(language: Language) -> &'static str {
    match language {
        Language::English => "voice message",
        Language::German => "Sprachnachricht",
    }
}

pub(super) const fn action(language: Language) -> &'static str {
    match language {
        Language::English => "action",
        Language::German => "Aktion",
    }
}

pub(super) const fn parts_missing(language: Language) -> &'static str {
    match language {
        Language::English => "parts are missing",
        Language::German => "Teile fehlen",
    }
}

pub(super) const fn no_text(language: Language) -> &'static str {
    match language {
        Language::English => "(no text)",
        Language::German => "(kein Text)",
    }
}

/// An author without a name.
pub(super) const fn author(language: Language, role: Option<Role>) -> &'static str {
    match (language, role) {
        (Language::English, Some(Role::User)) => "Somebody",
        (Language::German, Some(Role::User)) => "Jemand",
        (Language::English, Some(Role::Assistant)) => "Assistant",
        (Language::German, Some(Role::Assistant)) => "Assistent",
        (_, Some(Role::System) | None) => "System",
    }
}

/// A stretch that is missing, between moments.
pub(super) fn gap(language: Language, after: Option<&str>, before: Option<&str>) -> String {
    match (language, after, before) {
        (Language::English, None, None) => "all of it".to_owned(),
        (Language::German, None, None) => "alles".to_owned(),
        (Language::English, None, Some(before)) => format!("before {before}"),
        (Language::German, None, Some(before)) => format!("vor {before}"),
        (Language::English, Some(after), None) => format!("perhaps, after {after}"),
        (Language::German, Some(after), None) => format!("vielleicht, nach {after}"),
        (Language::English, Some(after), Some(before)) => format!("between {after} and {before}"),
        (Language::German, Some(after), Some(before)) => {
            format!("zwischen {after} und {before}")
        }
    }
}
