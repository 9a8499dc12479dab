//! Rows as they arrived, as values for their columns.

use rusqlite::types::Value;
use tidings_model::{Json, MessageId, Timestamp};

use super::Tx;
use super::ingest::session_or_stub;
use super::merge::Columns;
use super::rows::{message, session};
use crate::error::Result;
use crate::types::fact::{Column, IngestReport, PartialMessage, PartialSession};

pub(crate) fn of_message(
    tx: &mut Tx<'_>,
    row: PartialMessage,
    report: &mut IngestReport,
) -> Result<[Option<Value>; message::COUNT]> {
    let session = match row.session_id {
        Column::Absent => None,
        Column::Null => Some(Value::Null),
        Column::Value(id) => Some(Value::Integer(session_or_stub(tx, &id, report)?)),
    };
    let author = match row.user_id {
        Column::Absent => None,
        Column::Null => Some(Value::Null),
        Column::Value(id) => Some(Value::Integer(tx.user(&id)?)),
    };
    let mut values = [const { None }; message::COUNT];
    values[message::SESSION] = session;
    values[message::AUTHOR] = author;
    values[message::CONTENT] = text(row.content);
    values[message::ROLE] = text(row.role);
    values[message::METADATA] = json(row.metadata);
    // A message needs a place: one without a time stands first.
    values[message::CREATED_AT] = match time(&row.created_at) {
        Some(Value::Null) => Some(Value::Integer(0)),
        value => value,
    };
    values[message::UPDATED_AT] = time(&row.updated_at);
    values[message::STATUS] = text(row.status);
    values[message::KIND] = text(row.kind);
    Ok(values)
}

pub(crate) fn of_session(
    tx: &mut Tx<'_>,
    row: PartialSession,
) -> Result<[Option<Value>; session::COUNT]> {
    let owner = match row.user_id {
        Column::Absent => None,
        Column::Null => Some(Value::Null),
        Column::Value(id) => Some(Value::Integer(tx.user(&id)?)),
    };
    let mut values = [const { None }; session::COUNT];
    values[session::OWNER] = owner;
    values[session::TITLE] = text(row.title);
    values[session::STATUS] = text(row.status);
    values[session::LAST_ACTIVITY] = time(&row.last_activity);
    values[session::CREATED_AT] = time(&row.created_at);
    values[session::UPDATED_AT] = time(&row.updated_at);
    values[session::METADATA] = json(row.metadata);
    Ok(values)
}

pub(crate) fn present(fact: &[Option<Value>]) -> Columns {
    fact.iter()
        .enumerate()
        .filter(|(_, value)| value.is_some())
        .fold(0, |set, (column, _)| set | 1 << column)
}

pub(crate) fn blob(id: MessageId) -> Value {
    Value::Blob(id.as_uuid().as_bytes().to_vec())
}

fn text(column: Column<String>) -> Option<Value> {
    match column {
        Column::Absent => None,
        Column::Null => Some(Value::Null),
        Column::Value(text) => Some(Value::Text(text)),
    }
}

fn json(column: Column<Json>) -> Option<Value> {
    match column {
        Column::Absent => None,
        Column::Null => Some(Value::Null),
        Column::Value(json) => Some(Value::Text(json.as_str().to_owned())),
    }
}

fn time(column: &Column<Timestamp>) -> Option<Value> {
    match column {
        Column::Absent => None,
        Column::Null => Some(Value::Null),
        Column::Value(time) => Some(Value::Integer(time.as_micros())),
    }
}
