//! The sessions that a new workspace begins with.

use std::time::Duration;

use tidings_model::{Language, Timestamp};
use uuid::Uuid;

use super::welcome::sessions;
use super::{remember, remembered, service};
use crate::store::mutate::{self, OnConflict};
use crate::store::schema::Table;
use crate::store::{Row, StoreError, Value, WriteTx};

/// Writes the sessions once in the life of a database, in the language of that moment.
pub fn write(tx: &mut WriteTx<'_>, user: &str, language: Language) -> Result<(), StoreError> {
    if remembered(tx.connection(), "welcomed")?.is_some() {
        return Ok(());
    }
    remember(tx.connection(), "welcomed", "1")?;
    let sessions = sessions(language);
    let count: usize = sessions.iter().map(|(_, said)| said.len()).sum();
    // A second apart and ending now, so that the order is the order above.
    let mut at = tx
        .now()
        .minus(Duration::from_secs(u64::try_from(count).unwrap_or(0)));
    for (title, said) in sessions {
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
