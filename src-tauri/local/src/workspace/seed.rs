//! The sessions that a new workspace begins with.

use std::time::Duration;

use tidings_model::Timestamp;
use uuid::Uuid;

use super::{remember, remembered, service};
use crate::store::mutate::{self, OnConflict};
use crate::store::schema::Table;
use crate::store::{Row, StoreError, Value, WriteTx};

/// Titles and what is said, oldest session first; the last one is on top of the list.
const SESSIONS: [(&str, &[(&str, &str)]); 3] = [
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

/// Writes the sessions once in the life of a database.
pub fn write(tx: &mut WriteTx<'_>, user: &str) -> Result<(), StoreError> {
    if remembered(tx.connection(), "welcomed")?.is_some() {
        return Ok(());
    }
    remember(tx.connection(), "welcomed", "1")?;
    let count: usize = SESSIONS.iter().map(|(_, said)| said.len()).sum();
    // A second apart and ending now, so that the order is the order above.
    let mut at = tx
        .now()
        .minus(Duration::from_secs(u64::try_from(count).unwrap_or(0)));
    for (title, said) in SESSIONS {
        let session = Uuid::new_v4().to_string();
        let first = at;
        let mut messages = Vec::with_capacity(said.len());
        for (role, content) in said {
            at = at.plus(Duration::from_secs(1));
            messages.push(row(
                tx.parts().messages(),
                at,
                &[
                    ("session_id", &session),
                    ("role", role),
                    ("content", content),
                ],
            ));
        }
        let mut opened = row(
            tx.parts().sessions(),
            first,
            &[("id", &session), ("user_id", user), ("title", title)],
        );
        opened.set("last_activity", Value::Time(at));
        insert(tx, vec![opened])?;
        insert(tx, messages)?;
    }
    Ok(())
}

/// A row with these texts, `at` as its times, and defaults for the rest.
pub fn row(table: &'static Table, at: Timestamp, texts: &[(&str, &str)]) -> Row {
    let values = table
        .columns
        .iter()
        .map(|column| Value::default_of(column, at))
        .collect();
    let mut row = Row { table, values };
    for (name, text) in texts {
        row.set(name, Value::Text((*text).to_owned()));
    }
    row
}

/// Inserts rows as the service role.
pub fn insert(tx: &mut WriteTx<'_>, rows: Vec<Row>) -> Result<(), StoreError> {
    mutate::insert(tx, &service(), rows, &OnConflict::Refuse, false).map(|_| ())
}
