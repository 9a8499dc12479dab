//! Takes facts in: live frames, fetched rows and the answers to one's own writes alike.

use rusqlite::params;
use rusqlite::types::Value;
use tidings_model::{Json, MessageId, SessionId, Timestamp};

use super::merge::{Columns, Shape};
use super::rows::{self, MESSAGES, SESSIONS, StoredRow, message, session};
use super::{Tx, members, ranges};
use crate::error::Result;
use crate::types::fact::{Column, Incoming, IngestReport, PartialMessage, PartialSession, Source};
use crate::types::page::MessageKey;

/// Takes facts in, in the order given; the result does not depend on it.
pub(crate) fn ingest(tx: &mut Tx<'_>, facts: Vec<Incoming>) -> Result<IngestReport> {
    let mut report = IngestReport::default();
    let mut newest = ranges::LiveRows::default();
    for fact in facts {
        match fact {
            Incoming::Message { row, source } => {
                let placed = take_message(tx, row, source, &mut report)?;
                if let (
                    Source::Live {
                        commit,
                        inserted: true,
                        ..
                    },
                    Some((session, key)),
                ) = (source, placed)
                {
                    newest.add(session, key, commit);
                }
            }
            Incoming::Session { row, source } => take_session(tx, row, source, &mut report)?,
            Incoming::MessageDeleted { id, source } => {
                take_message_gone(tx, id, source, &mut report)?;
            }
            Incoming::SessionDeleted { id, source } => {
                take_session_gone(tx, &id, source, &mut report)?;
            }
            Incoming::Member { row, source } => members::take(tx, &row, source, &mut report)?,
            Incoming::MemberGone { id, source } => members::take_gone(tx, id, source, &mut report)?,
        }
    }
    newest.extend_ranges(tx)?;
    Ok(report)
}

/// Takes one message in. Returns where it stands, when it shows.
pub(crate) fn take_message(
    tx: &mut Tx<'_>,
    row: PartialMessage,
    source: Source,
    report: &mut IngestReport,
) -> Result<Option<(i64, MessageKey)>> {
    let id = row.id;
    let truncated = row.truncated;
    let mut fact = message_values(tx, row, report)?;
    let present = present(&fact);
    let sql_id = blob(id);
    let stored = rows::load(tx, &MESSAGES, &sql_id)?;
    let before = stored.clone();
    let mut row = stored.unwrap_or_else(|| StoredRow::unknown(&MESSAGES));
    let differs = row.differs(&fact);
    let shape = Shape::Row { present, truncated };
    let was_deleted = row.standing.deleted;
    let verdict = row.standing.merge(source, shape, MESSAGES.columns);
    if was_deleted && !row.standing.deleted {
        // A tombstone keeps its place for the unsent work on it; the new row has its own.
        row.values[message::SESSION] = Value::Null;
    }
    row.apply(verdict, &mut fact);
    row.unsent &= !row.standing.confirmed();
    if verdict.overlap && differs {
        report.reread.messages.insert(id);
    }
    finish_message(tx, id, before.as_ref(), &mut row, report)?;
    let lacking = row.standing.lacks(Columns::MAX);
    let incomplete_frame = present != super::merge::all(MESSAGES.columns) && verdict.set != 0;
    if matches!(source, Source::Live { .. })
        && !row.standing.deleted
        && (lacking || truncated || incomplete_frame)
    {
        report.reread.messages.insert(id);
    }
    let session = row.integer(message::SESSION);
    let at = row.integer(message::CREATED_AT);
    let shows = !row.standing.deleted && !row.unsent;
    Ok(session.zip(at).filter(|_| shows).map(|(session, at)| {
        let at = Timestamp::from_micros(at);
        (session, MessageKey { at, id })
    }))
}

fn take_message_gone(
    tx: &mut Tx<'_>,
    id: MessageId,
    source: Source,
    report: &mut IngestReport,
) -> Result<()> {
    let before = rows::load(tx, &MESSAGES, &blob(id))?;
    let mut row = before
        .clone()
        .unwrap_or_else(|| StoredRow::unknown(&MESSAGES));
    let verdict = row.standing.merge(source, Shape::Gone, MESSAGES.columns);
    let session = row.values[message::SESSION].clone();
    row.apply(verdict, &mut []);
    if row.standing.deleted {
        // The tombstone keeps its place: the unsent work on it can still be found.
        row.values[message::SESSION] = session;
        row.unsent = false;
    }
    if verdict.overlap && !row.standing.deleted {
        report.reread.messages.insert(id);
    }
    finish_message(tx, id, before.as_ref(), &mut row, report)
}

