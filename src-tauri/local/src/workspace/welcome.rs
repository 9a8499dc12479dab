//! What the sessions of a new workspace say, in each language.

use tidings_model::Language;

/// A title, and who says what.
type Session = (&'static str, &'static [(&'static str, &'static str)]);

/// The sessions, oldest first; the last one is on top of the list.
pub(super) const fn sessions(language: Language) -> [Session; 3] {
    match language {
        Language::English => ENGLISH,
        Language::German => GERMAN,
    }
}

const ENGLISH: [Session; 3] = [
    (
        "When the network is gone",
        &[
            ("system", "A note on working without a connection."),
            (
                "assistant",
                "Everything you have seen stays readable without a connection. Tidings keeps an \
                 encrypted copy of your conversations on this computer.",
            ),
            (
                "assistant",
                "A message you write while offline is kept, and goes out once, in the order you \
                 wrote it, as soon as the server answers again. A message that is refused stays \
                 in the conversation with the reason, so that you can correct it or discard it.",
            ),
        ],
    ),
    (
        "Prices and alerts",
        &[
            (
                "system",
                "The prices of this local workspace are simulated. Do not trade on them.",
            ),
            (
                "assistant",
                "The bar at the top follows BTC, ETH, SOL, LINK, XRP and USDC. In a project of \
                 your own it follows the table crypto_prices.",
            ),
            (
                "assistant",
                "To be told when a price is reached, write for example:\n\n\
                 /alert BTC above 70000\n\n\
                 You get one notification when it happens, also while the window is closed. \
                 To ask for a price, write:\n\n/price ETH",
            ),
        ],
    ),
    (
        "Welcome to Tidings",
        &[
            (
                "system",
                "This is a local workspace. It runs on this computer and nowhere else.",
            ),
            (
                "assistant",
                "Tidings keeps your conversations in a Supabase project that belongs to you. \
                 This workspace lets you try everything first: it speaks the same protocols, \
                 and needs no account and no network.",
            ),
            (
                "assistant",
                "Write something below and press Enter. I answer a few commands; /help lists \
                 them. Your message is shown at once, and marked as delivered when the server \
                 has it.",
            ),
            (
                "assistant",
                "When you are ready, connect your Supabase project in the settings. Tidings \
                 asks for its address and its publishable key, never for a secret key.",
            ),
        ],
    ),
];

const GERMAN: [Session; 3] = [
    (
        "Wenn das Netz weg ist",
        &[
            ("system", "Ein Hinweis zum Arbeiten ohne Verbindung."),
            (
                "assistant",
                "Alles, was du gesehen hast, bleibt ohne Verbindung lesbar. Tidings behält eine \
                 verschlüsselte Kopie deiner Unterhaltungen auf diesem Computer.",
            ),
            (
                "assistant",
                "Was du offline schreibst, wird behalten und geht einmal hinaus, in der \
                 Reihenfolge, in der du es geschrieben hast, sobald der Server wieder antwortet. \
                 Eine abgelehnte Nachricht bleibt mit dem Grund in der Unterhaltung stehen, damit \
                 du sie berichtigen oder verwerfen kannst.",
            ),
        ],
    ),
    (
        "Kurse und Alarme",
        &[
            (
                "system",
                "Die Kurse dieses lokalen Arbeitsbereichs sind simuliert. Handle nicht nach ihnen.",
            ),
            (
                "assistant",
                "Die Watchlist folgt BTC, ETH, SOL, LINK, XRP und USDC. In einem eigenen Projekt \
                 folgt sie der Tabelle crypto_prices.",
            ),
            (
                "assistant",
                "Damit du erfährst, wann ein Kurs erreicht ist, schreib zum Beispiel:\n\n\
                 /alert BTC above 70000\n\n\
                 Du bekommst eine Benachrichtigung, wenn es so weit ist, auch bei geschlossenem \
                 Fenster. Nach einem Kurs fragst du so:\n\n/price ETH",
            ),
        ],
    ),
    (
        "Willkommen bei Tidings",
        &[
            (
                "system",
                "Das ist ein lokaler Arbeitsbereich. Er läuft auf diesem Computer und sonst \
                 nirgends.",
            ),
            (
                "assistant",
                "Tidings hält deine Unterhaltungen in einem Supabase-Projekt, das dir gehört. In \
                 diesem Arbeitsbereich kannst du zuerst alles ausprobieren: Er spricht dieselben \
                 Protokolle und braucht weder Konto noch Netz.",
            ),
            (
                "assistant",
                "Schreib unten etwas und drück Enter. Ich beantworte ein paar Befehle; /help zählt \
                 sie auf. Deine Nachricht steht sofort da und ist als gesendet markiert, sobald \
                 der Server sie hat.",
            ),
            (
                "assistant",
                "Wenn du so weit bist, verbinde in den Einstellungen dein Supabase-Projekt. \
                 Tidings fragt nach seiner Adresse und seinem öffentlichen Schlüssel, nie nach \
                 einem geheimen.",
            ),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_says_as_much_by_the_same_roles() {
        let roles = |language| {
            sessions(language)
                .map(|(_, said)| said.iter().map(|(role, _)| *role).collect::<Vec<_>>())
        };
        assert_eq!(roles(Language::English), roles(Language::German));
        for ((title, said), (german, gesagt)) in sessions(Language::English)
            .iter()
            .zip(sessions(Language::German))
        {
            assert_ne!(*title, german);
            assert!(said.iter().zip(gesagt).all(|((_, a), (_, b))| a != b));
        }
    }
}
