//! Answers user messages, each exactly once.
//!
//! A trigger puts every new user message into `assistant_queue` in the transaction that
//! stores it; the answer is stored in the transaction that takes it out again. Neither a
//! crash nor a restart can lose a message or answer it twice.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use tidings_model::Locale;
use tokio::sync::broadcast::error::RecvError;

use super::commands::{self, Quote};
use super::{seed, service};
use crate::options::LocaleNow;
use crate::state::AppState;
use crate::store::mutate::{self, Scope};
use crate::store::schema::{CHAT_MESSAGES, CRYPTO_PRICES};
use crate::store::{StoreError, Value, WriteTx, read};

const TRIGGER: &str = "CREATE TRIGGER IF NOT EXISTS assistant_enqueue \
    AFTER INSERT ON chat_messages WHEN new.role = 'user' \
    BEGIN INSERT INTO assistant_queue (message_id) VALUES (new.id); END";

/// Starts or ends the queueing of messages.
pub fn install(connection: &Connection, wanted: bool) -> rusqlite::Result<()> {
    connection.execute_batch(if wanted {
        TRIGGER
    } else {
        "DROP TRIGGER IF EXISTS assistant_enqueue; DELETE FROM assistant_queue;"
    })
}

/// Answers until the server stops.
pub async fn run(state: AppState, simulated: bool, locale: LocaleNow) {
    let mut changes = state.store().subscribe();
    loop {
        loop {
            let locale = locale.get();
            match state
                .store()
                .write(move |tx| answer_next(tx, simulated, locale))
                .await
            {
                Ok(true) => {}
                Ok(false) => break,
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "the assistant could not answer");
                    break;
                }
            }
        }
        // The queue is what counts; a change only says that it may have grown.
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = state.shutdown().cancelled() => return,
            };
            match change {
                Ok(change) if change.table.name == CHAT_MESSAGES.name => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Answers the oldest queued message; whether there was one.
fn answer_next(tx: &mut WriteTx<'_>, simulated: bool, locale: Locale) -> Result<bool, StoreError> {
    let next: Option<(i64, String)> = tx
        .connection()
        .prepare_cached("SELECT seq, message_id FROM assistant_queue ORDER BY seq LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, id)) = next else {
        return Ok(false);
    };
    tx.connection()
        .execute("DELETE FROM assistant_queue WHERE seq = ?1", [seq])?;
    let found = read::rows(
        tx.connection(),
        tx.parts().messages(),
        "WHERE id = ?1",
        [&id],
    )?;
    // Deleted before it was its turn: nothing to answer.
    let Some(message) = found.first() else {
        return Ok(true);
    };
    let (Some(session), Some(text)) = (
        message.get("session_id").as_str(),
        message.get("content").as_str(),
    ) else {
        return Ok(true);
    };
    let reply = commands::answer(text, &quotes(tx.connection())?, simulated, locale);
    // Also when the writer's clock is ahead, the answer comes after the question.
    let at = match message.get("created_at") {
        Value::Time(asked) if *asked >= tx.now() => asked.plus(Duration::from_millis(1)),
        _ => tx.now(),
    };
    let texts = [
        ("session_id", session),
        ("role", "assistant"),
        ("content", reply.content.as_str()),
    ];
    let mut row = seed::row(tx.parts().messages(), at, &texts);
    row.set("metadata", Value::Json(reply.metadata));
    seed::insert(tx, vec![row])?;
    touch(tx, session, at)?;
    Ok(true)
}

fn touch(
    tx: &mut WriteTx<'_>,
    session: &str,
    at: tidings_model::Timestamp,
) -> Result<(), StoreError> {
    let claims = service();
    let sessions = tx.parts().sessions();
    let scope = Scope {
        claims: &claims,
        table: sessions,
        sql: "id = ?",
        parameters: &[Value::Text(session.to_owned())],
    };
    let sets: Vec<(usize, Value)> = ["last_activity", "updated_at"]
        .iter()
        .filter_map(|name| sessions.position(name))
        .map(|position| (position, Value::Time(at)))
        .collect();
    mutate::update(tx, &scope, &sets).map(|_| ())
}

/// The newest price of each symbol.
fn quotes(connection: &Connection) -> Result<Vec<Quote>, StoreError> {
    let rows = read::rows(
        connection,
        &CRYPTO_PRICES,
        "ORDER BY last_updated DESC, id",
        [],
    )?;
    let mut quotes: Vec<Quote> = Vec::new();
    for row in rows {
        let (Some(symbol), Value::Numeric(price)) = (row.get("symbol").as_str(), row.get("price"))
        else {
            continue;
        };
        if quotes.iter().any(|quote| quote.symbol == symbol) {
            continue;
        }
        let change = match row.get("change_percentage_24h") {
            Value::Numeric(change) => Some(change.clone()),
            _ => None,
        };
        quotes.push(Quote {
            symbol: symbol.to_owned(),
            price: price.clone(),
            change,
        });
    }
    quotes.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    Ok(quotes)
}