/// Applies the deletion of the row's session, writes the row and tells of it.
pub(crate) fn finish_message(
    tx: &mut Tx<'_>,
    id: MessageId,
    before: Option<&StoredRow>,
    row: &mut StoredRow,
    report: &mut IngestReport,
) -> Result<()> {
    let session = row.integer(message::SESSION);
    let gone_to = match session {
        Some(key) if !row.unsent => tx.session_info(key)?.gone_to,
        _ => None,
    };
    if let Some(gone_to) = gone_to {
        let verdict = row.standing.merge_gone(gone_to, MESSAGES.columns);
        let place = row.values[message::SESSION].clone();
        row.apply(verdict, &mut []);
        if row.standing.deleted {
            row.values[message::SESSION] = place;
        }
        if row.standing.deleted && row.standing.stamp <= gone_to {
            return drop_message(tx, id, before, report);
        }
    }
    row.incomplete = !row.standing.deleted && row.standing.lacks(MESSAGES.required);
    if before == Some(&*row) {
        return Ok(());
    }
    let key = rows::store(tx, &MESSAGES, &blob(id), row)?;
    row.key = Some(key);
    let shown_before = before
        .filter(|before| !before.standing.deleted)
        .and_then(|before| before.integer(message::SESSION));
    let shown = row
        .integer(message::SESSION)
        .filter(|_| !row.standing.deleted);
    let content_changed = before.is_none_or(|before| {
        before.values[message::CONTENT] != row.values[message::CONTENT]
            || before.standing.deleted != row.standing.deleted
    });
    if content_changed {
        note_content(tx, key, before.is_some(), row.standing.deleted)?;
    }
    let visibly = before.is_none_or(|before| {
        before.values != row.values
            || before.standing.deleted != row.standing.deleted
            || before.unsent != row.unsent
            || before.incomplete != row.incomplete
    });
    if visibly && (shown.is_some() || shown_before.is_some()) {
        report.changed += 1;
        for session in shown.into_iter().chain(shown_before) {
            tx.message_changed(session, id)?;
        }
        if before.is_none() && shown.is_some() {
            report.new_messages.push(id);
        }
    }
    Ok(())
}

/// Has the search index follow the content.
fn note_content(tx: &Tx<'_>, key: i64, existed: bool, deleted: bool) -> Result<()> {
    if deleted {
        tx.unindex(key)?;
        tx.conn
            .prepare_cached("UPDATE messages SET indexed = 1 WHERE key = ?1")?
            .execute([key])?;
    } else if existed {
        tx.conn
            .prepare_cached("UPDATE messages SET indexed = 0 WHERE key = ?1")?
            .execute([key])?;
    }
    Ok(())
}

/// Forgets a message that went with its session: the session's own tombstone speaks for it.
fn drop_message(
    tx: &mut Tx<'_>,
    id: MessageId,
    before: Option<&StoredRow>,
    report: &mut IngestReport,
) -> Result<()> {
    let Some((before, key)) = before.and_then(|row| Some((row, row.key?))) else {
        return Ok(());
    };
    tx.unindex(key)?;
    tx.conn
        .prepare_cached("UPDATE outbox SET message = NULL WHERE message = ?1")?
        .execute([key])?;
    tx.conn
        .prepare_cached("DELETE FROM messages WHERE key = ?1")?
        .execute([key])?;
    if let Some(session) = before.integer(message::SESSION)
        && !before.standing.deleted
    {
        report.changed += 1;
        tx.message_changed(session, id)?;
    }
    Ok(())
}

/// Takes one session in.
pub(crate) fn take_session(
    tx: &mut Tx<'_>,
    row: PartialSession,
    source: Source,
    report: &mut IngestReport,
) -> Result<()> {
    let id = row.id.clone();
    let truncated = row.truncated;
    let mut fact = session_values(tx, row)?;
    let present = present(&fact);
    let sql_id = Value::Text(id.as_str().to_owned());
    let before = rows::load(tx, &SESSIONS, &sql_id)?;
    let mut row = before
        .clone()
        .unwrap_or_else(|| StoredRow::unknown(&SESSIONS));
    let differs = row.differs(&fact);
    let shape = Shape::Row { present, truncated };
    let verdict = row.standing.merge(source, shape, SESSIONS.columns);
    row.apply(verdict, &mut fact);
    row.unsent &= !row.standing.confirmed();
    row.incomplete = row.standing.lacks(SESSIONS.required);
    let partial_frame = present != super::merge::all(SESSIONS.columns) && verdict.set != 0;
    let lacking = row.standing.lacks(Columns::MAX) || truncated || partial_frame;
    let live = matches!(source, Source::Live { .. });
    if (verdict.overlap && differs) || (live && lacking && !row.standing.deleted) {
        report.reread.sessions.insert(id.clone());
    }
    if before.as_ref() == Some(&row) {
        return Ok(());
    }
    let key = rows::store(tx, &SESSIONS, &sql_id, &row)?;
    let visibly = before.as_ref().is_none_or(|before| {
        before.values != row.values
            || before.standing.deleted != row.standing.deleted
            || before.unsent != row.unsent
            || before.incomplete != row.incomplete
    });
    if !row.standing.deleted && members::let_in_again(tx, key)? {
        report.joined.push(id.clone());
    }
    let readable = tx
        .conn
        .prepare_cached(
            "UPDATE sessions SET missing_lists = 0, no_access = 0
             WHERE key = ?1 AND deleted = 0 AND (missing_lists <> 0 OR no_access <> 0)",
        )?
        .execute([key])?;
    if (visibly && !row.standing.deleted) || readable > 0 {
        report.changed += 1;
        tx.changes.sessions.insert(id);
    }
    Ok(())
}

fn take_session_gone(
    tx: &mut Tx<'_>,
    id: &SessionId,
    source: Source,
    report: &mut IngestReport,
) -> Result<()> {
    let sql_id = Value::Text(id.as_str().to_owned());
    let before = rows::load(tx, &SESSIONS, &sql_id)?;
    let mut row = before
        .clone()
        .unwrap_or_else(|| StoredRow::unknown(&SESSIONS));
    let verdict = row.standing.merge(source, Shape::Gone, SESSIONS.columns);
    row.apply(verdict, &mut []);
    row.unsent &= !row.standing.confirmed();
    row.incomplete = !row.standing.deleted && row.standing.lacks(SESSIONS.required);
    if verdict.overlap && !row.standing.deleted {
        report.reread.sessions.insert(id.clone());
    }
    let key = rows::store(tx, &SESSIONS, &sql_id, &row)?;
    let stamp = match source {
        Source::Live { arrived, .. } => arrived.0,
        Source::Rest(read) | Source::OwnWrite(read) => read.began.0,
    };
    let moved = tx
        .conn
        .prepare_cached(
            "UPDATE sessions SET gone_to = ?2 WHERE key = ?1 AND (gone_to IS NULL OR gone_to < ?2)",
        )?
        .execute(params![key, stamp])?;
    if moved > 0 {
        tx.forget_session(key);
        forget_messages(tx, key, report)?;
    }
    if before.is_some_and(|before| before.standing.deleted != row.standing.deleted) {
        report.changed += 1;
        tx.changes.sessions.insert(id.clone());
    }
    Ok(())
}

/// Applies a session's deletion to the messages that are cached of it. Unsent ones stay:
/// they exist nowhere else.
fn forget_messages(tx: &mut Tx<'_>, session: i64, report: &mut IngestReport) -> Result<()> {
    let ids: Vec<MessageId> = tx
        .conn
        .prepare_cached(
            "SELECT id FROM messages WHERE session = ?1 AND deleted = 0 AND unsent = 0",
        )?
        .query_map([session], |row| crate::read::decode::message_id(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in ids {
        if let Some(before) = rows::load(tx, &MESSAGES, &blob(id))? {
            let mut row = before.clone();
            finish_message(tx, id, Some(&before), &mut row, report)?;
        }
    }
    tx.conn
        .prepare_cached("DELETE FROM ranges WHERE session = ?1")?
        .execute([session])?;
    Ok(())
}

/// A session's key; one that is known only through its messages gets a row without columns.
pub(crate) fn session_or_stub(
    tx: &mut Tx<'_>,
    id: &SessionId,
    report: &mut IngestReport,
) -> Result<i64> {
    if let Some(key) = tx.find_session(id)? {
        return Ok(key);
    }
    report.reread.sessions.insert(id.clone());
    let stub = StoredRow::unknown(&SESSIONS);
    let key = rows::store(tx, &SESSIONS, &Value::Text(id.as_str().to_owned()), &stub)?;
    tx.changes.sessions.insert(id.clone());
    Ok(key)
}

fn message_values(
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

fn session_values(tx: &mut Tx<'_>, row: PartialSession) -> Result<[Option<Value>; session::COUNT]> {
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

fn present(fact: &[Option<Value>]) -> Columns {
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
